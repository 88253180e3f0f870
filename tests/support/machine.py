"""A machine that can be made to fail: its disk, its clock, its power.

Strategy: `machine.c` is compiled once and preloaded into a server, which knows nothing of it: it runs as
always, on a real file system, and what fails is what the kernel would have answered. Where there is no
compiler, or no Linux, the tests that need this are skipped and say so (`needs_machine`).
"""

import errno
import hashlib
import mmap
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

_SOURCE: Final = Path(__file__).with_name("machine.c")
_COMPILER: Final = shutil.which("cc") or shutil.which("gcc")
_RECORD: Final = struct.Struct("=qqqq")
_BLOCK: Final = 4096
_CLOCK, _WRITE, _SYNC, _HOLD, _SYNCS, _HELD = range(0, 48, 8)

can_fail: Final = sys.platform == "linux" and _COMPILER is not None
needs_machine: Final = pytest.mark.skipif(
    not can_fail, reason="a machine that fails is made with a C compiler, on Linux"
)


def _library() -> Path:
    """The compiled shim, made once a version of its source."""
    assert _COMPILER is not None
    mark = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]
    made = Path(tempfile.gettempdir()) / f"mesh-machine-{mark}.so"
    if not made.exists():
        with tempfile.TemporaryDirectory(dir=made.parent) as scratch:
            fresh = Path(scratch) / "machine.so"
            flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Werror"]
            subprocess.run([_COMPILER, *flags, "-o", fresh, _SOURCE, "-ldl", "-lpthread"], check=True)
            fresh.replace(made)  # at once, also where another process makes it
    return made


class Machine:
    """What happens to the programs that run with `environment`, as far as files in `folder` are concerned.

    Attributes:
        folder: where it fails.
        environment: goes into the environment of such a program.
    """

    def __init__(self, folder: Path, scratch: Path, *, remembers: bool = False) -> None:
        """`remembers`: what is not synced yet can be lost by `cut_power`; it costs time at every write."""
        self.folder, self._undo = folder, scratch / "undo"
        self._undo.mkdir(parents=True)
        path = scratch / "control"
        path.write_bytes(bytes(mmap.PAGESIZE))
        with path.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), 0)
        self.environment = {
            "LD_PRELOAD": str(_library()),
            "FAULTS_FOLDER": str(folder.resolve()),
            "FAULTS_CONTROL": str(path),
        }
        if remembers:
            self.environment["FAULTS_UNDO"] = str(self._undo)

    # ── the clock ────────────────────────────────────────────────────────────────────────────────

    def set_clock(self, offset_s: float) -> None:
        """The time of day is so far from the true one; timers do not care, as on a real machine."""
        self._set(_CLOCK, int(offset_s * 1000))

    # ── the disk ─────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def broken_disk(self, *, writing: int = errno.EIO, syncing: int = errno.EIO) -> Iterator[None]:
        """Writing and syncing fail with these; 0: they do not."""
        self._set(_WRITE, writing)
        self._set(_SYNC, syncing)
        try:
            yield
        finally:
            self._set(_WRITE, 0)
            self._set(_SYNC, 0)

    @contextmanager
    def held_disk(self) -> Iterator[None]:
        """Nothing returns from syncing, until the end of the block."""
        self._set(_HOLD, 1)
        try:
            yield
        finally:
            self._set(_HOLD, 0)

    @property
    def waits_for_disk(self) -> bool:
        return self._get(_HELD) > 0

    @property
    def syncs(self) -> int:
        """How often something was synced so far."""
        return self._get(_SYNCS)

    # ── the power ────────────────────────────────────────────────────────────────────────────────

    def cut_power(self, chance: random.Random | None = None) -> int:
        """What was not synced is lost: with `chance` some of its blocks, else all. Returns how many.

        To be called when the program is dead.
        """
        lost = 0
        for undo in sorted(self._undo.glob("*.undo")):
            target = self.folder / undo.name.removesuffix(".undo")
            if target.exists():
                lost += _lose(target, undo.read_bytes(), chance)
            undo.unlink()
        for shared in self.folder.glob("*-shm"):  # it is memory
            shared.unlink()
        return lost

    def _set(self, place: int, value: int) -> None:
        self._control[place : place + 8] = value.to_bytes(8, sys.byteorder, signed=True)

    def _get(self, place: int) -> int:
        return int.from_bytes(self._control[place : place + 8], sys.byteorder, signed=True)


def _lose(target: Path, undo: bytes, chance: random.Random | None) -> int:
    """Puts blocks of `target` back to what they were when it was synced last."""
    now = target.read_bytes()
    synced = bytearray(now)
    for offset, former, size in reversed(_records(undo)):
        synced.extend(bytes(max(0, size - len(synced))))
        del synced[size:]
        synced[offset : offset + len(former)] = former
    if chance is None or chance.random() < 0.25:
        lost = sum(1 for _ in _differing(now, synced))
        target.write_bytes(synced)
        return lost
    mixed = bytearray(now if chance.random() < 0.5 else now[: len(synced)])
    lost = 0
    for start in _differing(now, synced):
        if chance.random() < 0.5:
            block = synced[start : start + _BLOCK]
            mixed.extend(bytes(max(0, start - len(mixed))))
            mixed[start : start + len(block)] = block
            lost += 1
    target.write_bytes(mixed)
    return lost


def _records(undo: bytes) -> list[tuple[int, bytes, int]]:
    """Each change since the last sync: where, what was there, how large the file was."""
    records = []
    place = 0
    while place + _RECORD.size <= len(undo):
        offset, length, size, _ = _RECORD.unpack_from(undo, place)
        place += _RECORD.size
        if place + length > len(undo):  # killed while it was written, before the file was
            break
        records.append((offset, undo[place : place + length], size))
        place += length
    return records


def _differing(one: bytes, other: bytes | bytearray) -> Iterator[int]:
    for start in range(0, max(len(one), len(other)), _BLOCK):
        if one[start : start + _BLOCK] != other[start : start + _BLOCK]:
            yield start
