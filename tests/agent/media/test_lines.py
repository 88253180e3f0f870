"""Calls over lines with faults, in real time, from a microphone to a loudspeaker."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import numpy as np
import pytest

from mesh_agent.media.counting import Counting
from mesh_agent.media.opus import FRAME, RATE
from tests.agent.media.people import Lateness, Person, bursts, spoken, steady, talk
from tests.agent.media.proxy import Line, is_media
from tests.agent.media.sounds import gap_ms
from tests.support.conditions import until

LISTEN_S = 3.5

CALM_S = 0.05
"""A machine that was late by less is one of which sound can be asked to be in time."""

TRIES = 3


async def in_time(measure: Callable[[Lateness], Awaitable[None]]) -> None:
    """What is wrong where the machine itself was late is no fault of the sound: it is measured again."""
    for _ in range(TRIES):
        late = Lateness()
        try:
            await measure(late)
        except AssertionError:
            if late.most_s < CALM_S:
                raise
        else:
            return
        finally:
            await late.close()
    pytest.skip(f"this machine was late with everything, {TRIES} times")


def losing(part: float, seed: int) -> Line:
    chance = random.Random(seed)
    return lambda data: None if is_media(data) and chance.random() < part else 0.0


def uneven(most_s: float, seed: int) -> Line:
    """What is sent later may come sooner."""
    chance = random.Random(seed)
    return lambda data: most_s * chance.random() if is_media(data) else 0.0


async def called(
    late: Lateness, line: Line, voice: Callable[..., object], then: Callable[[Person, Person], None]
) -> None:
    speaker, listener = Person(voice), Person()
    late.people += [speaker, listener]
    proxy = await talk(speaker, listener, line)
    try:
        await until(lambda: len(listener.played()) > LISTEN_S * RATE, "enough to measure")
        then(speaker, listener)
    finally:
        await asyncio.gather(speaker.close(), listener.close())
        proxy.close()


async def test_lines_that_lose_and_delay_are_heard_without_gaps() -> None:
    await in_time(lines_without_gaps)


async def lines_without_gaps(late: Lateness) -> None:
    def without_gaps(least: float, most: float) -> Callable[[Person, Person], None]:
        def look(speaker: Person, listener: Person) -> None:
            heard = listener.played()
            loud = np.flatnonzero(np.abs(heard) > 0.1)
            assert len(loud)
            begun = int(loud[0])
            # the first second is for learning how uneven the line is
            assert gap_ms(heard[begun + RATE : -FRAME]) <= 40 + 2_000 * late.most_s
            hearing = listener.voice.hearing(listener.legs[0])
            assert hearing is not None
            counts = hearing.jitter.counts
            assert least <= counts.lost / (counts.lost + counts.received) <= most
            assert speaker.problems == listener.problems == []

        return look

    ends = await asyncio.gather(
        called(late, losing(0.02, 1), steady, without_gaps(0.002, 0.08)),
        called(late, losing(0.10, 2), steady, without_gaps(0.03, 0.2)),
        called(late, uneven(0.1, 3), steady, without_gaps(0.0, 0.15)),
        return_exceptions=True,
    )
    for end in ends:
        if end is not None:
            raise end


async def test_who_misses_packets_is_sent_copies_and_hears_them() -> None:
    """The one tells what it misses, the other sends copies from then on."""
    await in_time(copies_heard)


async def copies_heard(_: Lateness) -> None:
    speaker, listener = Person(spoken), Person()
    proxy = await talk(speaker, listener, losing(0.2, 4))
    try:
        await until(lambda: listener.voice.hearing(listener.legs[0]) is not None, "sound")
        hearing = listener.voice.hearing(listener.legs[0])
        assert hearing is not None
        await until(lambda: hearing.jitter.counts.recovered > 0, "what was lost, from a copy")
        told = Counting().look(listener.legs[0], hearing, 0.0)
        assert 0 < told.recovered_ms <= told.concealed_ms
    finally:
        await asyncio.gather(speaker.close(), listener.close())
        proxy.close()


async def test_from_mouth_to_ear_it_takes_less_than_150_ms_also_after_a_line_stood_still() -> None:
    await in_time(from_mouth_to_ear)


async def from_mouth_to_ear(late: Lateness) -> None:
    loop = asyncio.get_running_loop()
    stood, held = [float("inf")], 0

    def stands_still(data: bytes) -> float | None:
        """For half a second; then all of it comes at once."""
        nonlocal held
        now = loop.time()
        if is_media(data) and stood[0] <= now < stood[0] + 0.5:
            held += 1
            return stood[0] + 0.5 - now
        return 0.0

    speaker, listener = Person(bursts), Person()
    late.people += [speaker, listener]
    proxy = await talk(speaker, listener, stands_still)
    try:
        await until(lambda: len(listener.played()) > 1.5 * RATE, "some bursts")
        begun = len(listener.played()) / RATE
        before = [each for _, each in listener.delays(speaker)]
        stood[0] = loop.time()
        await until(lambda: len(listener.played()) > (begun + 3.6) * RATE, "more of them")
        after = [each for at, each in listener.delays(speaker) if at > begun + 0.5 + 2.0]
    finally:
        await asyncio.gather(speaker.close(), listener.close())
        proxy.close()
    assert held > 3
    assert before
    assert max(before) < 0.15 + late.most_s
    assert after
    assert max(after) < max(before) + 0.03 + late.most_s
