"""Rates and caps, without a server: the clock is a number."""

import random

import msgspec
import pytest

from mesh_server.caps import ConnectionCaps, TcpCaps
from mesh_server.http import routes
from mesh_server.limits import Buckets, Caller, Kind, Limiter, Limits, Patience, Rate, parse_rate
from mesh_server.services.addresses import parse_networks
from mesh_server.ws.routes import ROUTES
from protocol.errors import RateLimited

HERE, THERE = "192.0.2.1", "2001:db8::/64"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refusal(limiter: Limiter, kind: Kind, caller: Caller) -> RateLimited:
    with pytest.raises(RateLimited) as caught:
        limiter.spend(kind, caller)
    return caught.value


# ── rates ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("60/10s", Rate(60, 10.0)),
        ("5/s", Rate(5, 1.0)),
        ("100/m", Rate(100, 60.0)),
        ("1/2h", Rate(1, 7200.0)),
        ("off", None),
    ],
)
def test_a_rate_is_written_as_times_and_a_span(text: str, rate: Rate | None) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "60", "60/", "0/s", "60/10", "-1/s", "1.5/s", "60/10d", "on", "6 0/s"])
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="60/10s"):
        parse_rate(text)


def test_each_kind_is_a_setting_and_each_rate_a_kind() -> None:
    rates = {name for name in Limits.__struct_fields__ if isinstance(getattr(Limits(), name), str)}
    assert rates == {*Kind, "refusals", "excess"}


@pytest.mark.parametrize("name", [*Kind, "refusals", "excess"])
def test_a_rate_that_cannot_be_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=f"limits.{name}: 'often'"):
        msgspec.convert({str(name): "often"}, Limits)


def test_every_kind_counts_something() -> None:
    used = {each.counts_as for each in routes.CALLS} | {route.kind for route in ROUTES.values()}
    assert used | {Kind.CONNECT} == set(Kind)


# ── buckets ──────────────────────────────────────────────────────────────────────────────────────


def test_a_burst_then_the_rate() -> None:
    buckets = Buckets(Rate(10, 5.0))
    assert [buckets.take("a", 0.0) for _ in range(10)] == [0.0] * 10
    assert buckets.take("a", 0.0) == pytest.approx(0.5)
    assert buckets.take("a", 0.4) == pytest.approx(0.1)
    assert buckets.take("a", 0.5) == 0.0
    assert buckets.take("a", 0.5) > 0
    assert [buckets.take("a", 60.0) for _ in range(10)] == [0.0] * 10
    assert buckets.take("a", 60.0) > 0


def test_who_waits_as_long_as_told_is_let_in() -> None:
    """Also after a long time, when a float has fewer digits left."""
    clock = Clock()
    limiter = Limiter(Limits(send="7/3s"), clock=clock)
    draw = random.Random(1)
    for start in (0.0, 1e6, 1e9):
        clock.now = start
        for _ in range(300):
            clock.now += draw.random() / 10
            try:
                limiter.spend(Kind.SEND, Caller("d", "u", HERE))
            except RateLimited as error:
                clock.now += error.retry_after or 0
                limiter.spend(Kind.SEND, Caller("d", "u", HERE))


def test_over_any_time_no_more_is_let_in_than_the_rate() -> None:
    buckets = Buckets(Rate(20, 4.0))
    draw = random.Random(2)
    taken, now = [], 0.0
    for _ in range(5000):
        now += draw.expovariate(20)
        if not buckets.take("a", now):
            taken.append(now)
    for number, first in enumerate(taken):
        within = sum(1 for moment in taken[number:] if moment < first + 4.0)
        assert within <= 2 * 20


def test_memory_is_bounded_and_the_full_ones_go_first() -> None:
    buckets = Buckets(Rate(2, 10.0), entries_max=100)
    for number in range(60):
        buckets.take(f"old{number}", 0.0)
    for number in range(60):
        buckets.take(f"new{number}", 20.0)
    assert len(buckets) == 60
    assert all(buckets.take(f"new{number}", 20.0) == 0.0 for number in range(40))
    assert all(buckets.take(f"new{number}", 20.0) > 0.0 for number in range(40))
    for number in range(100_000):
        buckets.take(f"stranger{number}", 20.0)
        assert len(buckets) <= 100


# ── who is held to it ────────────────────────────────────────────────────────────────────────────


def test_a_device_a_user_and_an_address_each_have_their_share() -> None:
    limiter = Limiter(Limits(send="10/10s", user_factor=2, address_factor=3), clock=Clock())
    for _ in range(10):
        limiter.spend(Kind.SEND, Caller("laptop", "alice", HERE))
    refusal(limiter, Kind.SEND, Caller("laptop", "alice", HERE))
    for _ in range(10):
        limiter.spend(Kind.SEND, Caller("phone", "alice", HERE))
    refusal(limiter, Kind.SEND, Caller("tablet", "alice", THERE))
    for number in range(10):
        limiter.spend(Kind.SEND, Caller(f"of bob {number}", "bob", HERE))
    refusal(limiter, Kind.SEND, Caller("of carol", "carol", HERE))
    limiter.spend(Kind.SEND, Caller("of carol", "carol", THERE))
    limiter.spend(Kind.SEND, Caller("of carol", "carol", None))
    assert dict(limiter.refused) == {
        (Kind.SEND, "device"): 1,
        (Kind.SEND, "user"): 1,
        (Kind.SEND, "address"): 1,
    }


def test_who_is_refused_has_spent_nothing() -> None:
    clock = Clock()
    limiter = Limiter(Limits(send="10/10s", user_factor=1, address_factor=1), clock=clock)
    for _ in range(10):
        limiter.spend(Kind.SEND, Caller("laptop", "alice", HERE))
    for _ in range(50):
        refusal(limiter, Kind.SEND, Caller("phone", "alice", THERE))
    for _ in range(10):
        limiter.spend(Kind.SEND, Caller("phone", "bob", THERE))


def test_kinds_do_not_count_for_each_other() -> None:
    limiter = Limiter(Limits(send="1/h", typing="1/h"), clock=Clock())
    caller = Caller("laptop", "alice", HERE)
    limiter.spend(Kind.SEND, caller)
    limiter.spend(Kind.TYPING, caller)
    assert refusal(limiter, Kind.SEND, caller).retry_after == pytest.approx(3600, abs=1)


def test_a_refusal_says_how_long_to_wait() -> None:
    limiter = Limiter(Limits(send="1/10s"), clock=Clock())
    limiter.spend(Kind.SEND, Caller("laptop"))
    error = refusal(limiter, Kind.SEND, Caller("laptop"))
    assert error.message == "Too much in a short time. Wait 10 seconds."
    assert error.retry_after == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize("limits", [Limits(enabled=False, send="1/h"), Limits(send="off")])
def test_what_is_off_is_not_limited(limits: Limits) -> None:
    limiter = Limiter(limits, clock=Clock())
    for _ in range(10_000):
        limiter.spend(Kind.SEND, Caller("laptop", "alice", HERE))


def test_the_memory_of_all_kinds_is_bounded() -> None:
    limiter = Limiter(Limits(), clock=Clock(), entries_max=10)
    for number in range(1000):
        for kind in Kind:
            limiter.spend(kind, Caller(f"d{number}", f"u{number}", f"a{number}"))
    assert len(limiter) <= 10 * 3 * len(Kind)


def test_patience_ends_and_comes_back() -> None:
    patience = Patience(Rate(3, 3.0))
    assert [patience.lost(1000.0) for _ in range(4)] == [False, False, False, True]
    assert not patience.lost(1003.0)
    assert not any(Patience(None).lost(1000.0) for _ in range(1000))


# ── connections ──────────────────────────────────────────────────────────────────────────────────


def test_connections_are_counted_by_address_by_user_and_in_all() -> None:
    caps = ConnectionCaps(Limits(connections=3, connections_per_address=2, connections_per_user=1))
    with caps.one_from(HERE), caps.one_from(HERE), caps.one_of("alice"):
        with pytest.raises(RateLimited, match="address"), caps.one_from(HERE):
            raise AssertionError
        with pytest.raises(RateLimited, match="person"), caps.one_of("alice"):
            raise AssertionError
        with caps.one_from(None), pytest.raises(RateLimited, match="server") as caught, caps.one_from(THERE):
            raise AssertionError
        assert caught.value.retry_after
        with caps.one_from(THERE), caps.one_of("bob"):
            pass
    assert (caps.open, len(caps)) == (0, 0)
    assert dict(caps.refused) == {"address": 1, "user": 1, "all": 1}


def test_tcp_connections_are_counted_before_anything_is_known_of_them() -> None:
    caps = TcpCaps(5, 2, trusted=parse_networks(["10.0.0.0/8"]))
    # A network of IPv6 is one address, and an address of IPv4 is one however it is written.
    hosts = [HERE, f"::ffff:{HERE}", HERE, "2001:db8::1", "2001:db8:0::2", "2001:db8::3", "127.0.0.1"]
    places = [caps.enter(host) for host in hosts]
    assert places == [HERE, HERE, None, THERE, THERE, None, ""]
    assert caps.enter("10.1.2.3") is None, "all are counted in all"
    assert dict(caps.refused) == {"tcp_address": 2, "tcp": 1}
    for place in places:
        if place is not None:
            caps.leave(place)
    assert (caps.open, len(caps)) == (0, 0)
    assert [caps.enter(host) for host in ("::1", "127.0.0.1", "10.1.2.3", "10.1.2.3", "10.1.2.3")] == [""] * 5
