"""Writes past the system's cache, straight from a buffer to the disk, where system and disk take that.

Strategy: what is received is brought to the disk before it counts as done, so a copy in the system's cache
is of no use on the way: making it, finding memory for it (which a virtual machine is given at a few hundred
megabytes a second) and letting it go again cost more than encryption. Such writes (`O_DIRECT`) are of whole
blocks, from memory that begins with a block; whatever is not, and everything where they are refused, is left
to the caller, who writes it as usual. It is no promise that anything stays: that is still the flush's.
"""

import errno
import os
from collections.abc import Callable
from typing import Final

from mesh_agent.files.handles import Handles

BLOCK_BYTES: Final = 4_096
"""Of memory, of offsets and of sizes; some disks would do with less."""

FLAG: Final = getattr(os, "O_DIRECT", 0)

_REFUSED: Final = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})


class Direct:
    """May be used by several threads.

    Args:
        opener: a descriptor of a file by its number, opened with `FLAG`.

    Attributes:
        works: it was not refused so far.
    """

    def __init__(self, opener: Callable[[int], int]) -> None:
        self.works = bool(FLAG)
        self._handles = Handles(opener)

    def write(self, number: int, data: memoryview, offset: int) -> int:
        """Returns how many bytes from the beginning of `data` it has written. Raises: OSError."""
        at, end = 0, data.nbytes - data.nbytes % BLOCK_BYTES
        if not self.works or offset % BLOCK_BYTES or not end:
            return 0
        try:
            with self._handles.use(number) as fd:
                while at < end:
                    written = os.pwrite(fd, data[at:end], offset + at)
                    at += written
                    if written % BLOCK_BYTES:
                        break  # the disk is about to be full, and will say so itself
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
            self.works = False
        return at

    def close(self) -> None:
        self._handles.close()
