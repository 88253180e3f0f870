"""Asking another person for a session, until a device of theirs takes it.

Strategy: who asks decides when it is asked for anew, and with which certificate; what comes meanwhile waits
in a short queue for whoever waits for the answer. Events of an earlier request may still be on their way: an
answer that names another certificate than ours is not taken for one.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from mesh_agent.client.errors import LineLost
from mesh_agent.sharing.attempt import shown
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.errors import NobodyTook, SessionOver, SharingError
from protocol.errors import MeshError, PeerHasNoDevice, SessionNotFound, SessionTaken, TooManySessions
from protocol.rest import P2pKind
from protocol.signals import SessionAccepted, SessionClose, SessionClosed, SessionDeclined

PAUSES_S: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""Between two attempts, while nothing comes of them."""

TAKEN_S: Final = 20.0
"""How soon a device that was in the session before has to be back; then it is asked again."""

EVENTS_MAX: Final = 64

TRY_AGAIN: Final = (SessionNotFound, SessionTaken, PeerHasNoDevice, TooManySessions)
"""A refusal of the server after which another request may succeed."""


class Declined(SharingError):
    """The other person does not want it."""

    code = "sharing.declined"
    text = "It was declined."


class Inviting:
    """One session that we ask for, again and again.

    Attributes:
        session_id: of the last request; empty where the next one is for a new session.
    """

    desk: Desk
    room_id: str
    peer_id: str
    session_id: str

    def prepare(self) -> None:
        """To be called once, before anything else."""
        self._events: asyncio.Queue[Any] = asyncio.Queue(EVENTS_MAX)

    def wake(self, event: Any) -> None:
        """For who waits for an answer: an event of the session, or why to wait no longer."""
        if not self._events.full():
            self._events.put_nowait(event)

    def line_lost(self) -> None:
        """Whether our request was heard, and by whom, is not known any more."""
        self.wake(LineLost())

    def drop_events(self) -> None:
        while not self._events.empty():
            event = self._events.get_nowait()
            if isinstance(event, SessionClosed):
                self.session_id = ""

    async def invite(
        self,
        kind: P2pKind,
        fingerprint: str,
        device: str | None,
        requested: Callable[[str], None],
        *,
        patience: float | None = None,
    ) -> SessionAccepted:
        """Asks, and waits for a device to take it. `requested`: is told the session as soon as there is one.

        `patience`: seconds; by default as long as the session may be taken.

        Raises: Declined, NobodyTook, SessionOver; whatever the server says.
        """
        renewed = self.session_id
        created = await self.desk.introductions.signalling.request(
            self.room_id,
            kind,
            self.peer_id,
            certificate_fingerprint=fingerprint,
            device_id=None if renewed else device,
            session_id=renewed or None,
        )
        self.session_id = created.session_id
        requested(created.session_id)
        longest = TAKEN_S if renewed else created.expires_in + TAKEN_S
        try:
            async with asyncio.timeout(longest if patience is None else patience):
                while True:
                    event = await self._next_event()
                    # One that names another certificate of ours is an answer to an earlier request.
                    if isinstance(event, SessionAccepted) and shown(event, "asker") == fingerprint:
                        return event
        except TimeoutError:
            raise NobodyTook from None

    async def _next_event(self) -> SessionAccepted | None:
        event = await self._events.get()
        if isinstance(event, MeshError):
            raise event
        if isinstance(event, SessionDeclined):
            raise Declined(event.reason or Declined.text)
        if isinstance(event, SessionClosed | SessionClose):
            self.session_id = ""
            reason = getattr(event, "reason", None)
            if reason == "declined":
                raise Declined
            raise NobodyTook if reason == "expired" else SessionOver
        return event if isinstance(event, SessionAccepted) else None
