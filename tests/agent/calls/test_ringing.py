"""Who rings here: bounded in number and by person, and forgotten in time."""

from mesh_agent.calls.ringing import CALLS_MAX, CALLS_S, PATIENCE_S, RINGING_MAX, SETTLED_MAX, RingingCalls
from mesh_agent.calls.state import Ringing
from mesh_agent.machines.call_rings import RING_S
from protocol.calls import Device


def ring(rings: RingingCalls, number: int, user: str, now: float) -> str:
    shown = Ringing(f"call-{number}", "room", user, user, False, 1)
    return rings.add(shown, (Device(user, f"{user}-1"),), now)


def test_a_call_that_rings_again_is_told_of_once_and_rings_on() -> None:
    rings = RingingCalls()
    assert ring(rings, 1, "alice", 0.0) == "new"
    assert ring(rings, 1, "alice", 5.0) == "known"
    assert rings.next_due() == 5.0 + RING_S + PATIENCE_S


def test_of_a_flood_of_calls_only_so_many_ring() -> None:
    rings = RingingCalls()
    told = [ring(rings, number, f"user-{number}", 0.0) for number in range(100)]
    assert told == ["new"] * RINGING_MAX + ["busy"] * (100 - RINGING_MAX)
    assert len(rings.all()) == RINGING_MAX


def test_one_who_calls_all_the_time_is_not_told_of_for_a_while() -> None:
    rings = RingingCalls()
    for number in range(CALLS_MAX):
        assert ring(rings, number, "alice", float(number)) == "new"
        rings.pop(f"call-{number}")
    assert ring(rings, 98, "alice", CALLS_S - 1) == "often"
    assert ring(rings, 98, "alice", CALLS_S - 1) == "known"  # the caller is told so once
    assert ring(rings, 99, "bob", CALLS_S - 1) == "new"
    assert ring(rings, 100, "alice", CALLS_S) == "new"


def test_what_was_dealt_with_rings_no_more_however_often_that_is_said() -> None:
    rings = RingingCalls()
    ring(rings, 1, "alice", 0.0)
    rings.pop("call-1")
    assert rings.settle("call-1", 1.0)
    assert not rings.settle("call-1", 2.0)
    assert ring(rings, 1, "alice", 5.0) == "known"
    assert rings.all() == []
    rings.forget("call-1")
    assert ring(rings, 1, "alice", 6.0) == "new"
    for number in range(2, SETTLED_MAX + 10):
        rings.settle(f"call-{number}", 6.0)
    assert ring(rings, 2, "alice", 7.0) == "new"  # of many, those that were first are forgotten


def test_what_was_never_taken_back_ends_by_itself() -> None:
    rings = RingingCalls()
    ring(rings, 1, "alice", 0.0)
    ring(rings, 2, "bob", 10.0)
    assert rings.expired(RING_S) == []
    assert [each.shown.call_id for each in rings.expired(RING_S + PATIENCE_S)] == ["call-1"]
    assert [each.shown.call_id for each in rings.all()] == ["call-2"]
