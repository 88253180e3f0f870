"""Which session an event of a shared terminal belongs to.

    asked of us   created ──"terminal ID" comes──> the terminal of that name, if it is ours, takes it
                        └── anything else: another program of this person may have it
    asked by us   request ──`own`──> whoever watches

Strategy: each session has one owner, which is told what concerns it. An event may come before its owner is
known, since the answer to a request and what follows it travel together: it waits, with others, and the
oldest is forgotten first. Who watches says by a candidate which terminal is meant, and only the program that
has it takes the session, so that several programs of one person can share at a time.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from mesh_agent.client.introductions import Introductions
from mesh_agent.client.signalling import SessionEvent
from protocol.rest import P2pKind
from protocol.signals import Candidate, SessionClose, SessionClosed, SessionCreated

TERMINAL_KINDS: Final[tuple[P2pKind, ...]] = ("terminal",)

ORPHANS_MAX: Final = 256
"""Events of sessions that nobody owns yet."""

WORD: Final = "terminal"
"""What a candidate begins with that says which terminal is meant."""


class Owner(Protocol):
    """Who has a session, or several. Called on the loop; must not block it and must not raise."""

    def heard(self, event: Any) -> None:
        """An event of a session of its own."""

    def line_up(self) -> None:
        """There is a line."""

    def line_lost(self) -> None:
        """What was said and not answered may have been done or not."""


Host = Callable[[SessionCreated, str], Owner | None]
"""Is asked whether a terminal of ours is meant, by the session and an id (empty: the only one there is)."""


def candidate_of(terminal: str) -> str:
    """The candidate that asks for it."""
    return f"{WORD} {terminal}".strip()


class TerminalSessions:
    """The sessions of one account."""

    def __init__(self, introductions: Introductions) -> None:
        self._introductions = introductions
        self._owners: dict[str, Owner] = {}
        self._orphans: deque[SessionEvent] = deque(maxlen=ORPHANS_MAX)
        self._host: Host = lambda _created, _terminal: None
        introductions.signalling.listen(self, TERMINAL_KINDS)

    def close(self) -> None:
        """Nobody is told anything any more; the sessions are their owners' to end."""
        self._introductions.signalling.leave(self)

    def serve(self, host: Host) -> None:
        """From now on `host` is asked about sessions that others ask for."""
        self._host = host

    def own(self, session_id: str, owner: Owner) -> None:
        """What concerns that session goes to `owner`, also what came already."""
        self._owners[session_id] = owner
        for event in [event for event in self._orphans if event.session_id == session_id]:
            self._orphans.remove(event)
            owner.heard(event)

    def disown(self, owner: Owner) -> None:
        """It has no session any more."""
        self._owners = {name: other for name, other in self._owners.items() if other is not owner}

    # ── what the line tells ──────────────────────────────────────────────────────────────────────

    def session_event(self, event: SessionEvent) -> None:
        owner = self._owners.get(event.session_id)
        if owner is not None:
            owner.heard(event)
        elif isinstance(event, Candidate) and (created := self._asked_of_us(event)) is not None:
            self._welcome(created, event)
        elif isinstance(event, SessionClose | SessionClosed):
            self._orphans = deque(
                (other for other in self._orphans if other.session_id != event.session_id), ORPHANS_MAX
            )
        else:
            self._orphans.append(event)

    def line_up(self) -> None:
        for owner in self._each():
            owner.line_up()

    def line_lost(self) -> None:
        for owner in self._each():
            owner.line_lost()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _each(self) -> list[Owner]:
        return list({id(owner): owner for owner in self._owners.values()}.values())

    def _asked_of_us(self, candidate: Candidate) -> SessionCreated | None:
        """The session, where it is the last one asked for by somebody else under that id."""
        me = self._introductions
        for event in reversed(self._orphans):
            if isinstance(event, SessionCreated) and event.session_id == candidate.session_id:
                if event.re is not None or len(event.peers) != 2:
                    return None
                asker, asked = event.peers
                own = me.device_id in {device.device_id for device in asker.devices}
                return event if asked.user_id == me.user.id and not own else None
        return None

    def _welcome(self, created: SessionCreated, candidate: Candidate) -> None:
        said = candidate.candidate
        word, _, terminal = said.partition(" ") if isinstance(said, str) else ("", "", "")
        owner = self._host(created, terminal) if word == WORD else None
        if owner is not None:
            self._orphans.remove(created)
            self.own(created.session_id, owner)
        else:
            self._orphans.append(candidate)
