"""One look for many who ask."""

import asyncio

import pytest

from mesh_server.http.shared import Shared


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Looks:
    """Looks that are counted, and last until they are let go."""

    def __init__(self) -> None:
        self.count = 0
        self.go = asyncio.Event()
        self.go.set()
        self.error: Exception | None = None

    async def __call__(self) -> None:
        self.count += 1
        await self.go.wait()
        if self.error is not None:
            raise self.error


async def test_many_who_ask_at_once_cost_one_look() -> None:
    looks = Looks()
    shared = Shared(looks, clock=Clock(), hold_s=1)
    await asyncio.gather(*(shared() for _ in range(10)))
    await shared()
    assert looks.count == 1


async def test_after_a_while_it_looks_again() -> None:
    looks, clock = Looks(), Clock()
    shared = Shared(looks, clock=clock, hold_s=1)
    await shared()
    clock.now += 1
    await shared()
    assert looks.count == 2


async def test_a_look_that_lasts_is_not_doubled() -> None:
    looks, clock = Looks(), Clock()
    looks.go.clear()
    shared = Shared(looks, clock=clock, hold_s=1)
    first = asyncio.create_task(shared())
    await asyncio.sleep(0)
    clock.now += 10
    second = asyncio.create_task(shared())
    await asyncio.sleep(0)
    first.cancel()
    looks.go.set()
    await second
    assert looks.count == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_everyone_learns_of_an_error_and_it_passes() -> None:
    looks, clock = Looks(), Clock()
    looks.error = OSError()
    shared = Shared(looks, clock=clock, hold_s=1)
    for _ in range(2):
        with pytest.raises(OSError):
            await shared()
    assert looks.count == 1
    looks.error = None
    clock.now += 1
    await shared()
