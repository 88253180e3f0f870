"""What a name of another person becomes on this disk. Nothing else makes a path of such text.

Strategy: one rule, the same on every system, so that the prompt shows what will be written. What cannot be
honest is refused: a path that is absolute, has `..`, `.` or nothing between two slashes, goes too deep, comes
twice, or is a file and a folder at once. What is honest and cannot be kept gets another name, which is told:
characters that a terminal or a reader is deceived by, ends and names that Windows does not take, what is too
long, and what another name would be the same as, on a disk that tells neither case nor ways of writing apart.

The result is a type of its own. Whatever opens, makes or renames in a destination takes `SafeName` alone, and
opens one component at a time (`folders.py`); only this module makes one.
"""

import re
import unicodedata
from typing import Final

from mesh_agent.files.errors import OfferRefused
from protocol.text import clean_line

NAME_BYTES: Final = 255
"""One component, in UTF-8: what nearly every file system takes."""

SHORT_NAME_BYTES: Final = 140
"""What also those take that encrypt names."""

PATH_BYTES: Final = 3_000
"""A whole path within a folder: with the folder's own place it must stay below the 4,096 of Linux."""

DEPTH: Final = 100
"""Folders within each other."""

PART: Final = ".mesh-part-"
"""How the names of unfinished things begin; no other name does."""

_LOOKED_AT_CHARS: Final = 1_000
"""Of one component: normalising takes time quadratic in a run of marks, and no more could stay anyway."""

_SUFFIX_BYTES: Final = 20
"""The longest end after a dot that is kept when a name is cut."""

_RESERVED: Final = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"]
)

_JOINERS: Final = "\u200c\u200d"
_UNWANTED: Final = re.compile(
    "[/\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # bidirectional controls
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u3164\uffa0\ufff0-\uffff"
    "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"  # nothing to see
    rf"|(?<![^\s\x00-\x7f])[{_JOINERS}]|[{_JOINERS}](?![^\s\x00-\x7f])"
)
_UNPORTABLE: Final = re.compile('[<>:"|?*]')
"""What FAT and NTFS refuse, also on Linux."""

_LOOSE_END: Final = re.compile("[. ]+$")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][\w+,=@%()\[\]{}~#&'!;^$ .-]{0,199}(?<![. ])", re.ASCII)


class SafeName(str):
    """One component that was made safe. Only this module makes one."""

    __slots__ = ()


class SafeTarget(str):
    """What a symbolic link says, and does not lead out. Only this module makes one."""

    __slots__ = ()


class SafePath:
    """Components from the offered folder on, each made safe. Only this module makes one.

    Attributes:
        parent: None for what lies in the offered folder itself.
        name: the last component.
    """

    __slots__ = ("name", "parent")

    def __init__(self, parent: "SafePath | None", name: SafeName) -> None:
        self.parent = parent
        self.name = name

    @property
    def parts(self) -> tuple[SafeName, ...]:
        parts = []
        at: SafePath | None = self
        while at is not None:
            parts.append(at.name)
            at = at.parent
        return tuple(reversed(parts))

    def __str__(self) -> str:
        return "/".join(self.parts)

    def __repr__(self) -> str:
        return f"SafePath({str(self)!r})"


# ── one component ────────────────────────────────────────────────────────────────────────────────


def safe_name(text: str) -> SafeName:
    """The one name that stands for `text` here; whatever the text, it is one component and no `..`."""
    if _PLAIN.fullmatch(text) and text.partition(".")[0].rstrip().upper() not in _RESERVED:
        return SafeName(text)
    if len(text) > _LOOKED_AT_CHARS:
        text = text[: _LOOKED_AT_CHARS - 100] + text[-100:]
    name = _UNWANTED.sub("_", unicodedata.normalize("NFC", text)) or "_"
    return _shortened(_guarded(_without_loose_end(name)), NAME_BYTES)


def _without_loose_end(name: str) -> str:
    return _LOOSE_END.sub(lambda end: "_" * len(end[0]), name)


def _guarded(name: str) -> str:
    reserved = name.partition(".")[0].rstrip().upper() in _RESERVED
    return f"_{name}" if reserved or name.casefold().startswith(PART) else name


def _shortened(name: str, size: int, tail: str = "") -> SafeName:
    """`name` with `tail` before its suffix, in at most `size` bytes."""
    stem, suffix = _split(name)
    room = size - len(tail.encode()) - len(suffix.encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[:room].decode(errors="ignore").rstrip(". ") or "_"
    return SafeName(f"{stem}{tail}{suffix}")


def _split(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    kept = stem and 0 < len(suffix.encode()) < _SUFFIX_BYTES and " " not in suffix
    return (stem, dot + suffix) if kept else (name, "")


def numbered(name: SafeName, number: int) -> SafeName:
    """`report.pdf`, 2 -> `report (2).pdf`."""
    return _shortened(name, NAME_BYTES, f" ({number})")


def portable(name: SafeName) -> SafeName:
    """What a disk takes that refused `name`."""
    return _shortened(_without_loose_end(_UNPORTABLE.sub("_", name)), SHORT_NAME_BYTES)


def own_name(text: str) -> SafeName:
    """A name that Mesh itself gives; never text of another person."""
    assert re.fullmatch(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*", text), text
    return SafeName(text)


def entry_name(number: int) -> SafeName:
    """The name of an entry while it is received."""
    return SafeName(number)


def name_key(name: str) -> str:
    """The same for two names that some disk takes for one."""
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFC", name).casefold()
    return unicodedata.normalize("NFC", folded)


# ── an offer ─────────────────────────────────────────────────────────────────────────────────────


def safe_title(text: str) -> SafeName:
    """The name of an offered file or folder.

    Raises: OfferRefused: it is a path, or no name at all.
    """
    _refuse_component(text, text)
    if "/" in text:
        raise OfferRefused(f"{_shown(text)} is offered, which is a path and not a name.")
    return safe_name(text)


class _Branch:
    """One folder of an offer. `said`: it has an entry of its own."""

    __slots__ = ("depth", "numbers", "path", "said", "size", "taken", "texts")

    def __init__(self, path: SafePath | None, depth: int, size: int) -> None:
        self.path = path
        self.depth = depth
        self.size = size
        self.said = False
        self.texts: dict[str, _Branch | None] = {}
        """What the sender calls it -> the folder; None for anything else."""
        self.taken: set[str] = set()
        self.numbers: dict[str, int] = {}

    def free(self, name: SafeName) -> SafeName:
        """`name`, or one made of it that nothing in this folder has."""
        key = name_key(name)
        if key not in self.taken:
            self.taken.add(key)
            return name
        number = self.numbers.get(key, 1)
        while True:
            number += 1
            other = numbered(name, number)
            if (other_key := name_key(other)) not in self.taken:
                self.numbers[key] = number
                self.taken.add(other_key)
                return other


class SafeTree:
    """The names of all entries of an offered folder, one after another.

    Raises, in each method: OfferRefused.
    """

    def __init__(self) -> None:
        self._top = _Branch(None, 0, 0)
        self._folders: dict[str, _Branch] = {"": self._top}

    def leaf(self, text: str) -> SafePath:
        """The path of a file or link."""
        parent, _, last = text.rpartition("/")
        branch = self._branch(parent, text, rooted=text.startswith("/"))
        if last in branch.texts:
            twice = branch.texts[last] is None
            raise OfferRefused(
                f"{_shown(text)} is offered twice."
                if twice
                else f"{_shown(text)} is a file and a folder at once."
            )
        path = self._add(branch, last, text)
        branch.texts[last] = None
        return path

    def folder(self, text: str) -> SafePath:
        """The path of a folder; it may have been named by what is in it before."""
        branch = self._branch(text, text, rooted=not text)
        if branch.said or branch.path is None:
            raise OfferRefused(f"{_shown(text)} is offered twice.")
        branch.said = True
        return branch.path

    def _branch(self, parent: str, text: str, *, rooted: bool) -> _Branch:
        found = self._folders.get(parent)
        if found is not None and not rooted:
            return found
        branch = self._top
        for component in parent.split("/"):
            branch = self._down(branch, component, text)
        self._folders[parent] = branch
        return branch

    def _down(self, branch: _Branch, component: str, text: str) -> _Branch:
        if component not in branch.texts:
            path = self._add(branch, component, text)
            branch.texts[component] = _Branch(
                path, branch.depth + 1, branch.size + len(path.name.encode()) + 1
            )
        child = branch.texts[component]
        if child is None:
            raise OfferRefused(f"{_shown(text)} lies in something that is no folder.")
        return child

    def _add(self, branch: _Branch, component: str, text: str) -> SafePath:
        _refuse_component(component, text)
        if branch.depth >= DEPTH:
            raise OfferRefused(f"{_shown(text)} lies more than {DEPTH} folders deep.")
        name = branch.free(safe_name(component))
        if branch.size + len(name.encode()) > PATH_BYTES:
            raise OfferRefused(f"{_shown(text)} is too long a path.")
        return SafePath(branch.path, name)


def _refuse_component(component: str, text: str) -> None:
    if not component:
        raise OfferRefused(f"{_shown(text)} is no path within a folder.")
    if component in {".", ".."}:
        raise OfferRefused(f"{_shown(text)} leads out of where it belongs.")
    if "\0" in component:
        raise OfferRefused(f"{_shown(text)} cannot be the name of anything.")


def safe_target(text: str, depth: int) -> SafeTarget:
    """What a symbolic link says that lies `depth` folders below the top of the offered one.

    Only `..` at its beginning, and no more of them than stay inside, then names that need no change: so that
    it cannot lead out, whatever other links there are. Raises: OfferRefused.
    """
    components = text.split("/")
    ups = 0
    while ups < len(components) and components[ups] == "..":
        ups += 1
    plain = components[ups:]
    if ups > depth or any(part in {"", ".", ".."} or safe_name(part) != part for part in plain):
        raise OfferRefused(f"A link to {_shown(text)} would lead out of its folder.")
    return SafeTarget(text)


def _shown(text: str) -> str:
    """For a sentence: whatever the text, short and harmless."""
    line = clean_line(text)
    return f"“{line[:80]}{'…' if len(line) > 80 else ''}”"
