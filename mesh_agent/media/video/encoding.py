"""Pictures encoded as VP8, once for all legs, and cut into packets (RFC 7741).

Strategy: libvpx as fast as it goes, with bits counted out evenly; it is made anew where another size or
number of bits is wanted, which begins with a keyframe. Only what changes costs anything, so a still screen
sends next to nothing.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
from av import VideoFrame
from av.video.frame import PictureType
from av.video.reformatter import Interpolation, VideoReformatter

from mesh_agent.media.video.rate import Step

CLOCK: Final = 90_000
"""Of timestamps: a second."""

PAYLOAD_BYTES: Final = 1_200
"""As `leg.PAYLOAD_BYTES`."""

KEY_EVERY_S: Final = 20.0
"""A keyframe by itself, for those who cannot ask for one."""

LONGER_SIDE: Final = 16 / 9
"""Pictures are made smaller so that they have no more pixels than one of this shape with the step's size."""

SCREEN_LARGER: Final = 2
"""A screen has writing on it: so many times as large as a camera's picture, and as much rarer."""

_FIRST, _GOES_ON = 0x90, 0x80
"""Octets of a descriptor: extended, and whether it is the beginning of a picture."""

_HAS_NUMBER: Final = 0x80
_OPTIONS: Final = {
    "cpu-used": "-6",
    "deadline": "realtime",
    "drop-threshold": "30",
    "lag-in-frames": "0",
    "overshoot-pct": "15",
    "partitions": "0",
    "static-thresh": "1",
    "undershoot-pct": "100",
}
_Q_BEST, _Q_WORST = 8, 60


@dataclass(frozen=True, slots=True)
class Encoded:
    """`payloads`: of RTP packets. `timestamp`: 1/90000 s, modulo 2**32. `whole`: it is a keyframe."""

    payloads: list[bytes]
    timestamp: int
    whole: bool
    size: int


def size(width: int, height: int, step: Step, *, screen: bool) -> tuple[int, int]:
    """How large a picture is sent: never larger than it is, with even sides."""
    short = step.size * (SCREEN_LARGER if screen else 1)
    pixels = short * short * LONGER_SIDE
    scale = min(1.0, (pixels / (width * height)) ** 0.5)
    return max(16, round(width * scale / 2) * 2), max(16, round(height * scale / 2) * 2)


class Encoder:
    """Of what is sent. `pictures`: how many were encoded. To be used in one thread at a time."""

    def __init__(self) -> None:
        self._codec: av.VideoCodecContext | None = None
        self._made: tuple[int, int, Step] | None = None
        self._scaler = VideoReformatter()
        self._number = 0
        self._at = -1
        self.pictures = 0

    def encode(self, frame: VideoFrame, at: float, step: Step, *, screen: bool, key: bool) -> Encoded | None:
        """`at`: when, in monotonic seconds. None where it is left out, to save bits."""
        width, height = size(frame.width, frame.height, step, screen=screen)
        small = self._scaler.reformat(
            frame, width=width, height=height, format="yuv420p", interpolation=Interpolation.AREA
        )
        if self._codec is None or self._made != (width, height, step):
            self._codec, self._made = _codec(width, height, step), (width, height, step)
            self._at = -1
        # the encoder's clock only goes forwards
        pts = self._at = max(self._at + 1, int(at * CLOCK))
        small.pts, small.time_base = pts, Fraction(1, CLOCK)
        small.pict_type = PictureType.I if key else PictureType.NONE
        data = b"".join(bytes(packet) for packet in self._codec.encode(small))
        self.pictures += 1
        if not data:
            return None
        return Encoded(self._cut(data), pts & 0xFFFFFFFF, not data[0] & 1, len(data))

    def _cut(self, data: bytes) -> list[bytes]:
        self._number = (self._number + 1) & 0x7FFF
        number = (0x8000 | self._number).to_bytes(2, "big")
        most = PAYLOAD_BYTES - 4
        return [
            bytes((_GOES_ON if begin else _FIRST, _HAS_NUMBER)) + number + data[begin : begin + most]
            for begin in range(0, len(data), most)
        ]


def _codec(width: int, height: int, step: Step) -> av.VideoCodecContext:
    codec = av.CodecContext.create("libvpx", "w")
    assert isinstance(codec, av.VideoCodecContext)
    bits = step.kbps * 1_000
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate = bits
    codec.time_base, codec.framerate = Fraction(1, CLOCK), Fraction(step.rate).limit_denominator(100)
    codec.gop_size = int(KEY_EVERY_S * step.rate)
    codec.qmin, codec.qmax = _Q_BEST, _Q_WORST
    codec.thread_count = 1
    # half a second may be spent at once; lower and upper bound alike make it count evenly
    codec.options = {**_OPTIONS, "bufsize": str(bits // 2), "minrate": str(bits), "maxrate": str(bits)}
    return codec
