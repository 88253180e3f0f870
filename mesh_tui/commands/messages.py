"""Commands about the messages of a room."""

from collections.abc import Awaitable, Callable
from itertools import islice
from typing import TYPE_CHECKING, Final

from mesh_agent.names import find_message, message_number
from mesh_tui.aim import Aim, AimKind
from mesh_tui.layout.cells import Fragment, clip, paintable
from mesh_tui.layout.links import links
from mesh_tui.layout.message import moment
from mesh_tui.slash import look_up, misused
from protocol.errors import MessageNotFound
from protocol.rest import Message
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_tui.screens.choosing import Choosing


SHRUG: Final = "¯\\\\\\_(ツ)\\_/¯"
"""As Markdown, in which a backslash takes the meaning of the character after it."""

LOOKED_THROUGH: Final = 200
"""Messages in which a link is looked for."""

NOTHING_FAILED: Final = "Everything here was sent, or will be by itself."


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


async def _shrug(screen: "Choosing", argument: str) -> None:
    screen.say(f"{argument} {SHRUG}".strip())


async def _editor(screen: "Choosing", argument: str) -> None:
    if argument:
        screen.composer.load_text(argument)
    screen.open_editor()


async def _retry(screen: "Choosing", _: str) -> None:
    failed = screen.timeline.failed()
    for outgoing in failed:
        await screen.mesh.agent.retry(outgoing.nonce)
    screen.tell(f"{len(failed)} to be sent again." if failed else NOTHING_FAILED)


async def _drop(screen: "Choosing", _: str) -> None:
    failed = screen.timeline.failed()
    if not failed:
        screen.tell(NOTHING_FAILED)
        return
    question = f"Drop {len(failed)} messages that were not sent?"
    if await screen.ask(question, clip(paintable(clean_line(failed[0].content)), 200), yes="Drop"):
        for outgoing in failed:
            await screen.mesh.agent.discard(outgoing.nonce)


async def _open(screen: "Choosing", argument: str) -> None:
    if argument:
        message, _ = await _pick(screen, _hashed(argument))
        if not links(message.content):
            raise MessageNotFound(f"There is no link in #{message.seq}.")
    else:
        recent = islice(screen.timeline.recent(), LOOKED_THROUGH)
        found = next((known for known in recent if links(known.content)), None)
        if found is None:
            raise MessageNotFound("There is no link in the last messages.")
        message = found
    await screen.open_link(message)


async def _unpin(screen: "Choosing", argument: str) -> None:
    if argument:
        message, _ = await _pick(screen, _hashed(argument))
    else:
        pins = await screen.mesh.agent.conversation.pins(screen.room.id)
        if not pins:
            raise MessageNotFound("Nothing is pinned here.")
        message = pins[0]
    await screen.mesh.agent.conversation.pin(screen.room.id, message.id, pinned=False)
    screen.tell(f"The pin is off #{message.seq}.")


async def _versions(screen: "Choosing", argument: str) -> None:
    message, _ = await _pick(screen, _hashed(argument))
    lines = []
    for version in await screen.mesh.agent.conversation.versions(screen.room.id, message.id):
        at = moment(version.until)
        lines.append(
            [Fragment(f"until {at:%d %b %Y %H:%M}  " if at else "", "muted"), Fragment(version.content)]
        )
    lines.append([Fragment("now  ", "muted"), Fragment(message.content)])
    screen.show(f"What #{message.seq} said", lines)


def _hashed(argument: str) -> str:
    """`17` is `#17` where nothing but a number can stand."""
    return f"#{argument}" if argument and not argument.startswith("#") else argument


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
    message, _ = await _pick(screen, _hashed(argument), mine=True)
    screen.ask_to_delete(message)


async def _react(screen: "Choosing", argument: str) -> None:
    message, reaction = await _pick(screen, argument)
    if not reaction:
        raise misused(look_up("react"))
    await screen.toggle_reaction(message, reaction)


async def _pin(screen: "Choosing", argument: str) -> None:
    message, _ = await _pick(screen, _hashed(argument))
    await screen.toggle_pin(message)
    screen.tell("The pin is off." if message.pinned else "Pinned. /pins shows what is.")


async def _pins(screen: "Choosing", _: str) -> None:
    screen.show_pins()


async def _thread(screen: "Choosing", argument: str) -> None:
    message, _ = await _pick(screen, _hashed(argument))
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
    "shrug": _shrug,
    "editor": _editor,
    "retry": _retry,
    "drop": _drop,
    "open": _open,
    "unpin": _unpin,
    "versions": _versions,
    "pin": _pin,
    "pins": _pins,
    "read": _read,
}
