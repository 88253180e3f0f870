"""A thread that does one thing after another: what comes out of it, and what whoever stops waiting leaves."""

import asyncio
import threading
from collections.abc import AsyncIterator
from functools import partial

import pytest

from mesh_agent.net.hand import Hand


@pytest.fixture
async def hand() -> AsyncIterator[Hand]:
    made = Hand("test-hand")
    yield made
    await made.idle()
    made.close()
    assert not [one for one in threading.enumerate() if one.name == "test-hand"]


async def test_it_does_one_thing_after_another_away_from_the_loop(hand: Hand) -> None:
    seen: list[int] = []

    def note(number: int) -> int:
        seen.append(number)
        return threading.get_ident()

    threads = set(await asyncio.gather(*(hand.do(partial(note, number)) for number in range(50))))
    assert seen == list(range(50))
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert not hand.busy


async def test_what_goes_wrong_is_for_whoever_waits_and_the_next_is_done(hand: Hand) -> None:
    wrong = hand.do(lambda: 1 // 0)
    right = hand.do(lambda: "done")
    with pytest.raises(ZeroDivisionError):
        await wrong
    assert await right == "done"


async def test_whoever_stops_waiting_does_not_stop_it_and_idle_waits_for_that(hand: Hand) -> None:
    go_on, done = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait()
        done.set()

    waiting = asyncio.ensure_future(hand.do(work))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert hand.busy
    idle = asyncio.create_task(hand.idle())
    await asyncio.sleep(0)
    assert not idle.done()
    go_on.set()
    await idle
    assert done.is_set()
    assert not hand.busy


async def test_one_that_was_given_nothing_has_no_thread() -> None:
    before = threading.active_count()
    idle = Hand("test-hand")
    assert threading.active_count() == before
    await idle.idle()
    idle.close()
