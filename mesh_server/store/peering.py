"""Sessions between two peers.

A session that is over has no row. Whether one is there is asked of what it rests on: its time, and the
membership of both peers in the room, so that whoever is out of a room is out of its sessions in the same
transaction. The row of what nobody can use any more goes with `end_sessions`.
"""

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from mesh_server.store.base import Allow, NewSession, SessionRecord, SideDevice, SideRecord, Target
from mesh_server.store.database import Database
from mesh_server.store.rooms import standing
from mesh_server.store.tables import devices, members, p2p_sessions, rooms, users
from protocol import limits
from protocol.errors import (
    NotMember,
    PeerHasNoDevice,
    PeerNotMember,
    RoomNotFound,
    SessionNotFound,
    SessionTaken,
    TargetUnknown,
    TooManySessions,
)
from protocol.rest import P2pEnd


class SqlPeering:
    """`PeeringStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create_session(
        self, new: NewSession, allow: Allow, then: Callable[[SessionRecord], None]
    ) -> SessionRecord:
        return await self._db.write(_create, new, allow, then=then)

    async def accept_session(
        self,
        session_id: str,
        user_id: str,
        device_id: str,
        certificate: str | None,
        now: int,
        allow: Allow,
        then: Callable[[tuple[SessionRecord, bool]], None],
    ) -> SessionRecord:
        asked = (session_id, user_id, device_id, certificate, now, allow)
        record, _ = await self._db.write(_accept, *asked, then=then)
        return record

    async def renew_session(
        self,
        session_id: str,
        user_id: str,
        device_id: str,
        certificate: str | None,
        now: int,
        allow: Allow,
        then: Callable[[SessionRecord], None],
    ) -> SessionRecord:
        asked = (session_id, user_id, device_id, certificate, now, allow)
        return await self._db.write(_renew, *asked, then=then)

    async def get_session(self, session_id: str, user_id: str, now: int) -> SessionRecord | None:
        return await self._db.read(_find, session_id, user_id, now)

    async def list_sessions(self, user_id: str, now: int) -> list[SessionRecord]:
        return await self._db.read(_list, user_id, now)

    async def close_session(
        self, session_id: str, user_id: str, now: int, then: Callable[[SessionRecord], None]
    ) -> SessionRecord:
        return await self._db.write(_close, session_id, user_id, now, then=then)

    async def touch_sessions(self, device_ids: Iterable[str] | None, now: int) -> None:
        here = None if device_ids is None else set(device_ids)
        await self._db.write(_touch, here, now)

    async def end_sessions(
        self, now: int, idle_ms: int, then: Callable[[list[tuple[SessionRecord, P2pEnd]]], None]
    ) -> int:
        """Looked for first, so that a disk with nothing to do is left alone."""
        if not await self._db.read(_ended, now, idle_ms):
            return 0
        ended = await self._db.write(_end, now, idle_ms, then=then)
        return len(ended)

    async def find_targets(self, room_id: str, user_id: str, to: list[str], allow: Allow) -> list[Target]:
        return await self._db.read(_find_targets, room_id, user_id, to, allow)


# ── what there is ────────────────────────────────────────────────────────────────────────────────


_IN_GOOD_STANDING = users.c.suspended_at.is_(None) & users.c.deleted_at.is_(None)


def _is_member(user: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Of the session's room, and nobody whose account is suspended."""
    here = (members.c.room_id == p2p_sessions.c.room_id) & (members.c.user_id == user)
    return sa.exists().where(here, users.c.id == members.c.user_id, _IN_GOOD_STANDING)


_BOTH_MEMBERS = _is_member(p2p_sessions.c.asker_id) & _is_member(p2p_sessions.c.peer_id)


def _is_there(now: int) -> sa.ColumnElement[bool]:
    in_time = p2p_sessions.c.accepted_at.is_not(None) | (p2p_sessions.c.expires_at > now)
    return in_time & _BOTH_MEMBERS


def _is_mine(user_id: str | sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    return (p2p_sessions.c.asker_id == user_id) | (p2p_sessions.c.peer_id == user_id)


def _rows() -> sa.Select[Any]:
    """Sessions with the names and the keys of both sides."""
    asker, peer = users.alias("asker"), users.alias("peer")
    asker_device, peer_device = devices.alias("asker_device_row"), devices.alias("peer_device_row")
    return (
        sa.select(
            p2p_sessions,
            asker.c.username.label("asker_name"),
            peer.c.username.label("peer_name"),
            asker_device.c.key_fingerprint.label("asker_key"),
            peer_device.c.key_fingerprint.label("peer_key"),
        )
        .join(asker, asker.c.id == p2p_sessions.c.asker_id)
        .join(peer, peer.c.id == p2p_sessions.c.peer_id)
        .join(asker_device, asker_device.c.id == p2p_sessions.c.asker_device)
        .outerjoin(peer_device, peer_device.c.id == p2p_sessions.c.peer_device)
    )


def _to_record(connection: sa.Connection, row: sa.Row[Any]) -> SessionRecord:
    asking = SideDevice(id=row.asker_device, key_fingerprint=row.asker_key, certificate=row.asker_certificate)
    if row.peer_device is None:
        asked = _devices_of(connection, row.peer_id, row.asker_device)
    else:
        certificate = row.peer_certificate
        asked = (SideDevice(id=row.peer_device, key_fingerprint=row.peer_key, certificate=certificate),)
    return SessionRecord(
        id=row.id,
        room_id=row.room_id,
        kind=row.kind,
        asker=SideRecord(user_id=row.asker_id, username=row.asker_name, devices=(asking,)),
        peer=SideRecord(user_id=row.peer_id, username=row.peer_name, devices=asked),
        created_at=row.created_at,
        expires_at=row.expires_at,
        accepted_at=row.accepted_at,
        peer_device=row.peer_device,
    )


def _devices_of(connection: sa.Connection, user_id: str, asking: str) -> tuple[SideDevice, ...]:
    """Those that may accept: signed in, and not the one that asks; the last seen first."""
    query = (
        sa.select(devices.c.id, devices.c.key_fingerprint)
        .where(devices.c.user_id == user_id, devices.c.revoked_at.is_(None), devices.c.id != asking)
        .order_by(devices.c.last_seen_at.desc(), devices.c.id)
        .limit(limits.P2P_DEVICES)
    )
    return tuple(
        SideDevice(id=row.id, key_fingerprint=row.key_fingerprint) for row in connection.execute(query)
    )


def _find(connection: sa.Connection, session_id: str, user_id: str, now: int) -> SessionRecord | None:
    query = _rows().where(p2p_sessions.c.id == session_id, _is_mine(user_id), _is_there(now))
    row = connection.execute(query).one_or_none()
    return None if row is None else _to_record(connection, row)


def _require(connection: sa.Connection, session_id: str, user_id: str, now: int) -> SessionRecord:
    record = _find(connection, session_id, user_id, now)
    if record is None:
        raise SessionNotFound
    return record


_ANY_OF = sa.select(p2p_sessions.c.id).where(_is_mine(sa.bindparam("user"))).limit(1)
"""Built once: every hello asks, and most people have none."""


def _list(connection: sa.Connection, user_id: str, now: int) -> list[SessionRecord]:
    if connection.execute(_ANY_OF, {"user": user_id}).first() is None:
        return []
    query = _rows().where(_is_mine(user_id), _is_there(now))
    in_order = query.order_by(p2p_sessions.c.created_at.desc(), p2p_sessions.c.id)
    return [_to_record(connection, row) for row in connection.execute(in_order).all()]


# ── what becomes of it ───────────────────────────────────────────────────────────────────────────


def _create(connection: sa.Connection, new: NewSession, allow: Allow) -> SessionRecord:
    _require_allowed(connection, new, allow)
    peer_id = _find_peer(connection, new)
    able = {device.id for device in _devices_of(connection, peer_id, new.asker_device)}
    if new.peer_device is not None:
        _require_device(connection, peer_id, new)
    elif peer_id == new.asker_id and not able:
        raise PeerHasNoDevice("You have no other device that is signed in.")
    mine = (p2p_sessions.c.asker_id == new.asker_id) & _is_there(new.created_at)
    count = sa.select(sa.func.count()).select_from(p2p_sessions).where(mine)
    if connection.execute(count).scalar_one() >= limits.P2P_SESSIONS:
        raise TooManySessions
    connection.execute(
        sa.insert(p2p_sessions).values(
            id=new.id,
            room_id=new.room_id,
            kind=new.kind,
            asker_id=new.asker_id,
            asker_device=new.asker_device,
            asker_certificate=new.certificate,
            peer_id=peer_id,
            peer_device=new.peer_device,
            created_at=new.created_at,
            expires_at=new.expires_at,
            seen_at=new.created_at,
        )
    )
    return _require(connection, new.id, new.asker_id, new.created_at)


def _require_allowed(connection: sa.Connection, new: NewSession, allow: Allow) -> None:
    """The contract of this call: who is no member is told so (403), of a private room too."""
    try:
        allow(standing(connection, new.room_id, new.asker_id))
    except RoomNotFound:
        if connection.execute(sa.select(rooms.c.id).where(rooms.c.id == new.room_id)).first() is None:
            raise
        raise NotMember from None


def _find_peer(connection: sa.Connection, new: NewSession) -> str:
    """The id of the member who is meant; an id wins over a name that looks like one."""
    query = (
        sa.select(users.c.id)
        .join(members, members.c.user_id == users.c.id)
        .where(members.c.room_id == new.room_id, _IN_GOOD_STANDING)
        .where((users.c.id == new.peer) | (users.c.username_key == new.peer_key))
        .order_by(sa.case((users.c.id == new.peer, 0), else_=1))
        .limit(1)
    )
    peer_id = connection.execute(query).scalar_one_or_none()
    if peer_id is None:
        raise PeerNotMember
    return str(peer_id)


def _require_device(connection: sa.Connection, peer_id: str, new: NewSession) -> None:
    query = sa.select(devices.c.id).where(
        devices.c.id == new.peer_device,
        devices.c.id != new.asker_device,
        devices.c.user_id == peer_id,
        devices.c.revoked_at.is_(None),
    )
    if connection.execute(query).first() is None:
        raise PeerHasNoDevice


def _set(connection: sa.Connection, session_id: str, **values: Any) -> None:
    connection.execute(sa.update(p2p_sessions).where(p2p_sessions.c.id == session_id).values(values))


def _is_device(side: SideRecord, user_id: str, device_id: str) -> bool:
    return side.user_id == user_id and device_id in {device.id for device in side.devices}


def _accept(
    connection: sa.Connection,
    session_id: str,
    user_id: str,
    device_id: str,
    certificate: str | None,
    now: int,
    allow: Allow,
) -> tuple[SessionRecord, bool]:
    record = _require(connection, session_id, user_id, now)
    allow(standing(connection, record.room_id, user_id))
    if record.accepted_at is not None:
        return _renewed(connection, record, user_id, device_id, certificate, now), False
    for_this = record.peer_device in (None, device_id)
    if record.peer.user_id != user_id or _is_device(record.asker, user_id, device_id) or not for_this:
        raise SessionTaken
    values = {"peer_device": device_id, "peer_certificate": certificate, "accepted_at": now}
    _set(connection, session_id, **values, seen_at=now)
    return _require(connection, session_id, user_id, now), True


def _renew(
    connection: sa.Connection,
    session_id: str,
    user_id: str,
    device_id: str,
    certificate: str | None,
    now: int,
    allow: Allow,
) -> SessionRecord:
    record = _require(connection, session_id, user_id, now)
    allow(standing(connection, record.room_id, user_id))
    _renewed(connection, record, user_id, device_id, certificate, now)
    other = "peer" if _is_device(record.asker, user_id, device_id) else "asker"
    _set(connection, session_id, **{f"{other}_certificate": None})
    return _require(connection, session_id, user_id, now)


def _renewed(
    connection: sa.Connection,
    record: SessionRecord,
    user_id: str,
    device_id: str,
    certificate: str | None,
    now: int,
) -> SessionRecord:
    """One of the two devices has made a new certificate. Raises: SessionTaken."""
    if _is_device(record.asker, user_id, device_id):
        _set(connection, record.id, asker_certificate=certificate, seen_at=now)
    elif record.accepted_at is not None and _is_device(record.peer, user_id, device_id):
        _set(connection, record.id, peer_certificate=certificate, seen_at=now)
    else:
        raise SessionTaken
    return _require(connection, record.id, user_id, now)


def _close(connection: sa.Connection, session_id: str, user_id: str, now: int) -> SessionRecord:
    record = _require(connection, session_id, user_id, now)
    connection.execute(sa.delete(p2p_sessions).where(p2p_sessions.c.id == session_id))
    return record


def _touch(connection: sa.Connection, device_ids: set[str] | None, now: int) -> None:
    active = p2p_sessions.c.accepted_at.is_not(None)
    query = sa.select(p2p_sessions.c.id, p2p_sessions.c.asker_device, p2p_sessions.c.peer_device).where(
        active
    )
    here = [
        row.id
        for row in connection.execute(query)
        if device_ids is None or not device_ids.isdisjoint((row.asker_device, row.peer_device))
    ]
    for session_id in here:
        _set(connection, session_id, seen_at=now)


# ── the end ──────────────────────────────────────────────────────────────────────────────────────


def _ended(connection: sa.Connection, now: int, idle_ms: int) -> list[tuple[str, P2pEnd]]:
    asker_device, peer_device = devices.alias("asker_device_row"), devices.alias("peer_device_row")
    signed_out = asker_device.c.revoked_at.is_not(None) | peer_device.c.revoked_at.is_not(None)
    pending = p2p_sessions.c.accepted_at.is_(None)
    reason = sa.case(
        (~_BOTH_MEMBERS | signed_out, "removed"),
        (pending & (p2p_sessions.c.expires_at <= now), "expired"),
        (~pending & (p2p_sessions.c.seen_at <= now - idle_ms), "gone"),
        else_="",
    ).label("reason")
    query = (
        sa.select(p2p_sessions.c.id, reason)
        .join(asker_device, asker_device.c.id == p2p_sessions.c.asker_device)
        .outerjoin(peer_device, peer_device.c.id == p2p_sessions.c.peer_device)
    )
    return [(row.id, row.reason) for row in connection.execute(query) if row.reason]


def _end(connection: sa.Connection, now: int, idle_ms: int) -> list[tuple[SessionRecord, P2pEnd]]:
    ended: list[tuple[SessionRecord, P2pEnd]] = []
    for session_id, reason in _ended(connection, now, idle_ms):
        row = connection.execute(_rows().where(p2p_sessions.c.id == session_id)).one()
        ended.append((_to_record(connection, row), reason))
        connection.execute(sa.delete(p2p_sessions).where(p2p_sessions.c.id == session_id))
    return ended


# ── calls ────────────────────────────────────────────────────────────────────────────────────────


def _find_targets(
    connection: sa.Connection, room_id: str, user_id: str, to: list[str], allow: Allow
) -> list[Target]:
    allow(standing(connection, room_id, user_id))
    here = members.c.room_id == room_id
    people = sa.select(members.c.user_id).where(here, members.c.user_id.in_(to))
    theirs = (
        sa.select(devices.c.id, devices.c.user_id)
        .join(members, members.c.user_id == devices.c.user_id)
        .where(here, devices.c.id.in_(to), devices.c.revoked_at.is_(None))
    )
    found = {row.user_id: Target(user_id=row.user_id, device_id=None) for row in connection.execute(people)}
    for row in connection.execute(theirs):
        found.setdefault(row.id, Target(user_id=row.user_id, device_id=row.id))
    if not found.keys() >= set(to):
        raise TargetUnknown
    whole = {target.user_id for target in found.values() if target.device_id is None}
    return [target for target in found.values() if target.device_id is None or target.user_id not in whole]
