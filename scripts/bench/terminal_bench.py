"""`scripts/bench/terminal`: what a shared terminal costs, from a program's bytes to a guest's frames.

Strategy: the emulators are measured alone, over output as programs write it, and with the screens that guests
are told. The program itself runs in a pseudo-terminal that is drained as the process of a shared terminal
does it, by the same pump and the same stage, with a guest that is told the latest state sixty times a second;
beside it the same program, drained by a reader that does nothing.
"""

import argparse
import asyncio
import os
import random
import select
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from mesh_agent.machines.terminal_flow import RATE
from mesh_agent.terminal import pty
from mesh_agent.terminal.emulator import SCROLLBACK, Emulator
from mesh_agent.terminal.ghostty import Ghostty
from mesh_agent.terminal.screen import Screen
from mesh_agent.terminal.stage import Stage
from mesh_agent.terminal.vt import Pyte
from scripts.bench import harness

BENCH: Final = "terminal"
COLUMNS: Final = 120
ROWS: Final = 40
PIECE: Final = 64 * 1024
FED: Final = {"ghostty": 64 * 1024 * 1024, "pyte": 512 * 1024}
TURNS: Final = 30
CAT_BYTES: Final = 100 * 1024 * 1024
CATS: Final = 3
WATCHED_S: Final = 30
ENGINES: Final[dict[str, Callable[[int, int], Emulator]]] = {"ghostty": Ghostty, "pyte": Pyte}

_WORDS: Final = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "1024", "src/main.py")


def plain_text(size: int) -> bytes:
    """Lines of words, as a log has them."""
    chance = random.Random(1)
    lines = [" ".join(chance.choices(_WORDS, k=chance.randrange(4, 18))) for _ in range(500)]
    text = ("\r\n".join(lines) + "\r\n").encode()
    return (text * (size // len(text) + 1))[:size]


def colourful(size: int) -> bytes:
    """Words of which every third has a style of its own, as a compiler or a listing writes them."""
    chance = random.Random(1)
    words = []
    for _ in range(5_000):
        word = chance.choice(_WORDS)
        style = chance.choice(("", "", "1;31", "32", "38;5;208", "38;2;120;200;80", "1;4"))
        words.append(f"\x1b[{style}m{word}\x1b[0m" if style else word)
        words.append("\r\n" if not chance.randrange(12) else " ")
    text = "".join(words).encode()
    return (text * (size // len(text) + 1))[:size]


# ── the emulators ────────────────────────────────────────────────────────────────────────────────


def measure_reading() -> None:
    for name, make in ENGINES.items():
        for case, text in (("plain text", plain_text(FED[name])), ("colourful", colourful(FED[name]))):
            emulator = make(COLUMNS, ROWS)
            begin = time.perf_counter()
            for at in range(0, len(text), PIECE):
                emulator.feed(text[at : at + PIECE])
            took = time.perf_counter() - begin
            emulator.close()
            harness.report(BENCH, f"{case}, {name}", len(text) / took / 1e6, "MB/s")


def measure_repaint() -> None:
    """A screen on which every row is another one than before."""
    for name, make in ENGINES.items():
        for case, make_text in (("plain text", plain_text), ("colourful", colourful)):
            text = make_text(2 * COLUMNS * ROWS)
            lines = [line[: 3 * COLUMNS] for line in text.split(b"\r\n")]
            emulator = make(COLUMNS, ROWS)
            screen = Screen(emulator)
            took, size = [], 0
            for turn in range(TURNS):
                page = [lines[(turn * 7 + row) % len(lines)] for row in range(ROWS)]
                emulator.feed(b"\x1b[H\x1b[2J" + b"\r\n".join(page))
                begin = time.perf_counter()
                screen.update()
                size = sum(map(len, screen.state_since(0)))
                took.append(time.perf_counter() - begin)
            emulator.close()
            case = f"whole repaint, {case}, {name}"
            harness.report(BENCH, case, statistics.median(took) * 1e3, "ms", bytes=size)


# ── a program ────────────────────────────────────────────────────────────────────────────────────


def _start(command: Sequence[str]) -> tuple[subprocess.Popen[bytes], int]:
    """The program, and our end of its terminal."""
    ours, its = os.openpty()
    pty.set_size(its, COLUMNS, ROWS)
    environment = {**os.environ, "TERM": "xterm-256color"}
    program = subprocess.Popen(command, stdin=its, stdout=its, env=environment, start_new_session=True)
    os.close(its)
    os.set_blocking(ours, False)
    return program, ours


def _drained(command: Sequence[str]) -> float:
    """Seconds with a reader that does nothing."""
    begin = time.perf_counter()
    program, ours = _start(command)
    while True:
        select.select([ours], [], [])
        try:
            if not os.read(ours, PIECE):
                break
        except OSError:
            break
    os.close(ours)
    program.wait()
    return time.perf_counter() - begin


class Watched:
    """A program that is shared, and a guest who is told of it."""

    def __init__(self) -> None:
        self.states = self.bytes = self.number = 0
        self.late: list[float] = []

    async def run(self, command: Sequence[str], at_most_s: float) -> float:
        """Seconds until it had ended and all of it was read, or `at_most_s`."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        begin = loop.time()
        program, ours = _start(command)
        stage = Stage(COLUMNS, ROWS, SCROLLBACK, lambda: None)

        def over() -> None:
            loop.call_soon_threadsafe(ended.set)

        pump = pty.Pump(ours, stage.take, over)
        pump.begin()
        watching = loop.create_task(self._watch(stage))
        exits = loop.run_in_executor(None, program.wait)
        exits.add_done_callback(lambda _: pump.finish())
        try:
            async with asyncio.timeout(at_most_s):
                await ended.wait()
        except TimeoutError:
            program.kill()
            await exits
        took = loop.time() - begin
        watching.cancel()
        await asyncio.to_thread(pump.close)
        stage.close()
        return took

    async def _watch(self, stage: Stage) -> None:
        loop = asyncio.get_running_loop()
        while True:
            wait = max(stage.look(loop.time(), loop.time), 1 / RATE)
            number, frames = stage.states(self.number, 0, anew=False)
            if frames:
                self.number = number
                self.states += 1
                self.bytes += sum(map(len, frames))
            due = loop.time() + wait
            await asyncio.sleep(wait)
            self.late.append(loop.time() - due)


async def measure_cat() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text"
        path.write_bytes(plain_text(CAT_BYTES).replace(b"\r\n", b"\n"))
        command = ("cat", str(path))
        bare: list[float] = []
        shared: list[float] = []
        repaints: list[float] = []
        late: list[float] = []
        for _ in range(CATS):
            bare.append(await asyncio.to_thread(_drained, command))
            watched = Watched()
            shared.append(await watched.run(command, 600))
            repaints.append(watched.states / shared[-1])
            late += watched.late
    times = statistics.median(shared) / statistics.median(bare)
    more = {"bare_s": round(statistics.median(bare), 2), "shared_s": round(statistics.median(shared), 2)}
    harness.report(BENCH, "cat of 100 MB, against a plain reader", times, "times", **more)
    harness.report(BENCH, "states told meanwhile", min(repaints), "a second")
    harness.report(BENCH, "the loop is late meanwhile, p99", harness.percentile(late, 0.99) * 1e3, "ms")


async def measure_top() -> None:
    if shutil.which("top") is None:
        harness.skip(BENCH, "an idle top", "there is no top here")
        return
    watched = Watched()
    took = await watched.run(("top",), WATCHED_S)
    more = {"states": watched.states}
    harness.report(BENCH, "an idle top", watched.bytes / took / 1024, "KB/s", **more)


CASES: Final = ("emulators", "cat", "top")


async def measure(cases: Sequence[str]) -> None:
    if "emulators" in cases:
        measure_reading()
        measure_repaint()
    if "cat" in cases:
        await measure_cat()
    if "top" in cases:
        await measure_top()


def main() -> None:
    parser = argparse.ArgumentParser(prog="terminal", description=__doc__)
    parser.add_argument("--only", choices=CASES, help="leave out all others")
    only = parser.parse_args().only
    harness.run(measure(CASES if only is None else (only,)))


if __name__ == "__main__":
    main()
