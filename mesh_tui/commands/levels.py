"""Commands about what of a room counts as new and is told, and a notification to try it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from mesh_tui.rooms import DEFAULT, level_set, with_level
from mesh_tui.settings import LEVELS, Level
from mesh_tui.slash import NoCommand, look_up, misused

if TYPE_CHECKING:
    from mesh_tui.screens.choosing import Choosing

_TOLD: Final[dict[Level | None, str]] = {
    None: "Everything here counts as new, and you are told of what is said to you.",
    "all": "Everything here counts as new, and you are told of all of it.",
    "mentions": "Here only what mentions you counts as new, and you are told of that.",
    "none": "This room is muted: nothing here counts as new.",
}


async def _notify(screen: "Choosing", argument: str) -> None:
    wanted = argument.casefold()
    if wanted == "test":
        screen.tell(await screen.mesh.telling.test())
        return
    if not hasattr(screen, "room"):  # any screen may come here; in plain mode, asking says so itself
        raise NoCommand("A level is that of a room. Open one first, or press F4; /notify test works here.")
    if not wanted:
        now = level_set(screen.mesh.settings, screen.room)
        screen.tell(f"{_TOLD[now]} /notify {', '.join(LEVELS)}, {DEFAULT} changes it.")
    elif wanted == DEFAULT:
        await _keep(screen, None)
    elif level := next((level for level in LEVELS if level == wanted), None):
        await _keep(screen, level)
    else:
        raise misused(look_up("notify"), f"LEVEL is one of {', '.join(LEVELS)}, {DEFAULT}, or test.")


async def _mute(screen: "Choosing", argument: str) -> None:
    if argument not in ("", "off"):
        raise misused(look_up("mute"))
    now, before = level_set(screen.mesh.settings, screen.room), screen.mesh.unmuted
    if argument:
        await _keep(screen, before.pop(screen.room.id, None) if now == "none" else now)
        return
    if now != "none":
        before[screen.room.id] = now
    await _keep(screen, "none")


async def _keep(screen: "Choosing", level: Level | None) -> None:
    room = screen.room
    await screen.mesh.save_settings({"notify.rooms": with_level(screen.mesh.settings, room, level)})
    screen.tell(_TOLD[level])


Run = Callable[["Choosing", str], Awaitable[None]]

RUN: Final[dict[str, Run]] = {"mute": _mute}
ANYWHERE: Final[dict[str, Run]] = {"notify": _notify}
