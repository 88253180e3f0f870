"""Two nodes on one database, and a bus between them that loses, delays and overtakes as it is told to.

Whatever it does, each reader is told every `rev` of a room once and in order, as a client demands it.
"""

import asyncio
import random
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mesh_server.bus.base import BusMessage, DeviceRevoked, Look
from mesh_server.bus.following import Follower
from mesh_server.bus.memory import MemoryBus
from mesh_server.hub import Hub
from mesh_server.ids import id_maker, system_clock
from mesh_server.services.edits import Asker, EditService
from mesh_server.services.messages import MessageService
from mesh_server.services.order import OrderService
from mesh_server.services.presence import PresenceService
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import RoomService
from mesh_server.store.sqlite import SqliteStore
from protocol.close import CloseCode
from protocol.errors import MeshError
from protocol.events import (
    ChatEvent,
    DeleteMessage,
    EditMessage,
    MessageAck,
    MessageCreated,
    MessageEdited,
    RoomDeleted,
    RoomJoined,
    RoomLeft,
    RoomResumed,
    SendMessage,
    ServerToClient,
)
from protocol.rest import AddMemberRequest, CreateRoomRequest, RoleRequest, UpdateRoomRequest
from tests.contracts.people import add_user
from tests.support.conditions import until
from tests.support.readers import Reader
from tests.support.tasks import running


def who(name: str) -> Principal:
    return Principal(
        user_id=f"user-{name}", username=name, display_name=name, role="user", device_id=f"{name}-laptop"
    )


ALICE, BOB = who("alice"), who("bob")


def _rev(event: ServerToClient) -> int | None:
    """The number that it bears as the next change of its room; None of what tells how a room is."""
    if isinstance(event, RoomResumed | RoomJoined):
        return None
    if isinstance(event, MessageCreated | MessageEdited):
        return event.message.rev
    return getattr(event, "rev", None)


class Network:
    """Carries what a node publishes to the other; `carry` says how."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.carry: Callable[[Node, BusMessage], None] = self.at_once
        self.waiting: list[tuple[Node, BusMessage]] = []

    def at_once(self, to: "Node", message: BusMessage) -> None:
        to.bus.publish(message)

    def never(self, to: "Node", message: BusMessage) -> None:
        pass

    def later(self, to: "Node", message: BusMessage) -> None:
        self.waiting.append((to, message))

    def carry_on(self, order: Callable[[list[tuple["Node", BusMessage]]], None] = lambda _: None) -> None:
        """Everything that waits, in another order if need be, and what comes from now on at once."""
        waiting, self.waiting, self.carry = self.waiting, [], self.at_once
        order(waiting)
        for to, message in waiting:
            to.bus.publish(message)


class _Published:
    """What the services of a node publish on: the node itself hears it at once, the others by the network."""

    def __init__(self, node: "Node", network: Network) -> None:
        self._node, self._network = node, network

    def publish(self, message: BusMessage) -> None:
        self._node.bus.publish(message)
        for other in self._network.nodes:
            if other is not self._node:
                self._network.carry(other, message)

    def subscribe(self, handler: Callable[[BusMessage], None]) -> None:
        self._node.bus.subscribe(handler)


class Node:
    def __init__(self, store: SqliteStore, network: Network) -> None:
        self.bus, new_id = MemoryBus(), id_maker()
        bus = _Published(self, network)
        self.hub = Hub(device_connections=4)
        presence = PresenceService(bus, clock=time.monotonic)
        self.revoked: list[str] = []
        self.follower = Follower(
            store,
            self.hub,
            presence=presence.of,
            clock=system_clock,
            poll_s=0.05,
            on_revoked=self.revoked.append,
        )
        self.bus.subscribe(self.follower.on_bus)
        find_user, clock = store.accounts.get_user_by_key, system_clock
        self.rooms = RoomService(store.rooms, bus, presence, find_user=find_user, clock=clock, new_id=new_id)
        self.messages = MessageService(store.messages, self.rooms, bus, clock=clock, new_id=new_id)
        self.edits = EditService(store.messages, self.rooms, bus, clock=clock)
        self.order = OrderService(store.order, self.rooms, presence, bus, find_user=find_user, clock=clock)
        self._new_nonce = new_id

    async def enter(self, reader: Reader, revs: dict[str, int]) -> Reader:
        """As a hello does whose snapshot has these."""
        listener = self.hub.listen(reader.outbound)
        assert await self.follower.in_step(listener, revs)
        self.hub.open(listener, revs)
        return reader

    async def say(self, author: Principal, room_id: str, *texts: str) -> list[MessageAck]:
        settled: list[MessageAck | MeshError] = []
        for text in texts:
            request = SendMessage(room_id=room_id, nonce=self._new_nonce(), content=text)
            self.messages.send(author, request, settled.append)
        await until(lambda: len(settled) == len(texts), "all to be on disk")
        acks = [outcome for outcome in settled if isinstance(outcome, MessageAck)]
        assert len(acks) == len(texts), settled
        return acks


class House:
    """Alice is at the first node, and Bob at the second; both are in the room."""

    def __init__(self, store: SqliteStore) -> None:
        self.store, self.network = store, Network()
        self.a, self.b = Node(store, self.network), Node(store, self.network)
        self.network.nodes = [self.a, self.b]
        self.alice, self.bob = (
            Reader(node.hub, person.user_id, device=person.device_id)
            for node, person in ((self.a, ALICE), (self.b, BOB))
        )
        self.room_id = ""
        self.rev = 0
        self._read: dict[Reader, list[ServerToClient]] = {self.alice: [], self.bob: []}

    async def open(self) -> None:
        for name in ("alice", "bob", "carol"):
            await add_user(self.store, name)
        self.room_id = (await self.a.rooms.create(ALICE, CreateRoomRequest(name="lobby"))).id
        self.rev = (await self.b.rooms.join(BOB, self.room_id)).rev
        for node, reader in ((self.a, self.alice), (self.b, self.bob)):
            await node.enter(reader, {self.room_id: self.rev})

    def read(self, reader: Reader) -> list[ServerToClient]:
        """All that it was told so far."""
        self._read[reader] += reader.events()
        return self._read[reader]

    def revs(self, reader: Reader) -> list[int]:
        """Of what was told, in its order."""
        told = [_rev(event) for event in self.read(reader)]
        return [rev for rev in told if rev is not None]

    def texts(self, reader: Reader) -> list[str]:
        return [event.message.content for event in self.read(reader) if isinstance(event, MessageCreated)]

    async def told(self, reader: Reader, upto: int) -> None:
        """Every `rev` up to that one, each once, in order."""
        await until(lambda: upto in self.revs(reader), f"{reader.outbound.user_id} to be told {upto}")
        assert self.revs(reader) == list(range(self.rev + 1, upto + 1))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing in it: to make one takes longer than any test here."""
    folder = tmp_path_factory.mktemp("empty")
    store = SqliteStore.open(folder)
    asyncio.run(store.close())
    return folder


@pytest.fixture
async def house(tmp_path: Path, empty: Path) -> AsyncIterator[House]:
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    store = SqliteStore.open(tmp_path)
    house = House(store)
    await house.open()
    yield house
    await store.close()


async def test_two_people_at_two_nodes_hear_each_other(house: House) -> None:
    await house.a.say(ALICE, house.room_id, "one")
    (ack,) = await house.b.say(BOB, house.room_id, "two")
    for reader in (house.alice, house.bob):
        await house.told(reader, ack.rev)
        assert house.texts(reader) == ["one", "two"]
    assert house.b.follower.repaired == 0, "nobody asked the log"


async def test_what_is_overtaken_comes_first_all_the_same(house: House) -> None:
    house.network.carry = house.network.later
    await house.a.say(ALICE, house.room_id, "one")
    (ack,) = await house.b.say(BOB, house.room_id, "two")
    assert house.b.follower.overtaken == 1
    house.network.carry_on()
    for reader in (house.alice, house.bob):
        await house.told(reader, ack.rev)
        assert house.texts(reader) == ["one", "two"]


async def test_who_changed_something_is_answered_after_what_came_before_it(house: House) -> None:
    (first,) = await house.b.say(BOB, house.room_id, "one")
    house.network.carry = house.network.later
    (missing,) = await house.a.say(ALICE, house.room_id, "two")

    def answer(event: ChatEvent) -> None:
        house.b.follower.in_turn(
            house.room_id, missing.rev + 1, lambda: house.b.hub.send(house.bob.outbound, event)
        )

    edit = EditMessage(room_id=house.room_id, message_id=first.message_id, content="three")
    await house.b.edits.edit(BOB, edit, Asker(house.bob.outbound.peer_id, answer))
    house.network.carry_on()
    await until(lambda: missing.rev + 1 in house.revs(house.bob), "bob to be answered")
    assert house.revs(house.bob)[:3] == [first.rev, missing.rev, missing.rev + 1]
    at_once: list[bool] = []
    house.b.follower.in_turn(house.room_id, missing.rev, lambda: at_once.append(True))
    assert at_once, "nothing is missing"


async def test_what_comes_late_is_not_told_again(house: House) -> None:
    house.network.carry = house.network.later
    await house.a.say(ALICE, house.room_id, "one")
    (ack,) = await house.b.say(BOB, house.room_id, "two")
    await house.told(house.bob, ack.rev)
    assert house.b.follower.repaired > 0, "it was read from the log"
    house.network.carry_on()
    (last,) = await house.b.say(BOB, house.room_id, "three")
    await house.told(house.bob, last.rev)


async def test_a_gap_is_read_from_the_log(house: House) -> None:
    house.network.carry = house.network.never
    await house.a.say(ALICE, house.room_id, "one", "two")
    house.network.carry = house.network.at_once
    (ack,) = await house.a.say(ALICE, house.room_id, "three")
    await house.told(house.bob, ack.rev)
    assert house.texts(house.bob) == ["one", "two", "three"]


async def test_the_last_word_of_a_room_is_found_without_a_later_one(house: House) -> None:
    house.network.carry = house.network.never
    (ack,) = await house.a.say(ALICE, house.room_id, "one")
    await house.b.follower.poll()
    await house.told(house.bob, ack.rev)


async def test_a_node_without_a_bus_looks_by_itself(house: House) -> None:
    house.network.carry = house.network.never
    async with running(house.a.follower.keep(), house.b.follower.keep()):
        await house.a.say(ALICE, house.room_id, "one")
        (ack,) = await house.b.say(BOB, house.room_id, "two")
        for reader in (house.alice, house.bob):
            await house.told(reader, ack.rev)


async def test_what_is_said_to_be_in_the_log_is_read_there(house: House) -> None:
    house.network.carry = house.network.never
    (ack,) = await house.a.say(ALICE, house.room_id, "one")
    house.b.bus.publish(Look(room_id=house.room_id, rev=ack.rev))
    await house.told(house.bob, ack.rev)


async def test_of_what_was_changed_twice_the_last_state_is_told_and_no_number_is_left_out(
    house: House,
) -> None:
    house.network.carry = house.network.never
    first, second = await house.a.say(ALICE, house.room_id, "one", "two")
    asker = Asker("peer", lambda _: None)
    for text in ("three", "four"):
        edit = EditMessage(room_id=house.room_id, message_id=first.message_id, content=text)
        await house.a.edits.edit(ALICE, edit, asker)
    gone = DeleteMessage(room_id=house.room_id, message_id=second.message_id)
    await house.a.edits.delete(ALICE, gone, asker)
    await house.a.order.update(ALICE, house.room_id, UpdateRoomRequest(topic="news"))
    await house.b.follower.poll()
    await house.told(house.bob, second.rev + 4)
    assert house.texts(house.bob) == ["four", ""]
    resumed = [event for event in house.read(house.bob) if isinstance(event, RoomResumed)]
    assert [(one.rev, one.room.topic) for one in resumed] == [(second.rev + 4, "news")]


async def test_who_has_which_role_is_told_with_the_room(house: House) -> None:
    house.network.carry = house.network.never
    await house.a.order.set_role(ALICE, house.room_id, BOB.user_id, RoleRequest(role="moderator"))
    await house.b.follower.poll()
    await until(lambda: any(isinstance(event, RoomResumed) for event in house.read(house.bob)))
    (resumed,) = [event for event in house.read(house.bob) if isinstance(event, RoomResumed)]
    assert {member.username: member.role for member in resumed.members}["bob"] == "moderator"
    assert resumed.room.my_role == "moderator"


async def test_who_was_kicked_unheard_is_out_and_hears_no_more(house: House) -> None:
    house.network.carry = house.network.never
    await house.a.order.kick(ALICE, house.room_id, BOB.user_id)
    await house.b.follower.poll()
    await until(lambda: any(isinstance(event, RoomLeft) for event in house.read(house.bob)), "bob to be out")
    house.network.carry = house.network.at_once
    await house.a.say(ALICE, house.room_id, "he is gone")
    assert house.texts(house.bob) == []
    assert not house.b.hub.is_read(house.room_id)


async def test_who_was_brought_in_unheard_is_in_and_hears_what_follows(house: House) -> None:
    house.network.carry = house.network.never
    other = await house.a.rooms.create(ALICE, CreateRoomRequest(name="kitchen"))
    await house.a.order.add_member(ALICE, other.id, AddMemberRequest(username="bob"))
    await house.b.follower.poll()
    await until(lambda: any(isinstance(event, RoomJoined) for event in house.read(house.bob)), "bob to be in")
    joined = [event for event in house.read(house.bob) if isinstance(event, RoomJoined)]
    assert [one.room_id for one in joined] == [other.id]
    house.network.carry = house.network.at_once
    await house.a.say(ALICE, other.id, "welcome")
    await until(lambda: house.texts(house.bob) == ["welcome"], "bob to hear of the kitchen")
    await house.b.follower.poll()
    await house.a.say(ALICE, other.id, "again")
    await until(lambda: house.texts(house.bob) == ["welcome", "again"], "bob to hear of the kitchen")
    assert len([event for event in house.read(house.bob) if isinstance(event, RoomJoined)]) == 1


async def test_a_room_that_was_deleted_unheard_is_gone(house: House) -> None:
    house.network.carry = house.network.never
    await house.a.order.delete(ALICE, house.room_id)
    await house.b.follower.poll()
    await until(lambda: RoomDeleted(room_id=house.room_id) in house.read(house.bob), "the room to be gone")
    assert not house.b.hub.is_read(house.room_id)


async def test_a_device_that_was_signed_out_unheard_is_found(house: House) -> None:
    await house.b.follower.poll()
    assert house.b.revoked == []
    device_id = house.bob.outbound.device_id
    assert await house.store.cluster.list_revoked([device_id, "another"]) == ["another"]
    await house.store.accounts.revoke_device(BOB.user_id, device_id, now=1, on_revoked=lambda _: None)
    await house.b.follower.poll()
    assert house.b.revoked == [device_id]
    house.b.bus.publish(DeviceRevoked(device_id=device_id))
    assert house.bob.closed == [CloseCode.REVOKED]
    await house.b.follower.poll()
    assert house.b.revoked == [device_id], "it is not here any more"


async def test_a_hello_that_read_ahead_of_the_bus_leaves_nobody_behind(house: House) -> None:
    """The snapshot of a second connection holds what the bus has not brought yet."""
    house.network.carry = house.network.never
    (ack,) = await house.a.say(ALICE, house.room_id, "one")
    phone = await house.b.enter(Reader(house.b.hub, BOB.user_id, device="phone"), {house.room_id: ack.rev})
    await house.told(house.bob, ack.rev)
    (next_,) = await house.b.say(BOB, house.room_id, "two")
    assert [_rev(event) for event in await phone.read()] == [next_.rev], "what it holds is not told again"


async def test_what_the_bus_told_while_the_log_was_read_is_told_by_the_log_no_more(house: House) -> None:
    house.network.carry = house.network.later
    await house.a.order.update(ALICE, house.room_id, UpdateRoomRequest(topic="new"))
    (ack,) = await house.a.say(ALICE, house.room_id, "one")
    house.b.bus.publish(Look(house.room_id, ack.rev))
    room = house.b.follower._rooms[house.room_id]
    while not room.reading:  # noqa: ASYNC110 - in the very turn in which it begins
        await asyncio.sleep(0)
    house.network.carry_on()
    await until(lambda: not room.reading, "the log to be read")
    await house.told(house.bob, ack.rev)
    (later,) = await house.a.say(ALICE, house.room_id, "two")
    await house.told(house.bob, later.rev)
    assert not [event for event in house.read(house.bob) if isinstance(event, RoomResumed)]


async def test_what_passes_by_while_somebody_says_hello_is_told_in_order(house: House) -> None:
    """Nobody reads the room at that node, and its messages overtake each other."""
    house.b.hub.remove(house.bob.outbound)
    house.network.carry = house.network.later
    again = Reader(house.b.hub, BOB.user_id)
    listener = house.b.hub.listen(again.outbound)
    for text in ("one", "two", "three"):
        await house.a.say(ALICE, house.room_id, text)
    house.network.carry_on(list.reverse)
    assert await house.b.follower.in_step(listener, {house.room_id: house.rev})
    (last,) = await house.a.say(ALICE, house.room_id, "four")
    house.b.hub.open(listener, {house.room_id: house.rev})
    house._read[again] = []
    await house.told(again, last.rev)


async def test_a_snapshot_that_others_have_left_behind_is_taken_again(house: House) -> None:
    house.b.hub.remove(house.bob.outbound)
    (before,) = await house.a.say(ALICE, house.room_id, "the room is followed no more")
    slow = Reader(house.b.hub, BOB.user_id, device="slow")
    listener = house.b.hub.listen(slow.outbound)
    (one,) = await house.a.say(ALICE, house.room_id, "one")
    quick = await house.b.enter(Reader(house.b.hub, BOB.user_id, device="quick"), {house.room_id: one.rev})
    (two,) = await house.a.say(ALICE, house.room_id, "two")
    assert not await house.b.follower.in_step(listener, {house.room_id: before.rev})
    assert await house.b.follower.in_step(listener, {house.room_id: one.rev})
    house.b.hub.open(listener, {house.room_id: one.rev})
    (three,) = await house.a.say(ALICE, house.room_id, "three")
    for reader, told in ((quick, [two.rev, three.rev]), (slow, [two.rev, three.rev])):
        house._read[reader] = []
        await until(lambda: three.rev in house.revs(reader), "three")  # noqa: B023
        assert house.revs(reader) == told


async def test_who_is_let_into_a_room_while_they_say_hello_hears_what_is_said_there(house: House) -> None:
    carols = Reader(house.b.hub, "user-carol")
    house._read[carols] = []
    listener = house.b.hub.listen(carols.outbound)
    assert await house.b.follower.in_step(listener, {})
    other = await house.a.rooms.create(ALICE, CreateRoomRequest(name="other"))
    await house.a.order.add_member(ALICE, other.id, AddMemberRequest(username="carol"))
    (ack,) = await house.a.say(ALICE, other.id, "welcome")
    house.b.hub.open(listener, {})
    await until(lambda: ack.rev in house.revs(carols), "what was said")


async def test_a_room_that_nobody_is_in_is_not_followed(house: House) -> None:
    house.b.hub.remove(house.bob.outbound)
    await house.a.say(ALICE, house.room_id, "one")
    await house.b.follower.poll()
    house.network.carry = house.network.never
    (ack,) = await house.a.say(ALICE, house.room_id, "two")
    again = await house.b.enter(Reader(house.b.hub, BOB.user_id), {house.room_id: ack.rev})
    house.network.carry = house.network.at_once
    await house.a.say(ALICE, house.room_id, "three")
    (event,) = await again.read()
    assert isinstance(event, MessageCreated)
    assert event.message.content == "three"
    assert house.b.follower.repaired == 0


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_the_bus_does_everyone_is_told_everything_once_and_in_order(
    house: House, seed: int
) -> None:
    """Both write at once, while a third of it is lost, a third late, and what is late comes in any order."""
    chance = random.Random(seed)

    def somehow(to: Node, message: BusMessage) -> None:
        chance.choice([house.network.at_once, house.network.never, house.network.later])(to, message)

    last = 0
    for _ in range(10):
        house.network.carry = somehow
        for node, author in ((house.a, ALICE), (house.b, BOB)):
            acks = await node.say(author, house.room_id, *(f"{_}" for _ in range(chance.randint(1, 5))))
            last = acks[-1].rev
        house.network.carry_on(chance.shuffle)
    for node in (house.a, house.b):
        await node.follower.poll()
    for reader in (house.alice, house.bob):
        await house.told(reader, last)
