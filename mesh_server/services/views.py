"""Records of the store as the structs that travel."""

from msgspec import structs

from mesh_server.store.base import (
    AccountRecord,
    AuditRecord,
    BanRecord,
    DeviceRecord,
    InviteRecord,
    MemberRecord,
    MessageRecord,
    MyRoom,
    RoomOverview,
    ServerInviteRecord,
    SessionRecord,
    SideRecord,
    UserRecord,
)
from protocol.rest import (
    Account,
    AuditEntry,
    Author,
    Ban,
    Device,
    Invite,
    Member,
    Message,
    P2pDevice,
    P2pPeer,
    P2pSession,
    PersonalToken,
    Presence,
    Reaction,
    Room,
    RoomSummary,
    ServerInvite,
    User,
)
from protocol.times import format_time


def user_view(user: UserRecord) -> User:
    return User(
        id=user.id,
        username=user.username,
        display_name=user.display_name,
        role=user.role,
        created_at=format_time(user.created_at),
        status_text=user.status_text,
        hides_reads=user.hides_reads,
    )


def device_view(device: DeviceRecord, *, last_seen_at: int, current: bool) -> Device:
    """`current`: whether it is the device that asks."""
    return Device(
        id=device.id,
        name=device.name,
        created_at=format_time(device.created_at),
        last_seen_at=format_time(max(last_seen_at, device.last_seen_at)),
        key_fingerprint=device.key_fingerprint,
        current=current,
    )


def token_view(record: DeviceRecord, *, last_seen_at: int, token: str | None = None) -> PersonalToken:
    return PersonalToken(
        id=record.id,
        name=record.name,
        created_at=format_time(record.created_at),
        last_seen_at=format_time(max(last_seen_at, record.last_seen_at)),
        expires_at=_time(record.expires_at),
        token=token,
    )


def account_view(account: AccountRecord, presence: Presence) -> Account:
    user = account.user
    return Account(
        id=user.id,
        username=user.username,
        display_name=user.display_name,
        role=user.role,
        state="active" if user.is_active else "suspended" if user.deleted_at is None else "deleted",
        created_at=format_time(user.created_at),
        suspended_at=_time(user.suspended_at),
        deleted_at=_time(user.deleted_at),
        last_seen_at=_time(account.last_seen_at),
        presence=presence,
        devices=account.devices,
        tokens=account.tokens,
        rooms=account.rooms,
    )


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_time(ms)


def room_summary_view(overview: RoomOverview) -> RoomSummary:
    room, owner = overview.room, overview.owner
    return RoomSummary(
        id=room.id,
        name=room.name,
        topic=room.topic,
        visibility=room.visibility,
        created_at=format_time(room.created_at),
        member_count=overview.member_count,
        last_seq=room.last_seq,
        archived=room.archived_at is not None,
        owner=None if owner is None else Author(id=owner[0], username=owner[1]),
    )


def server_invite_view(
    invite: ServerInviteRecord, *, code: str | None = None, url: str | None = None
) -> ServerInvite:
    maker = invite.created_by
    return ServerInvite(
        id=invite.id,
        created_by=None if maker is None else Author(id=maker, username=invite.created_by_name or ""),
        created_at=format_time(invite.created_at),
        expires_at=format_time(invite.expires_at),
        uses=invite.uses,
        max_uses=invite.max_uses,
        code=code,
        url=url,
    )


def audit_view(record: AuditRecord, *, address: bool) -> AuditEntry:
    """`address`: whether it may be told."""
    return AuditEntry(
        id=record.id,
        at=format_time(record.at),
        action=record.action,
        actor=record.actor_name,
        actor_id=record.actor_id,
        address=(record.address or None) if address else None,
        room_id=record.room_id,
        target=record.target_name or None,
        target_id=record.target_id,
        details=record.details,
    )


def room_view(mine: MyRoom) -> Room:
    room = mine.room
    return Room(
        id=room.id,
        name=room.name if mine.other is None else mine.other[1],
        dm_with=None if mine.other is None else Author(id=mine.other[0], username=mine.other[1]),
        topic=room.topic,
        visibility=room.visibility,
        kind=room.kind,
        created_by=room.created_by,
        created_at=format_time(room.created_at),
        last_seq=room.last_seq,
        rev=room.rev,
        archived=room.archived_at is not None,
        slow_mode_s=room.slow_mode_s,
        retention_s=room.retention_s,
        receipts=room.receipts,
        member_count=mine.member_count,
        my_role=mine.role,
        read_seq=mine.read_seq,
        unread=mine.unread,
        mentions=mine.mentions,
    )


def shared_room_view(mine: MyRoom) -> Room:
    """A room without what differs from member to member."""
    return structs.replace(room_view(mine), my_role=None, read_seq=None, unread=None, mentions=None)


def ban_view(ban: BanRecord) -> Ban:
    return Ban(
        user_id=ban.user_id,
        username=ban.username,
        banned_by=Author(id=ban.banned_by, username=ban.banned_by_name),
        created_at=format_time(ban.created_at),
        reason=ban.reason,
    )


def invite_view(invite: InviteRecord, *, code: str | None = None, url: str | None = None) -> Invite:
    return Invite(
        id=invite.id,
        room_id=invite.room_id,
        created_by=Author(id=invite.created_by, username=invite.created_by_name),
        created_at=format_time(invite.created_at),
        expires_at=format_time(invite.expires_at),
        uses=invite.uses,
        max_uses=invite.max_uses,
        code=code,
        url=url,
    )


def member_view(member: MemberRecord, presence: Presence) -> Member:
    return Member(
        user_id=member.user_id,
        username=member.username,
        display_name=member.display_name,
        role=member.role,
        presence=presence,
        joined_at=format_time(member.joined_at),
        status_text=member.status_text,
        read_seq=member.read_seq,
    )


def reactions_view(record: MessageRecord) -> list[Reaction]:
    return [Reaction(reaction=name, users=list(users)) for name, users in record.reactions]


def message_view(record: MessageRecord, *, nonce: bool) -> Message:
    """`nonce`: whether it may be told, because this is for the author."""
    return Message(
        id=record.id,
        room_id=record.room_id,
        seq=record.seq,
        rev=record.rev,
        author=Author(id=record.author_id, username=record.author_name),
        content=record.content,
        content_type=record.content_type,
        created_at=format_time(record.created_at),
        reply_to=record.reply_to,
        thread=record.thread,
        edited_at=None if record.edited_at is None else format_time(record.edited_at),
        deleted=record.deleted_at is not None,
        pinned=record.pinned_at is not None,
        reactions=reactions_view(record),
        mentions=list(record.mentions),
        nonce=record.nonce if nonce else None,
    )


def peer_view(side: SideRecord) -> P2pPeer:
    devices = [
        P2pDevice(
            device_id=device.id,
            key_fingerprint=device.key_fingerprint,
            certificate_fingerprint=device.certificate,
        )
        for device in side.devices
    ]
    return P2pPeer(user_id=side.user_id, username=side.username, devices=devices)


def session_view(record: SessionRecord, *, now: int) -> P2pSession:
    pending = record.accepted_at is None
    return P2pSession(
        session_id=record.id,
        kind=record.kind,
        room_id=record.room_id,
        state="pending" if pending else "active",
        created_at=format_time(record.created_at),
        peers=[peer_view(record.asker), peer_view(record.peer)],
        expires_in=max(0, record.expires_at - now) // 1000 if pending else None,
    )
