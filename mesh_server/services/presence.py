"""Who is here. Kept in memory only: presence says nothing about the past, so nothing need survive.

A person is as present as the most present of their connections, unless one of these chose `offline`: who
wants not to be seen is seen on none of their devices.

What changes is told once in `interval_s` a person at most, the last state only, and that they are gone only
`grace_s` after their last connection: so who flaps, or comes back at once on a new line, costs the others
one message, or none. A list of members says what is so already, but for who may come back in a moment; of
whom it said something else than was told, everyone is told in any case, so that nobody is left with a state
that no event will correct. Times are seconds of a clock that never runs back.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from typing import Final, NamedTuple, NoReturn

from mesh_server.bus.base import Bus, ToRooms
from protocol.events import PresenceChanged
from protocol.rest import Presence

INTERVAL_S: Final = 1.0
GRACE_S: Final = 2.0
TICK_S: Final = 0.05
"""How exactly the two are kept."""

_NOWHERE: Final[frozenset[str]] = frozenset()
_MOST_PRESENT_FIRST: Final[tuple[Presence, ...]] = ("online", "busy", "away")


ELSEWHERE: Final = "node:"
"""How the id of a peer begins that stands for all connections of a person at another node."""


class _State(NamedTuple):
    presence: Presence
    status_text: str


class _Peer(NamedTuple):
    """What one connection says, and where: the rooms that it is in at any moment."""

    presence: Presence
    room_ids: Collection[str]


def _together(chosen: Collection[Presence]) -> Presence:
    if not chosen or "offline" in chosen:
        return "offline"
    return next(one for one in _MOST_PRESENT_FIRST if one in chosen)


class _Person:
    """`status_text` is that of the account; `told_at` is None as long as nothing was told.

    `left_rooms` is where one was whose last connection is gone. `shown`: a list said what was not told yet.
    """

    __slots__ = ("due", "left_rooms", "peers", "shown", "status_text", "told", "told_at")

    def __init__(self, status_text: str) -> None:
        self.peers: dict[str, _Peer] = {}
        self.status_text = status_text
        self.left_rooms = _NOWHERE
        self.told = _State("offline", status_text)
        self.told_at: float | None = None
        self.shown = False
        self.due: float | None = None

    @property
    def state(self) -> _State:
        return _State(_together({peer.presence for peer in self.peers.values()}), self.status_text)

    @property
    def room_ids(self) -> Collection[str]:
        return next((peer.room_ids for peer in self.peers.values()), self.left_rooms)


class PresenceService:
    """`on_local` is called with each person whose connections to this node have changed."""

    def __init__(
        self,
        bus: Bus,
        *,
        clock: Callable[[], float],
        interval_s: float = INTERVAL_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self._bus, self._clock = bus, clock
        self._interval_s, self._grace_s = interval_s, grace_s
        self._people: dict[str, _Person] = {}
        self._due: dict[str, _Person] = {}
        self.on_local: Callable[[str], None] = lambda _user_id: None

    def of(self, user_id: str) -> Presence:
        """For a list that others are given."""
        person = self._people.get(user_id)
        if person is None:
            return "offline"
        if not person.peers:
            return person.told.presence
        state = person.state
        person.shown = person.shown or state != person.told
        return state.presence

    def is_here(self, user_id: str) -> bool:
        """Whether one of their connections is not `away`: also of who wants not to be seen."""
        person = self._people.get(user_id)
        return person is not None and any(peer.presence != "away" for peer in person.peers.values())

    def own(self, user_id: str) -> PresenceChanged:
        """For their own connections."""
        person = self._people.get(user_id)
        state = person.state if person is not None else _State("offline", "")
        return PresenceChanged(user_id=user_id, presence=state.presence, status_text=state.status_text)

    def here(self, user_id: str) -> tuple[Presence, str, Collection[str]] | None:
        """What its connections here say together, the status, and the rooms; None where there is none."""
        person = self._people.get(user_id)
        peers = (
            ()
            if person is None
            else [peer for peer_id, peer in person.peers.items() if not peer_id.startswith(ELSEWHERE)]
        )
        if person is None or not peers:
            return None
        return _together({peer.presence for peer in peers}), person.status_text, peers[0].room_ids

    def all_here(self) -> list[str]:
        """Everyone with a connection to this node."""
        return [user_id for user_id in self._people if self.here(user_id) is not None]

    def set(
        self,
        user_id: str,
        peer_id: str,
        presence: Presence,
        room_ids: Collection[str],
        *,
        status_text: str | None = None,
    ) -> None:
        """What one connection says of its person, who is in `room_ids`, a set that is kept up to date.

        `status_text` is what the account has; None where that is as it was.
        """
        person = self._people.get(user_id)
        if person is None:
            person = self._people[user_id] = _Person(status_text or "")
        elif status_text is not None:
            person.status_text = status_text
        person.peers[peer_id] = _Peer(presence, room_ids)
        if not peer_id.startswith(ELSEWHERE):
            self.on_local(user_id)
        self._changed(user_id, person, wait_s=0.0)

    def remove(self, user_id: str, peer_id: str, *, for_good: bool = False) -> None:
        """The connection is gone; `for_good`: it was ended, and nobody is about to come back on another."""
        person = self._people.get(user_id)
        peer = person.peers.pop(peer_id, None) if person is not None else None
        if person is not None and peer is not None:
            person.left_rooms = _NOWHERE if person.peers else frozenset(peer.room_ids)
            if not peer_id.startswith(ELSEWHERE):
                self.on_local(user_id)
            if for_good and not person.peers:
                self._tell(user_id, person, self._clock())
                return
            self._changed(user_id, person, wait_s=0.0 if person.peers else self._grace_s)

    def entered(self, user_id: str, room_id: str) -> None:
        """They are a member now, and may be gone already."""
        if (person := self._people.get(user_id)) is not None and not person.peers:
            person.left_rooms |= {room_id}

    def came_late(self, user_id: str) -> None:
        """They became a member while a connection began: that room was told of somebody who is not here."""
        if (person := self._people.get(user_id)) is not None:
            person.shown = True
            self._changed(user_id, person, wait_s=0.0)

    def left(self, user_id: str, room_id: str) -> None:
        if (person := self._people.get(user_id)) is not None:
            person.left_rooms -= {room_id}

    def _changed(self, user_id: str, person: _Person, *, wait_s: float) -> None:
        now = self._clock()
        person.due = now + wait_s
        if person.told_at is not None:
            person.due = max(person.due, person.told_at + self._interval_s)
        if person.due <= now:
            self._tell(user_id, person, now)
        else:
            self._due[user_id] = person

    def tell_due(self) -> Iterator[str]:
        """Tells of everyone whose time has come, one at each step; yields who it was."""
        now = self._clock()
        for user_id in [user_id for user_id, person in self._due.items() if (person.due or 0.0) <= now]:
            person = self._due.get(user_id)
            if person is not None:
                self._tell(user_id, person, now)
                yield user_id

    def _tell(self, user_id: str, person: _Person, now: float) -> None:
        """Tells what is so now, where that is not what was told; forgets who is gone, an interval later."""
        self._due.pop(user_id, None)
        person.due = None
        state = person.state
        if state != person.told or person.shown:
            person.told, person.told_at, person.shown = state, now, False
            room_ids = list(person.room_ids)
            if room_ids:
                event = PresenceChanged(
                    user_id=user_id, presence=state.presence, status_text=state.status_text
                )
                self._bus.publish(ToRooms(room_ids=room_ids, event=event, except_user=""))
        if person.peers:
            return
        if person.told_at is None or person.told_at + self._interval_s <= now:
            del self._people[user_id]
        else:
            person.due = person.told_at + self._interval_s
            self._due[user_id] = person

    async def keep(self) -> NoReturn:
        """For ever: tells what has waited, one person in a turn of the loop, so that many are no stall."""
        while True:
            for _ in self.tell_due():
                await asyncio.sleep(0)
            await asyncio.sleep(TICK_S)

    def __len__(self) -> int:
        return len(self._people)
