"""What need not come, as it is here already or the person wants what is here to stay.

Strategy: as rsync does it by default, a file of the same size and time counts as the same; nothing is read.
A single file is hashed at the end all the same, since its hash comes.
"""

import errno
import os

from mesh_agent.files.conflicts import decide, equal
from mesh_agent.files.descent import Descent
from mesh_agent.files.folders import NOT_A_FOLDER, Folder
from mesh_agent.files.manifest import Checked
from mesh_agent.sharing.state import Conflict

_NOT_THERE = NOT_A_FOLDER | {errno.ENOENT, errno.EACCES, errno.ENAMETOOLONG, errno.EINVAL}


class Kept:
    """Entries of which no byte is wanted.

    Attributes:
        equal: the same is here.
        wished: something else is here, and stays.
    """

    __slots__ = ("equal", "wished")

    def __init__(self) -> None:
        self.equal: set[int] = set()
        self.wished: set[int] = set()

    def __contains__(self, entry: int) -> bool:
        return entry in self.equal or entry in self.wished

    def look(
        self,
        entry: int,
        there: os.stat_result | None,
        size: int,
        mtime: int,
        conflict: Conflict,
        checksum: bool,
    ) -> None:
        if there is None:
            return
        if not checksum and equal(there, size, mtime):
            self.equal.add(entry)
        elif decide(conflict, there, mtime) == "skip":
            self.wished.add(entry)


def kept_file(into: Folder, checked: Checked, conflict: Conflict, *, checksum: bool) -> Kept:
    """Of a single file. Raises: OSError."""
    kept = Kept()
    meta = checked.meta
    kept.look(0, into.look(checked.title), meta.size, meta.mtime, conflict, checksum)
    return kept


def kept_of_folder(top: Folder, checked: Checked, conflict: Conflict, *, checksum: bool) -> Kept:
    """Of a folder that is merged into `top`. Raises: OSError."""
    kept = Kept()
    with Descent(top) as descent:
        for number, entry in enumerate(checked.entries):
            if entry.kind != "file":
                continue
            path = checked.paths[number]
            try:
                there = descent.at(path.parent).look(path.name)
            except OSError as error:
                if error.errno not in _NOT_THERE:
                    raise
                continue
            kept.look(number, there, entry.size, entry.mtime, conflict, checksum)
    return kept
