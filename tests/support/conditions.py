"""Waiting for what is to become true, instead of for a time to pass."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 60.0
"""Far beyond what any condition takes, where a machine is held up for seconds at each step of it, too; only a
failing test waits as long."""

FIRST_PAUSE_S: Final = 0.001
LAST_PAUSE_S: Final = 0.02
"""Looking costs time that what is waited for may need: the longer the wait, the rarer the looks."""


async def until(
    condition: Callable[[], object], what: str = "the condition", patience_s: float = PATIENCE_S
) -> None:
    """Returns once `condition()` is true. Raises: AssertionError after `patience_s`."""
    deadline = asyncio.get_running_loop().time() + patience_s
    pause_s = FIRST_PAUSE_S
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"waited {patience_s:g} s in vain for {what}")
        await asyncio.sleep(pause_s)
        pause_s = min(1.5 * pause_s, LAST_PAUSE_S)


async def next_millisecond() -> None:
    """What is stored from now on has another time than what was: two things may happen in one millisecond."""
    now = time.time_ns() // 1_000_000
    await until(lambda: time.time_ns() // 1_000_000 > now, "the next millisecond")
