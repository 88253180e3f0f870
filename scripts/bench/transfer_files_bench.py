"""`scripts/bench/transfer_files`: files from disk to disk, between two processes on this machine.

Both ends are the program `transfer_end`: couriers over a QUIC lane and TLS lanes beside it, or over QUIC
alone. Beside them, in the same run, what people use otherwise, where it is there: `scp` and `rsync` to this
machine through ssh without a password, and `cp`. What is read was written a moment before, so it comes from
memory; what is written is on disk when it counts.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.bench import harness

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


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    os.sync()
    return time.perf_counter() - began


def _ssh_works() -> bool:
    ask = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=3", "127.0.0.1", "true"]
    return bool(shutil.which("ssh")) and subprocess.run(ask, capture_output=True, check=False).returncode == 0


@contextmanager
def _emptied(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def _beside(case: str, command: list[str], size: int, unit: str, *, ssh: bool) -> None:
    """The same by another program, or why there is no figure."""
    if not shutil.which(command[0]):
        harness.skip(NAME, case, f"{command[0]} is not installed")
    elif ssh and not _ssh_works():
        harness.skip(NAME, case, "nobody answers ssh on this machine without a password")
    else:
        seconds = _timed(command)
        harness.report(NAME, case, size / 1e6 / seconds if unit == "MB/s" else seconds, unit)


# ── the cases ────────────────────────────────────────────────────────────────────────────────────


def measure_large(folder: Path, mib: int) -> None:
    path = folder / "large.bin"
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))
    for case, options in (
        ("one TLS lane", ["--lanes", "1"]),
        ("two TLS lanes", ["--lanes", "2"]),
        ("QUIC alone", ["--lanes", "0", "--quic-only"]),
    ):
        with _emptied(folder / "into") as into:
            _report(f"{mib} MiB, {case}", *_carry(path, into, *options))
    with _emptied(folder / "into") as into:
        size = mib * MIB
        _beside(f"{mib} MiB, scp", ["scp", "-q", str(path), f"127.0.0.1:{into}"], size, "MB/s", ssh=True)
        _beside(f"{mib} MiB, cp", ["cp", str(path), f"{into}/again"], size, "MB/s", ssh=False)
    harness.skip(NAME, f"{mib} MiB, magic-wormhole", "its mailbox is on another machine")
    path.unlink()


def measure_small(folder: Path, _: int) -> None:
    source, size = folder / "small", SMALL_FILES * SMALL_BYTES
    for at in range(SMALL_FILES):
        (source / f"{at // 100}").mkdir(parents=True, exist_ok=True)
        (source / f"{at // 100}" / f"{at}.bin").write_bytes(os.urandom(SMALL_BYTES))
    with _emptied(folder / "into") as into:
        _report(f"{SMALL_FILES:,} files of {SMALL_BYTES} bytes", *_carry(source, into), "s")
        for at in range(CHANGED):
            (source / f"{at}" / f"{at * 100}.bin").write_bytes(os.urandom(SMALL_BYTES))
        _report(f"the same again, {CHANGED} of them changed", *_carry(source, into), "s")
    with _emptied(folder / "into") as into:
        command = ["rsync", "-a", str(source), f"127.0.0.1:{into}"]
        _beside(f"{SMALL_FILES:,} files, rsync -a through ssh", command, size, "s", ssh=True)
        _beside(f"{SMALL_FILES:,} files, cp -r", ["cp", "-r", str(source), str(into)], size, "s", ssh=False)
    shutil.rmtree(source)


def measure_sparse(folder: Path, _: int) -> None:
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


CASES: dict[str, Callable[[Path, int], None]] = {
    "large": measure_large,
    "small": measure_small,
    "sparse": measure_sparse,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="all, where none is named")
    parser.add_argument("--mib", type=int, default=1_024)
    parser.add_argument("--in", dest="folder", type=Path, help="a folder on the disk that is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for case in options.cases or CASES:
            CASES[case](Path(folder), options.mib)


if __name__ == "__main__":
    main()
