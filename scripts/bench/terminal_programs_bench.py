"""`scripts/bench/terminal_programs`: what sharing a terminal costs, between programs as people start them.

Strategy: a real server, alice's `mesh-agent terminal share` with a plain bash in a pseudo-terminal, and bob's
`mesh-agent terminal watch` in another, timed from outside. What only a program can know of itself (bytes that
came, how long its loop is held up) is measured in this one, which watches too and paints into nothing. All of
it, the server included, shares the machine's cores.
"""

import argparse
import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from mesh_agent.agent import Agent
from mesh_agent.terminal.painter import Painter
from mesh_agent.terminal.pane import Pane
from mesh_agent.terminal.watching import Watching
from scripts.bench import harness

BENCH: Final = "terminal"
COLUMNS, ROWS = 120, 40
ROOM: Final = "bench"
PATIENCE_S: Final = 60.0
KEYS: Final = 200
TOP_S: Final = 15.0
LOAD_S: Final = 8.0
LAG_S: Final = 0.005
FRAME: Final = b"\x1b[?2026h"
SHELL: Final = ("bash", "--norc", "--noprofile")
PEOPLE: Final = ("alice", "bob", "bob2", "bob3")
PASSWORD: Final = "password123"


class Window:
    """A program in a pseudo-terminal; what it writes is read by a thread, and counted."""

    def __init__(self, arguments: Sequence[str], rows: int = ROWS) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, COLUMNS, 0, 0))
        environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PS1": "$ "}
        self.process = subprocess.Popen(
            arguments, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.frames = 0
        self._tail = b""
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65536):
                with self._news:
                    self.frames += data.count(FRAME)
                    self._tail = (self._tail + data)[-65536:]
                    self._news.notify_all()

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def forget(self) -> None:
        """What was written so far does not count any more."""
        with self._news:
            self._tail = b""

    def wait(self, *wanted: bytes) -> float:
        """When all of it had been read. Raises: SystemExit."""
        with self._news:
            if not self._news.wait_for(lambda: all(each in self._tail for each in wanted), PATIENCE_S):
                raise SystemExit(f"{wanted!r} did not come: {self._tail[-500:]!r}")
            return time.perf_counter()

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def window(*arguments: str, rows: int = ROWS) -> Iterator[Window]:
    opened = Window(arguments, rows)
    try:
        yield opened
    finally:
        opened.close()


def agent_command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "mesh_agent", "--profile", name, *arguments]


def run(name: str, *arguments: str) -> None:
    subprocess.run(agent_command(name, *arguments), check=True, stdout=subprocess.DEVNULL)


@contextmanager
def sharing() -> Iterator[Window]:
    command = agent_command("alice", "terminal", "share", "--room", ROOM, "--let-in", "members", "--", *SHELL)
    with window(*command) as alice:
        alice.wait(b"$ ")
        yield alice


@contextmanager
def watching_program() -> Iterator[Window]:
    command = agent_command("bob", "terminal", "watch", "@alice", "--room", ROOM)
    with window(*command, rows=ROWS + 1) as bob:
        bob.wait(b"read-only")
        yield bob


@asynccontextmanager
async def watching(agent: Agent) -> AsyncIterator[Watching]:
    room = agent.room(ROOM)
    async with await agent.terminals.watch(room.id, "alice", columns=COLUMNS, rows=ROWS) as made:
        async with asyncio.timeout(PATIENCE_S):
            while made.phase != "open" or not made.screen.number:
                made.changed.clear()
                await made.changed.wait()
        yield made


@asynccontextmanager
async def connected(name: str) -> AsyncIterator[Agent]:
    agent = await Agent.open(profile=name)
    try:
        await agent.start()
        await agent.wait_connected(PATIENCE_S)
        await agent.wait_current(agent.room(ROOM).id)
        yield agent
    finally:
        await agent.close()


def percentile(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


# ── the cases ────────────────────────────────────────────────────────────────────────────────────


def key_to_echo() -> None:
    """From a key at bob's terminal to its echo there, through alice's bash."""
    with sharing() as alice, watching_program() as bob:
        bob.type("w")
        alice.wait(b"wants to write")
        alice.type("\x1d")
        alice.wait(b"may write")
        alice.type("v")
        alice.wait(b"compared them")
        alice.forget()
        alice.type("y")
        alice.wait(FRAME)
        time.sleep(1)
        alice.type("w")
        bob.wait(b"you may type")
        alice.type("\x1b")
        time.sleep(1)
        took = []
        for number in range(KEYS):
            letter = chr(ord("a") + number % 26)
            time.sleep(0.02)
            bob.forget()
            began = time.perf_counter()
            bob.type(letter)
            took.append(bob.wait(letter.encode()) - began)
            if number % 26 == 25:
                bob.forget()
                bob.type("\x15")
                time.sleep(0.2)
    harness.report(BENCH, "key to echo at a guest p50", 1000 * percentile(took, 0.5), "ms")
    harness.report(BENCH, "key to echo at a guest p99", 1000 * percentile(took, 0.99), "ms", aim=30)


def cat_time(shell: Window, big: Path) -> float:
    shell.forget()
    began = time.perf_counter()
    shell.type(f"cat {big}; echo do''ne\r")
    return shell.wait(b"done") - began


async def cat(folder: Path, megabytes: int) -> None:
    big = folder / "big"
    line = ("the quick brown fox jumps over the lazy dog " * 3)[:119] + "\n"
    big.write_text(line * (megabytes * 1_000_000 // len(line)))
    with window(*SHELL) as plain:
        plain.wait(b"$ ")
        alone = await asyncio.to_thread(cat_time, plain, big)
    with sharing() as alice, watching_program() as bob:
        frames = bob.frames
        shared = await asyncio.to_thread(cat_time, alice, big)
        painted = (bob.frames - frames) / shared
    harness.report(BENCH, f"cat of {megabytes} MB, plain", alone, "s")
    harness.report(BENCH, f"cat of {megabytes} MB, shared", shared, "s")
    harness.report(BENCH, "shared against plain", shared / alone, "times", aim=1.5)
    harness.report(BENCH, "a guest's paintings meanwhile", painted, "1/s", aim=20)
    with sharing() as alice:
        async with connected("bob") as agent, watching(agent) as seen:
            lags: list[float] = []
            tasks = [asyncio.create_task(work) for work in (measure_lag(lags), paint(seen))]
            await asyncio.to_thread(cat_time, alice, big)
            for task in tasks:
                task.cancel()
    harness.report(BENCH, "lag of a guest's loop meanwhile p99", 1000 * percentile(lags, 0.99), "ms", aim=50)


async def measure_lag(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(LAG_S)
        lags.append(time.perf_counter() - began - LAG_S)


async def paint(seen: Watching) -> None:
    """As the program does it, into nothing."""
    pane, painter = Pane(COLUMNS, ROWS), Painter(COLUMNS, ROWS)
    while True:
        seen.changed.clear()
        pane.look(seen.screen, seen.cursor)
        data = painter.paint(pane.lines(seen.screen), pane.cursor(seen.cursor))
        await asyncio.to_thread(len, data)
        await seen.changed.wait()


async def idle_top() -> None:
    with sharing() as alice:
        async with connected("bob") as agent, watching(agent) as seen:
            alice.type("top\r")
            alice.wait(b"PID")
            await asyncio.sleep(3)
            before = seen.received_bytes
            await asyncio.sleep(TOP_S)
            rate = (seen.received_bytes - before) / TOP_S
            alice.type("q")
    harness.report(BENCH, f"bytes for an idle top at {COLUMNS}x{ROWS}", rate, "B/s", aim=2_000)


async def many_guests() -> None:
    """The processor time of alice's processes while her shell writes a line twenty times a second."""
    used: dict[int, float] = {}
    async with contextlib.AsyncExitStack() as stack:
        alice = stack.enter_context(sharing())
        agents = [await stack.enter_async_context(connected(name)) for name in PEOPLE[1:]]
        alice.type("while :; do echo $RANDOM $RANDOM; sleep 0.05; done\r")
        for count in (1, 20):
            for number in range(len(used), count):
                await stack.enter_async_context(watching(agents[number % len(agents)]))
            await asyncio.sleep(2)
            before = tree_seconds(alice.process.pid)
            await asyncio.sleep(LOAD_S)
            used[count] = (tree_seconds(alice.process.pid) - before) / LOAD_S
    harness.report(BENCH, "host's processor with 1 guest", 100 * used[1], "%")
    harness.report(BENCH, "host's processor with 20 guests", 100 * used[20], "%")
    harness.report(BENCH, "20 guests against 1", used[20] / used[1], "times", aim=2)


def tree_seconds(process: int) -> float:
    """Of a process and its children, without the program that they run."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return harness.cpu_seconds(process) + sum(harness.cpu_seconds(int(child)) for child in children)


async def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench/terminal_programs", description=__doc__)
    parser.add_argument("--only", choices=("keys", "cat", "top", "guests"))
    parser.add_argument("--megabytes", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mesh-bench-") as name, harness.running_server() as server:
        folder = Path(name)
        os.environ |= {"HOME": name, "XDG_CONFIG_HOME": f"{name}/c", "XDG_DATA_HOME": f"{name}/d"}
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
        secret = folder / "password"
        secret.write_text(f"{PASSWORD}\n")
        for person in PEOPLE:
            run(person, "--server", server.url, "register", person, "--password-file", str(secret))
        run("alice", "room", "create", ROOM)
        for person in PEOPLE[1:]:
            run(person, "join", ROOM)
        if options.only in (None, "keys"):
            await asyncio.to_thread(key_to_echo)
        if options.only in (None, "cat"):
            await cat(folder, options.megabytes)
        if options.only in (None, "top"):
            await idle_top()
        if options.only in (None, "guests"):
            await many_guests()


if __name__ == "__main__":
    asyncio.run(main())
