"""What happens to messages after they were said: edited, deleted, pinned, reacted to.

Like everything that changes a room, each takes the room's next `rev` and is published as the commit
returns. The connection that asked is answered with the same event.
"""

from collections.abc import Callable
from typing import NamedTuple

from mesh_server.bus.base import Bus, RoomChanged
from mesh_server.ids import Clock
from mesh_server.services.mentions import READABLE, named_in
from mesh_server.services.permissions import Deed, allow, require, roles_that_may
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import RoomService
from mesh_server.services.views import message_view, reactions_view
from mesh_server.store.base import Change, Edit, Erase, MessageRecord, MessageStore, Pin, React, Standing
from protocol import limits
from protocol.errors import ContentEmpty, ContentTooLong, ReactionInvalid
from protocol.events import (
    AddReaction,
    ChatEvent,
    DeleteMessage,
    EditMessage,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    PinMessage,
    ReactionUpdated,
    RemoveReaction,
)
from protocol.rest import EVERYONE, Message, MessageHistory, MessageVersion
from protocol.text import clean_name
from protocol.times import format_time

View = Callable[[MessageRecord], ChatEvent]


def _edited(record: MessageRecord) -> ChatEvent:
    return MessageEdited(message=message_view(record, nonce=False))


def _deleted(record: MessageRecord) -> ChatEvent:
    return MessageDeleted(message=message_view(record, nonce=False))


def _pinned(record: MessageRecord) -> ChatEvent:
    return MessagePinned(message=message_view(record, nonce=False))


def _reacted(record: MessageRecord) -> ChatEvent:
    return ReactionUpdated(
        room_id=record.room_id,
        message_id=record.id,
        reactions=reactions_view(record),
        message=message_view(record, nonce=False),
    )


class Asker(NamedTuple):
    """The connection that asked; it is answered in the order of the commits, as all others are told."""

    peer_id: str
    answer: Callable[[ChatEvent], None]


class EditService:
    """Every call raises RoomNotFound or NotMember, MessageNotFound, and what is named with it."""

    def __init__(self, messages: MessageStore, rooms: RoomService, bus: Bus, *, clock: Clock) -> None:
        self._messages, self._rooms, self._bus, self._clock = messages, rooms, bus, clock

    async def edit(self, who: Principal, request: EditMessage, asker: Asker) -> None:
        """Raises: NotAuthor, ContentEmpty, ContentTooLong, RoomForbidden."""
        check_content(request.content)
        named = named_in(request.content)
        change = Edit(
            content=request.content,
            mentions=tuple(request.mentions),
            now=self._clock(),
            named=named.keys,
            calls_room=named.everyone,
            readable=READABLE,
            heralds=roles_that_may(Deed.MENTION_ROOM),
        )
        deeds = (
            (Deed.EDIT_MESSAGE, Deed.MENTION_ROOM) if EVERYONE in request.mentions else (Deed.EDIT_MESSAGE,)
        )
        await self._change(who, request, change, deeds, _edited, asker)

    async def delete(self, who: Principal, request: DeleteMessage, asker: Asker) -> None:
        """Raises: RoomForbidden."""
        change = Erase(now=self._clock())
        await self._change(who, request, change, (Deed.DELETE_MESSAGE,), _deleted, asker)

    async def pin(self, who: Principal, request: PinMessage, asker: Asker) -> None:
        """Raises: RoomForbidden."""
        change = Pin(pinned=request.pinned, now=self._clock())
        await self._change(who, request, change, (Deed.PIN_MESSAGE,), _pinned, asker)

    async def react(self, who: Principal, request: AddReaction | RemoveReaction, asker: Asker) -> None:
        """Raises: ReactionInvalid, TooManyReactions."""
        on = isinstance(request, AddReaction)
        change = React(reaction=check_reaction(request.reaction), on=on, now=self._clock())
        await self._change(who, request, change, (Deed.REACT,), _reacted, asker)

    async def _change(
        self,
        who: Principal,
        request: EditMessage | DeleteMessage | PinMessage | AddReaction | RemoveReaction,
        change: Change,
        deeds: tuple[Deed, ...],
        view: View,
        asker: Asker,
    ) -> None:
        def then(outcome: tuple[MessageRecord, bool]) -> None:
            record, changed = outcome
            event = view(record)
            if changed:
                self._bus.publish(
                    RoomChanged(room_id=record.room_id, rev=record.rev, event=event, asked_by=asker.peer_id)
                )
            asker.answer(event)

        await self._messages.change_message(
            request.room_id,
            request.message_id,
            who.user_id,
            change,
            allow(*deeds),
            then,
            by=who.actor(change.now),
        )

    async def versions(self, who: Principal, room_id: str, message_id: str) -> MessageHistory:
        """What a message said before. Raises: RoomForbidden."""
        mine = await self._rooms.require_member(who, room_id)
        assert mine.role is not None
        require(Deed.READ_VERSIONS, Standing(role=mine.role))
        found = await self._messages.list_versions(room_id, message_id)
        return MessageHistory(
            versions=[
                MessageVersion(content=version.content, until=format_time(version.until)) for version in found
            ]
        )

    async def pinned(self, who: Principal, room_id: str) -> list[Message]:
        await self._rooms.require_member(who, room_id)
        found = await self._messages.list_pinned(room_id)
        return [message_view(record, nonce=record.author_id == who.user_id) for record in found]


def check_content(content: str) -> None:
    """Raises: ContentTooLong, ContentEmpty."""
    if len(content) > limits.CONTENT_CHARS:
        raise ContentTooLong
    if not content.strip():
        raise ContentEmpty


def check_reaction(reaction: str) -> str:
    """The reaction in its one written form. Raises: ReactionInvalid."""
    clean = clean_name(reaction)
    if not clean or len(clean) > limits.REACTION_CHARS or " " in clean:
        raise ReactionInvalid
    return clean
