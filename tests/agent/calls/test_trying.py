"""Devices without a call: real processes, a tone for a microphone, and a file for a loudspeaker."""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mesh_agent.calls.trying import Trial
from tests.support.conditions import until


async def test_what_is_said_moves_the_level_and_the_tone_is_played(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    trial = await Trial.begin("tone", str(path), process=False)
    try:
        await until(lambda: trial.level > 0.5 and trial.microphones is not None, "the tone to be heard")
        assert trial.speakers is not None
        assert trial.cameras is not None
        trial.test()
        trial.use("none", str(path))
        await until(lambda: trial.level == 0.0, "silence")
        trial.use(str(tmp_path / "nothing.wav"), str(path))
        await until(lambda: trial.problems, "a sentence about a file that is not there")
        await until(_loud(path), "the tone in the file")
    finally:
        await trial.close()


def _loud(path: Path) -> Callable[[], bool]:
    def is_loud() -> bool:
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return len(samples) > 0 and int(np.abs(samples.astype(int)).max()) > 3_000

    return is_loud


async def test_a_process_that_ends_is_over() -> None:
    trial = await Trial.begin("none", "none")
    trial._helper._process.kill()
    while not trial.over:
        await trial.changed()
    await trial.close()
