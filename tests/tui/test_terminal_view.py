"""A shared terminal on the screen: its cells, what was there before, and which keys are its program's."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from rich.color import Color, ColorType
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from mesh_agent.terminal.emulator import make_emulator
from mesh_agent.terminal.guest_screen import GuestScreen
from mesh_agent.terminal.pane import Laid
from mesh_agent.terminal.screen import Screen
from mesh_tui.layout.terminals import leaving_words
from mesh_tui.terminal_app import TerminalApp
from mesh_tui.widgets.terminal import LEAVE_S, MENU, TerminalView
from protocol.peer import FrameReader
from protocol.peer_terminal import Cursor, Run, TermState
from tests.support.conditions import PATIENCE_S, until
from tests.tui.settling import press, press_at, settled


class Shared:
    """A terminal, and what a guest has of it: each state goes through its frames."""

    guesses: Sequence[Laid] = ()
    underlined = False

    def __init__(self, columns: int, rows: int, *, writes: bool = True) -> None:
        self.writes = writes
        self.typed = b""
        self.sizes: list[tuple[int, int]] = []
        self.screen = GuestScreen(columns, rows)
        self._emulator = make_emulator(columns, rows)
        self._told = Screen(self._emulator)
        self.print("")

    @property
    def cursor(self) -> Cursor:
        return self.screen.cursor

    def print(self, text: str) -> None:
        self._emulator.feed(text.encode())
        self._told.update()
        reader = FrameReader()
        for frame in self._told.state_since(self.screen.number):
            reader.feed(frame)
        for state in reader.frames():
            assert isinstance(state, TermState)
            self.screen.apply(state)

    def type(self, data: bytes) -> None:
        self.typed += data

    def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))

    async def lines(self, first: int, count: int) -> tuple[int, Sequence[Sequence[Run]]]:
        return self._emulator.lines(first, count)


class Looking(TerminalView):
    """Notes which rows it has painted again."""

    def __init__(self, source: Shared) -> None:
        super().__init__(source)
        self.again: list[Region] = []

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> "Looking":
        if repaint and not layout:
            self.again += regions or [Region(0, 0, *self.size)]
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self


class Desk(TerminalApp):
    """A view, and what it tells."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, source: Shared) -> None:
        super().__init__()
        self.source = source
        self.told: list[str] = []

    def compose(self) -> ComposeResult:
        yield Looking(self.source)

    def on_mount(self) -> None:
        self.view.focus()

    @property
    def view(self) -> Looking:
        return self.query_one(Looking)

    @property
    def rows(self) -> list[str]:
        return [self.view.render_line(y).text.rstrip() for y in range(self.view.size.height)]

    def on_terminal_view_left(self) -> None:
        self.told.append("left")

    def on_terminal_view_menu_wanted(self) -> None:
        self.told.append("menu")

    def on_terminal_view_refused(self) -> None:
        self.told.append("refused")

    def style_at(self, column: int, row: int) -> Style:
        for text, style, _ in self.view.render_line(row):
            if column < len(text):
                assert style is not None
                return style
            column -= len(text)
        raise AssertionError("no such cell")


@asynccontextmanager
async def looking(
    source: Shared, size: tuple[int, int] = (40, 10)
) -> AsyncIterator[tuple[Desk, Pilot[None]]]:
    desk = Desk(source)
    async with desk.run_test(size=size) as pilot:
        await until(lambda: desk.view.has_focus, "the focus")
        yield desk, pilot


# ── what is seen ─────────────────────────────────────────────────────────────────────────────────


async def test_what_stands_in_it() -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        source.print("plain \x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3;48;5;200mtrue\x1b[0m\r\n日本 and 👍🏽|\r\n")
        desk.view.look()
        assert desk.rows[:2] == ["plain red true", "日本 and 👍🏽|"]
        red = desk.style_at(6, 0)
        assert red.bold
        assert red.color == Color.from_ansi(1), "the terminal's own red, whatever that is"
        true = desk.style_at(10, 0)
        assert true.color is not None
        assert true.bgcolor is not None
        assert true.color.triplet == (1, 2, 3)
        assert (true.bgcolor.type, true.bgcolor.number) == (ColorType.EIGHT_BIT, 200)
        assert {desk.view.render_line(y).cell_length for y in range(10)} == {40}


async def test_nothing_of_it_acts_on_the_terminal() -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        source.screen.apply(
            TermState(
                number=99, base=0, columns=40, rows=10, cursor=Cursor(0, 0), changed=[], title="\x1b]0;x\x07"
            )
        )
        source.screen.rows_[0] = [Run("ok")]
        desk.view.look()
        assert "\x1b" not in "".join(desk.rows)
        assert "\x1b" not in source.screen.title


async def test_only_the_rows_that_differ_are_painted_again() -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        source.print("\x1b[?25l" + "\r\n".join(f"row {number}" for number in range(10)))
        desk.view.look()
        await settled(desk)
        desk.view.again.clear()
        kept = [desk.view.render_line(y) for y in range(10)]
        source.print("\x1b[4;1Hrow X\x1b[8;1Hrow 7")
        desk.view.look()
        assert desk.view.again == [Region(0, 3, 40, 1)]
        same = [desk.view.render_line(y) is kept[y] for y in range(10)]
        assert same == [row != 3 for row in range(10)]
        desk.view.again.clear()
        desk.view.look()
        assert desk.view.again == [], "nothing has changed"


async def test_the_cursor_is_seen_where_it_is() -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        source.print("ab\x1b[1;2H")
        desk.view.look()
        assert [desk.style_at(x, 0).reverse for x in range(3)] == [False, True, False]
        source.print("\x1b[2;1H日本\x1b[2;2H")  # on the second half of the first
        desk.view.look()
        assert desk.style_at(0, 1).reverse
        assert not desk.style_at(1, 1).reverse
        source.print("\x1b[?25l")
        desk.view.look()
        assert not desk.style_at(0, 1).reverse
        source.print("\x1b[?25h")
        source.writes = False
        desk.view.look()
        assert not desk.style_at(0, 1).reverse, "who only watches has no cursor that invites to type"
        assert desk.style_at(0, 1).underline


async def test_a_larger_screen_is_seen_in_part_around_the_cursor() -> None:
    source = Shared(120, 40)
    async with looking(source) as (desk, _):
        source.print("\x1b[1;1Hcorner\x1b[40;115Hend")
        desk.view.look()
        assert "end" in "\n".join(desk.rows)
        assert "corner" not in "\n".join(desk.rows)
        assert desk.view.is_part
        source.print("\x1b[H")
        desk.view.look()
        assert "corner" in desk.rows[0]
        assert source.screen.columns == 120, "nobody's view shrinks it"
        source.writes = False
        await press(desk, "right")
        assert not desk.rows[0].startswith("corner")
        await press(desk, "left")
        assert desk.rows[0].startswith("corner")


async def test_a_smaller_screen_leaves_the_rest_empty() -> None:
    source = Shared(10, 3)
    async with looking(source) as (desk, _):
        source.print("one\r\ntwo\r\nthree")
        desk.view.look()
        assert desk.rows == ["one", "two", "three", *[""] * 7]
        assert source.sizes == [(40, 10)], "the host is told how large the view is"


# ── what has scrolled away ───────────────────────────────────────────────────────────────────────


async def test_going_back_and_returning() -> None:
    source = Shared(40, 10)
    source.print("\r\n".join(f"line {number}" for number in range(300)))
    async with looking(source) as (desk, _):
        await press(desk, "shift+pageup")
        await until(lambda: desk.rows[0] == "line 281", "the page before")
        assert desk.rows[-1] == "line 290"
        await press(desk, "up")
        await until(lambda: desk.rows[0] == "line 280", "a line further back")
        source.print("\r\nmore\r\nand more")
        desk.view.look()
        assert desk.rows[0] == "line 280", "what is read stays where it is"
        await press(desk, "x")
        assert desk.view.back == 0
        assert desk.rows[-1].startswith("and more")
        assert source.typed == b"", "the key that returns is not the program's"


async def test_finding_words_in_it() -> None:
    source = Shared(40, 10)
    source.print("\r\n".join(f"line {number}" for number in range(400)))
    async with looking(source) as (desk, _):
        assert await desk.view.find("LINE 17")
        await until(lambda: any(row == "line 179" for row in desk.rows), "the last one of them")
        assert await desk.view.find("line 17")
        await until(lambda: any(row == "line 178" for row in desk.rows), "the one before")
        found = desk.rows.index("line 178")
        assert desk.style_at(0, found).reverse
        assert not await desk.view.find("nowhere")


async def test_what_is_seen_is_told_as_text() -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        source.print("one  \r\n  日本\r\n\r\n")
        desk.view.look()
        assert desk.view.text() == "one\n  日本"


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────

KEYS = [
    ("a", b"a"),
    ("A", b"A"),
    ("enter", b"\r"),
    ("tab", b"\t"),
    ("shift+tab", b"\x1b[Z"),
    ("backspace", b"\x7f"),
    ("ctrl+c", b"\x03"),
    ("ctrl+q", b"\x11"),
    ("ctrl+z", b"\x1a"),
    ("ctrl+l", b"\x0c"),
    ("ctrl+p", b"\x10"),
    ("ctrl+backslash", b"\x1c"),
    ("question_mark", b"?"),
    ("slash", b"/"),
    ("up", b"\x1b[A"),
    ("home", b"\x1b[H"),
    ("pageup", b"\x1b[5~"),
    ("ctrl+left", b"\x1b[1;5D"),
    ("f1", b"\x1bOP"),
    ("f5", b"\x1b[15~"),
    ("escape", b"\x1b"),
    ("space", b" "),
]


@pytest.mark.parametrize(("key", "data"), KEYS, ids=[key for key, _ in KEYS])
async def test_a_key_is_the_programs(key: str, data: bytes) -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        await press(desk, key)
        assert source.typed == data
        assert desk.told == []
        assert desk.view.has_focus
        assert desk.is_running


async def test_keys_follow_the_modes() -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        source.print("\x1b[?1h")
        await press(desk, "up")
        assert source.typed == b"\x1bOA"


async def test_a_paste_is_text_and_nothing_else() -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        source.print("\x1b[?2004h")
        desk.view.post_message(events.Paste("rm\nls\x1b[201~\x03"))
        await settled(desk)
        assert source.typed.startswith(b"\x1b[200~rm\rls")
        assert source.typed.endswith(b"\x1b[201~")
        assert source.typed.count(b"\x1b") == 2
        assert b"\x03" not in source.typed


async def test_esc_twice_leaves_and_once_is_the_programs() -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        await press_at(desk, 100.0, "escape")
        assert (source.typed, desk.told) == (b"\x1b", [])
        again = 100.1 + LEAVE_S
        await press_at(desk, again, "escape")
        assert (source.typed, desk.told) == (b"\x1b\x1b", []), "slowly, they are two keys"
        await press_at(desk, again + LEAVE_S / 2, "escape")
        assert desk.told == ["left"], "whenever they are handled"
        await press(desk, MENU)
        assert desk.told == ["left", "menu"]
        assert source.typed == b"\x1b\x1b"


async def test_a_key_between_makes_no_double_esc() -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        await press_at(desk, 100.0, "escape", "j", "escape")
        assert (source.typed, desk.told) == (b"\x1bj\x1b", [])


async def test_who_only_watches_types_nothing() -> None:
    source = Shared(40, 10, writes=False)
    async with looking(source) as (desk, _):
        await press(desk, "x")
        desk.view.post_message(events.Paste("rm -rf /"))
        await settled(desk)
        assert source.typed == b""
        assert desk.told == ["refused", "refused"]
        await press_at(desk, 100.0, "escape", "escape")
        assert desk.told[-1] == "left"


async def test_the_mouse_goes_where_it_is_wanted() -> None:
    source = Shared(40, 10)
    source.print("\r\n".join(f"line {number}" for number in range(100)))
    async with looking(source) as (desk, pilot):
        await pilot.mouse_down(desk.view, offset=(3, 2))
        await settled(desk)
        assert source.typed == b"", "the program has not asked for it"
        source.print("\x1b[?1000h\x1b[?1006h")
        await pilot.mouse_down(desk.view, offset=(3, 2))
        await settled(desk)
        await pilot.mouse_up(desk.view, offset=(3, 2))
        await settled(desk)
        assert source.typed == b"\x1b[<0;4;3M\x1b[<0;4;3m"
        source.print("\x1b[?1000l")
        desk.view.post_message(
            events.MouseScrollUp(desk.view, 1, 1, 0, 0, 0, False, False, False, style=None)
        )
        await until(lambda: desk.view.back > 0, "the wheel to go back")


async def test_text_is_selected_with_the_mouse_where_that_is_not_the_programs() -> None:
    source = Shared(40, 10)
    async with looking(source) as (desk, pilot):
        source.print("one 日本 two\r\nthree   \r\nfour")
        desk.view.look()
        await settled(desk)
        await pilot.mouse_down(desk.view, offset=(4, 0))
        await settled(desk)
        await pilot.hover(desk.view, offset=(2, 1))
        await settled(desk)
        await pilot.mouse_up(desk.view, offset=(2, 1))
        await settled(desk)
        await until(lambda: bool(desk.screen.get_selected_text()), "something to be selected")
        assert desk.screen.get_selected_text() == "日本 two\nthr", "the cell below the mouse, too"
        assert [bool(desk.style_at(x, 0).reverse) for x in range(6)] == [False] * 4 + [True] * 2
        assert source.typed == b""
        source.print("\x1b[?1000h\x1b[?1006h")
        assert not desk.view.allow_select


async def test_an_event_is_waited_for_nowhere() -> None:
    """A program that reads nothing keeps nobody from leaving."""
    source = Shared(40, 10)
    async with looking(source) as (desk, _):
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(50):
                desk.view.post_message(events.Key("x", "x"))
            await press_at(desk, 100.0, "escape", "escape")
        assert desk.told == ["left"]
        assert source.typed.startswith(b"x" * 50)


def test_a_question_before_terminals_end_says_how_many_watch() -> None:
    assert leaving_words([2]) == (
        "Quit, and end the terminal that you share?",
        "2 people watch it, and what runs in it ends.",
    )
    question, about = leaving_words([1, 0])
    assert "the 2 terminals" in question
    assert about == "1 person watches them, and what runs in them ends."
    assert leaving_words([0])[1].startswith("Nobody watches it")
