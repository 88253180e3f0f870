"""What somebody who came in by ssh sees: the client's program, on the channel of their terminal.

Strategy: bytes are passed on, and nothing is kept. What the program writes is read while the other end takes
it, and what is typed is taken while the program does. A channel is for one terminal: commands, files and
forwarded ports are told that there are none.
"""

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Final

import asyncssh

from mesh_server.doors.sessions import Running
from mesh_server.doors.ssh.line import Line

if TYPE_CHECKING:
    from mesh_server.doors.ssh.reception import Reception

log = logging.getLogger(__name__)

WINDOW_BYTES: Final = 64 * 1024
"""What may have been typed, or pasted, and wait for the program."""

WAITING_BYTES: Final = 64 * 1024
"""What the program wrote and the other end has not asked for yet; then the program is read no more."""

NO_TERMINAL: Final = "A terminal is needed here. Say: ssh -t"
NO_COMMANDS: Final = (
    "No commands are run here, and no files are copied. ssh NAME@HOST alone is the conversation."
)
ONE_TERMINAL: Final = "There is one terminal for each connection here."
IDLE: Final = "Nothing was typed for a long time, so this session has ended."
FAILED: Final = "The client ended because something went wrong. Try again."
RESTORED: Final = (
    "\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[<u\x1b[?25h\x1b[0m"
)
"""A terminal as it was: the screen of before, no mouse, no marks around what is pasted, a cursor."""

_TERM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}")
_TRUE_COLOUR: Final = ("truecolor", "24bit")


class Terminal:
    """What is known of the other end's: its name, its size, and whether it says that it has all colours."""

    def __init__(self, term: str, width: int, height: int) -> None:
        self.term = term if _TERM.fullmatch(term) else ""
        self.size = width, height
        self.true_colour = False


class Visit(asyncssh.SSHServerSession[bytes]):
    """One channel."""

    def __init__(self, reception: "Reception", line: Line) -> None:
        self._reception, self._line = reception, line
        self._terminal: Terminal | None = None
        self._refused = ""
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._running: Running | None = None
        self._typed = bytearray()
        self._typing: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._wanted.set()
        self.over: Final = asyncio.Event()
        """The program is to end."""
        self._heard_at = 0.0
        self._idle: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None

    # ── what is asked for ────────────────────────────────────────────────────────────────────────

    def connection_made(self, chan: "asyncssh.SSHServerChannel[bytes]") -> None:
        self._channel = chan
        chan.set_write_buffer_limits(WAITING_BYTES)

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], _term_modes: object
    ) -> bool:
        self._terminal = Terminal(term_type, *term_size[:2])
        return True

    def shell_requested(self) -> bool:
        if self._terminal is None:
            self._refused = NO_TERMINAL
        return True

    def exec_requested(self, _command: str) -> bool:
        self._refused = NO_COMMANDS
        return True

    def subsystem_requested(self, _subsystem: str) -> bool:
        self._refused = NO_COMMANDS
        return True

    def session_started(self) -> None:
        assert self._channel is not None
        if self._refused or self._terminal is None:
            self._channel.write_stderr(f"{self._refused or NO_TERMINAL}\r\n".encode())
            self._channel.exit(1)
            return
        said = self._channel.get_environment().get("COLORTERM", "")
        self._terminal.true_colour = said in _TRUE_COLOUR
        self.task = self._reception.door.do(self._run(self._terminal))
        self._heard_at = asyncio.get_running_loop().time()
        self._mind_idle()

    def _mind_idle(self) -> None:
        """Looks whether anything was typed lately, and when to look again."""
        loop, most_s = asyncio.get_running_loop(), self._reception.door.idle_s
        if not most_s:
            return
        left_s = self._heard_at + most_s - loop.time()
        if left_s > 0:
            self._idle = loop.call_later(left_s, self._mind_idle)
        else:
            self._reception.end(IDLE)

    # ── the program ──────────────────────────────────────────────────────────────────────────────

    async def _run(self, terminal: Terminal) -> None:
        last = ""
        try:
            self._running = running = await self._reception.start(terminal)
        except OSError:
            log.exception("no program can be started")
            self._leave(FAILED)
            return
        running.resize(*terminal.size)  # it may have changed meanwhile
        pumping, over = asyncio.create_task(self._pump(running)), asyncio.create_task(self.over.wait())
        await asyncio.wait([pumping, over], return_when=asyncio.FIRST_COMPLETED)
        for task in (pumping, over):
            task.cancel()
        await asyncio.wait([pumping, over])
        last = self._reception.farewell if self.over.is_set() else ""
        code = await running.end()
        if code and not last:
            log.error("the program of an ssh session ended with %s", code)
            last = FAILED
        self._leave(last)

    async def _pump(self, running: Running) -> None:
        while data := await running.read():
            await self._line.writable.wait()
            await self._wanted.wait()
            if self._channel is None or self._channel.is_closing():
                return
            self._channel.write(data)

    def _leave(self, last: str) -> None:
        """`last`: why it ended, where that was not the program's own wish."""
        channel = self._channel
        if channel is None or channel.is_closing():
            return
        if last:
            channel.write(f"{RESTORED}{last}\r\n".encode())
        channel.exit(1 if last else 0)

    # ── what comes from the terminal ─────────────────────────────────────────────────────────────

    def data_received(self, data: bytes, _datatype: int | None) -> None:
        if self._channel is None:
            return
        self._heard_at = asyncio.get_running_loop().time()
        self._typed += data
        if self._typing is None or self._typing.done():
            self._channel.pause_reading()
            self._typing = asyncio.create_task(self._type())

    async def _type(self) -> None:
        while self._typed:
            data = bytes(self._typed)
            self._typed.clear()
            if self._running is not None:
                await self._running.type(data)
        if self._channel is not None:
            self._channel.resume_reading()

    def terminal_size_changed(self, width: int, height: int, _pixwidth: int, _pixheight: int) -> None:
        if self._terminal is not None:
            self._terminal.size = width, height
        if self._running is not None:
            self._running.resize(width, height)

    def pause_writing(self) -> None:
        self._wanted.clear()

    def resume_writing(self) -> None:
        self._wanted.set()

    def break_received(self, _msec: int) -> bool:
        return False

    def eof_received(self) -> bool:
        """A terminal that has nothing more to say has hung up."""
        return False

    def connection_lost(self, _exc: Exception | None) -> None:
        self._channel = None
        if self._typing is not None:
            self._typing.cancel()
        if self._idle is not None:
            self._idle.cancel()
        self.over.set()
        self._reception.hurry()
