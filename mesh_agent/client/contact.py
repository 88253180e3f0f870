"""Whether an agent is in contact with its server: the state of the line, and who waits for it to be up.

Strategy: a `Link` does the work in a task of its own, which is begun once somebody is signed in and may end
by itself, with the session. The state outlives it: it is there before the first link and after the last.
"""

import asyncio
import contextlib

from mesh_agent.client.errors import SignInNeeded, TimedOut, Unreachable
from mesh_agent.client.hub import Hub
from mesh_agent.client.link import Link, Served
from mesh_agent.client.session import ProfileSession
from mesh_agent.client.state import (
    Connected,
    Connecting,
    ConnectionChanged,
    ConnectionState,
    SignedOut,
    Waiting,
)


class Contact:
    """Of one agent. `state`: of the line; `ConnectionChanged` tells each new one."""

    def __init__(self, session: ProfileSession, hub: Hub) -> None:
        self.state: ConnectionState = SignedOut()
        self._session = session
        self._hub = hub
        self._link: Link | None = None
        self._running: asyncio.Task[None] | None = None

    def expect(self) -> None:
        """Somebody is signed in, and the line is still to be begun."""
        self.state = Connecting(1)

    def begin(self, served: Served) -> None:
        """Connects `served` in the background, for ever; does nothing where that is under way."""
        if self._running is None:
            self.expect()
            self._link = Link(served, self._set)
            self._running = asyncio.create_task(self._link.run())
            self._running.add_done_callback(self._ended)

    async def end(self) -> None:
        """Gives the line up; the state stays the last one."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = self._link = None

    def lose(self) -> None:
        """Nobody is signed in any more."""
        self._set(SignedOut())

    def hurry(self) -> None:
        """Ends the pause between two tries."""
        if self._link is not None:
            self._link.hurry()

    async def wait(self, timeout: float | None) -> None:  # noqa: ASYNC109 — part of the agent's interface
        """Returns when the line is up.

        Raises:
            SignInNeeded: there is no session.
            Unreachable: it did not come up within `timeout` seconds; the sentence says why.
        """
        with contextlib.closing(self._hub.subscribe()) as events:
            try:
                async with asyncio.timeout(timeout):
                    while not isinstance(self.state, Connected):
                        if isinstance(self.state, SignedOut):
                            raise SignInNeeded(self.state.reason)
                        await anext(events)
            except TimeoutError:
                raise self._why_not() from None

    def _why_not(self) -> Unreachable:
        trouble = None if self._link is None else self._link.trouble
        if isinstance(trouble, Unreachable):
            return trouble
        if isinstance(self.state, Waiting):
            return Unreachable(self.state.reason)
        return TimedOut(f"{self._session.server} does not answer in time.")

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._running is task:
            self._running = self._link = None

    def _set(self, state: ConnectionState) -> None:
        self.state = state
        self._hub.publish(ConnectionChanged(state))
