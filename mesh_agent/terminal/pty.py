"""A program in a pseudo-terminal of its own: started, fed, read, resized.

Strategy: one thread does all that goes through the pseudo-terminal, both ways, and waits for nothing but it.
It reads until there is no more, up to a limit, since the kernel gives only some kilobytes at a time, and what
is done with a piece costs less the larger it is. Where that is much, it is done in a thread beside (`taker`).
What it is given to write waits in a queue with a limit, so that a program which reads nothing stops its
guests and not this thread. While too much waits to be taken, it is not read on, and the program waits, as in
any terminal.
"""

import contextlib
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mesh_agent.terminal.errors import CannotStart
from mesh_agent.terminal.taker import Taker
from protocol import limits

PIECE_BYTES: Final = 256 * 1024
"""What is read before anything is done with it."""

READ_BYTES: Final = 64 * 1024

INPUT_BYTES: Final = 1024 * 1024
"""What waits for the program to read it; who has more to say waits, too."""

REPLY_BYTES: Final = 64 * 1024
"""Of that, what may be answers to the program's own questions; it asks in vain past it."""

QUIET_MS: Final = 100
"""So long after the program has ended nothing may come, for what it wrote to be all there is."""

_FAILED: Final = 127
_DESCRIPTORS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Started:
    """A running program. `descriptor`: our end of its terminal."""

    pid: int
    descriptor: int


def start(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, columns: int, rows: int
) -> Started:
    """Runs it as the leader of a session and of a process group, with a terminal of that size.

    To be called before there are other threads.

    Raises: CannotStart
    """
    told, telling = os.pipe()
    os.set_inheritable(telling, False)
    pid, descriptor = pty.fork()
    if pid == 0:
        _become(command, environment, folder, columns, rows, telling)
    os.close(telling)
    with os.fdopen(told, "rb") as pipe:
        failure = pipe.read(8)
    if failure:
        os.close(descriptor)
        os.waitpid(pid, 0)
        raise CannotStart(f"{command[0]} cannot be started: {os.strerror(int(failure))}.")
    os.set_blocking(descriptor, False)
    return Started(pid, descriptor)


def _become(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    columns: int,
    rows: int,
    telling: int,
) -> None:
    """In the child, which this never leaves."""
    try:
        for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        set_size(0, columns, rows)
        with contextlib.suppress(OSError):
            os.chdir(folder)
        os.closerange(3, telling)
        os.closerange(telling + 1, max(os.sysconf("SC_OPEN_MAX"), _DESCRIPTORS))
        os.execvpe(command[0], list(command), dict(environment))  # noqa: S606 — what the person asked for
    except OSError as error:
        os.write(telling, str(error.errno or errno.EINVAL).encode())
    finally:
        os._exit(_FAILED)


def set_size(descriptor: int, columns: int, rows: int) -> None:
    """The program is told by a signal. The size is in cells, and is brought within what can be shared."""
    columns, rows = min(max(columns, 1), limits.TERM_COLUMNS), min(max(rows, 1), limits.TERM_ROWS)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@dataclass(slots=True)
class _Piece:
    data: memoryview
    written: Callable[[], None] = field(default=lambda: None)


class Pump:
    """Moves bytes between a pseudo-terminal and whoever takes them."""

    def __init__(self, descriptor: int, take: Callable[[bytes], bytes], ended: Callable[[], None]) -> None:
        """In threads of this pump, one at a time, `take` is given what was read and returns what to answer;
        `ended` is called once, when all was taken and nothing comes any more."""
        self._descriptor, self._take, self._ended = descriptor, take, ended
        self._taker = Taker(self._taken, self._wake)
        self._lock = threading.Lock()
        self._input: deque[_Piece] = deque()
        self._waiting = 0
        self._replies = 0
        self._last = False
        self._stop = False
        self._closed = False
        self._woken, self._waking = os.pipe()
        os.set_blocking(self._waking, False)
        os.set_blocking(self._woken, False)
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    @property
    def room(self) -> int:
        """How many bytes `write` takes now."""
        return INPUT_BYTES - self._waiting

    def write(self, data: bytes, written: Callable[[], None] = lambda: None) -> bool:
        """Input for the program, which keeps its order. False: there is no room, and it was not taken.

        `written` is called, in the thread of this pump, when the terminal has all of it.
        """
        with self._lock:
            if self._waiting + len(data) > INPUT_BYTES:
                return False
            self._waiting += len(data)
            self._input.append(_Piece(memoryview(data), written))
        self._wake()
        return True

    def resize(self, columns: int, rows: int) -> None:
        with self._lock, contextlib.suppress(OSError):
            if not self._closed:
                set_size(self._descriptor, columns, rows)

    def finish(self) -> None:
        """The program has ended: what is still to be read is the last."""
        self._last = True
        self._wake()

    def close(self) -> None:
        """Ends it; waits for its threads, which wait for nothing."""
        self._stop = True
        self._wake()
        if self._thread.ident is not None:
            self._thread.join()
        with self._lock:
            if not self._closed:
                self._closed = True
                for descriptor in (self._descriptor, self._woken, self._waking):
                    os.close(descriptor)

    def _wake(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            if not self._closed:
                os.write(self._waking, b"!")

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        try:
            self._move()
        finally:
            if self._stop:
                self._taker.drop()
            self._taker.end()
            self._ended()

    def _move(self) -> None:
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        while not self._stop:
            full = self._taker.full
            self._register(poll, full=full)
            ready = dict(poll.poll(QUIET_MS if self._last and not full else None))
            if not ready:
                return
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, READ_BYTES)
            state = ready.get(self._descriptor, 0)
            if state & select.POLLOUT:
                self._write_some()
            if state & ~select.POLLOUT and not full and not self._read_some():
                return

    def _register(self, poll: "select.poll", *, full: bool) -> None:
        """What is waited for; where that is nothing, the end of the program is not either."""
        events = (0 if full else select.POLLIN) | (select.POLLOUT if self._input else 0)
        if events:
            poll.register(self._descriptor, events)
        else:
            with contextlib.suppress(KeyError):
                poll.unregister(self._descriptor)

    def _read_some(self) -> bool:
        """Whether more may come."""
        pieces, size, more = [], 0, True
        while size < PIECE_BYTES:
            try:
                data = os.read(self._descriptor, READ_BYTES)
            except BlockingIOError:
                break
            except OSError:  # nobody has the other end any more
                data = b""
            if not data:
                more = False
                break
            pieces.append(data)
            size += len(data)
        if pieces:
            self._taker.put(b"".join(pieces))
        return more

    def _taken(self, data: bytes) -> None:
        answer = self._take(data)
        if answer:
            self._reply(answer)
            self._wake()

    def _reply(self, answer: bytes) -> None:
        with self._lock:
            if self._replies + len(answer) > REPLY_BYTES:
                return
            self._replies += len(answer)
            self._waiting += len(answer)
            self._input.append(_Piece(memoryview(answer), lambda: self._replied(len(answer))))

    def _replied(self, count: int) -> None:
        with self._lock:
            self._replies -= count

    def _write_some(self) -> None:
        while self._input:
            piece = self._input[0]
            try:
                count = os.write(self._descriptor, piece.data) if piece.data else 0
            except BlockingIOError:
                return
            except OSError:
                count = len(piece.data)
            with self._lock:
                self._waiting -= count
                piece.data = piece.data[count:]
                if not piece.data:
                    self._input.popleft()
            if not piece.data:
                piece.written()
