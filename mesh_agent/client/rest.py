"""The calls under `/api`: structs of `protocol.rest` in, structs out, failures as `MeshError`.

Strategy: one way out (`_send`) and one way in (`_read`) for every call. An answer is read up to a bound,
decoded off the loop where it is long, and cleaned at the one entrance (`arrival`). A call that needs to
know who asks takes its token from the session; when the server no longer takes that one, it is tried once
more with a new.
"""

from collections.abc import Awaitable
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
from msgspec import Struct

from mesh_agent.client.arrival import clean, read_in
from mesh_agent.client.errors import NotMesh, VersionMismatch
from mesh_agent.client.http import explain, explain_status
from mesh_agent.client.session import ProfileSession
from protocol import limits, rest
from protocol.codec import decode_body, encode_body
from protocol.errors import MeshError, ProtocolError, TokenExpired, TokenInvalid
from protocol.version import WIRE_VERSION

T = TypeVar("T", bound=Struct)

PAGE_LIMIT: Final = 100
"""Messages asked for at once."""


class Rest:
    """One server's REST calls in the name of one session.

    Every method raises `Unreachable` or one of its kinds where no Mesh server answered, and otherwise
    the `MeshError` that the server answered with.
    """

    def __init__(self, http: aiohttp.ClientSession, session: ProfileSession) -> None:
        self._http = http
        self._session = session

    async def version(self) -> rest.VersionInfo:
        """Who answers.

        Raises:
            NotMesh: something else than a Mesh server.
            VersionMismatch: one that does not speak this program's version.
        """
        try:
            info = await self._read(rest.VersionInfo, self._send("GET", "/api/version"))
        except ProtocolError as error:
            raise explain_status(error.status, self._session.server) from None
        if WIRE_VERSION not in info.wire:
            older = max(info.wire, default=0) < WIRE_VERSION
            raise VersionMismatch(
                f"The server ({info.version}) is too {'old' if older else 'new'} for this program. "
                f"Update {'the server' if older else 'this program'}."
            )
        return info

    async def register(self, request: rest.RegisterRequest) -> rest.Session:
        return await self._read(rest.Session, self._send("POST", "/api/auth/register", request))

    async def login(self, request: rest.LoginRequest) -> rest.Session:
        return await self._read(rest.Session, self._send("POST", "/api/auth/login", request))

    async def refresh(self, refresh_token: str, attempt: str) -> rest.Session:
        request = rest.RefreshRequest(refresh_token=refresh_token, attempt=attempt)
        return await self._read(rest.Session, self._send("POST", "/api/auth/refresh", request))

    async def logout(self, access_token: str) -> None:
        await self._send("POST", "/api/auth/logout", token=access_token)

    async def my_rooms(self) -> list[rest.Room]:
        return (await self._read(rest.RoomList, self._send_signed("GET", "/api/rooms"))).rooms

    async def public_rooms(self) -> list[rest.Room]:
        return (await self._read(rest.RoomList, self._send_signed("GET", "/api/rooms?scope=public"))).rooms

    async def create_room(self, request: rest.CreateRoomRequest) -> rest.Room:
        return await self._read(rest.Room, self._send_signed("POST", "/api/rooms", request))

    async def join(self, room_id: str) -> rest.Room:
        return await self._read(rest.Room, self._send_signed("POST", f"{_room_path(room_id)}/join"))

    async def leave(self, room_id: str) -> None:
        await self._send_signed("POST", f"{_room_path(room_id)}/leave")

    async def members(self, room_id: str) -> list[rest.Member]:
        sent = self._send_signed("GET", f"{_room_path(room_id)}/members")
        return (await self._read(rest.MemberList, sent)).members

    async def messages(
        self, room_id: str, *, before: int | None = None, after: int | None = None, limit: int = PAGE_LIMIT
    ) -> rest.MessagePage:
        """At most `PAGE_LIMIT` messages, the newest ones where neither `before` nor `after` is named."""
        asked = {"limit": min(limit, PAGE_LIMIT), "before": before, "after": after}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        sent = self._send_signed("GET", f"{_room_path(room_id)}/messages?{query}")
        return await self._read(rest.MessagePage, sent)

    async def _read(self, kind: type[T], sent: Awaitable[bytes]) -> T:
        answer = await sent
        try:
            return await read_in(answer, lambda data: _decode(data, kind))
        except ProtocolError as error:
            raise explain_status(200, self._session.server) from error

    async def _send_signed(self, method: str, path: str, body: Struct | None = None) -> bytes:
        token = await self._session.token(self.refresh)
        try:
            return await self._send(method, path, body, token=token)
        except (TokenExpired, TokenInvalid):
            token = await self._session.token(self.refresh, rejected=token)
        return await self._send(method, path, body, token=token)

    async def _send(
        self, method: str, path: str, body: Struct | None = None, *, token: str | None = None
    ) -> bytes:
        """One exchange; returns the body of a success."""
        server = self._session.server
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else encode_body(body)
        try:
            async with self._http.request(method, server + path, data=data, headers=headers) as response:
                status, answer = response.status, await _read_bounded(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise explain(error, server) from error
        if answer is None:
            raise NotMesh(f"{server} answers with more than a Mesh server ever sends.")
        if status >= 400:
            raise _refusal(status, answer, server)
        return answer


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes | None:
    """The whole body, or None for one past `limits.ANSWER_BYTES`."""
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > limits.ANSWER_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _decode(answer: bytes, kind: type[T]) -> T:
    return decode_body(answer, kind, limit=limits.ANSWER_BYTES)


def _refusal(status: int, answer: bytes, server: str) -> MeshError:
    try:
        detail = clean(_decode(answer, rest.ErrorBody).error)
    except ProtocolError:
        return explain_status(status, server)
    return MeshError.from_wire(detail.code, detail.message, detail.retry_after)


def _room_path(room_id: str) -> str:
    return f"/api/rooms/{quote(room_id, safe='')}"
