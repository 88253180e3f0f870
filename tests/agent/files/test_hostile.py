"""Offers of all kinds, and people who move things while something is received."""

import os
import shutil
import tempfile
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.files.errors import OfferRefused, SinkClosed
from mesh_agent.files.folders import Folder
from mesh_agent.files.manifest import check
from mesh_agent.files.placing import _without_call
from mesh_agent.files.safe_path import own_name
from mesh_agent.files.sink import Sink
from mesh_agent.machines.receiving import Offer
from protocol.peer import Entry, EntryKind, FileMeta
from tests.agent.files.carrying import PEER, carry, file, missing, offer_of, opened, parts, send, tree

MIB = 1024 * 1024

COMPONENT = st.sampled_from(
    [
        "..",
        ".",
        "",
        "a",
        "A",
        "b",
        "é",
        "e\u0301",
        "con",
        " ",
        "x.",
        "\x1b[31m",
        "\u202eb",
        "a\0",
        "journal",
        "tree",
        "0",
    ]
) | st.text(min_size=1, max_size=8)
PATH = st.lists(COMPONENT, min_size=1, max_size=3).map("/".join)
KINDS: list[EntryKind] = ["file", "folder", "link"]
ENTRY = st.builds(
    Entry,
    PATH,
    st.sampled_from(KINDS),
    st.sampled_from([0, 0, 0, 5]),
    st.sampled_from([0, -1, 2**62, 10**18]),
    st.sampled_from([0o644, 0, 0o7777, 0o4755]),
    st.sampled_from(["", "a", "../a", "../../a", "/etc/passwd", "b/../../c"]),
)


def offer(
    entries: list[Entry], name: str = "top", *, size: int | None = None, count: int | None = None
) -> Offer:
    """`size` and `count`: other than they are."""
    meta = FileMeta(
        transfer="t",
        name=name,
        size=sum(entry.size for entry in entries) if size is None else size,
        mtime=0,
        mode=0o755,
        kind="folder",
        entries=len(entries) if count is None else count,
    )
    return Offer(meta, entries)


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place, prefix="mesh-test-") as made:
        yield Path(made)


@settings(deadline=None, max_examples=150)
@given(entries=st.lists(ENTRY, max_size=6), name=COMPONENT, there=st.booleans())
def test_whatever_is_offered_stays_inside(memory: Path, entries: list[Entry], name: str, there: bool) -> None:
    """All of what is accepted is written, with links; nothing beside it changes."""
    place = memory / "place"
    shutil.rmtree(place, ignore_errors=True)
    into = place / "into"
    file(place / "beside", 10)
    into.mkdir()
    if there:
        file(into / "top" / "a", 10)
        (into / "top" / "b").symlink_to("../..")
    before = tree(into)
    empty = [Entry(each.path, each.kind, 0, each.mtime, each.mode, each.target) for each in entries]
    try:
        sink = Sink.open(into, offer(empty, name or "x"), peer=PEER, links=True)
    except OfferRefused:
        assert tree(into) == before
        return
    place_of_it = sink.finish().place
    assert place_of_it.parent == into
    assert before.items() <= tree(into).items()
    assert sorted(os.listdir(place)) == ["beside", "into"]  # noqa: PTH208
    assert len(list(into.iterdir())) <= 2
    assert not parts(into)
    for path in into.rglob("*"):
        leads = Path(os.path.realpath(path))  # also of one that leads to itself
        assert not path.is_symlink() or there or leads.is_relative_to(into / place_of_it.name)
        assert not path.lstat().st_mode & 0o7000


@given(st.lists(ENTRY, max_size=6))
def test_a_manifest_is_refused_or_checked(entries: list[Entry]) -> None:
    try:
        checked = check(offer(entries))
    except OfferRefused:
        return
    assert len(checked.paths) == len(entries)
    assert checked.grid.bytes_of(0, checked.grid.chunks) == sum(entry.size for entry in entries)
    assert not checked.targets
    assert all(entries[number].kind == "link" for number in checked.left_out)


@pytest.mark.parametrize(("size", "count"), [(4, 1), (6, 1), (5, 0), (5, 2)])
def test_sizes_and_counts_have_to_add_up(size: int, count: int) -> None:
    with pytest.raises(OfferRefused):
        check(offer([Entry("a", "file", 5, 0, 0)], size=size, count=count))


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_only_files_have_bytes(kind: EntryKind) -> None:
    with pytest.raises(OfferRefused, match="with bytes"):
        check(offer([Entry("a", kind, 5, 0, 0, "b")]))


def test_the_prompt_shows_what_will_be_written(tmp_path: Path) -> None:
    file(tmp_path / "top" / "a", 1)
    entries = [Entry("a", "file", 5, 0, 0), Entry("A", "file", 6, 0, 0), Entry("c\x1b[2J/d", "file", 0, 0, 0)]
    shown = check(offer(entries)).offered(tmp_path)
    assert [(each.path, each.size, each.renamed, each.exists) for each in shown] == [
        ("top/a", 5, "", True),
        ("top/A (2)", 6, "top/A", False),
        ("top/c_[2J/d", 0, "top/c[2J/d", False),
    ]
    assert len(check(offer(entries)).offered(tmp_path / "nowhere", limit=2)) == 2
    meta = FileMeta(transfer="t", name="top", size=5, mtime=0, mode=0)
    assert check(Offer(meta, ())).offered(tmp_path)[0].exists


# ── while it is received ─────────────────────────────────────────────────────────────────────────


def test_a_link_that_is_planted_meanwhile_leads_nowhere(tmp_path: Path) -> None:
    sent = tmp_path / "trip"
    file(sent / "sub" / "x", 100)
    file(sent / "y", 100)
    outside = tmp_path / "outside"
    file(outside / "x", 5)
    kept = tree(outside)
    into = tmp_path / "into"
    (into / "trip" / "sub").mkdir(parents=True)
    with opened(sent) as source:
        sink = Sink.open(into, offer_of(source), peer=PEER, conflict="overwrite")
        carry(source, sink)
        (into / "trip" / "sub").rmdir()
        (into / "trip" / "sub").symlink_to(outside)
        (into / "trip" / "y").symlink_to(outside / "x")
        sink.finish()
    assert tree(outside) == kept
    assert (into / "trip" / "sub (2)" / "x").read_bytes() == (sent / "sub" / "x").read_bytes()
    assert not (into / "trip" / "y").is_symlink()


def test_a_part_that_is_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = file(tmp_path / "secret", MIB)
    before = outside.read_bytes()
    with opened(file(tmp_path / "big", 2 * MIB)) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        (part,) = parts(tmp_path / "into")
        (part / "0").symlink_to(outside)
        with pytest.raises(Exception, match="written here"):
            sink.write(0, *source.read(0))
        sink.abandon(keep=False)
    assert outside.read_bytes() == before


def test_many_write_at_once_and_one_gives_up(tmp_path: Path) -> None:
    top = tmp_path / "trip"
    for number in range(60):
        file(top / f"{number}", 90_000)
    file(top / "large", 5 * MIB)
    with opened(top) as source:
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        with ThreadPoolExecutor(4) as pool:
            for done in [
                pool.submit(lambda at: sink.write(at, *source.read(at)), at) for at in missing(source, sink)
            ]:
                done.result()
        sink.finish()
        assert tree(tmp_path / "into" / "trip") == tree(top)
        sink = Sink.open(tmp_path / "other", offer_of(source), peer=PEER)
        chunks = [(index, *source.read(index)) for index in missing(source, sink)]
        begun = threading.Event()

        def write() -> None:
            for chunk in chunks * 50:
                begun.set()
                sink.write(*chunk)

        writing = ThreadPoolExecutor(3)
        writers = [writing.submit(write) for _ in range(3)]
        begun.wait()
        sink.abandon(keep=False)
        for writer in writers:
            assert isinstance(writer.exception(), SinkClosed)
        writing.shutdown()
    assert not parts(tmp_path / "other")


def test_two_folders_are_merged_at_the_same_time(tmp_path: Path) -> None:
    for person in ("alice", "bob"):
        for number in range(30):
            file(tmp_path / person / "trip" / f"{number % 3}" / f"{number}", 500, ord(person[0]))
    into = tmp_path / "into"
    (into / "trip").mkdir(parents=True)
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(send, tmp_path / person / "trip", into) for person in ("alice", "bob")]
        finished = [each.result() for each in done]
    found = [what for what in tree(into / "trip").values() if what is not None]
    sent = [what for person in ("alice", "bob") for what in tree(tmp_path / person / "trip").values() if what]
    assert sorted(map(str, found)) == sorted(map(str, sent))
    assert sum(len(each.renamed) for each in finished) == 30
    assert not parts(into)


def test_a_disk_that_cannot_rename_without_replacing(tmp_path: Path) -> None:
    """By a hard link then, or by looking first."""
    file(tmp_path / "part" / "0", 10)
    file(tmp_path / "into" / "taken", 5)
    with Folder.at(tmp_path / "part") as part, Folder.at(tmp_path / "into") as into:
        with pytest.raises(FileExistsError):
            _without_call(part, own_name("0"), into, own_name("taken"), folder=False)
        assert _without_call(part, own_name("0"), into, own_name("free"), folder=False)
        (tmp_path / "part" / "tree").mkdir()
        assert not _without_call(part, own_name("tree"), into, own_name("taken"), folder=True)
        assert _without_call(part, own_name("tree"), into, own_name("made"), folder=True)
    assert sorted(tree(tmp_path / "into")) == ["free", "made", "taken"]
    assert not tree(tmp_path / "part")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    sent = tmp_path / "image"
    with sent.open("wb") as image:
        image.truncate(4 * 1024 * MIB)
        for at in range(0, 4_096, 150):
            image.seek(at * MIB)
            image.write(b"data" * 10_000)
    with opened(sent) as source:
        tracemalloc.start()
        sink = Sink.open(tmp_path / "into", offer_of(source), peer=PEER)
        carry(source, sink)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        sink.abandon(keep=False)
    assert peak < 3 * source.chunk_bytes, "one is read, one is written, one comes too early"


def test_the_prompt_tells_the_same_file_from_another_one_of_its_name(tmp_path: Path) -> None:
    file(tmp_path / "top" / "same", 5)
    file(tmp_path / "top" / "other", 6)
    (tmp_path / "top" / "folder").mkdir()
    mtime = (tmp_path / "top" / "same").stat().st_mtime_ns
    entries = [
        Entry("folder", "folder", 0, mtime, 0),
        Entry("other", "file", 5, mtime, 0),
        Entry("same", "file", 5, mtime, 0),
    ]
    shown = check(offer(entries)).offered(tmp_path)
    assert [(each.path, each.exists, each.same, each.taken) for each in shown] == [
        ("top/folder", True, False, False),
        ("top/other", True, False, True),
        ("top/same", True, True, False),
    ]
