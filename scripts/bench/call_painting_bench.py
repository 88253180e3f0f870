"""`scripts/bench/call_painting`: what a moving picture costs `mesh-tui`, and how quick a key is beside it.

Strategy: the widget of a call's pictures and a place to write are run by the app's own driver, compositor and
pace in a pseudo-terminal that is read as fast as it comes. Every cell is another one in each picture, which
is the worst there is, or a third of them. The program's CPU is that with pictures less that without.
"""

import argparse
import os
import pty
import random
import select
import signal
import statistics
import struct
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from scripts.bench import harness

BENCH: Final = "call_painting"
COLUMNS: Final = 80
ROWS: Final = 40
BELOW: Final = 4
RATE: Final = 15
SECONDS: Final = 8.0
PAUSE_S: Final = 0.11
"""Between two keys."""

LOOP: Final = 30
"""Pictures that are made beforehand, and shown in turn."""


def pictures(kind: str) -> list[bytes]:
    """Colours of five bits, as they come from the process of a call."""
    chance = random.Random(1)
    base = bytearray(value & 0xF8 for value in chance.randbytes(3 * COLUMNS * 2 * ROWS))
    made = []
    for turn in range(LOOP):
        if kind == "all":
            at = 3 * 7 * turn
            made.append(bytes(base[at:] + base[:at]))
        else:
            picture = bytearray(base)
            for row in range(20, 66):
                at = 3 * (row * COLUMNS + 20 + turn % 8)
                picture[at : at + 3 * 40] = bytes(value & 0xF8 for value in chance.randbytes(3 * 40))
            made.append(bytes(picture))
    return made


def show(kind: str, out: str) -> None:
    """In the terminal: runs until it is told to end, and writes seconds of CPU and pictures painted."""
    from textual.app import ComposeResult
    from textual.widgets import TextArea

    from mesh_agent.calls.state import Picture
    from mesh_tui.driver import MeshDriver
    from mesh_tui.screens.base import Patient
    from mesh_tui.terminal_app import TerminalApp
    from mesh_tui.widgets.moving import MovingPicture

    shown = [] if kind == "none" else [Picture("", COLUMNS, ROWS, pixels) for pixels in pictures(kind)]
    count, began = 0, 0.0

    class Showing(Patient[None]):
        CSS = f"MovingPicture {{ height: {ROWS}; }} TextArea {{ height: {BELOW}; border: none; }}"

        def compose(self) -> ComposeResult:
            yield MovingPicture()
            yield TextArea()

        def on_mount(self) -> None:
            nonlocal began
            self.query_one(TextArea).focus()
            self.set_interval(1 / RATE, self.put)
            began = time.process_time()

        def put(self) -> None:
            nonlocal count
            count += 1
            if shown:
                self.query_one(MovingPicture).put(shown[count % LOOP])

    class Bench(TerminalApp):
        def on_mount(self) -> None:
            self.push_screen(Showing())

        def leave(self, code: int) -> None:
            self.exit(return_code=code)

        def terminal_is(self, name: str) -> None: ...

    Bench(driver_class=MeshDriver).run()
    Path(out).write_text(f"{time.process_time() - began} {count}", "utf-8")


class Run:
    """One program in a terminal."""

    def __init__(self, kind: str, out: Path) -> None:
        self.bytes = 0
        self._out = out
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            command = [sys.executable, "-m", "scripts.bench.call_painting_bench", "--show", kind, str(out)]
            os.execv(sys.executable, command)
        ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS + BELOW, COLUMNS, 0, 0))

    def read(self, until: float, letter: bytes = b"") -> float | None:
        """Reads until then, or `letter` is painted, which is found at the end of a piece: when that was."""
        while (left := until - time.perf_counter()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                piece = os.read(self._fd, 1 << 16)
                self.bytes += len(piece)
                if letter and letter in piece:
                    return time.perf_counter()
        return None

    def press(self, letter: bytes) -> float:
        """Milliseconds until it is painted."""
        began = time.perf_counter()
        os.write(self._fd, letter)
        seen = self.read(began + 2, letter)
        if seen is None:
            raise SystemExit(f"{letter!r} was not painted")
        return 1e3 * (seen - began)

    def end(self) -> tuple[float, int]:
        """Seconds of CPU, and pictures."""
        os.kill(self.pid, signal.SIGTERM)
        reading = time.perf_counter() + 5
        while time.perf_counter() < reading and not self._out.exists():
            try:
                self.read(time.perf_counter() + 0.05)
            except OSError:
                break
        os.waitpid(self.pid, 0)
        cpu, count = self._out.read_text("utf-8").split()
        return float(cpu), int(count)


LETTERS: Final = b"QXZVWYKJ"
"""No sequence that paints has them."""


def measure(kind: str, folder: Path) -> tuple[float, int, list[float], int]:
    """Seconds of CPU, pictures, milliseconds from a key to its letter, bytes."""
    run = Run(kind, folder / kind)
    run.read(time.perf_counter() + 2.0)
    run.bytes = 0
    until = time.perf_counter() + SECONDS
    took: list[float] = []
    while time.perf_counter() < until:
        letter = LETTERS[len(took) % len(LETTERS)]
        took.append(run.press(bytes([letter])))
        run.read(time.perf_counter() + PAUSE_S)
    size = run.bytes
    cpu, count = run.end()
    return cpu, count, took, size


def main() -> None:
    with TemporaryDirectory() as folder:
        idle, _, quiet, _ = measure("none", Path(folder))
        harness.report(BENCH, "key to paint, no picture", _p99(quiet), "ms p99")
        for kind, case in (("all", "every cell changes"), ("head", "a third changes")):
            cpu, count, took, size = measure(kind, Path(folder))
            harness.report(
                BENCH, f"80x40 at {RATE}/s, {case}", 1e3 * (cpu - idle) / count, "ms CPU a picture"
            )
            harness.report(BENCH, f"key to paint, {case}", _p99(took), "ms p99", p50=statistics.median(took))
            harness.report(BENCH, f"bytes, {case}", size / SECONDS / 1e6, "MB/s")


def _p99(values: list[float]) -> float:
    return sorted(values)[int(0.99 * (len(values) - 1))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="call_painting", description=__doc__)
    parser.add_argument("--show", nargs=2, metavar=("KIND", "FILE"), help="what runs in the terminal")
    given = parser.parse_args()
    if given.show:
        show(*given.show)
    else:
        main()
