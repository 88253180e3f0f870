"""What is in a folder that is to be sent.

Strategy: folder by folder, by descriptors, so that nobody who swaps one for a link meanwhile leads the scan
out of it. In each folder its files come first, by name, then what is below: small files that lie together
travel together. Names are this disk's own; what cannot be sent (sockets, devices, what may not be read) is
left out, and told.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mesh_agent.files.errors import SourceTooMuch
from mesh_agent.files.ignore import IGNORE_BYTES, IGNORE_FILE, Ignore
from mesh_agent.files.safe_path import DEPTH, PATH_BYTES
from mesh_agent.machines.receiving import MANIFEST_BYTES
from protocol import limits
from protocol.peer import Entry
from protocol.text import clean_line

LEFT_OUT_TOLD: Final = 1_000
OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_SPECIAL: Final = {
    stat.S_IFIFO: "it is a pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}
_MTIME: Final = 2**62


class Place:
    """Where something is on this disk: a name in a folder of the one that is sent. `parent` of that: None."""

    __slots__ = ("name", "parent")

    def __init__(self, parent: "Place | None", name: str) -> None:
        self.parent = parent
        self.name = name

    def names(self) -> list[str]:
        """From the top on."""
        names = []
        at: Place | None = self
        while at is not None:
            names.append(at.name)
            at = at.parent
        return names[::-1]


@dataclass(slots=True)
class Scan:
    """
    Attributes:
        entries: what is offered.
        places: where each of them is.
        size: bytes of all files.
        left_out: the first of what cannot be sent, each with its reason, as sentences.
    """

    entries: list[Entry] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    size: int = 0
    left_out: list[str] = field(default_factory=list)
    chars: int = 0

    def add(self, entry: Entry, place: Place) -> None:
        """Raises: SourceTooMuch."""
        self.entries.append(entry)
        self.places.append(place)
        self.size += entry.size
        self.chars += len(entry.path) + len(entry.target)
        if len(self.entries) > limits.FOLDER_ENTRIES or self.chars > MANIFEST_BYTES:
            raise SourceTooMuch(
                f"There are more than {limits.FOLDER_ENTRIES:,} files in this folder, or their names are too "
                "long together. Send a part of it, or an archive."
            )
        if self.size > limits.INTEGER_MAX:
            raise SourceTooMuch("There are more bytes in this folder than can be sent at once.")

    def leave_out(self, path: str, reason: str) -> None:
        if len(self.left_out) < LEFT_OUT_TOLD:
            self.left_out.append(f"{clean_line(path)}: {reason}")


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder that is being read."""

    place: Place | None
    path: str
    depth: int
    ignore: Ignore
    way: frozenset[tuple[int, int]]
    """Device and inode of the folders above and of this one, where links are followed."""


class Scanner:
    """Reads one folder, of which `top` is the descriptor."""

    def __init__(self, top: int, *, follow_links: bool, ignore: bool) -> None:
        self._top = top
        self._follow = follow_links
        self._ignore = ignore
        self._scan = Scan()

    def run(self) -> Scan:
        """Raises: SourceTooMuch; OSError: the folder itself cannot be read."""
        about = os.fstat(self._top)
        waiting = [_Level(None, "", 0, Ignore(), frozenset({(about.st_dev, about.st_ino)}))]
        while waiting:
            level = waiting.pop()
            try:
                found = self._read(level)
            except OSError as error:
                if level.place is None:
                    raise
                self._scan.leave_out(level.path, _reason(error))
                continue
            waiting += reversed(list(self._entered(*found, level)))
        return self._scan

    def _read(self, level: _Level) -> tuple[list[tuple[str, os.stat_result]], Ignore]:
        """What is in a folder, by name, and the patterns that hold in it. Raises: OSError."""
        fd = open_place(self._top, level.place, follow_links=self._follow)
        try:
            found = []
            ignore = level.ignore
            with os.scandir(fd) as entries:
                for each in entries:
                    about = self._look(each, level)
                    if about is not None:
                        found.append((each.name, about))
            if self._ignore and any(name == IGNORE_FILE for name, _ in found):
                ignore = Ignore(ignore, level.depth, _read_text(fd))
        finally:
            os.close(fd)
        found.sort(key=lambda each: each[0])
        if not ignore.empty:
            above = tuple(level.place.names()) if level.place else ()
            found = [
                (name, about)
                for name, about in found
                if not ignore.leaves_out((*above, name), folder=stat.S_ISDIR(about.st_mode))
            ]
        return found, ignore

    def _look(self, found: "os.DirEntry[str]", level: _Level) -> os.stat_result | None:
        try:
            return found.stat(follow_symlinks=self._follow)
        except FileNotFoundError:
            if self._follow:
                self._scan.leave_out(_joined(level.path, found.name), "the link leads nowhere")
        except OSError as error:
            self._scan.leave_out(_joined(level.path, found.name), _reason(error))
        return None

    def _entered(
        self, found: list[tuple[str, os.stat_result]], ignore: Ignore, level: _Level
    ) -> Iterator[_Level]:
        """Puts down what is in a folder; gives the folders that are to be read next."""
        below = []
        for name, about in found:
            path = _joined(level.path, name)
            if (reason := _unsendable(path, level.depth, about)) is not None:
                self._scan.leave_out(path, reason)
                continue
            place = Place(level.place, name)
            mtime = max(-_MTIME, min(about.st_mtime_ns, _MTIME))
            mode = stat.S_IMODE(about.st_mode) & 0o777
            if stat.S_ISDIR(about.st_mode):
                below.append((place, path, about, Entry(path, "folder", 0, mtime, mode)))
            elif stat.S_ISLNK(about.st_mode):
                self._add_link(place, path, mtime)
            else:
                self._scan.add(Entry(path, "file", about.st_size, mtime, mode), place)
        for place, path, about, entry in below:
            if (about.st_dev, about.st_ino) in level.way:
                self._scan.leave_out(path, "the link leads to a folder above")
                continue
            self._scan.add(entry, place)
            way = level.way | {(about.st_dev, about.st_ino)} if self._follow else level.way
            yield _Level(place, path, level.depth + 1, ignore, way)

    def _add_link(self, place: Place, path: str, mtime: int) -> None:
        try:
            fd = open_place(self._top, place.parent, follow_links=self._follow)
            try:
                target = sendable(os.readlink(place.name, dir_fd=fd))
            finally:
                os.close(fd)
        except OSError as error:
            self._scan.leave_out(path, _reason(error))
            return
        self._scan.add(Entry(path, "link", 0, mtime, 0o777, target[: limits.PATH_CHARS]), place)


def open_place(top: int, place: Place | None, *, follow_links: bool, last: int = OPEN_FOLDER) -> int:
    """A descriptor of what is there, opened one component after another; `last`: flags for the last one.

    Raises: OSError
    """
    nofollow = 0 if follow_links else os.O_NOFOLLOW
    names = place.names() if place else []
    at = os.dup(top)
    for depth, name in enumerate(names, 1):
        try:
            flags = last if depth == len(names) else OPEN_FOLDER
            below = os.open(name, flags | nofollow, dir_fd=at)
        finally:
            os.close(at)
        at = below
    return at


def sendable(name: str) -> str:
    """A name of this disk as text; bytes that are none become U+FFFD."""
    return name if name.isascii() else os.fsencode(name).decode(errors="replace")


def _joined(path: str, name: str) -> str:
    return f"{path}/{sendable(name)}" if path else sendable(name)


def _unsendable(path: str, depth: int, about: os.stat_result) -> str | None:
    if stat.S_IFMT(about.st_mode) in _SPECIAL:
        return _SPECIAL[stat.S_IFMT(about.st_mode)]
    if depth >= DEPTH:
        return f"it lies more than {DEPTH} folders deep"
    return "its path is too long" if len(path.encode()) > PATH_BYTES else None


def _reason(error: OSError) -> str:
    return f"it cannot be read ({(error.strerror or 'error').lower()})"


def _read_text(folder: int) -> str:
    try:
        fd = os.open(IGNORE_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return ""
    with os.fdopen(fd, "rb") as file:
        return file.read(IGNORE_BYTES).decode(errors="replace")
