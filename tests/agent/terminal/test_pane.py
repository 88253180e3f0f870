"""What is seen of a screen that is larger or smaller than the view."""

from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.machines.prediction import Guess
from mesh_agent.terminal.guest_screen import GuestScreen
from mesh_agent.terminal.pane import Pane
from protocol.peer_terminal import (
    BOLD,
    INVERSE,
    REVERSE_SCREEN,
    UNDERLINE_SHIFT,
    Changed,
    Cursor,
    Run,
    TermState,
)


def screen(*rows: str, columns: int = 20, cursor: Cursor | None = None, modes: int = 0) -> GuestScreen:
    made = GuestScreen()
    changed = [Changed(row, [Run(text)] if text else []) for row, text in enumerate(rows)]
    at = Cursor(0, 0) if cursor is None else cursor
    made.apply(
        TermState(number=1, base=0, columns=columns, rows=len(rows), cursor=at, changed=changed, modes=modes)
    )
    return made


def seen(pane: Pane, shown: GuestScreen) -> list[str]:
    pane.look(shown, shown.cursor)
    return ["".join(cell.text for cell in line).rstrip() for line in pane.lines(shown)]


def test_a_larger_view_is_padded() -> None:
    pane, shown = Pane(30, 4), screen("one", "two")
    assert seen(pane, shown) == ["one", "two", "", ""]
    assert all(len(line) == 30 for line in pane.lines(shown))
    assert not pane.is_part(shown)
    pane.pan(5, 5, shown)
    assert (pane.left, pane.top) == (0, 0)


def test_a_smaller_view_follows_the_cursor() -> None:
    shown = screen(*(f"row {row} 0123456789" for row in range(10)), cursor=Cursor(15, 8))
    pane = Pane(8, 3)
    assert seen(pane, shown) == ["56789", "56789", "56789"]
    assert pane.cursor(shown.cursor) is not None
    assert pane.is_part(shown)


def test_what_a_person_looks_at_stays_until_they_type() -> None:
    shown = screen(*"abcdefgh", cursor=Cursor(0, 7))
    pane = Pane(20, 3)
    assert seen(pane, shown) == ["f", "g", "h"]
    pane.pan(0, -9, shown)
    assert seen(pane, shown) == ["a", "b", "c"]
    assert pane.cursor(shown.cursor) is None
    pane.follow()
    assert seen(pane, shown) == ["f", "g", "h"]


def test_the_mouse_is_where_it_is_on_the_screen() -> None:
    shown = screen(*"abcdefgh", cursor=Cursor(0, 7))
    pane = Pane(30, 3)
    pane.look(shown, shown.cursor)
    assert pane.place(4, 1, shown) == (4, 6)
    assert pane.place(25, 1, shown) is None
    assert pane.place(4, 3, shown) is None


def test_guesses_look_like_what_stands_before_them() -> None:
    shown = screen("")
    shown.rows_[0] = [Run("$"), Run("a", attributes=BOLD)]
    line = Pane(20, 1).lines(shown, [Guess(0, 2, "b"), Guess(0, 5, "c")], underlined=True)[0]
    assert (line[2].text, line[2].attributes) == ("b", BOLD | 1 << UNDERLINE_SHIFT)
    assert (line[5].text, line[5].attributes) == ("c", 1 << UNDERLINE_SHIFT)


def test_a_reversed_screen_is_reversed_and_no_further() -> None:
    line, below = Pane(20, 2).lines(screen("a", columns=3, modes=REVERSE_SCREEN))
    assert [cell.attributes & INVERSE for cell in line[:4]] == [INVERSE, INVERSE, INVERSE, 0]
    assert not below[0].attributes


sizes = st.integers(1, 30)


@given(sizes, sizes, sizes, sizes, st.data())
def test_the_cursor_is_in_sight_and_the_view_is_full(
    columns: int, rows: int, width: int, height: int, data: st.DataObject
) -> None:
    at = Cursor(data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1)))
    shown = screen(*[""] * height, columns=width, cursor=at)
    pane = Pane(columns, rows)
    pane.pan(data.draw(st.integers(-40, 40)), data.draw(st.integers(-40, 40)), shown)
    pane.follow()
    pane.look(shown, at)
    assert pane.cursor(at) is not None
    assert [len(line) for line in pane.lines(shown)] == [columns] * rows
    assert pane.left + min(columns, width) <= width
    assert pane.top + min(rows, height) <= height
