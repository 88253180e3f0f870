"""Opus: sound in, packets out, and back, by libopus.

Strategy: a voice at 48 kHz in frames of 20 ms, one channel. Where libopus can be used by itself (`libopus`),
a packet carries a copy of what was said before it as soon as somebody misses packets, so that a lost one is
heard from the next; and of quiet noise hardly anything is sent (DTX). Through PyAV there is neither: what is
lost is made up (`conceal`), and only what nobody could hear is left out, which is found here for both.
"""

import contextlib
import math
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from mesh_agent.media import libopus

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

CALM: Final = 10 ** (-40 / 20)
"""Below it, as a root mean square, it may be the noise of a place where nobody speaks: libopus finds out."""

SILENT_FRAMES: Final = 10
"""So many silent ones in a row are sent before none is: the end of a word is quiet, too."""

SILENT_EVERY: Final = 20
"""Of silent frames, one in so many is sent, so that the other end knows the silence (400 ms)."""

PACKET_SAMPLES: Final = 6 * FRAME
"""The longest packet that Opus has: 120 ms."""

_OPTIONS: Final = {"application": "voip", "frame_duration": "20", "vbr": "on"}
_COMPLEXITY: Final = 5
"""0 to 10."""

LOST_HEARD: Final = 0.01
"""The part that has to be lost before copies are made."""

LOST_LEAST: Final = 6
"""Percent that the encoder is told at least then: of less it makes no copies at these bits."""

LOST_MAX: Final = 25
"""Percent: more makes no difference to it."""

CROWDED: Final = 0.15
"""A line that loses more may have no room for what is sent: it is less, then."""

CROWDED_BITS: Final = 24_000

_UNASKED: Final = object()


class Encoder:
    """For one stream. `found`: libopus by itself; None: through PyAV."""

    def __init__(self, found: Any = _UNASKED) -> None:
        found = libopus.library() if found is _UNASKED else found
        self._coder = None if found is None else libopus.Coder(found, RATE, _COMPLEXITY)
        self._codec = _encoder() if self._coder is None else None
        self._at = 0
        self._silent = 0
        self._line = (0, 0)
        self.lost(0.0)

    def lost(self, part: float) -> None:
        """`part` of the packets is not there where it is heard worst: 0 to 1."""
        percent = min(LOST_MAX, max(LOST_LEAST, math.ceil(100 * part))) if part >= LOST_HEARD else 0
        line = CROWDED_BITS if part >= CROWDED else BITS, percent
        if self._coder is not None and line != self._line:
            self._coder.line(*line)
            self._line = line

    def encode(self, samples: Samples) -> bytes | None:
        """The packet of `FRAME` samples; None where it is of no use to send one."""
        power = float(np.dot(samples, samples)) / len(samples)
        self._silent = self._silent + 1 if power < SILENT * SILENT else 0
        if self._silent > SILENT_FRAMES and self._silent % SILENT_EVERY:
            self._at += FRAME
            return None
        if self._coder is not None:
            self._coder.spare(power < CALM * CALM and self._silent <= SILENT_FRAMES)
            return self._coder.encode(samples)
        assert self._codec is not None
        whole = np.clip(samples * 32_767.0, -32_768, 32_767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._at, Fraction(1, RATE)
        self._at += FRAME
        packets = [bytes(packet) for packet in self._codec.encode(frame)]
        return packets[-1] if packets else None


def _encoder() -> av.AudioCodecContext:
    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, av.AudioCodecContext)
    codec.bit_rate = BITS
    codec.format = av.AudioFormat("s16")
    codec.layout = av.AudioLayout("mono")
    codec.sample_rate = RATE
    codec.time_base = Fraction(1, RATE)
    codec.options = {**_OPTIONS, "compression_level": str(_COMPLEXITY)}
    return codec


class Decoder:
    """Of one stream. A packet that cannot be decoded is as good as lost. `found`: as in `Encoder`."""

    def __init__(self, found: Any = _UNASKED) -> None:
        found = libopus.library() if found is _UNASKED else found
        self._alone = None if found is None else libopus.Uncoder(found, RATE, PACKET_SAMPLES)
        self._codec = _decoder() if self._alone is None else None

    def decode(self, payload: bytes) -> Samples | None:
        """Of a packet of any length that Opus has; None where it is none."""
        if self._alone is not None:
            return self._alone.decode(payload)
        assert self._codec is not None
        with contextlib.suppress(av.FFmpegError, ValueError):
            frames = self._codec.decode(av.Packet(payload)) if payload else []
            if frames:
                pieces = [frame.to_ndarray()[0] for frame in frames]
                whole = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
                return (whole.astype(np.float32) / 32_768.0)[:PACKET_SAMPLES]
        return None

    def has_copy(self, payload: bytes) -> bool:
        """That packet says again what was said before it, in a way that can be read here."""
        return self._alone is not None and self._alone.has_copy(payload)

    def recover(self, payload: bytes, count: int) -> Samples | None:
        """The last `count` samples before that packet, from its copy. It is to be decoded next."""
        return None if self._alone is None else self._alone.recover(payload, count)

    def missing(self, count: int) -> Samples | None:
        """What may have been said for so many samples where nothing came; None: that is not known."""
        return None if self._alone is None else self._alone.missing(count)


def _decoder() -> av.AudioCodecContext:
    codec = av.CodecContext.create("libopus", "r")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate = RATE
    codec.format = av.AudioFormat("s16")
    codec.layout = av.AudioLayout("mono")
    return codec
