"""Sound of files, and what is in it."""

import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from mesh_agent.media.opus import RATE, Samples

Heard = NDArray[np.float64]


def tone(hertz: float, seconds: float, loud: float = 0.25) -> Samples:
    made: Samples = (loud * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(
        np.float32
    )
    return made


def read_wav(path: Path) -> Heard:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_768


def read_any(path: Path) -> Heard:
    """By PyAV, as one channel."""
    pieces: list[Any] = []
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
    return np.concatenate(pieces) if pieces else np.zeros(0)


def pitch(samples: Heard | Samples) -> float:
    """Hertz of what is loudest in it."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(power) * RATE / len(samples))


def strength(samples: Heard | Samples, hertz: float) -> float:
    """How loud the tone of that pitch is in it (its amplitude)."""
    turning = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / RATE) * np.hanning(len(samples))
    return float(2 * abs(np.sum(samples * turning)) / np.sum(np.hanning(len(samples))))


def write(path: Path, samples: Samples, *, rate: int, form: str, codec: str, layout: str) -> None:
    """A file of another kind than Mesh writes."""
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        resampler = av.AudioResampler(stream.format.name, layout, rate, stream.frame_size or 1_024)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = RATE
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def loudness_by_ms(samples: Heard | Samples) -> Heard:
    """The loudest sample of each."""
    loud: Heard = np.abs(samples[: len(samples) // 48 * 48]).reshape(-1, 48).max(axis=1).astype(np.float64)
    return loud


def gap_ms(samples: Heard, least: float = 0.02) -> float:
    """The longest time for which a steady tone is gone."""
    loud = loudness_by_ms(samples) >= least
    edges = np.flatnonzero(np.diff(np.concatenate(([True], loud, [True])).astype(int)))
    return float(max(edges[1::2] - edges[::2], default=0))
