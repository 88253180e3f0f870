"""Sessions between two devices, over the line to the server: asked for, taken, ended; and what comes of them.

Strategy: a request has its answer (`asking`), a candidate has none. What arrives is handed, as it comes and
in order, to the consumer of the kind of its session; without one it is nobody's business here, and the server
asks another device of the same person. Nothing is kept over the end of the line: who waits for something asks
again when it is back.

Which kind a session has is said when it is created or accepted, and remembered for what does not say it.
"""

from collections.abc import Callable, Collection
from typing import Final, Protocol, TypeVar, get_args

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

KINDS: Final[tuple[P2pKind, ...]] = get_args(P2pKind)

SESSIONS_MAX: Final = 2_048
"""Sessions whose kind is remembered; past it those named longest ago are forgotten."""

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
        self._consumers: dict[P2pKind, Consumer] = {}
        self._kinds: dict[str, P2pKind] = {}

    def listen(self, consumer: Consumer, kinds: Collection[P2pKind] = KINDS) -> None:
        """From now on `consumer` is told of sessions of these kinds, and of a line that is up already."""
        self._consumers |= dict.fromkeys(kinds, consumer)
        if self._send is not None:
            consumer.line_up()

    def leave(self, consumer: Consumer) -> None:
        """It is told no more."""
        self._consumers = {kind: other for kind, other in self._consumers.items() if other is not consumer}

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
        for consumer in self._told():
            consumer.line_up()

    def line_lost(self) -> None:
        self._send = None
        for consumer in self._told():
            consumer.line_lost()

    def heard(self, event: SessionEvent) -> None:
        kind = self._kind(event)
        for consumer in self._told() if kind is None else filter(None, (self._consumers.get(kind),)):
            consumer.session_event(event)

    def _told(self) -> list[Consumer]:
        """Each once, also who is told of several kinds."""
        return list({id(consumer): consumer for consumer in self._consumers.values()}.values())

    def _kind(self, event: SessionEvent) -> P2pKind | None:
        """None: of a session that nothing is known of; it may concern everybody."""
        if isinstance(event, SessionCreated | SessionAccepted):
            self._kinds.pop(event.session_id, None)
            self._kinds[event.session_id] = event.kind
            if len(self._kinds) > SESSIONS_MAX:
                self._kinds.pop(next(iter(self._kinds)))
        return self._kinds.get(event.session_id)


def _answer(event: ServerToClient, kind: type[A]) -> A:
    if not isinstance(event, kind):
        raise NotMesh("The server answers something else than was asked.")
    return event
