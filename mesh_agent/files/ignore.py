"""`.meshignore`: what of a folder is not sent, written as in `.gitignore`.

    # a comment            build/          a folder of that name, anywhere below
    *.log                  /notes.txt      only beside this file
    !keep.log              docs/**/*.tmp   `**` goes over any number of folders

Strategy: as git does it. The last pattern that fits decides; those of an inner folder come after those of
an outer one; what lies in a folder that is left out cannot be taken in again. A pattern becomes one regular
expression that never goes back over what it has found, so that no pattern can take long.
"""

import re
from dataclasses import dataclass
from typing import Final

IGNORE_FILE: Final = ".meshignore"
IGNORE_BYTES: Final = 256 * 1024
"""The largest one that is read."""

PATTERNS: Final = 2_000
"""In one file."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    fits: re.Pattern[str]
    folders: bool
    """It is only for folders."""
    takes_in: bool
    """It began with `!`."""
    whole: bool
    """It is for the path from its file on, not for the last component."""


class Ignore:
    """The patterns that hold in one folder: those of its own file after those of the folders above."""

    def __init__(self, above: "Ignore | None" = None, depth: int = 0, text: str = "") -> None:
        """`depth`: how many components the path of the folder has that the file lies in."""
        self.above = above
        self.depth = depth
        lines = text.split("\n")[:PATTERNS]
        self.patterns = [pattern for line in reversed(lines) if (pattern := _parse(line)) is not None]

    def leaves_out(self, parts: tuple[str, ...], *, folder: bool) -> bool:
        """`parts`: the components of the path from the top on."""
        at: Ignore | None = self
        while at is not None:
            for pattern in at.patterns:
                if pattern.folders and not folder:
                    continue
                if pattern.fits.fullmatch("/".join(parts[at.depth :]) if pattern.whole else parts[-1]):
                    return not pattern.takes_in
            at = at.above
        return False

    @property
    def empty(self) -> bool:
        return not self.patterns and (self.above is None or self.above.empty)


def _parse(line: str) -> _Pattern | None:
    line = _without_end(line.rstrip("\r"))
    if not line or line.startswith("#"):
        return None
    takes_in = line.startswith("!")
    line = line[takes_in:]
    folders = line.endswith("/")
    line = line.rstrip("/") if folders else line
    whole = "/" in line
    line = line.removeprefix("/")
    return _Pattern(re.compile(_expression(line), re.DOTALL), folders, takes_in, whole) if line else None


def _without_end(line: str) -> str:
    """Without spaces at the end, but for one after a backslash."""
    bare = line.rstrip(" ")
    return bare + " " if bare != line and bare.endswith("\\") and not bare.endswith("\\\\") else bare


def _expression(pattern: str) -> str:
    """What follows a `**` is looked for at the first place where it is, and that is final, as it is with a
    `*` in a component: a later place could fit no better. Only what comes last is tied to the end."""
    runs: list[list[str]] = [[]]
    for part in pattern.split("/"):
        if part == "**":
            runs.append([])
        else:
            runs[-1].append(_component(part))
    first, *others = runs
    made = "".join(f"{part}/" for part in first)
    if not others:
        return made[:-1]
    *between, last = others
    for run in between:
        if run:
            made += f"(?>(?:[^/]+/)*?{''.join(f'{part}/' for part in run)})"
    return made + (f"(?:[^/]+/)*{'/'.join(last)}" if last else ".+")


def _component(part: str) -> str:
    runs = [""]
    at = 0
    while at < len(part):
        character = part[at]
        at += 1
        if character == "*":
            runs.append("")
        elif character == "?":
            runs[-1] += "[^/]"
        elif character == "\\" and at < len(part):
            runs[-1] += re.escape(part[at])
            at += 1
        elif character == "[" and (found := _class(part, at)) is not None:
            runs[-1] += found[0]
            at = found[1]
        else:
            runs[-1] += re.escape(character)
    first, *others = runs
    if not others:
        return first
    *between, last = others
    return first + "".join(f"(?>[^/]*?{run})" for run in between if run) + f"[^/]*{last}"


def _class(part: str, at: int) -> tuple[str, int] | None:
    """`[a-z]` from behind its bracket on, and where it ends; None where it does not end."""
    negated = part[at : at + 1] in {"!", "^"}
    begin = at + negated
    end = part.find("]", begin + 1)
    if end < 0:
        return None
    inner = re.sub(r"([\\\[\]^&~|])", r"\\\1", part[begin:end])
    made = f"(?!/)[{'^' if negated else ''}{inner}]"
    try:
        re.compile(made)
    except re.error:
        return None
    return made, end + 1
