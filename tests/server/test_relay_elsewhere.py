"""A relayed session whose devices are at different nodes: the rules, with packets carried in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mesh_server import relay_elsewhere
from mesh_server.config import RelaySettings
from mesh_server.relay import End, Inbox, Relay
from mesh_server.relay_elsewhere import SILENT_S, RelayElsewhere
from mesh_server.store.base import RelayUsage, SessionRecord, SideDevice, SideRecord
from protocol.close import CloseCode
from tests.support.conditions import PATIENCE_S, until
from tests.support.tasks import running

MIB = 1024 * 1024
RECORD = SessionRecord(
    id="session",
    room_id="room",
    kind="file",
    asker=SideRecord(user_id="alice", username="alice", devices=(SideDevice(id="alice-laptop"),)),
    peer=SideRecord(user_id="bob", username="bob", devices=(SideDevice(id="bob-laptop"),)),
    created_at=0,
    expires_at=1,
    accepted_at=0,
    peer_device="bob-laptop",
)


class Air:
    """Carries from each line to all others that listen, in order; nothing while it `is_cut`."""

    def __init__(self) -> None:
        self.lines: list[AirLine] = []
        self.is_cut = False

    def bring(self, sender: "AirLine", topic: str, data: bytes) -> None:
        for line in self.lines:
            if line is not sender and topic in line.topics and not self.is_cut:
                asyncio.get_running_loop().call_soon(line.on_heard, topic, data)


class AirLine:
    """A `PacketLine`."""

    def __init__(self, air: Air) -> None:
        self.topics: set[str] = set()
        self.on_heard: Callable[[str, bytes], None] = lambda _topic, _data: None
        self.on_up: Callable[[], None] = lambda: None
        self._air = air
        air.lines.append(self)

    def listen(self, topic: str) -> None:
        self.topics.add(topic)

    def ignore(self, topic: str) -> None:
        self.topics.discard(topic)

    def say(self, topic: str, data: bytes) -> None:
        self._air.bring(self, topic, data)

    async def carry(self, topic: str, data: bytes) -> None:
        self._air.bring(self, topic, data)


class Node:
    """A relay, what of it is elsewhere, and how each end of it was closed."""

    def __init__(self, air: Air, **settings: Any) -> None:
        self.now = 1000.0
        self.line = AirLine(air)
        self.relay = Relay(RelaySettings(**settings), clock=lambda: 0, now=lambda: self.now)
        self.elsewhere = RelayElsewhere(self.relay, self.line, now=lambda: self.now)
        self.closed: list[tuple[str, CloseCode]] = []

    def join(self, user: str) -> End:
        return self.relay.join(RECORD, f"{user}-laptop", lambda code, _: self.closed.append((user, code)))


@asynccontextmanager
async def two_nodes(air: Air, **settings: Any) -> AsyncIterator[tuple[Node, Node]]:
    one, two = Node(air, **settings), Node(air, **settings)
    async with running(one.elsewhere.keep(), two.elsewhere.keep()):
        yield one, two


async def comes(inbox: Inbox, *packets: bytes) -> None:
    for packet in packets:
        async with asyncio.timeout(PATIENCE_S):
            assert await inbox.take() == packet


async def test_each_gets_what_the_other_sends_in_order() -> None:
    async with two_nodes(Air()) as (one, two):
        alice, bob = one.join("alice"), two.join("bob")
        for number in range(100):
            one.relay.forward(alice, b"%d" % number)
        two.relay.forward(bob, b"hello")
        await comes(bob.inbox, *(b"%d" % number for number in range(100)))
        await comes(alice.inbox, b"hello")
        assert (one.relay.packets, two.relay.packets) == (100, 1), "each is counted where it was sent"


async def test_who_comes_later_finds_what_waits() -> None:
    async with two_nodes(Air()) as (one, two):
        one.relay.forward(one.join("alice"), b"first")
        await comes(two.join("bob").inbox, b"first")


async def test_a_device_that_moves_is_followed_and_its_old_connection_ends() -> None:
    async with two_nodes(Air()) as (one, two):
        alice, before = one.join("alice"), one.join("bob")
        now = two.join("bob")
        await until(lambda: one.elsewhere.devices == 1, "one to know that bob has moved")
        assert one.closed == [("bob", CloseCode.REPLACED)]
        one.relay.leave(before)
        one.relay.forward(alice, b"to the new place")
        await comes(now.inbox, b"to the new place")
        back = one.join("bob")
        await until(lambda: two.closed == [("bob", CloseCode.REPLACED)], "two to know that he is back")
        one.relay.forward(alice, b"and back")
        await comes(back.inbox, b"and back")
        assert one.elsewhere.devices == 0


async def test_who_comes_is_told_at_once_who_is_there() -> None:
    """Without a sign: nobody says anything by itself here."""
    air = Air()
    one, two = Node(air), Node(air)
    alice = one.join("alice")
    two.relay.forward(two.join("bob"), b"hello")
    await comes(alice.inbox, b"hello")


async def test_who_comes_here_gets_what_waits_though_nobody_elsewhere_hears_of_it() -> None:
    air = Air()
    async with two_nodes(air) as (one, two):
        alice, _ = one.join("alice"), two.join("bob")
        await until(lambda: one.elsewhere.devices == 1, "one to know of bob")
        air.is_cut = True
        back = one.join("bob")
        assert one.elsewhere.devices == 0
        one.relay.forward(alice, b"here")
        await comes(back.inbox, b"here")
        one.line.on_heard("session", relay_elsewhere._encode(relay_elsewhere.Here(["bob-laptop"])))
        assert one.elsewhere.devices == 0, "what another node said before it knew"


async def test_a_device_that_goes_on_giving_signs_is_kept_and_where_carrying_failed_it_begins_again() -> None:
    air = Air()
    one, two = Node(air), Node(air)
    alice, bob = one.join("alice"), two.join("bob")
    await until(lambda: one.elsewhere.devices == 1, "one to know of bob")
    (first,) = one.elsewhere._away.values()
    for _ in range(3):
        one.now += SILENT_S - 1
        two.elsewhere.say_all()
        await asyncio.sleep(0)
        one.elsewhere.forget_silent()
    assert list(one.elsewhere._away.values()) == [first]
    first.task.cancel()
    await until(first.task.done, "the end of what carries")
    two.elsewhere.say_all()
    one.relay.forward(alice, b"again")
    await comes(bob.inbox, b"again")


async def test_a_node_that_stops_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    async with two_nodes(Air()) as (one, two):
        one.join("alice")
        two.join("bob")
        await until(lambda: one.elsewhere.devices == two.elsewhere.devices == 1, "both to know")
    await until(lambda: asyncio.all_tasks() <= before, "the end of every task")


async def test_nothing_is_carried_to_who_has_left() -> None:
    async with two_nodes(Air()) as (one, two):
        alice, bob = one.join("alice"), two.join("bob")
        await until(lambda: one.elsewhere.devices == 1, "one to know of bob")
        two.relay.leave(bob)
        await until(lambda: one.elsewhere.devices == 0, "one to know that bob is gone")
        assert two.line.topics == set()
        one.relay.forward(alice, b"it waits")
        await comes(two.join("bob").inbox, b"it waits")
        one.relay.leave(alice)
        assert one.elsewhere.devices == 0
        assert one.line.topics == set()


async def test_a_node_that_falls_silent_is_carried_nothing_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay_elsewhere, "SIGN_S", 0.01)
    air = Air()
    async with two_nodes(air) as (one, two):
        alice, bob = one.join("alice"), two.join("bob")
        await until(lambda: one.elsewhere.devices == 1, "one to know of bob")
        air.is_cut = True
        one.now += SILENT_S + 1
        await until(lambda: one.elsewhere.devices == 0, "one to give bob up")
        one.relay.forward(alice, b"it waits")
        air.is_cut = False
        await comes(bob.inbox, b"it waits")


async def test_a_new_line_asks_who_is_there() -> None:
    air = Air()
    async with two_nodes(air) as (one, two):
        air.is_cut = True
        alice, bob = one.join("alice"), two.join("bob")
        one.relay.forward(alice, b"from one")
        two.relay.forward(bob, b"from two")
        await asyncio.sleep(0)
        air.is_cut = False
        two.line.on_up()
        await comes(bob.inbox, b"from one")
        await comes(alice.inbox, b"from two")


async def test_the_quota_of_a_session_is_over_at_both_nodes() -> None:
    async with two_nodes(Air(), session_mib=1, rate_kib=0) as (one, two):
        alice, bob = one.join("alice"), two.join("bob")
        for number in range(64):
            one.relay.forward(alice, bytes(16 * 1024))
            if number % 8 == 0:
                await until(lambda: not alice.outbox.waiting_bytes, "them to be carried")
        assert one.closed == [("alice", CloseCode.RATE)]
        await until(lambda: bob.inbox.waiting_bytes + bob.inbox.dropped * 16 * 1024 == 63 * 16 * 1024, "all")
        two.relay.forward(bob, bytes(16 * 1024))
        assert two.closed == [("bob", CloseCode.RATE)]


async def test_what_came_from_elsewhere_counts_for_the_session() -> None:
    """A node may have counted more than the other: it knows what went before."""
    async with two_nodes(Air(), session_mib=1, rate_kib=0) as (one, two):
        one.relay.all_told(RelayUsage(sessions={"session": MIB - 10}))
        one.join("alice")
        bob = two.join("bob")
        two.relay.forward(bob, bytes(10))
        await until(lambda: one.closed == [("alice", CloseCode.RATE)], "her end to be closed")


async def test_what_was_counted_here_is_not_forgotten_for_what_others_have_told() -> None:
    one = Node(Air(), session_mib=1, rate_kib=0)
    alice = one.join("alice")
    for _ in range(63):
        one.relay.forward(alice, bytes(16 * 1024))
    one.relay.take_news()
    one.relay.all_told(RelayUsage(sessions={"session": 10}))
    assert one.closed == []
    one.relay.forward(alice, bytes(16 * 1024))
    assert one.closed == [("alice", CloseCode.RATE)]


async def test_what_comes_for_a_device_that_is_not_here_is_dropped() -> None:
    """Else it would be carried back to where it came from."""
    one = Node(Air())
    alice = one.join("alice")
    word = relay_elsewhere._encode(relay_elsewhere.Carried("bob-laptop", [b"round and round"]))
    one.line.on_heard("session", word)
    assert not alice.outbox.waiting_bytes


async def test_what_is_no_word_is_passed_over() -> None:
    async with two_nodes(Air()) as (one, two):
        alice, bob = one.join("alice"), two.join("bob")
        for rubbish in (b"", b"\xff" * 9, b"\x81\xa4type\xa5Other", b"\x93\x01\x02\x03"):
            one.line.on_heard("session", rubbish)
            one.line.on_heard("another", rubbish)
        two.line.say("session", relay_elsewhere._encode(relay_elsewhere.Here(["nobody-of-the-session"])))
        two.relay.forward(bob, b"hello")
        await comes(alice.inbox, b"hello")
        assert one.elsewhere.devices == 1
