"""Who watches, who writes, and what a guest of ill will can cause: the machine, with a clock of its own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.machines.terminal_flow import ECHO_S, FEW, RATE, UNREAD_BYTES, UNREAD_STATES, Flow, rate_of
from mesh_agent.machines.terminal_host import (
    FRAMES_BURST,
    PAGES_BURST,
    REMEMBERED,
    Bye,
    LetIn,
    Page,
    Person,
    Say,
    TerminalHost,
    Write,
)
from protocol import limits
from protocol.errors import PeerTooMany
from protocol.peer import P2pPing
from protocol.peer_terminal import (
    Cursor,
    TermAck,
    TermClose,
    TermGrant,
    TermHistory,
    TermInput,
    TermOpen,
    TermOpened,
    TermResize,
    TermState,
    TermStatus,
    Watcher,
)

OPEN = TermOpen(columns=80, rows=24)


def person(name: str = "bob", *, compared: bool = True, device: str = "") -> Person:
    return Person(name, f"id of {name}", device or f"device of {name}", compared)


def host(let_in: LetIn = "ask") -> TerminalHost:
    return TerminalHost("term1234", "bash", 80, 24, let_in)


def taken(machine: TerminalHost) -> list[Any]:
    actions, machine.actions = machine.actions, []
    return actions


def said(machine: TerminalHost, key: str = "b") -> list[Any]:
    """What that guest is told."""
    return [action.frame for action in taken(machine) if isinstance(action, Say) and action.key == key]


def watched(machine: TerminalHost, key: str = "b", who: Person | None = None) -> TerminalHost:
    """The guest has been let in."""
    machine.joined(key, who or person(), 0.0)
    machine.receive(key, OPEN, 0.0)
    machine.admit(key)
    machine.tick(0.0)
    taken(machine)
    return machine


def test_a_guest_waits_until_it_is_let_in() -> None:
    machine = host()
    machine.joined("b", person(), 0.0)
    machine.receive("b", TermInput(data=b"x", stamp=1), 0.0)
    machine.receive("b", TermHistory(request="r", first=0, count=1), 0.0)
    assert said(machine) == [TermGrant(write=False)]
    before = machine.changed
    machine.receive("b", OPEN, 0.0)
    assert (machine.guests["b"].state, list(machine.watching())) == ("asks", [])
    assert machine.changed > before
    machine.receive("b", TermHistory(request="r", first=0, count=1), 0.0)
    assert taken(machine) == []

    machine.admit("b")
    told = said(machine)
    assert told[0] == TermOpened(terminal="term1234", command="bash", columns=80, rows=24)
    assert TermGrant(write=False) in told
    assert [guest.key for guest in machine.watching()] == ["b"]
    machine.admit("b")
    assert taken(machine) == []


@pytest.mark.parametrize(
    ("let_in", "compared", "asked"),
    [
        ("ask", True, True),
        ("ask", False, True),
        ("members", False, False),
        ("compared", True, False),
        ("compared", False, True),
    ],
)
def test_who_comes_in_without_being_asked_about(let_in: LetIn, compared: bool, asked: bool) -> None:
    machine = host(let_in)
    machine.joined("b", person(compared=compared), 0.0)
    machine.receive("b", OPEN, 0.0)
    assert machine.guests["b"].state == ("asks" if asked else "watches")


def test_who_is_refused_wants_another_terminal_or_comes_too_late_is_told_so() -> None:
    machine = host()
    for key, frame, code in (
        ("b", OPEN, "declined"),
        ("c", TermOpen(columns=1, rows=1, terminal="another1"), "unknown"),
    ):
        machine.joined(key, person(key), 0.0)
        machine.receive(key, frame, 0.0)
        machine.refuse(key, "not now")
        (say, bye) = taken(machine)
        assert (say.frame.code, bye) == (code, Bye(key))
        assert key not in machine.guests
    machine.end("ended", 0)
    machine.joined("d", person("d"), 0.0)
    machine.receive("d", OPEN, 0.0)
    assert said(machine, "d") == [TermClose(code="unknown")]


def test_no_more_than_so_many_watch() -> None:
    machine = host("members")
    for number in range(limits.TERM_WATCHERS + 1):
        machine.joined(str(number), person(str(number)), 0.0)
        machine.receive(str(number), OPEN, 0.0)
    assert len(list(machine.watching())) == limits.TERM_WATCHERS
    assert said(machine, str(limits.TERM_WATCHERS)) == [TermClose(code="full")]


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def test_input_without_a_grant_is_dropped_and_answered_now_and_then() -> None:
    machine = watched(host())
    for at in (0.0, 0.1, 0.9, 1.0):
        machine.receive("b", TermInput(data=b"rm -rf /\r", stamp=1), at)
    assert taken(machine) == [Say("b", TermGrant(write=False))] * 2

    assert machine.grant("b", write=True)
    assert said(machine) == [TermGrant(write=True)]
    machine.receive("b", TermInput(data=b"ls\r", stamp=7), 2.0)
    assert taken(machine) == [Write("b", b"ls\r", 7)]
    machine.wrote("b", 7)
    assert machine.guests["b"].echo == 7

    machine.grant("b", write=False)
    assert said(machine) == [TermGrant(write=False)]
    machine.receive("b", TermInput(data=b"ls\r", stamp=8), 9.0)
    assert taken(machine) == [Say("b", TermGrant(write=False))]


def test_only_who_was_compared_may_write() -> None:
    machine = watched(host(), who=person(compared=False))
    assert not machine.grant("b", write=True)
    assert taken(machine) == []
    machine.receive("b", TermInput(data=b"x"), 5.0)
    assert taken(machine) == [Say("b", TermGrant(write=False))]
    machine.compared("b")
    assert machine.grant("b", write=True)
    taken(machine)
    machine.receive("b", TermInput(data=b"x"), 6.0)
    assert taken(machine) == [Write("b", b"x", 0)]


def test_a_guest_asks_to_write_and_may_give_it_back() -> None:
    machine = watched(host())
    machine.receive("b", TermGrant(write=True), 1.0)
    wants = [machine.guests["b"].wants]
    machine.grant("b", write=True)
    wants.append(machine.guests["b"].wants)
    machine.receive("b", TermGrant(write=True), 1.0)
    wants.append(machine.guests["b"].wants)
    assert wants == [True, False, False]
    machine.receive("b", TermGrant(write=False), 1.0)
    assert not machine.writes(machine.guests["b"])


def test_who_comes_again_is_let_in_with_the_grant_it_had_and_who_was_kicked_is_not() -> None:
    machine = watched(host())
    machine.grant("b", write=True)
    machine.left("b")
    taken(machine)
    machine.joined("again", person(), 5.0)
    machine.receive("again", OPEN, 5.0)
    assert TermGrant(write=True) in said(machine, "again")
    machine.kick("again", "enough")
    assert said(machine, "again") == [TermClose(code="kicked", reason="enough")]

    machine.let_in = "members"
    machine.joined("third", person(), 6.0)
    machine.receive("third", OPEN, 6.0)
    assert machine.guests["third"].state == "asks"
    machine.admit("third")
    assert TermGrant(write=False) in said(machine, "third")


def test_another_device_under_the_same_name_has_no_rights_of_the_first() -> None:
    machine = watched(host())
    machine.grant("b", write=True)
    machine.joined("c", person(device="another"), 0.0)
    machine.receive("c", OPEN, 0.0)
    assert machine.guests["c"].state == "asks"
    machine.admit("c")
    assert not machine.writes(machine.guests["c"])


def test_a_grant_does_not_outlive_the_comparison() -> None:
    machine = watched(host())
    machine.grant("b", write=True)
    machine.left("b")
    machine.joined("b2", person(compared=False), 1.0)
    machine.receive("b2", OPEN, 1.0)
    assert not machine.writes(machine.guests["b2"])


def test_devices_are_not_remembered_without_end() -> None:
    machine = host()
    for number in range(REMEMBERED + 1):
        watched(machine, str(number), person(str(number)))
        machine.left(str(number))
    for number, state in ((0, "asks"), (1, "watches")):
        machine.joined("x", person(str(number)), 0.0)
        machine.receive("x", OPEN, 0.0)
        assert machine.guests["x"].state == state


# ── floods ───────────────────────────────────────────────────────────────────────────────────────


def test_a_guest_that_says_too_much_is_found_out() -> None:
    machine = watched(host())
    frame = TermResize(columns=1, rows=1)
    for _ in range(FRAMES_BURST):
        machine.receive("b", frame, 1.0)
    with pytest.raises(PeerTooMany):
        machine.receive("b", frame, 1.0)
    assert taken(machine) == []
    machine.receive("b", TermResize(columns=2, rows=2), 1.1)


@pytest.mark.parametrize(
    "frame",
    [
        TermInput(data=b"x" * 100),
        TermResize(columns=500, rows=200),
        TermHistory(request="r", first=0, count=200),
        TermGrant(write=True),
        TermGrant(write=False),
        TermAck(number=2**50),
        OPEN,
        P2pPing(stamp=1, answer=True),
        TermState(number=1, base=0, columns=1, rows=1, cursor=Cursor(0, 0)),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_what_a_flood_causes_is_bounded(frame: Any) -> None:
    machine = watched(host())
    for _ in range(FRAMES_BURST - 10):
        machine.receive("b", frame, 1.0)
    machine.tick(1.0)
    assert len(taken(machine)) <= PAGES_BURST


def test_pages_of_history_are_so_many_a_second() -> None:
    machine = watched(host())
    for _ in range(2 * PAGES_BURST):
        machine.receive("b", TermHistory(request="r", first=3, count=4), 1.0)
    assert taken(machine) == [Page("b", "r", 3, 4)] * PAGES_BURST
    machine.receive("b", TermHistory(request="r", first=3, count=4), 2.0)
    assert taken(machine) == [Page("b", "r", 3, 4)]


# ── what all are told ────────────────────────────────────────────────────────────────────────────


def test_all_are_told_who_watches_and_of_the_recording_but_not_at_each_change() -> None:
    machine = host("members")
    for name in ("b", "c"):
        watched(machine, name, person(name))
    machine.tick(1.0)
    taken(machine)
    machine.grant("c", write=True)
    machine.record(True)
    taken(machine)
    assert machine.tick(5.0) is None
    status = TermStatus(watchers=[Watcher("b"), Watcher("c", True)], recorded=True)
    assert taken(machine) == [Say("b", status), Say("c", status)]
    machine.left("b")
    assert machine.tick(5.04) == pytest.approx(0.06)
    assert taken(machine) == []
    assert machine.tick(5.1) is None
    assert said(machine, "c") == [TermStatus(watchers=[Watcher("c", True)], recorded=True)]
    assert machine.tick(9.0) is None
    assert taken(machine) == []


def test_the_end_is_told_to_all_with_the_exit_code() -> None:
    machine = watched(host())
    machine.joined("c", person("c"), 0.0)
    machine.end("ended", 3)
    close = TermClose(code="ended", exit_status=3)
    assert taken(machine) == [Say("b", close), Bye("b"), Say("c", close), Bye("c")]
    assert machine.guests == {}


def test_a_guest_may_leave_and_pings_are_answered() -> None:
    machine = watched(host())
    machine.receive("b", P2pPing(stamp=5), 0.0)
    assert said(machine) == [P2pPing(stamp=5, answer=True)]
    machine.receive("b", TermClose(), 0.0)
    assert taken(machine) == [Bye("b")]
    machine.receive("b", TermInput(data=b"x"), 0.0)
    assert (taken(machine), machine.guests) == ([], {})


# ── how much one is told ─────────────────────────────────────────────────────────────────────────


def test_a_slow_viewer_skips_states_and_gets_the_latest() -> None:
    flow, now = Flow(), 0.0
    for number in range(1, UNREAD_STATES + 1):
        assert flow.due(number, 0, now) == 0
        flow.told(number, 0, [b"x"], now)
        now += 1.0
    assert flow.due(100, 0, now) is None
    flow.acknowledged(1)
    assert flow.due(100, 0, now) == 0
    assert flow.base == UNREAD_STATES
    flow.told(100, 0, [b"x"], now)
    assert flow.due(101, 0, now + 1) is None


def test_large_states_hold_back_sooner_and_one_always_goes() -> None:
    flow = Flow()
    assert flow.due(1, 0, 0.0) == 0
    flow.told(1, 0, [b"x" * UNREAD_BYTES] * 3, 0.0)
    assert flow.due(2, 0, 9.0) is None
    flow.acknowledged(1)
    assert flow.due(2, 0, 9.0) == 0


def test_a_viewer_that_never_acknowledges_is_told_so_much_and_no_more() -> None:
    flow = Flow()
    told = 0
    for number in range(1, 1_000):
        if flow.due(number, 0, float(number)) == 0:
            flow.told(number, 0, [b"x" * 100], float(number))
            told += 1
    assert told == UNREAD_STATES


def test_acknowledging_what_was_not_told_says_nothing() -> None:
    flow = Flow()
    for number in range(1, UNREAD_STATES + 1):
        flow.told(number, 0, [b"x"], 0.0)
    flow.acknowledged(10**9)
    flow.acknowledged(0)
    assert flow.due(10**9, 0, 9.0) is None


def test_states_are_told_so_often_and_an_echo_even_where_nothing_changed() -> None:
    flow = Flow()
    flow.told(1, 0, [b"x"], 1.0)
    flow.acknowledged(1)
    assert flow.due(1, 0, 1.0) is None
    assert flow.due(1, 5, 1.0) == pytest.approx(1 / RATE)
    assert flow.due(1, 5, 2.0) == 0
    flow.told(2, 5, [b"x"], 2.0)
    assert flow.due(2, 5, 3.0) is None


def test_an_answer_to_what_was_typed_goes_with_the_news_that_it_was_read() -> None:
    flow = Flow()
    flow.told(1, 0, [b"x"], 1.0)
    assert flow.due(1, 5, 2.0) == pytest.approx(ECHO_S)
    assert flow.due(2, 5, 2.002) == 0
    flow.told(2, 5, [b"x"], 2.002)
    # A program that shows nothing of what is typed holds the news back no longer, however fast one types.
    assert flow.due(2, 6, 3.0) == pytest.approx(ECHO_S)
    assert flow.due(2, 7, 3.009) == pytest.approx(0.001)
    assert flow.due(2, 8, 3.0 + ECHO_S) == 0


def test_many_who_only_look_on_are_told_less_often_each() -> None:
    assert [round(rate_of(viewers)) for viewers in (0, 1, 4, 5, 10, 20, 64)] == [60, 60, 60, 20, 10, 5, 5]
    flow = Flow()
    flow.told(1, 0, [b"x"], 1.0, rate_of(20))
    assert flow.due(2, 0, 1.0) == pytest.approx(1 / 5)
    assert flow.due(2, 0, 9.0) == 0  # what changes after a pause is told at once


def test_nobody_needs_to_look_while_nobody_can_be_told() -> None:
    flow = Flow()
    assert flow.rests(1.0) == 0
    flow.told(1, 0, [b"x"], 1.0, rate_of(20))
    assert flow.rests(1.05) == pytest.approx(0.15)
    assert flow.rests(1.3) == 0


def test_those_who_share_the_budget_are_due_at_the_same_moments() -> None:
    flows, rate = [Flow() for _ in range(4)], rate_of(20)
    for flow, at in zip(flows, (7.0, 7.03, 7.05, 7.09), strict=True):
        flow.told(1, 0, [b"x"], at, rate)
    assert [flow.due(2, 0, 7.1) for flow in flows] == [pytest.approx(0.1)] * 4
    flow, told = Flow(), 0
    for tick in range(1, 1_001):  # a thousand changes in ten seconds, each looked at
        now = tick / 100
        if flow.due(tick, 0, now) == 0:
            flow.told(tick, 0, [b"x"], now, rate)
            flow.acknowledged(tick)
            told += 1
    assert told == pytest.approx(10 * rate, abs=2)


@given(st.integers(FEW + 1, 64), st.lists(st.floats(0.0, 0.5), min_size=1, max_size=60))
def test_no_change_waits_longer_than_a_period_and_they_are_no_more_than_that(
    viewers: int, pauses: list[float]
) -> None:
    flow, rate, now, times = Flow(), rate_of(viewers), 100.0, []
    for number, pause in enumerate(pauses, 1):
        now += pause
        due = flow.due(number, 0, now)
        assert due is not None
        assert due <= 1.01 / rate
        now += due
        assert flow.due(number, 0, now) == pytest.approx(0, abs=1e-9)
        flow.told(number, 0, [b"x"], now, rate)
        flow.acknowledged(number)
        times.append(now)
    for first, begin in enumerate(times):
        for last, end in enumerate(times[first:], first):
            assert last - first <= (end - begin + 1e-6) * rate + 2
