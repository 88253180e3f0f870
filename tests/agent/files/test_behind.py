"""What was written goes to the disk while more comes, and leaves memory, but for what is read again."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mesh_agent.files.behind import Behind
from mesh_agent.files.system import start_writing

CHUNK = 256 * 1024


class Files:
    """Open files by their number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.used: list[int] = []

    @contextmanager
    def use(self, number: int) -> Iterator[int]:
        self.used.append(number)
        fd = os.open(self._folder / str(number), os.O_RDWR | os.O_CREAT)
        try:
            yield fd
        finally:
            os.close(fd)

    def put(self, behind: Behind, number: int, index: int) -> bytes:
        data = random.Random(index).randbytes(CHUNK)
        with self.use(number) as fd:
            os.pwrite(fd, data, index * CHUNK)
            behind.wrote(fd, number, index * CHUNK, CHUNK)
        return data

    def in_memory(self, number: int, chunks: int = 1) -> list[bool]:
        """Of each chunk; the last one is asked first, as asking makes the system read what comes behind."""
        with self.use(number) as fd:
            return [_is_in_memory(fd, index * CHUNK) for index in reversed(range(chunks))][::-1]


def _is_in_memory(fd: int, offset: int) -> bool:
    try:
        return os.preadv(fd, [bytearray(CHUNK)], offset, os.RWF_NOWAIT) == CHUNK
    except BlockingIOError:
        return False


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path)
    if not hasattr(os, "posix_fadvise") or not hasattr(os, "RWF_NOWAIT"):
        pytest.skip("this system cannot be told what to keep in memory")
    with made.use(99) as fd:
        os.pwrite(fd, bytes(CHUNK), 0)
        if not start_writing(fd, 0, CHUNK):
            pytest.skip("this disk cannot be told to begin")
        os.fsync(fd)
        os.posix_fadvise(fd, 0, CHUNK, os.POSIX_FADV_DONTNEED)
    try:
        if made.in_memory(99) == [True]:
            pytest.skip("this disk is memory")
    except OSError:
        pytest.skip("this disk does not say what is in memory")
    return made


def test_what_was_written_a_while_ago_leaves_memory_and_is_all_there(files: Files, tmp_path: Path) -> None:
    behind = Behind(files.use, most=2 * CHUNK)
    written = [files.put(behind, 0, index) for index in range(6)]
    assert files.in_memory(0, 6) == [False] * 4 + [True] * 2
    assert (tmp_path / "0").read_bytes() == b"".join(written)


def test_what_will_be_read_again_stays_in_memory(files: Files) -> None:
    behind = Behind(files.use, most=2 * CHUNK)
    behind.reads_from = 2 * CHUNK
    for index in range(6):
        files.put(behind, 0, index)
    assert files.in_memory(0, 6) == [False] * 2 + [True] * 4


def test_a_file_that_is_done_is_opened_again_for_what_it_has_left(files: Files) -> None:
    behind = Behind(files.use, most=CHUNK)
    files.put(behind, 0, 0)
    files.used.clear()
    files.put(behind, 1, 0)
    assert files.used == [1, 0]
    assert files.in_memory(0) == [False]
    assert files.in_memory(1) == [True]
