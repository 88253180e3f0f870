"""The hub without a network: who gets what, in which order, and what a slow reader costs."""

import asyncio
from collections.abc import Callable
from typing import get_args

import pytest

from mesh_server.bus.base import (
    BusMessage,
    DeviceRevoked,
    RoomGone,
    ToRooms,
    ToUser,
)
from mesh_server.bus.memory import MemoryBus
from mesh_server.hub import Hub
from mesh_server.ws import outbound as outbound_module
from mesh_server.ws import rounds as rounds_module
from protocol.close import CloseCode
from protocol.codec import MSGPACK
from protocol.events import (
    MemberJoined,
    Pong,
    PresenceChanged,
    ReadMarked,
    RoomDeleted,
    RoomJoined,
    RoomLeft,
    ServerToClient,
    Typing,
)
from tests.support.bus_messages import ROOM, came_in, created, went_out
from tests.support.conditions import until
from tests.support.readers import Reader

DEVICE_CONNECTIONS = 3


async def flushed(hub: Hub) -> None:
    """Waits until the hub has nothing left to write to anyone who reads."""
    await until(lambda: hub._rounds.is_idle)


async def turns(condition: Callable[[], bool]) -> None:
    """Lets the loop turn until `condition` holds, and not once more."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("nothing came of so many turns")


@pytest.fixture
def hub() -> Hub:
    return Hub(device_connections=DEVICE_CONNECTIONS)


@pytest.fixture
def publish(hub: Hub) -> Callable[[BusMessage], None]:
    bus = MemoryBus()
    bus.subscribe(hub.on_bus)
    return bus.publish


def revs_and_nonces(events: list[ServerToClient]) -> list[tuple[int, str | None]]:
    return [(event.message.rev, event.message.nonce) for event in events]  # type: ignore[union-attr]  # only created


async def test_everyone_in_the_room_gets_it_and_only_the_author_the_nonce(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    alice, bob = Reader(hub, "alice").open(**{ROOM: 0}), Reader(hub, "bob").open(**{ROOM: 0})
    stranger = Reader(hub, "stranger").open()
    publish(created(1, 2))
    assert revs_and_nonces(await alice.read()) == [(1, "n1"), (2, "n2")]
    assert revs_and_nonces(await bob.read()) == [(1, None), (2, None)]
    assert stranger.events() == []


async def test_each_reader_gets_its_own_format(hub: Hub, publish: Callable[[BusMessage], None]) -> None:
    text, binary = Reader(hub, "bob"), Reader(hub, "user3", format_=MSGPACK)
    for reader in (text, binary):
        reader.open(**{ROOM: 0})
    publish(created(1))
    assert await text.read() == await binary.read()


async def test_what_waits_is_one_write(hub: Hub, publish: Callable[[BusMessage], None]) -> None:
    bob = Reader(hub, "bob").open(**{ROOM: 0})
    for rev in range(1, 51):
        publish(created(rev))
    assert len(await bob.read()) == 50
    assert bob.wire.writes == 1


async def test_an_answer_does_not_wait_for_a_round_of_writes(
    hub: Hub, publish: Callable[[BusMessage], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds_module, "SLICE", 2)
    readers = [Reader(hub, f"user{number}").open(**{ROOM: 0}) for number in range(200)]
    asking = Reader(hub, "alice").open()
    publish(created(1, author="bob"))
    await turns(lambda: any(reader.wire.writes for reader in readers))
    hub.send(asking.outbound, Pong())
    await turns(lambda: asking.wire.writes > 0)
    assert asking.events() == [Pong()]
    assert sum(reader.wire.writes for reader in readers) < 100
    publish(created(2, author="bob"))
    await flushed(hub)
    assert all(revs_and_nonces(reader.events()) == [(1, None), (2, None)] for reader in readers)


async def test_what_is_said_during_the_hello_comes_after_it_once(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    bob = Reader(hub, "bob")
    listener = hub.listen(bob.outbound)
    publish(created(1, 2))
    publish(created(3))
    # The snapshot was taken between 2 and 3.
    hub.open(listener, {ROOM: 2})
    publish(created(4))
    assert revs_and_nonces(await bob.read()) == [(3, None), (4, None)]


async def test_rooms_entered_and_left_during_the_hello(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    entering, leaving = Reader(hub, "bob"), Reader(hub, "alice")
    first, second = hub.listen(entering.outbound), hub.listen(leaving.outbound)
    publish(created(4))
    publish(came_in("bob", 5))
    publish(went_out("alice", 6))
    publish(created(7, author="bob"))
    hub.open(first, {})
    hub.open(second, {ROOM: 3})
    publish(created(8, author="bob"))
    kinds = [type(event).__name__ for event in await entering.read()]
    assert kinds == ["RoomJoined", "MemberLeft", "MessageCreated", "MessageCreated"]
    kinds = [type(event).__name__ for event in await leaving.read()]
    assert kinds == ["MessageCreated", "MemberJoined", "RoomLeft"]


async def test_joining_tells_others_and_my_other_connections(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    alice = Reader(hub, "alice").open(**{ROOM: 0})
    asking = Reader(hub, "bob", device="laptop").open()
    other = Reader(hub, "bob", device="phone").open()
    publish(came_in("bob", 1, asked_by=asking.outbound.peer_id))
    publish(created(2))
    assert [type(event) for event in await alice.read()][:1] == [MemberJoined]
    assert [type(event) for event in await other.read()][:1] == [RoomJoined]
    assert revs_and_nonces(asking.events()) == [(2, None)]


async def test_leaving_cuts_all_of_my_connections_off(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    alice = Reader(hub, "alice").open(**{ROOM: 0})
    bob = [Reader(hub, "bob", device=name).open(**{ROOM: 0}) for name in ("laptop", "phone")]
    publish(went_out("bob", 1))
    publish(created(2))
    assert len(await alice.read()) == 2
    assert [[type(event) for event in reader.events()] for reader in bob] == [[RoomLeft], [RoomLeft]]


async def test_a_deleted_room_is_over_for_everyone_in_it(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    readers = [Reader(hub, name).open(**{ROOM: 0}) for name in ("alice", "bob")]
    stranger, arriving, later = (Reader(hub, name) for name in ("stranger", "user3", "user4"))
    stranger.open()
    first, second = hub.listen(arriving.outbound), hub.listen(later.outbound)
    gone = RoomDeleted(room_id=ROOM)
    publish(RoomGone(room_id=ROOM, event=gone))
    publish(created(1))
    # The snapshot of one had the room still in it, that of the other not any more.
    hub.open(first, {ROOM: 0})
    hub.open(second, {})
    for reader in (*readers, arriving):
        assert await reader.read() == [gone]
        assert not reader.outbound.rooms
    assert (stranger.events(), later.events()) == ([], [])


async def test_a_read_marker_goes_to_my_other_connections_only(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    alice = Reader(hub, "alice").open(**{ROOM: 0})
    asking, other = (Reader(hub, "bob", device=name).open(**{ROOM: 0}) for name in ("laptop", "phone"))
    marked = ReadMarked(room_id=ROOM, user_id="bob", seq=1)
    publish(ToUser(user_id="bob", event=marked, asked_by=asking.outbound.peer_id))
    assert await other.read() == [marked]
    assert (alice.events(), asking.events()) == ([], [])


async def test_a_revoked_device_is_closed_and_hears_no_more(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    laptop, phone = (Reader(hub, "bob", device=name).open(**{ROOM: 0}) for name in ("laptop", "phone"))
    publish(DeviceRevoked(device_id="laptop"))
    publish(created(1))
    assert len(await phone.read()) == 1
    assert laptop.closed == [CloseCode.REVOKED]
    assert laptop.events() == []


async def test_a_device_that_is_revoked_during_its_hello_gets_no_further(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    bob = Reader(hub, "bob", device="laptop")
    listener = hub.listen(bob.outbound)
    publish(DeviceRevoked(device_id="laptop"))
    assert bob.closed == [CloseCode.REVOKED]
    hub.open(listener, {ROOM: 0})
    publish(created(1))
    hub.send(bob.outbound, Typing(room_id=ROOM, user_id="alice", username="alice"))
    await flushed(hub)
    assert bob.events() == []
    assert hub.connections == []


async def test_who_comes_and_goes_during_the_hello_is_told_after_it(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    bob = Reader(hub, "bob")
    listener = hub.listen(bob.outbound)
    online = PresenceChanged(user_id="alice", presence="online")
    publish(ToRooms(room_ids=[ROOM], event=online, except_user=""))
    publish(ToRooms(room_ids=["elsewhere"], event=online, except_user=""))
    hub.open(listener, {ROOM: 0})
    assert await bob.read() == [online]


async def test_one_device_too_many_replaces_the_oldest(hub: Hub) -> None:
    readers = [Reader(hub, "bob").open() for _ in range(DEVICE_CONNECTIONS + 1)]
    assert readers[0].closed == [CloseCode.REPLACED]
    assert not any(reader.closed for reader in readers[1:])


# ── slow readers ─────────────────────────────────────────────────────────────────────────────────


async def test_a_slow_reader_is_closed_and_costs_the_others_nothing(
    hub: Hub, publish: Callable[[BusMessage], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound_module, "OUTBOUND_BYTES", 20_000)
    slow, quick = Reader(hub, "bob").open(**{ROOM: 0}), Reader(hub, "alice").open(**{ROOM: 0})
    slow.wire.stuck = True
    for rev in range(1, 201):
        publish(created(rev, author="user3"))
        if rev % 20 == 0:
            await flushed(hub)
    assert slow.closed == [CloseCode.TOO_SLOW]
    assert slow.outbound.waiting_bytes == 0
    assert [rev for rev, _ in revs_and_nonces(quick.events())] == list(range(1, 201))
    assert hub.too_slow == 1


async def test_more_than_a_queue_at_once_costs_a_quick_reader_nothing(
    hub: Hub, publish: Callable[[BusMessage], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound_module, "OUTBOUND_BYTES", 1_000)
    bob = Reader(hub, "bob").open(**{ROOM: 0})
    publish(created(*range(1, 201)))
    publish(created(*range(201, 401)))
    assert [rev for rev, _ in revs_and_nonces(await bob.read())] == list(range(1, 401))
    assert bob.closed == []


async def test_a_reader_that_recovers_gets_everything_in_order(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    bob = Reader(hub, "bob").open(**{ROOM: 0})
    bob.wire.stuck = True
    for rev in range(1, 31):
        publish(created(rev))
        await asyncio.sleep(0)
    assert bob.wire.writes == 0
    bob.wire.stuck = False
    await until(lambda: bob.outbound.waiting_bytes == 0)
    assert [rev for rev, _ in revs_and_nonces(bob.events())] == list(range(1, 31))


async def test_typing_is_dropped_first(
    hub: Hub, publish: Callable[[BusMessage], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound_module, "BEHIND_BYTES", 1_000)
    behind, quick = Reader(hub, "bob").open(**{ROOM: 0}), Reader(hub, "user3").open(**{ROOM: 0})
    behind.wire.stuck = True
    publish(created(*range(1, 21)))
    await quick.read()
    waiting = behind.outbound.waiting_bytes
    typing = Typing(room_id=ROOM, user_id="alice", username="alice")
    publish(ToRooms(room_ids=[ROOM], event=typing, except_user="alice"))
    assert await quick.read() == [typing]
    assert behind.outbound.waiting_bytes == waiting


async def test_a_removed_connection_leaves_nothing_behind(
    hub: Hub, publish: Callable[[BusMessage], None]
) -> None:
    bob = Reader(hub, "bob").open(**{ROOM: 0})
    hub.remove(bob.outbound)
    hub.remove(bob.outbound)
    publish(created(1))
    await flushed(hub)
    assert hub.connections == []
    assert bob.events() == []
    assert bob.outbound.rooms == {ROOM}, "what is to be told that it is gone"


def test_every_bus_message_has_a_handler(hub: Hub) -> None:
    handled = set(hub._handlers)
    assert handled == set(get_args(BusMessage))
