"""Microphones and loudspeakers, by PortAudio, where it is there.

Strategy: PortAudio calls from a thread of its own, where nothing but a copy into or out of a ring happens;
all else is done by who reads and writes the rings. A ring is bounded: what is heard or said is never older
than that. A device from which no call comes any more was pulled out; who uses it is told by `gone`.
"""

import threading
import time
from typing import Any, Final, Literal

import numpy as np

from mesh_agent.media.conceal import is_quiet, shortened
from mesh_agent.media.opus import FRAME, RATE, Samples

NO_LIBRARY: Final = (
    "No sound library (PortAudio) was found, so no microphone or loudspeaker can be used; "
    "files and tones work, and so does watching."
)

RING: Final = 16 * FRAME
"""Samples that a ring has room for: 320 ms; what is more is left out."""

WAITING: Final = 4 * FRAME
"""So much waits at most, whatever happens."""

KEPT: Final = FRAME // 2
"""What may wait all the time, for what is not on time; two clocks are never the same."""

KEPT_MAX: Final = 2 * FRAME
"""Where that was not enough, more is kept, up to this, and less again after `CALM` looks without a miss."""

CALM: Final = 1_000

LOOKS: Final = 25
"""What of a ring was never used in so many looks (0.5 s) is of no use, and only makes sound late."""

INSISTS: Final = 4
"""After so many times, what is left out of a microphone need not be silence any more."""

GONE_S: Final = 1.5
"""A device that has not called for so long is gone."""

NAMES_MAX: Final = 64
NAME_CHARS: Final = 200

Kind = Literal["input", "output"]
_KINDS: Final = {"input": "microphone", "output": "loudspeaker"}


class Unusable(Exception):
    """`text`: a sentence."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def library() -> Any:
    """Raises: Unusable."""
    try:
        import sounddevice
    except (ImportError, OSError):
        raise Unusable(NO_LIBRARY) from None
    return sounddevice


def names(sounds: Any, kind: Kind) -> list[str]:
    """Of all devices of that kind, each once; blocks a little."""
    try:
        found = [each["name"] for each in sounds.query_devices() if each[f"max_{kind}_channels"] > 0]
    except Exception:  # noqa: BLE001 - of a driver, anything may come
        return []
    return list(dict.fromkeys(str(name)[:NAME_CHARS] for name in found))[:NAMES_MAX]


def refresh(sounds: Any) -> None:
    """Looks for devices anew; only where none is open."""
    try:
        sounds._terminate()
        sounds._initialize()
    except Exception:  # noqa: BLE001 - of a driver, anything may come
        return


def chosen(sounds: Any, kind: Kind, wanted: str) -> Any:
    """The device of that name, or the first with it in its name; None: the usual one. Raises: Unusable."""
    there = names(sounds, kind)
    if not there:
        raise Unusable(f"There is no {_KINDS[kind]}.")
    if not wanted:
        return None
    alike = [name for name in there if wanted.casefold() in name.casefold()]
    found = wanted if wanted in there else next(iter(alike), None)
    if found is None:
        raise Unusable(f"There is no {_KINDS[kind]} named {wanted}; there are: {', '.join(there)}.")
    for number, each in enumerate(sounds.query_devices()):
        if str(each["name"])[:NAME_CHARS] == found and each[f"max_{kind}_channels"] > 0:
            return number
    raise Unusable(f"There is no {_KINDS[kind]} named {wanted}.")


class Ring:
    """Samples from one thread to another, bounded."""

    def __init__(self) -> None:
        self._samples: Samples = np.zeros(RING, np.float32)
        self._lock = threading.Lock()
        self._first = self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, samples: Samples) -> None:
        """What there is no room for is left out."""
        with self._lock:
            samples = samples[: RING - self._count]
            begin = (self._first + self._count) % RING
            head = min(len(samples), RING - begin)
            self._samples[begin : begin + head] = samples[:head]
            self._samples[: len(samples) - head] = samples[head:]
            self._count += len(samples)

    def take(self, into: Samples) -> int:
        """As many as there are, and as fit; the rest is silence."""
        with self._lock:
            size = min(len(into), self._count)
            head = min(size, RING - self._first)
            into[:head] = self._samples[self._first : self._first + head]
            into[head:size] = self._samples[: size - head]
            into[size:] = 0
            self._drop(size)
            return size

    def drop(self, size: int) -> None:
        with self._lock:
            self._drop(min(size, self._count))

    def _drop(self, size: int) -> None:
        self._first = (self._first + size) % RING
        self._count -= size


class _Unused:
    """How much of what waits is of no use."""

    def __init__(self) -> None:
        self._least, self._looks, self._calm = RING, 0, 0
        self.kept = KEPT
        self.excess = self.insists = 0

    def look(self, waiting: int) -> None:
        """`waiting`: what there is where there is the least."""
        self._least, self._looks = min(self._least, waiting), self._looks + 1
        self._calm += 1
        if self._calm == CALM:
            self.kept, self._calm = max(KEPT, self.kept - KEPT), 0
        if self._looks == LOOKS:
            self.excess = max(0, self._least - self.kept)
            self.insists = self.insists + 1 if self.excess else 0
            self._least, self._looks = RING, 0

    def missed(self) -> None:
        """Something was wanted that was not there."""
        self.kept, self.excess, self._calm = min(KEPT_MAX, self.kept + KEPT), 0, 0

    def cut(self, size: int) -> None:
        self.excess = max(0, self.excess - size)


class _Device:
    """An open one. Raises: Unusable. Opening blocks."""

    def __init__(self, sounds: Any, kind: Kind, wanted: str) -> None:
        self._ring, self._unused = Ring(), _Unused()
        self._called = time.monotonic()
        device = chosen(sounds, kind, wanted)
        stream = sounds.InputStream if kind == "input" else sounds.OutputStream
        try:
            self._stream = stream(
                samplerate=RATE,
                blocksize=FRAME // 2,
                device=device,
                channels=1,
                dtype="float32",
                latency="low",
                callback=self._call,
            )
            self._stream.start()
        except Exception as error:  # noqa: BLE001 - of a driver, anything may come
            raise Unusable(f"The {_KINDS[kind]} cannot be used: {' '.join(str(error).split())}.") from None
        self.wanted = wanted

    def _call(self, data: Any, count: int, times: Any, status: Any) -> None:
        raise NotImplementedError

    @property
    def gone(self) -> bool:
        return time.monotonic() - self._called > GONE_S

    def close(self) -> None:
        try:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
        except Exception:  # noqa: BLE001 - of a driver, anything may come
            return


class Microphone(_Device):
    """A `sources.Source`."""

    def __init__(self, sounds: Any, wanted: str) -> None:
        super().__init__(sounds, "input", wanted)
        self.name = f"mic:{wanted}" if wanted else "mic"

    def _call(self, data: Any, count: int, times: Any, status: Any) -> None:
        del count, times, status
        self._called = time.monotonic()
        self._ring.put(data[:, 0])

    def read(self) -> Samples | None:
        if len(self._ring) > WAITING:
            self._ring.drop(len(self._ring) - 2 * FRAME)
        if len(self._ring) < FRAME:
            self._unused.look(0)
            return None
        samples = np.empty(FRAME, np.float32)
        self._ring.take(samples)
        unused = self._unused
        unused.look(len(self._ring))
        if unused.excess and (is_quiet(samples) or unused.insists > INSISTS):
            self._ring.drop(unused.excess)
            unused.cut(unused.excess)
        return samples


class Speaker(_Device):
    """A `sinks.Sink`."""

    def __init__(self, sounds: Any, wanted: str) -> None:
        self._missed = self._begun = False
        super().__init__(sounds, "output", wanted)
        self.name = f"speaker:{wanted}" if wanted else "speaker"

    def _call(self, data: Any, count: int, times: Any, status: Any) -> None:
        del times, status
        self._called = time.monotonic()
        if self._ring.take(data[:, 0]) < count:
            self._missed = self._begun

    def write(self, samples: Samples) -> None:
        waiting, unused = len(self._ring), self._unused
        if not self._begun:
            self._ring.put(np.zeros(KEPT, np.float32))
            self._begun = True
        unused.look(waiting)
        if self._missed:
            self._missed = False
            unused.missed()
        if unused.excess:
            kept = shortened(samples, unused.excess)
            unused.cut(len(samples) - len(kept))
            samples = kept
        if waiting + len(samples) <= WAITING:
            self._ring.put(samples)

    @property
    def waiting_s(self) -> float:
        latency = getattr(self._stream, "latency", 0.0)
        return len(self._ring) / RATE + (latency if isinstance(latency, float) else 0.0)
