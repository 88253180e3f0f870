"""Who lives, who leads, and who is where: two and three nodes, with clocks and a bus of the test."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from mesh_server.bus.base import (
    BusMessage,
    CameIn,
    DeviceRevoked,
    PeopleHere,
    PeopleWanted,
    ToRooms,
    Tried,
    UserChanged,
    WentOut,
)
from mesh_server.bus.memory import MemoryBus
from mesh_server.configuring import load
from mesh_server.keys import fingerprint, load_keys
from mesh_server.services.gate import PasswordGate
from mesh_server.services.nodes import NodeService, while_leading
from mesh_server.services.passwords import Passwords
from mesh_server.services.people_elsewhere import STEP, PeopleElsewhere
from mesh_server.services.presence import GRACE_S, INTERVAL_S, PresenceService
from mesh_server.services.principal import Principal, SignedInDevice
from mesh_server.services.sessions import Sessions
from mesh_server.services.signing import load_signing_keys
from mesh_server.services.throttle import ACCOUNT
from mesh_server.store.base import NodeRecord
from protocol.errors import RateLimited
from protocol.events import MemberLeft, PresenceChanged, RoomJoined, RoomLeft
from protocol.rest import Presence, Room
from tests.support.conditions import until
from tests.support.tasks import running

HEARTBEAT_S = 10.0
ROOM = "room-1"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Rows:
    """The rows of nodes, as every node sees them."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeRecord] = {}

    async def beat(self, node: NodeRecord) -> list[NodeRecord]:
        self.nodes[node.id] = node
        return list(self.nodes.values())

    async def remove_node(self, node_id: str) -> None:
        self.nodes.pop(node_id, None)


class Cluster:
    def __init__(self) -> None:
        self.clock, self.rows = Clock(), Rows()
        self.dead: list[tuple[str, str]] = []

    def node(self, name: str, began_at: int, keys: str = "") -> NodeService:
        return NodeService(
            self.rows,
            name,
            began_at=began_at,
            now=self.clock,
            heartbeat_s=HEARTBEAT_S,
            on_dead=lambda other: self.dead.append((name, other)),
            keys=keys,
        )

    async def beat(self, *nodes: NodeService, for_s: float = 0.0) -> None:
        """At once, and four times a heartbeat for so long."""
        end = self.clock.now + for_s
        while True:
            for node in nodes:
                await node.beat()
            if self.clock.now >= end:
                return
            self.clock.now += HEARTBEAT_S / 4


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


async def test_the_node_that_began_first_leads_and_no_other(cluster: Cluster) -> None:
    first, second, third = cluster.node("b", 1), cluster.node("a", 2), cluster.node("c", 2)
    assert not first.leads(), "it has not looked yet"
    await cluster.beat(first, second, third)
    await cluster.beat(first, second, third)
    assert [node.leads() for node in (first, second, third)] == [True, False, False]
    assert [node.alive for node in (first, second, third)] == [3, 3, 3]


async def test_a_node_that_falls_silent_is_dead_within_two_heartbeats_and_another_leads(
    cluster: Cluster,
) -> None:
    first, second, third = (cluster.node(name, at) for at, name in enumerate("abc"))
    await cluster.beat(first, second, third, for_s=HEARTBEAT_S)
    began = cluster.clock.now
    while not second.leads():
        await cluster.beat(second, third)
        assert cluster.clock.now - began < 2 * HEARTBEAT_S
        cluster.clock.now += HEARTBEAT_S / 4
    assert sorted(cluster.dead) == [("b", "a"), ("c", "a")]
    assert "a" not in cluster.rows.nodes
    assert not third.leads()


async def test_one_that_could_give_no_sign_leads_no_more_before_another_leads(cluster: Cluster) -> None:
    first, second = cluster.node("a", 1), cluster.node("b", 2)
    await cluster.beat(first, second, for_s=HEARTBEAT_S)
    assert first.leads()
    while not second.leads():
        cluster.clock.now += HEARTBEAT_S / 4
        await cluster.beat(second)
    assert not first.leads()
    await cluster.beat(first, second, for_s=HEARTBEAT_S)
    assert (first.leads(), second.leads()) == (True, False), "it has come back, and began first"


async def test_a_node_that_stops_is_missed_at_once(cluster: Cluster) -> None:
    first, second = cluster.node("a", 1), cluster.node("b", 2)
    async with running(first.keep()):
        await until(lambda: "a" in cluster.rows.nodes, "a sign of life")
        await cluster.beat(second)
    await cluster.beat(second)
    assert cluster.dead == [("b", "a")]
    assert second.leads()


async def test_a_node_that_was_only_ever_heard_of_dies_too(cluster: Cluster) -> None:
    node = cluster.node("a", 1)
    node.heard_of("b")
    await cluster.beat(node)
    assert cluster.dead == []
    await cluster.beat(node, for_s=2 * HEARTBEAT_S)
    assert cluster.dead == [("a", "b")]


async def test_nodes_with_other_keys_are_known(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    node, same, strange = (
        cluster.node(name, 1, keys) for name, keys in (("a", "k"), ("b", "k"), ("c", "other"))
    )
    await cluster.beat(same, strange, node, node)
    assert node.strangers == {"c"}
    told = [record.message for record in caplog.records if "other keys" in record.message]
    assert len(told) == 2, "each node tells its own log, once"
    await cluster.rows.remove_node("c")
    await node.beat()
    assert node.strangers == set()


def test_keys_are_told_apart_without_being_told(tmp_path: Path) -> None:
    config = load(env={}, flags={"data": str(tmp_path)})
    keys = load_keys(config)
    again = load_keys(config)
    assert fingerprint(keys) == fingerprint(again)
    other = keys._replace(access=b"another secret")
    assert fingerprint(other) != fingerprint(keys)
    assert fingerprint(keys._replace(signing=load_signing_keys(_folder(tmp_path)))) != fingerprint(keys)


def _folder(tmp_path: Path) -> Path:
    made = tmp_path / "other"
    made.mkdir()
    return made


async def test_a_chore_goes_on_while_its_node_leads() -> None:
    said: list[str] = []
    leads = False

    async def chore() -> None:
        said.append("begins")
        try:
            await asyncio.Event().wait()
        finally:
            said.append("ends")

    async with running(while_leading(lambda: leads, chore, 0.001)()):
        leads = True
        await until(lambda: said == ["begins"], "the chore to begin")
        leads = False
        await until(lambda: said == ["begins", "ends"], "the chore to end")
        leads = True
        await until(lambda: said == ["begins", "ends", "begins"], "the chore to begin again")
    assert said[-1] == "ends"


# ── who is where ─────────────────────────────────────────────────────────────────────────────────


class Node:
    """Presence at one node; `told` is what its readers are told."""

    def __init__(self, name: str, clock: Clock, network: "Network") -> None:
        self.name, self.bus, self.told = name, MemoryBus(), list[PresenceChanged]()
        self._network = network
        self.presence = PresenceService(_Readers(self.told), clock=clock)
        self.people = PeopleElsewhere(network.of(self), self.presence, node_id=name, sign_s=1.0)
        self.bus.subscribe(self.people.on_bus)

    def come(self, user_id: str, presence: Presence = "online", peer: str = "p1") -> None:
        self.presence.set(user_id, peer, presence, {ROOM}, status_text="")

    def sign(self) -> None:
        self._network.of(self).publish(PeopleHere(self.name, self.people._number, []))


class _Readers:
    def __init__(self, told: list[PresenceChanged]) -> None:
        self._told = told

    def publish(self, message: BusMessage) -> None:
        assert isinstance(message, ToRooms)
        assert isinstance(message.event, PresenceChanged)
        self._told.append(message.event)

    def subscribe(self, handler: Callable[[BusMessage], None]) -> None:
        raise NotImplementedError


class Network:
    def __init__(self) -> None:
        self.clock = Clock()
        self.works = True
        self.nodes: list[Node] = []
        self.nodes += [Node(name, self.clock, self) for name in ("a", "b")]

    def of(self, node: Node) -> "_End":
        return _End(node, self)

    def tell(self) -> None:
        """Until nobody has anything left to say."""
        for _ in range(4):
            for node in self.nodes:
                node.people.tell()

    def later(self, seconds: float) -> None:
        self.clock.now += seconds
        for node in self.nodes:
            for _ in node.presence.tell_due():
                pass


class _End:
    def __init__(self, node: Node, network: Network) -> None:
        self._node, self._network = node, network

    def publish(self, message: BusMessage) -> None:
        for node in self._network.nodes:
            if node is self._node or self._network.works:
                node.bus.publish(message)

    def subscribe(self, handler: Callable[[BusMessage], None]) -> None:
        self._node.bus.subscribe(handler)


@pytest.fixture
def network() -> Network:
    return Network()


def states(node: Node) -> list[tuple[str, Presence]]:
    return [(event.user_id, event.presence) for event in node.told]


def test_who_comes_to_one_node_is_seen_at_the_other(network: Network) -> None:
    a, b = network.nodes
    a.come("alice", "busy")
    network.tell()
    assert b.presence.of("alice") == "busy"
    assert states(a) == states(b) == [("alice", "busy")]
    assert b.presence.is_here("alice")


def test_who_is_at_two_nodes_is_gone_when_they_have_left_both(network: Network) -> None:
    a, b = network.nodes
    a.come("alice", peer="p1")
    b.come("alice", "away", peer="p2")
    network.tell()
    network.later(INTERVAL_S)
    a.presence.remove("alice", "p1")
    network.tell()
    network.later(2 * GRACE_S)
    assert [node.presence.of("alice") for node in (a, b)] == ["away", "away"]
    b.presence.remove("alice", "p2")
    network.tell()
    network.later(2 * GRACE_S)
    for node in (a, b):
        assert node.presence.of("alice") == "offline"
        assert states(node)[-2:] == [("alice", "away"), ("alice", "offline")]


def test_who_wants_not_to_be_seen_is_seen_at_no_node(network: Network) -> None:
    a, b = network.nodes
    a.come("alice", "offline", peer="p1")
    b.come("alice", "online", peer="p2")
    network.tell()
    assert [node.presence.of("alice") for node in (a, b)] == ["offline", "offline"]
    assert b.presence.is_here("alice")


def test_people_of_a_dead_node_are_gone_after_the_time_of_grace(network: Network) -> None:
    a, b = network.nodes
    a.come("alice")
    a.come("bob")
    network.tell()
    b.people.node_is_dead("a")
    b.come("bob", peer="p2")
    network.later(GRACE_S)
    network.later(INTERVAL_S)
    assert b.presence.of("alice") == "offline"
    assert b.presence.of("bob") == "online", "he came back at this node"
    assert ("bob", "offline") not in states(b)


def test_what_was_missed_is_asked_for_once_it_is_noticed(network: Network) -> None:
    a, b = network.nodes
    a.come("alice")
    network.tell()
    network.works = False
    a.presence.remove("alice", "p1")
    a.come("bob")
    network.tell()
    network.works = True
    assert (b.presence.of("alice"), b.presence.of("bob")) == ("online", "offline")
    a.sign()
    network.tell()
    network.later(2 * GRACE_S)
    assert (b.presence.of("alice"), b.presence.of("bob")) == ("offline", "online")


def test_a_line_that_is_back_brings_everyone_both_ways(network: Network) -> None:
    a, b = network.nodes
    network.works = False
    for number in range(2 * STEP + 1):
        a.come(f"user{number}")
    b.come("bob")
    network.tell()
    network.works = True
    b.people.ask()
    network.tell()
    assert b.presence.of(f"user{2 * STEP}") == a.presence.of("bob") == "online"
    assert len(b.presence) == 2 * STEP + 2


def test_a_node_that_has_nobody_says_so(network: Network) -> None:
    a, b = network.nodes
    a.come("alice")
    network.tell()
    network.works = False
    a.presence.remove("alice", "p1", for_good=True)
    network.tell()
    network.works = True
    b.bus.publish(PeopleWanted(""))
    network.nodes[0].bus.publish(PeopleWanted("a"))
    network.tell()
    network.later(2 * GRACE_S)
    assert b.presence.of("alice") == "offline"


def test_rooms_that_are_entered_and_left_are_where_one_is_told_of(network: Network) -> None:
    a, b = network.nodes
    a.come("alice")
    network.tell()
    room = Room(
        id="room-2",
        name="kitchen",
        topic="",
        visibility="public",
        kind="room",
        created_by="bob",
        created_at="2023-11-14T22:13:20.000Z",
        last_seq=0,
        rev=1,
    )
    joined = RoomJoined(room_id="room-2", room=room, members=[], last_seq=0, rev=1)
    b.bus.publish(CameIn(event=None, joined=joined, user_id="alice", asked_by=""))
    left = MemberLeft(room_id=ROOM, rev=2, user_id="alice", username="alice")
    b.bus.publish(WentOut(event=left, left=RoomLeft(room_id=ROOM), user_id="alice", asked_by=""))
    assert b.people._nodes["a"].rooms == {"alice": {"room-2"}}


# ── what nodes remember of people ────────────────────────────────────────────────────────────────


def test_what_another_node_has_done_to_people_is_not_remembered_otherwise() -> None:
    sessions = Sessions(clock=lambda: 0, on_revoked=lambda _: None)
    for name in ("alice", "bob"):
        for device in ("laptop", "phone"):
            who = Principal(
                user_id=name, username=name, display_name=name, role="user", device_id=f"{name}-{device}"
            )
            sessions.principals.put(SignedInDevice(principal=who, signed_in_at=0))
    sessions.on_bus(DeviceRevoked(device_id="alice-phone"))
    sessions.on_bus(UserChanged(user_id="bob"))
    known = [f"{name}-{device}" for name in ("alice", "bob") for device in ("laptop", "phone")]
    assert [name for name in known if sessions.principals.get(name)] == ["alice-laptop"]
    sessions.principals.forget_all()
    assert len(sessions.principals) == 0


async def test_wrong_passwords_count_at_every_node() -> None:
    """More nodes are no more tries: as many as one node takes, wherever they come."""
    buses = [MemoryBus(), MemoryBus()]

    def tell(tried: Tried) -> None:
        for bus in buses:
            bus.publish(tried)

    passwords = Passwords(cost=4)
    gates = [PasswordGate(passwords, clock=lambda: 0, tell=tell) for _ in buses]
    try:
        for bus, gate in zip(buses, gates, strict=True):
            bus.subscribe(gate.on_bus)
        for number in range(ACCOUNT.free):
            assert not await gates[number % 2].fits("alice", "192.0.2.1", "guess", None)
        for gate in gates:
            with pytest.raises(RateLimited):
                await gate.fits("alice", "192.0.2.1", "guess", None)
    finally:
        passwords.close()
