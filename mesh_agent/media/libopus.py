"""libopus itself, for what FFmpeg's use of it leaves out: error correction when decoding, DTX, and what is
told to the encoder while it runs.

Strategy: the library that came with PyAV is loaded already, so it is used by its own functions; else that of
the system. Where there is none, `library` says None, and `opus` goes through PyAV as well as that can.
"""

import ctypes
import functools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

_BESIDE: Final = ("../av.libs/*opus*", ".dylibs/*opus*")
"""Where wheels of PyAV have it, from its own folder on."""

_NAMES: Final = ("libopus.so.0", "libopus.0.dylib", "libopus-0.dll", "opus.dll")
_VOIP: Final = 2048
_BITRATE, _COMPLEXITY, _FEC, _LOSS, _DTX = 4002, 4010, 4012, 4014, 4016

PACKET_BYTES: Final = 1_275
"""Of a frame at most (RFC 6716 3.2.1)."""

UNSENT_BYTES: Final = 2
"""A packet of so many says only that nothing is said: it need not be sent (DTX)."""

STEP: Final = 120
"""What is missing is made up in multiples of so many samples (2.5 ms)."""

_Floats = ctypes.POINTER(ctypes.c_float)


@functools.cache
def library() -> Any:
    """The loaded library, with its functions described; None: there is none that can be used."""
    for name in _candidates():
        try:
            found = ctypes.CDLL(name)
            _describe(found)
        except (OSError, AttributeError):
            continue
        return found
    log.info("there is no libopus to be used by itself")
    return None


def _candidates() -> Iterator[str]:
    home = Path(av.__file__).parent
    for pattern in _BESIDE:
        up, pattern = (home.parent, pattern[3:]) if pattern.startswith("../") else (home, pattern)
        yield from map(str, sorted(up.glob(pattern)))
    yield from _NAMES


def _describe(found: Any) -> None:
    """`…_ctl` takes more than is described here: those are C's variable arguments."""
    pointer, number = ctypes.c_void_p, ctypes.c_int
    found.opus_encoder_create.restype = found.opus_decoder_create.restype = pointer
    found.opus_encoder_create.argtypes = (ctypes.c_int32, number, number, ctypes.POINTER(number))
    found.opus_decoder_create.argtypes = (ctypes.c_int32, number, ctypes.POINTER(number))
    found.opus_encoder_ctl.argtypes = (pointer, number)
    found.opus_encode_float.argtypes = (pointer, _Floats, number, ctypes.c_char_p, ctypes.c_int32)
    found.opus_encode_float.restype = ctypes.c_int32
    found.opus_decode_float.argtypes = (pointer, ctypes.c_char_p, ctypes.c_int32, _Floats, number, number)
    found.opus_packet_has_lbrr.argtypes = (ctypes.c_char_p, ctypes.c_int32)
    found.opus_packet_get_samples_per_frame.argtypes = (ctypes.c_char_p, ctypes.c_int32)
    for name in ("opus_encoder_destroy", "opus_decoder_destroy"):
        getattr(found, name).argtypes = (pointer,)
        getattr(found, name).restype = None


class Coder:
    """Sound in, packets out: one channel at `rate`. Raises: OSError: the library refuses."""

    def __init__(self, found: Any, rate: int, complexity: int) -> None:
        wrong = ctypes.c_int()
        self._lib = found
        self._state = found.opus_encoder_create(rate, 1, _VOIP, ctypes.byref(wrong))
        if not self._state:
            raise OSError(f"libopus makes no encoder ({wrong.value})")
        self._out = ctypes.create_string_buffer(PACKET_BYTES)
        self._tell(_COMPLEXITY, complexity)
        self._tell(_FEC, 1)
        self._sparing = False

    def line(self, bits: int, lost_percent: int) -> None:
        """What the line takes a second, and what it loses: how much goes into copies for what is lost."""
        self._tell(_BITRATE, bits)
        self._tell(_LOSS, lost_percent)

    def spare(self, on: bool) -> None:
        """Of what is no speech, next to nothing is sent. Not for what is loud: it may be a steady tone."""
        if on != self._sparing:
            self._sparing = on
            self._tell(_DTX, int(on))

    def _tell(self, what: int, value: int) -> None:
        self._lib.opus_encoder_ctl(self._state, what, ctypes.c_int32(value))

    def encode(self, samples: NDArray[np.float32]) -> bytes | None:
        """None where nothing needs to be sent of it, or it cannot be encoded."""
        whole = np.ascontiguousarray(samples, np.float32)
        size = self._lib.opus_encode_float(
            self._state, whole.ctypes.data_as(_Floats), len(whole), self._out, PACKET_BYTES
        )
        return self._out.raw[:size] if size > UNSENT_BYTES else None

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._lib.opus_encoder_destroy(self._state)


class Uncoder:
    """Packets in, sound out. Raises: OSError: the library refuses."""

    def __init__(self, found: Any, rate: int, most: int) -> None:
        wrong = ctypes.c_int()
        self._lib, self._rate, self._most = found, rate, most
        self._state = found.opus_decoder_create(rate, 1, ctypes.byref(wrong))
        if not self._state:
            raise OSError(f"libopus makes no decoder ({wrong.value})")

    def decode(self, payload: bytes) -> NDArray[np.float32] | None:
        """None: it is no packet."""
        return self._run(payload, self._most, 0) if payload else None

    def has_copy(self, payload: bytes) -> bool:
        """It says again what was said just before it."""
        return bool(self._lib.opus_packet_has_lbrr(payload, len(payload)) == 1)

    def recover(self, payload: bytes, count: int) -> NDArray[np.float32] | None:
        """The `count` samples before that packet, from the copy in it; it is to be decoded next.

        The copy is of a whole frame. Asked for less, libopus does not look at it, and makes something up.
        """
        whole = self._lib.opus_packet_get_samples_per_frame(payload, self._rate)
        made = self._run(payload, max(whole, -(-count // STEP) * STEP), 1)
        return None if made is None else made[-count:]

    def missing(self, count: int) -> NDArray[np.float32] | None:
        """So many samples that follow what was decoded last, where nothing came."""
        made = self._run(None, -(-count // STEP) * STEP, 0)
        return None if made is None else made[:count]

    def _run(self, payload: bytes | None, most: int, recovers: int) -> NDArray[np.float32] | None:
        out = np.empty(most, np.float32)
        size = 0 if payload is None else len(payload)
        count = self._lib.opus_decode_float(
            self._state, payload, size, out.ctypes.data_as(_Floats), most, recovers
        )
        return out[:count] if count > 0 else None

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._lib.opus_decoder_destroy(self._state)
