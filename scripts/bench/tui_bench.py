"""`scripts/bench/tui`: how long `mesh-tui` takes to paint, and how much memory it takes.

Strategy: the program runs in a pseudo-terminal of 120x40 and is timed from outside: from exec to the first
screen and to Home, and from writing a key to having read what it changed. The room has 100,000 messages in
the server's log, sent over a WebSocket like any others. Bytes are those that the program writes until nothing
more comes; the terminal says of itself what xterm says.
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
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from scripts.bench import harness
from scripts.bench.seed import Person
from tests.support.terminal import Emulator

COLUMNS: Final = 120
ROWS: Final = 40
PATIENCE_S: Final = 30.0
IDLE_S: Final = 10
RATE: Final = 50
"""Messages a second while someone types."""

IN_FLIGHT: Final = 200
ROOM: Final = "big"
SIDE: Final = "side"
"""A room to switch to; it comes after the other in the order of the rooms."""

SIDE_MESSAGES: Final = 300
SWITCHES: Final = 100

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
        self.written = 0
        self._raw = self._unseen = b""
        self._emulator = Emulator(COLUMNS, ROWS)
        self.began = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(sys.executable, [sys.executable, "-m", "mesh_tui", *arguments])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def wait(self, text: str) -> float:
        """Seconds on the clock when what shows `text` had been read."""
        deadline = time.perf_counter() + PATIENCE_S
        last = time.perf_counter()
        while text not in self._text:
            left = deadline - time.perf_counter()
            if left <= 0 or not select.select([self._fd], [], [], left)[0]:
                raise SystemExit(f"{text!r} was not painted:\n{self._text}")
            last = self._read()
        return last

    def wait_letter(self, letter: str) -> float:
        """As `wait`, for a letter that nothing else writes, looked for in what came since the last key."""
        last = time.perf_counter()
        while letter.encode() not in _ESCAPE.sub(b"", self._raw):
            if not select.select([self._fd], [], [], PATIENCE_S)[0]:
                raise SystemExit(f"{letter!r} was not painted")
            last = self._read()
        return last

    @property
    def _text(self) -> str:
        # The emulator is fed only here: it takes some ms a frame, in which a letter may come that is timed.
        self._emulator.feed(self._unseen)
        self._unseen = b""
        return self._emulator.text

    def _read(self) -> float:
        piece = os.read(self._fd, 65536)
        now = time.perf_counter()
        self._raw += piece
        self._unseen += piece
        self.written += len(piece)
        return now

    def rest(self, quiet_s: float = 0.15, longest_s: float = PATIENCE_S) -> float:
        """Reads until nothing has come for a while; the time of the last piece."""
        began = last = time.perf_counter()
        while last - began < longest_s and select.select([self._fd], [], [], quiet_s)[0]:
            last = self._read()
        return last

    def watch(self, seconds: float) -> None:
        """Reads what comes for so long."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0 and select.select([self._fd], [], [], left)[0]:
            self._read()

    def press(self, keys: str) -> float:
        self.written = 0
        self._raw = b""
        began = time.perf_counter()
        os.write(self._fd, keys.encode())
        return began

    def first_bytes(self) -> float:
        """When the first of what a key changed had been read."""
        if not select.select([self._fd], [], [], PATIENCE_S)[0]:
            raise SystemExit("a key changed nothing")
        return self._read()

    def bytes_of(self, keys: str, quiet_s: float = 0.15) -> int:
        """How many bytes are written until nothing more comes after `keys`."""
        self.press(keys)
        self.rest(quiet_s)
        return self.written

    def used_s(self) -> float:
        return harness.cpu_seconds(self.pid)

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


async def fill(server: harness.Server, messages: int) -> tuple[Person, str]:
    """A room with so many messages, sent by one person over one socket, many at a time; both of them."""
    async with harness.rest(server) as rest:
        writer, reader = await rest.people(2)
        room_id = await rest.room(ROOM, [writer, reader])
        side_id = await rest.room(SIDE, [writer, reader])
    await _say_all(server, writer, side_id, SIDE_MESSAGES, "side ")
    await _say_all(server, writer, room_id, messages, "")
    return writer, room_id


async def _say_all(server: harness.Server, writer: Person, room_id: str, messages: int, before: str) -> None:
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
                type="chat.message.send",
                room_id=room_id,
                nonce=f"{before}n{sent}",
                content=f"{before}{sent}: {text}",
            )
            sent += 1
        await asyncio.sleep(0)
    client.close()


class Talk:
    """Someone else who writes in the room, on a loop and a thread of their own."""

    def __init__(self, server: harness.Server, writer: Person, room_id: str) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._sent = 0
        self._room = room_id
        opening = harness.connect(server, writer, lambda _: None)
        self._client = asyncio.run_coroutine_threadsafe(opening, self._loop).result()

    def _say(self) -> None:
        text = " ".join(random.choices(_WORDS, k=12))
        content = f"said {self._sent}: {text}"
        self._client.send(
            type="chat.message.send", room_id=self._room, nonce=f"t{self._sent}", content=content
        )
        self._sent += 1

    def heard(self, screen: Terminal, number: int) -> int:
        """The bytes that a message makes the program write."""
        screen.press("")
        self._loop.call_soon_threadsafe(self._say)
        screen.wait(f"said {number}")
        screen.rest(0.3)
        return screen.written

    @contextmanager
    def going_on(self, rate: int) -> Iterator[None]:
        async def go_on() -> None:
            while True:
                self._say()
                await asyncio.sleep(1 / rate)

        running = asyncio.run_coroutine_threadsafe(go_on(), self._loop)
        try:
            yield
        finally:
            running.cancel()


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


def switching(server: harness.Server) -> None:
    """From one room to another, both of which were open before, by the key of its number."""
    with terminal("--server", server.url, "--profile", "bench") as screen:
        screen.wait("connected")
        screen.rest()
        screen.press("\x1b2")
        screen.wait(f"Message {SIDE}")
        screen.rest(0.3)
        screen.press("\x1b[1;5F")
        took = []
        for _ in range(SWITCHES):
            screen.wait(f"side {SIDE_MESSAGES - 1}: ")
            screen.rest(0.1)
            screen.press("\x1b1")
            screen.wait(f" {ROOM}  ")
            screen.rest(0.1)
            began = screen.press("\x1b2")
            took.append(screen.wait(f"side {SIDE_MESSAGES - 1}: ") - began)
        _report("room switch, key to paint", took, p99=True)
        screen.rest(0.3)
        _sent("a room switch", [_switch(screen) for _ in range(10)])


def _switch(screen: Terminal) -> int:
    screen.bytes_of("\x1b1", 0.3)
    return screen.bytes_of("\x1b2", 0.3)


def line(talk: Talk, server: harness.Server) -> None:
    """What travels, and what is used while nobody does anything."""
    with terminal("--server", server.url, "--profile", "bench") as screen:
        screen.wait("connected")
        screen.rest(0.5)
        _sent("opening a room", [screen.bytes_of("\r", 0.5)])
        screen.bytes_of("\x1b[1;5F", 0.5)
        _sent("a letter typed", [screen.bytes_of(letter) for letter in string.ascii_lowercase])
        screen.bytes_of("\x15")
        _sent("a message that comes", [talk.heard(screen, number) for number in range(10)])
        _sent("a page up", [screen.bytes_of("\x1b[5~", 0.3) for _ in range(10)])
        _sent("going back to Home", [screen.bytes_of("\x1b", 0.5)])
        used = screen.used_s()
        time.sleep(IDLE_S)
        share = 100 * (screen.used_s() - used) / IDLE_S
        harness.report("tui", "CPU while nobody does anything", share, "%", of=IDLE_S)


def busy(talk: Talk, server: harness.Server, keys: int) -> None:
    """Typing while others write a lot in the same room."""
    with terminal("--server", server.url, "--profile", "bench") as screen:
        screen.wait("connected")
        screen.rest()
        screen.press("\r")
        screen.wait(f"Message {ROOM}")
        screen.rest(0.5)
        screen.press("\x1b[1;5F")
        screen.rest(0.5)
        with talk.going_on(RATE):
            _report(f"{RATE} messages a second: key to paint, typing", list(_typing(screen, keys)), p99=True)


def _typing(screen: Terminal, keys: int) -> Iterator[float]:
    """A letter at a time, at random moments, so that no timer of the program runs in step with them."""
    choose = random.Random(3)
    typed = ""
    for _ in range(keys):
        letter = choose.choice(string.ascii_uppercase)
        began = screen.press(letter)
        typed += letter
        yield screen.wait_letter(letter) - began
        screen.watch(0.02 + choose.random() * 0.08)  # to wait for a pause would be to seek out its stalls
        if len(typed) == 60:
            screen.press("\x15")
            typed = ""
            screen.watch(0.1)


def _paging(screen: Terminal, keys: int) -> Iterator[float]:
    """A page at a time towards the beginning; every other page or so is fetched from the server."""
    for _ in range(keys):
        began = screen.press("\x1b[5~")
        yield screen.first_bytes() - began
        screen.rest(0.05)


def _sent(case: str, counts: list[int]) -> None:
    sizes, largest = [float(count) for count in counts], max(counts)
    harness.report(
        "tui", f"bytes for {case}", harness.percentile(sizes, 0.5), "B", of=len(sizes), most=largest
    )


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
        people: list[tuple[Person, str]] = []

        async def prepare() -> None:
            people.append(await fill(server, arguments.messages))

        harness.run(prepare())
        harness.run(sign_in(server))
        starts(server, arguments.starts)
        room(server, arguments.messages, arguments.keys)
        switching(server)
        talk = Talk(server, *people[0])
        line(talk, server)
        busy(talk, server, arguments.keys)


if __name__ == "__main__":
    main()
