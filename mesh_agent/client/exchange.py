"""One exchange with a server's REST: a struct out, a struct in, failures as `MeshError`.

Strategy: one way out (`send`) and one way in (`read`) for every call. An answer is read up to a bound,
decoded off the loop where it is long, and cleaned at the one entrance (`arrival`). A call that needs to
know who asks takes its token from the session; when the server no longer takes that one, it is tried once
more with a new.
"""

from collections.abc import Awaitable
from typing import TypeVar

import aiohttp
from msgspec import Struct

from mesh_agent.client.arrival import clean, read_in
from mesh_agent.client.errors import NotMesh
from mesh_agent.client.http import explain, explain_status
from mesh_agent.client.session import ProfileSession
from protocol import limits, rest
from protocol.codec import decode_body, encode_body
from protocol.errors import MeshError, ProtocolError, TokenExpired, TokenInvalid

T = TypeVar("T", bound=Struct)


class Exchange:
    """One server, in the name of one session.

    Every method raises `Unreachable` or one of its kinds where no Mesh server answered, and otherwise
    the `MeshError` that the server answered with.
    """

    def __init__(self, http: aiohttp.ClientSession, session: ProfileSession) -> None:
        self._http = http
        self.session = session

    async def refresh(self, refresh_token: str, attempt: str) -> rest.Session:
        request = rest.RefreshRequest(refresh_token=refresh_token, attempt=attempt)
        return await self.read(rest.Session, self.send("POST", "/api/auth/refresh", request))

    async def get(self, kind: type[T], path: str) -> T:
        """What the server has at `path`, for who is signed in."""
        return await self.read(kind, self.send_signed("GET", path))

    async def ask(self, kind: type[T], method: str, path: str, body: Struct | None = None) -> T:
        """The answer to a call of who is signed in."""
        return await self.read(kind, self.send_signed(method, path, body))

    async def read(self, kind: type[T], sent: Awaitable[bytes]) -> T:
        answer = await sent
        try:
            return await read_in(answer, lambda data: _decode(data, kind))
        except ProtocolError as error:
            raise explain_status(200, self.session.server) from error

    async def send_signed(self, method: str, path: str, body: Struct | None = None) -> bytes:
        token = await self.session.token(self.refresh)
        try:
            return await self.send(method, path, body, token=token)
        except (TokenExpired, TokenInvalid):
            token = await self.session.token(self.refresh, rejected=token)
        return await self.send(method, path, body, token=token)

    async def send(
        self, method: str, path: str, body: Struct | None = None, *, token: str | None = None
    ) -> bytes:
        """One exchange; returns the body of a success."""
        server = self.session.server
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
