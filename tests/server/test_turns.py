"""One at a time for each key."""

import asyncio

import pytest

from mesh_server.services.turns import Turns
from protocol.errors import RateLimited


async def test_one_key_is_served_one_at_a_time_in_order() -> None:
    turns, events = Turns(), []

    async def visit(name: str) -> None:
        async with turns.take("key"):
            events.append(f"{name} in")
            await asyncio.sleep(0)
            events.append(f"{name} out")

    await asyncio.gather(*(visit(name) for name in "abc"))
    assert events == ["a in", "a out", "b in", "b out", "c in", "c out"]
    assert len(turns) == 0


async def test_other_keys_do_not_wait() -> None:
    turns = Turns()
    async with turns.take("one"), turns.take("other"):
        assert len(turns) == 2
    assert len(turns) == 0


async def test_the_line_has_an_end() -> None:
    turns = Turns(line_max=1)
    async with turns.take("key"):
        with pytest.raises(RateLimited):
            await turns.take("key").__aenter__()
    assert len(turns) == 0


async def test_an_error_leaves_the_line() -> None:
    turns = Turns(line_max=1)

    async def stumble() -> None:
        async with turns.take("key"):
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await stumble()
    assert len(turns) == 0
