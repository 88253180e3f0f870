"""Paths that are typed after a command, as in a shell: quotes, backslashes, `~`, and what Tab makes of one.

Strategy: one small reader of words with quotes serves both what is entered and what is being typed. The
disk is looked at elsewhere; here are only names, so that nothing waits for a network's folder.
"""

import os
import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from protocol.text import clean_line

LISTED: Final = 5_000
"""Names of one folder that are looked through."""

_PLAIN: Final = re.compile(r"([^\w@%+=:,./~-])")


class Word(NamedTuple):
    """The word that a text ends in: where it begins, and what it says without its quotes."""

    start: int
    text: str


def last_word(text: str) -> Word:
    """The word before the cursor, also where a quote is still open."""
    start, said, quote, inside = 0, "", "", False
    place = 0
    while place < len(text):
        sign = text[place]
        if sign == "\\" and quote != "'" and place + 1 < len(text):
            start, inside = (start if inside else place), True
            place += 1
            said += text[place]
        elif quote:
            if sign == quote:
                quote = ""
            else:
                said += sign
        elif sign in "'\"":
            start, inside, quote = (start if inside else place), True, sign
        elif sign.isspace():
            inside, said = False, ""
        else:
            start, inside = (start if inside else place), True
            said += sign
        place += 1
    return Word(start, said) if inside else Word(len(text), "")


def split(text: str) -> list[str]:
    """The words of what was entered; raises `ValueError` where a quote is open."""
    return shlex.split(text)


def escaped(path: str) -> str:
    """A path as it is typed, so that `split` has it back."""
    home = path.startswith("~/")
    return f"~/{_PLAIN.sub(_ESCAPE, path[2:])}" if home else _PLAIN.sub(_ESCAPE, path)


_ESCAPE: Final = r"\\\1"


def expanded(path: str) -> Path:
    """A path with its `~` written out; one of nobody stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def folder_of(typed: str) -> str:
    """The folder that the end of a path is looked for in, as it was typed; empty for the present one."""
    if typed == "~":
        return ""
    head, slash, _ = typed.rpartition("/")
    return head + slash


def last_name(path: str) -> str:
    """What stands at its end: `b.txt` of `a/b.txt`, `b/` of `a/b/`."""
    return path[path.rstrip("/").rfind("/") + 1 :] or path


def listing(folder: str) -> list[str]:
    """The names in a folder, folders with a slash at their end; for a thread. None where it cannot be read.

    Names that could move the cursor, or that are no text, cannot be typed and are left out.
    """
    names: list[str] = []
    try:
        with os.scandir(Path(folder or ".").expanduser()) as entries:
            for entry in entries:
                if len(names) >= LISTED:
                    break
                if clean_line(entry.name) == entry.name and entry.name.isprintable():
                    names.append(f"{entry.name}/" if _is_folder(entry) else entry.name)
    except (OSError, RuntimeError):  # expanduser raises that where nobody has the name
        return []
    return sorted(names, key=lambda name: (name.casefold(), name))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def fitting(typed: str, names: Iterable[str]) -> Sequence[str]:
    """Of the names in its folder those that `typed` may become, as paths; hidden ones only if asked for."""
    folder = folder_of(typed)
    begun = typed[len(folder) :]
    if typed == "~":
        return ["~/"]
    return [
        folder + name
        for name in names
        if name.casefold().startswith(begun.casefold()) and (begun or not name.startswith("."))
    ]
