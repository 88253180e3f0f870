"""Commands that need no room: going somewhere, finding, how one is seen, help."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, get_args

from mesh_agent.client.address import is_link, parse_link
from mesh_agent.client.finding import find_room
from mesh_tui.layout.cells import Fragment
from mesh_tui.slash import NoCommand, look_up, misused
from protocol.errors import RoomNotFound
from protocol.limits import NAME_CHARS
from protocol.rest import Presence, Visibility
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_tui.screens.base import MeshScreen

    Screen = MeshScreen[Any]

LISTED: Final = 1_000
"""Public rooms that `/list` shows."""


async def _join(screen: "Screen", argument: str) -> None:
    agent = screen.mesh.agent
    if not argument:
        raise misused(look_up("join"))
    if is_link(argument):
        link = parse_link(argument)
        if link.server != agent.server:
            raise NoCommand(f"This link is for another server. Quit and come in with: mesh-tui {link.url}")
        screen.mesh.open_room((await agent.order.use_invite(link.code)).id)
        return
    with suppress(RoomNotFound):
        screen.mesh.open_room(agent.room(argument).id)
        return
    try:
        room = find_room(await agent.public_rooms(), argument, public=True)
    except RoomNotFound as error:
        name = clean_line(argument.removeprefix("#"))[:NAME_CHARS]
        raise NoCommand(
            f"{error.message} /list shows them; /create {name} makes one. A private one takes an invite."
        ) from error
    screen.mesh.open_room((await agent.join(room.id)).id)


async def _list(screen: "Screen", _: str) -> None:
    rooms = await screen.mesh.agent.public_rooms()
    mine = {room.id for room in screen.mesh.agent.rooms()}
    lines = [
        [
            Fragment(f"# {clean_line(room.name)}", "title"),
            Fragment(f"  {room.member_count or ''}{'  yours' if room.id in mine else ''}  ", "muted"),
            Fragment(clean_line(room.topic)),
        ]
        for room in sorted(rooms, key=lambda room: room.name.casefold())[:LISTED]
    ]
    nothing = [[Fragment("There is none.", "muted")]]
    detail = "/join ROOM opens one. "
    screen.show(f"Rooms that anyone may join: {len(rooms)}", lines or nothing, detail)


async def _create(screen: "Screen", argument: str) -> None:
    option, _, rest = argument.partition(" ")
    private = option == "-private"
    name = rest.strip() if private else argument
    if not name:
        raise misused(look_up("create"), "NAME is missing.")
    visibility: Visibility = "private" if private else "public"
    screen.mesh.open_room((await screen.mesh.agent.create_room(name, visibility=visibility)).id)


async def _back(screen: "Screen", _: str) -> None:
    await _be(screen, "online", "")


async def _msg(screen: "Screen", argument: str) -> None:
    name, _, text = argument.partition(" ")
    if not name:
        raise misused(look_up("msg"))
    agent = screen.mesh.agent
    room = await agent.order.dm(name.removeprefix("@"))
    if text.strip():
        await agent.send(room.id, text.strip())
    screen.mesh.open_room(room.id)


async def _search(screen: "Screen", argument: str) -> None:
    await screen.search(argument)


async def _inbox(screen: "Screen", _: str) -> None:
    await screen.show_inbox()


async def _rooms(screen: "Screen", _: str) -> None:
    screen.mesh.show_rooms()


async def _away(screen: "Screen", argument: str) -> None:
    await _be(screen, "away", argument or None)


async def _status(screen: "Screen", argument: str) -> None:
    state, _, text = argument.partition(" ")
    states: tuple[Presence, ...] = get_args(Presence)
    for known in states:
        if state.casefold() == known:
            await _be(screen, known, text.strip())  # without a text, the one that was there is over
            return
    raise misused(look_up("status"), f"A state is one of {', '.join(states)}.")


async def _be(screen: "Screen", presence: Presence, text: str | None) -> None:
    await screen.mesh.agent.set_presence(presence, text)
    words = f": {clean_line(text)}" if text else "."
    screen.tell(f"You are seen as {presence}{words}")


async def _settings(screen: "Screen", _: str) -> None:
    screen.mesh.action_settings()


async def _theme(screen: "Screen", argument: str) -> None:
    preferences = screen.mesh.preferences
    if argument:
        await preferences.save({"look.theme": argument})
        screen.tell(f"The theme is {clean_line(argument)}.")
    else:
        screen.choose_theme()


async def _tour(screen: "Screen", _: str) -> None:
    screen.mesh.show_tour()


async def _help(screen: "Screen", argument: str) -> None:
    if not argument:
        screen.mesh.action_help()
        return
    command = look_up(argument.removeprefix("/").lower())
    screen.show(command.line, [[Fragment(command.told)]])


async def _quit(screen: "Screen", _: str) -> None:
    screen.mesh.ask_to_quit()


RUN: Final[dict[str, Callable[["Screen", str], Awaitable[None]]]] = {
    "join": _join,
    "list": _list,
    "create": _create,
    "back": _back,
    "msg": _msg,
    "search": _search,
    "away": _away,
    "status": _status,
    "inbox": _inbox,
    "rooms": _rooms,
    "settings": _settings,
    "theme": _theme,
    "tour": _tour,
    "help": _help,
    "quit": _quit,
}
