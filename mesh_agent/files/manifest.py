"""What was offered, looked at as a whole before a byte is written and before the person is asked.

Strategy: nothing of an offer is believed. Names become safe ones (`safe_path.py`), sizes and counts have to
add up, links are left out unless the person wants them and they stay inside. What comes out is all that the
rest needs: a safe path for each entry, the grid, and the digest by which the part of this offer is found
again.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from mesh_agent.files.conflicts import equal
from mesh_agent.files.errors import FolderGone, OfferRefused
from mesh_agent.files.folders import Folder
from mesh_agent.files.grid import Grid
from mesh_agent.files.safe_path import SafeName, SafePath, SafeTarget, SafeTree, safe_target, safe_title
from mesh_agent.machines.receiving import Offer
from mesh_agent.sharing.state import OFFERED_PATHS, OfferedPath
from protocol import limits
from protocol.errors import MeshError
from protocol.peer import Entry, EntryKind, FileMeta
from protocol.text import clean_line

LINKS_OFF: Final = "links are not received"
_DIGESTED: Final = 1_000
"""Entries that are encoded at a time."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An offer that may be written.

    Attributes:
        title: the name of the file or folder here.
        paths: of a folder, where each entry goes within it.
        targets: what the links say that may be made, by entry.
        left_out: entries that are not received, and why.
        files: how many.
        renamed: how many names could not be kept.
    """

    meta: FileMeta
    entries: Sequence[Entry]
    title: SafeName
    paths: Sequence[SafePath]
    grid: Grid
    files: int
    renamed: int
    targets: dict[int, SafeTarget] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)

    def offered(self, into: Path, limit: int = OFFERED_PATHS) -> list[OfferedPath]:
        """The first `limit` paths as the person is shown them, with what is in `into` already."""
        top = _open_if_there(into)
        if top is None:
            return [self._shown(each, None) for each in range(min(limit, self._count))]
        with top:
            return [self._shown(each, top) for each in range(min(limit, self._count))]

    @property
    def _count(self) -> int:
        return 1 if self.meta.kind == "file" else len(self.entries)

    def _shown(self, number: int, top: Folder | None) -> OfferedPath:
        text, size, mtime = self.meta.name, self.meta.size, self.meta.mtime
        kind: EntryKind = "file"
        parts: tuple[SafeName, ...] = (self.title,)
        if self.meta.kind == "folder":
            entry = self.entries[number]
            text, kind, size = f"{self.meta.name}/{entry.path}", entry.kind, entry.size
            mtime = entry.mtime
            parts = (self.title, *self.paths[number].parts)
        path = "/".join(parts)
        renamed = clean_line(text) or "_" if text != path else ""
        there = None if top is None else _there(top, parts)
        same = kind == "file" and equal(there, size, mtime)
        return OfferedPath(path, kind, size, renamed, there is not None, same)


def check(offer: Offer, *, links: bool = False) -> Checked:
    """The whole of an offer. `links`: symbolic links are wanted; those that could lead out are left out
    still.

    Raises: OfferRefused: with the first reason, in a sentence.
    """
    meta, entries = offer.meta, offer.entries
    title = safe_title(meta.name)
    if not 0 <= meta.size <= limits.INTEGER_MAX:
        raise OfferRefused("The size of what was offered is none.")
    if meta.kind == "file":
        if entries or meta.entries:
            raise OfferRefused("What was offered is a file, and yet has entries.")
        return Checked(meta, (), title, (), Grid.of(meta, ()), 1, int(title != meta.name))
    if len(entries) != meta.entries or len(entries) > limits.FOLDER_ENTRIES:
        raise OfferRefused("The number of entries is not what was announced.")
    if sum(entry.size for entry in entries) != meta.size:
        raise OfferRefused("The sizes do not add up to what was announced.")
    return _checked_folder(meta, entries, title, links=links)


def _checked_folder(meta: FileMeta, entries: Sequence[Entry], title: SafeName, *, links: bool) -> Checked:
    tree = SafeTree()
    paths: list[SafePath] = []
    targets: dict[int, SafeTarget] = {}
    left_out: dict[int, str] = {}
    files = renamed = 0
    for number, entry in enumerate(entries):
        if entry.kind == "folder":
            path = tree.folder(entry.path)
        else:
            path = tree.leaf(entry.path)
            files += entry.kind == "file"
        if entry.kind != "file" and entry.size:
            raise OfferRefused("What was offered has a folder or link with bytes.")
        if entry.kind == "link":
            try:
                targets[number] = safe_target(entry.target, len(path.parts) - 1)
            except OfferRefused as refused:
                left_out[number] = refused.message
            if not links:
                targets.pop(number, None)
                left_out[number] = LINKS_OFF
        renamed += path.name != entry.path.rpartition("/")[2]
        paths.append(path)
    grid = Grid.of(meta, entries)
    return Checked(meta, entries, title, paths, grid, files, renamed, targets, left_out)


def digest(offer: Offer, peer: str) -> bytes:
    """What tells this offer of this person's device (`peer`, any text of the caller's) from every other."""
    from blake3 import blake3

    meta = offer.meta
    encoder = msgspec.msgpack.Encoder()
    said = (peer, meta.transfer, meta.name, meta.kind, meta.size, meta.mtime, meta.chunk_bytes, meta.entries)
    hasher = blake3(encoder.encode(said))
    for at in range(0, len(offer.entries), _DIGESTED):
        hasher.update(encoder.encode(list(offer.entries[at : at + _DIGESTED])))
    return bytes(hasher.digest())


def free_space(into: Path) -> int:
    """Bytes that may still be written where `into` is, or will be made. Raises: MeshError."""
    for place in (into, *into.parents):
        try:
            disk = os.statvfs(place)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise MeshError(f"{place} cannot be looked at: {error.strerror}.") from None
        return disk.f_bavail * disk.f_frsize
    raise FolderGone


def _open_if_there(into: Path) -> Folder | None:
    try:
        return Folder.at(into)
    except OSError:
        return None


def _there(top: Folder, parts: Sequence[SafeName]) -> os.stat_result | None:
    """What has that name; folders on the way to it count as not taken, as they are merged."""
    at = Folder(os.dup(top.fd))
    try:
        for name in parts[:-1]:
            with at as above:
                at = above.child(name)
        return at.look(parts[-1])
    except OSError:
        return None
    finally:
        at.close()
