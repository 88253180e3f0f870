"""The end of a reception: from numbered files to their names, when all is there and verified.

Strategy: first everything is brought to the disk, then names are given; so a name never stands for what a
power cut could take back. A folder whose name is free is put together beside it and gets its name in one
step, so that it appears whole. Where a folder of that name is, files go into it one by one, each in one
step.
"""

import os
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from typing import Final

from mesh_agent.files.descent import Descent
from mesh_agent.files.errors import SinkError
from mesh_agent.files.existing import Kept
from mesh_agent.files.folders import NOT_A_FOLDER, Folder, dress, is_folder
from mesh_agent.files.manifest import Checked
from mesh_agent.files.parts import Parts
from mesh_agent.files.placing import NAME_REFUSED, NAMES_TRIED, Placed, place_file, place_folder
from mesh_agent.files.safe_path import SafeName, SafePath, numbered, portable
from mesh_agent.files.staging import TREE
from mesh_agent.files.system import flush_disk
from mesh_agent.sharing.state import Conflict

FLUSHED_EACH: Final = 8
"""Of more files, the whole disk is flushed at once, where the system can."""

TOLD: Final = 1_000
"""Files with another name that are told."""


@dataclass(slots=True)
class Outcome:
    """`name`: of the file or folder, in the folder that the person chose."""

    name: SafeName
    renamed: list[str] = field(default_factory=list)
    skipped: int = 0

    def tell(self, wanted: SafeName, path: Callable[[], str], placed: Placed) -> None:
        """`path`: of the folder in which it is, with a slash at the end; or nothing."""
        if placed.name is None:
            self.skipped += 1
        elif placed.name != wanted and len(self.renamed) < TOLD:
            self.renamed.append(f"{path()}{placed.name}")


def assemble_file(top: Folder, parts: Parts, checked: Checked, kept: Kept, conflict: Conflict) -> Outcome:
    """Raises: OSError, SinkError."""
    outcome = Outcome(checked.title)
    if 0 in kept:
        outcome.skipped = 1
        return outcome
    parts.dress(0, flush=True)
    placed = place_file(parts.folder, parts.name(0), top, checked.title, checked.meta.mtime, conflict)
    top.flush()
    outcome.tell(checked.title, str, placed)
    outcome.name = placed.name or checked.title
    return outcome


def assemble_folder(
    top: Folder, parts: Parts, checked: Checked, kept: Kept, faults: Container[int], conflict: Conflict
) -> Outcome:
    """Raises: OSError, SinkError."""
    there = top.look(checked.title)
    whole = is_folder(parts.folder.look(TREE)) or not is_folder(there)
    wanted = [
        number
        for number, entry in enumerate(checked.entries)
        if number not in faults and not (entry.kind == "file" and number in kept)
    ]
    quick = _bring_to_disk(parts, checked, wanted)
    with _root(top, parts.folder, checked, whole=whole) as root:
        builder = _Builder(root, parts, checked, conflict)
        with Descent(root, builder.enter, flush=not quick) as descent:
            for number in wanted:
                builder.put(descent, number)
            builder.dress_folders(descent)
        builder.outcome.skipped += len(kept.equal) + len(kept.wished)
        root.flush()
        if quick:
            flush_disk(root.fd)
        if whole:
            builder.outcome.name = place_folder(parts.folder, TREE, top, checked.title)
            dress_folder(root, checked.meta.mtime, checked.meta.mode)
    top.flush()
    return builder.outcome


def _root(top: Folder, part: Folder, checked: Checked, *, whole: bool) -> Folder:
    if not whole:
        return top.child(checked.title)
    try:
        return part.make(TREE, 0o700)
    except FileExistsError:
        return part.child(TREE)


def _bring_to_disk(parts: Parts, checked: Checked, wanted: Iterable[int]) -> bool:
    """Files with their times and modes; returns whether the system flushes a whole disk at once."""
    files = [number for number in wanted if checked.entries[number].kind == "file"]
    for number in files:
        if checked.entries[number].size >= checked.grid.chunk_bytes or not checked.entries[number].size:
            parts.dress(number, flush=False)
    if len(files) > FLUSHED_EACH and flush_disk(parts.folder.fd):
        return True
    for number in files:
        with parts.folder.opened(parts.name(number), os.O_RDONLY) as fd:
            os.fsync(fd)
    return False


class _LeftOut(Exception):
    """Something else than a folder is where one should be, and stays."""


class _Builder:
    """Puts the entries of a folder into a tree, making the folders on the way."""

    def __init__(self, root: Folder, parts: Parts, checked: Checked, conflict: Conflict) -> None:
        self.outcome = Outcome(checked.title)
        self._root = root
        self._parts = parts
        self._checked = checked
        self._conflict = conflict
        self._names: dict[SafePath, SafeName] = {}
        """Of folders that could not have the name they should."""
        self._made: set[SafePath] = set()
        self._out: set[SafePath] = set()

    def enter(self, above: Folder, path: SafePath) -> Folder:
        """Opens a folder, or makes it. Raises: OSError, _LeftOut."""
        if path in self._out:
            raise _LeftOut
        name = self._names.get(path, path.name)
        for number in range(2, NAMES_TRIED):
            folder = self._open(above, path, name)
            if folder is not None:
                return folder
            if self._conflict == "skip":
                self._out.add(path)
                raise _LeftOut
            name = self._names[path] = numbered(path.name, number)
        raise SinkError(f"There are {NAMES_TRIED:,} files called {path.name} already.")

    def _open(self, above: Folder, path: SafePath, name: SafeName) -> Folder | None:
        """None where something else has that name."""
        try:
            folder = above.make(name)
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno not in NAME_REFUSED or portable(name) == name:
                raise
            self._names[path] = portable(name)
            return self._open(above, path, portable(name))
        else:
            self._made.add(path)
            return folder
        try:
            return above.child(name)
        except OSError as error:
            if error.errno in NOT_A_FOLDER:
                return None
            raise

    def put(self, descent: Descent, number: int) -> None:
        """One entry, whose file is in the part. Raises: OSError, SinkError."""
        entry, path = self._checked.entries[number], self._checked.paths[number]
        try:
            if entry.kind == "folder":
                descent.at(path)
                return
            into = descent.at(path.parent)
        except _LeftOut:
            self.outcome.skipped += entry.kind != "folder"
            return
        own = self._parts.name(number)
        if entry.kind == "link":
            target = self._checked.targets[number]
            if into.target(path.name) == target:
                return
            self._parts.folder.remove(own)
            self._parts.folder.link(own, target)
            self._parts.folder.touch(own, entry.mtime)
        placed = place_file(self._parts.folder, own, into, path.name, entry.mtime, self._conflict)
        self.outcome.tell(path.name, lambda: self._shown(path.parent), placed)

    def _shown(self, path: SafePath | None) -> str:
        return "" if path is None else f"{self._shown(path.parent)}{self._names.get(path, path.name)}/"

    def dress_folders(self, descent: Descent) -> None:
        """Times and modes, of those that were made here; the inner ones first, as they are changed by it."""
        entries = self._checked.entries
        for number in range(len(entries) - 1, -1, -1):
            entry, path = entries[number], self._checked.paths[number]
            if entry.kind == "folder" and path in self._made:
                dress_folder(descent.at(path), entry.mtime, entry.mode)


def dress_folder(folder: Folder, mtime: int, mode: int) -> None:
    """The person stays able to look into it."""
    dress(folder.fd, mtime, mode | 0o500)
