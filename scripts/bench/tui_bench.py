"""`scripts/bench/tui`: how long `mesh-tui` takes to paint, and how much memory it takes.

Strategy: the program runs in a pseudo-terminal of 120x40 and is timed from outside: from exec to the first
screen and to Home, and from writing a key to having read what it changed. The room has 100,000 messages in
the server's log, sent over a WebSocket like any others.
"""

import argparse
import asyncio
import fcntl
import os
import pty
import random
import re
import select
import signal
import string
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from scripts.bench import harness

COLUMNS: Final = 120
ROWS: Final = 40
PATIENCE_S: Final = 30.0
IN_FLIGHT: Final = 200
ROOM: Final = "big"

_ESCAPE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[^\[\]])")
_WORDS: Final = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "*rain*",
    "falls",
)
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Terminal:
    """`mesh-tui` in a pseudo-terminal, and what it has painted since the last key."""

    def __init__(self, *arguments: str) -> None:
        self._raw = b""
        self.began = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(sys.executable, [sys.executable, "-m", "mesh_tui", *arguments])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def wait(self, text: str) -> float:
        """Seconds on the clock when `text` had been painted."""
        deadline = time.perf_counter() + PATIENCE_S
        wanted = text.encode()
        while wanted not in _ESCAPE.sub(b"", self._raw):
            left = deadline - time.perf_counter()
            if left <= 0 or not select.select([self._fd], [], [], left)[0]:
                raise SystemExit(
                    f"{text!r} was not painted:\n{_ESCAPE.sub(b'', self._raw).decode(errors='replace')}"
                )
            self._raw += os.read(self._fd, 65536)
        return time.perf_counter()

    def rest(self, quiet_s: float = 0.15) -> float:
        """Reads until nothing has come for a while; the time of the last piece."""
        last = time.perf_counter()
        while select.select([self._fd], [], [], quiet_s)[0]:
            self._raw += os.read(self._fd, 65536)
            last = time.perf_counter()
        return last

    def press(self, keys: str) -> float:
        self._raw = b""
        began = time.perf_counter()
        os.write(self._fd, keys.encode())
        return began

    def first_bytes(self) -> float:
        """When the first of what a key changed had been read."""
        if not select.select([self._fd], [], [], PATIENCE_S)[0]:
            raise SystemExit("a key changed nothing")
        self._raw += os.read(self._fd, 65536)
        return time.perf_counter()

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    running = Terminal(*arguments)
    try:
        yield running
    finally:
        running.close()


# ── setting up ───────────────────────────────────────────────────────────────────────────────────


async def fill(server: harness.Server, messages: int) -> None:
    """A room with so many messages, sent by one person over one socket, many at a time."""
    async with harness.rest(server) as rest:
        writer, reader = await rest.people(2)
        room_id = await rest.room(ROOM, [writer, reader])
    choose = random.Random(2)
    sent = acked = 0

    def on_frame(frame: bytes) -> None:
        nonlocal acked
        acked += frame.startswith(b'{"type":"chat.message.ack"')
        if frame.startswith(b'{"type":"system.error"'):
            raise SystemExit(frame.decode())

    client = await harness.connect(server, writer, on_frame)
    while acked < messages:
        while sent < min(messages, acked + IN_FLIGHT):
            text = " ".join(choose.choices(_WORDS, k=choose.randint(2, 40)))
            client.send(
                type="chat.message.send", room_id=room_id, nonce=f"n{sent}", content=f"{sent}: {text}"
            )
            sent += 1
        await asyncio.sleep(0)
    client.close()


async def sign_in(server: harness.Server) -> None:
    """Leaves a session and a filled cache in the profile, as a day of use does."""
    from mesh_agent.agent import Agent

    agent = await Agent.open(profile="bench", server=server.url)
    await agent.login("user1", "password123")
    await agent.wait_connected(PATIENCE_S)
    await agent.close()


# ── measuring ────────────────────────────────────────────────────────────────────────────────────


def starts(server: harness.Server, times: int) -> None:
    first, home = [], []
    for _ in range(times):
        with terminal("--server", server.url, "--profile", "bench") as screen:
            first.append(screen.wait("opening") - screen.began)
            home.append(screen.wait("Your rooms") - screen.began)
    _report("exec to first paint", first)
    _report("exec to Home, signed in", home)


def room(server: harness.Server, messages: int, keys: int) -> None:
    size = f"room of {messages:,} messages"
    with terminal("--server", server.url, "--profile", "bench") as screen:
        screen.wait("connected")
        screen.rest()
        began = screen.press("\r")
        _report(f"{size}: opening it", [screen.wait(f"Message {ROOM}") - began])
        screen.rest(0.5)
        began = screen.press("\x1b[1;5F")
        _report(f"{size}: from the first unread to the newest", [screen.wait(f"{messages - 1}: ") - began])
        screen.rest(0.5)
        _report(f"{size}: key to paint, typing", list(_typing(screen, keys)), p99=True)
        _report(f"{size}: key to paint, paging back", list(_paging(screen, keys)), p99=True)
        harness.report("tui", f"{size}: resident memory", screen.resident_bytes() / 2**20, "MiB")


def _typing(screen: Terminal, keys: int) -> Iterator[float]:
    """A letter at a time, at random moments, so that no timer of the program runs in step with them."""
    choose = random.Random(3)
    typed = ""
    for _ in range(keys):
        letter = choose.choice(string.ascii_lowercase)
        began = screen.press(letter)
        typed += letter
        yield screen.wait(typed[-3:] if len(typed) % 60 > 3 else letter) - began
        screen.rest(0.02 + choose.random() * 0.03)
        if len(typed) == 60:
            screen.press("\x15")
            typed = ""
            screen.rest(0.05)


def _paging(screen: Terminal, keys: int) -> Iterator[float]:
    """A page at a time towards the beginning; every other page or so is fetched from the server."""
    for _ in range(keys):
        began = screen.press("\x1b[5~")
        yield screen.first_bytes() - began
        screen.rest(0.05)


def _report(case: str, seconds: list[float], *, p99: bool = False) -> None:
    ms = [1000 * value for value in seconds]
    value = harness.percentile(ms, 0.99 if p99 else 0.5)
    more: dict[str, Any] = (
        {"p50_ms": round(harness.percentile(ms, 0.5), 1), "of": len(ms)} if p99 else {"of": len(ms)}
    )
    harness.report("tui", f"{case}, p99" if p99 else case, value, "ms", **more)


def main() -> None:
    parser = argparse.ArgumentParser(prog="tui", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--keys", type=int, default=300)
    parser.add_argument("--starts", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mesh-bench-") as folder, harness.running_server() as server:
        for kind in ("CONFIG", "DATA", "STATE"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(folder, kind.lower()))
        harness.run(fill(server, arguments.messages))
        harness.run(sign_in(server))
        starts(server, arguments.starts)
        room(server, arguments.messages, arguments.keys)


if __name__ == "__main__":
    main()
