"""`terminal share`: a shell, or one program, on this terminal, and others in a room watch it.

Strategy: the program has this terminal as if it were started in it: its output comes straight from the
process that runs it, keys go straight to it. Only Ctrl+] is ours, and opens a page over it; while that is
open the output is withheld, and afterwards the screen is painted anew. What happens meanwhile rings and is
told in the title of the window, since a line on the screen would belong to the program.
"""

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

from mesh_agent.agent import Agent
from mesh_agent.output import Output
from mesh_agent.terminal.announcing import how_it_ended
from mesh_agent.terminal.hosting import Guest, Hosted
from mesh_agent.terminal.overlay import KEY, Overlay, Wish
from mesh_agent.terminal.painter import Painter, colours_of
from mesh_agent.terminal.typed import KeyReader, Pressed, Typed
from mesh_agent.verbs.common import Run, UsageError, connected
from mesh_agent.verbs.tty import ESCAPE_S, READ_BYTES, is_terminal
from protocol.errors import MeshError
from protocol.rest import Room

COLUMNS, ROWS = 80, 24
"""The size where there is no terminal that has one."""

_PASTE_BEGINS, _PASTE_ENDS = b"\x1b[200~", b"\x1b[201~"
_OTHER_KEYS: Final = (b"\x1b[93;5u", b"\x1b[27;5;93~")
"""Ctrl+] as terminals tell it that tell more of keys."""


async def _share(agent: Agent, options: Namespace, output: Output) -> None:
    here = is_terminal()
    if not here and options.let_in == "ask":
        raise UsageError("Nobody can be asked here: say --let-in members or --let-in compared.")
    room = await connected(agent, options)
    record = None if options.record is None else Path.cwd() / options.record
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if here:
        hosted = await Console(agent, room).run(command or None, options.let_in, record)
    else:
        hosted = await _without_a_terminal(agent, room, command or None, options.let_in, record, output)
    output.show(_end_of(hosted, room))


async def _without_a_terminal(
    agent: Agent, room: Room, command: list[str] | None, let_in: Any, record: Path | None, output: Output
) -> Hosted:
    hosted = await agent.terminals.share(room.id, command, COLUMNS, ROWS, let_in=let_in, record=record)
    try:
        output.show({"line": f"Sharing {hosted.command} in {room.name}.", "terminal": hosted.id})
        await hosted.wait()
    finally:
        await hosted.end()
    return hosted


def _end_of(hosted: Hosted, room: Room) -> dict[str, Any]:
    how = how_it_ended(hosted.exit_status, closed=hosted.closed)
    return {
        "line": f"{hosted.command}, shared in {room.name}, {how} {hosted.reason}".rstrip(),
        "terminal": hosted.id,
        "command": hosted.command,
        "exit_status": hosted.exit_status,
        "reason": hosted.reason,
    }


class Console:
    """This terminal, while a program is shared on it."""

    def __init__(self, agent: Agent, room: Room) -> None:
        self._agent, self._room = agent, room
        self._input, self._output = sys.stdin.fileno(), sys.stdout.fileno()
        self._hosted: Hosted | None = None
        self._overlay: Overlay | None = None
        self._painter = Painter(COLUMNS, ROWS, colours_of(os.environ))
        self._keys = KeyReader()
        self._flushing: asyncio.TimerHandle | None = None
        self._pasting = False
        self._shared_size = COLUMNS, ROWS
        self._waiting: set[tuple[str, bool]] = set()
        self._repaint = asyncio.Event()
        self._doing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def _size(self) -> tuple[int, int]:
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(self._output)
            return max(size.columns, 1), max(size.lines, 1)
        return COLUMNS, ROWS

    async def run(self, command: list[str] | None, let_in: Any, record: Path | None) -> Hosted:
        """Until the program ends, or the person ends it."""
        columns, rows = self._shared_size = self._size
        print(f"Sharing in {self._room.name}. Ctrl+] shows who watches.", flush=True)
        with _raw(self._input):
            # What stood here goes up, so that this screen and the one that guests see are the same.
            await self._write(b"\r\n" * rows + b"\x1b[H\x1b[2J")
            hosted = self._hosted = await self._agent.terminals.share(
                self._room.id,
                command,
                columns,
                rows,
                let_in=let_in,
                record=record,
                output_fd=self._output,
            )
            async with self._listening():
                try:
                    await hosted.wait()
                finally:
                    await hosted.end()
        return hosted

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._input, self._read)
        loop.add_signal_handler(signal.SIGWINCH, self._resized)
        watching = asyncio.create_task(self._look())
        try:
            yield
        finally:
            loop.remove_reader(self._input)
            loop.remove_signal_handler(signal.SIGWINCH)
            for task in (watching, *self._tasks):
                task.cancel()
            await asyncio.gather(watching, *self._tasks, return_exceptions=True)

    # ── what the person does ─────────────────────────────────────────────────────────────────────

    def _read(self) -> None:
        try:
            data = os.read(self._input, READ_BYTES)
        except OSError:
            data = b""
        if not data:  # nobody sits here any more
            asyncio.get_running_loop().remove_reader(self._input)
            self._spawn(self._end())
        elif self._overlay is not None:
            self._over(data)
        else:
            self._pass(data)

    def _pass(self, data: bytes) -> None:
        """Keys for the program, up to one that opens the page."""
        for other in _OTHER_KEYS:
            data = data.replace(other, bytes([KEY]))
        before, found, after = (data, b"", b"") if self._is_pasted(data) else data.partition(bytes([KEY]))
        if before:
            self._type(before)
        if found:
            self._open()
            if after:
                self._over(after)

    def _is_pasted(self, data: bytes) -> bool:
        """Whether any of it is; in what is pasted, nothing is meant for us."""
        pasted = self._pasting or _PASTE_BEGINS in data
        begins, ends = data.rfind(_PASTE_BEGINS), data.rfind(_PASTE_ENDS)
        if begins >= 0 or ends >= 0:
            self._pasting = begins > ends
        return pasted

    def _type(self, data: bytes) -> None:
        assert self._hosted is not None
        # Who types into a window of another size types to a program that knows it, also where the signal that
        # tells of the size is heard after the keys.
        if self._size != self._shared_size:
            self._resized()
        with contextlib.suppress(MeshError):
            self._hosted.type(data)

    def _over(self, data: bytes) -> None:
        """Keys for the page."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self._pressed(self._keys.feed(data))
        if self._keys.waiting:
            self._flushing = asyncio.get_running_loop().call_later(
                ESCAPE_S, lambda: self._pressed(self._keys.flush())
            )

    def _pressed(self, done: Any) -> None:
        for each in done:
            keys = each.data.decode(errors="replace") if isinstance(each, Typed) else ""
            for key in (each.key,) if isinstance(each, Pressed) else keys:
                if self._overlay is not None and self._hosted is not None:
                    wish = self._overlay.pressed(key, self._hosted.guests)
                    if wish is not None:
                        self._spawn(self._carry_out(wish))
        self._repaint.set()

    def _resized(self) -> None:
        columns, rows = self._shared_size = self._size
        self._painter.resize(columns, rows)
        self._repaint.set()
        if self._hosted is not None:
            with contextlib.suppress(MeshError):
                self._hosted.resize(columns, rows)

    # ── the page ─────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> None:
        self._overlay, self._keys = Overlay(), KeyReader()
        self._painter.resize(*self._size)
        self._spawn(self._show_page())

    async def _show_page(self) -> None:
        """Paints it again and again, as long as it is open."""
        hosted, overlay = self._hosted, self._overlay
        assert hosted is not None
        assert overlay is not None
        await hosted.show(False)
        while self._overlay is overlay and hosted.phase == "open":
            self._repaint.clear()
            recorded = "" if hosted.recorded is None else str(hosted.recorded)
            title = f"{hosted.command} in {self._room.name}"
            page = overlay.page(title, recorded, hosted.guests, self._painter.columns, self._painter.rows)
            await self._write(self._painter.paint(page, None))
            await self._repaint.wait()

    async def _close(self) -> None:
        self._overlay = None
        self._repaint.set()
        assert self._hosted is not None
        await self._hosted.show(True)

    async def _carry_out(self, wish: Wish) -> None:
        """One after the other, as they were typed."""
        async with self._doing:
            await self._do(wish)

    async def _do(self, wish: Wish) -> None:
        hosted, overlay = self._hosted, self._overlay
        assert hosted is not None
        try:
            if wish.guest is not None:
                await self._about(hosted, wish.what, wish.guest)
            elif wish.what == "end":
                await hosted.end()
            elif wish.what == "record":
                recording = hosted.recorded is not None
                hosted.record(None if recording else await self._agent.new_recording(hosted.command))
            elif wish.what in ("back", "type"):
                await self._close()
                if wish.what == "type":
                    self._type(bytes([KEY]))
        except MeshError as error:
            if overlay is not None:
                overlay.said = error.message
        self._repaint.set()

    async def _about(self, hosted: Hosted, what: str, guest: Guest) -> None:
        sharing, overlay = self._agent.sharing, self._overlay
        if what == "admit":
            hosted.let_in(guest)
        elif what == "refuse":
            hosted.refuse(guest)
        elif what == "kick":
            hosted.kick(guest)
        elif what == "write" and guest.writes:
            hosted.take(guest)
        elif what == "write":
            await hosted.grant(guest)
        elif what == "confirm":
            await sharing.confirm(guest.user_id, guest.device_id)
        elif what == "words" and overlay is not None:
            devices = [
                each for each in await sharing.words(guest.user_id) if each.device_id == guest.device_id
            ]
            overlay.words = devices[0].words if devices else ()

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    async def _look(self) -> None:
        """Tells the person who wants something."""
        hosted = self._hosted
        assert hosted is not None
        problem = ""
        while hosted.phase == "open":
            hosted.changed.clear()
            waiting = {(guest.key, guest.asking) for guest in hosted.guests if _wants(guest)}
            new = [
                guest
                for guest in hosted.guests
                if _wants(guest) and (guest.key, guest.asking) not in self._waiting
            ]
            self._waiting = waiting
            with contextlib.suppress(MeshError):
                if new and self._overlay is None:
                    what = "write" if new[0].asking else "watch"
                    hosted.notice(f"{new[0].name} wants to {what}: Ctrl+]")
                elif hosted.problem and hosted.problem != problem:
                    problem = hosted.problem
                    hosted.notice(f"{problem} Ctrl+]")
            if self._overlay is not None and hosted.problem:
                self._overlay.said = hosted.problem
            self._repaint.set()
            await hosted.changed.wait()

    async def _end(self) -> None:
        assert self._hosted is not None
        await self._hosted.end()

    async def _write(self, data: bytes) -> None:
        """In a thread: a terminal may take its time."""
        if data:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(_write_all, self._output, data)

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _wants(guest: Guest) -> bool:
    return guest.state == "asks" or guest.asking


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


@contextlib.contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Keys come as they are typed, and what is set is set back."""
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


VERBS: Final[dict[str, Run]] = {"terminal share": _share}
