"""The public keys in `~/.ssh`, to choose one that lets in by ssh. Private ones are never opened.

Strategy: only files whose names end in `.pub` are looked at, so many and so much of each, and only for a line
of a kind that ssh calls a key; whether the server takes it is the server's to say.
"""

import stat
from pathlib import Path
from typing import Final, NamedTuple

FILES: Final = 9
"""Files that are offered: each has a digit."""

LOOKED_AT: Final = 200
"""Names of a folder that are looked at."""

LINE_BYTES: Final = 8 * 1024
"""More than a key of RSA with 8192 bits takes, and its comment."""

_KINDS: Final = ("ssh-", "ecdsa-sha2-")


class PublicKey(NamedTuple):
    """`file`: its name; `line`: what it says."""

    file: str
    line: str

    @property
    def words(self) -> str:
        """How it is told: its file, and the comment in it."""
        comment = self.line.split(None, 2)[2:]
        return f"{self.file}: {comment[0]}" if comment else self.file


def public_keys(folder: Path) -> list[PublicKey]:
    """By name; what cannot be read, or is none, is left out. `~` is one's own folder."""
    try:
        names = sorted(path for path in folder.expanduser().iterdir() if path.name.endswith(".pub"))
    except (OSError, RuntimeError):  # there may be no folder of one's own
        return []
    found = (PublicKey(path.name, _line(path)) for path in names[:LOOKED_AT])
    return [key for key in found if _is_key(key.line)][:FILES]


def _line(path: Path) -> str:
    """The first line, where it is a file at all: opening a pipe would wait for its other end."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return ""
        with path.open("rb") as opened:
            return opened.readline(LINE_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _is_key(line: str) -> bool:
    kind, _, rest = line.partition(" ")
    return kind.startswith(_KINDS) and "-cert-" not in kind and bool(rest.strip())
