"""What others are told of someone who comes, goes and flaps; the clock is a number."""

import asyncio
import random
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mesh_server.bus.base import ToRooms
from mesh_server.bus.memory import MemoryBus
from mesh_server.services.presence import GRACE_S, INTERVAL_S, PresenceService
from protocol.events import PresenceChanged
from protocol.rest import Presence
from tests.server.doors.web_house import running_house
from tests.support.wire import register

ALICE, ROOM, OTHER_ROOM = "alice", "room", "other room"


class House:
    """A service, what it told, and a clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[tuple[str, str, str]] = []
        self.rooms: list[Collection[str]] = []
        bus = MemoryBus()
        bus.subscribe(self._hear)
        self.presence = PresenceService(bus, clock=lambda: self.now)

    def _hear(self, message: object) -> None:
        assert isinstance(message, ToRooms)
        assert isinstance(message.event, PresenceChanged)
        event = message.event
        self.told.append((event.user_id, event.presence, event.status_text))
        self.rooms.append(set(message.room_ids))

    def come(self, peer: str, presence: Presence = "online", **more: str) -> None:
        self.presence.set(ALICE, peer, presence, {ROOM}, **more)

    def go(self, peer: str) -> None:
        self.presence.remove(ALICE, peer)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for _ in self.presence.tell_due():
            pass

    def heard(self) -> list[str]:
        """The states of alice that were told since the last time."""
        told, self.told = self.told, []
        return [presence for _, presence, _ in told]


@pytest.fixture
def house() -> House:
    return House()


def test_who_comes_is_told_at_once_and_who_goes_a_moment_later(house: House) -> None:
    house.come("laptop")
    assert house.heard() == ["online"]
    house.wait(60)
    house.go("laptop")
    assert (house.heard(), house.presence.of(ALICE)) == ([], "online")
    house.wait(GRACE_S)
    assert (house.heard(), house.presence.of(ALICE)) == (["offline"], "offline")
    house.wait(INTERVAL_S)
    assert (house.heard(), len(house.presence)) == ([], 0)


def test_who_comes_back_at_once_was_never_away(house: House) -> None:
    house.come("laptop")
    house.heard()
    for number in range(10):
        house.wait(60)
        house.go("laptop" if not number else f"line {number}")
        house.wait(GRACE_S / 2)
        house.come(f"line {number + 1}")
    house.wait(60)
    assert (house.heard(), house.presence.of(ALICE)) == ([], "online")


def test_a_flapping_person_is_told_once_in_an_interval_and_the_last_state_wins(house: House) -> None:
    house.come("laptop")
    house.wait(60)
    house.heard()
    states: list[Presence] = ["away", "busy", "online"]
    for number in range(300):
        house.come("laptop", states[number % 3])
        house.wait(INTERVAL_S / 100)
    house.come("laptop", "busy")
    house.wait(INTERVAL_S)
    told = house.heard()
    assert 2 <= len(told) <= 5
    assert told[-1] == "busy"


def test_what_is_so_again_before_it_was_told_is_not_told(house: House) -> None:
    house.come("laptop")
    house.come("laptop", "away")
    house.come("laptop")
    house.wait(60)
    assert house.heard() == ["online"]


def test_a_person_is_as_present_as_the_most_present_connection(house: House) -> None:
    house.come("laptop", "away")
    house.wait(60)
    house.come("phone", "busy")
    house.wait(60)
    house.come("tablet")
    house.wait(60)
    house.go("tablet")
    house.wait(60)
    house.go("phone")
    house.wait(60)
    assert house.heard() == ["away", "busy", "online", "busy", "away"]


def test_who_chooses_not_to_be_seen_is_seen_nowhere(house: House) -> None:
    house.come("laptop", "offline")
    house.come("phone")
    house.wait(60)
    assert (house.heard(), house.presence.of(ALICE)) == ([], "offline")
    house.go("laptop")
    house.wait(60)
    assert house.heard() == ["online"]
    house.come("phone", "offline")
    house.wait(60)
    assert (house.heard(), house.presence.of(ALICE)) == (["offline"], "offline")
    house.go("phone")
    house.wait(60)
    assert house.heard() == []


def test_a_status_text_is_told_and_stays_until_it_is_changed(house: House) -> None:
    house.come("laptop", status_text="Back at two")
    house.wait(60)
    house.come("laptop", "busy")
    house.wait(60)
    house.come("phone", status_text="In a meeting")
    house.wait(60)
    assert house.presence.own(ALICE) == PresenceChanged(
        user_id=ALICE, presence="online", status_text="In a meeting"
    )
    house.come("laptop", status_text="")
    house.wait(60)
    assert house.told == [
        (ALICE, "online", "Back at two"),
        (ALICE, "busy", "Back at two"),
        (ALICE, "online", "In a meeting"),
        (ALICE, "online", ""),
    ]


def test_it_is_told_where_they_are_by_then(house: House) -> None:
    rooms = {ROOM}
    house.presence.set(ALICE, "laptop", "online", rooms)
    house.presence.set(ALICE, "laptop", "busy", rooms)
    rooms.add(OTHER_ROOM)
    house.wait(60)
    rooms.discard(ROOM)
    house.presence.remove(ALICE, "laptop")
    house.presence.entered(ALICE, "third room")
    house.presence.left(ALICE, OTHER_ROOM)
    house.wait(60)
    assert house.rooms == [{ROOM}, {ROOM, OTHER_ROOM}, {"third room"}]


def test_what_a_list_said_is_told_or_corrected(house: House) -> None:
    house.come("laptop")
    house.come("laptop", "busy")
    assert house.presence.of(ALICE) == "busy"
    house.come("laptop")
    house.wait(60)
    assert house.heard() == ["online", "online"]
    house.go("laptop")
    assert house.presence.of(ALICE) == "online"
    house.come("laptop")
    house.wait(60)
    assert house.heard() == []


def test_many_who_wait_are_told_one_by_one(house: House) -> None:
    for number in range(100):
        house.presence.set(f"user {number}", "line", "online", {ROOM})
        house.presence.set(f"user {number}", "line", "away", {ROOM})
    house.heard()
    house.now += 60
    steps = house.presence.tell_due()
    for number in range(100):
        next(steps)
        assert len(house.told) == number + 1
    assert list(steps) == []


def test_whatever_happens_all_hold_true_what_is_so_in_the_end(house: House) -> None:
    """Who holds what an event or a list said last holds the truth, and is told at most once an interval."""
    draw = random.Random(5)
    at: list[float] = []
    known: str = "offline"
    peers = ["a", "b", "c"]
    for _ in range(3000):
        peer = draw.choice(peers)
        if draw.random() < 0.4:
            house.go(peer)
        else:
            house.come(peer, draw.choice(["online", "away", "busy", "offline"]))
        for wait_s in (0.0, draw.expovariate(2)):
            house.wait(wait_s)
            for state in house.heard():
                at.append(house.now)
                known = state
        if draw.random() < 0.2:
            known = house.presence.of(ALICE)
    house.wait(60)
    for state in house.heard():
        known = state
    assert known == house.presence.of(ALICE) == house.presence.own(ALICE).presence
    assert all(second - first >= INTERVAL_S - 1e-9 for first, second in pairwise(at))


async def test_who_joins_while_a_line_is_greeted_is_seen_to_be_here_once_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rooms of the greeting were looked up before; the room is told of somebody who is not here yet."""
    async with running_house(tmp_path / "data") as house, aiohttp.ClientSession() as http:
        alice = await register(http, house.url, "alice")
        bob = await register(http, house.url, "bob")
        room_id = await alice.create_room("attic")
        accounts = house.built.gateway.accounts
        asked, goes_on, whoami = asyncio.Event(), asyncio.Event(), accounts.whoami

        async def held_up(who: Any) -> Any:
            asked.set()
            await goes_on.wait()
            return await whoami(who)

        async with alice.socket() as hers, bob.socket(hello=False) as his:
            monkeypatch.setattr(accounts, "whoami", held_up)
            await his.send("system.hello", version=1)
            await asked.wait()
            await bob.join(room_id)
            assert (await hers.wait("room.member.joined"))["presence"] == "offline"
            goes_on.set()
            told = {"type": "presence.update", "user_id": bob.user_id, "presence": "online"}
            await hers.wait(lambda event: event == event | told)
            assert (await his.wait("room.joined"))["room_id"] == room_id
