"""Rooms: listing, coming in and going out, settings."""

import contextlib
import shlex
from argparse import Namespace
from collections.abc import Callable
from typing import Any, Final

from mesh_agent.agent import Agent
from mesh_agent.client.address import is_link, parse_link
from mesh_agent.client.errors import SignInNeeded
from mesh_agent.client.finding import find_room
from mesh_agent.output import Output
from mesh_agent.verbs.common import Run, UsageError, my_room
from mesh_agent.verbs.say import say
from protocol.errors import RoomNotFound
from protocol.rest import Room, UpdateRoomRequest, Visibility

# ── listing, coming in and going out ─────────────────────────────────────────────────────────────


async def _rooms(agent: Agent, options: Namespace, output: Output) -> None:
    rooms = await (agent.public_rooms() if options.public else agent.fetch_rooms())
    none = "There are no public rooms yet." if options.public else "You are in no room yet."
    output.show_all(rooms, none=none)


async def _unread(agent: Agent, options: Namespace, output: Output) -> None:
    wanted = [
        room
        for room in await agent.fetch_rooms()
        if (room.mentions if options.mentions else room.mentions or room.unread)
    ]
    wanted.sort(key=lambda room: (-(room.mentions or 0), -(room.unread or 0)))
    none = "Nobody has mentioned you." if options.mentions else "You have read everything."
    output.show_all(wanted, none=none)


async def _join(agent: Agent, options: Namespace, output: Output) -> None:
    if not is_link(options.room):
        room = find_room(await agent.public_rooms(), options.room, public=True)
        output.show(await agent.join(room.id))
        return
    link = parse_link(options.room)
    if agent.user is None:
        raise SignInNeeded(
            f"You are not signed in at {link.server}. Make an account there with: "
            f"mesh-agent register NAME --invite {shlex.quote(link.url)}"
        )
    output.show(await agent.order.use_invite(link.code))


async def _leave(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    await agent.leave(room.id)
    output.show({"left": room.name, "room_id": room.id})


async def _members(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    for member in await agent.members(room.id):
        output.show(member)


async def _dm(agent: Agent, options: Namespace, output: Output) -> None:
    room = await agent.order.dm(options.user)
    if options.text:
        await say(agent, room, " ".join(options.text), options.timeout, output)
    else:
        output.show(room)


async def _show(agent: Agent, options: Namespace, output: Output) -> None:
    with contextlib.suppress(RoomNotFound):
        output.show(find_room(await agent.fetch_rooms(), options.room))
        return
    output.show(find_room(await agent.public_rooms(), options.room))


async def _create(agent: Agent, options: Namespace, output: Output) -> None:
    visibility: Visibility = "private" if options.private else "public"
    output.show(await agent.create_room(options.name, topic=options.topic, visibility=visibility))


# ── settings ─────────────────────────────────────────────────────────────────────────────────────


async def _delete(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    if not options.yes:
        raise UsageError(f"That deletes {room.name!r} for everyone and for good. If you mean it, add --yes.")
    await agent.order.delete(room.id)
    output.show({"deleted": room.name, "room_id": room.id})


def _setting(settings: Callable[[Namespace], dict[str, Any]]) -> Run:
    """A verb that changes what `settings` makes of the arguments: fields of `UpdateRoomRequest`."""

    async def run(agent: Agent, options: Namespace, output: Output) -> None:
        room: Room = await my_room(agent, options.room)
        output.show(await agent.order.update(room.id, UpdateRoomRequest(**settings(options))))

    return run


VERBS: Final[dict[str, Run]] = {
    "rooms": _rooms,
    "unread": _unread,
    "join": _join,
    "leave": _leave,
    "members": _members,
    "dm": _dm,
    "room create": _create,
    "room show": _show,
    "room delete": _delete,
    "room topic": _setting(lambda options: {"topic": " ".join(options.text)}),
    "room rename": _setting(lambda options: {"name": options.name}),
    "room visibility": _setting(lambda options: {"visibility": options.visibility}),
    "room archive": _setting(lambda _: {"archived": True}),
    "room unarchive": _setting(lambda _: {"archived": False}),
    "room slow-mode": _setting(lambda options: {"slow_mode_s": options.span}),
    "room receipts": _setting(lambda options: {"receipts": options.switch == "on"}),
    "room retention": _setting(lambda options: {"retention_s": options.span}),
}
