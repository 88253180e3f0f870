"""One file, from one folder to another."""

import os
import random
import stat
from pathlib import Path

import pytest
from blake3 import blake3

from mesh_agent.files.errors import (
    Incomplete,
    SinkBusy,
    SinkClosed,
    SourceChanged,
    SourceMissing,
    SourceSpecial,
)
from mesh_agent.files.sink import Sink
from mesh_agent.files.source import Source
from mesh_agent.machines.receiving import Offer
from protocol.errors import PeerHashWrong, PeerMismatch
from protocol.peer import FileMeta
from tests.agent.files.carrying import PEER, carry, claimed, file, names, offer_of, opened, parts, send

MIB = 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, 4_096, MIB - 1, MIB, MIB + 1, 3 * MIB + 17])
def test_a_file_arrives_whole_with_its_time_and_mode(tmp_path: Path, size: int) -> None:
    sent = file(tmp_path / "from" / "report.pdf", size)
    sent.chmod(0o6640)
    os.utime(sent, ns=(1, 1_600_000_000_123_456_789))
    finished = send(sent, tmp_path / "into")
    arrived = tmp_path / "into" / "report.pdf"
    assert finished.place == arrived
    assert arrived.read_bytes() == sent.read_bytes()
    assert arrived.stat().st_mtime_ns == 1_600_000_000_123_456_789
    assert stat.S_IMODE(arrived.stat().st_mode) == 0o640
    assert names((tmp_path / "into").iterdir()) == ["report.pdf"]


@pytest.mark.parametrize(("mode", "kept"), [(0o6755, 0o755), (0o7777, 0o777), (0o1600, 0o600)])
@pytest.mark.parametrize("mtime", [-1, 0, 2**62])
def test_a_file_that_is_said_to_run_as_its_owner_does_not(
    tmp_path: Path, mode: int, kept: int, mtime: int
) -> None:
    """Whatever the sender claims; a time that this disk cannot keep is no reason to refuse it."""
    data = b"#!/bin/sh"
    meta = FileMeta(
        transfer="t", name="run.sh", size=len(data), mtime=mtime, mode=mode, chunk_bytes=64 * 1024
    )
    sink = Sink.open(tmp_path, Offer(meta, ()), peer=PEER)
    sink.write(0, memoryview(data), blake3(data).digest())
    place = sink.finish(blake3(data).digest()).place
    assert stat.S_IMODE(place.stat().st_mode) == kept


def test_a_part_is_for_nobody_else_on_this_machine(tmp_path: Path) -> None:
    """Whatever the mode that the file is to have."""
    sent = file(tmp_path / "secret", 2 * MIB)
    sent.chmod(0o644)
    into = tmp_path / "into"
    with opened(sent) as source:
        sink = Sink.open(into, offer_of(source), peer=PEER)
        carry(source, sink)
        (part,) = parts(into)
        assert stat.S_IMODE(part.stat().st_mode) == 0o700
        sink.abandon(keep=True)


def test_chunks_may_come_in_any_order_and_twice(tmp_path: Path) -> None:
    sent = file(tmp_path / "big", 9 * MIB + 5)
    with opened(sent) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        carry(source, sink, order=random.Random(4))
        data, digest = source.read(3)
        sink.write(3, data, digest)
        sink.finish(source.whole_hash())
    assert (tmp_path / "into" / "big").read_bytes() == sent.read_bytes()


def test_nothing_has_the_final_name_before_it_is_finished(tmp_path: Path) -> None:
    with opened(file(tmp_path / "big", 2 * MIB)) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        carry(source, sink)
        assert not (tmp_path / "into" / "big").exists()
        sink.finish(source.whole_hash())
        assert (tmp_path / "into" / "big").exists()


def test_what_has_come_is_gone_on_with(tmp_path: Path) -> None:
    sent = file(tmp_path / "big", 5 * MIB + 5)
    into = tmp_path / "into"
    with opened(sent) as source:
        first = Sink.open(into, offer_of(source), peer=PEER)
        for index in (0, 1, 4):
            first.write(index, *source.read(index))
        first.abandon(keep=True)
        verified: list[int] = []
        second = Sink.open(into, offer_of(source), peer=PEER, on_verified=verified.append)
        assert claimed(second) == {0, 1, 4}
        assert sum(verified) == 3 * MIB
        assert carry(source, second) == 2 * MIB + 5
        second.finish(source.whole_hash())
    assert (into / "big").read_bytes() == sent.read_bytes()
    assert not parts(into)


def test_another_offer_finds_no_part(tmp_path: Path) -> None:
    sent = file(tmp_path / "big", 3 * MIB)
    with opened(sent) as source:
        for transfer, peer in (("t1", PEER), ("t2", PEER), ("t1", "bob/desk")):
            sink = Sink.open(tmp_path / "into", offer_of(source, transfer), peer=peer)
            assert not claimed(sink)
            sink.write(0, *source.read(0))
            sink.abandon(keep=True)
    assert len(parts(tmp_path / "into")) == 3


def test_two_transfers_of_one_name_into_one_folder_do_not_meet(tmp_path: Path) -> None:
    one = file(tmp_path / "a" / "notes.txt", 2 * MIB, 1)
    two = file(tmp_path / "b" / "notes.txt", 2 * MIB, 2)
    into = tmp_path / "into"
    with opened(one) as first, opened(two) as second:
        sinks = [
            Sink.open(into, offer_of(first), peer=PEER),
            Sink.open(into, offer_of(second, "t2"), peer="bob/desk"),
        ]
        for index in range(2):
            sinks[0].write(index, *first.read(index))
            sinks[1].write(index, *second.read(index))
        sinks[0].finish(first.whole_hash())
        finished = sinks[1].finish(second.whole_hash())
    assert (into / "notes.txt").read_bytes() == one.read_bytes()
    assert (into / "notes (2).txt").read_bytes() == two.read_bytes()
    assert finished.renamed == ("notes (2).txt",)


def test_the_same_transfer_is_received_once_at_a_time(tmp_path: Path) -> None:
    with opened(file(tmp_path / "big", MIB)) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        with pytest.raises(SinkBusy):
            Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        sink.abandon(keep=False)
        assert not parts(tmp_path / "into")
        with pytest.raises(SinkClosed):
            sink.write(0, *source.read(0))


def test_a_wrong_hash_writes_nothing(tmp_path: Path) -> None:
    with opened(file(tmp_path / "big", 2 * MIB)) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        data, digest = source.read(0)
        with pytest.raises(PeerHashWrong):
            sink.write(0, data, bytes(32))
        with pytest.raises(PeerHashWrong):
            sink.write(1, data, source.read(1)[1])
        assert not claimed(sink)
        sink.write(0, data, digest)
        with pytest.raises(Incomplete):
            sink.finish(source.whole_hash())
        sink.abandon(keep=True)
    assert not (tmp_path / "into" / "big").exists()


@pytest.mark.parametrize(("index", "size"), [(-1, MIB), (2, MIB), (0, MIB - 1), (1, MIB + 1), (2**60, MIB)])
def test_a_chunk_that_is_none_of_the_offer_is_refused(tmp_path: Path, index: int, size: int) -> None:
    with opened(file(tmp_path / "big", 2 * MIB)) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        data = bytes(size)
        with pytest.raises(PeerMismatch):
            sink.write(index, data, blake3(data).digest())
        with pytest.raises(PeerMismatch):
            sink.hole(1, 2)
        with pytest.raises(PeerMismatch):
            sink.fault(0)
        sink.abandon(keep=False)


def test_a_whole_that_is_wrong_gets_no_name_and_is_not_believed_again(tmp_path: Path) -> None:
    sent = file(tmp_path / "big", 2 * MIB)
    into = tmp_path / "into"
    with opened(sent) as source:
        sink = Sink.open(into, offer_of(source), peer=PEER)
        carry(source, sink)
        with pytest.raises(PeerHashWrong):
            sink.finish(bytes(32))
        sink.abandon(keep=True)
        assert not (into / "big").exists()
        again = Sink.open(into, offer_of(source), peer=PEER)
        assert not claimed(again)
        carry(source, again)
        again.finish(source.whole_hash())
    assert (into / "big").read_bytes() == sent.read_bytes()


def test_what_is_here_and_equal_is_not_sent_but_hashed(tmp_path: Path) -> None:
    sent = file(tmp_path / "big", 2 * MIB)
    into = tmp_path / "into"
    send(sent, into)
    with opened(sent) as source:
        sink = Sink.open(into, offer_of(source, "t2"), peer=PEER)
        assert claimed(sink) == {0, 1}
        assert sink.finish(source.whole_hash()).skipped == 1
    assert names(into.iterdir()) == ["big"]


def test_what_only_looks_equal_is_sent_at_the_next_try(tmp_path: Path) -> None:
    sent = file(tmp_path / "big", 2 * MIB)
    into = tmp_path / "into"
    other = file(into / "big", 2 * MIB, 7)
    os.utime(other, ns=(0, sent.stat().st_mtime_ns))
    with opened(sent) as source:
        sink = Sink.open(into, offer_of(source), peer=PEER)
        with pytest.raises(PeerHashWrong):
            sink.finish(source.whole_hash())
        sink.abandon(keep=True)
        again = Sink.open(into, offer_of(source), peer=PEER)
        assert carry(source, again) == 2 * MIB
        again.finish(source.whole_hash())
    assert (into / "big (2)").read_bytes() == sent.read_bytes()


def test_a_file_that_is_changed_while_it_is_sent_is_not_sent(tmp_path: Path) -> None:
    sent = file(tmp_path / "big", 2 * MIB)
    with opened(sent) as source:
        source.read(0)
        with sent.open("ab") as more:
            more.write(b"x")
        with pytest.raises(SourceChanged):
            source.read(1)
        with pytest.raises(SourceChanged):
            source.whole_hash()


def test_what_is_no_file_cannot_be_sent(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceSpecial, match="neither a file nor a folder"):
        Source.open(tmp_path / "pipe")
    with pytest.raises(SourceMissing, match="There is no file"):
        Source.open(tmp_path / "nothing")
    with pytest.raises(SourceSpecial):
        Source.open(Path("/dev/null"))


def test_a_link_that_was_named_is_followed(tmp_path: Path) -> None:
    file(tmp_path / "real", 10)
    (tmp_path / "link").symlink_to("real")
    finished = send(tmp_path / "link", tmp_path / "into")
    assert finished.place.read_bytes() == (tmp_path / "real").read_bytes()
    assert finished.place.name == "link"
    assert not finished.place.is_symlink()
