"""Sessions between two devices, over the line to the server: asked for, taken, ended; and what comes of them.

Strategy: a request has its answer (`asking`), a candidate has none. What arrives is handed to one consumer as
it comes, in order; without a consumer it is nobody's business here, and the server asks another device of the
same person. Nothing is kept over the end of the line: who waits for something asks again when it is back.
"""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from mesh_agent.client.asking import Asking
from mesh_agent.client.errors import NotMesh, Unreachable
from protocol import limits
from protocol.events import ClientToServer, ServerToClient
from protocol.rest import P2pKind
from protocol.signals import (
    AcceptSession,
    Candidate,
    CloseSession,
    DeclineSession,
    RequestSession,
    SendCandidate,
    SessionAccepted,
    SessionClose,
    SessionClosed,
    SessionCreated,
    SessionDeclined,
)

SessionEvent = SessionCreated | SessionAccepted | SessionDeclined | SessionClose | SessionClosed | Candidate

SESSION_EVENTS: Final[tuple[type, ...]] = (
    SessionCreated,
    SessionAccepted,
    SessionDeclined,
    SessionClose,
    SessionClosed,
    Candidate,
)

A = TypeVar("A", bound=ServerToClient)


class Consumer(Protocol):
    """Whom sessions concern. Called on the loop; must not block it and must not raise."""

    def session_event(self, event: SessionEvent) -> None:
        """Answers to own requests (with a `re`) are among them."""

    def line_up(self) -> None:
        """There is a line; sessions that wait for this device are told next."""

    def line_lost(self) -> None:
        """What was said and not answered may have been done or not."""


class Signalling:
    """Every call raises `Unreachable` or a kind of it where there is no line, else the server's refusal."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._send: Callable[[ClientToServer], None] | None = None
        self._consumer: Consumer | None = None

    def listen(self, consumer: Consumer | None) -> None:
        """From now on `consumer` is told; it is told of a line that is up already."""
        self._consumer = consumer
        if consumer is not None and self._send is not None:
            consumer.line_up()

    @property
    def up(self) -> bool:
        return self._send is not None

    async def request(
        self,
        room_id: str,
        kind: P2pKind,
        peer: str,
        *,
        certificate_fingerprint: str,
        device_id: str | None = None,
        session_id: str | None = None,
    ) -> SessionCreated:
        """Asks for a session with `peer` (id or name), or for `session_id` anew, to resume."""
        asked = RequestSession(
            room_id=room_id,
            kind=kind,
            peer=peer,
            device_id=device_id,
            session_id=session_id,
            certificate_fingerprint=certificate_fingerprint,
        )
        return _answer(await self._asking.ask(asked), SessionCreated)

    async def accept(self, session_id: str, certificate_fingerprint: str) -> SessionAccepted:
        """This device takes it; the answer has the token that names both devices."""
        asked = AcceptSession(session_id=session_id, certificate_fingerprint=certificate_fingerprint)
        return _answer(await self._asking.ask(asked), SessionAccepted)

    async def decline(self, session_id: str, reason: str = "") -> None:
        asked = DeclineSession(session_id=session_id, reason=reason[: limits.REASON_CHARS] or None)
        await self._asking.ask(asked)

    async def close(self, session_id: str, reason: str = "") -> None:
        asked = CloseSession(session_id=session_id, reason=reason[: limits.REASON_CHARS] or None)
        await self._asking.ask(asked)

    def candidate(self, session_id: str, *, payload: str | None = None, candidate: str | None = None) -> None:
        """Tells the other device; whether it arrives is not told. Raises: Unreachable."""
        if self._send is None:
            raise Unreachable("There is no connection to the server now.")
        self._send(SendCandidate(session_id=session_id, payload=payload, candidate=candidate))

    # ── what the workspace tells ─────────────────────────────────────────────────────────────────

    def line_up(self, send: Callable[[ClientToServer], None]) -> None:
        self._send = send
        if self._consumer is not None:
            self._consumer.line_up()

    def line_lost(self) -> None:
        self._send = None
        if self._consumer is not None:
            self._consumer.line_lost()

    def heard(self, event: SessionEvent) -> None:
        if self._consumer is not None:
            self._consumer.session_event(event)


def _answer(event: ServerToClient, kind: type[A]) -> A:
    if not isinstance(event, kind):
        raise NotMesh("The server answers something else than was asked.")
    return event
