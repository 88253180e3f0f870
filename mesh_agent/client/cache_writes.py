"""How each change is written: a table from the kind of change to the statements for it.

Strategy: a statement writes only what is newer than what the file holds, by `rev`, since another process
of this profile may have been quicker. All are run inside the caller's transaction.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from mesh_agent.client import roster
from mesh_agent.client.changes import (
    Change,
    MarkerSet,
    MarkerTold,
    MemberPut,
    MemberRemoved,
    MemberRole,
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
from protocol.rest import Member, Message, Room

T = TypeVar("T")

MESSAGES_KEPT: Final = 200_000
"""Messages of one room; older ones are asked for again when somebody scrolls there."""

TRIM_EVERY: Final = 1_000
"""A room is trimmed when a message arrives whose number divides by this."""

ROOM: Final = msgspec.msgpack.Decoder(Room)
MESSAGE: Final = msgspec.msgpack.Decoder(Message)
MEMBERS: Final = msgspec.msgpack.Decoder(list[Member])
_encode: Final = msgspec.msgpack.Encoder().encode

_FORGET_ALL: Final = (
    "DELETE FROM rooms",
    "DELETE FROM messages",
    "DELETE FROM members",
    "DELETE FROM markers",
)
_FORGET_ROOM: Final = tuple(f"{statement} WHERE room_id = ?" for statement in _FORGET_ALL)


def read(decoder: msgspec.msgpack.Decoder[T], data: bytes) -> T | None:
    """What is stored, or None where it is not what was written: the server has it anyway."""
    try:
        return decoder.decode(data)
    except msgspec.DecodeError:
        return None


def write(db: sqlite3.Connection, change: Change) -> None:
    _WRITERS[type(change)](db, change)


def forget_all(db: sqlite3.Connection) -> None:
    """Everything but the outbox."""
    for statement in _FORGET_ALL:
        db.execute(statement)


def _enter(db: sqlite3.Connection, change: RoomEntered) -> None:
    _put_room(db, change.held)


def _reset(db: sqlite3.Connection, change: RoomReset) -> None:
    for statement in ("DELETE FROM messages WHERE room_id = ?", "DELETE FROM members WHERE room_id = ?"):
        db.execute(statement, (change.held.room.id,))
    _put_room(db, change.held)


def _put_room(db: sqlite3.Connection, held: RoomHeld) -> None:
    db.execute(
        "INSERT OR REPLACE INTO rooms (room_id, epoch, rev, top_seq, data) VALUES (?, ?, ?, ?, ?)",
        (held.room.id, held.epoch, held.rev, held.top_seq, _encode(held.room)),
    )


def _advance(db: sqlite3.Connection, change: RoomAdvanced) -> None:
    # Where the file is behind `from_rev`, an earlier write was lost: it must not skip over that.
    held = change.held
    db.execute(
        "UPDATE rooms SET rev = :rev, top_seq = :top, epoch = :epoch, data = :data"
        " WHERE room_id = :room AND rev BETWEEN :from AND :rev AND epoch IN ('', :epoch)",
        {
            "room": held.room.id,
            "epoch": held.epoch,
            "rev": held.rev,
            "top": held.top_seq,
            "data": _encode(held.room),
            "from": change.from_rev,
        },
    )


def _show(db: sqlite3.Connection, change: RoomShown) -> None:
    room = change.room
    db.execute("UPDATE rooms SET data = ? WHERE room_id = ?", (_encode(room), room.id))


def _remove(db: sqlite3.Connection, change: RoomRemoved) -> None:
    for statement in _FORGET_ROOM:
        db.execute(statement, (change.room_id,))


def _hold_messages(db: sqlite3.Connection, change: MessagesHeld) -> None:
    if not _has_room(db, change.room_id):
        return
    db.executemany(
        "INSERT INTO messages (room_id, seq, rev, data) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (room_id, seq) DO UPDATE SET rev = excluded.rev, data = excluded.data"
        " WHERE excluded.rev > messages.rev",
        [(change.room_id, message.seq, message.rev, _encode(message)) for message in change.messages],
    )
    newest = max((message.seq for message in change.messages), default=0)
    if any(message.seq % TRIM_EVERY == 0 for message in change.messages):
        db.execute(
            "DELETE FROM messages WHERE room_id = ? AND seq <= ?",
            (change.room_id, newest - MESSAGES_KEPT),
        )


def _hold_members(db: sqlite3.Connection, change: MembersHeld) -> None:
    if _has_room(db, change.room_id):
        _put_members(db, change.room_id, change.rev, change.members)


def _put_member(db: sqlite3.Connection, change: MemberPut) -> None:
    _edit_members(db, change, lambda members: roster.put(members, change.member))


def _remove_member(db: sqlite3.Connection, change: MemberRemoved) -> None:
    _edit_members(db, change, lambda members: roster.remove(members, change.user_id, change.new_owner))


def _set_role(db: sqlite3.Connection, change: MemberRole) -> None:
    _edit_members(db, change, lambda members: roster.set_role(members, change.user_id, change.role))


def _edit_members(
    db: sqlite3.Connection,
    change: MemberPut | MemberRole | MemberRemoved,
    edit: Callable[[roster.Members], None],
) -> None:
    row = db.execute(
        "SELECT data FROM members WHERE room_id = ? AND rev < ?", (change.room_id, change.rev)
    ).fetchone()
    held = None if row is None else read(MEMBERS, row[0])
    if held is not None:
        members = {member.user_id: member for member in held}
        edit(members)
        _put_members(db, change.room_id, change.rev, list(members.values()))


def _put_members(db: sqlite3.Connection, room_id: str, rev: int, members: list[Member]) -> None:
    db.execute(
        "INSERT INTO members (room_id, rev, data) VALUES (?, ?, ?)"
        " ON CONFLICT (room_id) DO UPDATE SET rev = excluded.rev, data = excluded.data"
        " WHERE excluded.rev >= members.rev",
        (room_id, rev, _encode(members)),
    )


def _set_marker(db: sqlite3.Connection, change: MarkerSet) -> None:
    db.execute(
        "INSERT INTO markers (room_id, seq) VALUES (?, ?)"
        " ON CONFLICT (room_id) DO UPDATE SET seq = max(seq, excluded.seq)",
        (change.room_id, change.seq),
    )


def _told_marker(db: sqlite3.Connection, change: MarkerTold) -> None:
    db.execute("DELETE FROM markers WHERE room_id = ? AND seq <= ?", (change.room_id, change.seq))


def _mark_outgoing(db: sqlite3.Connection, change: OutgoingMarked) -> None:
    outgoing = change.outgoing
    db.execute(
        "UPDATE outbox SET state = ?, error = ? WHERE nonce = ?",
        (outgoing.state, outgoing.error, outgoing.nonce),
    )


def _end_outgoing(db: sqlite3.Connection, change: OutgoingGone) -> None:
    db.execute("DELETE FROM outbox WHERE nonce = ?", (change.nonce,))


def _has_room(db: sqlite3.Connection, room_id: str) -> bool:
    # A page that arrives after the room was left must not stay behind.
    found = db.execute("SELECT 1 FROM rooms WHERE room_id = ?", (room_id,)).fetchone()
    return found is not None


_WRITERS: Final[dict[type, Callable[[sqlite3.Connection, Any], None]]] = {
    RoomEntered: _enter,
    RoomReset: _reset,
    RoomAdvanced: _advance,
    RoomShown: _show,
    RoomRemoved: _remove,
    MessagesHeld: _hold_messages,
    MembersHeld: _hold_members,
    MemberPut: _put_member,
    MemberRemoved: _remove_member,
    MemberRole: _set_role,
    MarkerSet: _set_marker,
    MarkerTold: _told_marker,
    OutgoingMarked: _mark_outgoing,
    OutgoingGone: _end_outgoing,
}
