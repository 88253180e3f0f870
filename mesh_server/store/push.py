"""Places where pushes go, and the queue of those on their way.

The queue is filled from the log: a cursor over `messages.pk` says up to where it was looked at, and moves in
the transaction that queues what was found, so that a crash neither loses a push nor queues it twice.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from msgspec import structs

from mesh_server.store.base import NewPush, PushCandidate, PushDue, PushReason, PushTargetRecord
from mesh_server.store.database import Database
from mesh_server.store.tables import (
    members,
    mentions,
    messages,
    meta,
    push_targets,
    pushes,
    room_mentions,
    rooms,
    users,
)
from protocol import limits
from protocol.errors import TooManyPushTargets
from protocol.rest import PushState

_CURSOR: Final = "push_cursor"
_IN_GOOD_STANDING: Final = users.c.suspended_at.is_(None) & users.c.deleted_at.is_(None)


class SqlPush:
    """`PushStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create_target(self, new: PushTargetRecord) -> None:
        await self._db.write(_create_target, new)

    async def list_targets(self, user_id: str) -> list[PushTargetRecord]:
        return await self._db.read(_targets, push_targets.c.user_id == user_id)

    async def get_target(self, user_id: str, target_id: str) -> PushTargetRecord | None:
        mine = (push_targets.c.user_id == user_id) & (push_targets.c.id == target_id)
        return next(iter(await self._db.read(_targets, mine)), None)

    async def remove_target(self, user_id: str, target_id: str) -> bool:
        mine = (push_targets.c.user_id == user_id) & (push_targets.c.id == target_id)
        return await self._db.write(_remove_targets, mine) > 0

    async def get_cursor(self) -> int:
        found = await self._db.read(_cursor)
        return await self._db.write(_begin) if found is None else found

    async def list_candidates(
        self, cursor: int, limit: int, *, since: int, until: int
    ) -> tuple[int, list[PushCandidate]]:
        return await self._db.read(_list_candidates, cursor, limit, since, until)

    async def add_pushes(self, cursor: int, new: Sequence[NewPush], *, keep: int) -> int:
        return await self._db.write(_add, cursor, new, keep)

    async def list_due(self, now: int, limit: int) -> list[PushDue]:
        return await self._db.read(_list_due, now, limit)

    async def drop_stale(self, now: int, before: int) -> tuple[int, int]:
        """Looked for first, so that a disk with nothing to do is left alone."""
        if not await self._db.read(_stale, now, before):
            return 0, 0
        return await self._db.write(_drop_stale, now, before)

    async def next_due(self) -> int | None:
        return await self._db.read(_next_due)

    async def settle_pushes(
        self, target_id: str, pks: Sequence[int], state: PushState, *, retry_at: int | None = None
    ) -> None:
        await self._db.write(_settle, target_id, pks, state, retry_at)

    async def set_target_state(self, target_id: str, state: PushState) -> None:
        await self._db.write(_settle, target_id, (), state, None)

    async def count_pushes(self) -> int:
        return await self._db.read(_count)


# ── targets ──────────────────────────────────────────────────────────────────────────────────────


def _create_target(connection: sa.Connection, new: PushTargetRecord) -> None:
    count = sa.select(sa.func.count()).where(push_targets.c.user_id == new.user_id)
    if connection.execute(count).scalar_one() >= limits.PUSH_TARGETS:
        raise TooManyPushTargets
    connection.execute(sa.insert(push_targets).values(structs.asdict(new)))


def _targets(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[PushTargetRecord]:
    query = sa.select(push_targets).where(where).order_by(push_targets.c.created_at, push_targets.c.id)
    return [PushTargetRecord(**row) for row in connection.execute(query).mappings()]


def _remove_targets(connection: sa.Connection, where: sa.ColumnElement[bool]) -> int:
    theirs = sa.select(push_targets.c.id).where(where)
    connection.execute(sa.delete(pushes).where(pushes.c.target_id.in_(theirs)))
    return connection.execute(sa.delete(push_targets).where(where)).rowcount


def remove_targets_of(connection: sa.Connection, user_id: str) -> None:
    """With the account that they belong to."""
    _remove_targets(connection, push_targets.c.user_id == user_id)


# ── from the log into the queue ──────────────────────────────────────────────────────────────────


def _cursor(connection: sa.Connection) -> int | None:
    value = connection.execute(sa.select(meta.c.value).where(meta.c.key == _CURSOR)).scalar_one_or_none()
    return None if value is None else int(value)


def _end(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(messages.c.pk), 0))).scalar_one())


def _begin(connection: sa.Connection) -> int:
    end = _end(connection)
    _set_cursor(connection, end)
    return end


def _set_cursor(connection: sa.Connection, cursor: int) -> None:
    query = sa.update(meta).where(meta.c.key == _CURSOR).values(value=str(cursor))
    if connection.execute(query).rowcount == 0:
        connection.execute(sa.insert(meta).values(key=_CURSOR, value=str(cursor)))


def _list_candidates(
    connection: sa.Connection, cursor: int, limit: int, since: int, until: int
) -> tuple[int, list[PushCandidate]]:
    """Room by room, so that a large one is looked at once, and not once a message."""
    if connection.execute(sa.select(push_targets.c.id).limit(1)).first() is None:
        return max(cursor, _end(connection)), []
    upto = _upto(connection, cursor, limit, until)
    if upto == cursor:
        return upto, []
    query = (
        sa.select(messages.c.room_id, messages.c.seq, messages.c.author_id)
        .where(messages.c.pk > cursor, messages.c.pk <= upto)
        .where(messages.c.deleted_at.is_(None), messages.c.created_at >= since)
        .order_by(messages.c.pk)
    )
    by_room: dict[str, list[tuple[int, str]]] = {}
    for room_id, seq, author_id in connection.execute(query):
        by_room.setdefault(room_id, []).append((seq, author_id))
    found = [
        candidate
        for room_id, said in by_room.items()
        for candidate in _candidates_of(connection, room_id, said)
    ]
    return upto, found


def _candidates_of(
    connection: sa.Connection, room_id: str, said: Sequence[tuple[int, str]]
) -> Iterator[PushCandidate]:
    query = (
        sa.select(push_targets, members.c.read_seq, rooms.c.kind.label("room_kind"))
        .select_from(members)
        .join(push_targets, push_targets.c.user_id == members.c.user_id)
        .join(users, users.c.id == members.c.user_id)
        .join(rooms, rooms.c.id == members.c.room_id)
        .where(members.c.room_id == room_id, _IN_GOOD_STANDING)
        .order_by(push_targets.c.id)
    )
    targets = connection.execute(query).all()
    named = _named(connection, room_id, {target.user_id for target in targets}, [seq for seq, _ in said])
    for seq, author_id in said:
        for target in targets:
            if target.user_id == author_id or seq <= target.read_seq:
                continue
            reason = _reason(target, named=(target.user_id, seq) in named)
            if reason is not None:
                yield PushCandidate(
                    target_id=target.id, user_id=target.user_id, room_id=room_id, seq=seq, reason=reason
                )


def _named(
    connection: sa.Connection, room_id: str, user_ids: Collection[str], seqs: Sequence[int]
) -> set[tuple[str, int]]:
    query = sa.select(mentions.c.user_id, mentions.c.seq).where(
        mentions.c.room_id == room_id,
        mentions.c.user_id.in_(sorted(user_ids)),
        mentions.c.seq.between(min(seqs), max(seqs)),
    )
    called = sa.select(room_mentions.c.seq).where(
        room_mentions.c.room_id == room_id, room_mentions.c.seq.between(min(seqs), max(seqs))
    )
    named = {(user_id, seq) for user_id, seq in connection.execute(query)}
    return named | {(user_id, seq) for seq in connection.execute(called).scalars() for user_id in user_ids}


def _reason(target: sa.Row[Any], *, named: bool) -> PushReason | None:
    is_dm = target.room_kind == "dm"
    if is_dm and target.dms:
        return "dm"
    if named and target.mentions:
        return "mention"
    return "room" if target.rooms and not is_dm else None


def _upto(connection: sa.Connection, cursor: int, limit: int, until: int) -> int:
    """The last of the next messages before the first that is too young."""
    query = (
        sa.select(messages.c.pk, messages.c.created_at)
        .where(messages.c.pk > cursor)
        .order_by(messages.c.pk)
        .limit(limit)
    )
    for pk, created_at in connection.execute(query):
        if created_at > until:
            break
        cursor = pk
    return cursor


def _add(connection: sa.Connection, cursor: int, new: Sequence[NewPush], keep: int) -> int:
    _set_cursor(connection, cursor)
    there = set(connection.execute(sa.select(push_targets.c.id)).scalars())
    fresh = [push for push in new if push.target_id in there]
    if fresh:
        connection.execute(sa.insert(pushes), [structs.asdict(push) | {"attempts": 0} for push in fresh])
    return sum(_bound(connection, target_id, keep) for target_id in {push.target_id for push in fresh})


def _bound(connection: sa.Connection, target_id: str, keep: int) -> int:
    theirs = sa.select(pushes.c.pk).where(pushes.c.target_id == target_id)
    over = theirs.order_by(pushes.c.pk.desc()).offset(keep)
    return connection.execute(sa.delete(pushes).where(pushes.c.pk.in_(over))).rowcount


# ── out of the queue ─────────────────────────────────────────────────────────────────────────────


def _waiting() -> sa.Select[Any]:
    """Entries that still mean something, with the message and the place that they are about."""
    other = users.alias("author")
    return (
        sa.select(
            pushes,
            *(column.label(f"t_{column.name}") for column in push_targets.c),
            rooms.c.name.label("room_name"),
            rooms.c.kind.label("room_kind"),
            other.c.username.label("author_name"),
            messages.c.content,
            messages.c.content_type,
        )
        .select_from(pushes)
        .join(push_targets, push_targets.c.id == pushes.c.target_id)
        .join(users, users.c.id == push_targets.c.user_id)
        .join(messages, (messages.c.room_id == pushes.c.room_id) & (messages.c.seq == pushes.c.seq))
        .join(rooms, rooms.c.id == pushes.c.room_id)
        .join(other, other.c.id == messages.c.author_id)
        .join(
            members,
            (members.c.room_id == pushes.c.room_id) & (members.c.user_id == push_targets.c.user_id),
        )
        .where(messages.c.deleted_at.is_(None), pushes.c.seq > members.c.read_seq, _IN_GOOD_STANDING)
    )


def _list_due(connection: sa.Connection, now: int, limit: int) -> list[PushDue]:
    due = (
        sa.select(pushes.c.target_id, pushes.c.room_id)
        .where(pushes.c.due_at <= now)
        .group_by(pushes.c.target_id, pushes.c.room_id)
        .order_by(sa.func.min(pushes.c.due_at))
        .limit(limit)
    )
    found = []
    for target_id, room_id in connection.execute(due).all():
        query = _waiting().where(pushes.c.target_id == target_id, pushes.c.room_id == room_id)
        rows = connection.execute(query.order_by(pushes.c.seq)).mappings().all()
        if rows:
            found.append(_to_due(rows))
    return found


def _to_due(rows: Sequence[sa.RowMapping]) -> PushDue:
    newest = rows[-1]
    return PushDue(
        target=PushTargetRecord(**{column.name: newest[f"t_{column.name}"] for column in push_targets.c}),
        pks=tuple(row["pk"] for row in rows),
        reason=newest["reason"],
        first_at=min(row["created_at"] for row in rows),
        attempts=max(row["attempts"] for row in rows),
        room_id=newest["room_id"],
        room_name=newest["author_name"] if newest["room_kind"] == "dm" else newest["room_name"],
        seq=newest["seq"],
        author_name=newest["author_name"],
        content=newest["content"],
        content_type=newest["content_type"],
    )


def _stale(connection: sa.Connection, now: int, before: int) -> dict[int, bool]:
    """Entries that are due and mean nothing any more, and those that have waited too long (True)."""
    meaningful = _waiting().with_only_columns(pushes.c.pk)
    too_old = pushes.c.created_at < before
    query = sa.select(pushes.c.pk, too_old.label("too_old")).where(
        too_old | ((pushes.c.due_at <= now) & pushes.c.pk.not_in(meaningful))
    )
    return {row.pk: bool(row.too_old) for row in connection.execute(query)}


def _drop_stale(connection: sa.Connection, now: int, before: int) -> tuple[int, int]:
    stale = _stale(connection, now, before)
    connection.execute(sa.delete(pushes).where(pushes.c.pk.in_(list(stale))))
    given_up = sum(stale.values())
    return len(stale) - given_up, given_up


def _next_due(connection: sa.Connection) -> int | None:
    due: int | None = connection.execute(sa.select(sa.func.min(pushes.c.due_at))).scalar_one()
    return due


def _settle(
    connection: sa.Connection, target_id: str, pks: Sequence[int], state: PushState, retry_at: int | None
) -> None:
    these = pushes.c.pk.in_(pks)
    if retry_at is None:
        connection.execute(sa.delete(pushes).where(these))
    else:
        again = {"due_at": retry_at, "attempts": pushes.c.attempts + 1}
        connection.execute(sa.update(pushes).where(these).values(again))
    connection.execute(sa.update(push_targets).where(push_targets.c.id == target_id).values(state=state))


def _count(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(pushes)).scalar_one())
