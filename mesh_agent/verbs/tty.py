"""This program's own terminal while a picture of another one is on it: raw, and given back as it was.

Strategy: what was set is undone whatever happens, also when the program crashes (`atexit`) or is to end.
Writing waits for a slow terminal in a thread, never in the loop, and one piece at a time: who paints looks at
what there is to paint when the last piece is out, so that nothing is queued for a slow line.
"""

import asyncio
import atexit
import contextlib
import os
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from mesh_agent.terminal import painter
from mesh_agent.terminal.typed import Done, KeyReader
from protocol.peer_terminal import FOCUS_EVENTS, MOUSE_SHIFT

READ_BYTES: Final = 64 * 1024
ESCAPE_S: Final = 0.05
"""An Escape after which nothing comes for so long is one."""

PARTING_S: Final = 1.0
"""How long what is still being written may take at the end."""

_ENTER: Final = painter.ENTER + b"\x1b[?2004h"
_LEAVE: Final = b"\x18\x1b[?2004l\x1b[?1004l\x1b[?1006l\x1b[?1000;1002;1003l\x1b[999;1H\r\n" + painter.LEAVE
"""A terminal without a second screen goes on below what was painted."""

_MOUSE: Final = (b"", b"\x1b[?1000h", b"\x1b[?1000h", b"\x1b[?1002h", b"\x1b[?1003h")


def is_terminal() -> bool:
    """Whether there is a person who sees what is painted and types."""
    return sys.stdin.isatty() and sys.stdout.isatty()


class LocalTerminal:
    """Attributes:
    columns, rows: its size now.
    closed: nobody types there any more.
    """

    def __init__(self, typed: Callable[[Done], None], resized: Callable[[], None]) -> None:
        """`typed` is told each thing that the person does; `resized`, that the size is another one."""
        self._typed, self._resized = typed, resized
        self._keys = KeyReader()
        self._input, self._output = sys.stdin.fileno(), sys.stdout.fileno()
        self._saved: list[Any] | None = None
        self._modes = (0, False)
        self._flushing: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[None] | None = None
        self.closed = False
        self._measure()

    def _measure(self) -> None:
        size = shutil.get_terminal_size()
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(self._output)
        self.columns, self.rows = max(size.columns, 1), max(size.lines, 1)

    async def __aenter__(self) -> "LocalTerminal":
        loop = asyncio.get_running_loop()
        self._saved = termios.tcgetattr(self._input)
        atexit.register(self._restore)
        tty.setraw(self._input, termios.TCSADRAIN)
        loop.add_reader(self._input, self._read)
        loop.add_signal_handler(signal.SIGWINCH, self._on_size)
        await self.write(_ENTER)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._input)
        loop.remove_signal_handler(signal.SIGWINCH)
        if self._flushing is not None:
            self._flushing.cancel()
        if self._writing is not None:
            await asyncio.wait((self._writing,), timeout=PARTING_S)
        self._restore()
        atexit.unregister(self._restore)

    def _restore(self) -> None:
        saved, self._saved = self._saved, None
        if saved is not None:
            with contextlib.suppress(OSError):
                os.write(self._output, _LEAVE)
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._input, termios.TCSANOW, saved)

    async def write(self, data: bytes) -> None:
        """Returns when the terminal has taken it. For one task."""
        if not data or self.closed:
            return
        self._writing = asyncio.ensure_future(asyncio.to_thread(_write_all, self._output, data))
        try:
            await asyncio.shield(self._writing)
        except OSError:
            self._close()

    def listen(self, modes: int) -> bytes:
        """What makes it tell of the mouse and the focus what a program in these modes wants to know."""
        wanted = (modes >> MOUSE_SHIFT & 7, bool(modes & FOCUS_EVENTS))
        if wanted == self._modes:
            return b""
        self._modes = wanted
        mouse = _MOUSE[min(wanted[0], len(_MOUSE) - 1)]
        off = b"\x1b[?1000;1002;1003l\x1b[?1006l"
        return (
            off
            + (mouse + b"\x1b[?1006h" if mouse else b"")
            + (b"\x1b[?1004h" if wanted[1] else b"\x1b[?1004l")
        )

    # ── what the person does ─────────────────────────────────────────────────────────────────────

    def _read(self) -> None:
        try:
            data = os.read(self._input, READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._close()
            return
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self._tell(self._keys.feed(data))
        if self._keys.waiting:
            self._flushing = asyncio.get_running_loop().call_later(ESCAPE_S, self._flush)

    def _flush(self) -> None:
        self._flushing = None
        self._tell(self._keys.flush())

    def _tell(self, done: list[Done]) -> None:
        for each in done:
            self._typed(each)

    def _close(self) -> None:
        self.closed = True
        asyncio.get_running_loop().remove_reader(self._input)
        self._resized()

    def _on_size(self) -> None:
        self._measure()
        self._resized()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
