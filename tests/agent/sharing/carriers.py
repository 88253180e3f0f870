"""Two people with a room, files to send, and what becomes of them; and the processes that move the bytes."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mesh_agent.agent import Agent
from mesh_agent.sharing.rules import Rules
from mesh_agent.sharing.state import Phase, Transfer, TransferChanged
from tests.agent.events import Listener
from tests.support.conditions import PATIENCE_S, until

SLOW: int = 4_000_000
"""Bytes a second at which a transfer of some megabytes can be met on its way."""


MEGABYTES: int = 12 * 1024 * 1024

LASTING: int = 32 * 1024 * 1024
"""What takes eight seconds at `SLOW`, so that it is still under way after whatever holds a test up."""


async def join(agent: Agent, alice: Agent, into: Path) -> None:
    await agent.join(room(alice))
    agent.sharing.set_rules(Rules(downloads=into, accept="all"))
    await agent.sharing.receive("a test")


async def quicker(alice: Agent, bob: Agent, path: Path) -> None:
    """What is under way need not be slow any more; the same again is the same transfer."""
    before = alice.sharing.transfers()
    await alice.sharing.send(room(alice), [bob.profile], [path], limit=10**10)
    assert [transfer.id for transfer in alice.sharing.transfers()] == [transfer.id for transfer in before]


def room(alice: Agent) -> str:
    return alice.room(alice.profile).id


def helpers(of: int | None = None) -> list[int]:
    """Processes that move bytes for the process `of`, by default this one."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes()
        except (OSError, IndexError, ValueError):
            continue
        if parent == (of or os.getpid()) and b"mesh_agent.sharing.worker" in command:
            found.append(int(entry.name))
    return found


def told_to(process: int) -> bytes:
    """The arguments and the environment of a process, which others on the machine may see."""
    folder = Path(f"/proc/{process}")
    return (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()


def same(one: Path, other: Path) -> bool:
    """Both have the same bytes."""
    return one.read_bytes() == other.read_bytes()


def kill_helpers() -> None:
    for process in helpers():
        os.kill(process, signal.SIGKILL)


STEP_S: Final = PATIENCE_S
"""More than what an attempt waits that does not find its other end, where that is held up and misses it."""

ALL_PATIENCE_S: Final = 4 * STEP_S
"""For what goes on step by step, however slow this machine is."""


async def goes_on(done: Callable[[], object], state: Callable[[], object], what: str, step_s: float) -> None:
    """Returns once `done()` is true; until then `state()` has to change again and again, within `step_s`."""
    async with asyncio.timeout(ALL_PATIENCE_S):
        while not done():
            seen = state()
            await until(
                lambda seen=seen: done() or state() != seen,  # type: ignore[misc]
                f"{what}; it stands at {seen}",
                step_s,
            )


class Watch:
    """All states of the transfers of one agent, from now on."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self._heard = Listener(agent)

    @property
    def states(self) -> list[Transfer]:
        return [event.transfer for event in self._heard.of(TransferChanged)]

    async def wait(self, *phases: Phase, fits: Callable[[Transfer], object] = lambda _: True) -> Transfer:
        """The first that is in one of the phases, among those told and those to come."""

        def found() -> list[Transfer]:
            return [state for state in self.states if state.phase in phases and fits(state)]

        await goes_on(
            found,
            lambda: [(state.phase, state.reason, state.done) for state in self.states],
            f"{phases}",
            STEP_S,
        )
        return found()[0]

    def forget(self) -> None:
        self._heard.events.clear()

    def close(self) -> None:
        self._heard.close()


async def over(agent: Agent, transfer_id: str, step_s: float = STEP_S) -> Transfer:
    """How it ended; until then something of it has to change within each `step_s`."""

    def now() -> Transfer:
        return agent.sharing.transfer(transfer_id)

    await goes_on(lambda: now().over, now, f"the end of {transfer_id}", step_s)
    return now()
