"""Commands about what of a room counts as new and is told."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from mesh_tui.rooms import level_of, with_level
from mesh_tui.settings import LEVELS, Level
from mesh_tui.slash import look_up, misused

if TYPE_CHECKING:
    from mesh_tui.screens.choosing import Choosing

_TOLD: Final[dict[Level, str]] = {
    "all": "Everything here counts as new.",
    "mentions": "Here only what mentions you counts as new.",
    "none": "This room is muted: nothing here counts as new.",
}


async def _notify(screen: "Choosing", argument: str) -> None:
    now = level_of(screen.mesh.settings, screen.room)
    if not argument:
        screen.tell(f"{_TOLD[now]} /notify {', '.join(LEVELS)} changes it.")
        return
    wanted = next((level for level in LEVELS if level == argument.casefold()), None)
    if wanted is None:
        raise misused(look_up("notify"), f"LEVEL is one of {', '.join(LEVELS)}.")
    await _keep(screen, wanted)


async def _mute(screen: "Choosing", argument: str) -> None:
    if argument not in ("", "off"):
        raise misused(look_up("mute"))
    now, before = level_of(screen.mesh.settings, screen.room), screen.mesh.unmuted
    if argument:
        await _keep(screen, before.pop(screen.room.id, "all") if now == "none" else now)
        return
    if now != "none":
        before[screen.room.id] = now
    await _keep(screen, "none")


async def _keep(screen: "Choosing", level: Level) -> None:
    room = screen.room
    await screen.mesh.save_settings({"notify.rooms": with_level(screen.mesh.settings, room, level)})
    screen.tell(_TOLD[level])


RUN: Final[dict[str, Callable[["Choosing", str], Awaitable[None]]]] = {"notify": _notify, "mute": _mute}
