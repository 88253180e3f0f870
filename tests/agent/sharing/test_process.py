"""The process that moves bytes: what it loads first, that it lets others go first, and how any such ends."""

import asyncio
import logging
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from mesh_agent.sharing.giving_way import GROUP, GROUP_NICENESS, NICENESS
from mesh_agent.sharing.orders import Order, Report, Signal, Stop, next_report
from mesh_agent.sharing.process import CARRIER, Helper, Program
from tests.support.conditions import until

FAILING: Final[Program[Order, Report]] = Program("tests.agent.sharing.failing", next_report)


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


@pytest.mark.parametrize(("first", "said"), [(Signal(payload="no way"), True), (Stop(), False)])
async def test_what_fails_in_it_is_in_the_log_of_the_agent_and_no_thread_keeps_it(
    first: Signal | Stop, said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    helper = await Helper.start(FAILING)
    try:
        helper.tell(first)
        with caplog.at_level(logging.INFO):
            assert await helper.report() is None
        await until(lambda: helper._process.returncode is not None, "its end")
        assert helper._process.returncode == 0
        assert ("what was begun failed" in caplog.text, "RuntimeError: no way" in caplog.text) == (said, said)
    finally:
        await helper.stop()
