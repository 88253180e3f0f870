"""The way to one server: its calls and its connections, made when they are first needed.

Strategy: aiohttp takes a while to import and a program that only shows what it holds never needs it, so
it is imported here, in a thread, at the first use. The access token that the server refused last is
remembered, so that the next connection is made with another.
"""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from mesh_agent.client.errors import NoServer
from mesh_agent.client.hosted import Hosted
from mesh_agent.client.session import ProfileSession
from protocol.errors import MeshError, TokenExpired, TokenInvalid
from protocol.events import Hello
from protocol.rest import Presence
from protocol.version import WIRE_VERSION

if TYPE_CHECKING:
    import aiohttp

    from mesh_agent.client.rest import Rest
    from mesh_agent.client.socket import Connection


class Network:
    """The server of `session`, in the name of who is signed in there."""

    def __init__(
        self,
        session: ProfileSession,
        device_key: Callable[[], Awaitable[str | None]] | None = None,
        hosted: Hosted | None = None,
    ) -> None:
        """`device_key` gives the fingerprint of this device's identity, as others are told it."""
        self._hosted = hosted
        self._device_key = device_key
        self._session = session
        self._making = asyncio.Lock()
        self._http: aiohttp.ClientSession | None = None
        self._lines: aiohttp.ClientSession | None = None
        self._rest: Rest | None = None
        self._used = ""
        self._refused: str | None = None

    async def rest(self) -> "Rest":
        """The server's calls.

        Raises:
            NoServer: none is known.
        """
        if not self._session.server:
            raise NoServer
        async with self._making:
            if self._rest is None:
                await asyncio.to_thread(importlib.import_module, "mesh_agent.client.socket")
                from mesh_agent.client.http import open_http
                from mesh_agent.client.rest import Rest

                self._http = open_http(hosted=self._hosted)
                self._lines = open_http(reuse=False, hosted=self._hosted)
                self._rest = Rest(self._http, self._session)
            return self._rest

    async def dial(self, resume: Mapping[str, int], presence: Presence) -> "Connection":
        """A new connection that resumes the named rooms, of someone who is `presence`.

        Raises as `Connection.open`, and `SignInNeeded`.
        """
        rest = await self.rest()
        from mesh_agent.client.socket import Connection

        assert self._lines is not None
        self._used = await self._session.token(rest.refresh, rejected=self._refused)
        key = None if self._device_key is None else await self._device_key()
        hello = Hello(version=WIRE_VERSION, resume=dict(resume), presence=presence, device_key=key)
        return await Connection.open(self._lines, self._session.server, self._used, hello)

    def lost(self, error: MeshError) -> None:
        """Dialling failed, or the connection broke."""
        if isinstance(error, TokenInvalid | TokenExpired):
            self._refused = self._used

    async def close(self) -> None:
        for http in (self._http, self._lines):
            if http is not None:
                await http.close()
