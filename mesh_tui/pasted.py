"""What was pasted: many lines at once, or the paths that a terminal makes of files dropped on it.

Strategy: terminals write a dropped file as text, each in its own way: bare, in quotes, with backslashes
before blanks, or as a `file://` address, several of them in a row. Whether they exist is for the caller to
ask: through ssh they are files of another machine.
"""

import re
import shlex
from typing import Final
from urllib.parse import unquote, urlsplit

PATHS: Final = 100
"""Paths that are recognised in one go."""

PATH_CHARS: Final = 20_000

_TICKS: Final = re.compile(r"`+")
_LOCAL_HOSTS: Final = ("", "localhost")


def line_count(text: str) -> int:
    return text.strip("\n").count("\n") + 1


def paths(text: str) -> list[str]:
    """The absolute paths that `text` is made of, and of nothing else; else none."""
    text = text.strip()
    if not text.startswith(("/", "file:", "'", '"')) or len(text) > PATH_CHARS:
        return []
    try:
        words = shlex.split(text)
    except ValueError:
        return []
    found = [_path(word) for word in words]
    return [path for path in found if path] if len(found) <= PATHS and all(found) else []


def _path(word: str) -> str:
    if not word.startswith("file:"):
        return word if word.startswith("/") and len(word) > 1 and not word.startswith("//") else ""
    try:
        address = urlsplit(word)
    except ValueError:
        return ""
    path = unquote(address.path)
    return path if (address.hostname or "") in _LOCAL_HOSTS and path.startswith("/") else ""


def code_block(text: str) -> str:
    """`text` as a block of code, within a fence that nothing in it ends."""
    fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
    return f"{fence}\n{text.strip(chr(10))}\n{fence}"
