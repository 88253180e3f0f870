"""`scripts/bench/transfer_files`: files from disk to disk, between two processes on this machine.

Both ends are the program `transfer_end`: couriers over a QUIC lane and TLS lanes beside it, or over QUIC
alone. Beside them, in the same run, what people use otherwise, where it is installed (`others.py`): `scp` and
`rsync` through an ssh server of our own, magic-wormhole through a mailbox of our own, and `cp`. What is read
was written a moment before, so it comes from memory; what is written is on disk when it counts.
"""

import argparse
import json
import mmap
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from scripts.bench import harness, others
from scripts.bench.others import Missing

NAME = "transfer_files"
END = (sys.executable, "-m", "scripts.bench.transfer_end")
MIB = 2**20
SMALL_FILES = 10_000
SMALL_BYTES = 4_096
CHANGED = 10


def _carry(path: Path, into: Path, *options: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the sender and the receiver say of it."""
    into.mkdir(exist_ok=True)
    with subprocess.Popen([*END, "receive", str(into)], stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        where = json.loads(receiver.stdout.readline())["where"]
        send = [*END, "send", str(path), "--to", where, *options]
        sent = json.loads(subprocess.run(send, stdout=subprocess.PIPE, text=True, check=True).stdout)
        received = json.loads(receiver.stdout.readline())
    if sent["how"] != "done" or received["how"] != "done":
        sys.exit(f"it did not arrive: {sent} {received}")
    return sent, received


def _report(case: str, sent: dict[str, Any], received: dict[str, Any], unit: str = "MB/s") -> None:
    seconds = sent["seconds"]
    value = sent["bytes"] / 1e6 / seconds if unit == "MB/s" else seconds
    harness.report(
        NAME,
        case,
        value,
        unit,
        seconds=round(seconds, 2),
        sender_cpu_s=round(sent["cpu_s"], 2),
        receiver_cpu_s=round(received["cpu_s"], 2),
        most_mib=round(max(sent["most_mib"], received["most_mib"])),
    )


def _timed(work: Callable[[], Any]) -> float:
    """Seconds until it is done, and on disk."""
    began = time.perf_counter()
    work()
    os.sync()
    return time.perf_counter() - began


def _command(*parts: str) -> Callable[[], Any]:
    return partial(subprocess.run, parts, check=True, stdout=subprocess.DEVNULL)


def _touch(size: int) -> None:
    """A virtual machine takes seconds to be given memory that it has not used for a while; who comes first
    would pay for all. So before each figure as much is touched and given back.
    """
    memory = mmap.mmap(-1, size)
    for at in range(0, size, mmap.PAGESIZE):
        memory[at] = 1
    memory.close()


@contextmanager
def _emptied(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _beside(case: str) -> Iterator[None]:
    """A figure of another program; where that cannot be, the line says why."""
    try:
        yield
    except Missing as error:
        harness.skip(NAME, case, str(error))


# ── the cases ────────────────────────────────────────────────────────────────────────────────────


def measure_large(folder: Path, options: argparse.Namespace) -> None:
    size = options.mib * MIB
    path, tiny = folder / "large.bin", folder / "tiny.bin"
    tiny.write_bytes(b"!")
    with path.open("wb") as file:
        for _ in range(options.mib):
            file.write(os.urandom(MIB))
    os.sync()  # else the first figures would be of writing this one too
    for case, wishes in (
        ("one TLS lane", ["--lanes", "1"]),
        ("two TLS lanes", ["--lanes", "2"]),
        ("QUIC alone", ["--lanes", "0", "--quic-only"]),
    ):
        with _emptied(folder / "into") as into:
            _touch(2 * size)
            _report(f"{options.mib} MiB, {case}", *_carry(path, into, *wishes))

    def report(name: str, carry: Callable[[Path, Path], Callable[[], Any]]) -> None:
        """Ours counts from the offer on, and so the time that one byte takes is left out of theirs."""
        with _emptied(folder / "into") as into:
            beginning_s = _timed(carry(tiny, into / "tiny"))
            _touch(2 * size)
            seconds = _timed(carry(path, into / "large"))
        case, value = f"{options.mib} MiB, {name}", size / 1e6 / (seconds - beginning_s)
        harness.report(
            NAME, case, value, "MB/s", seconds=round(seconds, 2), beginning_s=round(beginning_s, 2)
        )

    with _beside(f"{options.mib} MiB, scp"), _emptied(folder / "ssh") as keys, others.ssh(keys) as to_here:
        report("scp", lambda one, into: _command("scp", "-q", *to_here, str(one), f"{others.HERE}:{into}"))
    with (
        _beside(f"{options.mib} MiB, magic-wormhole"),
        _emptied(folder / "mailbox") as mailbox,
        others.wormhole(mailbox, options.tools) as wormhole,
    ):
        report("magic-wormhole", lambda one, into: partial(wormhole.carry, one, into))
    report("cp", lambda one, into: _command("cp", str(one), str(into)))
    path.unlink()


def measure_small(folder: Path, _: argparse.Namespace) -> None:
    source, case = folder / "small", f"{SMALL_FILES:,} files of {SMALL_BYTES} bytes"
    for at in range(SMALL_FILES):
        (source / f"{at // 100}").mkdir(parents=True, exist_ok=True)
        (source / f"{at // 100}" / f"{at}.bin").write_bytes(os.urandom(SMALL_BYTES))
    with _emptied(folder / "into") as into:
        _report(case, *_carry(source, into), "s")
        for at in range(CHANGED):
            (source / f"{at}" / f"{at * 100}.bin").write_bytes(os.urandom(SMALL_BYTES))
        _report(f"the same again, {CHANGED} of them changed", *_carry(source, into), "s")
    with (
        _beside(f"{case}, rsync -a through ssh"),
        _emptied(folder / "ssh") as keys,
        others.ssh(keys) as to_here,
        _emptied(folder / "into") as into,
    ):
        rsync = [others.program("rsync"), "-a", "-e", shlex.join(["ssh", *to_here])]
        seconds = _timed(_command(*rsync, str(source), f"{others.HERE}:{into}"))
        harness.report(NAME, f"{case}, rsync -a through ssh", seconds, "s")
    with _emptied(folder / "into") as into:
        seconds = _timed(_command("cp", "-r", str(source), str(into)))
        harness.report(NAME, f"{case}, cp -r", seconds, "s")
    shutil.rmtree(source)


def measure_sparse(folder: Path, _: argparse.Namespace) -> None:
    path = folder / "sparse.img"
    with path.open("wb") as file:
        for at in range(64):
            file.seek(at * 64 * MIB)
            file.write(os.urandom(MIB))
        file.truncate(4 * 1024 * MIB)
    with _emptied(folder / "into") as into:
        sent, received = _carry(path, into)
    for end, said in (("sender", sent), ("receiver", received)):
        harness.report(NAME, f"4 GiB, sparse: memory of the {end}", said["most_mib"], "MiB")
    path.unlink()


CASES: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "large": measure_large,
    "small": measure_small,
    "sparse": measure_sparse,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--in", dest="folder", type=Path, help="a folder on the disk that is measured")
    parser.add_argument("--tools", type=Path, help="a folder with the programs `wormhole` and `twist`")


def measure(options: argparse.Namespace, *cases: str) -> None:
    """`options`: also `mib`, of the large file."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for case in cases or CASES:
            CASES[case](Path(folder), options)


def main() -> None:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="all, where none is named")
    parser.add_argument("--mib", type=int, default=1_024)
    parser.add_argument("--times", type=int, default=1, help="so often, each time all of them in turn")
    add_options(parser)
    options = parser.parse_args()
    for _ in range(options.times):
        measure(options, *options.cases)


if __name__ == "__main__":
    main()
