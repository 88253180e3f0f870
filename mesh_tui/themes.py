"""Themes: those that are shipped, and a person's own from `themes/*.toml` beside the settings.

Strategy: a theme is a table of a few named colours, the same for ours and for theirs; from it come all the
variables that Textual and our styles want. A file says only what is otherwise than in the theme that it is
based on. The contrast of what is shipped is held by a test.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct, structs
from textual.color import Color, ColorParseError
from textual.theme import Theme

from mesh_agent.client.folders import read_small
from mesh_tui.settings import SettingsWrong, unknown
from protocol.errors import MeshError

FOLDER: Final = "themes"
NAME_CHARS: Final = 40
THEMES_MOST: Final = 100
"""Files that are looked at; a folder with more was not meant for themes."""


class Colours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a theme says. A colour is such as `#66d9ef` or `ansi_bright_cyan`."""

    dark: bool = True
    background: str
    surface: str
    """Behind bars, lists and pages."""

    text: str
    muted: str
    accent: str
    success: str
    """What is one's own, and what is well."""

    warning: str
    error: str
    border: str
    """Of what has not the focus."""

    line: str
    """Rules between things, and behind buttons."""

    row: str
    """Behind the row that is chosen."""

    selection: str
    names: tuple[str, str, str, str, str, str]
    """Authors."""

    keyword: str
    string: str
    number: str
    function: str
    type: str


MONOKAI: Final = Colours(
    background="#272822",
    surface="#1e1f1c",
    text="#f8f8f2",
    muted="#a59f85",
    accent="#66d9ef",
    success="#a6e22e",
    warning="#fd971f",
    error="#ff6b9d",
    border="#5b5a4c",
    line="#49483e",
    row="#33342c",
    selection="#49483e",
    names=("#66d9ef", "#fd971f", "#b48bff", "#e6db74", "#ff6b9d", "#a1efe4"),
    keyword="#ff6b9d",
    string="#e6db74",
    number="#b48bff",
    function="#a6e22e",
    type="#66d9ef",
)

LIGHT: Final = Colours(
    dark=False,
    background="#fafaf5",
    surface="#efefe8",
    text="#272822",
    muted="#5f5c4d",
    accent="#00647d",
    success="#3f6600",
    warning="#8a4600",
    error="#b0003f",
    border="#a09d8d",
    line="#d8d7cc",
    row="#e4e4da",
    selection="#cfe3ea",
    names=("#00647d", "#8a4600", "#6a3fb5", "#665c00", "#b0003f", "#006455"),
    keyword="#b0003f",
    string="#665c00",
    number="#6a3fb5",
    function="#3f6600",
    type="#00647d",
)

CONTRAST: Final = Colours(
    background="#000000",
    surface="#161616",
    text="#ffffff",
    muted="#d0d0d0",
    accent="#7fe9ff",
    success="#b8ff5c",
    warning="#ffc266",
    error="#ff9dbb",
    border="#b0b0b0",
    line="#4a4a4a",
    row="#3a3a3a",
    selection="#003f5c",
    names=("#7fe9ff", "#ffc266", "#d0b8ff", "#fff27a", "#ffa6c3", "#a6fff0"),
    keyword="#ffa6c3",
    string="#fff27a",
    number="#d0b8ff",
    function="#b8ff5c",
    type="#7fe9ff",
)

SIXTEEN: Final = Colours(
    background="ansi_black",
    surface="ansi_black",
    text="ansi_bright_white",
    muted="ansi_white",
    accent="ansi_bright_cyan",
    success="ansi_bright_green",
    warning="ansi_bright_yellow",
    error="ansi_bright_red",
    border="ansi_white",
    line="ansi_blue",
    row="ansi_blue",
    selection="ansi_blue",
    names=(
        "ansi_bright_cyan",
        "ansi_bright_yellow",
        "ansi_bright_magenta",
        "ansi_bright_green",
        "ansi_bright_red",
        "ansi_cyan",
    ),
    keyword="ansi_bright_red",
    string="ansi_bright_yellow",
    number="ansi_bright_magenta",
    function="ansi_bright_green",
    type="ansi_bright_cyan",
)
"""In colours of the terminal's own, for one that has no others."""

SHIPPED: Final[Mapping[str, Colours]] = {
    "monokai": MONOKAI,
    "light": LIGHT,
    "contrast": CONTRAST,
    "sixteen": SIXTEEN,
}

AUTO: Final = "auto"
"""Monokai, or `sixteen` on a terminal without more colours."""


def registered(name: str) -> str:
    """What Textual knows a theme by: it has others of the same names."""
    return f"mesh-{name}"


def theme(name: str, colours: Colours) -> Theme:
    """`colours` as Textual and our styles know them."""
    c = colours
    ansi = c.background.startswith("ansi_")
    return Theme(
        name=registered(name),
        primary=c.accent,
        secondary=c.number,
        accent=c.accent,
        success=c.success,
        warning=c.warning,
        error=c.error,
        foreground=c.text,
        background=c.background,
        surface=c.surface,
        panel=c.surface,
        dark=c.dark,
        ansi=ansi,
        variables=_variables(c, ansi=ansi),
    )


def _variables(c: Colours, *, ansi: bool) -> dict[str, str]:
    return {
        "ansi-background": c.background,
        "ansi-foreground": c.text,
        "text": c.text,
        "text-muted": c.muted,
        "text-disabled": c.muted,
        "foreground-muted": c.muted,
        "text-accent": c.accent,
        "text-success": c.success,
        "text-warning": c.warning,
        "text-error": c.error,
        "border": c.accent,
        "border-blurred": c.border,
        "line": c.line,
        "cursor-row": c.row,
        "block-cursor-background": c.accent,
        "block-cursor-foreground": c.background,
        "input-cursor-background": c.background if ansi else c.text,
        "input-cursor-foreground": c.text if ansi else c.background,
        "input-cursor-text-style": "reverse" if ansi else "none",
        "input-selection-background": c.selection,
        "input-selection-foreground": c.text,
        "screen-selection-background": c.selection,
        "screen-selection-foreground": c.text,
        "scrollbar": c.line,
        "scrollbar-hover": c.border,
        "scrollbar-active": c.accent,
        "scrollbar-background": c.background,
        "scrollbar-background-hover": c.background,
        "scrollbar-background-active": c.background,
        "scrollbar-corner-color": c.background,
        **{f"name-{number}": colour for number, colour in enumerate(c.names, 1)},
        "syntax-keyword": c.keyword,
        "syntax-string": c.string,
        "syntax-number": c.number,
        "syntax-function": c.function,
        "syntax-type": c.type,
    }


PLAIN: Final = Theme(
    name=registered("plain"),
    primary="ansi_default",
    secondary="ansi_default",
    accent="ansi_default",
    success="ansi_default",
    warning="ansi_default",
    error="ansi_default",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    dark=True,
    ansi=True,
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "border": "ansi_default",
        "border-blurred": "ansi_default",
        "input-cursor-text-style": "reverse",
        "scrollbar": "ansi_default",
        "scrollbar-hover": "ansi_default",
        "scrollbar-active": "ansi_default",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "line": "ansi_default",
        "cursor-row": "ansi_default",
        **{f"name-{number}": "ansi_default" for number in range(1, 7)},
        **{f"syntax-{kind}": "ansi_default" for kind in ("keyword", "string", "number", "function", "type")},
    },
)
"""For NO_COLOR: the terminal's own colours, told apart by weight and shape only."""


# ── one's own ────────────────────────────────────────────────────────────────────────────────────


def parse(file: str, raw: Mapping[str, Any]) -> Colours:
    """The colours that a file says, on top of the theme that it is `based_on`.

    Raises:
        SettingsWrong: something in it cannot be.
    """
    said = dict(raw)
    base = said.pop("based_on", "monokai")
    if base not in SHIPPED:
        raise SettingsWrong(f"{file}: based_on is one of {', '.join(SHIPPED)}.", "based_on")
    for key in said:
        if key not in Colours.__struct_fields__:
            raise unknown(key, Colours.__struct_fields__, key, file)
    try:
        colours = msgspec.convert({**structs.asdict(SHIPPED[base]), **said}, Colours)
    except msgspec.ValidationError as error:
        raise SettingsWrong(f"{file}: {error}") from None
    for key in said:
        value = getattr(colours, key)
        for colour in value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ():
            try:
                Color.parse(colour)
            except ColorParseError:
                raise SettingsWrong(f"{file}: {key}: {colour!r} is no colour such as #66d9ef.", key) from None
    return colours


@dataclass(slots=True)
class Themes:
    """The themes that there are: shipped ones and those of `folder`, which need not exist."""

    folder: Path
    own: dict[str, Colours]
    _stamp: tuple[object, ...] = ()

    @classmethod
    def beside(cls, settings: Path) -> "Themes":
        return cls(settings.with_name(FOLDER), {})

    @property
    def names(self) -> list[str]:
        return [*SHIPPED, *sorted(self.own.keys() - SHIPPED.keys())]

    def get(self, name: str) -> Colours | None:
        return SHIPPED.get(name) or self.own.get(name)

    def is_stale(self) -> bool:
        return self._stamp != self._look()

    def load(self) -> list[str]:
        """Reads the files anew. One that is wrong leaves the theme as it was, and is told."""
        self._stamp = self._look()
        wrong: list[str] = []
        kept, self.own = self.own, {}
        for path in self._files():
            try:
                self.own[path.stem] = _read(path)
            except MeshError as error:
                wrong.append(error.message)
                if path.stem in kept:
                    self.own[path.stem] = kept[path.stem]
        return wrong

    def _files(self) -> Iterable[Path]:
        try:
            return sorted(self.folder.glob("*.toml"))[:THEMES_MOST]
        except OSError:
            return ()

    def _look(self) -> tuple[object, ...]:
        """What changes when a file does."""
        seen = []
        for path in self._files():
            try:
                found = path.stat()
            except OSError:
                continue
            seen.append((path.name, found.st_mtime_ns, found.st_size, found.st_ino))
        return tuple(seen)


def _read(path: Path) -> Colours:
    import tomllib

    name = f"{FOLDER}/{path.name}"
    if path.stem in (*SHIPPED, AUTO):
        raise SettingsWrong(f"{name}: there is a theme called {path.stem} already. Give it another name.")
    if not path.stem.isprintable() or len(path.stem) > NAME_CHARS:
        raise SettingsWrong(f"The name of a file in {FOLDER} is too long, or has letters that none sees.")
    try:
        return parse(name, tomllib.loads((read_small(path) or b"").decode()))
    except UnicodeDecodeError:
        raise SettingsWrong(f"{name} is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong(f"{name} cannot be read: {error}.") from None
