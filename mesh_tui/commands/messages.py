"""Commands about the messages of a room."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from mesh_agent.names import find_message, message_number
from mesh_tui.aim import Aim, AimKind
from mesh_tui.slash import look_up, misused
from protocol.errors import MessageNotFound
from protocol.rest import Message

if TYPE_CHECKING:
    from mesh_tui.screens.choosing import Choosing


async def _pick(screen: "Choosing", argument: str, *, mine: bool = False) -> tuple[Message, str]:
    """The message that is meant and what else was typed: `#17 …`, or the last one, or the last of mine."""
    number, _, rest = argument.partition(" ")
    if number.startswith("#") and message_number(number) is not None:
        return await find_message(screen.mesh.agent, screen.room.id, number), rest.strip()
    message = screen.timeline.last_message(screen.me.id if mine else None)
    if message is None:
        raise MessageNotFound("None of the messages here is yours." if mine else "There is no message yet.")
    return message, argument


async def _me(screen: "Choosing", argument: str) -> None:
    if not argument:
        raise misused(look_up("me"))
    sign = "_" if "*" in argument else "*"
    screen.say(f"{sign}{argument}{sign}")


def _aiming(kind: AimKind, *, mine: bool = False) -> Callable[["Choosing", str], Awaitable[None]]:
    """Aims at a message; with a text, does it at once."""

    async def run(screen: "Choosing", argument: str) -> None:
        message, text = await _pick(screen, argument, mine=mine)
        if not text:
            screen.take_aim(Aim(kind, message))
        elif kind == "edit":
            await screen.mesh.agent.conversation.edit(screen.room.id, message.id, text)
        else:
            screen.say(text, Aim(kind, message))

    return run


async def _delete(screen: "Choosing", argument: str) -> None:
    message, _ = await _pick(screen, argument, mine=True)
    screen.ask_to_delete(message)


async def _react(screen: "Choosing", argument: str) -> None:
    message, reaction = await _pick(screen, argument)
    if not reaction:
        raise misused(look_up("react"))
    await screen.toggle_reaction(message, reaction)


async def _pin(screen: "Choosing", argument: str) -> None:
    message, _ = await _pick(screen, argument)
    await screen.toggle_pin(message)
    screen.tell("The pin is off." if message.pinned else "Pinned. /pins shows what is.")


async def _pins(screen: "Choosing", _: str) -> None:
    screen.show_pins()


async def _thread(screen: "Choosing", argument: str) -> None:
    message, _ = await _pick(screen, argument)
    screen.show_thread(message)


async def _read(screen: "Choosing", _: str) -> None:
    agent = screen.mesh.agent
    await agent.mark_read(screen.room.id, agent.room(screen.room.id).last_seq)
    screen.mark_all_read()
    screen.tell("Everything here is marked as read.")


RUN: Final[dict[str, Callable[["Choosing", str], Awaitable[None]]]] = {
    "me": _me,
    "reply": _aiming("reply"),
    "edit": _aiming("edit", mine=True),
    "thread": _thread,
    "delete": _delete,
    "react": _react,
    "pin": _pin,
    "pins": _pins,
    "read": _read,
}
