"""The machine that an agent runs on: who it is to others, and what they reach on it.

Strategy: files, shared terminals and calls come and go with the account that is signed in; the identity is
the profile's, and is read when it is first asked for. The end has two steps, since of a call and of a
terminal the room is told that it is over: `hang_up` while there is a line, `close` when there need be none.
An agent on somebody else's machine never makes this (see `client/hosted.py`).
"""

import asyncio
import importlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mesh_agent.calls.calls import Calls
from mesh_agent.client.errors import SignInNeeded
from mesh_agent.client.folders import Profile
from mesh_agent.client.introductions import Introductions
from mesh_agent.client.state import AgentEvent
from mesh_agent.sharing.sharing import Sharing
from mesh_agent.terminal.recordings import new_recording
from mesh_agent.terminal.terminals import Terminals
from protocol.errors import MeshError

if TYPE_CHECKING:
    from mesh_agent.net.identity import Identity

log = logging.getLogger(__name__)

Part = TypeVar("Part")


class OwnMachine:
    """Of one profile. What it has for an account is there between `open` and the end; else `SignInNeeded`."""

    def __init__(
        self, profile: Profile, publish: Callable[[AgentEvent], None], wall_ms: Callable[[], int]
    ) -> None:
        """`wall_ms`: milliseconds since 1970."""
        self._profile = profile
        self._publish = publish
        self._wall_ms = wall_ms
        self._identity: Identity | None = None
        self._sharing: Sharing | None = None
        self._terminals: Terminals | None = None
        self._calls: Calls | None = None

    async def open(self, account: str, introductions: Introductions) -> None:
        """For who is signed in now; `account` is the name that what is kept of them has on the disk."""
        self._sharing = Sharing(
            self._profile, account, introductions, self.identity, self._publish, self._wall_ms
        )
        await self._sharing.load()
        desk = self._sharing.desk
        self._terminals = Terminals(introductions, desk, self._profile.terminals_path)
        self._calls = Calls(
            introductions, desk, self._publish, self._profile.calls_path, wall_ms=self._wall_ms
        )

    async def hang_up(self) -> None:
        """Ends calls and shared terminals; twice does no harm."""
        calls, self._calls = self._calls, None
        if calls is not None:
            await calls.close()
        terminals, self._terminals = self._terminals, None
        if terminals is not None:
            await terminals.close()

    async def close(self) -> None:
        """Ends everything of the account; twice does no harm."""
        await self.hang_up()
        sharing, self._sharing = self._sharing, None
        if sharing is not None:
            await sharing.close()

    @property
    def warning(self) -> str:
        """A sentence for the person about files that were found damaged; empty where none was."""
        return "" if self._sharing is None else self._sharing.warning

    @property
    def sharing(self) -> Sharing:
        return _opened(self._sharing)

    @property
    def terminals(self) -> Terminals:
        return _opened(self._terminals)

    @property
    def calls(self) -> Calls:
        return _opened(self._calls)

    async def new_recording(self, command: str) -> Path:
        """A place for a recording of that, in a folder for the person alone. Raises: FilesUnusable."""
        return await asyncio.to_thread(new_recording, self._profile, command, self._wall_ms())

    async def identity(self) -> "Identity":
        """Who this device is, read or made when it is first needed. Raises: FilesUnusable."""
        if self._identity is None:
            await asyncio.to_thread(importlib.import_module, "mesh_agent.net.identity")
            from mesh_agent.net.identity import device_identity

            self._identity = await device_identity(self._profile)
        return self._identity

    async def device_key(self) -> str | None:
        """Without an identity one can still chat; whoever wants to send something is told why not."""
        try:
            return (await self.identity()).fingerprint
        except MeshError as error:
            log.warning("%s", error.message)
            return None


def _opened(part: Part | None) -> Part:
    if part is None:
        raise SignInNeeded
    return part
