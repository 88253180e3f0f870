"""Every REST call in one table (`calls.py` says what a row holds; `openapi.py` makes the document of it).

A row is method, path, handler, a line of summary, and the errors that this call has of its own. Which others
it may meet follows from what its handler takes (`openapi.errors_of`).
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Final

from aiohttp import web

from mesh_server.http import admin, invites, members, peers, push, rooms, search, system
from mesh_server.http.account_routes import ACCOUNT_CALLS
from mesh_server.http.admin_routes import ADMIN_CALLS
from mesh_server.http.bodies import HTML, JSON, TEXT
from mesh_server.http.calls import Call, call, serve
from mesh_server.http.openapi import document
from mesh_server.http.services import SERVICES, Services
from mesh_server.limits import Kind
from protocol.errors import (
    Banned,
    InviteInvalid,
    KindInvalid,
    MessageNotFound,
    NotMember,
    PasswordRequired,
    PeerHasNoDevice,
    PeerNotMember,
    PushNotAllowed,
    PushTargetInvalid,
    PushTargetNotFound,
    RoomArchived,
    RoomForbidden,
    RoomFull,
    RoomNameInvalid,
    RoomNameTaken,
    RoomNotFound,
    ServerDraining,
    SessionNotFound,
    SessionTaken,
    TooManyBans,
    TooManyInvites,
    TooManyPushTargets,
    TooManyRooms,
    TooManySessions,
    TopicInvalid,
    UserNotFound,
    UserSuspended,
)

_HIDDEN: Final = (RoomNotFound, NotMember)
"""What someone meets who is not in the room that is named."""

_BY_ROLE: Final = (*_HIDDEN, RoomForbidden)

ROOM: Final = "/api/rooms/{room_id}"

CALLS: Final[tuple[Call, ...]] = (
    *ACCOUNT_CALLS,
    # ── rooms ────────────────────────────────────────────────────────────────────────────────────
    call(
        "POST",
        "/api/rooms",
        rooms.create,
        "Make a room; I am its owner",
        *(RoomNameInvalid, TopicInvalid, RoomNameTaken, TooManyRooms),
        status=201,
        counts_as=Kind.CREATE,
    ),
    call("GET", "/api/rooms", rooms.list_rooms, "My rooms, or the directory of public ones"),
    call("GET", ROOM, rooms.get, "A room of mine, or a public one", RoomNotFound),
    call(
        "PATCH",
        ROOM,
        rooms.update,
        "Change what a room is called and how it is set",
        *_BY_ROLE,
        *(RoomNameInvalid, TopicInvalid, RoomNameTaken),
    ),
    call("DELETE", ROOM, rooms.delete, "Delete a room and everything in it", *_BY_ROLE),
    call(
        "POST",
        f"{ROOM}/join",
        rooms.join,
        "Come into a public room, or into any with an invite",
        *(RoomNotFound, InviteInvalid, Banned, RoomFull, TooManyRooms),
    ),
    call("POST", f"{ROOM}/leave", rooms.leave, "Leave a room", *_BY_ROLE),
    # ── members ──────────────────────────────────────────────────────────────────────────────────
    call("GET", f"{ROOM}/members", members.list_members, "Who is in a room", *_HIDDEN),
    call(
        "POST",
        f"{ROOM}/members",
        members.add,
        "Bring someone into a room",
        *_BY_ROLE,
        *(UserNotFound, UserSuspended, Banned, RoomFull, TooManyRooms),
        status=201,
    ),
    call(
        "PATCH",
        f"{ROOM}/members/{{user_id}}",
        members.set_role,
        "Give a member another role, or hand the room over",
        *_BY_ROLE,
        *(TooManyRooms, UserNotFound, UserSuspended),
    ),
    call(
        "DELETE",
        f"{ROOM}/members/{{user_id}}",
        members.kick,
        "Put a member out",
        *_BY_ROLE,
        UserNotFound,
    ),
    call("GET", f"{ROOM}/bans", members.bans, "Who is kept out, the last one first", *_BY_ROLE),
    call(
        "POST",
        f"{ROOM}/bans",
        members.ban,
        "Keep someone out, whether a member or not",
        *_BY_ROLE,
        UserNotFound,
        TooManyBans,
        status=201,
    ),
    call(
        "DELETE",
        f"{ROOM}/bans/{{user_id}}",
        members.lift_ban,
        "Lift a ban",
        *_BY_ROLE,
        UserNotFound,
    ),
    # ── invites ──────────────────────────────────────────────────────────────────────────────────
    call(
        "GET",
        f"{ROOM}/invites",
        invites.list_invites,
        "Invites that can still be used, the last one first",
        *_BY_ROLE,
    ),
    call(
        "POST",
        f"{ROOM}/invites",
        invites.create,
        "Make an invite; its code and its link are told this once",
        *_BY_ROLE,
        TooManyInvites,
        status=201,
        counts_as=Kind.CREATE,
    ),
    call(
        "DELETE",
        f"{ROOM}/invites/{{invite_id}}",
        invites.revoke,
        "Revoke an invite",
        *_BY_ROLE,
        InviteInvalid,
    ),
    call(
        "POST",
        "/api/invites/{code}/join",
        invites.join,
        "Come into the room that an invite leads to",
        *(InviteInvalid, Banned, RoomFull, TooManyRooms),
    ),
    call(
        "GET",
        "/invite/{code}",
        invites.page,
        "A page for a browser that says how to come in, or that the invite is not valid",
        open=True,
        media=HTML,
        also=(404,),
    ),
    call(
        "GET",
        f"{ROOM}/audit",
        admin.room_audit,
        "What was done to keep order in a room, the last first",
        *_BY_ROLE,
    ),
    # ── messages ─────────────────────────────────────────────────────────────────────────────────
    call(
        "GET",
        f"{ROOM}/messages",
        rooms.messages,
        "A page of a room's history, or of one thread",
        *_HIDDEN,
    ),
    call(
        "GET",
        f"{ROOM}/messages/{{message_id}}/versions",
        rooms.versions,
        "What a message said before it was edited",
        *_BY_ROLE,
        MessageNotFound,
    ),
    call("GET", f"{ROOM}/pins", rooms.pins, "Pinned messages, the last one first", *_HIDDEN),
    # ── between two peers ────────────────────────────────────────────────────────────────────────
    call(
        "POST",
        "/api/auth/capability",
        peers.capability,
        "A signed proof that I am a member of a room, for three minutes",
        *(KindInvalid, *_HIDDEN, RoomArchived),
        counts_as=Kind.CREATE,
    ),
    call(
        "POST",
        "/api/p2p/session",
        peers.request,
        "Ask someone in a room for a session with them, or for an own one anew",
        *(KindInvalid, *_HIDDEN, RoomArchived, PeerNotMember, PeerHasNoDevice),
        *(TooManySessions, SessionNotFound, SessionTaken),
        status=201,
        counts_as=Kind.CREATE,
    ),
    call("GET", "/api/p2p/sessions", peers.list_sessions, "My sessions, the last one first"),
    call(
        "DELETE",
        "/api/p2p/session/{session_id}",
        peers.close,
        "Close a session of mine",
        SessionNotFound,
    ),
    call(
        "GET", "/api/rtc/ice-servers", peers.ice_servers, "STUN and TURN servers for finding a way to a peer"
    ),
    call("GET", "/api/keys", peers.keys, "The public keys that verify capabilities", open=True),
    call(
        "POST",
        "/api/dms",
        rooms.dm,
        "The one room of me and someone else",
        *(UserNotFound, UserSuspended),
        counts_as=Kind.CREATE,
    ),
    call(
        "GET",
        "/api/search",
        search.search,
        "Find messages in my rooms, the newest first",
        *_HIDDEN,
        counts_as=Kind.SEARCH,
    ),
    # ── push ─────────────────────────────────────────────────────────────────────────────────────
    call("GET", "/api/push/targets", push.list_targets, "Where pushes of mine go, and where they may go"),
    call(
        "POST",
        "/api/push/targets",
        push.create,
        "Have pushes sent somewhere",
        *(PasswordRequired, PushNotAllowed, PushTargetInvalid, TooManyPushTargets),
        status=201,
        counts_as=Kind.CREATE,
    ),
    call(
        "DELETE",
        "/api/push/targets/{target_id}",
        push.delete,
        "Have no more of them sent there",
        PushTargetNotFound,
    ),
    call(
        "POST",
        "/api/push/targets/{target_id}/test",
        push.test,
        "Send one there now, and say what became of it",
        PushTargetNotFound,
        counts_as=Kind.SIGN_IN,
    ),
    *ADMIN_CALLS,
    # ── the server itself ────────────────────────────────────────────────────────────────────────
    call("GET", "/api/version", system.version, "What this server is and speaks", open=True),
    call("GET", "/api/openapi.json", system.document, "This document", open=True, media=JSON),
    call("GET", "/livez", system.live, "Whether the process is up", open=True, media=TEXT),
    call(
        "GET",
        "/readyz",
        system.ready,
        "Whether to send traffic here",
        ServerDraining,
        open=True,
        media=TEXT,
    ),
    call("GET", "/metrics", system.metrics, "Figures for Prometheus", open=True, media=TEXT),
)


METRICS: Final = "/metrics"

OPERATIONS: Final = frozenset({"/livez", "/readyz", METRICS})
"""What an address for operators answers, where there is one."""


def add_routes(
    application: web.Application, services: Services, serves: Callable[[str], bool] = lambda _path: True
) -> None:
    """`serves` tells for each path whether this application answers there."""
    calls = [each for each in CALLS if serves(each.path)]
    application[SERVICES] = services
    made_once: Callable[[], bytes] = cache(partial(document, calls))
    application[system.DOCUMENT] = made_once
    for each in calls:
        application.router.add_route(each.method, each.path, serve(each))
