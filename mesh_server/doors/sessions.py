"""What every door needs: programs that run for somebody else, how many of them, and the folder of each.

Strategy: the server's loop only passes bytes on. The program, its terminal and its limits are in a keeper
(`keeper`), a process a session, so that a session that takes all it can get takes it from nobody but itself.
Reading is left to the door: while it does not read, nothing comes, and the program paints less often. What
the program keeps goes into one folder, which only the owner of the data may enter and which is gone at the
end.
"""

import asyncio
import contextlib
import os
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec import Struct

from mesh_server.caps import FULL_RETRY_S
from protocol.errors import RateLimited

READ_BYTES: Final = 16 * 1024
"""What is passed on at once, and waits at most twice in the server."""

END_S: Final = 6.0
"""How long a keeper may take to end its program and itself; longer than it gives its program."""

SIZES: Final = ((20, 500), (5, 200))
"""The least and the most columns, and rows, that a terminal has here."""

_KEEPER: Final = Path(__file__).with_name("keeper.py")
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What a program gets of the server's own environment, which may hold secrets."""


class Program(Struct, frozen=True, kw_only=True):
    """What a keeper is to run.

    Attributes:
        argv: the program and its arguments; the first is a path.
        cwd: the folder that it is started in.
        memory_mib: how much memory it may ask for.
        told: what it finds in a pipe on file 3, up to 32 KiB; so it is in no list of processes.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    memory_mib: int
    width: int
    height: int
    told: str = ""


def client(
    folder: Path,
    told: str,
    *,
    memory_mib: int,
    size: tuple[int, int],
    term: str = "",
    true_colour: bool = True,
) -> Program:
    """`mesh-tui` for somebody who is not at this machine; all that it keeps goes into `folder`.

    `told` is the handover; `term` names the terminal, where it is known; `true_colour`: it has all colours.
    """
    width, height = bounded(*size)
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    env.setdefault("LANG", "C.UTF-8")
    env |= {"HOME": str(folder), "TERM": term or "xterm-256color", "PYTHONDONTWRITEBYTECODE": "1"}
    if true_colour:
        env["COLORTERM"] = "truecolor"
    return Program(
        # -P: what lies in the folder is nothing that Python may load.
        argv=[sys.executable, "-P", "-m", "mesh_tui", "--hosted", "3"],
        env=env,
        cwd=str(folder),
        memory_mib=memory_mib,
        width=width,
        height=height,
        told=told,
    )


def bounded(width: int, height: int) -> tuple[int, int]:
    """A size that a terminal can have here."""
    (thin, wide), (low, high) = SIZES
    return min(max(width, thin), wide), min(max(height, low), high)


class Running:
    """A program on a terminal of its own, in a keeper. Made by `start`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout

    @classmethod
    async def start(cls, program: Program) -> Self:
        """Returns before the program runs; where it cannot, `read` says so and ends. Raises: OSError."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_KEEPER)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=READ_BYTES,
            env={},
            start_new_session=True,
        )
        running = cls(process)
        running._packet(b"P", msgspec.json.encode(program))
        return running

    @property
    def pid(self) -> int:
        """Of the keeper."""
        return self._process.pid

    async def read(self) -> bytes:
        """What the program wrote next; empty once it is over."""
        return await self._out.read(READ_BYTES)

    async def type(self, data: bytes) -> None:
        """What was typed; waits for a program that is behind with reading."""
        self._packet(b"D", data)
        with contextlib.suppress(ConnectionError):
            await self._in.drain()

    def resize(self, width: int, height: int) -> None:
        """The program paints its whole screen then, also where it is as large as before."""
        width, height = bounded(width, height)
        self._packet(b"M", msgspec.json.encode({"width": width, "height": height}))

    async def end(self) -> int:
        """The program is told that its terminal hung up, and ended for good a while later; its exit code."""
        with contextlib.suppress(OSError, RuntimeError):
            self._in.close()
        try:
            async with asyncio.timeout(END_S):
                while await self._out.read(READ_BYTES):
                    pass
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()  # its terminal goes with it, and the program's group hears of that
            return await self._process.wait()

    def _packet(self, kind: bytes, payload: bytes) -> None:
        if not self._in.is_closing():
            self._in.write(b"%s%s%s" % (kind, len(payload).to_bytes(4, "big"), payload))


@dataclass(frozen=True, slots=True)
class Seats:
    """How many sessions one door has, `most` in all and `per_person` for each."""

    most: int
    per_person: int
    taken: Counter[str]

    @classmethod
    def of(cls, most: int, per_person: int) -> Self:
        return cls(most, per_person, Counter())

    def require_one(self) -> None:
        """Raises: RateLimited, where there is none for anybody; to be asked before anything dear is done."""
        if self.taken.total() >= self.most:
            raise RateLimited("All places here are taken. Try again later.", retry_after=FULL_RETRY_S)

    def take(self, user_id: str) -> None:
        """Raises: RateLimited."""
        self.require_one()
        if self.taken[user_id] >= self.per_person:
            raise RateLimited(
                f"You are here {self.per_person} times already, which is as often as may be. "
                "Leave elsewhere first.",
                retry_after=FULL_RETRY_S,
            )
        self.taken[user_id] += 1

    def leave(self, user_id: str) -> None:
        self.taken[user_id] -= 1
        if not self.taken[user_id]:
            del self.taken[user_id]


class Folders:
    """The folders of a door's sessions, below the server's data; each is named for whom it is.

    A folder that is there when the server starts was left by one that was killed: `left` tells whose device
    it was, so that it can be signed out.
    """

    def __init__(self, below: Path) -> None:
        self._below = below

    def left(self) -> list[tuple[str, str]]:
        """User and device of each, and they are gone then. Blocks."""
        found = []
        for folder in self._below.iterdir() if self._below.is_dir() else ():
            user_id, _, device_id = folder.name.partition("~")
            found.append((user_id, device_id))
            shutil.rmtree(folder, ignore_errors=True)
        return found

    def make(self, user_id: str, device_id: str) -> Path:
        """A new, empty one. Blocks. Raises: OSError."""
        folder = self.of(user_id, device_id)
        folder.mkdir(mode=0o700, parents=True)
        return folder

    def of(self, user_id: str, device_id: str) -> Path:
        """Where it is, or would be."""
        return self._below / f"{user_id}~{device_id}"

    @staticmethod
    def remove(folder: Path) -> None:
        """Blocks."""
        shutil.rmtree(folder, ignore_errors=True)
