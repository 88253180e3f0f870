"""A program in a pseudo-terminal, its screen read through an emulator, as a person would see it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyte
from pyte.screens import wcwidth

from tests.support import pressed

KEYS: Final = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "page up": "\x1b[5~",
    "page down": "\x1b[6~",
    "ctrl+end": "\x1b[1;5F",
    "alt+enter": "\x1b\r",
    "alt+c": "\x1bc",
    "alt+l": "\x1bl",
    "backspace": "\x7f",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f5": "\x1b[15~",
    "f9": "\x1b[20~",
} | {f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"}

PATIENCE_S: Final = 60.0
"""A whole program starts within it, on a machine that starts many."""

_READ_BYTES: Final = 65536
_LAST_BYTES: Final = 65536
"""More than several frames, which may come between a sequence and the look for it."""

_PRIVATE: Final = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*(?:\$p|[rs])")
"""Queries of the terminal's abilities, and the keeping of modes, which the emulator does not ignore."""


class _Screen(pyte.Screen):
    """`rung`: how often its bell rang."""

    rung = 0

    def bell(self, *_: object) -> None:
        self.rung += 1


class Emulator:
    """What a program has painted, as a person would see it. For more than one thread."""

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._pending = b""

    def feed(self, data: bytes) -> None:
        # A sequence that is cut in two is kept until it is whole.
        data, cut, rest = (self._pending + data).rpartition(b"\x1b")
        whole, self._pending = (data, cut + rest) if cut and len(rest) < 24 else (data + cut + rest, b"")
        with self._lock:
            self._stream.feed(_PRIVATE.sub(b"", whole))
            if self._pending and not _is_cut(self._pending):
                self._stream.feed(_PRIVATE.sub(b"", self._pending))
                self._pending = b""

    def clear(self, columns: int | None = None, rows: int | None = None) -> None:
        with self._lock:
            self._screen.resize(rows, columns)
            self._screen.erase_in_display(2)

    @property
    def rung(self) -> int:
        """How often the bell rang."""
        with self._lock:
            return self._screen.rung

    @property
    def text(self) -> str:
        """The screen as lines without trailing white space."""
        with self._lock:
            return "\n".join(self._row(number).rstrip() for number in range(self._screen.lines))

    def _row(self, number: int) -> str:
        """As pyte's `display`, also of half a wide letter: its other half may be painted over already."""
        cells, shown, is_second = self._screen.buffer[number], [], False
        for column in range(self._screen.columns):
            letter = cells[column].data
            if not is_second:
                shown.append(letter or " ")
            is_second = not is_second and bool(letter) and wcwidth(letter[0]) == 2
        return "".join(shown)


class Terminal:
    """`arguments` run with `environment` on a screen of `columns` by `rows`; a `cell` has so many pixels."""

    def __init__(
        self,
        arguments: Sequence[str | Path],
        environment: dict[str, str],
        *,
        columns: int = 100,
        rows: int = 30,
        term: str = "xterm-256color",
        cell: tuple[int, int] = (0, 0),
    ) -> None:
        self._emulator = Emulator(columns, rows)
        self._noting = threading.Lock()
        self.last_bytes = b""
        self._master, slave = pty.openpty()
        size = rows, columns, columns * cell[0], rows * cell[1]
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size))
        self.process = subprocess.Popen(
            arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment | {"TERM": term, "COLORTERM": "truecolor"},
            start_new_session=True,
        )
        os.close(slave)
        self._woken, self._wake = os.pipe()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while self._woken not in select.select((self._master, self._woken), (), ())[0]:
            try:
                data = os.read(self._master, _READ_BYTES)
            except OSError:  # what Linux says where the program's side is closed
                return
            if not data:
                return
            with self._noting:
                self.last_bytes = (self.last_bytes + data)[-_LAST_BYTES:]
            self._take(data)

    def _take(self, data: bytes) -> None:
        """What the program has written, as it comes."""
        self._emulator.feed(data)

    @property
    def text(self) -> str:
        return self._emulator.text

    @property
    def rung(self) -> int:
        """How often the program has rung the bell."""
        return self._emulator.rung

    def forget_bytes(self) -> None:
        """`last_bytes` are those from now on."""
        with self._noting:
            self.last_bytes = b""

    @property
    def modes(self) -> list[Any]:
        """How the terminal treats what is typed and written, as `termios` tells."""
        return termios.tcgetattr(self._master)

    def resize(self, columns: int, rows: int) -> None:
        """Another size; what was shown is gone, as it may be in any terminal."""
        self._emulator.clear(columns, rows)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def wipe(self) -> None:
        """Somebody else has painted over everything."""
        self._emulator.clear()

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def press(self, *keys: str) -> None:
        for key in keys:
            pressed.note(key)
            self.type(KEYS[key])

    def wait_for(self, wanted: str | Callable[[str], object], *, gone: bool = False) -> str:
        """Returns the screen once it shows `wanted`, or no longer does. Raises: AssertionError."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            state = self.process.poll()
            if state is not None:  # what it wrote last may not have been read yet
                self._reader.join(PATIENCE_S)
            text = self.text
            shown = wanted in text if isinstance(wanted, str) else bool(wanted(text))
            if shown is not gone:
                return text
            if time.monotonic() > deadline or state is not None:
                raise AssertionError(f"no {wanted!r} on the screen (program: {state}):\n{text}")
            time.sleep(0.01)

    def wait_for_bytes(self, *sequences: bytes) -> None:
        """Returns once all of `sequences` were among the last bytes written. Raises: AssertionError."""
        deadline = time.monotonic() + PATIENCE_S
        while any(sequence not in self.last_bytes for sequence in sequences):
            assert time.monotonic() < deadline, self.last_bytes
            time.sleep(0.01)

    def wait(self) -> int:
        """The program's exit code, once it has ended by itself and all that it wrote is on the screen."""
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE_S)
        # A reader that still ran would take what is written to the next terminal, which gets the same number.
        os.write(self._wake, b"\0")
        self._reader.join(PATIENCE_S)
        assert not self._reader.is_alive()
        for end in (self._master, self._woken, self._wake):
            os.close(end)


def _is_cut(sequence: bytes) -> bool:
    """Whether an escape sequence waits for its end."""
    return re.fullmatch(rb"\x1b(\[[<>=?0-9;]*|[PX^_\]][^\x07\x1b]*)?", sequence) is not None


@contextmanager
def running(terminal: Terminal) -> Iterator[Terminal]:
    try:
        yield terminal
    finally:
        terminal.close()
