"""The stylesheet that remembers means what Textual's own means, and parses nothing twice; a screen that opens
is styled for its size at once."""

from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.css.stylesheet import Stylesheet, StylesheetParseError
from textual.screen import Screen
from textual.widgets import Static

from mesh_tui import app as mesh_app
from mesh_tui.screens.base import Patient
from mesh_tui.sheet import LeanSheet
from mesh_tui.terminal_app import TerminalApp
from mesh_tui.themes import LIGHT, MONOKAI, Colours, theme
from tests.support.conditions import until


def coloured(colours: Colours) -> dict[str, str]:
    made = theme("some", colours)
    return TerminalApp().get_css_variables() | made.to_color_system().generate() | made.variables


FILES = [Path(mesh_app.__file__).parent / "styles" / name for name in mesh_app.STYLES]


def of_mesh(kind: type[Stylesheet], colours: dict[str, str]) -> Stylesheet:
    sheet = kind(variables=colours)
    for file in FILES:
        sheet.read(str(file))
    sheet.parse()
    return sheet


def small(colours: dict[str, str], count: int) -> LeanSheet:
    sheet = LeanSheet(variables=colours)
    for number in range(count):
        sheet.add_source(f".some{number} {{ color: $ink; }}", read_from=("here", str(number)))
    sheet.parse()
    return sheet


def colour_of(sheet: Stylesheet, number: int = 0) -> str:
    return sheet.rules[number].styles.color.hex


def test_it_means_what_textual_takes_it_for_also_after_a_change_of_colours() -> None:
    lean, plain = of_mesh(LeanSheet, coloured(MONOKAI)), of_mesh(Stylesheet, coloured(MONOKAI))
    assert len(plain.rules) > 50
    assert lean.css == plain.css
    for sheet in (lean, plain):
        sheet.set_variables(coloured(LIGHT))
        sheet.reparse()
    assert lean.css == plain.css != of_mesh(Stylesheet, coloured(MONOKAI)).css
    assert {name: len(rules) for name, rules in lean.rules_map.items()} == {
        name: len(rules) for name, rules in plain.rules_map.items()
    }


def test_what_an_app_parsed_is_parsed_no_more_however_much_it_is() -> None:
    before = small({"ink": "#010203"}, 130)
    after = small({"ink": "#010203"}, 130)
    assert len(before.rules) == 130
    assert all(one is other for one, other in zip(before.rules, after.rules, strict=True))
    after.add_source(".more { color: $ink; }", read_from=("here", "more"))
    after.parse()
    assert all(one is other for one, other in zip(before.rules, after.rules[:-1], strict=True))


def test_other_colours_are_others_also_for_who_shared_them() -> None:
    stays, changes = small({"ink": "#010203"}, 3), small({"ink": "#010203"}, 3)
    changes.set_variables({"ink": "#040506"})
    changes.reparse()
    assert (colour_of(stays), colour_of(changes)) == ("#010203", "#040506")
    assert colour_of(small({"ink": "#010203"}, 3)) == "#010203"
    changes.set_variables({"ink": "#010203"})
    changes.reparse()
    assert changes.rules[0] is stays.rules[0]


def test_a_text_that_is_wrong_changes_nothing() -> None:
    sheet = small({"ink": "#010203"}, 1)
    sheet.add_source(".wrong { color: nothing-that-there-is; }", read_from=("here", "wrong"))
    with pytest.raises(StylesheetParseError):
        sheet.reparse()
    assert len(sheet._rules) == 1


def test_a_rule_is_itself_alone() -> None:
    one, other = small({"ink": "#010203"}, 2).rules
    assert one in {one}
    assert other not in {one}


def test_the_app_has_it() -> None:
    assert isinstance(TerminalApp().stylesheet, LeanSheet)


# ── for its size ─────────────────────────────────────────────────────────────────────────────────


class _Broad(Patient[None]):
    """Looks what it was taken for when its first widget was made."""

    LOW = ((23, "-short"), (12, "-squat"))

    def __init__(self) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-normal"), (110, "-wide")]
        self.composed_as: set[str] = set()

    def compose(self) -> ComposeResult:
        self.composed_as = set(self.classes)
        yield Static("a word")


class _App(App[None]):
    def get_default_screen(self) -> Screen[None]:
        return _Broad()


@pytest.mark.parametrize(
    ("size", "fitting"),
    [((60, 20), {"-narrow", "-short"}), ((70, 23), {"-normal"}), ((140, 11), {"-wide", "-short", "-squat"})],
)
async def test_a_screen_is_styled_once_for_its_size(size: tuple[int, int], fitting: set[str]) -> None:
    app = _App()
    async with app.run_test(size=size) as pilot:
        screen = app.screen
        assert isinstance(screen, _Broad)
        assert screen.composed_as == fitting, "or all widgets are styled again after the first layout"
        assert screen.classes == fitting
        await pilot.resize_terminal(100, 10)
        await until(lambda: screen.classes == {"-normal", "-short", "-squat"}, "the other size")
