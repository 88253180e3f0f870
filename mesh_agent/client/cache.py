"""The cache of one account in one SQLite file: rooms, messages, members, read markers, and the outbox.

Strategy: plain functions that run in one thread (`cache_thread`), each one transaction, so that nothing
of another caller comes in between. Everything but the outbox may be lost at any time, since the server
has it: it is written without waiting for the disk. The outbox is the only copy of what was typed: it
waits for the disk. The numbers of a room's messages have no gap, so a page from here is whole exactly
when its numbers follow each other; nothing else needs to be kept to know it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, Literal

from mesh_agent.client.cache_file import CacheFile
from mesh_agent.client.cache_writes import MEMBERS, MESSAGE, ROOM, forget_all, read, write
from mesh_agent.client.changes import Change, RoomHeld
from mesh_agent.client.errors import OutboxFull
from mesh_agent.client.outbox import OUTBOX_MAX, Entry
from mesh_agent.client.schema import INSERT_OUTGOING, SELECT_OUTBOX
from mesh_agent.client.state import Outgoing
from protocol.rest import Member, Message

PEOPLE_ROOMS: Final = 500
"""Rooms whose members are looked through for everyone who is known."""


@dataclass(frozen=True, slots=True)
class Held:
    """All that is needed at the start; messages are read page by page when somebody looks at them."""

    rooms: list[RoomHeld]
    outbox: list[Entry]
    markers: dict[str, int]


class Cache:
    """One open cache file. Every method may raise `sqlite3.Error`.

    Attributes:
        warning: a sentence for the person about what had to be mended; empty mostly.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file; raises as `CacheFile`."""
        self._file = CacheFile(path)
        self._db = self._file.db
        self.warning = self._file.warning

    def close(self) -> None:
        self._file.close()

    def mark_damaged(self) -> None:
        """Has the next start mend the file."""
        self._file.mark_damaged()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def load(self) -> Held:
        rows = self._db.execute("SELECT data, epoch, rev, top_seq FROM rooms")
        rooms = [
            RoomHeld(room, epoch, rev, top)
            for data, epoch, rev, top in rows
            if (room := read(ROOM, data)) is not None
        ]
        markers = dict(self._db.execute("SELECT room_id, seq FROM markers"))
        return Held(rooms, self.outbox(), markers)

    def page_before(self, room_id: str, top: int, limit: int) -> list[Message]:
        """The messages `top`, `top - 1` … as far down as they are held without a gap, ascending."""
        rows = self._db.execute(
            "SELECT seq, data FROM messages WHERE room_id = ? AND seq <= ? ORDER BY seq DESC LIMIT ?",
            (room_id, top, limit),
        )
        return list(_unbroken(rows, top, -1))[::-1]

    def page_after(self, room_id: str, after: int, limit: int) -> list[Message]:
        """The messages `after + 1`, `after + 2` … as far up as they are held without a gap."""
        rows = self._db.execute(
            "SELECT seq, data FROM messages WHERE room_id = ? AND seq > ? ORDER BY seq LIMIT ?",
            (room_id, after, limit),
        )
        return list(_unbroken(rows, after + 1, 1))

    def members(self, room_id: str) -> list[Member]:
        """Empty where they are not held: a room without members is none."""
        row = self._db.execute("SELECT data FROM members WHERE room_id = ?", (room_id,)).fetchone()
        return [] if row is None else read(MEMBERS, row[0]) or []

    def people(self, most: int) -> list[Member]:
        """Everyone who is held as a member of a room, once; at most `most`, of `PEOPLE_ROOMS` rooms."""
        people: dict[str, Member] = {}
        for (data,) in self._db.execute("SELECT data FROM members LIMIT ?", (PEOPLE_ROOMS,)):
            people |= {member.user_id: member for member in read(MEMBERS, data) or ()}
            if len(people) >= most:
                break
        return list(people.values())[:most]

    # ── writing what the server has too ──────────────────────────────────────────────────────────

    def apply(self, changes: Iterable[Change]) -> None:
        """Writes `changes`, all or none."""
        with self._transaction():
            for change in changes:
                write(self._db, change)

    def wipe(self) -> None:
        """Forgets everything but the outbox, and frees the disk."""
        # Overwritten even where the file cannot be rewritten now, because another process reads it.
        self._db.execute("PRAGMA secure_delete = ON")
        with self._transaction():
            forget_all(self._db)
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # ── the outbox ───────────────────────────────────────────────────────────────────────────────

    def outbox(self) -> list[Entry]:
        """Everything in it, in the order typed."""
        return [_entry(*row) for row in self._db.execute(SELECT_OUTBOX)]

    def add_outgoing(self, entry: Entry) -> None:
        """On return, `entry` is on the disk.

        Raises:
            OutboxFull: `OUTBOX_MAX` messages wait already.
        """
        with self._transaction(durable=True):
            (waiting,) = self._db.execute("SELECT count(*) FROM outbox").fetchone()
            if waiting >= OUTBOX_MAX:
                raise OutboxFull(f"{waiting} messages wait to be sent already. Let some of them go first.")
            self._db.execute(INSERT_OUTGOING, _row(entry))

    @contextmanager
    def _transaction(self, *, durable: bool = False) -> Iterator[None]:
        self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def _unbroken(rows: Iterable[tuple[int, bytes]], first: int, step: int) -> Iterator[Message]:
    """The messages `first`, `first + step` … up to the first that is missing."""
    for expected, (seq, data) in zip(count(first, step), rows, strict=False):
        message = read(MESSAGE, data)
        if seq != expected or message is None:
            return
        yield message


def _row(entry: Entry) -> tuple[str | None, ...]:
    """In the order of `schema.SELECT_OUTBOX`, as is `_entry`."""
    outgoing = entry.outgoing
    return (
        outgoing.nonce,
        outgoing.room_id,
        outgoing.content,
        entry.reply_to,
        entry.thread,
        outgoing.created_at,
        outgoing.state,
        outgoing.error,
    )


def _entry(
    nonce: str,
    room_id: str,
    content: str,
    reply_to: str | None,
    thread: str | None,
    created_at: str,
    state: Literal["pending", "failed"],
    error: str,
) -> Entry:
    outgoing = Outgoing(nonce, room_id, content, created_at, state, error, thread, reply_to)
    return Entry(outgoing, reply_to, thread)
