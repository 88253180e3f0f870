"""What slash commands do: one table, from the name in the registry to the function.

Strategy: a function gets the screen and the rest of the line. It returns when the thing is done, and raises
a `MeshError` with what the person should read where it is not: the line then comes back into the composer.
Commands that need no room get any screen, the others the room's. In plain mode a desk takes a
screen's place, so nothing here imports one.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from mesh_tui.commands import account, anywhere, calls, files, levels, messages, order, terminals
from mesh_tui.slash import NoCommand, Typed, check, look_up

if TYPE_CHECKING:
    from mesh_tui.plain.desk import Desk
    from mesh_tui.screens.base import MeshScreen
    from mesh_tui.screens.standing import Standing

Run = Callable[[Any, str], Awaitable[None]]

ANYWHERE: Final[Mapping[str, Run]] = (
    anywhere.RUN | account.RUN | levels.ANYWHERE | files.ANYWHERE | terminals.ANYWHERE | calls.ANYWHERE
)
IN_ROOM: Final[Mapping[str, Run]] = (
    messages.RUN | order.RUN | levels.RUN | files.RUN | terminals.RUN | calls.RUN
)


async def run_in_room(screen: "Standing | Desk", typed: Typed) -> None:
    """Raises `MeshError`: it was not done, or there is no such command."""
    command = look_up(typed.name)
    screen.mesh.powers.check_command(command.name)
    check(command, typed.argument)
    name = command.name
    await (IN_ROOM.get(name) or ANYWHERE[name])(screen, typed.argument)


async def run_anywhere(screen: "MeshScreen[Any]", typed: Typed) -> None:
    """As `run_in_room`, where there is no room."""
    command = look_up(typed.name)
    screen.mesh.powers.check_command(command.name)
    if not command.anywhere:
        raise NoCommand(f"/{command.name} works in a room. Open one first.")
    check(command, typed.argument)
    await ANYWHERE[command.name](screen, typed.argument)
