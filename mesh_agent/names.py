"""What a person typed, to what is meant: a member, a message. For verbs and for slash commands.

Strategy: ids are taken as they are where the server checks them anyway; a number, `last` and `mine` are
looked up in what the agent holds, which asks the server where that is not enough.
"""

from typing import Final

from mesh_agent.agent import Agent
from protocol import limits
from protocol.errors import MessageNotFound, UserNotFound
from protocol.rest import Device, Member, Message
from protocol.text import clean_line, clean_name

LOOKED_AT: Final = 400
"""Messages that are searched for the last one of mine."""


async def find_member(agent: Agent, room_id: str, text: str) -> Member:
    """The member of that name or id; an `@` before it is none of it.

    Raises:
        UserNotFound: nobody in the room is.
    """
    name = clean_name(text).removeprefix("@")
    for member in await agent.members(room_id):
        if member.user_id == text or member.username.casefold() == name.casefold():
            return member
    raise UserNotFound(f"Nobody in this room is called {_shown(text)!r}.")


async def find_message(agent: Agent, room_id: str, text: str) -> Message:
    """The message of that number (with or without `#`) or id, the `last` one, or the last of `mine`.

    Raises:
        MessageNotFound: there is none, or it was deleted.
    """
    if text in {"last", "mine"}:
        return await _last(agent, room_id, only_mine=text == "mine")
    seq = message_number(text)
    if seq is None:
        message = await agent.conversation.message(room_id, text)
    else:
        page = await agent.history(room_id, after=seq - 1, limit=1)
        if not page.messages or page.messages[0].seq != seq:
            raise MessageNotFound(f"There is no message #{seq} in this room.")
        message = page.messages[0]
    if message.deleted:
        raise MessageNotFound("This message was deleted.")
    return message


def message_number(text: str) -> int | None:
    """`17` and `#17` -> 17; None for anything else, such as an id."""
    digits = text.removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 16 else None


async def find_device(agent: Agent, text: str) -> Device:
    """My device of that id, or of that name where no other has it; raises `UserNotFound`."""
    devices = await agent.account.devices()
    of_name = [device for device in devices if device.name.casefold() == clean_name(text).casefold()]
    found = [device for device in devices if device.id == text] or of_name
    if len(found) == 1:
        return found[0]
    several = "Several devices of yours have that name; use the id." if found else None
    raise UserNotFound(several or f"You have no device called {_shown(text)!r}.")


async def _last(agent: Agent, room_id: str, *, only_mine: bool) -> Message:
    me = agent.user.id if agent.user else ""
    before: int | None = None
    for _ in range(LOOKED_AT // limits.PAGE_MAX):
        page = await agent.history(room_id, before=before, limit=limits.PAGE_MAX)
        for message in reversed(page.messages):
            if not message.deleted and (not only_mine or message.author.id == me):
                return message
        if not page.has_more or not page.messages:
            break
        before = page.messages[0].seq
    raise MessageNotFound(
        "None of the last messages here is yours." if only_mine else "There is no message here yet."
    )


def _shown(text: str) -> str:
    return clean_line(text)[: limits.NAME_CHARS]
