"""Holes stay holes; where the system knows of none, everything is data."""

import os
import random
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from mesh_agent.files import sparse
from mesh_agent.files.sink import Sink
from mesh_agent.files.sparse import clear, data_in, data_ranges, write_all
from mesh_agent.machines.chunks import ChunkSet
from tests.agent.files.carrying import PEER, carry, offer_of, opened, send

MIB = 1024 * 1024


def image(path: Path, size: int, data: Iterable[int]) -> Path:
    """Of that many MiB and half of one, with 5,000 bytes of data a little behind each MiB in `data`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size * MIB + MIB // 2)
        for at in data:
            file.seek(at * MIB + 70_000)
            file.write(random.Random(at).randbytes(5_000))
    return path


def on_disk(path: Path) -> int:
    return path.stat().st_blocks * 512


@pytest.mark.parametrize("data", [[], [0], [3, 4], [0, 9, 19], [20]])
def test_a_sparse_file_stays_sparse(tmp_path: Path, data: list[int]) -> None:
    sent = image(tmp_path / "image", 20, data)
    if on_disk(sent) > MIB * (len(data) + 1):
        pytest.skip("this disk knows no holes")
    with opened(sent) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        assert carry(source, sink) <= len(data) * MIB
        finished = sink.finish(source.whole_hash())
    assert finished.place.read_bytes() == sent.read_bytes()
    assert on_disk(finished.place) <= max(2 * on_disk(sent), 64 * 1024 * len(data) * 2)


def test_a_sparse_file_in_a_folder_stays_sparse(tmp_path: Path) -> None:
    top = tmp_path / "disks"
    image(top / "one", 30, [7])
    image(top / "two", 30, [])
    (top / "note").write_text("small")
    with opened(top) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        assert carry(source, sink) < 3 * MIB
        sink.finish()
    for name in ("one", "two", "note"):
        assert (tmp_path / "into" / "disks" / name).read_bytes() == (top / name).read_bytes()
    assert on_disk(tmp_path / "into" / "disks" / "two") < MIB


def test_a_hole_where_something_else_was_is_made_one(tmp_path: Path) -> None:
    """The part from before has bytes there that nobody vouches for."""
    sent = image(tmp_path / "image", 6, [2])
    with opened(sent) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        sink.hole(0, 1)
        sink.abandon(keep=True)
        (part,) = (tmp_path / "into").iterdir()
        with (part / "0").open("r+b") as damaged:
            damaged.write(b"x" * 6 * MIB)
        again = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        carry(source, again)
        finished = again.finish(source.whole_hash())
    assert finished.place.read_bytes() == sent.read_bytes()


def test_a_hole_that_is_told_late_or_again_does_no_harm(tmp_path: Path) -> None:
    sent = image(tmp_path / "image", 6, [2])
    with opened(sent) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        left = ChunkSet.full(source.grid.chunks)
        for each in source.holes():
            left.discard(each.first, each.count)
        for index in left:
            sink.write(index, *source.read(index))
        for each in [*source.holes(), *source.holes()]:
            sink.hole(each.first, each.count)
        finished = sink.finish(source.whole_hash())
    assert finished.place.read_bytes() == sent.read_bytes()


def test_terabytes_of_nothing_are_told_in_a_moment(tmp_path: Path) -> None:
    sent = tmp_path / "image"
    with sent.open("wb") as file:
        file.truncate(2 * 1024**4)
    begun = time.process_time()
    with opened(sent) as source:
        assert source.chunk_bytes == 4 * MIB
        assert sum(each.count for each in source.holes()) == source.grid.chunks
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        for each in source.holes():
            sink.hole(each.first, each.count)
        assert sum(each.count for each in sink.have) == source.grid.chunks
        sink.abandon(keep=False)
    assert time.process_time() - begun < 1


def test_zeros_are_written_where_the_file_may_have_something_else(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, b"x" * 300_000, 0)
    data = b"a" + bytes(299_998) + b"b"
    write_all(fd, memoryview(data), 0)
    assert os.pread(fd, 300_000, 0) == data
    clear(fd, 100, 299_000)
    assert os.pread(fd, 300_000, 0) == data
    os.pwrite(fd, b"y" * 200_000, 50)
    clear(fd, 100, 299_000)
    assert os.pread(fd, 300_000, 0) == b"a" + bytes(49) + b"y" * 50 + bytes(299_899) + b"b"
    os.close(fd)


def test_blocks_of_zeros_need_no_writing_where_the_file_has_nothing() -> None:
    block = sparse.BLOCK_BYTES
    data = memoryview(b"a" * block + bytes(2 * block) + b"b" * block + bytes(block) + b"c" * 10)
    assert list(data_in(data, fresh=True)) == [
        (0, block),
        (3 * block, 4 * block),
        (5 * block, 5 * block + 10),
    ]
    assert list(data_in(data, fresh=False)) == [(0, data.nbytes)]
    assert list(data_in(data[block : 3 * block], fresh=True)) == []


def test_a_file_without_holes_is_all_data(tmp_path: Path) -> None:
    (tmp_path / "full").write_bytes(b"x" * MIB)
    fd = os.open(tmp_path / "full", os.O_RDONLY)
    assert list(data_ranges(fd, 10, MIB)) == [(10, MIB)]
    os.close(fd)
    send(tmp_path / "full", tmp_path / "into")
