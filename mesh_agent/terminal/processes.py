"""Everything that a shared program has started, and its end.

Strategy: a person who ends a shared terminal expects that nothing of it goes on, also what was put in the
background, or kept from hanging up, or given a session of its own. What is looked for is therefore all that
descends from the process that had the terminal (it takes in orphans, where the system knows how), all of the
program's session, and all that still has the mark of this terminal in its environment. Each gets HUP, what
is left after two seconds TERM, and after four KILL; a process is known by its number and when it began, so
that no other one that gets the number is meant.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

MARK: Final = "MESH_TERMINAL"
"""In the environment of each process of a shared terminal: its id."""

STAGES: Final = ((0.0, signal.SIGHUP), (2.0, signal.SIGTERM), (4.0, signal.SIGKILL))
"""Which signal, so many seconds after the beginning of the end."""

GIVE_UP_S: Final = 6.0
"""What is not gone by then waits for the kernel, and dies when that lets it."""

LOOK_S: Final = 0.02
COUNTED_S: Final = 0.5
"""So much counts at most from one look to the next: while this process was held up, so were the others."""

_SUBREAPER: Final = 36
_PROC: Final = Path("/proc")


class Process(NamedTuple):
    """`began`: in the system's own units; the same number and beginning are the same process."""

    pid: int
    parent: int
    session: int
    began: str


def adopt_orphans() -> None:
    """From now on what descends from this process stays a descendant, whoever ends. Linux alone can."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def process(pid: int) -> Process | None:
    """None: there is none."""
    if not _PROC.is_dir():
        return next((found for found in _told_by_ps() if found.pid == pid), None)
    try:
        text = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    if fields[0] in (b"Z", b"X"):  # it is gone, and only waits for its parent to hear that
        return None
    return Process(pid, int(fields[1]), int(fields[3]), fields[19].decode())


def processes() -> list[Process]:
    """All that run now."""
    if not _PROC.is_dir():
        return _told_by_ps()
    numbers = [int(path.name) for path in _PROC.iterdir() if path.name.isdigit()]
    return [found for found in map(process, numbers) if found is not None]


def _told_by_ps() -> list[Process]:
    told = subprocess.run(
        ("/bin/ps", "-axo", "pid=,ppid=,sess=,stat=,lstart="), capture_output=True, check=False, timeout=10
    )
    found = []
    for line in told.stdout.decode(errors="replace").splitlines():
        pid, parent, session, state, began = line.split(None, 4)
        if not state.startswith("Z"):
            found.append(Process(int(pid), int(parent), int(session, 16), began))
    return found


def descendants(root: int) -> list[Process]:
    """Children of `root`, theirs, and so on."""
    everybody = processes()
    children: dict[int, list[Process]] = {}
    for one in everybody:
        children.setdefault(one.parent, []).append(one)
    found, next_ = [], [root]
    while next_:
        for child in children.pop(next_.pop(), ()):
            found.append(child)
            next_.append(child.pid)
    return found


def remains(leader: int, began: str, mark: str) -> list[Process]:
    """What is left of the program `leader` that began then, where nobody had taken in its orphans.

    Its session counts only as long as the number cannot mean another one."""
    everybody = processes()
    here = {one.pid: one for one in everybody}
    own = leader not in here or here[leader].began == began
    wanted = f"{MARK}={mark}".encode()
    return [
        one
        for one in everybody
        if one.pid != os.getpid() and ((own and one.session == leader) or _has(one.pid, wanted))
    ]


def _has(pid: int, wanted: bytes) -> bool:
    try:
        return wanted in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


async def end(find: Callable[[], Iterable[Process]], clock: Callable[[], float] = time.monotonic) -> bool:
    """Ends what `find` finds, and what that starts meanwhile. Returns whether all of it is gone."""
    since, looked_at = 0.0, clock()
    told: dict[tuple[int, str], signal.Signals] = {}
    while left := await asyncio.to_thread(lambda: list(find())):
        now = clock()
        since, looked_at = since + min(now - looked_at, COUNTED_S), now
        number = max(stage for stage in STAGES if stage[0] <= since)[1]
        for one in left:
            if told.get((one.pid, one.began)) != number or number is signal.SIGKILL:
                told[one.pid, one.began] = number
                _tell(one, number)
        if since > GIVE_UP_S:
            return False
        await asyncio.sleep(LOOK_S)
    return True


def _tell(one: Process, number: signal.Signals) -> None:
    now = process(one.pid)
    if now is None or now.began != one.began:
        return
    with contextlib.suppress(OSError):
        os.kill(one.pid, number)
        if number is not signal.SIGKILL:
            os.kill(one.pid, signal.SIGCONT)  # what is stopped hears nothing
