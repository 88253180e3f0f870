"""What is received goes past the system's cache where it can, and arrives all the same where it cannot."""

import ctypes
import errno
import mmap
import os
import random
from pathlib import Path

import pytest

from mesh_agent.files.direct import BLOCK_BYTES, FLAG, Direct
from mesh_agent.files.sink import Sink
from mesh_agent.sharing.buffers import Buffers
from tests.agent.files.carrying import PEER, missing, offer_of, opened

MIB = 1024 * 1024


def aligned(data: bytes) -> memoryview:
    """In memory that begins with a page, as `Buffers` has it."""
    memory = mmap.mmap(-1, len(data))
    memory.write(data)
    return memoryview(memory)


def direct(path: Path) -> Direct:
    return Direct(lambda _: os.open(path, os.O_RDWR | os.O_CREAT | FLAG))


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder on a disk that takes such writes."""
    trial = direct(tmp_path / "trial")
    wrote = trial.write(0, aligned(bytes(BLOCK_BYTES)), 0)
    trial.close()
    if not wrote:
        pytest.skip("this disk has no writes past the cache")
    return tmp_path


def is_in_memory(path: Path, offset: int) -> bool:
    with path.open("rb") as file:
        try:
            return os.preadv(file.fileno(), [bytearray(BLOCK_BYTES)], offset, os.RWF_NOWAIT) > 0
        except BlockingIOError:
            return False


def test_whole_blocks_are_written_and_nothing_of_them_stays_in_memory(disk: Path) -> None:
    data = random.Random(1).randbytes(10 * BLOCK_BYTES + 7)
    there = direct(disk / "file")
    assert there.write(0, aligned(data), 2 * BLOCK_BYTES) == 10 * BLOCK_BYTES
    there.close()
    if hasattr(os, "RWF_NOWAIT"):
        assert not is_in_memory(disk / "file", 2 * BLOCK_BYTES)
    assert (disk / "file").read_bytes() == bytes(2 * BLOCK_BYTES) + data[:-7]


@pytest.mark.parametrize(("size", "offset"), [(BLOCK_BYTES - 1, 0), (4 * BLOCK_BYTES, 5), (0, 0)])
def test_what_is_no_whole_block_is_left_to_the_caller(disk: Path, size: int, offset: int) -> None:
    there = direct(disk / "file")
    assert there.write(0, aligned(bytes(size or 1))[:size], offset) == 0
    assert there.works
    there.close()


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_disk_that_refuses_is_asked_once(code: int) -> None:
    asked = []

    def refuse(number: int) -> int:
        asked.append(number)
        raise OSError(code, os.strerror(code))

    there = Direct(refuse)
    assert there.write(1, aligned(bytes(BLOCK_BYTES)), 0) == 0
    assert there.write(2, aligned(bytes(BLOCK_BYTES)), 0) == 0
    assert asked == ([1] if FLAG else [])


def test_a_full_disk_is_told() -> None:
    if not FLAG:
        pytest.skip("this system has no writes past the cache")

    def full(_: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="space"):
        Direct(full).write(1, aligned(bytes(BLOCK_BYTES)), 0)


@pytest.mark.parametrize("at", [0, 1], ids=["begins with a page", "begins anywhere"])
@pytest.mark.parametrize("order", [None, random.Random(3)], ids=["in order", "in any order"])
def test_all_of_a_file_arrives_wherever_its_chunks_are_in_memory(
    tmp_path: Path, at: int, order: random.Random | None
) -> None:
    content = random.Random(2).randbytes(3 * MIB) + bytes(2 * MIB) + random.Random(4).randbytes(MIB + 12_345)
    (tmp_path / "sent").write_bytes(content)
    with opened(tmp_path / "sent") as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        chunks = list(missing(source, sink))
        if order:
            order.shuffle(chunks)
        for index in chunks:
            data, digest = source.read(index)
            sink.write(index, aligned(bytes(at) + bytes(data))[at:], digest)
        there = sink.finish(source.whole_hash()).place
    assert there.read_bytes() == content
    assert there.stat().st_blocks * 512 < len(content) - MIB, "the zeros take no space"


async def test_buffers_begin_with_a_page_and_serve_again() -> None:
    buffers = Buffers()
    views = [await buffers.take(size) for size in (5_000, MIB, 1)]
    places = [ctypes.addressof(ctypes.c_char.from_buffer(view)) for view in views]
    assert [len(view) for view in views] == [5_000, MIB, 1]
    assert all(place % BLOCK_BYTES == 0 for place in places)
    for view in views:
        buffers.give(view)
    again = await buffers.take(MIB)
    assert ctypes.addressof(ctypes.c_char.from_buffer(again)) == places[1]


async def test_what_was_given_back_last_is_the_next_to_be_used() -> None:
    buffers = Buffers()
    views = [await buffers.take(MIB) for _ in range(3)]
    last = ctypes.addressof(ctypes.c_char.from_buffer(views[1]))
    for view in (views[0], views[2], views[1]):
        buffers.give(view)
    assert ctypes.addressof(ctypes.c_char.from_buffer(await buffers.take(MIB))) == last
