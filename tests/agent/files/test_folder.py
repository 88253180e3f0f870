"""A folder, from one place to another: what is in it, what is there already, what is taken."""

import os
import socket
import stat
from pathlib import Path

import pytest

from mesh_agent.files.sink import Sink
from mesh_agent.sharing.state import Conflict
from tests.agent.files.carrying import PEER, carry, file, names, offer_of, opened, parts, send, tree

MIB = 1024 * 1024


@pytest.fixture
def trip(tmp_path: Path) -> Path:
    """Small files, large ones, empty ones, empty folders."""
    top = tmp_path / "trip"
    for number in range(20):
        file(top / f"day {number % 3}" / f"{number}.txt", number * 100)
    file(top / "film.mp4", 2 * MIB + 3)
    file(top / "day 1" / "deep" / "er" / "x", 70_000)
    (top / "empty" / "too").mkdir(parents=True)
    os.utime(top / "day 1" / "deep", ns=(5, 1_500_000_000_000_000_001))
    (top / "day 2" / "4.txt").parent.joinpath("run.sh").write_text("#!/bin/sh\n")
    (top / "day 2" / "run.sh").chmod(0o750)
    (top / "day 0").chmod(0o750)
    os.utime(top, ns=(5, 1_500_000_000_000_000_002))
    return top


def test_a_folder_arrives_whole(tmp_path: Path, trip: Path) -> None:
    finished = send(trip, tmp_path / "into")
    arrived = tmp_path / "into" / "trip"
    assert finished.place == arrived
    assert tree(arrived) == tree(trip)
    for path in [trip, *trip.rglob("*")]:
        there = arrived / path.relative_to(trip)
        assert there.stat().st_mtime_ns == path.stat().st_mtime_ns, path
        assert stat.S_IMODE(there.stat().st_mode) == stat.S_IMODE(path.stat().st_mode), path
    assert names((tmp_path / "into").iterdir()) == ["trip"]


def test_a_folder_appears_when_all_of_it_is_there(tmp_path: Path, trip: Path) -> None:
    into = tmp_path / "into"
    with opened(trip) as source:
        sink = Sink.open(into, offer_of(source), peer=PEER)
        carry(source, sink)
        assert not (into / "trip").exists()
        sink.finish()
    assert tree(into / "trip") == tree(trip)


def test_what_has_come_of_a_folder_is_gone_on_with(tmp_path: Path, trip: Path) -> None:
    into = tmp_path / "into"
    with opened(trip) as source:
        sink = Sink.open(into, offer_of(source), peer=PEER)
        for index in range(1, source.grid.chunks):
            sink.write(index, *source.read(index))
        sink.abandon(keep=True)
        again = Sink.open(into, offer_of(source), peer=PEER)
        assert carry(source, again) == source.grid.length(0)
        again.finish()
    assert tree(into / "trip") == tree(trip)
    assert not parts(into)


def test_only_what_differs_is_sent_again(tmp_path: Path, trip: Path) -> None:
    into = tmp_path / "into"
    send(trip, into)
    (trip / "day 1" / "4.txt").write_bytes(b"other")
    with opened(trip) as source:
        sink = Sink.open(into, offer_of(source, "t2"), peer=PEER, conflict="overwrite")
        assert carry(source, sink) < 200_000
        finished = sink.finish()
    assert tree(into / "trip") == tree(trip)
    assert finished.skipped == 22


TAKEN: list[tuple[Conflict, str, str]] = [
    ("rename", "mine", "theirs"),
    ("skip", "mine", ""),
    ("overwrite", "theirs", ""),
    ("newer", "mine", ""),
]


@pytest.mark.parametrize(("conflict", "there", "beside"), TAKEN)
@pytest.mark.parametrize("folder", [True, False])
def test_a_name_that_is_taken(
    tmp_path: Path, conflict: Conflict, there: str, beside: str, folder: bool
) -> None:
    sent = tmp_path / "notes" if folder else tmp_path / "notes" / "a.txt"
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("theirs")
    into = tmp_path / "into"
    place = into / "notes" if folder else into
    place.mkdir(parents=True)
    (place / "a.txt").write_text("mine")
    os.utime(tmp_path / "notes" / "a.txt", (1_000_000, 1_000_000))
    finished = send(sent, into, conflict=conflict)
    assert (place / "a.txt").read_text() == there
    assert (place / "a (2).txt").exists() == bool(beside)
    if beside:
        assert (place / "a (2).txt").read_text() == beside
        assert list(finished.renamed) == ["a (2).txt"]
    assert finished.skipped == (conflict in ("skip", "newer"))
    assert not parts(into)


def test_a_newer_one_takes_the_place(tmp_path: Path) -> None:
    sent = file(tmp_path / "a.txt", 10)
    taken = file(tmp_path / "into" / "a.txt", 10, 9)
    os.utime(taken, (1, 1))
    send(sent, tmp_path / "into", conflict="newer")
    assert taken.read_bytes() == sent.read_bytes()


@pytest.mark.parametrize("conflict", ["rename", "skip", "overwrite", "newer"])
def test_folders_and_links_that_are_in_the_way_are_never_lost(tmp_path: Path, conflict: Conflict) -> None:
    sent = tmp_path / "trip"
    file(sent / "a" / "x", 10)
    file(sent / "b", 10)
    file(sent / "c" / "y", 10)
    into = tmp_path / "into" / "trip"
    file(into / "a", 5)
    file(into / "b" / "kept", 5)
    outside = tmp_path / "outside"
    outside.mkdir()
    (into / "c").symlink_to(outside)
    before = tree(into)
    send(sent, tmp_path / "into", conflict=conflict)
    after = tree(into)
    assert before.items() <= after.items()
    assert not list(outside.iterdir())
    if conflict != "skip":
        assert after["a (2)/x"] == (sent / "a" / "x").read_bytes()
        assert after["b (2)"] == (sent / "b").read_bytes()
        assert after["c (2)/y"] == (sent / "c" / "y").read_bytes()


def test_the_name_of_the_folder_is_taken_by_a_file(tmp_path: Path, trip: Path) -> None:
    file(tmp_path / "into" / "trip", 5)
    finished = send(trip, tmp_path / "into")
    assert finished.place == tmp_path / "into" / "trip (2)"
    assert tree(finished.place) == tree(trip)


def test_special_files_are_left_out_and_told(tmp_path: Path) -> None:
    top = tmp_path / "mixed"
    file(top / "plain", 10)
    os.mkfifo(top / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(top / "sock"))
        with opened(top) as source:
            assert [entry.path for entry in source.entries] == ["plain"]
            assert sorted(source.left_out) == ["pipe: it is a pipe", "sock: it is a socket"]


def test_links_are_sent_and_by_default_not_received(tmp_path: Path) -> None:
    top = tmp_path / "linked"
    file(top / "real", 10)
    (top / "in").symlink_to("real")
    (top / "sub").mkdir()
    (top / "sub" / "up").symlink_to("../real")
    (top / "out").symlink_to("../../etc/passwd")
    (top / "root").symlink_to("/etc/passwd")
    finished = send(top, tmp_path / "off")
    assert sorted(tree(tmp_path / "off" / "linked")) == ["real", "sub"]
    assert len(finished.faults) == 4
    finished = send(top, tmp_path / "on", links=True)
    arrived = tree(tmp_path / "on" / "linked")
    assert arrived["in"] == "real"
    assert arrived["sub/up"] == "../real"
    assert sorted(arrived) == ["in", "real", "sub", "sub/up"]
    assert "linked/out: A link to “../../etc/passwd” would lead out of its folder." in finished.faults


def test_links_are_followed_where_that_is_asked_for(tmp_path: Path) -> None:
    top = tmp_path / "linked"
    file(tmp_path / "elsewhere" / "data", 10)
    file(top / "real", 10)
    (top / "copy").symlink_to("real")
    (top / "other").symlink_to("../elsewhere")
    (top / "round").symlink_to(".")
    (top / "broken").symlink_to("nowhere")
    send(top, tmp_path / "into", source={"follow_links": True})
    assert sorted(tree(tmp_path / "into" / "linked")) == ["copy", "other", "other/data", "real"]
    assert not (tmp_path / "into" / "linked" / "copy").is_symlink()


def test_a_file_that_changes_or_goes_is_told_and_not_kept(tmp_path: Path) -> None:
    top = tmp_path / "busy"
    for name in ("a", "changes", "goes", "z"):
        file(top / name, 1_000)
    file(top / "large", 2 * MIB)
    file(top / "swapped" / "x", 1_000)
    secret = file(tmp_path / "secret" / "x", 1_000)
    with opened(top) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        file(top / "changes", 1_001)
        (top / "goes").unlink()
        file(top / "large", 2 * MIB + 1)
        (top / "swapped").rename(tmp_path / "away")
        (top / "swapped").symlink_to(secret.parent)
        carry(source, sink)
        finished = sink.finish()
    assert sorted(tree(tmp_path / "into" / "busy")) == ["a", "swapped", "z"]
    told = sorted(finished.faults)
    assert told[:3] == [
        "busy/changes: it was changed while it was sent",
        "busy/goes: it is gone",
        "busy/large: it was changed while it was sent",
    ]
    assert told[3].startswith("busy/swapped/x: it cannot be read")


def test_what_was_faulty_comes_again_at_the_next_try(tmp_path: Path) -> None:
    top = tmp_path / "busy"
    file(top / "a", 1_000)
    into = tmp_path / "into"
    with opened(top) as source:
        sink = Sink.open(into, offer_of(source), peer=PEER)
        sink.write(0, *source.read(0))
        sink.fault(0, "it cannot be read")
        sink.abandon(keep=True)
        again = Sink.open(into, offer_of(source), peer=PEER)
        assert carry(source, again) == 1_000
        assert not again.finish().faults
    assert (into / "busy" / "a").exists()


def test_the_ignore_file_says_what_stays(tmp_path: Path) -> None:
    top = tmp_path / "code"
    for name in ("main.py", "main.pyc", "build/out.o", "docs/build/keep.txt", "docs/a.tmp", "docs/b.tmp"):
        file(top / name, 10)
    (top / ".meshignore").write_text("# made\n*.pyc\n/build/\n*.tmp\n!b.tmp\n")
    (top / "docs" / ".meshignore").write_text("b.*\n")
    with opened(top) as source:
        assert [entry.path for entry in source.entries if entry.kind == "file"] == [
            ".meshignore",
            "main.py",
            "docs/.meshignore",
            "docs/build/keep.txt",
        ]
    with opened(top, ignore=False) as source:
        assert sum(entry.kind == "file" for entry in source.entries) == 8


def test_what_cannot_be_read_any_more_is_zeros_whatever_its_buffer_had(tmp_path: Path) -> None:
    top = tmp_path / "films"
    file(top / "a", MIB)
    file(top / "b", 2 * MIB)
    with opened(top) as source:
        used, _ = source.read(0)
        os.utime(top / "b", ns=(5, 5))
        for index in (1, 2):
            data, _ = source.read(index)
            assert bytes(data) == bytes(MIB)
            source.give_back(used)
        assert [entry for entry, _ in source.faults] == [1]


def test_a_chunk_that_was_given_back_serves_the_next(tmp_path: Path) -> None:
    sent = file(tmp_path / "big", 3 * MIB)
    with opened(sent) as source:
        first, _ = source.read(0)
        second, _ = source.read(1)
        assert bytes(first) + bytes(second) == sent.read_bytes()[: 2 * MIB], "both are in use"
        source.give_back(first)
        third, _ = source.read(2)
        assert third.obj is first.obj
        assert bytes(third) == sent.read_bytes()[2 * MIB :]
