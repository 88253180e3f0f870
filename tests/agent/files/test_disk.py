"""Disks that are full, can only be read, take no such names, or lose what they had."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.files.errors import DiskDenied, FolderGone, NoSpace, ReadOnly, SinkError, TooLargeForDisk
from mesh_agent.files.folders import Folder
from mesh_agent.files.journal import CHUNK, Journal
from mesh_agent.files.manifest import free_space
from mesh_agent.files.safe_path import own_name
from mesh_agent.files.sink import Sink
from mesh_agent.files.staging import sweep
from mesh_agent.machines.receiving import Offer
from protocol.peer import FileMeta
from tests.agent.files.carrying import PEER, carry, claimed, file, offer_of, opened, parts, send, tree
from tests.support.disk import NoSmallDisk, SmallDisk, full_disk, small_disk

MIB = 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Of 4 MiB."""
    try:
        with small_disk(tmp_path / "disk", 4 * 1024) as disk:
            yield disk
    except NoSmallDisk:
        pytest.skip("this machine lets no small disk be mounted")


def test_too_much_for_the_disk_is_told_before_a_byte_is_written(tmp_path: Path, disk: SmallDisk) -> None:
    with opened(file(tmp_path / "big", 6 * MIB)) as source:
        sink = Sink.open(disk.folder, offer_of(source), peer=PEER)
        with pytest.raises(
            NoSpace, match=r"It needs 6\.0 MiB more on the disk, which has room for [34]\.\d MiB"
        ):
            sink.write(0, *source.read(0))
        sink.abandon(keep=True)
    assert disk.free_bytes > 3.9 * MIB


def test_a_disk_that_runs_full_is_gone_on_with_when_there_is_room(tmp_path: Path, disk: SmallDisk) -> None:
    sent = file(tmp_path / "big", 3 * MIB)
    with opened(sent) as source:
        sink = Sink.open(disk.folder, offer_of(source), peer=PEER)
        sink.write(0, *source.read(0))
        other = file(disk.folder / "other", 2 * MIB)
        with pytest.raises(NoSpace, match="full"):
            sink.write(1, *source.read(1))
        sink.abandon(keep=True)
        assert not (disk.folder / "big").exists()
        other.unlink()
        again = Sink.open(disk.folder, offer_of(source), peer=PEER)
        assert claimed(again)
        carry(source, again)
        again.finish(source.whole_hash())
    assert (disk.folder / "big").read_bytes() == sent.read_bytes()


def test_the_same_sink_goes_on_once_there_is_room(tmp_path: Path, disk: SmallDisk) -> None:
    top = tmp_path / "trip"
    for number in range(30):
        file(top / f"{number}", 100_000)
    with opened(top) as source:
        sink = Sink.open(disk.folder, offer_of(source), peer=PEER)
        sink.write(0, *source.read(0))
        other = file(disk.folder / "other", disk.free_bytes - 200_000)
        with pytest.raises(NoSpace):
            sink.write(1, *source.read(1))
        other.unlink()
        carry(source, sink)
        sink.finish()
    assert tree(disk.folder / "trip") == tree(top)


def test_holes_need_no_room(tmp_path: Path, disk: SmallDisk) -> None:
    sent = tmp_path / "image"
    with sent.open("wb") as image:
        image.truncate(100 * MIB)
        image.seek(50 * MIB)
        image.write(b"data")
    finished = send(sent, disk.folder)
    assert finished.place.stat().st_size == 100 * MIB
    assert finished.place.stat().st_blocks * 512 <= MIB
    with finished.place.open("rb") as image:
        image.seek(50 * MIB)
        assert image.read(5) == b"data\0"


def test_a_disk_that_can_only_be_read(tmp_path: Path, disk: SmallDisk) -> None:
    with opened(file(tmp_path / "big", 2 * MIB)) as source:
        sink = Sink.open(disk.folder, offer_of(source), peer=PEER)
        sink.write(0, *source.read(0))
        sink.abandon(keep=True)
        subprocess.run(["mount", "-o", "remount,ro", disk.folder], check=True)
        with pytest.raises(ReadOnly, match="only be read"):
            Sink.open(disk.folder, offer_of(source), peer=PEER)
        subprocess.run(["mount", "-o", "remount,rw", disk.folder], check=True)
        again = Sink.open(disk.folder, offer_of(source), peer=PEER)
        assert claimed(again) == {0}
        again.abandon(keep=False)


def test_files_may_not_be_that_large(tmp_path: Path) -> None:
    with opened(file(tmp_path / "big", 2 * MIB)) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        with full_disk(os.getpid()), pytest.raises(TooLargeForDisk):
            sink.write(0, *source.read(0))
        carry(source, sink)
        sink.finish(source.whole_hash())


def test_a_place_that_is_no_folder_or_gone(tmp_path: Path) -> None:
    place = file(tmp_path / "file", 3)
    with opened(file(tmp_path / "big", MIB)) as source:
        with pytest.raises(SinkError):
            Sink.open(place, offer_of(source), peer=PEER)
        into = tmp_path / "into"
        sink = Sink.open(into, offer_of(source), peer=PEER)
        shutil.rmtree(into)
        with pytest.raises(FolderGone):
            carry(source, sink)
        sink.abandon(keep=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir(mode=0o500)
    with opened(file(tmp_path / "big", 3)) as source, pytest.raises(DiskDenied):
        Sink.open(tmp_path / "into", offer_of(source), peer=PEER)


def test_free_space_is_that_of_where_it_will_be(tmp_path: Path, disk: SmallDisk) -> None:
    assert free_space(disk.folder / "not" / "there" / "yet") == disk.free_bytes
    assert free_space(tmp_path) > 4 * MIB


def test_an_offer_of_petabytes_costs_nothing(tmp_path: Path) -> None:
    meta = FileMeta(transfer="t", name="all", size=2**53 - 1, mtime=0, mode=0o644, chunk_bytes=64 * 1024)
    sink = Sink.open(tmp_path, Offer(meta, ()), peer=PEER)
    assert sink.grid.chunks == 2**37
    with pytest.raises(TooLargeForDisk):
        sink.hole(0, 2**37)
    sink.abandon(keep=False)


# ── what is lost ─────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=25, deadline=None)
@given(damage=st.data())
def test_a_part_that_was_damaged_anywhere_still_ends_well(
    tmp_path_factory: pytest.TempPathFactory, damage: st.DataObject
) -> None:
    """The journal cut or scribbled over, the data zeroed, cut or gone: only what is right counts."""
    tmp_path = tmp_path_factory.mktemp("damaged")
    sent = file(tmp_path / "data", 300_000)
    meta = FileMeta(
        transfer="t",
        name="data",
        size=300_000,
        mtime=sent.stat().st_mtime_ns,
        mode=0o644,
        chunk_bytes=64 * 1024,
    )
    offer = Offer(meta, ())
    sink = Sink.open(tmp_path / "into", offer, peer=PEER)
    write(sink, sent.read_bytes(), range(4))
    sink.abandon(keep=True)
    (part,) = parts(tmp_path / "into")
    victim = part / damage.draw(st.sampled_from(["journal", "0"]))
    content = bytearray(victim.read_bytes())
    how = damage.draw(st.sampled_from(["cut", "flip", "zero", "gone", "longer"]))
    at = damage.draw(st.integers(0, len(content) - 1))
    if how == "cut":
        del content[at:]
    elif how == "flip":
        content[at] ^= damage.draw(st.integers(1, 255))
    elif how == "zero":
        content[at:] = bytes(len(content) - at)
    elif how == "longer":
        content += bytes(content[:at])
    if how == "gone":
        victim.unlink()
    else:
        victim.write_bytes(content)
    again = Sink.open(tmp_path / "into", offer, peer=PEER)
    if victim.name == "0" and how != "longer":
        assert len(claimed(again)) < 4 or at >= 4 * 64 * 1024
    write(again, sent.read_bytes(), set(range(5)) - claimed(again))
    from blake3 import blake3

    again.finish(blake3(sent.read_bytes()).digest())
    assert (tmp_path / "into" / "data").read_bytes() == sent.read_bytes()
    shutil.rmtree(tmp_path)


def write(sink: Sink, content: bytes, chunks: "range | set[int]") -> None:
    from blake3 import blake3

    for index in chunks:
        data = content[index * 65_536 : (index + 1) * 65_536]
        sink.write(index, data, blake3(data).digest())


@given(st.integers(0, 700))
def test_a_journal_says_what_it_says_up_to_where_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    place = tmp_path_factory.mktemp("journal")
    name = own_name("journal")
    with Folder.at(place) as folder:
        journal = Journal.create(folder, name, bytes(32))
        for index in range(10):
            journal.append(CHUNK, index, bytes([index]) * 32)
        journal.close()
        os.truncate(place / name, min(cut, (place / name).stat().st_size))
        found = Journal.open(folder, name, bytes(32))
        whole = 48  # bytes of the header, and of a record
        if cut < whole:
            assert found is None
            return
        assert found is not None
        journal, records = found
        assert [record.a for record in records] == list(range(min(10, (cut - whole) // whole)))
        journal.append(CHUNK, 77, bytes(32))
        journal.close()
        again = Journal.open(folder, name, bytes(32))
        assert again is not None
        assert again[1] == [*records, (CHUNK, 77, bytes(32))]
        again[0].close()


def test_the_part_of_another_offer_is_set_aside(tmp_path: Path) -> None:
    sent = file(tmp_path / "big", 2 * MIB)
    into = tmp_path / "into"
    with opened(sent) as source:
        sink = Sink.open(into, offer_of(source), peer=PEER)
        sink.write(0, *source.read(0))
        sink.abandon(keep=True)
        (part,) = parts(into)
        with Folder.at(part) as folder:
            Journal.create(folder, own_name("journal"), random.Random(3).randbytes(32)).close()
        again = Sink.open(into, offer_of(source), peer=PEER)
        assert not claimed(again)
        assert len(parts(into)) == 2
        carry(source, again)
        again.finish(source.whole_hash())
    (aside,) = parts(into)
    assert (aside / "0").read_bytes()[:MIB] == sent.read_bytes()[:MIB]


def test_old_parts_are_swept_and_others_stay(tmp_path: Path) -> None:
    into = tmp_path / "into"
    file(into / "mine", 3)
    with opened(file(tmp_path / "big", MIB)) as source:
        left = Sink.open(into, offer_of(source, "left"), peer=PEER)
        left.abandon(keep=True)
        running = Sink.open(into, offer_of(source, "running"), peer=PEER)
        assert sweep(into, 3_600) == 0
        for path in into.rglob("*"):
            os.utime(path, (1, 1))
        assert sweep(into, 3_600) == 1
        carry(source, running)
        running.finish(source.whole_hash())
    assert sorted(tree(into)) == ["big", "mine"]
