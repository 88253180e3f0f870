"""A connection without sockets, in virtual time: what it carries, whom it trusts, what it does not endure."""

import random

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.rangeset import RangeSet
from aioquic.tls import Epoch
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.net.base import WrongCertificate
from mesh_agent.net.connection import FRAGMENTS, IDLE_S, STREAM, WINDOW_BYTES, configuration
from mesh_agent.net.engine import KEEPALIVE_S, SEND_BYTES, SILENCE_S, Engine
from scripts.bench.simulated import End, Link, World
from tests.support.lanes import certificate, opened, pair

MIB = 2**20


def rough(seed: int) -> Link:
    return Link(
        rate=2e6,
        delay_s=0.02,
        queue_bytes=100_000,
        loss=0.02,
        late=0.02,
        twice=0.02,
        chance=random.Random(seed),
    )


@pytest.mark.parametrize("seed", range(3))
def test_bytes_arrive_whole_and_in_order_whatever_the_link_does(seed: int) -> None:
    world = World()
    alice, bob = opened(world, rough(seed), rough(seed + 100))
    sent = random.Random(seed).randbytes(MIB)
    alice.engine.write(sent)
    bob.engine.write(sent[: MIB // 4])
    alice.kept, bob.kept = [], []
    assert world.run(lambda: bob.got == MIB and alice.got == MIB // 4)
    assert b"".join(bob.kept) == sent
    assert b"".join(alice.kept) == sent[: MIB // 4]
    assert alice.link.dropped


@pytest.mark.parametrize("quick", [(True, False), (False, True), (False, False)])
def test_shortcuts_and_the_long_way_understand_each_other(quick: tuple[bool, bool]) -> None:
    world = World()
    alice, bob = opened(world, rough(5), rough(6))
    alice.engine.connection.shortcuts, bob.engine.connection.shortcuts = quick
    sent = random.Random(5).randbytes(MIB // 2)
    alice.engine.write(sent)
    alice.engine.finish()
    bob.engine.write(sent)
    alice.kept, bob.kept = [], []
    assert world.run(lambda: bob.engine.ended and alice.got == len(sent))
    assert b"".join(bob.kept) == b"".join(alice.kept) == sent


class Asking(World):
    """Asks an engine whether it has said all, and holds it to that."""

    said = 0

    def _flush(self, end: End) -> None:
        end.work()
        while batch := end.engine.send(self.now):
            if end.engine.said_all(batch):
                self.said += 1
                assert end.engine.send(self.now) == []
            self._post(end, batch)
            end.work()


@pytest.mark.parametrize("seed", range(3))
def test_an_engine_that_has_said_all_has(seed: int) -> None:
    """So a lane does not ask it for more after each small packet."""
    world, chance = Asking(), random.Random(seed)
    alice, bob = opened(world, rough(seed), rough(seed + 100))
    sizes = [chance.choice((10, 200, 400, 5_000)) for _ in range(100)]
    for count, size in enumerate(sizes, 1):
        alice.engine.write(bytes(size))
        bob.engine.write(bytes(20))
        assert world.run(lambda count=count: bob.got == sum(sizes[:count]) and alice.got == 20 * count)  # type: ignore[misc]
    alice.engine.finish()
    bob.engine.close("")
    assert world.run(lambda: alice.engine.lost)
    assert world.said > 100


def test_keys_are_changed_while_bytes_flow() -> None:
    world = World()
    alice, bob = opened(world, rough(7), rough(8))
    alice.engine.connection.key_packets = 100
    sent = random.Random(7).randbytes(MIB)
    alice.engine.write(sent)
    bob.kept = []
    first = alice.engine.connection._cryptos[Epoch.ONE_RTT].send.secret
    assert world.run(lambda: bob.got == MIB)
    assert b"".join(bob.kept) == sent
    assert alice.engine.connection._cryptos[Epoch.ONE_RTT].send.secret != first


def test_the_end_is_told_after_the_last_byte() -> None:
    world = World()
    alice, bob = opened(world)
    alice.engine.write(b"all of it")
    alice.engine.finish()
    assert world.run(lambda: bob.engine.ended)
    assert bob.got == 9
    assert world.run(lambda: alice.engine.delivered)
    assert bob.engine.lost is None


# ── who is there ─────────────────────────────────────────────────────────────────────────────────


def test_a_client_says_nothing_to_a_server_with_another_certificate() -> None:
    world = World()
    alice, bob = pair(world, pins="mallory")
    assert world.run(lambda: alice.engine.lost and bob.engine.lost)
    assert isinstance(alice.engine.lost, WrongCertificate)
    assert not alice.engine.ready
    assert not bob.engine.ready


def test_a_server_that_knows_its_client_takes_no_other() -> None:
    world = World()
    alice, bob = pair(world, admits="mallory")
    assert world.run(lambda: alice.engine.lost and bob.engine.lost)
    assert isinstance(bob.engine.lost, WrongCertificate)
    assert not bob.engine.ready


def test_a_server_that_knows_its_client_takes_none_without_a_certificate() -> None:
    world = World()
    alice, bob = pair(world)
    alice.engine.connection.configuration.certificate = None
    alice.engine.connection.tls.certificate = None
    assert world.run(lambda: bob.engine.lost)
    assert isinstance(bob.engine.lost, WrongCertificate)
    assert not bob.engine.ready


def test_a_server_that_knows_nobody_takes_anybody() -> None:
    world = World()
    alice, bob = pair(world, admits=None)
    assert world.run(lambda: alice.engine.ready and bob.engine.ready)


@pytest.mark.parametrize("protocols", [None, ["h3"]])
def test_who_speaks_another_protocol_is_not_answered(protocols: list[str] | None) -> None:
    other = QuicConnection(configuration=QuicConfiguration(alpn_protocols=protocols, verify_mode=0))
    other.connect("server", now=0.0)
    ((first, _), *_) = other.datagrams_to_send(0.0)
    server = Engine.server(
        configuration(certificate("bob"), client=False, datagram_bytes=1_200),
        None,
        destination=first[6 : 6 + first[5]],
    )
    server.receive([first], "client", 0.0)
    assert server.lost is not None
    assert not server.ready


# ── who does not play by the rules ───────────────────────────────────────────────────────────────


def test_a_reader_that_rests_stops_the_writer_and_keeps_a_bounded_number_of_bytes() -> None:
    world = World()
    alice, bob = opened(world)
    bob.reads = False
    alice.left = 4 * WINDOW_BYTES
    world.run(lambda: False, limit_s=10)
    assert bob.engine.unread == WINDOW_BYTES
    assert alice.engine.unconfirmed <= SEND_BYTES + 64 * 1024
    assert alice.engine.lost is None
    bob.reads = True
    assert world.run(lambda: bob.got == 4 * WINDOW_BYTES)


def test_a_peer_that_sends_beyond_its_window_is_closed() -> None:
    world = World()
    alice, bob = opened(world)
    bob.reads = False
    connection = alice.engine.connection
    connection._remote_max_data = 2**40
    connection._streams[STREAM].max_stream_data_remote = 2**40
    alice.left = 2 * WINDOW_BYTES
    assert world.run(lambda: alice.engine.lost and bob.engine.lost)
    assert bob.engine.unread <= WINDOW_BYTES


@pytest.mark.parametrize("stream_id", [2, 4])
def test_a_peer_that_opens_another_stream_is_closed(stream_id: int) -> None:
    world = World()
    alice, bob = opened(world)
    connection = alice.engine.connection
    connection._remote_max_streams_bidi = connection._remote_max_streams_uni = 9
    connection._remote_max_stream_data_uni = 9_999
    connection.send_stream_data(stream_id, b"here as well")
    assert world.run(lambda: alice.engine.lost and bob.engine.lost)
    assert bob.engine.unread == 0


def test_a_peer_that_sends_every_other_byte_is_closed() -> None:
    world = World()
    alice, bob = opened(world)
    alice.engine.write(bytes(4 * FRAGMENTS))
    sender = alice.engine.connection._streams[STREAM].sender
    sender._pending = RangeSet()
    sender._pending._RangeSet__ranges = [  # type: ignore[attr-defined]
        range(at, at + 1) for at in range(1, 4 * FRAGMENTS, 2)
    ]
    assert world.run(lambda: bob.engine.lost)


@given(
    st.lists(st.binary(max_size=80), max_size=8),
    st.sampled_from([b"\x40", b"\x5f", b"\xc0\0\0\0\1\x08", b"\xe0\0\0\0\1\x08"]),
)
@settings(max_examples=40, deadline=None)
def test_garbage_for_a_connection_changes_nothing(pieces: list[bytes], head: bytes) -> None:
    world, (alice, bob) = _established()
    (identifier, *_) = bob.engine.ids
    bob.engine.receive([head + identifier + piece for piece in pieces], "client", world.now)
    assert bob.engine.lost is None
    before = bob.got
    alice.engine.write(b"still here")
    assert world.run(lambda: bob.got == before + 10)


_kept: list[tuple[World, tuple[End, End]]] = []


def _established() -> tuple[World, tuple[End, End]]:
    if not _kept:
        world = World()
        _kept.append((world, opened(world)))
    return _kept[0]


# ── who is gone ──────────────────────────────────────────────────────────────────────────────────


def test_a_quiet_connection_lasts() -> None:
    world = World()
    alice, bob = opened(world)
    before = alice.link.carried
    world.run(lambda: False, limit_s=20 * IDLE_S)
    assert alice.engine.lost is None
    assert bob.engine.lost is None
    assert 0 < alice.link.carried - before < 200 * 20 * IDLE_S / KEEPALIVE_S


@pytest.mark.parametrize("busy", [False, True])
def test_a_peer_that_vanishes_is_missed_in_bounded_time(busy: bool) -> None:
    world = World()
    alice, bob = opened(world, Link(rate=1e6, delay_s=0.02), Link(rate=1e6, delay_s=0.02))
    alice.left = 100 * MIB if busy else 0
    world.run(lambda: False, limit_s=1)
    alice.link.down = bob.link.down = True
    gone = world.now
    assert world.run(lambda: alice.engine.lost and bob.engine.lost)
    assert world.now - gone < SILENCE_S + 1
    assert "does not answer" in str(alice.engine.lost)


def test_a_link_that_was_down_for_a_while_is_used_again() -> None:
    world = World()
    alice, bob = opened(world, Link(rate=1e6, delay_s=0.02), Link(rate=1e6, delay_s=0.02))
    alice.left = 4 * MIB
    world.run(lambda: False, limit_s=1)
    alice.link.down = bob.link.down = True
    world.run(lambda: False, limit_s=6)
    alice.link.down = bob.link.down = False
    assert world.run(lambda: bob.got == 4 * MIB, limit_s=30)


def test_who_closes_is_missed_at_once() -> None:
    world = World()
    alice, bob = opened(world)
    closed = world.now
    alice.engine.close("enough")
    assert world.run(lambda: bob.engine.lost)
    assert world.now - closed < 0.02
    assert alice.engine.lost is not None
