"""`scripts/fuzz/calls`: many calls in one process, and whether they leave anything behind.

Strategy: three people, each an agent of this process, at a real server, call each other in turn, talk, and
leave. After the first `WARM` calls, and after all of them, it is counted what is there: tasks, descriptors,
processes, resident memory. Prints JSON; ends with 1 where there is more than before, or the memory of this
process has grown by more than `GROWTH_MIB`.
"""

import argparse
import asyncio
import gc
import itertools
import json
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from mesh_agent.agent import Agent
from mesh_agent.calls.call import Call
from mesh_agent.calls.state import Media
from scripts.bench import harness

PEOPLE: Final = ("alice", "bob", "carol")
PASSWORD: Final = "password123"
WARM: Final = 6
GROWTH_MIB: Final = 4.0
MEDIA: Final = Media(audio_in="tone", audio_out="none")


def counted() -> dict[str, Any]:
    gc.collect()
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "processes": len(children),
        "MiB": round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1),
    }


def stands(call: Call) -> bool:
    return call.phase == "open" and [party.state for party in call.parties] == ["connected"]


async def one(caller: Agent, called: Agent, room_id: str) -> None:
    """A call of the two, until both have left it."""
    assert called.user is not None
    theirs = await caller.calls.call(room_id, [called.user.id], media=MEDIA)
    await harness.until(lambda: bool(called.calls.ringing))
    ours = await called.calls.answer(called.calls.ringing[0].call_id, media=MEDIA)
    await harness.until(lambda: stands(theirs) and stands(ours))
    await ours.leave()
    await theirs.wait()


async def main(calls: int) -> int:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(harness.running_server())
        agents = []
        for name in PEOPLE:
            agent = await Agent.open(profile=name, server=server.url)
            stack.push_async_callback(agent.close)
            await agent.register(name, PASSWORD)
            await agent.wait_connected(30)
            agents.append(agent)
        room = await agents[0].create_room("calls")
        for agent in agents[1:]:
            await agent.join(room.id)
        before: dict[str, Any] = {}
        begun = time.monotonic()
        pairs = itertools.cycle(itertools.permutations(agents, 2))
        for number, (caller, called) in zip(range(calls), pairs, strict=False):
            await one(caller, called, room.id)
            if number + 1 == WARM:
                before = counted()
        seconds = time.monotonic() - begun
        await asyncio.sleep(1)  # what is told of the last call in the room
        after = counted()
    grown = after["MiB"] - before["MiB"]
    more = [name for name in ("tasks", "descriptors", "processes") if after[name] > before[name]]
    result = {"fuzz": "calls", "calls": calls, "seconds": round(seconds, 1), "before": before, "after": after}
    print(json.dumps({**result, "left_behind": more, "grown_MiB": round(grown, 1)}))
    return int(bool(more) or grown > GROWTH_MIB)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/fuzz/calls", description=__doc__)
    parser.add_argument("--calls", metavar="N", type=int, default=50, help="how many (%(default)d)")
    given = parser.parse_args()
    if given.calls <= WARM:
        parser.error(f"--calls is more than {WARM}")
    with tempfile.TemporaryDirectory() as home:
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            os.environ[variable] = home
        sys.exit(asyncio.run(main(given.calls)))
