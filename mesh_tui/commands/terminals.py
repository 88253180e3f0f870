"""Commands about shared terminals: sharing one, watching one, going back to one, and playing a recording."""

import asyncio
import shlex
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from mesh_tui.paths import expanded
from mesh_tui.slash import NoCommand, look_up, misused

if TYPE_CHECKING:
    from mesh_agent.terminal.announcing import Announced
    from mesh_tui.screens.base import MeshScreen
    from mesh_tui.screens.choosing import Choosing

Run = Callable[[Any, str], Awaitable[None]]


async def _share(screen: "Choosing", argument: str) -> None:
    try:
        command = shlex.split(argument) or None
    except ValueError:
        raise misused(look_up("share-terminal"), "A quote is open.") from None
    terminals = screen.mesh.terminals
    terminals.show(await terminals.share(screen.room.id, command))


async def _watch(screen: "Choosing", argument: str) -> None:
    """Of the one that is named, or of who said last that they share one."""
    name = argument.strip().lstrip("@")
    running = [each for each in await screen.mesh.agent.terminals.announced(screen.room.id) if each.running]
    others = [each for each in running if each.user_id != screen.me.id]
    others = [each for each in others if not each.away] or others
    if name:
        others = [each for each in others if each.username.casefold() == name.casefold()]
    if not others and not name:
        raise NoCommand("Nobody shares a terminal here now. /share-terminal shares yours.")
    terminal = others[0].terminal if others else ""
    host = others[0].username if others else name
    await watch(screen, host, terminal)


async def watch(screen: "Choosing", host: str, terminal: str) -> None:
    """Opens it, or goes to it."""
    terminals = screen.mesh.terminals
    terminals.show(await terminals.watch(screen.room.id, host, terminal))


async def watch_announced(screen: "Choosing", announced: "Announced") -> None:
    """What a message tells of; my own is gone back to."""
    if announced.user_id != screen.me.id:
        await watch(screen, announced.user_id, announced.terminal)
        return
    terminals = screen.mesh.terminals
    own = next((each for each in terminals.all() if each.identity == announced.terminal), None)
    if own is None:
        raise NoCommand("This terminal of yours is shared by another program.")
    terminals.show(own)


async def _terminals(screen: "MeshScreen[Any]", argument: str) -> None:
    terminals = screen.mesh.terminals
    if argument:
        number = int(argument) if argument.isdecimal() else 0
        known = terminals.numbered(number)
        if known is None:
            raise misused(look_up("terminals"), "N is the number of one that is open.")
        terminals.show(known)
        return
    screen.action_terminals()


async def _replay(screen: "MeshScreen[Any]", argument: str) -> None:
    from mesh_agent.terminal.cast import read_cast

    terminals = screen.mesh.terminals
    path = expanded(argument)
    terminals.play(await asyncio.to_thread(read_cast, path), path.name)


RUN: Final[dict[str, Run]] = {"share-terminal": _share, "watch": _watch}
ANYWHERE: Final[dict[str, Run]] = {"terminals": _terminals, "replay": _replay}
