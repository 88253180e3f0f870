"""Memory for a chunk.

Strategy: it begins with a page, as writes past the system's cache want it (`direct.py`), and is of huge pages
where the system gives them: with one entry of a table for 2 MiB instead of 512, a byte of a large file costs
the processor up to a tenth less on its way through hashing, encrypting and writing.
"""

import contextlib
import mmap
from typing import Final

_HUGE: Final = getattr(mmap, "MADV_HUGEPAGE", None)

HUGE_BYTES: Final = 2 * 1024 * 1024
"""A huge page of most machines; what is smaller would take one that is mostly empty."""


def memory(size: int) -> mmap.mmap:
    """So many bytes, all of them 0; at least one."""
    fresh = mmap.mmap(-1, max(size, 1))
    if _HUGE is not None and size >= HUGE_BYTES:
        with contextlib.suppress(OSError):  # a system without them
            fresh.madvise(_HUGE)
    return fresh
