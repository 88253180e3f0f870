"""Begins to share a terminal: its process is started, the program runs, and the room is told.

Strategy: nothing is left of what did not come that far: a process that has no program is stopped, and a
program of which the room could not be told is ended.
"""

import fcntl
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mesh_agent.machines.terminal_host import LetIn
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.process import Helper, Program
from mesh_agent.terminal import orders
from mesh_agent.terminal.errors import CannotStart
from mesh_agent.terminal.hosting import ID_BYTES, Hosted
from mesh_agent.terminal.telling import Telling
from protocol import limits
from protocol.errors import MeshError

PROGRAM: Final[Program[orders.Order, orders.Report]] = Program(
    "mesh_agent.terminal.worker", orders.next_report
)

SCROLLBACK: Final = 10_000
"""Lines that are kept of what has scrolled away."""


async def share(
    desk: Desk,
    telling: Telling,
    room_id: str,
    command: Sequence[str] | None,
    columns: int,
    rows: int,
    *,
    let_in: LetIn,
    record: Path | None,
    output_fd: int | None,
) -> Hosted:
    """Starts it and tells the room.

    Raises:
        CannotStart, HelperEnded: it does not run.
        Unreachable, or the server's refusal: the room cannot be told; it was ended again.
    """
    terminal_id = secrets.token_urlsafe(ID_BYTES)
    helper, output = await _start_process(output_fd)
    helper.tell(
        orders.Share(
            terminal=terminal_id,
            command=None if command is None else list(command),
            columns=min(max(columns, 1), limits.TERM_COLUMNS),
            rows=min(max(rows, 1), limits.TERM_ROWS),
            scrollback=SCROLLBACK,
            let_in=let_in,
            output=output,
            record=None if record is None else str(record),
        )
    )
    try:
        running = _runs(await helper.report())
    except BaseException:
        await helper.stop()
        raise
    hosted = Hosted(desk, room_id, terminal_id, telling, helper, running, own_view=output_fd is None)
    try:
        await hosted.announce()
    except MeshError:
        await hosted.end()
        raise
    return hosted


async def _start_process(output_fd: int | None) -> tuple[Helper[orders.Order, orders.Report], int | None]:
    """The process of a terminal, and by which number it knows `output_fd`. Raises: HelperEnded."""
    if output_fd is None:
        return await Helper.start(PROGRAM), None
    # Of its own, since the numbers 0 to 2 are others there.
    output = fcntl.fcntl(output_fd, fcntl.F_DUPFD_CLOEXEC, 3)
    try:
        return await Helper.start(PROGRAM, fds=(output,)), output
    finally:
        os.close(output)


def _runs(report: orders.Report | None) -> orders.Running:
    """Raises: CannotStart."""
    if not isinstance(report, orders.Running):
        why = report.reason if isinstance(report, orders.NotRunning) else ""
        raise CannotStart(why or "The process of the terminal has ended.")
    return report
