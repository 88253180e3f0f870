"""The folders that are shared, as the other side may look through them: read-only, and nothing outside.

Strategy: a path of the other side's is taken apart, and each component is opened from the descriptor of the
one before, following no link; links are not shown either. So whatever is asked for lies in the shared folder,
whoever moves things meanwhile. The text names what is here already; nothing is ever made of it.
"""

import asyncio
import hashlib
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mesh_agent.files.errors import SourceError
from mesh_agent.files.source import Source
from mesh_agent.sharing import transferring
from mesh_agent.sharing.orders import LISTED_MAX, Shown
from protocol import limits
from protocol.errors import PeerNotShared
from protocol.peer import Entry, EntryKind

DEPTH_MAX: Final = 100

_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class ShownFolders:
    """What one other side may see.

    Attributes:
        shares: what is shared now.
        sending: what is sent of them now, by transfer.
    """

    def __init__(self, shares: Sequence[Shown]) -> None:
        self.shares = list(shares)
        self.sending: dict[str, Source] = {}
        self._share_of: dict[str, str] = {}

    def show(self, shares: Sequence[Shown]) -> list[str]:
        """From now on these; returns the transfers of what is not shared any more."""
        self.shares = list(shares)
        still = {shown.id for shown in shares}
        return [transfer for transfer in self.sending if self._share_of[transfer] not in still]

    async def entries(self, share: str, path: str) -> list[Entry]:
        """What is in a folder of a share, folders first; without a share, the shares themselves.

        Raises: PeerNotShared: there is no such share or folder.
        """
        if not share:
            return await asyncio.to_thread(self._all)
        return await asyncio.to_thread(_listing, self._shown(share), path)

    async def open(self, share: str, path: str) -> tuple[str, Source]:
        """A transfer's name, and what to send. Raises: PeerNotShared, SourceError.

        The same of the same share has the same name, by which the other side finds what it has of it.
        """
        shown = self._shown(share)
        source = await asyncio.to_thread(_source, shown, path)
        if shown not in self.shares:  # it was opened while that changed
            await asyncio.to_thread(source.close)
            raise PeerNotShared
        named = f"{len(shown.place)} {shown.place} {path}".encode(errors="surrogateescape")
        transfer = hashlib.sha256(named).hexdigest()[:32]
        if transfer in self.sending:
            transfer = secrets.token_hex(16)
        self.sending[transfer] = source
        self._share_of[transfer] = shown.id
        return transfer, source

    async def close(self, source: transferring.Source) -> None:
        """It was sent, or not."""
        assert isinstance(source, Source)
        self.sending = {name: open_ for name, open_ in self.sending.items() if open_ is not source}
        self._share_of = {name: self._share_of[name] for name in self.sending}
        await asyncio.to_thread(source.close)

    def _shown(self, share: str) -> Shown:
        for shown in self.shares:
            if share in (shown.id, shown.name):
                return shown
        raise PeerNotShared

    def _all(self) -> list[Entry]:
        entries = []
        for shown in self.shares:
            try:
                found = Path(shown.place).stat()
            except OSError:
                continue
            mode = stat.S_IMODE(found.st_mode) & 0o777
            entries.append(Entry(shown.name, "folder", 0, found.st_mtime_ns, mode, shown.id))
        return entries


def _opened(shown: Shown, path: str) -> int:
    """The descriptor of what `path` names in the share. Raises: PeerNotShared."""
    components = path.split("/") if path else []
    if len(components) > DEPTH_MAX or len(path) > limits.PATH_CHARS:
        raise PeerNotShared
    try:
        at = os.open(shown.place, _FLAGS | os.O_DIRECTORY)
        for component in components:
            if component in {"", ".", ".."}:
                os.close(at)
                raise PeerNotShared
            try:
                below = os.open(component, _FLAGS | os.O_NOFOLLOW, dir_fd=at)
            finally:
                os.close(at)
            at = below
    except (OSError, ValueError):
        raise PeerNotShared from None
    return at


def _source(shown: Shown, path: str) -> Source:
    fd = _opened(shown, path)
    name = path.rpartition("/")[2] if path else shown.name
    try:
        return Source.opened(fd, name)
    except SourceError:
        raise
    except OSError:
        raise PeerNotShared from None


def _listing(shown: Shown, path: str) -> list[Entry]:
    fd = _opened(shown, path)
    entries = []
    try:
        with os.scandir(fd) as found:
            for each in found:
                entry = _entry(each)
                if entry is not None:
                    entries.append(entry)
                if len(entries) >= LISTED_MAX:
                    break
    except OSError:
        raise PeerNotShared from None
    finally:
        os.close(fd)
    return sorted(entries, key=lambda entry: (entry.kind != "folder", entry.path))


def _entry(each: "os.DirEntry[str]") -> Entry | None:
    """None for what is not shown: links, devices, names that are no text, what is gone meanwhile."""
    try:
        each.name.encode()
        found = each.stat(follow_symlinks=False)
    except (OSError, UnicodeEncodeError):
        return None
    kind: EntryKind
    if stat.S_ISDIR(found.st_mode):
        kind, size = "folder", 0
    elif stat.S_ISREG(found.st_mode):
        kind, size = "file", found.st_size
    else:
        return None
    return Entry(each.name, kind, size, found.st_mtime_ns, stat.S_IMODE(found.st_mode) & 0o777)
