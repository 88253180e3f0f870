"""The compositor and the scrollbar that do less paint what Textual's own paint."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.filter import Monochrome
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widgets import Static, TextArea

from mesh_tui.compositing import LeanCompositor, LeanScrollBar, LeanTextArea
from mesh_tui.painted import _pieces
from mesh_tui.themes import LIGHT, MONOKAI, theme
from tests.support.conditions import until

Cells = dict[tuple[int, int], tuple[str, str]]
"""Row and column -> what stands there, and its style."""


def _cells(pieces: Sequence[tuple[int, int, Strip]]) -> Cells:
    cells: Cells = {}
    for y, x, strip in pieces:
        column = x
        for text, style, _ in strip:
            for letter in text:
                cells[y, column] = letter, str(style)
                column += 1
    return cells


# ── the compositor ───────────────────────────────────────────────────────────────────────────────


class _Counted(Static):
    """Counts how often it was asked for rows."""

    asked = 0

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked += 1
        return super().render_lines(crop)


class _Scrolled(Vertical):
    """More than fits, so that some of it is cut off, and some not to be seen at all."""

    def compose(self) -> ComposeResult:
        for number in range(8):
            yield _Counted(f"first {number}\nsecond {number}\nthird {number}", id=f"row{number}")


class _Desk(Screen[None]):
    def compose(self) -> ComposeResult:
        yield _Counted("side\nside", id="side")
        yield _Scrolled()
        yield _Counted("below", id="below")
        yield _Counted("above", id="above")


class _App(App[None]):
    CSS = """
    #side { dock: left; width: 8; }
    _Scrolled { height: 7; overflow-y: scroll; }
    #below { height: 1; }
    #above { layer: top; width: 9; height: 3; offset: 4 1; background: blue; }
    Screen { layers: base top; }
    """

    def get_default_screen(self) -> Screen[None]:
        return _Desk()


@asynccontextmanager
async def _desk() -> AsyncIterator[_Desk]:
    """A screen with much on it, scrolled by a row and a half of its widgets."""
    app = _App()
    async with app.run_test(size=(30, 10)) as pilot:
        screen = app.screen
        assert isinstance(screen, _Desk)
        await until(lambda: screen.query_one("#below").region.height == 1, "the layout")
        screen.query_one(_Scrolled).scroll_to(y=4, animate=False, immediate=True)
        await pilot.pause()
        assert screen.query_one(_Scrolled).scroll_offset.y == 4
        yield screen


def _arranged(screen: Screen[None], kind: Callable[[], Compositor]) -> Compositor:
    compositor = kind()
    compositor.reflow(screen, screen.size)
    compositor._dirty_regions.clear()
    return compositor


def _whole(compositor: Compositor) -> Cells:
    update = compositor.render_full_update()
    assert isinstance(update, LayoutUpdate)
    return _cells(list(_pieces(update)))


def _part(compositor: Compositor, regions: Sequence[Region]) -> Cells:
    compositor._dirty_regions.update(regions)
    update = compositor.render_partial_update()
    assert isinstance(update, ChopsUpdate)
    return _cells(list(_pieces(update)))


async def test_a_whole_screen_looks_as_textual_paints_it() -> None:
    async with _desk() as screen:
        lean, plain = _whole(_arranged(screen, LeanCompositor)), _whole(_arranged(screen, Compositor))
        assert lean == plain
        assert len(lean) == 30 * 10
        assert "".join(lean[1, x][0] for x in range(4, 9)) == "above", "what lies on top wins"


@pytest.mark.parametrize("height", [1, 3, 10])
@pytest.mark.parametrize("width", [1, 6, 30])
async def test_a_part_of_it_looks_as_textual_paints_it(width: int, height: int) -> None:
    async with _desk() as screen:
        lean, plain = _arranged(screen, LeanCompositor), _arranged(screen, Compositor)
        for x in range(0, 31 - width, 4):
            for y in range(11 - height):
                part = [Region(x, y, width, height)]
                assert _part(lean, part) == _part(plain, part)
        apart = [Region(0, 0, 3, 1), Region(25, 8, 4, 2)]
        assert _part(lean, apart) == _part(plain, apart)


async def test_only_what_is_to_be_painted_is_asked_for_rows() -> None:
    async with _desk() as screen:
        compositor = _arranged(screen, LeanCompositor)
        everybody = list(screen.query(_Counted))
        before = {widget.id: widget.asked for widget in everybody}
        _part(compositor, [screen.query_one("#below").region])
        asked = {widget.id for widget in everybody if widget.asked > before[widget.id]}
        assert asked == {"below"}


async def test_a_widget_that_is_cut_off_is_asked_only_for_what_is_seen() -> None:
    async with _desk() as screen:
        compositor = _arranged(screen, LeanCompositor)
        names = {region: widget.id or "" for widget, (region, _) in compositor.visible_widgets.items()}
        rows = []
        for region, clip, strips in compositor._get_renders():
            shown = region.intersection(clip)
            assert len(strips) == shown.height
            assert {strip.cell_length for strip in strips} == {shown.width}
            rows.append(names[region])
        assert sorted(name for name in rows if "row" in name) == ["row1", "row2", "row3"]


async def test_a_widget_that_appears_is_told_so_whoever_asks_for_its_place_before() -> None:
    async with _desk() as screen:
        compositor, side = _arranged(screen, LeanCompositor), screen.query_one("#side")
        side.display = False
        assert side not in compositor.reflow(screen, screen.size).shown
        side.display = True
        compositor._full_map_invalidated = True  # as where a layout is wanted
        assert compositor.find_widget(side).region.width == 8
        assert side in compositor.reflow(screen, screen.size).shown
        assert not compositor.reflow(screen, screen.size).shown, "once"


# ── the scrollbar ────────────────────────────────────────────────────────────────────────────────


def _looks(text: str, style: Style | None) -> tuple[object, ...]:
    """What is seen of a cell, and what a click on it does: of a blank, not its letter's colour."""
    assert style is not None
    front, back = (style.bgcolor, style.color) if style.reverse else (style.color, style.bgcolor)
    return text, None if text.isspace() else front, back, style.meta


class _Bars(App[None]):
    """The two kinds of bars side by side."""

    CSS = "Screen { layout: horizontal; } ScrollBar { height: 12; width: 1; }"

    def __init__(self) -> None:
        super().__init__()
        for name, colours in (("one", MONOKAI), ("two", LIGHT)):
            self.register_theme(theme(name, colours))
        self.theme = "mesh-one"

    def compose(self) -> ComposeResult:
        yield LeanScrollBar(thickness=1)
        yield ScrollBar(thickness=1)

    @property
    def lean(self) -> LeanScrollBar:
        return self.query_one(LeanScrollBar)

    @property
    def plain(self) -> ScrollBar:
        return next(bar for bar in self.query(ScrollBar) if not isinstance(bar, LeanScrollBar))

    def put(self, virtual: int, window: int, position: float) -> None:
        for bar in (self.lean, self.plain):
            bar.window_virtual_size, bar.window_size, bar.position = virtual, window, position

    def looks(self, bar: ScrollBar, crop: Region | None = None) -> list[list[tuple[object, ...]]]:
        strips = bar.render_lines(crop or bar.size.region)
        return [[_looks(text, style) for text, style, _ in strip] for strip in strips]


@asynccontextmanager
async def _bars() -> AsyncIterator[_Bars]:
    app = _Bars()
    async with app.run_test(size=(20, 12)):
        await until(lambda: app.lean.size == app.plain.size == Size(1, 12), "the layout")
        yield app


async def test_it_looks_as_textuals_wherever_it_stands() -> None:
    async with _bars() as app:
        for virtual in (0, 5, 12, 13, 40, 3_000):
            for part in range(17):
                app.put(virtual, 12, max(0, virtual - 12) * part / 16)
                assert app.looks(app.lean) == app.looks(app.plain), (virtual, part)


async def test_a_part_of_it_is_that_part() -> None:
    async with _bars() as app:
        app.put(40, 12, 11)
        whole = app.looks(app.lean)
        for top, bottom in ((0, 1), (3, 9), (11, 12)):
            assert app.looks(app.lean, Region(0, top, 1, bottom - top)) == whole[top:bottom]


async def test_it_follows_the_theme_and_the_mouse() -> None:
    async with _bars() as app:
        app.put(40, 12, 11)
        looks = [app.looks(app.lean)]
        app.theme = "mesh-two"
        await until(lambda: app.looks(app.lean) != looks[0], "the other theme")
        assert app.looks(app.lean) == app.looks(app.plain)
        looks.append(app.looks(app.lean))
        app.lean.mouse_over = app.plain.mouse_over = True
        assert app.looks(app.lean) == app.looks(app.plain)
        looks.append(app.looks(app.lean))
        assert all(before != after for before, after in pairwise(looks))


async def test_it_is_filtered_as_textuals_is() -> None:
    """As where a terminal has no colours; which filters there are may change with the theme."""
    async with _bars() as app:
        app.put(40, 12, 11)
        before = app.looks(app.lean)
        app._filters.append(Monochrome())
        for bar in (app.lean, app.plain):
            bar.notify_style_update()
        assert app.looks(app.lean) == app.looks(app.plain)
        assert app.looks(app.lean) != before


async def test_rows_are_made_anew_only_where_they_look_otherwise() -> None:
    async with _bars() as app:
        app.put(30_000, 12, 1_000)
        before = app.lean.render_lines(app.lean.size.region)
        app.put(30_001, 12, 1_001)
        after = app.lean.render_lines(app.lean.size.region)
        assert all(old is new for old, new in zip(before, after, strict=True)), "the thumb has not moved"
        app.put(30_001, 12, 25_000)
        moved = app.lean.render_lines(app.lean.size.region)
        assert moved != before


# ── the field ────────────────────────────────────────────────────────────────────────────────────


class _Fields(App[None]):
    """The two kinds of fields, one below the other."""

    CSS = "TextArea { height: 3; width: 12; } TextArea.other { color: red; background: white; }"

    def __init__(self) -> None:
        super().__init__()
        for name, colours in (("one", MONOKAI), ("two", LIGHT)):
            self.register_theme(theme(name, colours))
        self.theme = "mesh-one"

    def compose(self) -> ComposeResult:
        for field in (LeanTextArea("some\nwords"), TextArea("some\nwords")):
            field.cursor_blink = False
            yield field

    @property
    def fields(self) -> tuple[TextArea, TextArea]:
        lean = self.query_one(LeanTextArea)
        return lean, next(field for field in self.query(TextArea) if field is not lean)

    def looks(self) -> list[list[list[tuple[object, ...]]]]:
        """Of both, without what a click on them does."""
        looks = []
        for field in self.fields:
            strips = field.render_lines(field.size.region)
            looks.append([[_looks(text, style)[:3] for text, style, _ in strip] for strip in strips])
        return looks


async def test_a_field_looks_as_textuals_whatever_becomes_of_its_colours() -> None:
    app = _Fields()
    async with app.run_test(size=(20, 12)) as pilot:
        app.screen.set_focus(None)
        await until(lambda: all(field.size.height for field in app.fields), "the layout")
        seen = []

        def same() -> bool:
            lean, plain = app.looks()
            return lean == plain and lean not in seen

        await until(same, "both to look alike")
        seen.append(app.looks()[0])
        app.theme = "mesh-two"
        await until(same, "both in the other theme")
        seen.append(app.looks()[0])
        for field in app.fields:
            field.add_class("other")
        await until(same, "both in other styles")
        seen.append(app.looks()[0])
        for field in app.fields:
            field.theme = "monokai"
        await until(same, "both with another theme of their own")
        await pilot.pause()


async def test_a_fields_colours_are_asked_for_only_when_they_may_be_others() -> None:
    app = _Fields()
    async with app.run_test(size=(20, 12)):
        lean = app.query_one(LeanTextArea)
        await until(lambda: lean.size.height and lean._themed is lean._theme, "it to be painted")
        assert lean._theme is not None
        marked = lean._theme.base_style = Style(color="red", bgcolor="blue")
        lean.render_lines(lean.size.region)
        assert lean._theme.base_style is marked, "not made anew"
        lean.notify_style_update()
        lean.render_lines(lean.size.region)
        assert lean._theme.base_style is not marked
