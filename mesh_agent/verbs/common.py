"""What several verbs do alike: find the room that was named, and be connected."""

import contextlib
import shlex
from argparse import Namespace
from collections.abc import Awaitable, Callable
from typing import Final

from mesh_agent.agent import Agent
from mesh_agent.client.errors import LinkInvalid, NoServer, ProfileInvalid, WrongAddress
from mesh_agent.client.finding import find_room
from mesh_agent.names import find_message, message_number
from mesh_agent.output import Output
from protocol.errors import MeshError, NotMember, RoomNotFound
from protocol.rest import Message, Room

Run = Callable[[Agent, Namespace, Output], Awaitable[None]]
"""A verb. What goes wrong it raises as `MeshError`."""


class UsageError(MeshError):
    """The arguments, or a file that they name, cannot be used."""

    code = "client.usage"


USAGE_ERRORS: Final = (UsageError, ProfileInvalid, WrongAddress, LinkInvalid, NoServer)
"""Those that end with the exit code of a wrong usage."""


async def my_room(agent: Agent, name: str) -> Room:
    """The room of mine that is called `name`; asks the server where the cache does not know it.

    Raises:
        NotMember: there is such a room, but I am not in it.
        RoomNotFound: there is none.
    """
    with contextlib.suppress(RoomNotFound):
        return agent.room(name)
    with contextlib.suppress(RoomNotFound):
        return find_room(await agent.fetch_rooms(), name)
    room = find_room(await agent.public_rooms(), name)
    raise NotMember(f"You are not in {room.name!r}. Join it first: mesh-agent join {shlex.quote(room.name)}")


async def connected(agent: Agent, options: Namespace) -> Room:
    """The room that is named, up to date."""
    room = await my_room(agent, options.room)
    await agent.start()
    await agent.wait_connected(options.timeout)
    await agent.wait_current(room.id)
    return agent.room(room.id)


async def named_message(agent: Agent, options: Namespace) -> tuple[Room, Message]:
    """The room and the message that are named, with a line to change them."""
    room = await connected(agent, options)
    return room, await find_message(agent, room.id, options.message)


async def message_id(agent: Agent, options: Namespace, text: str | None) -> str | None:
    """The id of a message that an option names; what is an id already costs no connection."""
    if text is None or (message_number(text) is None and text not in {"last", "mine"}):
        return text
    room = await connected(agent, options)
    return (await find_message(agent, room.id, text)).id
