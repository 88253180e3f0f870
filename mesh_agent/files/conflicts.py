"""What becomes of what arrives where its name is taken; nothing is replaced unasked.

Strategy: a decision from what is there and what comes, in a table of the four wishes. Whether the name is
taken is decided by the disk, at the moment of the rename: a name that was free a moment ago and is not any
more is met like one that was taken.
"""

import os
import stat
from typing import Final, Literal

from mesh_agent.sharing.state import Conflict

What = Literal["rename", "skip", "replace"]

_WHOLE_SECOND: Final = 1_000_000_000
_COARSE: Final = 2 * _WHOLE_SECOND
"""The step of times on FAT."""


def decide(conflict: Conflict, there: os.stat_result, mtime: int) -> What:
    """Of a file whose name something else has: a folder is never replaced, nor anything for a newer wish
    unless what comes was changed later."""
    if stat.S_ISDIR(there.st_mode):
        return "skip" if conflict == "skip" else "rename"
    if conflict == "overwrite":
        return "replace"
    if conflict == "newer":
        return "replace" if mtime > there.st_mtime_ns and not same_time(there.st_mtime_ns, mtime) else "skip"
    return "skip" if conflict == "skip" else "rename"


def equal(there: os.stat_result | None, size: int, mtime: int) -> bool:
    """A file of the same size that was changed at the same time counts as the same, as with rsync."""
    return (
        there is not None
        and stat.S_ISREG(there.st_mode)
        and there.st_size == size
        and same_time(there.st_mtime_ns, mtime)
    )


def same_time(here: int, offered: int) -> bool:
    """Whether a disk that was told `offered` may say `here`: some keep 100 ns, whole seconds or two."""
    if here == offered:
        return True
    if here % _WHOLE_SECOND == 0:
        return abs(here - offered) < _COARSE
    return here % 100 == 0 and here // 100 == offered // 100
