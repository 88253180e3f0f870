"""The cache file: pages, what may overwrite what, damage, versions, and several processes at once."""

import asyncio
import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mesh_agent.client import cache_writes, schema
from mesh_agent.client.cache import Cache
from mesh_agent.client.cache_thread import QUEUED_CHANGES, CacheThread
from mesh_agent.client.changes import (
    MarkerSet,
    MarkerTold,
    MemberPut,
    MemberRemoved,
    MembersHeld,
    MessagesHeld,
    OutgoingGone,
    OutgoingMarked,
    RoomAdvanced,
    RoomEntered,
    RoomHeld,
    RoomRemoved,
    RoomReset,
    RoomShown,
)
from mesh_agent.client.errors import FilesUnusable, FileTooNew, OutboxFull
from mesh_agent.client.outbox import OUTBOX_MAX, Entry
from mesh_agent.client.state import Outgoing
from tests.agent.rooms import AT, member, message, room
from tests.support.conditions import PATIENCE_S, until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


def held(rev: int = 0, top_seq: int = 0, epoch: str = "e", room_id: str = "r") -> RoomHeld:
    return RoomHeld(room(room_id, last_seq=top_seq, rev=rev), epoch, rev, top_seq)


def entry(nonce: str) -> Entry:
    return Entry(Outgoing(nonce, "r", f"text {nonce}", AT, "pending", thread="m0", reply_to="m1"), "m1", "m0")


def fill(cache: Cache, count: int) -> None:
    messages = [message(seq, seq) for seq in range(1, count + 1)]
    cache.apply([RoomEntered(held(count, count)), MessagesHeld("r", messages)])


def seqs(cache: Cache, top: int, limit: int = 100) -> list[int]:
    return [message.seq for message in cache.page_before("r", top, limit)]


def test_what_was_written_is_there_after_a_restart(path: Path) -> None:
    cache = Cache(path)
    fill(cache, 3)
    cache.add_outgoing(entry("a"))
    cache.apply([MarkerSet("r", 2)])
    cache.close()

    again = Cache(path)
    loaded = again.load()
    assert loaded.rooms == [held(3, 3)]
    assert loaded.outbox == [entry("a")]
    assert loaded.markers == {"r": 2}
    assert again.page_before("r", 3, 10) == [message(seq, seq) for seq in (1, 2, 3)]
    assert again.warning == ""


def test_files_are_for_the_owner_alone(path: Path) -> None:
    cache = Cache(path)
    fill(cache, 1)
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_page_ends_where_a_number_is_missing(path: Path) -> None:
    cache = Cache(path)
    fill(cache, 10)
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM messages WHERE seq = 6")
    assert seqs(cache, 10) == [7, 8, 9, 10]
    assert seqs(cache, 10, 2) == [9, 10]
    assert seqs(cache, 11) == []
    assert seqs(cache, 5) == [1, 2, 3, 4, 5]
    assert [found.seq for found in cache.page_after("r", 2, 100)] == [3, 4, 5]
    assert cache.page_after("r", 5, 100) == []


def test_a_message_is_overwritten_by_a_later_state_only(path: Path) -> None:
    cache = Cache(path)
    fill(cache, 1)
    cache.apply([MessagesHeld("r", [message(1, 5)])])
    cache.apply([MessagesHeld("r", [message(1, 3)])])
    assert [found.rev for found in cache.page_before("r", 1, 1)] == [5]


def test_a_room_never_skips_over_what_was_not_written(path: Path) -> None:
    cache = Cache(path)
    cache.apply([RoomEntered(held(4))])
    cache.apply([RoomAdvanced(held(6), from_rev=5)])  # what led from 4 to 5 was lost: a full disk
    assert [known.rev for known in cache.load().rooms] == [4]
    cache.apply([RoomAdvanced(held(6), from_rev=4)])
    assert [known.rev for known in cache.load().rooms] == [6]


def test_a_slower_process_does_not_set_a_room_back(path: Path) -> None:
    fast, slow = Cache(path), Cache(path)
    fast.apply([RoomEntered(held(1))])
    for rev in (2, 3, 4):
        fast.apply([RoomAdvanced(held(rev), from_rev=rev - 1)])
    slow.apply([RoomAdvanced(held(2), from_rev=1)])
    slow.apply([RoomAdvanced(held(9, epoch="older"), from_rev=3)])
    assert [(known.rev, known.epoch) for known in fast.load().rooms] == [(4, "e")]


def test_a_reset_forgets_messages_and_a_removal_everything_of_the_room(path: Path) -> None:
    cache = Cache(path)
    fill(cache, 3)
    cache.apply([MembersHeld("r", 3, [member("u")]), RoomReset(held(9, 9, "e2"))])
    assert seqs(cache, 3) == []
    assert cache.members("r") == []
    assert cache.load().rooms == [held(9, 9, "e2")]
    cache.apply([MarkerSet("r", 1), MessagesHeld("r", [message(9, 9)]), RoomRemoved("r")])
    cache.apply([MessagesHeld("r", [message(8, 8)]), MembersHeld("r", 9, [member("u")])])
    loaded = cache.load()
    assert (loaded.rooms, loaded.markers) == ([], {})
    assert seqs(cache, 9) == []
    assert seqs(cache, 8) == []
    assert cache.members("r") == []


def test_members_follow_their_changes_and_ignore_old_ones(path: Path) -> None:
    cache = Cache(path)
    cache.apply([RoomEntered(held(3)), MembersHeld("r", 3, [member("u1"), member("u2")])])
    cache.apply([MemberPut("r", 4, member("u3")), MemberRemoved("r", 5, "u1", new_owner="u2")])
    cache.apply([MemberPut("r", 2, member("u9")), MembersHeld("r", 4, [])])
    assert [(who.user_id, who.role) for who in cache.members("r")] == [("u2", "owner"), ("u3", "member")]


def test_people_of_several_rooms_are_each_there_once_and_bounded(path: Path) -> None:
    cache = Cache(path)
    for room_id, users in (("r", ("u1", "u2")), ("s", ("u2", "u3"))):
        cache.apply([RoomEntered(held(3, room_id=room_id))])
        cache.apply([MembersHeld(room_id, 3, [member(user) for user in users])])
    assert sorted(who.user_id for who in cache.people(9)) == ["u1", "u2", "u3"]
    assert len(cache.people(2)) == 2
    cache.apply([RoomRemoved("s")])
    assert sorted(who.user_id for who in cache.people(9)) == ["u1", "u2"]


def test_what_a_list_shows_can_change_alone(path: Path) -> None:
    cache = Cache(path)
    cache.apply([RoomEntered(held(3, 3)), RoomShown(room("r", unread=7))])
    (known,) = cache.load().rooms
    assert (known.rev, known.top_seq, known.room.unread) == (3, 3, 7)


def test_a_marker_only_goes_forward_and_goes_when_told(path: Path) -> None:
    cache = Cache(path)
    cache.apply([RoomEntered(held()), MarkerSet("r", 5), MarkerSet("r", 3), MarkerTold("r", 4)])
    assert cache.load().markers == {"r": 5}
    cache.apply([MarkerTold("r", 5)])
    assert cache.load().markers == {}


def test_the_outbox_keeps_its_order_and_its_states(path: Path) -> None:
    cache = Cache(path)
    for nonce in "cab":
        cache.add_outgoing(entry(nonce))
    failed = Outgoing("a", "r", "text a", AT, "failed", "No.", "m0", "m1")
    cache.apply([OutgoingMarked(failed), OutgoingGone("c"), OutgoingGone("never there")])
    assert [known.outgoing for known in cache.outbox()] == [failed, entry("b").outgoing]


@pytest.mark.parametrize("damaged", [False, True])
def test_what_waited_in_a_file_of_the_first_version_is_kept(path: Path, damaged: bool) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(schema._STEPS[0] + "PRAGMA user_version = 1;")
        db.execute(
            "INSERT INTO outbox (nonce, room_id, content, reply_to, created_at, state, error)"
            " VALUES ('n', 'r', 'kept', 'm1', ?, 'pending', '')",
            (AT,),
        )
        db.commit()
    if damaged:
        path.with_suffix(".damaged").touch()
    cache = Cache(path)
    assert cache.outbox() == [Entry(Outgoing("n", "r", "kept", AT, "pending", reply_to="m1"), reply_to="m1")]
    cache.add_outgoing(entry("a"))
    assert cache.outbox()[1] == entry("a")
    assert bool(cache.warning) == damaged


def test_a_full_outbox_says_so(path: Path) -> None:
    cache = Cache(path)
    with sqlite3.connect(path) as db:
        rows = [(f"n{number}", "r", "x", None, AT, "pending", "") for number in range(OUTBOX_MAX)]
        db.executemany(
            "INSERT INTO outbox (nonce, room_id, content, reply_to, created_at, state, error)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
    with pytest.raises(OutboxFull):
        cache.add_outgoing(entry("one too many"))
    assert len(cache.outbox()) == OUTBOX_MAX


def test_signing_out_forgets_all_but_the_outbox(path: Path) -> None:
    cache = Cache(path)
    fill(cache, 50)
    cache.add_outgoing(entry("a"))
    cache.wipe()
    cache.close()
    assert b"as of" not in path.read_bytes()
    again = Cache(path)
    assert again.load().rooms == []
    assert again.outbox() == [entry("a")]


def test_a_room_is_trimmed_from_its_old_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_writes, "MESSAGES_KEPT", 10)
    monkeypatch.setattr(cache_writes, "TRIM_EVERY", 20)
    cache = Cache(path)
    fill(cache, 20)
    assert seqs(cache, 20) == list(range(11, 21))


def test_all_changes_of_a_batch_are_written_or_none(path: Path) -> None:
    cache = Cache(path)
    with pytest.raises(KeyError):
        cache.apply([RoomEntered(held(1)), "no change"])  # type: ignore[list-item]  # the mistake is the test
    assert cache.load().rooms == []


def test_a_file_of_a_newer_program_is_refused_and_left_alone(path: Path) -> None:
    Cache(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 999")
    with pytest.raises(FileTooNew) as refused:
        Cache(path)
    assert "newer Mesh" in refused.value.message
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (999,)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FilesUnusable) as refused:
        Cache(tmp_path / "missing" / "cache.db")
    assert "missing" in refused.value.message


# ── damage ───────────────────────────────────────────────────────────────────────────────────────


def aside(path: Path) -> list[Path]:
    return [
        file for file in path.parent.glob("cache.db.damaged-*") if not file.name.endswith(("-wal", "-shm"))
    ]


def test_a_file_that_is_no_database_is_moved_aside_with_a_warning(path: Path) -> None:
    path.write_bytes(b"this is not a database at all, " * 100)
    cache = Cache(path)
    assert cache.load().rooms == []
    (kept,) = aside(path)
    assert kept.read_bytes().startswith(b"this is not a database")
    assert str(kept) in cache.warning
    assert "may be lost" in cache.warning


def test_the_outbox_of_a_damaged_file_is_saved(path: Path) -> None:
    cache = Cache(path)
    fill(cache, 2_000)
    for nonce in "ab":
        cache.add_outgoing(entry(nonce))
    with pytest.raises(sqlite3.DatabaseError) as found:
        damage_messages(cache, path)
    assert found.value.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CORRUPT
    cache.mark_damaged()
    cache.close()

    mended = Cache(path)
    assert mended.outbox() == [entry("a"), entry("b")]
    assert mended.load().rooms == []
    assert "2 unsent messages were kept" in mended.warning
    assert len(aside(path)) == 1
    mended.close()
    assert Cache(path).warning == ""


def damage_messages(cache: Cache, path: Path) -> None:
    """Overwrites a page of the messages in the file, and reads them until that shows."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page_bytes,) = db.execute("PRAGMA page_size").fetchone()
        pages = [row[0] for row in db.execute("SELECT pageno FROM dbstat WHERE name = 'messages'")]
    with path.open("r+b") as file:
        for page in pages[1:]:
            file.seek((page - 1) * page_bytes)
            file.write(b"\xff" * page_bytes)
        file.flush()
        os.fsync(file.fileno())
    cache.page_before("r", 2_000, 2_000)


def test_a_damaged_file_in_use_elsewhere_is_not_moved_from_under_it(path: Path) -> None:
    other = Cache(path)
    other.add_outgoing(entry("a"))
    other.mark_damaged()
    # Readable still, so it is used as it is until nobody else has it.
    assert Cache(path).outbox() == [entry("a")]
    assert aside(path) == []


def test_an_unreadable_file_in_use_elsewhere_is_refused(path: Path) -> None:
    ready, script = path.with_name("ready"), path.with_name("holder.py")
    script.write_text(
        "import sys, pathlib\n"
        "from mesh_agent.client.cache import Cache\n"
        "cache = Cache(pathlib.Path(sys.argv[1]))\n"
        "pathlib.Path(sys.argv[2]).touch()\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen([sys.executable, script, path, ready], stdin=subprocess.PIPE, env=environment())
    try:
        asyncio.run(until(ready.exists, "the other process"))
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path.write_bytes(b"garbage " * 1_000)
        with pytest.raises(FilesUnusable) as refused:
            Cache(path)
        assert "another Mesh program" in refused.value.message
        assert aside(path) == []
    finally:
        holder.communicate(b"")
    assert Cache(path).warning


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


# ── several at once ──────────────────────────────────────────────────────────────────────────────

WRITER = """
import sys, pathlib
from mesh_agent.client.cache import Cache
from mesh_agent.client.changes import MessagesHeld, RoomEntered, RoomHeld
from tests.agent.rooms import message, room
from tests.agent.test_cache import entry
path, name = pathlib.Path(sys.argv[1]), sys.argv[2]
cache = Cache(path)
cache.apply([RoomEntered(RoomHeld(room(), "e", 0, 0))])
for number in range(50):
    cache.add_outgoing(entry(f"{name}{number}"))
    cache.apply([MessagesHeld("r", [message(number + 1, number + 1)])])
cache.close()
"""


def test_processes_that_open_and_write_one_file_at_once_do_not_disturb_each_other(path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, name], env=environment()) for name in "abc"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    cache = Cache(path)
    assert len(cache.outbox()) == 150
    assert seqs(cache, 50) == list(range(1, 51))


# ── the thread ───────────────────────────────────────────────────────────────────────────────────


async def test_who_reads_sees_what_was_queued_before(path: Path) -> None:
    thread = await CacheThread.open(path)
    thread.change([RoomEntered(held())])
    for seq in range(1, 200):
        thread.change([MessagesHeld("r", [message(seq, seq)])])
    page = await thread.run(thread.cache.page_before, "r", 199, 500)
    assert len(page) == 199
    await thread.close()


async def test_closing_writes_what_is_queued(path: Path) -> None:
    thread = await CacheThread.open(path)
    thread.change([RoomEntered(held(3, 3))])
    thread.change([RoomEntered(held(4, 4, room_id="r2"))])
    await thread.close()
    assert len(Cache(path).load().rooms) == 2


async def _written(thread: CacheThread) -> None:
    await until(lambda: not thread._writes and not thread._gathered, "what is queued to be written")


async def test_what_comes_soon_after_a_write_waits_and_goes_together(path: Path) -> None:
    thread = await CacheThread.open(path)
    thread.change([RoomEntered(held())])
    assert thread._writes == 1, "the first one at once"
    await _written(thread)
    thread._next_at = asyncio.get_running_loop().time() + 3_600
    for seq in range(1, 11):
        thread.change([MessagesHeld("r", [message(seq, seq)])])
    assert not thread._writes
    assert len(thread._gathered) == 10
    assert len(await thread.run(thread.cache.page_before, "r", 10, 50)) == 10, "whoever reads sees it"
    thread._next_at = asyncio.get_running_loop().time() + 3_600
    thread.change([MessagesHeld("r", [message(11, 11)])])
    await thread.close()
    assert len(Cache(path).load().rooms) == 1
    assert len(Cache(path).page_before("r", 11, 50)) == 11


async def test_what_waits_to_be_written_is_written_when_its_time_comes(path: Path) -> None:
    thread = await CacheThread.open(path)
    thread.change([RoomEntered(held())])
    await _written(thread)
    thread._next_at = asyncio.get_running_loop().time() + 0.01
    thread.change([RoomEntered(held(2, 2, room_id="r2"))])
    await _written(thread)
    thread._next_at = asyncio.get_running_loop().time() + 3_600
    thread.change([RoomEntered(held(3, 3, room_id="r3"))] * (QUEUED_CHANGES + 1))
    assert thread._writes == 1, "too much does not wait"
    await _written(thread)
    await thread.close()
    assert len(Cache(path).load().rooms) == 3


async def test_who_adds_too_much_waits_for_the_disk_and_goes_on(path: Path) -> None:
    thread = await CacheThread.open(path)
    thread.change([RoomEntered(held())])
    async with asyncio.timeout(PATIENCE_S):
        for seq in range(1, 4 * QUEUED_CHANGES):
            thread.change([MessagesHeld("r", [message(seq, seq)])])
            await thread.room_to_write()
            assert len(thread._gathered) <= QUEUED_CHANGES
    page = await thread.run(thread.cache.page_before, "r", seq, 100_000)
    assert len(page) == seq
    await thread.close()


async def test_a_disk_that_takes_nothing_costs_the_cache_but_not_the_program(path: Path) -> None:
    thread = await CacheThread.open(path)
    await thread.run(limit_pages, thread)
    thread.change([RoomEntered(held()), MessagesHeld("r", [message(seq, seq) for seq in range(1, 5_000)])])
    with pytest.raises(FilesUnusable) as refused:
        await thread.run(thread.cache.add_outgoing, Entry(Outgoing("a", "r", "x" * 500_000, AT, "pending")))
    assert "full" in refused.value.message
    assert (await thread.run(thread.cache.load)).rooms == []
    await thread.close()


def limit_pages(thread: CacheThread) -> None:
    """As a full disk: the file may not grow."""
    db = thread.cache._db
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
