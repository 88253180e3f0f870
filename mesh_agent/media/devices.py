"""Microphones and loudspeakers, by PortAudio, where it is there.

Strategy: PortAudio calls from a thread of its own, where nothing but a copy into or out of a ring happens;
all else is done by who reads and writes the rings. A ring is bounded: what is heard or said is never older
than that. A device from which no call comes any more was pulled out; who uses it is told by `gone`. Where
PortAudio sees a sound server (`pulse`), that server's devices are the ones that there are: the hardware
behind it is in use by the server, and by nobody else.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from mesh_agent.media import pulse
from mesh_agent.media.conceal import is_quiet, shortened
from mesh_agent.media.opus import FRAME, RATE, Samples
from mesh_agent.media.pulse import Kind, Known

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

GONE_S: Final = 2.5
"""A device that has not called for so long is gone; PulseAudio may pause for 2 s where one ran dry."""

BEGIN_S: Final = 8.0
"""How long one may take to its first call: a headset without a wire takes seconds."""

LATENCIES: Final = ("low", 0.06, 0.12, 0.2)
"""What is asked of a loudspeaker, in seconds: the next, where it runs dry; after a while the one before."""

DRY: Final = 3
"""So often within `DRY_S` a loudspeaker may run dry."""

DRY_S: Final = 60.0
SERVER: Final = "pulse"
"""What PortAudio calls a sound server."""

NAMES_MAX: Final = 64
NAME_CHARS: Final = 200

Server = Callable[[Kind], list[Known] | None]
"""As `pulse.listed`."""

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


class Chosen(NamedTuple):
    """`device`: as PortAudio takes it; None: the usual one. `inner`: as `pulse.meant` takes it."""

    device: int | None
    inner: str = ""


def names(sounds: Any, kind: Kind, server: Server = pulse.listed) -> list[str]:
    """Of all devices of that kind, each once; blocks a little."""
    there = _hardware(sounds, kind)
    known = server(kind) if SERVER in there else None
    return there if known is None else [each.name for each in known]


def _hardware(sounds: Any, kind: Kind) -> list[str]:
    """As PortAudio has them."""
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


def chosen(sounds: Any, kind: Kind, wanted: str, server: Server = pulse.listed) -> Chosen:
    """The device of that name, or the first with it in its name. Raises: Unusable."""
    there = _hardware(sounds, kind)
    known = server(kind) if SERVER in there else None
    if known is None:
        name = _fitting(there, kind, wanted)
        return Chosen(_number(sounds, kind, name) if name else None)
    inner = {each.name: each.inner for each in known}
    if wanted not in inner.values():
        name = _fitting(list(inner), kind, wanted)
        wanted = inner[name] if name else ""
    return Chosen(_number(sounds, kind, SERVER), wanted)


def _fitting(there: list[str], kind: Kind, wanted: str) -> str:
    """The name that is meant; empty: the usual device. Raises: Unusable."""
    if not there:
        raise Unusable(f"There is no {_KINDS[kind]}.")
    alike = [name for name in there if wanted.casefold() in name.casefold()]
    if not wanted or wanted in there:
        return wanted
    if not alike:
        raise Unusable(f"There is no {_KINDS[kind]} named {wanted}; there are: {', '.join(there)}.")
    return alike[0]


def _number(sounds: Any, kind: Kind, name: str) -> int:
    """Of a device of PortAudio. Raises: Unusable."""
    for number, each in enumerate(sounds.query_devices()):
        if str(each["name"])[:NAME_CHARS] == name and each[f"max_{kind}_channels"] > 0:
            return number
    raise Unusable(f"There is no {_KINDS[kind]} named {name}.")


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
    """An open one. Raises: Unusable. Opening blocks.

    `lost`: the sound server has it no more, and plays or hears something else in its place.
    """

    kind: Kind

    def __init__(self, sounds: Any, wanted: str, server: Server, latency: str | float = "low") -> None:
        self._ring, self._unused = Ring(), _Unused()
        self._called = 0.0
        self.lost = False
        kind = self.kind
        found = chosen(sounds, kind, wanted, server)
        stream = sounds.InputStream if kind == "input" else sounds.OutputStream
        try:
            with pulse.meant(kind, found.inner):
                self._stream = stream(
                    samplerate=RATE,
                    blocksize=FRAME // 2,
                    device=found.device,
                    channels=1,
                    dtype="float32",
                    latency=latency,
                    callback=self._call,
                )
            self._stream.start()
        except Exception as error:  # noqa: BLE001 - of a driver, anything may come
            raise Unusable(f"The {_KINDS[kind]} cannot be used: {' '.join(str(error).split())}.") from None
        self._opened = time.monotonic()
        self._server, self._inner = server, found.inner
        self.wanted = wanted

    def look(self) -> None:
        """Whether the sound server still has what was chosen; blocks a little."""
        if self._inner and (known := self._server(self.kind)) is not None:
            self.lost = self._inner not in [each.inner for each in known]

    def _call(self, data: Any, count: int, times: Any, status: Any) -> None:
        raise NotImplementedError

    @property
    def gone(self) -> bool:
        """It was pulled out, or never began."""
        now = time.monotonic()
        silent = now - self._called > GONE_S if self._called else now - self._opened > BEGIN_S
        return silent or self.lost or not self._stream.active

    def excuse(self, seconds: float) -> None:
        """For so long this process was held up: a device could not call either."""
        self._opened += seconds
        if self._called:
            self._called = min(self._called + seconds, time.monotonic())

    def close(self) -> None:
        try:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
        except Exception:  # noqa: BLE001 - of a driver, anything may come
            return


class Microphone(_Device):
    """A `sources.Source`."""

    kind = "input"

    def __init__(self, sounds: Any, wanted: str, server: Server = pulse.listed) -> None:
        super().__init__(sounds, wanted, server)
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
    """A `sinks.Sink`. `latency`: one of `LATENCIES`."""

    kind = "output"

    def __init__(
        self, sounds: Any, wanted: str, server: Server = pulse.listed, latency: str | float = LATENCIES[0]
    ) -> None:
        self._missed = self._begun = False
        self._dry: deque[float] = deque(maxlen=DRY)
        self._calm_since = time.monotonic()
        super().__init__(sounds, wanted, server, latency)
        self.name = f"speaker:{wanted}" if wanted else "speaker"

    def _call(self, data: Any, count: int, times: Any, status: Any) -> None:
        del times
        self._called = time.monotonic()
        if status and status.output_underflow:
            self._dry.append(self._called)
            self._calm_since = self._called
        if self._ring.take(data[:, 0]) < count:
            self._missed = self._begun

    @property
    def calm_s(self) -> float:
        """For how long it has not run dry."""
        return time.monotonic() - self._calm_since

    @property
    def hurried(self) -> bool:
        """It runs dry again and again: the system calls too late for what was asked of it."""
        return len(self._dry) == DRY and self._dry[-1] - self._dry[0] < DRY_S

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
