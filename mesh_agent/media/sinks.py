"""Where what is heard goes: into a file, nowhere, or to a loudspeaker (`devices`).

Strategy: a file is written by a thread, behind a bounded queue, so that a slow disk holds nobody up. What is
in it can be played at any time, also where the process is killed: the header of a WAV file is made right
again every second, and the other forms (Ogg, Matroska) are made to be cut off.
"""

import os
import queue
import struct
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Protocol, cast

import av
import numpy as np

from mesh_agent.media.opus import FRAME, RATE, Samples

WAITING_FRAMES: Final = 500
"""What waits for a slow disk: 10 s; of more, the newest is left out."""

FRAMES_A_HEADER: Final = 50
CLOSE_S: Final = 3.0
"""How long a disk has for the rest; what hangs for longer is given up."""

WAV_BYTES_MAX: Final = 0xFFFFFFFF - 1024
"""No WAV file is longer: 12 hours."""

OPUS_BITS: Final = 64_000
FORMS: Final = {
    **dict.fromkeys((".ogg", ".opus", ".oga"), "ogg"),
    **dict.fromkeys((".mka", ".mkv"), "matroska"),
    ".webm": "webm",
}
"""By the end of the name; all others are WAV."""

WITH_PICTURES: Final = (".mkv", ".webm")

PICTURE_FRAMES: Final = 4
"""So many frames of sound, and one picture: 12.5 a second."""

PICTURE_BITS: Final = 800_000
"""A second."""

_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")


class Sink(Protocol):
    """`name`: as in `orders.Ready`. `waiting_s`: how long what is written now waits to be heard."""

    name: str

    @property
    def waiting_s(self) -> float: ...

    def write(self, samples: Samples) -> None:
        """20 ms. Never waits."""

    def close(self) -> None:
        """Returns when all is written, or cannot be."""


class Nowhere:
    name = "none"
    waiting_s = 0.0

    def write(self, samples: Samples) -> None:
        """It is heard by nobody."""

    def close(self) -> None:
        """Nothing is open."""


class Written:
    """A new file, or one in the place of an old one. Raises: OSError: it cannot be written.

    `problem` is called with a sentence, from another thread, where it can be written no further. `pictures`:
    asked, in that thread, for a picture (yuv420p, of the same size each time) whenever one is to be written;
    only where the form has some.
    """

    waiting_s = 0.0

    def __init__(
        self,
        path: Path,
        problem: Callable[[str], None],
        pictures: "Callable[[], av.VideoFrame] | None" = None,
    ) -> None:
        self.name = str(path)
        self._problem = problem
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        try:
            self._form = _form(self._file, path.suffix.lower(), pictures)
        except OSError:
            self._file.close()
            raise
        self._waiting: queue.Queue[Samples | None] = queue.Queue(WAITING_FRAMES)
        self._over = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def write(self, samples: Samples) -> None:
        if not self._over and self._waiting.qsize() < WAITING_FRAMES - 1:
            self._waiting.put_nowait(samples)

    def close(self) -> None:
        self._over = True
        self._waiting.put(None)
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        try:
            while (samples := self._waiting.get()) is not None:
                self._form.append(_whole(samples))
            self._form.finish()
        except (OSError, av.FFmpegError) as error:
            why = error.strerror or "it cannot be written"
            self._over = True
            self._problem(f"{self.name} is written no further: {why}.")
        finally:
            try:
                self._file.close()
            except OSError:
                self._over = True


class _Wav:
    """16 bits, one channel."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._written = self._frames = 0
        self._head()

    def append(self, samples: "np.ndarray[Any, np.dtype[np.int16]]") -> None:
        data = samples.astype("<i2").tobytes()
        if self._written + len(data) > WAV_BYTES_MAX:
            raise OSError(0, "it is as long as such a file can be")
        self._put(data)
        self._written += len(data)
        self._frames += 1
        if self._frames % FRAMES_A_HEADER == 0:
            self._head()

    def finish(self) -> None:
        self._head()

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def _head(self) -> None:
        """Says how long it is now."""
        head = _HEADER.pack(
            *(b"RIFF", self._written + 36, b"WAVE", b"fmt ", 16, 1, 1),
            *(RATE, 2 * RATE, 2, 16, b"data", self._written),
        )
        self._file.seek(0)
        self._put(head)
        self._file.seek(0, os.SEEK_END)


class _Opus:
    """In Ogg, or in Matroska, with pictures (VP8) where there are some."""

    def __init__(self, file: Any, form: str, pictures: "Callable[[], av.VideoFrame] | None") -> None:
        self._container = av.open(file, "w", format=form)
        stream = self._container.add_stream("libopus", rate=RATE)
        assert isinstance(stream, av.AudioStream)
        stream.layout, stream.bit_rate, stream.time_base = "mono", OPUS_BITS, Fraction(1, RATE)
        self._stream = stream
        self._at = 0
        self._video: Any = None
        if pictures is not None:
            self._pictures = pictures
            self._video = self._add_video(pictures())

    def _add_video(self, first: av.VideoFrame) -> av.VideoStream:
        video: Any = self._container.add_stream("libvpx", rate=Fraction(RATE, FRAME * PICTURE_FRAMES))
        video.width, video.height, video.pix_fmt = first.width, first.height, "yuv420p"
        video.bit_rate, video.time_base = PICTURE_BITS, Fraction(1, RATE)
        video.codec_context.thread_count = 1
        video.options = {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0"}
        return cast("av.VideoStream", video)

    def append(self, samples: "np.ndarray[Any, np.dtype[np.int16]]") -> None:
        if self._video is not None and self._at % (PICTURE_FRAMES * FRAME) < FRAME:
            picture = self._pictures()
            picture.pts, picture.time_base = self._at, Fraction(1, RATE)
            self._container.mux(self._video.encode(picture))
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._at, Fraction(1, RATE)
        self._at += len(samples)
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        if self._video is not None:
            self._container.mux(self._video.encode(None))
        self._container.mux(self._stream.encode(None))
        self._container.close()


def _form(file: Any, ending: str, pictures: "Callable[[], av.VideoFrame] | None") -> "_Wav | _Opus":
    form = FORMS.get(ending)
    if form is None:
        return _Wav(file)
    return _Opus(file, form, pictures if ending in WITH_PICTURES else None)


def _whole(samples: Samples) -> "np.ndarray[Any, np.dtype[np.int16]]":
    whole: np.ndarray[Any, np.dtype[np.int16]] = np.clip(samples * 32_767.0, -32_768, 32_767).astype(np.int16)
    return whole
