"""Messages that were said: reading, finding and following them, and changing them."""

import contextlib
from argparse import Namespace
from collections.abc import Callable, Coroutine
from typing import Any, Final

from mesh_agent.agent import Agent
from mesh_agent.client.conversation import Conversation
from mesh_agent.names import find_message, message_number
from mesh_agent.output import Output
from mesh_agent.tail import Tail, last_messages
from mesh_agent.verbs.common import Run, UsageError, connected, my_room, named_message
from protocol import limits
from protocol.rest import Message

# ── changing ─────────────────────────────────────────────────────────────────────────────────────

Change = Callable[[Conversation, Message, Namespace], Coroutine[Any, Any, Message]]


def _changing(change: Change) -> Run:
    """A verb that changes the message that is named, and shows what it is now."""

    async def run(agent: Agent, options: Namespace, output: Output) -> None:
        _, message = await named_message(agent, options)
        output.show(await change(agent.conversation, message, options))

    return run


def _edit(talk: Conversation, message: Message, options: Namespace) -> Coroutine[Any, Any, Message]:
    return talk.edit(message.room_id, message.id, " ".join(options.text))


def _delete(talk: Conversation, message: Message, _: Namespace) -> Coroutine[Any, Any, Message]:
    return talk.delete(message.room_id, message.id)


def _react(talk: Conversation, message: Message, options: Namespace) -> Coroutine[Any, Any, Message]:
    return talk.react(message.room_id, message.id, options.reaction)


def _unreact(talk: Conversation, message: Message, options: Namespace) -> Coroutine[Any, Any, Message]:
    return talk.react(message.room_id, message.id, options.reaction, on=False)


def _pin(talk: Conversation, message: Message, _: Namespace) -> Coroutine[Any, Any, Message]:
    return talk.pin(message.room_id, message.id)


def _unpin(talk: Conversation, message: Message, _: Namespace) -> Coroutine[Any, Any, Message]:
    return talk.pin(message.room_id, message.id, pinned=False)


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


async def _history(agent: Agent, options: Namespace, output: Output) -> None:
    places = [place for place in (options.before, options.after, options.around) if place is not None]
    if len(places) > 1:
        raise UsageError("Of --before, --after and --around, use one.")
    room = await connected(agent, options)
    if options.around is not None:
        limit = min(options.limit, limits.PAGE_MAX)
        messages = (await agent.conversation.around(room.id, options.around, limit)).messages
    elif options.after is not None:
        messages = await _next_messages(agent, room.id, options.after, options.limit)
    else:
        messages = await last_messages(agent, room.id, options.limit, before=options.before)
    for message in messages:
        output.show(message)


async def _next_messages(agent: Agent, room_id: str, after: int, count: int) -> list[Message]:
    messages: list[Message] = []
    more = True
    while more and len(messages) < count:
        page = await agent.history(room_id, after=after, limit=min(count - len(messages), limits.PAGE_MAX))
        messages += page.messages
        more = page.has_more and bool(page.messages)
        after = page.messages[-1].seq if page.messages else after
    return messages


async def _thread(agent: Agent, options: Namespace, output: Output) -> None:
    room, message = await named_message(agent, options)
    first, after, left = message.thread or message.id, 0, options.limit
    more = True
    while more and left > 0:
        page = await agent.conversation.thread(room.id, first, after=after, limit=min(left, limits.PAGE_MAX))
        for shown in page.messages:
            output.show(shown)
        left -= len(page.messages)
        more = page.has_more and bool(page.messages)
        after = page.messages[-1].seq if page.messages else after


async def _pins(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    pins = await agent.conversation.pins(room.id)
    output.show_all(pins, none=f"Nothing is pinned in {room.name!r}.")


async def _versions(agent: Agent, options: Namespace, output: Output) -> None:
    room, message = await named_message(agent, options)
    versions = await agent.conversation.versions(room.id, message.id)
    output.show_all(versions, none="This message was never edited.")


async def _search(agent: Agent, options: Namespace, output: Output) -> None:
    room = None if options.room is None else await my_room(agent, options.room)
    # A shell has taken the quotes off an argument of several words: they belonged together.
    words = " ".join(f'"{word}"' if " " in word and '"' not in word else word for word in options.words)
    left, cursor, found = options.limit, None, False
    while left > 0:
        page = await agent.conversation.search(
            words,
            room_id=None if room is None else room.id,
            author=options.author,
            before=options.before,
            after=options.after,
            cursor=cursor,
            limit=min(left, limits.PAGE_MAX),
        )
        for hit in page.hits:
            output.show(hit)
        found = found or bool(page.hits)
        left -= len(page.hits)
        cursor = page.next
        if not page.has_more or cursor is None or not page.hits:
            break
    if not found:
        output.note("Nothing was found.")


async def _read(agent: Agent, options: Namespace, output: Output) -> None:
    room = await connected(agent, options)
    seq = message_number(options.message)
    if options.message == "last":
        seq = room.last_seq
    if seq is None:
        seq = (await find_message(agent, room.id, options.message)).seq
    seq = await agent.conversation.read(room.id, min(seq, room.last_seq))
    output.show({"read": seq, "room_id": room.id})


async def _tail(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    with contextlib.closing(agent.subscribe()) as events:
        await agent.start()
        await Tail(agent, room.id, output.show, output.note).follow(events, options.lines)


VERBS: Final[dict[str, Run]] = {
    "edit": _changing(_edit),
    "delete": _changing(_delete),
    "react": _changing(_react),
    "unreact": _changing(_unreact),
    "pin": _changing(_pin),
    "unpin": _changing(_unpin),
    "history": _history,
    "thread": _thread,
    "pins": _pins,
    "versions": _versions,
    "search": _search,
    "read": _read,
    "tail": _tail,
}
