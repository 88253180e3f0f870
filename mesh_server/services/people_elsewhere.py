"""Who is at other nodes: so that presence, and who need not be pushed, is the same at all of them.

Strategy: every node tells the others how present each of its people is, where that changes, and each node
then tells its own readers, as if what is said of somebody at another node came from one more connection of
theirs. So there is one set of rules for who is seen as what, and nobody has to agree with anybody.

Each node counts what it tells. Who has missed something hears a number that does not follow, in the next
message or the next sign of life, and asks for everyone anew. A node that is dead takes its people with it.
No IO; the bus is an argument.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, NoReturn

from mesh_server.bus.base import (
    Bus,
    BusMessage,
    CameIn,
    PeopleHere,
    PeopleWanted,
    PersonHere,
    RoomGone,
    WentOut,
)
from mesh_server.services.presence import ELSEWHERE, PresenceService

TICK_S: Final = 0.05
"""How long changes are gathered before they are told."""

STEP: Final = 200
"""People in one message."""


class _Node:
    """`rooms` of each person that is there. `renewed`: who was told of in the roster that is under way."""

    __slots__ = ("number", "renewed", "rooms")

    def __init__(self) -> None:
        self.number = -1
        self.rooms: dict[str, set[str]] = {}
        self.renewed: set[str] | None = None


class PeopleElsewhere:
    """`sign_s`: how often the last number is told again. `on_node` is given each node once it is heard."""

    def __init__(self, bus: Bus, presence: PresenceService, *, node_id: str, sign_s: float) -> None:
        self._bus, self._presence, self._node_id, self._sign_s = bus, presence, node_id, sign_s
        self._nodes: dict[str, _Node] = {}
        self._changed: dict[str, None] = {}
        self._all_wanted = False
        self._number = 0
        self.on_node: Callable[[str], None] = lambda _node_id: None
        presence.on_local = self._on_local

    def _on_local(self, user_id: str) -> None:
        self._changed[user_id] = None

    # ── telling ──────────────────────────────────────────────────────────────────────────────────

    async def keep(self) -> NoReturn:
        """For ever."""
        loop = asyncio.get_running_loop()
        sign_at = 0.0
        while True:
            self.tell()
            if loop.time() >= sign_at:
                sign_at = loop.time() + self._sign_s
                self._bus.publish(PeopleHere(self._node_id, self._number, []))
            await asyncio.sleep(TICK_S)

    def tell(self) -> None:
        """What has changed since, or everyone, where that was asked for."""
        if self._all_wanted:
            self._all_wanted = False
            self._changed.clear()
            people = [self._person(user_id) for user_id in self._presence.all_here()]
            pieces = [people[start : start + STEP] for start in range(0, len(people), STEP)] or [[]]
            for piece in pieces:
                self._number += 1
                complete = piece is pieces[-1]
                self._bus.publish(
                    PeopleHere(self._node_id, self._number, piece, roster=True, complete=complete)
                )
        while self._changed:
            changed = list(self._changed)[:STEP]
            for user_id in changed:
                del self._changed[user_id]
            self._number += 1
            people = [self._person(user_id) for user_id in changed]
            self._bus.publish(PeopleHere(self._node_id, self._number, people))

    def _person(self, user_id: str) -> PersonHere:
        here = self._presence.here(user_id)
        if here is None:
            return PersonHere(user_id, None)
        presence, status_text, room_ids = here
        return PersonHere(user_id, presence, status_text, list(room_ids))

    def ask(self) -> None:
        """Something may have been missed: every node tells everyone anew, this one included."""
        self._all_wanted = True
        self._bus.publish(PeopleWanted(""))

    # ── hearing ──────────────────────────────────────────────────────────────────────────────────

    def on_bus(self, message: BusMessage) -> None:
        match message:
            case PeopleHere(node_id=node_id) if node_id != self._node_id:
                self._heard(message)
            case PeopleWanted(node_id=node_id):
                self._all_wanted = self._all_wanted or node_id in ("", self._node_id)
            case CameIn():
                self._moved(message.user_id, message.joined.room_id, inside=True)
            case WentOut():
                self._moved(message.user_id, message.event.room_id, inside=False)
            case RoomGone(room_id=room_id):
                for node in self._nodes.values():
                    for rooms in node.rooms.values():
                        rooms.discard(room_id)
            case _:
                pass

    def _moved(self, user_id: str, room_id: str, *, inside: bool) -> None:
        for node in self._nodes.values():
            rooms = node.rooms.get(user_id)
            if rooms is not None and inside:
                rooms.add(room_id)
            elif rooms is not None:
                rooms.discard(room_id)

    def _heard(self, told: PeopleHere) -> None:
        node = self._nodes.get(told.node_id)
        if node is None:
            node = self._nodes[told.node_id] = _Node()
            self.on_node(told.node_id)
        expected = node.number + bool(told.people or told.roster)
        if told.roster and node.renewed is None:
            node.renewed = set()
        elif told.number != expected and not told.roster:
            self._bus.publish(PeopleWanted(told.node_id))
        node.number = told.number
        for person in told.people:
            self._put(told.node_id, node, person)
        if told.complete and node.renewed is not None:
            gone = node.rooms.keys() - node.renewed
            node.renewed = None
            self._take_away(told.node_id, node, gone)

    def _put(self, node_id: str, node: _Node, person: PersonHere) -> None:
        if node.renewed is not None:
            node.renewed.add(person.user_id)
        if person.presence is None:
            self._take_away(node_id, node, [person.user_id])
            return
        rooms = node.rooms[person.user_id] = set(person.room_ids)
        self._presence.set(
            person.user_id, ELSEWHERE + node_id, person.presence, rooms, status_text=person.status_text
        )

    def _take_away(self, node_id: str, node: _Node, user_ids: Iterable[str]) -> None:
        for user_id in list(user_ids):
            if node.rooms.pop(user_id, None) is not None:
                self._presence.remove(user_id, ELSEWHERE + node_id)

    def node_is_dead(self, node_id: str) -> None:
        """Its people are gone, unless they come back at another node in a moment."""
        node = self._nodes.pop(node_id, None)
        if node is not None:
            self._take_away(node_id, node, list(node.rooms))
