"""Opus: sound in, packets out, and back, by PyAV's libopus.

Strategy: a voice at 48 kHz in frames of 20 ms, one channel. FFmpeg's libopus has no option for DTX, so what
is silence is found here: nothing is sent of it, but for a packet now and then. In-band error correction is
not asked for: PyAV's decoder cannot read it, so it would only take bits from the sound; a lost packet is made
up instead (`conceal`).
"""

import contextlib
from fractions import Fraction
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""One channel, 48 kHz, -1 to 1."""

RATE: Final = 48_000
FRAME: Final = 960
"""Samples of 20 ms."""

FRAME_S: Final = FRAME / RATE
BITS: Final = 32_000
"""A second."""

SILENT: Final = 10 ** (-66 / 20)
"""Below this root mean square, nobody hears anything."""

SILENT_FRAMES: Final = 10
"""So many silent ones in a row are sent before none is: the end of a word is quiet, too."""

SILENT_EVERY: Final = 20
"""Of silent frames, one in so many is sent, so that the other end knows the silence (400 ms)."""

PACKET_SAMPLES: Final = 6 * FRAME
"""The longest packet that Opus has: 120 ms."""

_OPTIONS: Final = {"application": "voip", "frame_duration": "20", "vbr": "on"}
_COMPLEXITY: Final = 5
"""0 to 10."""


class Encoder:
    """For one stream."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "w")
        assert isinstance(self._codec, av.AudioCodecContext)
        self._codec.bit_rate = BITS
        self._codec.format = av.AudioFormat("s16")
        self._codec.layout = av.AudioLayout("mono")
        self._codec.sample_rate = RATE
        self._codec.time_base = Fraction(1, RATE)
        self._codec.options = {**_OPTIONS, "compression_level": str(_COMPLEXITY)}
        self._at = 0
        self._silent = 0

    def encode(self, samples: Samples) -> bytes | None:
        """The packet of `FRAME` samples; None where it is of no use to send one."""
        quiet = float(np.dot(samples, samples)) < SILENT * SILENT * len(samples)
        self._silent = self._silent + 1 if quiet else 0
        if self._silent > SILENT_FRAMES and self._silent % SILENT_EVERY:
            self._at += FRAME
            return None
        whole = np.clip(samples * 32_767.0, -32_768, 32_767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._at, Fraction(1, RATE)
        self._at += FRAME
        packets = [bytes(packet) for packet in self._codec.encode(frame)]
        return packets[-1] if packets else None


class Decoder:
    """Of one stream. A packet that cannot be decoded is as good as lost."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        assert isinstance(self._codec, av.AudioCodecContext)
        self._codec.sample_rate = RATE
        self._codec.format = av.AudioFormat("s16")
        self._codec.layout = av.AudioLayout("mono")

    def decode(self, payload: bytes) -> Samples | None:
        """Of a packet of any length that Opus has; None where it is none."""
        with contextlib.suppress(av.FFmpegError, ValueError):
            frames = self._codec.decode(av.Packet(payload)) if payload else []
            if frames:
                pieces = [frame.to_ndarray()[0] for frame in frames]
                whole = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
                return (whole.astype(np.float32) / 32_768.0)[:PACKET_SAMPLES]
        return None
