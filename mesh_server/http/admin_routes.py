"""The rows of `/api/admin`, for `routes.CALLS`; each is refused to who is no administrator."""

from typing import Final

from mesh_server.http import admin
from mesh_server.http.calls import Call, call
from protocol.errors import (
    Banned,
    InviteInvalid,
    LastAdmin,
    RoomFull,
    RoomNotFound,
    TokenNotFound,
    TooManyInvites,
    TooManyRooms,
    UserNotFound,
    UserSuspended,
)

_USER: Final = "/api/admin/users/{user_id}"
_ROOM: Final = "/api/admin/rooms/{room_id}"

ADMIN_CALLS: Final[tuple[Call, ...]] = (
    # ── accounts ─────────────────────────────────────────────────────────────────────────────────
    call("GET", "/api/admin/users", admin.list_users, "All accounts, the oldest first"),
    call("GET", _USER, admin.get_user, "One account, also a deleted one", UserNotFound),
    call(
        "PATCH",
        _USER,
        admin.set_user_role,
        "Make someone an administrator, or no longer one",
        *(UserNotFound, LastAdmin),
    ),
    call(
        "DELETE",
        _USER,
        admin.delete_user,
        "Delete an account: what it said stays, without its name",
        *(UserNotFound, LastAdmin),
    ),
    call(
        "POST",
        f"{_USER}/suspend",
        admin.suspend_user,
        "Keep someone out until they are let in again",
        *(UserNotFound, LastAdmin),
    ),
    call("POST", f"{_USER}/restore", admin.restore_user, "Lift a suspension", UserNotFound),
    call(
        "POST",
        f"{_USER}/password",
        admin.hand_out_password,
        "A password for signing in once, instead of a forgotten one; told this once",
        UserNotFound,
    ),
    call("POST", f"{_USER}/logout", admin.sign_out_user, "Sign someone out everywhere", UserNotFound),
    call("GET", f"{_USER}/tokens", admin.list_user_tokens, "Someone's personal tokens"),
    call(
        "DELETE",
        f"{_USER}/tokens/{{token_id}}",
        admin.delete_user_token,
        "Revoke someone's personal token",
        TokenNotFound,
    ),
    # ── rooms ────────────────────────────────────────────────────────────────────────────────────
    call("GET", "/api/admin/rooms", admin.list_all_rooms, "All rooms but DMs, the oldest first"),
    call("GET", _ROOM, admin.get_any_room, "One room, from outside", RoomNotFound),
    call("PATCH", _ROOM, admin.archive_room, "Archive a room, or open it again", RoomNotFound),
    call("DELETE", _ROOM, admin.delete_any_room, "Delete a room and everything in it", RoomNotFound),
    call(
        "POST",
        f"{_ROOM}/owner",
        admin.hand_room_over,
        "Make someone a room's owner, bringing them in where they are no member",
        *(RoomNotFound, UserNotFound, UserSuspended, Banned, RoomFull, TooManyRooms),
    ),
    # ── the server ───────────────────────────────────────────────────────────────────────────────
    call(
        "GET",
        "/api/admin/invites",
        admin.list_server_invites,
        "Invites onto the server that can still be used, the last one first",
    ),
    call(
        "POST",
        "/api/admin/invites",
        admin.create_server_invite,
        "Make an invite onto the server, and into no room; its code and its link are told this once",
        TooManyInvites,
        status=201,
    ),
    call(
        "DELETE",
        "/api/admin/invites/{invite_id}",
        admin.delete_server_invite,
        "Revoke an invite onto the server",
        InviteInvalid,
    ),
    call("GET", "/api/admin/audit", admin.audit, "What administrators and moderators did, the last first"),
    call("GET", "/api/admin/stats", admin.stats, "How much there is of everything"),
)
