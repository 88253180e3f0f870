"""The calls under `/api` as methods: structs of `protocol.rest` in, structs out.

Strategy: `exchange` carries each; here is only which call it is. Ids and codes that go into a path are
quoted, whatever they are.
"""

from typing import Final
from urllib.parse import quote, urlencode

import aiohttp

from mesh_agent.client.errors import VersionMismatch
from mesh_agent.client.exchange import Exchange
from mesh_agent.client.http import explain_status
from mesh_agent.client.session import ProfileSession
from protocol import rest
from protocol.errors import ProtocolError
from protocol.version import WIRE_VERSION

DIRECTORY_MAX: Final = 10_000
"""Public rooms that are listed; a server that has more than that has to be searched by name."""

PAGE_LIMIT: Final = 100
"""Messages asked for at once."""


class Rest:
    """One server's REST calls in the name of one session; each raises as those of `Exchange`."""

    def __init__(self, http: aiohttp.ClientSession, session: ProfileSession) -> None:
        self._exchange = Exchange(http, session)
        self.refresh: Final = self._exchange.refresh

    # ── the server and the account ───────────────────────────────────────────────────────────────

    async def version(self) -> rest.VersionInfo:
        """Who answers.

        Raises:
            NotMesh: something else than a Mesh server.
            VersionMismatch: one that does not speak this program's version.
        """
        exchange = self._exchange
        try:
            info = await exchange.read(rest.VersionInfo, exchange.send("GET", "/api/version"))
        except ProtocolError as error:
            raise explain_status(error.status, exchange.session.server) from None
        if WIRE_VERSION not in info.wire:
            older = max(info.wire, default=0) < WIRE_VERSION
            raise VersionMismatch(
                f"The server ({info.version}) is too {'old' if older else 'new'} for this program. "
                f"Update {'the server' if older else 'this program'}."
            )
        return info

    async def register(self, request: rest.RegisterRequest) -> rest.Session:
        exchange = self._exchange
        return await exchange.read(rest.Session, exchange.send("POST", "/api/auth/register", request))

    async def login(self, request: rest.LoginRequest) -> rest.Session:
        exchange = self._exchange
        return await exchange.read(rest.Session, exchange.send("POST", "/api/auth/login", request))

    async def logout(self, access_token: str) -> None:
        await self._exchange.send("POST", "/api/auth/logout", token=access_token)

    async def me(self) -> rest.User:
        return await self._exchange.get(rest.User, "/api/auth/me")

    async def update_me(self, request: rest.ProfileRequest) -> rest.User:
        return await self._exchange.ask(rest.User, "PATCH", "/api/auth/me", request)

    async def change_password(self, request: rest.PasswordRequest) -> None:
        await self._exchange.send_signed("POST", "/api/auth/password", request)

    async def devices(self) -> list[rest.Device]:
        return (await self._exchange.get(rest.DeviceList, "/api/auth/devices")).devices

    async def push_targets(self) -> rest.PushTargetList:
        return await self._exchange.get(rest.PushTargetList, "/api/push/targets")

    async def add_push_target(self, request: rest.PushTargetRequest) -> rest.PushTarget:
        return await self._exchange.ask(rest.PushTarget, "POST", "/api/push/targets", request)

    async def test_push_target(self, target_id: str) -> rest.PushTest:
        return await self._exchange.ask(rest.PushTest, "POST", f"/api/push/targets/{_part(target_id)}/test")

    async def remove_push_target(self, target_id: str) -> None:
        await self._exchange.send_signed("DELETE", f"/api/push/targets/{_part(target_id)}")

    async def ssh_keys(self) -> list[rest.SshKey]:
        return (await self._exchange.get(rest.SshKeyList, "/api/auth/ssh-keys")).keys

    async def add_ssh_key(self, request: rest.SshKeyRequest) -> rest.SshKey:
        return await self._exchange.ask(rest.SshKey, "POST", "/api/auth/ssh-keys", request)

    async def remove_ssh_key(self, key_id: str) -> None:
        await self._exchange.send_signed("DELETE", f"/api/auth/ssh-keys/{_part(key_id)}")

    async def delete_device(self, device_id: str) -> None:
        await self._exchange.send_signed("DELETE", f"/api/auth/devices/{_part(device_id)}")

    async def delete_other_devices(self, *, ssh_keys: bool) -> None:
        query = "?ssh_keys=remove" if ssh_keys else ""
        await self._exchange.send_signed("DELETE", f"/api/auth/devices{query}")

    # ── rooms ────────────────────────────────────────────────────────────────────────────────────

    async def my_rooms(self) -> list[rest.Room]:
        return (await self._exchange.get(rest.RoomList, "/api/rooms")).rooms

    async def public_rooms(self) -> list[rest.Room]:
        """The whole directory, page by page, up to a bound."""
        rooms: list[rest.Room] = []
        query = {"scope": "public"}
        while True:
            page = await self._exchange.get(rest.RoomList, f"/api/rooms?{urlencode(query)}")
            rooms += page.rooms
            if page.next is None or page.next == query.get("cursor") or len(rooms) >= DIRECTORY_MAX:
                return rooms
            query["cursor"] = page.next

    async def create_room(self, request: rest.CreateRoomRequest) -> rest.Room:
        return await self._exchange.ask(rest.Room, "POST", "/api/rooms", request)

    async def dm(self, username: str) -> rest.Room:
        return await self._exchange.ask(rest.Room, "POST", "/api/dms", rest.DmRequest(username=username))

    async def update_room(self, room_id: str, request: rest.UpdateRoomRequest) -> rest.Room:
        return await self._exchange.ask(rest.Room, "PATCH", _room(room_id), request)

    async def delete_room(self, room_id: str) -> None:
        await self._exchange.send_signed("DELETE", _room(room_id))

    async def join(self, room_id: str) -> rest.Room:
        return await self._exchange.ask(rest.Room, "POST", _room(room_id, "join"))

    async def leave(self, room_id: str) -> None:
        await self._exchange.send_signed("POST", _room(room_id, "leave"))

    # ── who is in a room ─────────────────────────────────────────────────────────────────────────

    async def members(self, room_id: str) -> list[rest.Member]:
        return (await self._exchange.get(rest.MemberList, _room(room_id, "members"))).members

    async def add_member(self, room_id: str, username: str) -> rest.Member:
        request = rest.AddMemberRequest(username=username)
        return await self._exchange.ask(rest.Member, "POST", _room(room_id, "members"), request)

    async def set_role(self, room_id: str, user_id: str, role: rest.Role) -> rest.Member:
        path = _room(room_id, "members", user_id)
        return await self._exchange.ask(rest.Member, "PATCH", path, rest.RoleRequest(role=role))

    async def kick(self, room_id: str, user_id: str) -> None:
        await self._exchange.send_signed("DELETE", _room(room_id, "members", user_id))

    async def bans(self, room_id: str) -> list[rest.Ban]:
        return (await self._exchange.get(rest.BanList, _room(room_id, "bans"))).bans

    async def ban(self, room_id: str, username: str, reason: str) -> rest.Ban:
        request = rest.BanRequest(username=username, reason=reason)
        return await self._exchange.ask(rest.Ban, "POST", _room(room_id, "bans"), request)

    async def lift_ban(self, room_id: str, user_id: str) -> None:
        await self._exchange.send_signed("DELETE", _room(room_id, "bans", user_id))

    async def invites(self, room_id: str) -> list[rest.Invite]:
        return (await self._exchange.get(rest.InviteList, _room(room_id, "invites"))).invites

    async def create_invite(self, room_id: str, request: rest.InviteRequest) -> rest.Invite:
        return await self._exchange.ask(rest.Invite, "POST", _room(room_id, "invites"), request)

    async def revoke_invite(self, room_id: str, invite_id: str) -> None:
        await self._exchange.send_signed("DELETE", _room(room_id, "invites", invite_id))

    async def use_invite(self, code: str) -> rest.Room:
        return await self._exchange.ask(rest.Room, "POST", f"/api/invites/{_part(code)}/join")

    # ── two devices ──────────────────────────────────────────────────────────────────────────────

    async def keys(self) -> list[rest.PublicKey]:
        """The public keys of the server, by which two devices verify what it says of each other."""
        return (await self._exchange.get(rest.KeyList, "/api/keys")).keys

    async def ice(self) -> rest.IceServerList:
        """Who helps two devices to find a way to each other, and for how long."""
        return await self._exchange.get(rest.IceServerList, "/api/rtc/ice-servers")

    # ── messages ─────────────────────────────────────────────────────────────────────────────────

    async def messages(
        self,
        room_id: str,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        thread: str | None = None,
        limit: int = PAGE_LIMIT,
    ) -> rest.MessagePage:
        """At most `PAGE_LIMIT` messages, the newest ones where none of the others is named."""
        query = _query(limit=min(limit, PAGE_LIMIT), before=before, after=after, around=around, thread=thread)
        return await self._exchange.get(rest.MessagePage, f"{_room(room_id, 'messages')}?{query}")

    async def versions(self, room_id: str, message_id: str) -> list[rest.MessageVersion]:
        path = _room(room_id, "messages", message_id, "versions")
        return (await self._exchange.get(rest.MessageHistory, path)).versions

    async def pins(self, room_id: str) -> list[rest.Message]:
        return (await self._exchange.get(rest.MessagePage, _room(room_id, "pins"))).messages

    async def search(self, **query: str | int | None) -> rest.SearchPage:
        """`query`: the parameters of the call, by their names."""
        return await self._exchange.get(rest.SearchPage, f"/api/search?{_query(**query)}")


def _query(**parameters: str | int | None) -> str:
    return urlencode({name: value for name, value in parameters.items() if value is not None})


def _part(text: str) -> str:
    return quote(text, safe="")


def _room(room_id: str, *rest_of_path: str) -> str:
    return "/".join(("/api/rooms", *map(_part, (room_id, *rest_of_path))))
