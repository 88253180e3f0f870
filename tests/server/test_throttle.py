"""Who waits how long, without a clock."""

import pytest

from mesh_server.services.addresses import network
from mesh_server.services.throttle import (
    ACCOUNT,
    ADDRESS,
    REGISTRATION,
    AccountThrottle,
    Rule,
    Throttle,
)
from protocol.errors import RateLimited

RULE = Rule(free=3, first_ms=1_000, most_ms=5_000, forget_ms=60_000)
HERE, THERE = "192.0.2.1", "198.51.100.7"


def test_the_first_tries_are_free_then_each_doubles_the_wait() -> None:
    throttle, now, waits = Throttle(RULE), 0, []
    for _ in range(8):
        wait = throttle.wait_ms("key", now)
        waits.append(wait)
        now += wait
        throttle.count("key", now)
    assert waits == [0, 0, 0, 1_000, 2_000, 4_000, 5_000, 5_000]


def test_waiting_ends_when_it_was_said_to() -> None:
    throttle = Throttle(RULE)
    for _ in range(3):
        throttle.count("key", 500)
    assert throttle.wait_ms("key", 500) == 1_000
    assert throttle.wait_ms("key", 1_499) == 1
    assert throttle.wait_ms("key", 1_500) == 0


def test_keys_do_not_know_each_other() -> None:
    throttle = Throttle(RULE)
    for _ in range(5):
        throttle.count("one", 0)
    assert throttle.wait_ms("one", 0) > 0
    assert throttle.wait_ms("other", 0) == 0


def test_all_is_forgotten_after_a_while_or_when_told() -> None:
    throttle = Throttle(RULE)
    for _ in range(9):
        throttle.count("key", 0)
    assert throttle.wait_ms("key", RULE.forget_ms) == 0
    throttle.count("key", RULE.forget_ms)
    assert throttle.wait_ms("key", RULE.forget_ms) == 0
    for _ in range(9):
        throttle.count("key", 0)
    throttle.forget("key")
    assert throttle.wait_ms("key", 0) == 0


def test_a_clock_that_goes_back_locks_nobody_out() -> None:
    throttle = Throttle(RULE)
    for _ in range(4):
        throttle.count("key", 1_000_000)
    wait = throttle.wait_ms("key", 0)
    assert 0 < wait <= RULE.most_ms
    assert throttle.wait_ms("key", wait) == 0


def test_what_is_remembered_has_a_bound_and_the_oldest_goes_first() -> None:
    throttle = Throttle(RULE, entries_max=10)
    for number in range(100):
        for _ in range(4):
            throttle.count(str(number), 0)
    assert len(throttle) == 10
    assert throttle.wait_ms("99", 0) > 0
    assert throttle.wait_ms("89", 0) == 0


def fail(throttle: AccountThrottle, times: int, origin: str, account: str = "alice") -> None:
    for _ in range(times):
        throttle.failed(account, origin, origin, 0)


def test_strangers_from_many_places_are_counted_together() -> None:
    throttle = AccountThrottle()
    for number in range(ACCOUNT.free):
        fail(throttle, 1, f"192.0.2.{number}")
    with pytest.raises(RateLimited) as refused:
        throttle.check_login("alice", THERE, THERE, 0)
    assert refused.value.retry_after == 1.0
    throttle.check_login("bob", THERE, THERE, 0)


def test_strangers_do_not_keep_the_owner_out() -> None:
    throttle = AccountThrottle()
    throttle.succeeded("alice", HERE)
    throttle.recognise("alice", "device")
    fail(throttle, 50, THERE)
    throttle.check_login("alice", HERE, HERE, 0)
    throttle.check_login("alice", "device", "203.0.113.9", 0)


def test_where_the_owner_was_before_guessing_is_limited_too() -> None:
    throttle = AccountThrottle()
    throttle.succeeded("alice", HERE)
    fail(throttle, ACCOUNT.free, HERE)
    with pytest.raises(RateLimited):
        throttle.check_login("alice", HERE, HERE, 0)
    throttle.succeeded("alice", HERE)
    throttle.check_login("alice", HERE, HERE, 0)


def test_nobody_is_locked_out_for_good() -> None:
    throttle = AccountThrottle()
    fail(throttle, 10_000, HERE)
    throttle.check_login("alice", THERE, THERE, ACCOUNT.most_ms)
    throttle.check_login("alice", HERE, HERE, ADDRESS.most_ms)


def test_one_place_that_tries_many_accounts_waits() -> None:
    throttle = AccountThrottle()
    for number in range(ADDRESS.free):
        fail(throttle, 1, HERE, f"person{number}")
    with pytest.raises(RateLimited):
        throttle.check_login("alice", HERE, HERE, 0)
    throttle.check_login("alice", THERE, THERE, 0)


def test_loopback_is_never_limited_as_an_address() -> None:
    throttle = AccountThrottle()
    for number in range(500):
        fail(throttle, 1, "127.0.0.1", f"person{number}")
        throttle.check_login("alice", "127.0.0.1", "127.0.0.1", 0)
        throttle.check_registration("::1", 0)


def test_registering_is_limited_by_address() -> None:
    throttle = AccountThrottle()
    for _ in range(REGISTRATION.free):
        throttle.check_registration(HERE, 0)
    with pytest.raises(RateLimited, match="Wait 10 seconds"):
        throttle.check_registration(HERE, 0)
    throttle.check_registration(THERE, 0)
    throttle.check_registration(HERE, REGISTRATION.first_ms)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_what_counts_as_one_place(address: str, expected: str) -> None:
    assert network(address) == expected
