"""Holes: found in what is sent, and kept in what is received.

Strategy: the system says where data is (SEEK_DATA, SEEK_HOLE). Where it cannot, everything counts as data.
"""

import os
from collections.abc import Iterator
from typing import Final

from mesh_agent.files.grid import Grid
from mesh_agent.files.system import punch
from protocol.peer import Range

BLOCK_BYTES: Final = 64 * 1024
"""Zeros of that size and place are left out where the file has nothing yet."""

ZEROS: Final = memoryview(bytes(1024 * 1024))
_BLOCK: Final = bytes(BLOCK_BYTES)


def data_ranges(fd: int, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Where between two offsets a file has data, as (begin, end); all of it where nothing is known."""
    seek_data, seek_hole = getattr(os, "SEEK_DATA", None), getattr(os, "SEEK_HOLE", None)
    if seek_data is None or seek_hole is None:
        yield begin, end
        return
    at = begin
    while at < end:
        try:
            first = os.lseek(fd, at, seek_data)
            last = os.lseek(fd, first, seek_hole)
        except OSError as error:
            if error.errno != 6:  # ENXIO: no data from here on
                yield at, end
            return
        if first >= end:
            return
        yield first, min(last, end)
        at = last


def holes_of(fd: int, found: os.stat_result, first: int, grid: Grid) -> list[Range]:
    """The chunks of a large file that lie in holes; `first` is its first one."""
    size = found.st_size
    if found.st_blocks * 512 >= size:
        return []
    ranges = []
    at = 0
    count = -(-size // grid.chunk_bytes)
    for begin, end in data_ranges(fd, 0, size):
        data = begin // grid.chunk_bytes
        if data > at:
            ranges.append(Range(first + at, data - at))
        at = max(at, -(-end // grid.chunk_bytes))
    if at < count:
        ranges.append(Range(first + at, count - at))
    return ranges


def data_in(data: memoryview, *, fresh: bool) -> Iterator[tuple[int, int]]:
    """The parts of `data` that have to be written, as (begin, end); each begins with a block. `fresh`: the
    file has a hole there, so that blocks of zeros need no writing.
    """
    begin = 0
    for at in range(0, data.nbytes, BLOCK_BYTES) if fresh else ():
        if data[at] == 0 and bytes(data[at : at + BLOCK_BYTES]) == _BLOCK:
            if begin < at:
                yield begin, at
            begin = at + BLOCK_BYTES
    if begin < data.nbytes:
        yield begin, data.nbytes


def write_all(fd: int, data: memoryview, offset: int) -> None:
    """Raises: OSError."""
    while data.nbytes:
        written = os.pwrite(fd, data, offset)
        data = data[written:]
        offset += written


def clear(fd: int, begin: int, end: int) -> None:
    """Makes it zeros, without writing where there is nothing already. Raises: OSError."""
    for first, last in list(data_ranges(fd, begin, end)):
        if not punch(fd, first, last - first):
            for at in range(first, last, ZEROS.nbytes):
                write_all(fd, ZEROS[: last - at], at)
