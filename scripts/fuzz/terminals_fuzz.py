"""`scripts/fuzz/terminals`: whole sessions of shared terminals, one after another, and a flood.

Strategy: alice and bob are two agents in this process, at a real server. After the first session everything
is loaded; what this process holds then (descriptors, tasks, threads, processes below it) is what it has to
hold after the last. Then alice's shell prints a flood while bob watches, and the memory of the process that
has the terminal, of the one through which bob watches, and of this one is looked at all the time.
"""

import argparse
import asyncio
import contextlib
import os
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, NamedTuple

from mesh_agent.agent import Agent
from mesh_agent.terminal.hosting import Hosted
from mesh_agent.terminal.processes import descendants
from mesh_agent.terminal.text import text_of
from scripts.bench import harness

NAME: Final = "terminals"
PASSWORD: Final = "password123"
PATIENCE_S: Final = 60.0
FLOOD_S: Final = 600.0
SHELL: Final = ("bash", "--norc", "--noprofile", "-i")
GROWTH_BYTES: Final = 32 * 2**20
"""What a process may grow by while a flood goes through it."""


POOL: Final = "asyncio_"
"""What the threads of the loop's own pool are called. They are begun as they are needed, up to a bound of
Python's, and never ended: how many there are by now says nothing of what is left."""


class Held(NamedTuple):
    descriptors: int
    tasks: int
    threads: int
    processes: int


def held() -> Held:
    """What this process has now."""
    return Held(
        len(list(Path("/proc/self/fd").iterdir())),
        len(asyncio.all_tasks()),
        sum(not thread.name.startswith(POOL) for thread in threading.enumerate()),
        len(descendants(os.getpid())),
    )


async def until(look: Callable[[], object], what: str, patience: float = PATIENCE_S) -> None:
    """Raises: SystemExit: it did not come."""
    end = time.monotonic() + patience
    while not look():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not come")
        await asyncio.sleep(0.02)


def resident(pid: int) -> int:
    """Bytes; 0: it has ended."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


@contextlib.asynccontextmanager
async def person(server: str, name: str) -> AsyncIterator[Agent]:
    agent = await Agent.open(profile=name, server=server)
    try:
        await agent.register(name, PASSWORD)
        await agent.wait_connected(PATIENCE_S)
        yield agent
    finally:
        await agent.close()


@contextlib.asynccontextmanager
async def sharing(alice: Agent, room: str, *command: str) -> AsyncIterator[Hosted]:
    hosted = await alice.terminals.share(room, command, 80, 24, let_in="members")
    try:
        yield hosted
    finally:
        await hosted.end()


async def session(alice: Agent, bob: Agent, room: str) -> None:
    """Shared, watched, left, ended."""
    async with (
        sharing(alice, room, "cat") as hosted,
        await bob.terminals.watch(room, alice.profile, hosted.id) as watching,
    ):
        await until(lambda: watching.phase == "open", "being let in")


async def sessions(alice: Agent, bob: Agent, room: str, count: int) -> bool:
    await session(alice, bob, room)
    await asyncio.sleep(2)  # what the first one began goes: threads, closed lines
    before = held()
    begun = time.monotonic()
    for _ in range(count):
        await session(alice, bob, room)
    took = (time.monotonic() - begun) / count
    with contextlib.suppress(SystemExit):  # what is left is told below
        await until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)), "all of it")
    after = held()
    for name, then, now in zip(Held._fields, before, after, strict=True):
        harness.report(NAME, f"{name} after {count} sessions", now, "", before=then)
    harness.report(NAME, "a session", took, "s")
    return all(now <= then for now, then in zip(after, before, strict=True))


async def flood(alice: Agent, bob: Agent, room: str, size: int, server: int) -> bool:
    line = "a row of some text, as long as rows are that a program prints in its log"
    async with (
        sharing(alice, room, *SHELL) as hosted,
        await bob.terminals.watch(room, alice.profile, hosted.id) as watching,
    ):
        await until(lambda: watching.phase == "open" and watching.screen.number, "the screen")
        helpers = [one.pid for one in descendants(os.getpid()) if one.pid not in (hosted.pid, server)]
        watched = {pid: resident(pid) for pid in (os.getpid(), *helpers)}
        most = dict(watched)
        states = watching.screen.number

        def over() -> bool:
            for pid in most:
                most[pid] = max(most[pid], resident(pid))
            return any("do" + "ne" in row for row in text_of(watching.screen.rows_)[-3:])

        hosted.type(f"clear; yes '{line}' | head -c {size}; echo do''ne\r".encode())
        begun = time.monotonic()
        await until(over, "the end of the flood", FLOOD_S)
        took = time.monotonic() - begun
        seen = watching.screen.number - states
    grown = {pid: most[pid] - watched[pid] for pid in watched}
    names = {os.getpid(): "both agents", hosted.helper_pid: "the host's process"}
    harness.report(NAME, f"a flood of {size / 1e9:.3g} GB", took, "s", states=seen)
    for pid, growth in grown.items():
        name = names.get(pid, "the guest's process")
        harness.report(NAME, f"{name} grew by", growth / 2**20, "MiB", most=round(most[pid] / 2**20, 1))
    return all(growth <= GROWTH_BYTES for growth in grown.values())


async def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/fuzz/terminals", description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--flood", type=int, default=10**9, help="bytes; 0: none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mesh-fuzz-") as home, harness.running_server() as server:
        os.environ |= {"HOME": home, "XDG_CONFIG_HOME": f"{home}/c", "XDG_DATA_HOME": f"{home}/d"}
        async with person(server.url, "alice") as alice, person(server.url, "bob") as bob:
            room = (await alice.create_room("terminals")).id
            await bob.join(room)
            kept = not options.sessions or await sessions(alice, bob, room, options.sessions)
            bounded = not options.flood or await flood(alice, bob, room, options.flood, server.pid)
    if not (kept and bounded):
        raise SystemExit("something is left, or has grown" if not kept else "a process has grown")


if __name__ == "__main__":
    asyncio.run(main())
