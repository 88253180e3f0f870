"""How each event is cleaned: what it carries by the cleaners of the REST, the rest field by field."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from mesh_agent.client.clean_rest import (
    tidy_device,
    tidy_id,
    tidy_id_or_none,
    tidy_member,
    tidy_message,
    tidy_name,
    tidy_room,
    tidy_sentence,
    tidy_status,
    tidy_time,
    tidy_user,
)
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


def _room_state(state: RoomState) -> RoomState:
    return replace(
        state,
        room_id=tidy_id(state.room_id),
        epoch=tidy_sentence(state.epoch),
        room=tidy_room(state.room),
    )


def _welcome(welcome: Welcome) -> Welcome:
    return replace(
        welcome,
        peer_id=tidy_id(welcome.peer_id),
        user=tidy_user(welcome.user),
        device=tidy_device(welcome.device),
        server=Server(name=tidy_name(welcome.server.name), version=tidy_name(welcome.server.version)),
        rooms=[_room_state(state) for state in welcome.rooms],
        epoch=welcome.epoch and tidy_sentence(welcome.epoch),
    )


def _bye(bye: Bye) -> Bye:
    return replace(bye, reason=tidy_sentence(bye.reason))


def _error(error: Error) -> Error:
    return replace(error, code=tidy_sentence(error.code), message=tidy_sentence(error.message))


_Present = TypeVar("_Present", RoomJoined, RoomResumed)


def _present(event: _Present) -> _Present:
    """A room as it is now, with its members."""
    return replace(
        event,
        room_id=tidy_id(event.room_id),
        room=tidy_room(event.room),
        members=[tidy_member(member) for member in event.members],
    )


_Over = TypeVar("_Over", RoomLeft, RoomDeleted)


def _room_over(event: _Over) -> _Over:
    return replace(event, room_id=tidy_id(event.room_id))


def _room_updated(event: RoomUpdated) -> RoomUpdated:
    return replace(event, room_id=tidy_id(event.room_id), room=tidy_room(event.room))


def _member_changed(event: MemberChanged) -> MemberChanged:
    return replace(event, room_id=tidy_id(event.room_id), user_id=tidy_id(event.user_id))


def _member_joined(event: MemberJoined) -> MemberJoined:
    return replace(
        event,
        room_id=tidy_id(event.room_id),
        user_id=tidy_id(event.user_id),
        username=tidy_name(event.username),
        display_name=tidy_name(event.display_name),
        joined_at=tidy_time(event.joined_at),
        status_text=tidy_status(event.status_text),
    )


def _member_left(event: MemberLeft) -> MemberLeft:
    return replace(
        event,
        room_id=tidy_id(event.room_id),
        user_id=tidy_id(event.user_id),
        username=tidy_name(event.username),
        new_owner=tidy_id_or_none(event.new_owner),
    )


def _ack(ack: MessageAck) -> MessageAck:
    return replace(
        ack,
        room_id=tidy_id(ack.room_id),
        nonce=tidy_id(ack.nonce),
        message_id=tidy_id(ack.message_id),
    )


def _created(event: MessageCreated) -> MessageCreated:
    return MessageCreated(message=tidy_message(event.message))


_Changed = TypeVar("_Changed", MessageEdited, MessageDeleted, MessagePinned)


def _changed(event: _Changed) -> _Changed:
    return replace(event, message=tidy_message(event.message))


def _reacted(event: ReactionUpdated) -> ReactionUpdated:
    message = tidy_message(event.message)
    return replace(
        event,
        room_id=message.room_id,
        message_id=message.id,
        reactions=message.reactions,
        message=message,
    )


def _typing(event: Typing) -> Typing:
    return Typing(
        room_id=tidy_id(event.room_id), user_id=tidy_id(event.user_id), username=tidy_name(event.username)
    )


def _read(event: ReadMarked) -> ReadMarked:
    return replace(event, room_id=tidy_id(event.room_id), user_id=tidy_id(event.user_id))


def _presence(event: PresenceChanged) -> PresenceChanged:
    return replace(event, user_id=tidy_id(event.user_id), status_text=tidy_status(event.status_text))


CLEANERS: Final[dict[type, Callable[[Any], Any]]] = {
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
"""Kind of event -> its cleaner. What is not in it carries no text."""
