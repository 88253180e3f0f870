"""What can be done to a message once it is in the log: edit, erase, pin, react. Each takes the next `rev`.

Erasing leaves the place and nothing else: text, versions, mentions and reactions are deleted, and SQLite
overwrites what it frees (`secure_delete`).
"""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from msgspec import structs

from mesh_server.store.audit import note
from mesh_server.store.base import Actor, Allow, Change, Edit, Erase, MessageRecord, Pin, React
from mesh_server.store.rooms import next_rev, standing
from mesh_server.store.rows import WITH_AUTHOR, to_record, with_reactions
from mesh_server.store.search import reindex
from mesh_server.store.tables import members, mentions, messages, reactions, room_mentions, users, versions
from protocol import limits
from protocol.errors import MessageNotFound, TooManyReactions
from protocol.rest import EVERYONE


def change_message(
    connection: sa.Connection,
    room_id: str,
    message_id: str,
    user_id: str,
    change: Change,
    allow: Allow,
    by: Actor | None = None,
) -> tuple[MessageRecord, bool]:
    """The message afterwards, and whether that changed anything.

    Raises: what `allow` raises, RoomNotFound, NotMember, MessageNotFound, TooManyReactions.
    """
    who = standing(connection, room_id, user_id)
    record = _find(connection, room_id, message_id)
    allow(structs.replace(who, own=record.author_id == user_id))
    changed = _APPLY[type(change)](connection, record, user_id, change)
    if changed is None:
        return record, False
    if isinstance(change, Erase) and record.author_id != user_id:
        target = (record.author_id, record.author_name)
        said = {"message": record.id}
        note(connection, by, "message.delete", room_id=room_id, target=target, details=said)
    return _store(connection, record, changed), True


def _store(connection: sa.Connection, record: MessageRecord, changed: dict[str, Any]) -> MessageRecord:
    """Under the room's next `rev`."""
    values = changed | {"rev": next_rev(connection, record.room_id), "changed": True}
    connection.execute(sa.update(messages).where(_at(record)).values(values))
    return _find(connection, record.room_id, record.id, erased=True)


def _find(connection: sa.Connection, room_id: str, message_id: str, *, erased: bool = False) -> MessageRecord:
    query = WITH_AUTHOR.where(messages.c.id == message_id, messages.c.room_id == room_id)
    row = connection.execute(query).one_or_none()
    if row is None or (row.deleted_at is not None and not erased):
        raise MessageNotFound
    return with_reactions(connection, [to_record(row)])[0]


def _at(record: MessageRecord) -> sa.ColumnElement[bool]:
    return (messages.c.room_id == record.room_id) & (messages.c.seq == record.seq)


def _edit(
    connection: sa.Connection, record: MessageRecord, _user_id: str, edit: Edit
) -> dict[str, Any] | None:
    if edit.content == record.content:
        return None
    version = {"room_id": record.room_id, "seq": record.seq, "until": edit.now, "content": record.content}
    # Twice in a millisecond: what it said in between was seen by nobody.
    here = (versions.c[name] == version[name] for name in ("room_id", "seq", "until"))
    connection.execute(sa.delete(versions).where(*here))
    connection.execute(sa.insert(versions).values(version))
    _forget_oldest_versions(connection, record)
    reindex(connection, record.id, record.content, edit.content)
    named = _mentionable(connection, record, edit)
    _set_mentions(connection, record, named)
    return {
        "content": edit.content,
        "edited_at": edit.now,
        "mentions": json.dumps(named) if named else None,
    }


def _forget_oldest_versions(connection: sa.Connection, record: MessageRecord) -> None:
    here = (versions.c.room_id == record.room_id) & (versions.c.seq == record.seq)
    kept = sa.select(versions.c.until).where(here).order_by(versions.c.until.desc())
    oldest_kept = connection.execute(kept.offset(limits.MESSAGE_VERSIONS - 1).limit(1)).scalar()
    if oldest_kept is not None:
        connection.execute(sa.delete(versions).where(here, versions.c.until < oldest_kept))


def _mentionable(connection: sa.Connection, record: MessageRecord, edit: Edit) -> list[str]:
    """As `append` finds them: members, each once, those that are declared first."""
    is_read = record.content_type in edit.readable
    query = (
        sa.select(members.c.user_id, members.c.role, users.c.username_key)
        .join(users, users.c.id == members.c.user_id)
        .where(
            members.c.room_id == record.room_id,
            members.c.user_id.in_([*edit.mentions, record.author_id]) | users.c.username_key.in_(edit.named),
        )
    )
    here = connection.execute(query).all()
    by_key = {row.username_key: row.user_id for row in here}
    ids = {row.user_id for row in here}
    is_herald = any(row.user_id == record.author_id and row.role in edit.heralds for row in here)
    calls = EVERYONE in edit.mentions or (is_read and edit.calls_room and is_herald)
    found = dict.fromkeys([EVERYONE] if calls else [])
    found |= dict.fromkeys(user_id for user_id in edit.mentions if user_id in ids)
    found |= dict.fromkeys(by_key[key] for key in edit.named if is_read and key in by_key)
    return list(found)[: limits.MENTIONS]


def _set_mentions(connection: sa.Connection, record: MessageRecord, named: list[str]) -> None:
    """What is counted: the author is not told of what they wrote."""
    for table in (mentions, room_mentions):
        _forget(connection, table, record)
    place = {"room_id": record.room_id, "seq": record.seq}
    if rows := [place | {"user_id": one} for one in named if one not in (EVERYONE, record.author_id)]:
        connection.execute(sa.insert(mentions), rows)
    if EVERYONE in named:
        connection.execute(sa.insert(room_mentions).values(place | {"author_id": record.author_id}))


def _forget(connection: sa.Connection, table: sa.Table, record: MessageRecord) -> None:
    connection.execute(sa.delete(table).where(table.c.room_id == record.room_id, table.c.seq == record.seq))


def erase(connection: sa.Connection, room_id: str, message_id: str, now: int) -> MessageRecord:
    """Erases a message that is not erased yet, whoever wrote it; what is left of it."""
    record = _find(connection, room_id, message_id)
    return _store(connection, record, _erase(connection, record, "", Erase(now=now)))


def _erase(connection: sa.Connection, record: MessageRecord, _user_id: str, change: Erase) -> dict[str, Any]:
    reindex(connection, record.id, record.content, "")
    for table in (versions, reactions, mentions, room_mentions):
        _forget(connection, table, record)
    return {"content": "", "mentions": None, "pinned_at": None, "deleted_at": change.now}


def _pin(_connection: sa.Connection, record: MessageRecord, _user_id: str, pin: Pin) -> dict[str, Any] | None:
    if (record.pinned_at is not None) is pin.pinned:
        return None
    return {"pinned_at": pin.now if pin.pinned else None}


def _react(
    connection: sa.Connection, record: MessageRecord, user_id: str, react: React
) -> dict[str, Any] | None:
    given = dict(record.reactions)
    mine = user_id in given.get(react.reaction, ())
    if mine is react.on:
        return None
    row = {
        "room_id": record.room_id,
        "seq": record.seq,
        "reaction": react.reaction,
        "user_id": user_id,
        "created_at": react.now,
    }
    if not react.on:
        place = [reactions.c[name] == row[name] for name in ("room_id", "seq", "reaction", "user_id")]
        connection.execute(sa.delete(reactions).where(*place))
        return {}
    if react.reaction not in given and len(given) >= limits.REACTIONS:
        raise TooManyReactions
    if len(given.get(react.reaction, ())) >= limits.REACTION_USERS:
        raise TooManyReactions
    connection.execute(sa.insert(reactions).values(row))
    return {}


_APPLY: dict[type[Change], Callable[[sa.Connection, MessageRecord, str, Any], dict[str, Any] | None]] = {
    Edit: _edit,
    Erase: _erase,
    Pin: _pin,
    React: _react,
}
"""What each change does; it returns the columns of the message that change, or None where nothing does."""
