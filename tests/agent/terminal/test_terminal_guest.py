"""Watching, without any IO: what is told is shown, what may not be typed is not sent, and it ends as told."""

from typing import Any

import pytest

from mesh_agent.machines.terminal_guest import ACK_STATES, INPUT_BYTES, PAGES_MAX, TerminalGuest
from protocol import limits
from protocol.errors import PeerFault, PeerMalformed, PeerOutOfOrder
from protocol.peer_terminal import (
    Changed,
    Cursor,
    Run,
    TermAck,
    TermClose,
    TermGrant,
    TermHistory,
    TermInput,
    TermLines,
    TermOpen,
    TermOpened,
    TermResize,
    TermState,
    TermStatus,
    Watcher,
)

OPENED = TermOpened(terminal="t1", command="bash", columns=80, rows=24)


def state(number: int = 1, base: int = 0, **fields: Any) -> TermState:
    return TermState(number=number, base=base, columns=80, rows=24, cursor=Cursor(0, 0), **fields)


def opened(*, writes: bool = False) -> TerminalGuest:
    guest = TerminalGuest(100, 30, "t1")
    assert guest.connected() == [TermOpen(columns=100, rows=30, terminal="t1")]
    assert guest.heard(OPENED) == []
    if writes:
        guest.heard(TermGrant(write=True))
    return guest


def test_it_asks_and_is_let_in() -> None:
    guest = TerminalGuest(100, 30)
    phases = [guest.phase]
    guest.connected()
    phases.append(guest.phase)
    guest.heard(OPENED)
    assert phases == ["connecting", "asking"]
    assert (guest.phase, guest.command, guest.terminal) == ("open", "bash", "t1")
    guest.heard(TermStatus(watchers=[Watcher("bob\x1b", True)], recorded=True))
    assert guest.watchers == [Watcher("bob", True)]
    assert guest.recorded


def test_whatever_the_host_says_can_be_painted() -> None:
    guest = TerminalGuest(100, 30)
    guest.connected()
    guest.heard(TermOpened(terminal="t\x1b1", command="ba\x1b]2;x\x07\u202esh", columns=80, rows=24))
    guest.heard(TermGrant(write=False, reason="No\x9b2J\nw."))
    guest.heard(state(title="a\x1b[31m\r\ntitle"))
    said = [guest.terminal, guest.command, guest.reason, guest.screen.title]
    assert all(text.isprintable() for text in said), said
    assert [text[0] for text in said] == list("tbNa")


def test_a_state_is_acknowledged_when_it_is_whole() -> None:
    guest = opened()
    assert guest.heard(state(4, more=True)) == []
    assert guest.heard(state(4, changed=[Changed(0, [Run("hi")])])) == [TermAck(number=4)]
    assert guest.screen.rows_[0] == [Run("hi")]


def test_changes_are_acknowledged_several_at_a_time() -> None:
    guest = opened()
    assert guest.heard(state(1)) == [TermAck(number=1)]
    assert guest.acknowledge() == []
    for number in range(2, 1 + ACK_STATES):
        assert guest.heard(state(number, number - 1)) == []
    assert guest.heard(state(1 + ACK_STATES, ACK_STATES)) == [TermAck(number=1 + ACK_STATES)]
    last = 2 + ACK_STATES
    assert guest.heard(state(last, last - 1)) == []
    owes = [guest.owes]
    assert guest.acknowledge() == [TermAck(number=last)]
    assert [*owes, guest.owes] == [True, False]


def test_what_was_not_acknowledged_is_no_matter_of_the_next_line() -> None:
    guest = opened()
    guest.heard(state(1))
    guest.heard(state(2, 1))
    guest.lost("gone")
    assert not guest.owes
    assert guest.acknowledge() == []
    guest.connected()
    guest.heard(OPENED)
    assert not guest.owes


def test_nothing_is_typed_without_a_grant() -> None:
    guest = opened()
    assert guest.type(b"x") == []
    assert guest.ask_to_write() == [TermGrant(write=True)]
    wanted = [guest.wants_to_write]
    guest.heard(TermGrant(write=True))
    assert [*wanted, guest.wants_to_write] == [True, False]
    assert guest.type(b"x") == [TermInput(data=b"x", stamp=1)]
    assert guest.type(b"y") == [TermInput(data=b"y", stamp=2)]
    guest.heard(TermGrant(write=False, reason="Enough."))
    assert guest.type(b"z") == []
    assert guest.reason == "Enough."


def test_what_is_granted_can_be_given_back() -> None:
    guest = opened(writes=True)
    assert guest.ask_to_write() == []
    assert guest.ask_to_write(False) == [TermGrant(write=False)]


def test_long_input_goes_in_pieces_and_waits_for_the_program() -> None:
    guest = opened(writes=True)
    frames = guest.type(b"x" * INPUT_BYTES)
    assert [frame.stamp for frame in frames if isinstance(frame, TermInput)] == [1, 2, 3, 4]
    assert all(
        isinstance(frame, TermInput) and len(frame.data) <= limits.TERM_INPUT_BYTES for frame in frames
    )
    assert guest.type(b"y") == []
    guest.heard(state(1, echo=1))
    assert guest.type(b"y") == [TermInput(data=b"y", stamp=5)]


def test_the_size_is_told_and_fits_the_frame() -> None:
    guest = opened()
    assert guest.resize(100, 30) == []
    assert guest.resize(9_999, 9_999) == [TermResize(columns=limits.TERM_COLUMNS, rows=limits.TERM_ROWS)]
    guest.lost("gone")
    assert guest.resize(80, 24) == []
    assert guest.connected() == [TermOpen(columns=80, rows=24, terminal="t1")]


def test_lines_that_scrolled_away() -> None:
    guest = opened()
    request, frames = guest.ask_for_lines(10, 500)
    assert frames == [TermHistory(request=request, first=10, count=limits.TERM_LINES)]
    guest.heard(TermLines(request=request, first=12, lines=[[Run("a\x1b")], []]))
    assert guest.answers == {request: (12, [[Run("a\ufffd")], []])}
    for _ in range(PAGES_MAX):
        assert guest.ask_for_lines(0, 1)[0]
    assert guest.ask_for_lines(0, 1) == ("", [])


WRONG = [
    TermLines(request="lines-9", first=0, lines=[]),
    TermLines(request="lines-1", first=9, lines=[]),
    TermLines(request="lines-1", first=19, lines=[[], []]),
    OPENED,
    state(5, 4),
    TermInput(data=b"x"),
]


@pytest.mark.parametrize("frame", WRONG)
def test_what_does_not_fit_is_a_fault(frame: Any) -> None:
    guest = opened()
    guest.ask_for_lines(10, 10)
    with pytest.raises((PeerOutOfOrder, PeerMalformed)):
        guest.heard(frame)


def test_nothing_is_shown_before_it_is_open() -> None:
    guest = TerminalGuest(80, 24)
    guest.connected()
    with pytest.raises(PeerFault):
        guest.heard(state())


def test_a_lost_line_keeps_what_is_shown_and_takes_nothing() -> None:
    guest = opened(writes=True)
    guest.heard(state(3, changed=[Changed(0, [Run("hi")])]))
    guest.type(b"x")
    guest.lost("The line is gone.")
    assert (guest.phase, guest.reason, guest.writes) == ("lost", "The line is gone.", False)
    assert guest.screen.rows_[0] == [Run("hi")]
    assert guest.type(b"x") == []
    guest.connected()
    guest.heard(OPENED)
    assert guest.heard(state(1, changed=[Changed(1, [Run("anew")])])) == [TermAck(number=1)]
    assert guest.screen.rows_[0] == []


def test_before_anything_was_shown_a_loss_is_no_loss() -> None:
    guest = TerminalGuest(80, 24)
    guest.connected()
    guest.lost("Nobody is there.")
    assert guest.phase == "connecting"
    assert guest.reason == "Nobody is there."


ENDS = [
    (TermClose(code="ended", exit_status=3), "ended", "The program ended with exit code 3."),
    (TermClose(code="ended", exit_status=-9), "ended", "The program was ended by signal 9."),
    (TermClose(code="closed"), "ended", "The sharing was ended."),
    (TermClose(code="kicked"), "refused", "You were put out."),
    (TermClose(code="declined", reason="Not\x1b now."), "refused", "Not now."),
    (TermClose(code="unknown"), "refused", "There is no such terminal any more."),
    (TermClose(code="full"), "refused", "There are too many guests already."),
]


@pytest.mark.parametrize(("close", "phase", "reason"), ENDS)
def test_it_ends_as_the_host_says(close: TermClose, phase: str, reason: str) -> None:
    guest = opened(writes=True)
    guest.heard(close)
    guest.lost("The line is gone.")
    assert (guest.phase, guest.reason, guest.writes) == (phase, reason, False)
    assert guest.over
    assert guest.exit_status == close.exit_status
