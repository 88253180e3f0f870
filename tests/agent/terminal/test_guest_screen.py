"""What a guest makes of states, and of what is none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.terminal.guest_screen import GuestScreen
from mesh_agent.terminal.rows import REPLACED, checked_row, width_of
from protocol.errors import PeerFault, PeerMalformed, PeerOutOfOrder
from protocol.limits import CLUSTER_CHARS
from protocol.peer_terminal import Changed, Cursor, Run, TermState


def state(number: int, base: int, *changed: tuple[int, str], **fields: Any) -> TermState:
    told: dict[str, Any] = {"columns": 10, "rows": 3, "cursor": Cursor(0, 0)} | fields
    rows = [Changed(row, [Run(text)] if text else []) for row, text in changed]
    return TermState(number=number, base=base, changed=rows, **told)


def texts(screen: GuestScreen) -> list[str]:
    return ["".join(run.text for run in runs) for runs in screen.rows_]


def test_states_follow_each_other() -> None:
    screen = GuestScreen()
    assert screen.apply(state(3, 0, (0, "one"), (2, "two"))) == {0, 1, 2}
    assert texts(screen) == ["one", "", "two"]
    assert screen.apply(state(7, 3, (2, ""), (1, "x"), title="a\x1b]b\n", bells=2, echo=5)) == {1, 2}
    assert texts(screen) == ["one", "x", ""]
    assert (screen.number, screen.title, screen.bells, screen.echo) == (7, "a]b", 2, 5)
    screen.apply(state(1, 0, (0, "anew")))
    assert texts(screen) == ["anew", "", ""]


def test_a_state_in_parts_is_shown_whole_when_it_is() -> None:
    screen = GuestScreen()
    screen.apply(state(2, 0, (0, "one"), more=True))
    assert (screen.complete, screen.number) == (False, 0)
    assert screen.apply(state(2, 0, (1, "two"))) == {1}
    assert (screen.complete, screen.number) == (True, 2)
    assert texts(screen) == ["one", "two", ""]


def test_another_size() -> None:
    screen = GuestScreen()
    screen.apply(state(1, 0, (0, "0123456789"), (1, "abc")))
    screen.apply(state(2, 1, columns=5, rows=2))
    assert texts(screen) == ["", "abc"]
    assert screen.apply(state(3, 2, columns=5, rows=4)) == {0, 1, 2, 3}
    assert texts(screen) == ["", "abc", "", ""]


WRONG = [
    (state(9, 4), PeerOutOfOrder),
    (state(2, 2), PeerOutOfOrder),
    (state(3, 2, cursor=Cursor(10, 0)), PeerMalformed),
    (state(3, 2, cursor=Cursor(0, 3)), PeerMalformed),
    (state(3, 2, (3, "x")), PeerMalformed),
    (state(3, 2, (0, "x" * 11)), PeerMalformed),
    (state(3, 2, (1, "x"), (1, "y")), PeerMalformed),
]


@pytest.mark.parametrize(("wrong", "error"), WRONG)
def test_what_does_not_fit_changes_nothing(wrong: TermState, error: type[PeerFault]) -> None:
    screen = GuestScreen()
    screen.apply(state(2, 0, (0, "one")))
    with pytest.raises(error):
        screen.apply(wrong)
    assert texts(screen) == ["one", "", ""]
    assert screen.number == 2


def test_parts_of_different_states_do_not_fit() -> None:
    screen = GuestScreen()
    screen.apply(state(2, 0, more=True))
    for wrong in (state(3, 0), state(2, 1), state(2, 0, columns=9)):
        with pytest.raises(PeerOutOfOrder):
            screen.apply(wrong)


def test_controls_are_replaced_and_keep_their_cells() -> None:
    evil = [Run("a\x1b[2J\x9b\u202e"), Run("e\u0301", cluster=True)]
    row = checked_row(evil, 20)
    assert row[0].text == f"a{REPLACED}[2J{REPLACED}{REPLACED}"
    assert row[1].text == "e\u0301"
    assert width_of(row) == width_of(evil)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("e\u0301", "e\u0301"),
        ("e" + "\u0301" * 99, "e" + "\u0301" * (CLUSTER_CHARS - 1)),
        ("\u0301", REPLACED),
        ("\u0301e", REPLACED),
        ("\u200d\u0301", REPLACED),
        ("\x1b[2J", REPLACED),
        ("a\x1b[2J", "a"),
        ("a\u202e\u0301", "a\u0301"),
        ("abc", "a"),
        ("日本", "日"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("👍\U0001f3fd", "👍\U0001f3fd"),
        ("🇩🇪", "🇩🇪"),
        ("🇩🇪🇫🇷", "🇩🇪"),
        ("\u0915\u094d\u0937", "\u0915\u094d\u0937"),
        ("\u0e01\u0e47", "\u0e01\u0e47"),
        ("\u1112\u1161\u11ab", "\u1112\u1161\u11ab"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
    ],
)
def test_a_cluster_is_one_character_with_what_belongs_to_it(told: str, shown: str) -> None:
    (run,) = checked_row([Run(told, cluster=True)], 1)
    assert run.text == shown


def test_what_has_no_cell_of_its_own_is_not_taken_for_one_that_has() -> None:
    (run,) = checked_row([Run("a\u0301\u200bb\u00ad\u1161日")], 20)
    assert run.text == f"a{REPLACED}{REPLACED}b\u00ad{REPLACED}日"


@given(st.text(min_size=1, max_size=50))
def test_no_text_acts_on_a_terminal(text: str) -> None:
    shown = checked_row([Run(text)], 50)[0].text
    assert len(shown) == len(text)
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in shown)
