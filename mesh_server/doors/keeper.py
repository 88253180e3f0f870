"""Keeps one program on a terminal of its own, for a door of the server. Runs as a process, one a session.

Strategy: a door must not let a stranger's session cost the conversation anything, so what is dear or may go
wrong is out here: the terminal (a PTY), the program on it as a group of processes of its own, limits on its
memory and files, less claim to the processor than the server has. What the program writes goes to stdout as
it is; what comes in on stdin are packets, as Textual's web driver has them: a letter, four bytes of length,
the payload. `D` is what was typed, `M` a size as JSON.

Nothing here grows: the terminal is read only while what was read before has left, and stdin only while what
came before was typed. So a reader who is slow slows this one program, whose driver then paints less often,
and nobody else. When stdin ends, the program is told that its terminal hung up, and ended for good a while
later.

Only the standard library is loaded, so that a keeper costs a start of Python without packages (`-I -S`).
"""

import contextlib
import errno
import fcntl
import json
import os
import pty
import resource
import select
import signal
import struct
import sys
import termios
import time
from typing import Any, Final

READ_BYTES: Final = 16 * 1024
PACKET_BYTES: Final = 256 * 1024
"""The longest packet; a door sends none that is longer."""

HANG_UP_S: Final = 3.0
"""How long the program may take to leave in good order once its terminal hung up."""

FILES: Final = 256
FILE_BYTES: Final = 64 * 1024 * 1024
NICE: Final = 5
TOLD: Final = 3
"""The file that the program finds its orders in."""

HEAD: Final = 5
"""Bytes of a packet before its payload."""


class Keeper:
    """One program. `program` says what to run: `argv`, `env`, `cwd`, `memory_mib`, `width`, `height`, and
    `told`, which it finds in a pipe on file 3.
    """

    def __init__(self, program: dict[str, Any]) -> None:
        told = _pipe_with(program["told"].encode())
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            _become(program, told)
        os.close(told)
        self._out, self._typed, self._packets = bytearray(), bytearray(), bytearray()
        self._hung_up_at: float | None = None
        self._ended = False
        for number in (0, 1, self._terminal):
            os.set_blocking(number, False)

    def run(self) -> int:
        """Until the program has ended; its exit code as a shell would tell it."""
        while not (self._ended and not self._out):
            self._turn()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def _turn(self) -> None:
        wants_in = self._hung_up_at is None and len(self._typed) < READ_BYTES
        reads = ([0] if wants_in else []) + ([] if self._out or self._ended else [self._terminal])
        writes = ([1] if self._out else []) + ([self._terminal] if self._typed and not self._ended else [])
        readable, writable, _ = select.select(reads, writes, [], self._patience_s())
        if 0 in readable:
            self._take()
        if self._terminal in readable:
            self._read()
        if 1 in writable:
            self._pass_on()
        if self._terminal in writable:
            self._type()
        if self._hung_up_at is not None and time.monotonic() >= self._hung_up_at + HANG_UP_S:
            self._ended = True
            self._out.clear()

    def _patience_s(self) -> float | None:
        if self._hung_up_at is None:
            return None
        return max(0.0, self._hung_up_at + HANG_UP_S - time.monotonic())

    def _read(self) -> None:
        try:
            data = os.read(self._terminal, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.EIO:  # what Linux says where nobody has the terminal open any more
                raise
            data = b""
        if not data:
            self._ended = True
        elif self._hung_up_at is None:
            self._out += data

    def _pass_on(self) -> None:
        try:
            del self._out[: os.write(1, self._out)]
        except BlockingIOError:
            return
        except OSError:
            self._out.clear()
            self._hang_up()

    def _take(self) -> None:
        try:
            data = os.read(0, READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._hang_up()
            return
        self._packets += data
        while len(self._packets) >= HEAD:
            length = int.from_bytes(self._packets[1:HEAD], "big")
            if length > PACKET_BYTES:
                self._hang_up()
                return
            if len(self._packets) < HEAD + length:
                return
            kind, payload = self._packets[:1], bytes(self._packets[HEAD : HEAD + length])
            del self._packets[: HEAD + length]
            if kind == b"D":
                self._typed += payload
            else:
                size = json.loads(payload)
                self._size(size["width"], size["height"])

    def _type(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            del self._typed[: os.write(self._terminal, self._typed)]

    def _size(self, width: int, height: int) -> None:
        """Also where it is as before: the program then paints all of its screen again."""
        _set_size(self._terminal, width, height)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self._pid, signal.SIGWINCH)

    def _hang_up(self) -> None:
        if self._hung_up_at is None:
            self._hung_up_at = time.monotonic()
            self._out.clear()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._pid, signal.SIGHUP)


def _pipe_with(told: bytes) -> int:
    """The end to read from; all of `told` (up to 32 KiB) fits into a pipe."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", 0) as pipe:
        pipe.write(told)
    return reading


def _become(program: dict[str, Any], told: int) -> None:
    """In the fork: takes the limits on and becomes the program. Never returns."""
    try:
        _set_size(0, program["width"], program["height"])
        os.dup2(told, TOLD)
        os.set_inheritable(TOLD, True)
        os.closerange(TOLD + 1, 64)
        os.nice(NICE)
        memory = program["memory_mib"] * 1024 * 1024
        for kind, most in (
            (resource.RLIMIT_DATA, memory),
            (resource.RLIMIT_NOFILE, FILES),
            (resource.RLIMIT_FSIZE, FILE_BYTES),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(kind)[1]
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (bound, bound))
        os.chdir(program["cwd"])
        os.execve(program["argv"][0], program["argv"], program["env"])  # noqa: S606 - that is what it is for
    except BaseException as error:  # noqa: BLE001 - in a fork nothing may come back
        os.write(2, f"cannot be started: {error}\r\n".encode())
    os._exit(127)


def _set_size(terminal: int, width: int, height: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


def main() -> int:
    """The program's description is the one line of JSON in the first packet."""
    head = _exactly(HEAD)
    program = json.loads(_exactly(int.from_bytes(head[1:], "big")))
    return Keeper(program).run()


def _exactly(count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = os.read(0, count - len(data))
        if not piece:
            raise SystemExit(0)
        data += piece
    return data


if __name__ == "__main__":
    sys.exit(main())
