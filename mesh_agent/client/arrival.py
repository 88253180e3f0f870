"""The one entrance for what a server sends: everything is cleaned here, once, and nothing after.

Strategy: a table from struct to cleaner, which `rest` and `socket` run over all that they decode. Text
loses what a terminal would act on (`protocol.text`) and is cut to the length that the contract allows;
an id that is not one visible word is refused, since ids are compared, stored and printed. What another
client may choose freely (a nonce, a mention) is dropped instead, so that nobody can make a message that
others refuse. What the table does not name carries no text.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from protocol import limits
from protocol.errors import InvalidMessage
from protocol.events import (
    Bye,
    Error,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MessageAck,
    MessageCreated,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    PresenceChanged,
    ReactionUpdated,
    ReadMarked,
    RoomDeleted,
    RoomJoined,
    RoomLeft,
    RoomResumed,
    RoomState,
    RoomUpdated,
    Server,
    Typing,
    Welcome,
)
from protocol.rest import (
    Author,
    Device,
    ErrorDetail,
    Member,
    MemberList,
    Message,
    MessagePage,
    Reaction,
    Room,
    RoomList,
    Session,
    User,
    VersionInfo,
)
from protocol.text import clean_line, clean_text
from protocol.times import parse_time

T = TypeVar("T")

CONTENT_KEPT_CHARS: Final = 4 * limits.CONTENT_CHARS
"""Where a message is cut: far past what a server may send today, so that a raised limit loses nothing."""

SENTENCE_CHARS: Final = 300
OFF_LOOP_BYTES: Final = 128 * 1024
"""What is longer than this is decoded and cleaned in a thread."""

_ID: Final = re.compile(rf"[!-~]{{1,{limits.ID_CHARS}}}")
_TOKEN: Final = re.compile(rf"[!-~]{{1,{limits.TOKEN_CHARS}}}")
_NO_TIME: Final = "1970-01-01T00:00:00.000Z"


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise InvalidMessage("The server sent an id that is none.")
    return text


def _id_or_none(text: str | None) -> str | None:
    """For what another client chose: a strange one must not cost the reader the message."""
    return text if text is not None and _ID.fullmatch(text) else None


def _name(text: str) -> str:
    return clean_line(text[: 2 * limits.NAME_CHARS])[: limits.NAME_CHARS] or "?"


def _time(text: str) -> str:
    try:
        parse_time(text)
    except ValueError:
        return _NO_TIME
    return text


def clean_sentence(text: str) -> str:
    return clean_line(text[: 2 * SENTENCE_CHARS])[:SENTENCE_CHARS]


def _user(user: User) -> User:
    return replace(
        user,
        id=_id(user.id),
        username=_name(user.username),
        display_name=_name(user.display_name),
        created_at=_time(user.created_at),
    )


def _device(device: Device) -> Device:
    return replace(
        device,
        id=_id(device.id),
        name=_name(device.name),
        created_at=_time(device.created_at),
        last_seen_at=_time(device.last_seen_at),
        key_fingerprint=_id_or_none(device.key_fingerprint),
    )


def _session(session: Session) -> Session:
    for token in (session.access_token, session.refresh_token):
        # Tokens travel in a header: one that could end the line would forge another header.
        if not _TOKEN.fullmatch(token):
            raise InvalidMessage("The server sent a token that is none.")
    return replace(session, user=_user(session.user), device=_device(session.device))


def _room(room: Room) -> Room:
    return replace(
        room,
        id=_id(room.id),
        name=_name(room.name),
        topic=clean_line(room.topic[: 2 * limits.TOPIC_CHARS])[: limits.TOPIC_CHARS],
        dm_with=None if room.dm_with is None else _author(room.dm_with),
        created_by=clean_sentence(room.created_by),
        created_at=_time(room.created_at),
    )


def _member(member: Member) -> Member:
    return replace(
        member,
        user_id=_id(member.user_id),
        username=_name(member.username),
        display_name=_name(member.display_name),
        joined_at=_time(member.joined_at),
    )


def _ids(user_ids: list[str]) -> list[str]:
    return [user_id for user_id in user_ids if _ID.fullmatch(user_id)]


def _reaction(reaction: Reaction) -> Reaction:
    return Reaction(
        reaction=clean_line(reaction.reaction[: limits.REACTION_CHARS]),
        users=_ids(reaction.users[: limits.REACTION_USERS]),
    )


def _author(author: Author) -> Author:
    return Author(id=_id(author.id), username=_name(author.username))


def _message(message: Message) -> Message:
    return replace(
        message,
        id=_id(message.id),
        room_id=_id(message.room_id),
        author=_author(message.author),
        content=clean_text(message.content[:CONTENT_KEPT_CHARS]),
        content_type=clean_line(message.content_type[: limits.CONTENT_TYPE_CHARS]),
        created_at=_time(message.created_at),
        edited_at=None if message.edited_at is None else _time(message.edited_at),
        reply_to=_id_or_none(message.reply_to),
        thread=_id_or_none(message.thread),
        mentions=_ids(message.mentions[: limits.MENTIONS]),
        reactions=[_reaction(reaction) for reaction in message.reactions[: limits.REACTIONS]],
        nonce=_id_or_none(message.nonce),
    )


def _rooms(listed: RoomList) -> RoomList:
    return RoomList(rooms=[_room(room) for room in listed.rooms])


def _members(listed: MemberList) -> MemberList:
    return MemberList(members=[_member(member) for member in listed.members])


def _page(page: MessagePage) -> MessagePage:
    return replace(page, messages=[_message(message) for message in page.messages])


def _version(info: VersionInfo) -> VersionInfo:
    return replace(info, name=_name(info.name), version=_name(info.version))


def _error_detail(error: ErrorDetail) -> ErrorDetail:
    return replace(
        error,
        code=clean_sentence(error.code),
        message=clean_sentence(error.message),
        request_id=clean_sentence(error.request_id),
    )


def _room_state(state: RoomState) -> RoomState:
    return replace(
        state,
        room_id=_id(state.room_id),
        epoch=clean_sentence(state.epoch),
        room=_room(state.room),
    )


def _welcome(welcome: Welcome) -> Welcome:
    return replace(
        welcome,
        peer_id=_id(welcome.peer_id),
        user=_user(welcome.user),
        device=_device(welcome.device),
        server=Server(name=_name(welcome.server.name), version=_name(welcome.server.version)),
        rooms=[_room_state(state) for state in welcome.rooms],
    )


def _bye(bye: Bye) -> Bye:
    return replace(bye, reason=clean_sentence(bye.reason))


def _error(error: Error) -> Error:
    return replace(error, code=clean_sentence(error.code), message=clean_sentence(error.message))


_Present = TypeVar("_Present", RoomJoined, RoomResumed)


def _present(event: _Present) -> _Present:
    """A room as it is now, with its members."""
    return replace(
        event,
        room_id=_id(event.room_id),
        room=_room(event.room),
        members=[_member(member) for member in event.members],
    )


_Over = TypeVar("_Over", RoomLeft, RoomDeleted)


def _room_over(event: _Over) -> _Over:
    return replace(event, room_id=_id(event.room_id))


def _room_updated(event: RoomUpdated) -> RoomUpdated:
    return replace(event, room_id=_id(event.room_id), room=_room(event.room))


def _member_changed(event: MemberChanged) -> MemberChanged:
    return replace(event, room_id=_id(event.room_id), user_id=_id(event.user_id))


def _member_joined(event: MemberJoined) -> MemberJoined:
    return replace(
        event,
        room_id=_id(event.room_id),
        user_id=_id(event.user_id),
        username=_name(event.username),
        display_name=_name(event.display_name),
        joined_at=_time(event.joined_at),
    )


def _member_left(event: MemberLeft) -> MemberLeft:
    return replace(
        event,
        room_id=_id(event.room_id),
        user_id=_id(event.user_id),
        username=_name(event.username),
        new_owner=_id_or_none(event.new_owner),
    )


def _ack(ack: MessageAck) -> MessageAck:
    return replace(
        ack,
        room_id=_id(ack.room_id),
        nonce=_id(ack.nonce),
        message_id=_id(ack.message_id),
    )


def _created(event: MessageCreated) -> MessageCreated:
    return MessageCreated(message=_message(event.message))


_Changed = TypeVar("_Changed", MessageEdited, MessageDeleted, MessagePinned)


def _changed(event: _Changed) -> _Changed:
    return replace(event, message=_message(event.message))


def _reacted(event: ReactionUpdated) -> ReactionUpdated:
    message = _message(event.message)
    return replace(
        event,
        room_id=message.room_id,
        message_id=message.id,
        reactions=message.reactions,
        message=message,
    )


def _typing(event: Typing) -> Typing:
    return Typing(room_id=_id(event.room_id), user_id=_id(event.user_id), username=_name(event.username))


def _read(event: ReadMarked) -> ReadMarked:
    return replace(event, room_id=_id(event.room_id), user_id=_id(event.user_id))


def _presence(event: PresenceChanged) -> PresenceChanged:
    return replace(event, user_id=_id(event.user_id))


_CLEANERS: Final[dict[type, Callable[[Any], Any]]] = {
    User: _user,
    Session: _session,
    Room: _room,
    RoomList: _rooms,
    MemberList: _members,
    MessagePage: _page,
    VersionInfo: _version,
    ErrorDetail: _error_detail,
    Welcome: _welcome,
    Bye: _bye,
    Error: _error,
    RoomJoined: _present,
    RoomResumed: _present,
    RoomLeft: _room_over,
    RoomDeleted: _room_over,
    RoomUpdated: _room_updated,
    MemberChanged: _member_changed,
    MemberJoined: _member_joined,
    MemberLeft: _member_left,
    MessageAck: _ack,
    MessageCreated: _created,
    MessageEdited: _changed,
    MessageDeleted: _changed,
    MessagePinned: _changed,
    ReactionUpdated: _reacted,
    Typing: _typing,
    ReadMarked: _read,
    PresenceChanged: _presence,
}


def clean(arrived: T) -> T:
    """`arrived`, a decoded body or event, as the rest of the program may use it.

    Raises:
        InvalidMessage: an id or a token cannot be what it claims.
    """
    cleaner = _CLEANERS.get(type(arrived))
    if cleaner is None:
        return arrived
    cleaned: T = cleaner(arrived)
    return cleaned


async def read_in(data: bytes, decode: Callable[[bytes], T]) -> T:
    """Decodes and cleans `data`, off the loop where that takes long.

    Raises:
        ProtocolError: it is not what `decode` reads, or `clean` refuses it.
    """
    if len(data) > OFF_LOOP_BYTES:
        return await asyncio.to_thread(lambda: clean(decode(data)))
    return clean(decode(data))
