"""How each object of the REST is cleaned; events that carry one clean it the same way.

Text loses what a terminal would act on (`protocol.text`) and is cut to the length that the contract allows;
an id that is not one visible word is refused, since ids are compared, stored and printed. What another
client may choose freely (a nonce, a mention) is dropped instead, so that nobody can make a message that
others refuse.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from protocol import limits
from protocol.errors import InvalidMessage
from protocol.rest import (
    Author,
    Ban,
    BanList,
    Device,
    DeviceList,
    ErrorDetail,
    IceServer,
    IceServerList,
    Invite,
    InviteList,
    KeyList,
    Member,
    MemberList,
    Message,
    MessageHistory,
    MessagePage,
    MessageVersion,
    PublicKey,
    PushTarget,
    PushTargetList,
    PushTest,
    Reaction,
    Room,
    RoomList,
    SearchHit,
    SearchPage,
    Session,
    User,
    VersionInfo,
)
from protocol.text import clean_line, clean_text
from protocol.times import parse_time

CONTENT_KEPT_CHARS: Final = 4 * limits.CONTENT_CHARS
"""Where a message is cut: far past what a server may send today, so that a raised limit loses nothing."""

SENTENCE_CHARS: Final = 300

_ID: Final = re.compile(rf"[!-~]{{1,{limits.ID_CHARS}}}")
_TOKEN: Final = re.compile(rf"[!-~]{{1,{limits.TOKEN_CHARS}}}")
_NO_TIME: Final = "1970-01-01T00:00:00.000Z"


def tidy_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise InvalidMessage("The server sent an id that is none.")
    return text


def tidy_id_or_none(text: str | None) -> str | None:
    """For what another client chose: a strange one must not cost the reader the message."""
    return text if text is not None and _ID.fullmatch(text) else None


def tidy_name(text: str) -> str:
    return clean_line(text[: 2 * limits.NAME_CHARS])[: limits.NAME_CHARS] or "?"


def tidy_time(text: str) -> str:
    try:
        parse_time(text)
    except ValueError:
        return _NO_TIME
    return text


def tidy_sentence(text: str) -> str:
    return clean_line(text[: 2 * SENTENCE_CHARS])[:SENTENCE_CHARS]


def tidy_status(text: str) -> str:
    return clean_line(text[: 2 * limits.STATUS_CHARS])[: limits.STATUS_CHARS]


def tidy_user(user: User) -> User:
    return replace(
        user,
        id=tidy_id(user.id),
        username=tidy_name(user.username),
        display_name=tidy_name(user.display_name),
        created_at=tidy_time(user.created_at),
        status_text=tidy_status(user.status_text),
    )


def tidy_device(device: Device) -> Device:
    return replace(
        device,
        id=tidy_id(device.id),
        name=tidy_name(device.name),
        created_at=tidy_time(device.created_at),
        last_seen_at=tidy_time(device.last_seen_at),
        key_fingerprint=tidy_id_or_none(device.key_fingerprint),
    )


def tidy_token(token: str) -> str:
    # Tokens travel in a header: one that could end the line would forge another header.
    if not _TOKEN.fullmatch(token):
        raise InvalidMessage("The server sent a token that is none.")
    return token


def _session(session: Session) -> Session:
    return replace(
        session,
        user=tidy_user(session.user),
        device=tidy_device(session.device),
        access_token=tidy_token(session.access_token),
        refresh_token=tidy_token(session.refresh_token),
    )


def tidy_room(room: Room) -> Room:
    return replace(
        room,
        id=tidy_id(room.id),
        name=tidy_name(room.name),
        topic=clean_line(room.topic[: 2 * limits.TOPIC_CHARS])[: limits.TOPIC_CHARS],
        dm_with=None if room.dm_with is None else tidy_author(room.dm_with),
        created_by=tidy_sentence(room.created_by),
        created_at=tidy_time(room.created_at),
    )


def tidy_member(member: Member) -> Member:
    return replace(
        member,
        user_id=tidy_id(member.user_id),
        username=tidy_name(member.username),
        display_name=tidy_name(member.display_name),
        joined_at=tidy_time(member.joined_at),
        status_text=tidy_status(member.status_text),
    )


def tidy_ids(user_ids: list[str]) -> list[str]:
    return [user_id for user_id in user_ids if _ID.fullmatch(user_id)]


def tidy_reaction(reaction: Reaction) -> Reaction:
    return Reaction(
        reaction=clean_line(reaction.reaction[: limits.REACTION_CHARS]),
        users=tidy_ids(reaction.users[: limits.REACTION_USERS]),
    )


def tidy_author(author: Author) -> Author:
    return Author(id=tidy_id(author.id), username=tidy_name(author.username))


def tidy_message(message: Message) -> Message:
    return replace(
        message,
        id=tidy_id(message.id),
        room_id=tidy_id(message.room_id),
        author=tidy_author(message.author),
        content=clean_text(message.content[:CONTENT_KEPT_CHARS]),
        content_type=clean_line(message.content_type[: limits.CONTENT_TYPE_CHARS]),
        created_at=tidy_time(message.created_at),
        edited_at=None if message.edited_at is None else tidy_time(message.edited_at),
        reply_to=tidy_id_or_none(message.reply_to),
        thread=tidy_id_or_none(message.thread),
        mentions=tidy_ids(message.mentions[: limits.MENTIONS]),
        reactions=[tidy_reaction(reaction) for reaction in message.reactions[: limits.REACTIONS]],
        nonce=tidy_id_or_none(message.nonce),
    )


def _rooms(listed: RoomList) -> RoomList:
    return replace(listed, rooms=[tidy_room(room) for room in listed.rooms])


def _members(listed: MemberList) -> MemberList:
    return replace(listed, members=[tidy_member(member) for member in listed.members])


def _page(page: MessagePage) -> MessagePage:
    return replace(page, messages=[tidy_message(message) for message in page.messages])


def _version(info: VersionInfo) -> VersionInfo:
    return replace(info, name=tidy_name(info.name), version=tidy_name(info.version))


def _error_detail(error: ErrorDetail) -> ErrorDetail:
    return replace(
        error,
        code=tidy_sentence(error.code),
        message=tidy_sentence(error.message),
        request_id=tidy_sentence(error.request_id),
    )


def _devices(listed: DeviceList) -> DeviceList:
    return DeviceList(devices=[tidy_device(device) for device in listed.devices])


def _reason(text: str) -> str:
    return clean_line(text[: 2 * limits.REASON_CHARS])[: limits.REASON_CHARS]


def _ban(ban: Ban) -> Ban:
    return replace(
        ban,
        user_id=tidy_id(ban.user_id),
        username=tidy_name(ban.username),
        banned_by=tidy_author(ban.banned_by),
        created_at=tidy_time(ban.created_at),
        reason=_reason(ban.reason),
    )


def _bans(listed: BanList) -> BanList:
    return BanList(bans=[_ban(ban) for ban in listed.bans])


def _invite(invite: Invite) -> Invite:
    return replace(
        invite,
        id=tidy_id(invite.id),
        room_id=tidy_id(invite.room_id),
        created_by=tidy_author(invite.created_by),
        created_at=tidy_time(invite.created_at),
        expires_at=tidy_time(invite.expires_at),
        code=tidy_id_or_none(invite.code),
        url=invite.url if invite.url is not None and _TOKEN.fullmatch(invite.url) else None,
    )


def _invites(listed: InviteList) -> InviteList:
    return InviteList(invites=[_invite(invite) for invite in listed.invites])


def _version_of(version: MessageVersion) -> MessageVersion:
    return MessageVersion(
        content=clean_text(version.content[:CONTENT_KEPT_CHARS]), until=tidy_time(version.until)
    )


def _history(history: MessageHistory) -> MessageHistory:
    return MessageHistory(versions=[_version_of(version) for version in history.versions])


def _hit(hit: SearchHit) -> SearchHit:
    return SearchHit(
        room_id=tidy_id(hit.room_id), room_name=tidy_name(hit.room_name), message=tidy_message(hit.message)
    )


def _hits(page: SearchPage) -> SearchPage:
    return replace(page, hits=[_hit(hit) for hit in page.hits], next=tidy_id_or_none(page.next))


def _target(target: PushTarget) -> PushTarget:
    return replace(
        target,
        id=tidy_id(target.id),
        url=tidy_sentence(target.url),
        topic=tidy_name(target.topic) if target.topic else "",
        name=tidy_name(target.name),
        created_at=tidy_time(target.created_at),
    )


def _targets(listed: PushTargetList) -> PushTargetList:
    return PushTargetList(
        targets=[_target(target) for target in listed.targets],
        allowed=[tidy_sentence(prefix) for prefix in listed.allowed],
    )


def _key(key: PublicKey) -> PublicKey:
    return replace(key, kid=tidy_token(key.kid), x=tidy_token(key.x))


def _keys(listed: KeyList) -> KeyList:
    return KeyList(keys=[_key(key) for key in listed.keys])


def _ice_server(server: IceServer) -> IceServer:
    return IceServer(
        urls=[url for url in server.urls if _TOKEN.fullmatch(url)],
        username=server.username and tidy_sentence(server.username),
        credential=server.credential and tidy_sentence(server.credential),
    )


def _ice_servers(listed: IceServerList) -> IceServerList:
    return replace(listed, ice_servers=[_ice_server(server) for server in listed.ice_servers])


CLEANERS: Final[dict[type, Callable[[Any], Any]]] = {
    User: tidy_user,
    Session: _session,
    DeviceList: _devices,
    Room: tidy_room,
    RoomList: _rooms,
    Member: tidy_member,
    MemberList: _members,
    Ban: _ban,
    BanList: _bans,
    Invite: _invite,
    InviteList: _invites,
    MessagePage: _page,
    MessageHistory: _history,
    SearchPage: _hits,
    PushTarget: _target,
    PushTargetList: _targets,
    PushTest: lambda test: test,
    KeyList: _keys,
    IceServerList: _ice_servers,
    VersionInfo: _version,
    ErrorDetail: _error_detail,
}
"""Kind of answer -> its cleaner."""
