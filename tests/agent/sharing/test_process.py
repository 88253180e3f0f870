"""The process that moves bytes: what it loads to begin, and that it lets others go first."""

import asyncio
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from mesh_agent.sharing.giving_way import GROUP, GROUP_NICENESS, NICENESS
from mesh_agent.sharing.process import CARRIER, Helper
from tests.support.conditions import until


async def test_it_lets_those_go_first_who_are_waited_for() -> None:
    helper = await Helper.start(CARRIER)
    try:
        mine = os.getpriority(os.PRIO_PROCESS, 0)
        await until(lambda: os.getpriority(os.PRIO_PROCESS, helper.pid) == min(mine + NICENESS, 19))
        if GROUP.exists():  # Linux weighs its session against that of whoever types
            group = Path(f"/proc/{helper.pid}/autogroup")
            await until(lambda: group.read_text("ascii").strip().endswith(f" nice {GROUP_NICENESS}"))
    finally:
        await helper.stop()


async def test_what_only_some_ways_need_is_loaded_when_they_are_tried() -> None:
    code = (
        "import sys, mesh_agent.sharing.worker\nprint(*{'aiohttp', 'aioice', 'aioquic'} & set(sys.modules))"
    )
    run = partial(subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (await asyncio.to_thread(run)).stdout.split() == ["aioquic"]
