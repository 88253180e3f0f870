"""Processes of calls with each other: what is said into one comes out of the other."""

import asyncio
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesh_agent.media.sources import TONE, TONE_HZ
from tests.agent.media.studio import Studio, connect
from tests.support.conditions import until


def heard(path: Path) -> NDArray[np.float64]:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48_000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_768


def pitch(samples: NDArray[np.float64]) -> float:
    """Hertz of what is loudest in it."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(power) * 48_000 / len(samples))


async def test_a_tone_of_one_is_heard_by_the_other_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    alice, bob = await asyncio.gather(
        Studio.begin("alice", audio_in="tone"), Studio.begin("bob", audio_out=str(path))
    )
    try:
        await connect(alice, bob)
        # the header of the file is made right every second
        await until(lambda: np.count_nonzero(heard(path)) > 48_000, "a second of sound")
    finally:
        await asyncio.gather(alice.stop(), bob.stop())
    samples = heard(path)
    loud = np.flatnonzero(np.abs(samples) > TONE / 4)
    middle = samples[loud[0] + 9_600 : loud[0] + 33_600]
    assert abs(pitch(middle) - TONE_HZ) <= 2
    assert abs(np.sqrt(np.mean(middle**2)) - TONE / np.sqrt(2)) < 0.02


async def test_each_says_how_it_reaches_the_other() -> None:
    from mesh_agent.media import orders

    alice, bob = await asyncio.gather(Studio.begin("alice"), Studio.begin("bob"))
    try:
        await connect(alice, bob)
        now = await alice.hears(orders.LegNow, state="connected")
        assert now.way == "direct"
        bob.tell(orders.Drop(party="alice"))
        gone = await alice.hears(orders.LegNow, state="failed")
        assert gone.reason == "The other device has ended the connection."
    finally:
        await asyncio.gather(alice.stop(), bob.stop())
