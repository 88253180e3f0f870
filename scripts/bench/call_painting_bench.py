"""`scripts/bench/call_painting`: what a moving picture costs `mesh-tui`, and how quick a key is beside it.

Strategy: the widget of a call's pictures and a place to write are run by the app's own driver, compositor and
pace in a pseudo-terminal that is read as fast as it comes. Every cell is another one in each picture, which
is the worst there is, or a third of them. As pixels, for kitty, and as sixels it is a picture as a camera
gives it, with colours that move and a little noise; the terminal says at once that it has read them. The
program's CPU is that with pictures less that without; what makes them is another process, and told apart.
"""

import argparse
import os
import pty
import random
import re
import select
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from scripts.bench import harness

if TYPE_CHECKING:
    from av import VideoFrame

    from mesh_agent.calls.state import Picture
    from mesh_agent.media.orders import Form
    from mesh_tui.pictures.live import Sight
    from mesh_tui.terminal_app import TerminalApp

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


CELL: Final = (8, 16)
CAMERA: Final = (320, 180)
"""Pixels of a cell, and of what a camera sends."""


def film() -> "list[VideoFrame]":
    """Large patches of colour that move, with soft edges and a little noise."""
    import numpy as np
    from av import VideoFrame

    across, down = CAMERA
    chance = np.random.default_rng(1)
    rough = chance.integers(0, 255, (12, 20, 3)).astype(np.float64)
    whole = rough.repeat(24, axis=0).repeat(24, axis=1)
    for _ in range(8):
        whole = (whole + np.roll(whole, 3, 0) + np.roll(whole, 3, 1)) / 3
    made = []
    for turn in range(LOOP):
        seen = whole[turn * 3 : turn * 3 + down, turn * 5 : turn * 5 + across]
        noisy = seen + chance.normal(0, 3, (down, across, 1))
        made.append(VideoFrame.from_ndarray(np.clip(noisy, 0, 255).astype(np.uint8), format="rgb24"))
    return made


def pixels(form: "Form") -> "tuple[list[Picture], float]":
    """As the process of a call makes them, and how many ms of CPU each took it."""
    from mesh_agent.calls.state import Picture
    from mesh_agent.media.orders import Tile
    from mesh_agent.media.video.raster import Raster

    raster = Raster(Tile("", COLUMNS, ROWS, False, form, COLUMNS * CELL[0], ROWS * CELL[1]))
    frames, made = film(), []
    raster.painted(frames[-1])
    began = time.process_time()
    for frame in frames:
        told = raster.painted(frame)
        assert told is not None
        made.append(Picture("", told.columns, told.rows, told.pixels, told.form, told.across, told.down))
    return made, 1e3 * (time.process_time() - began) / len(made)


def sight(app: "TerminalApp", form: "Form") -> "Sight":
    from mesh_tui.pictures.live import ByKitty, BySixels, Means

    if form == "rgb":
        return ByKitty(app, 1, Means("rgb", CELL, edits=True), COLUMNS, ROWS)
    return BySixels(app, 1, COLUMNS, ROWS)


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
    from mesh_tui.layout.cells import Line
    from mesh_tui.screens.base import Patient
    from mesh_tui.terminal_app import TerminalApp
    from mesh_tui.widgets.lines import LineList
    from mesh_tui.widgets.moving import MovingPicture

    form = FORMS.get(kind)
    shown: list[Picture] = []
    if form:
        shown, _ = pixels(form)
    elif kind != "none":
        shown = [Picture("", COLUMNS, ROWS, each) for each in pictures(kind)]
    count, began = 0, 0.0

    class Cells(LineList):
        def make(self, _: int) -> Sequence[Line]:
            return place.lines if place else ()

    class Showing(Patient[None]):
        CSS = f"MovingPicture, Cells {{ height: {ROWS}; }} TextArea {{ height: {BELOW}; border: none; }}"

        def compose(self) -> ComposeResult:
            yield Cells() if form else MovingPicture()
            yield TextArea()

        def on_mount(self) -> None:
            nonlocal began
            self.query_one(TextArea).focus()
            self.set_interval(1 / RATE, self.put)
            began = time.process_time()

        def put(self) -> None:
            nonlocal count
            count += 1
            if place:
                place.show(shown[count % LOOP])
            elif shown:
                self.query_one(MovingPicture).put(shown[count % LOOP])

    class Bench(TerminalApp):
        def on_mount(self) -> None:
            self.push_screen(Showing())

        def leave(self, code: int) -> None:
            self.exit(return_code=code)

        def terminal_is(self, name: str) -> None: ...

    app = Bench(driver_class=MeshDriver)
    place = sight(app, form) if form else None
    app.run()
    Path(out).write_text(f"{time.process_time() - began} {count}", "utf-8")


class Run:
    """One program in a terminal."""

    def __init__(self, kind: str, out: Path) -> None:
        self.bytes = 0
        self.shown = 0
        self._out = out
        self._part = b""
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
                if letter in self._answered(piece) and letter:
                    return time.perf_counter()
        return None

    def _answered(self, piece: bytes) -> bytes:
        """Without pictures, which have every letter. The terminal says when it has read them."""
        piece = self._part + piece
        unfinished = UNFINISHED.search(piece)
        end = unfinished.start() if unfinished else len(piece)
        piece, self._part = piece[:end], piece[end:]
        self.shown += len(LAST.findall(piece))
        if asked := piece.count(b"\x1b[5n"):
            os.write(self._fd, b"\x1b[0n" * asked)
        return PICTURES.sub(b"", piece)

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

UNFINISHED: Final = re.compile(rb"\x1b(?:[P_][^\x1b]*\x1b?)?\Z")
PICTURES: Final = re.compile(rb"\x1b(?:_G|P7;1q)[^\x1b]*\x1b\\")
LAST: Final = re.compile(rb"\x1b(?:_G[^;\x1b]*m=0;|P7;1q)")
"""The last piece of a picture."""


def measure(kind: str, folder: Path) -> tuple[float, int, list[float], int]:
    """Seconds of CPU, pictures, milliseconds from a key to its letter, bytes."""
    run = Run(kind, folder / kind)
    if run.read(time.perf_counter() + 30.0, b"\x1b[?1049h") is None:
        raise SystemExit("it does not begin")
    run.read(time.perf_counter() + 2.0)
    run.bytes = run.shown = 0
    until = time.perf_counter() + SECONDS
    took: list[float] = []
    while time.perf_counter() < until:
        letter = LETTERS[len(took) % len(LETTERS)]
        took.append(run.press(bytes([letter])))
        run.read(time.perf_counter() + PAUSE_S)
    size, shown = run.bytes, run.shown
    cpu, count = run.end()
    if kind in FORMS:
        harness.report(BENCH, f"pictures that the terminal was told, {kind}", shown / SECONDS, "a second")
    return cpu, count, took, size


FORMS: Final[dict[str, "Form"]] = {"kitty": "rgb", "sixels": "sixels"}
CASES: Final = (
    ("all", "every cell changes"),
    ("head", "a third changes"),
    ("kitty", "pixels for kitty"),
    ("sixels", "sixels"),
)


def main() -> None:
    with TemporaryDirectory() as folder:
        idle, _, quiet, _ = measure("none", Path(folder))
        harness.report(BENCH, "key to paint, no picture", _p99(quiet), "ms p99")
        for kind, form in FORMS.items():
            _, spent = pixels(form)
            harness.report(BENCH, f"a picture made for {kind}", spent, "ms CPU of the call's process")
        for kind, case in CASES:
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
