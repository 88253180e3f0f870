"""Themes: what can be read in each of those that are shipped, and those that a person makes."""

from pathlib import Path

import pytest
from textual.color import Color

from mesh_tui import preferences
from mesh_tui.settings import SettingsWrong
from mesh_tui.settings_file import SettingsFile
from mesh_tui.themes import SHIPPED, SIXTEEN, Colours, Themes, parse, registered, theme
from tests.support.conditions import until
from tests.tui.conftest import SitDown

TEXTS = ("text", "muted", "accent", "success", "warning", "error", "keyword", "string", "number", "function")
ON_A_ROW = ("text", "muted", "accent", "success", "warning")

XTERM = {
    "black": "#000000",
    "blue": "#0000ee",
    "cyan": "#00cdcd",
    "white": "#e5e5e5",
    "bright_red": "#ff0000",
    "bright_green": "#00ff00",
    "bright_yellow": "#ffff00",
    "bright_magenta": "#ff00ff",
    "bright_cyan": "#00ffff",
    "bright_white": "#ffffff",
}
CONSOLE = {
    "black": "#000000",
    "blue": "#0000aa",
    "cyan": "#00aaaa",
    "white": "#aaaaaa",
    "bright_red": "#ff5555",
    "bright_green": "#55ff55",
    "bright_yellow": "#ffff55",
    "bright_magenta": "#ff55ff",
    "bright_cyan": "#55ffff",
    "bright_white": "#ffffff",
}
"""The sixteen colours as xterm and the console of Linux show them."""


def _luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    parts = [part / 255 for part in Color.parse(colour).rgb]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _pairs(colours: Colours) -> list[tuple[str, str, str]]:
    """Every text on every background that it comes before."""
    named = [(name, getattr(colours, name)) for name in (*TEXTS, "type")]
    named += [(f"name {number}", colour) for number, colour in enumerate(colours.names, 1)]
    pairs = [
        (f"{name} on {below}", colour, getattr(colours, below))
        for name, colour in named
        for below in ("background", "surface")
    ]
    pairs += [(f"{name} on row", getattr(colours, name), colours.row) for name in ON_A_ROW]
    pairs += [(f"text on {below}", colours.text, getattr(colours, below)) for below in ("line", "selection")]
    return [*pairs, ("background on accent", colours.background, colours.accent)]


def _poor(colours: Colours, least: float, palette: dict[str, str] | None = None) -> list[str]:
    def real(colour: str) -> str:
        return palette[colour.removeprefix("ansi_")] if palette else colour

    found = [(name, _contrast(real(text), real(below))) for name, text, below in _pairs(colours)]
    return [f"{name}: {ratio:.2f}" for name, ratio in found if ratio < least]


def test_contrast_is_that_of_the_standard() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("name", "least"), [("monokai", 4.5), ("light", 4.5), ("contrast", 7.0)])
def test_every_text_can_be_read(name: str, least: float) -> None:
    assert _poor(SHIPPED[name], least) == []


@pytest.mark.parametrize("palette", [XTERM, CONSOLE], ids=["xterm", "console"])
def test_sixteen_colours_can_be_read_where_they_are_the_usual_ones(palette: dict[str, str]) -> None:
    assert _poor(SIXTEEN, 4.5, palette) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_authors_are_told_apart(name: str) -> None:
    assert len(set(SHIPPED[name].names)) == 6


def test_sixteen_asks_for_no_colour_that_is_not_the_terminals() -> None:
    made = theme("sixteen", SIXTEEN)
    assert made.ansi
    values = [made.primary, made.background, *made.variables.values()]
    assert all(str(value).startswith("ansi_") for value in values if value != "reverse")


# ── one's own ────────────────────────────────────────────────────────────────────────────────────


def test_a_theme_of_ones_own_says_what_is_otherwise() -> None:
    mine = parse("mine.toml", {"based_on": "light", "accent": "#123456"})
    assert mine.accent == "#123456"
    assert mine.text == SHIPPED["light"].text
    assert not mine.dark


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"based_on": "nothing"}, "one of monokai, light"),
        ({"acent": "#123456"}, "Did you mean accent?"),
        ({"accent": "reddish"}, "'reddish' is no colour"),
        ({"names": ["#123456"]}, "length 6"),
        ({"dark": "yes"}, "Expected `bool`"),
    ],
)
def test_what_a_theme_cannot_say_is_named(raw: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsWrong, match=r"^mine\.toml: ") as caught:
        parse("mine.toml", raw)
    assert said in str(caught.value)


@pytest.fixture
def folder(home: Path) -> Path:
    folder = SettingsFile.of_profile("alice").common.with_name("themes")
    folder.mkdir(parents=True)
    return folder


def test_a_theme_that_becomes_wrong_stays_what_it_was(folder: Path) -> None:
    themes = Themes(folder, {})
    (folder / "mine.toml").write_text('accent = "#123456"')
    assert themes.load() == []
    (folder / "mine.toml").write_text("accent = ")
    assert themes.is_stale()
    assert "themes/mine.toml" in themes.load()[0]
    mine = themes.get("mine")
    assert mine is not None
    assert mine.accent == "#123456"


def test_a_shipped_name_is_not_taken_over(folder: Path) -> None:
    themes = Themes(folder, {})
    (folder / "light.toml").write_text('accent = "#123456"')
    assert "already" in themes.load()[0]
    assert themes.get("light") == SHIPPED["light"]


async def test_themes_are_changed_by_command_and_by_file_while_it_runs(
    sit_down: SitDown, shared_server: str, folder: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "LOOK_S", 0.02)
    (folder / "mine.toml").write_text('background = "#010203"')
    alice = await sit_down("alice", shared_server)

    def background() -> str:
        return alice.app.screen.styles.background.hex

    await alice.register(f"alice{number}")
    assert background() == SHIPPED["monokai"].background
    await alice.press(*"/theme", "space", *"light", "enter")
    await until(lambda: background() == SHIPPED["light"].background.upper(), "the light theme")
    assert 'theme = "light"' in (folder.parent / "settings.toml").read_text()
    await alice.press(*"/theme", "space", *"lihgt", "enter")
    await alice.sees("Did you mean light?")
    await alice.press("escape", *"/theme", "space", *"mine", "enter")
    await until(lambda: background() == "#010203", "a theme of one's own")
    (folder / "mine.toml").write_text('background = "#030201"')
    await until(lambda: background() == "#030201", "the theme as it was edited")
    (folder.parent / "settings.toml").write_text('[look]\ntheme = "sixteen"\n')
    await until(lambda: alice.app.theme == registered("sixteen"), "the theme of the file")
    assert alice.app.native_ansi_color


async def test_themes_are_tried_and_the_one_that_was_comes_back(
    shared_server: str, sit_down: SitDown, folder: Path, number: int
) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.press(*"/theme", "enter")
    await alice.sees("auto  now", "Enter keeps it")
    await alice.press("down", "down")
    await until(lambda: alice.app.theme != registered("monokai"), "another theme")
    tried = alice.app.theme
    await alice.app.preferences.look()
    assert alice.app.theme == tried, "what is looked up meanwhile changes nothing"
    await alice.press("escape")
    await until(lambda: alice.app.theme == registered("monokai"), "the one that was")
    await alice.press(*"/theme", "enter")
    await alice.sees("auto  now")
    await alice.press("down", "down", "enter")
    await until(lambda: alice.app.theme == tried and alice.app.settings.look.theme != "auto")
    assert f'theme = "{alice.app.settings.look.theme}"' in (folder.parent / "settings.toml").read_text()
    await alice.press("escape")


async def test_without_colours_no_theme_brings_any(shared_server: str, folder: Path) -> None:
    from mesh_tui.app import MeshApp

    (folder.parent / "settings.toml").write_text('[look]\ntheme = "light"\n')
    app = MeshApp(server=shared_server, plain=True)
    async with app.run_test():
        assert app.theme == registered("plain")
