"""`terminal watch`, `list` and `play`: terminals that others share, seen and typed into, and recordings."""

import asyncio
from argparse import Namespace
from typing import Any, Final

from mesh_agent.agent import Agent
from mesh_agent.output import Output
from mesh_agent.terminal.announcing import Announced
from mesh_agent.terminal.errors import TerminalError
from mesh_agent.terminal.text import text_of
from mesh_agent.terminal.watching import Watching
from mesh_agent.verbs.common import Run, UsageError, connected
from mesh_agent.verbs.tty import is_terminal
from protocol.text import clean_line


class NothingShared(TerminalError):
    """There is no terminal that could be meant."""

    code = "terminal.none"


class NotLetIn(TerminalError):
    """The host does not want us there."""

    code = "terminal.refused"


async def _watch(agent: Agent, options: Namespace, output: Output) -> None:
    if not (options.once or output.as_json or is_terminal()):
        raise UsageError("This is no terminal: use --once for the screen as text, or --json.")
    room = await connected(agent, options)
    host, terminal = await _meant(agent, room.id, options)
    watching = await agent.terminals.watch(room.id, host, terminal)
    async with watching:
        if options.once:
            await _once(watching, options, output)
        elif output.as_json:
            await _tell(watching, output)
        else:
            from mesh_agent.verbs.terminal_view import View

            await View(watching, read_only=options.read_only).run()
        phase, end = watching.phase, _end_of(watching)
    if phase == "refused":
        raise NotLetIn(watching.reason)
    if phase == "ended" and not options.once:
        output.show(end)


async def _meant(agent: Agent, room_id: str, options: Namespace) -> tuple[str, str]:
    """Whose terminal, and its id where that is known. Raises: NothingShared, UsageError."""
    name = options.user.removeprefix("@") if options.user else ""
    if name and options.terminal:
        return name, options.terminal
    running = [each for each in await agent.terminals.announced(room_id) if each.running]
    if options.terminal:
        running = [each for each in running if each.terminal == options.terminal]
    # Only where nobody else shares one is somebody tried who is seen nowhere.
    running = [each for each in running if not each.away] or running
    if name:
        running = [each for each in running if name.casefold() in (each.username.casefold(), each.user_id)]
        # Whoever shares may be the one program of theirs that was never announced here.
        return (running[0].user_id, running[0].terminal) if running else (name, "")
    if not running:
        raise NothingShared("Nobody shares a terminal in this room now.")
    if len({each.user_id for each in running}) > 1:
        names = ", ".join(sorted({each.username for each in running}))
        raise UsageError(f"Several people share a terminal here: say whose ({names}).")
    return running[0].user_id, running[0].terminal


async def _once(watching: Watching, options: Namespace, output: Output) -> None:
    """The screen as it is, once there is one. Raises: NothingShared: it did not come in time."""
    try:
        async with asyncio.timeout(options.timeout):
            while not (watching.over or (watching.screen.number and watching.screen.complete)):
                watching.changed.clear()
                await watching.changed.wait()
    except TimeoutError:
        raise NothingShared(watching.reason or f"{watching.peer_name} has not let you in.") from None
    if watching.screen.number:
        output.show(_state_of(watching) if output.as_json else {"text": "\n".join(_lines(watching))})


async def _tell(watching: Watching, output: Output) -> None:
    """Each state as an object, and the last one; what comes while one is written is one state later."""
    told = 0
    while True:
        watching.changed.clear()
        screen = watching.screen
        if screen.complete and (not watching.over or screen.number != told):
            told = screen.number
            output.show(_state_of(watching))
        if watching.over:
            return
        await watching.changed.wait()


def _lines(watching: Watching) -> list[str]:
    lines = text_of(watching.screen.rows_)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _state_of(watching: Watching) -> dict[str, Any]:
    screen = watching.screen
    return {
        "phase": watching.phase,
        "reason": watching.reason,
        "host": watching.peer_name,
        "terminal": watching.terminal,
        "command": watching.command,
        "way": watching.way,
        "writes": watching.writes,
        "recorded": watching.recorded,
        "watchers": [each.name for each in watching.watchers],
        "number": screen.number,
        "columns": screen.columns,
        "rows": screen.rows,
        "cursor": [screen.cursor.column, screen.cursor.row],
        "title": screen.title,
        "lines": text_of(screen.rows_),
    }


def _end_of(watching: Watching) -> dict[str, Any]:
    return {"reason": watching.reason, "phase": watching.phase, "exit_status": watching.exit_status}


async def _list(agent: Agent, options: Namespace, output: Output) -> None:
    room = await connected(agent, options)
    found = await agent.terminals.announced(room.id)
    if not options.all:
        found = [each for each in found if each.running]
    output.show_all([_told(each) for each in found], none="Nobody shares a terminal in this room now.")


def _told(announced: Announced) -> dict[str, Any]:
    state = "  (seen nowhere now)" if announced.away else "" if announced.running else "  (over)"
    return {
        "line": f"{announced.username}: {clean_line(announced.command)}{state}  {announced.terminal}",
        "host": announced.username,
        "user_id": announced.user_id,
        "terminal": announced.terminal,
        "command": announced.command,
        "running": announced.running,
        "away": announced.away,
        "message_id": announced.message_id,
    }


async def _play(_: Agent, options: Namespace, output: Output) -> None:
    from mesh_agent.verbs.terminal_play import play

    await play(options, output)


VERBS: Final[dict[str, Run]] = {"terminal watch": _watch, "terminal list": _list, "terminal play": _play}
