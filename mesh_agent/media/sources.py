"""Where the sound comes from that is sent: a tone, nothing, a file, or a microphone (`devices`).

Strategy: each source is asked for 20 ms at a time and answers at once; what takes longer happens in a thread
that works ahead a little.
"""

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import av
import numpy as np

from mesh_agent.media.opus import FRAME, RATE, Samples

AHEAD_FRAMES: Final = 50
"""What of a file is decoded ahead: 1 s."""

WAIT_S: Final = 0.2
"""How often a thread that waits for room looks whether it is to end."""

CLOSE_S: Final = 2.0
TONE_HZ: Final = 440.0
TONE: Final = 0.25
"""How loud: -12 dB."""


class Source(Protocol):
    """`name`: as in `orders.Ready`."""

    name: str

    def read(self) -> Samples | None:
        """The next 20 ms; None: nothing now. Never waits."""

    def close(self) -> None: ...


class Tone:
    """A steady tone."""

    name = "tone"

    def __init__(self, hertz: float = TONE_HZ, loud: float = TONE) -> None:
        self._step, self._loud, self._phase = 2 * np.pi * hertz / RATE, loud, 0.0

    def read(self) -> Samples | None:
        phases = self._phase + self._step * np.arange(FRAME)
        self._phase = float((self._phase + self._step * FRAME) % (2 * np.pi))
        tone: Samples = (self._loud * np.sin(phases)).astype(np.float32)
        return tone

    def close(self) -> None:
        """Nothing is open."""


class Nothing:
    name = "none"

    def read(self) -> Samples | None:
        return None

    def close(self) -> None:
        """Nothing is open."""


class File:
    """The sound of a file of any form, once. Raises: `Unreadable`; blocks meanwhile.

    `ended` is called from another thread when all of it was taken; `problem` before that, with a sentence,
    where the rest cannot be read.
    """

    def __init__(self, path: Path, ended: Callable[[], None], problem: Callable[[str], None]) -> None:
        self.name = str(path)
        self._ended, self._problem = ended, problem
        self._file, self._container, self._stream = _open(path)
        self._ahead: queue.Queue[Samples | None] = queue.Queue(AHEAD_FRAMES)
        self._stop = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)
        self._thread.start()

    def read(self) -> Samples | None:
        if self._over:
            return None
        try:
            samples = self._ahead.get_nowait()
        except queue.Empty:
            return None
        if samples is None:
            self._over = True
            self._ended()
        return samples

    def close(self) -> None:
        self._stop.set()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        try:
            for samples in self._frames():
                if not self._put(samples):
                    break
        except (av.FFmpegError, OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is damaged"
            self._problem(f"{self.name} can be read no further: {why}.")
        finally:
            self._put(None)
            self._container.close()
            self._file.close()

    def _put(self, samples: Samples | None) -> bool:
        while not self._stop.is_set():
            try:
                self._ahead.put(samples, timeout=WAIT_S)
            except queue.Full:
                continue
            return True
        return False

    def _frames(self) -> Any:
        """Of 20 ms; the last one is filled up with silence."""
        resampler = av.AudioResampler("flt", "mono", RATE, FRAME)
        for frame in self._container.decode(self._stream):
            for piece in resampler.resample(frame):
                yield _filled(piece)
        for piece in resampler.resample(None):
            yield _filled(piece)


class Unreadable(Exception):
    """`text`: a sentence."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def _open(path: Path) -> tuple[Any, Any, Any]:
    """The file, and what PyAV makes of it. It is opened here, so that no name is taken for an address."""
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    try:
        container = av.open(file, "r", options={"protocol_whitelist": ""})
        stream = next(iter(container.streams.audio), None)
    except (av.FFmpegError, OSError, ValueError):
        file.close()
        raise Unreadable(f"{path} is no file with sound that is known here.") from None
    if stream is None:
        container.close()
        file.close()
        raise Unreadable(f"There is no sound in {path}.")
    return file, container, stream


def _filled(piece: av.AudioFrame) -> Samples:
    samples: Samples = piece.to_ndarray()[0].astype(np.float32)
    return samples if len(samples) == FRAME else np.pad(samples[:FRAME], (0, FRAME - len(samples[:FRAME])))
