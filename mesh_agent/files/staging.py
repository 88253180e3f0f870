"""Where what arrives is until it is complete: a folder of its own beside the place that it is for.

    .mesh-part-1f0c…/       one for each offer; its name is a hash, so no text of another person is in it
        journal             what has arrived; locked by who receives
        0, 1, 2 …           the files, by the number of their entry
        tree/               a folder that is put together, before it gets its name in one step

Strategy: the same disk, so that finishing is a rename. The name follows from who sends and from the offer:
two transfers never meet, and the same one finds its part again.
"""

import errno
import fcntl
import os
import shutil
import time
from pathlib import Path
from typing import Final, Self

from mesh_agent.files.errors import SinkBusy
from mesh_agent.files.folders import Folder, tolerated
from mesh_agent.files.journal import Journal, Record
from mesh_agent.files.safe_path import PART, own_name

JOURNAL: Final = own_name("journal")
TREE: Final = own_name("tree")
LOCK: Final = own_name("lock")
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
"""What disks answer that cannot lock, as some in a network."""

ASIDE_TRIED: Final = 1_000

STALE_S: Final = 30 * 24 * 3_600.0
"""A part on which nothing has arrived for so long is given up."""


class Staging:
    """The part of one offer, locked. All methods raise OSError as the system does.

    Attributes:
        folder: where the files are, by number.
        journal: open for more.
        records: what it said when it was opened.
        fresh: nothing had arrived before.
    """

    def __init__(self, into: Folder, digest: bytes) -> None:
        self._into = into
        self._digest = digest
        self._name = own_name(f"{PART}{digest.hex()[:32]}")
        self._lock = -1
        self.folder = Folder(-1)
        self.journal = Journal(-1, 0)
        self.records: list[Record] = []
        self.fresh = True

    @classmethod
    def open(cls, into: Folder, digest: bytes, *, resume: bool) -> Self:
        """The part of the offer of that digest: the one that is there, or a new one.

        One whose journal cannot be of this offer is set aside if there is more in it than that, and so is
        any where `resume` is False.
        Raises: SinkBusy: somebody receives it now; OSError.
        """
        staging = cls(into, digest)
        try:
            staging._enter()
            found = Journal.open(staging.folder, JOURNAL, digest) if resume else None
            if found is None and not {LOCK, JOURNAL}.issuperset(staging.folder.list()):
                staging._set_aside()
                staging._enter()
            if found is None:
                staging.journal = Journal.create(staging.folder, JOURNAL, digest)
            else:
                staging.journal, staging.records = found
                staging.fresh = False
        except BaseException:
            staging.close()
            raise
        return staging

    def _enter(self) -> None:
        try:
            self.folder = self._into.make(self._name, 0o700)
        except FileExistsError:
            self.folder = self._into.child(self._name)
        self._lock = self.folder.open(LOCK, os.O_RDWR | os.O_CREAT)
        try:
            with tolerated(_NO_LOCKS):
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SinkBusy from None
        found = self._into.look(self._name)
        if found is None or found.st_ino != os.fstat(self.folder.fd).st_ino:
            # Whoever had the lock removed it with all that was there.
            self._leave()
            self._enter()

    def _set_aside(self) -> None:
        for number in range(1, ASIDE_TRIED):
            aside = own_name(f"{self._name}.{number}")
            if self._into.look(aside) is None:
                os.rename(self._name, aside, src_dir_fd=self._into.fd, dst_dir_fd=self._into.fd)
                break
        self._leave()

    def _leave(self) -> None:
        self.folder.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def close(self) -> None:
        """What is there stays."""
        self.journal.close()
        self._leave()

    def remove(self) -> None:
        """Everything of it. Never raises: what cannot be removed stays, and is found by `sweep`."""
        shutil.rmtree(self._name, ignore_errors=True, dir_fd=self._into.fd)
        self.close()


def sweep(into: Path, older_s: float = STALE_S) -> int:
    """Removes the parts in a folder on which nothing has arrived for so long, and that nobody receives now.

    Returns how many. Raises: OSError: the folder cannot be read.
    """
    swept = 0
    before = time.time() - older_s
    with Folder.at(into) as folder:
        for text in folder.list():
            if text.startswith(PART):
                swept += _swept(folder, text, before)
    return swept


def _swept(into: Folder, text: str, before: float) -> bool:
    """The lock is held while it goes, so that nobody begins to go on with it meanwhile."""
    try:
        with into.child(own_name(text)) as folder, folder.opened(LOCK, os.O_RDWR) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            times = [found.st_mtime for name in (LOCK, JOURNAL) if (found := folder.look(name))]
            if max(times) >= before:
                return False
            shutil.rmtree(text, ignore_errors=True, dir_fd=into.fd)
            return True
    except (OSError, AssertionError):
        return False
