"""`scripts/bench/transfer_keys`: how quick a key is in `mesh-tui` while it sends a large file.

Strategy: alice's `mesh-tui` in a pseudo-terminal, in a room with a few hundred messages, sends a file by its
own `/send` to bob's `mesh-agent receive` on the same machine: all of it real, the card in the room and the
process that moves the bytes. Keys are written at random moments and are painted when their letter has been
read. First without a transfer, then while one flows, as often as it takes for enough keys; the machine's two
cores are everybody's, so what others do shows.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from scripts.bench import harness, tui_bench
from scripts.bench.tui_bench import Terminal

NAME: Final = "transfer_keys"
MIB: Final = 2**20
MESSAGES: Final = 300
SENDER, RECEIVER = "user1", "user0"
PASSWORD: Final = "password123"
PATIENCE_S: Final = 300.0
LETTERS: Final = "QXZVWYJ"
"""Nothing else that is painted has them: no size, no speed."""


def fill(folder: Path, mib: int) -> Path:
    """A file of random bytes."""
    path = folder / "large.bin"
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))
    return path


@contextmanager
def receiving(server: harness.Server, folder: Path) -> Iterator[Path]:
    """Bob's program, which takes what comes into the folder that this gives."""
    into, secret = folder / "into", folder / "password"
    into.mkdir()
    secret.write_text(f"{PASSWORD}\n")
    agent = [sys.executable, "-m", "mesh_agent", "--profile", "receiver", "--server", server.url]
    subprocess.run([*agent, "login", RECEIVER, "--password-file", str(secret)], check=True, stdout=sys.stderr)
    with subprocess.Popen([*agent, "receive", "--into", str(into), "--yes"], stdout=sys.stderr) as program:
        try:
            yield into
        finally:
            program.terminate()


class Keys:
    """Letters typed into the composer, and what each of them took."""

    def __init__(self, screen: Terminal) -> None:
        self._screen = screen
        self._choose = random.Random(3)
        self._typed = 0

    def press(self) -> float:
        """Seconds from one letter to its being painted."""
        letter = self._choose.choice(LETTERS)
        began = self._screen.press(letter)
        took = self._screen.wait_letter(letter) - began
        self._screen.watch(0.01 + self._choose.random() * 0.03)
        self._typed += 1
        if self._typed % 60 == 0:
            self.clear()
        return took

    def clear(self) -> None:
        self._screen.press("\x15")
        self._screen.watch(0.1)


def send(screen: Terminal, keys: Keys, path: Path, into: Path) -> tuple[list[float], float]:
    """What keys took from the first byte of the file to the last, and the seconds between these."""
    keys.clear()
    screen.press(f"/send {path} @{RECEIVER}")
    screen.rest(0.3)
    screen.press("\r")
    wanted = into / path.name
    while not any(into.iterdir()):
        screen.watch(0.01)
    took, began = [], time.perf_counter()
    while not wanted.exists():
        took.append(keys.press())
        if time.perf_counter() - began > PATIENCE_S:
            raise SystemExit("the file did not arrive")
    seconds = time.perf_counter() - began
    wanted.unlink()
    screen.rest(1.0)
    return took, seconds


def measure(server: harness.Server, folder: Path, options: argparse.Namespace) -> None:
    path = fill(folder, options.mib)
    with receiving(server, folder) as into, tui_bench.terminal(*_who(server)) as screen:
        screen.wait("connected")
        screen.rest()
        screen.press("\r")
        screen.wait("Message ")
        screen.rest(0.5)
        keys = Keys(screen)
        _report("nothing else goes on", [keys.press() for _ in range(options.keys)])
        took: list[float] = []
        seconds: list[float] = []
        while len(took) < options.keys:
            os.utime(path)  # so that it is another one, and sent anew
            pressed, lasted = send(screen, keys, path, into)
            took += pressed
            seconds.append(round(lasted, 1))
        _report(f"{options.mib} MiB flow", took, aim=50, seconds=seconds)


def _who(server: harness.Server) -> tuple[str, ...]:
    return "--server", server.url, "--profile", "bench"


def _report(case: str, took: list[float], **more: Any) -> None:
    p99 = 1000 * harness.percentile(took, 0.99)
    p50 = round(1000 * harness.percentile(took, 0.5), 1)
    harness.report(NAME, f"key to paint while {case}, p99", p99, "ms", p50_ms=p50, of=len(took), **more)


def main() -> None:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--mib", type=int, default=2_048)
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--in", dest="folder", type=Path, help="a folder on the disk that is used")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="mesh-bench-", dir=options.folder) as name,
        harness.running_server() as server,
    ):
        folder = Path(name)
        for kind in ("CONFIG", "DATA", "STATE"):
            os.environ[f"XDG_{kind}_HOME"] = str(folder / kind.lower())

        async def prepare() -> None:
            await tui_bench.fill(server, MESSAGES)

        harness.run(prepare())
        harness.run(tui_bench.sign_in(server))
        measure(server, folder, options)


if __name__ == "__main__":
    main()
