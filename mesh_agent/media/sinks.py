"""Where what is heard goes: into a WAV file, nowhere, or to a loudspeaker (`devices`).

Strategy: a file is written by a thread, behind a bounded queue, so that a slow disk holds nobody up. Its
header is made right again every second, so what a call that was killed leaves can be played.
"""

import os
import queue
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from mesh_agent.media.opus import RATE, Samples

WAITING_FRAMES: Final = 500
"""What waits for a slow disk: 10 s; of more, the newest is left out."""

FRAMES_A_HEADER: Final = 50
WAV_BYTES_MAX: Final = 0xFFFFFFFF - 1024
"""No WAV file is longer: 12 hours."""

_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")


class Sink(Protocol):
    """`name`: as in `orders.Ready`."""

    name: str

    def write(self, samples: Samples) -> None:
        """20 ms. Never waits."""

    def close(self) -> None:
        """Returns when all is written, or cannot be."""


class Nowhere:
    name = "none"

    def write(self, samples: Samples) -> None:
        """It is heard by nobody."""

    def close(self) -> None:
        """Nothing is open."""


class WavFile:
    """A new file, or one in the place of an old one. Raises: OSError: it cannot be written.

    `problem` is called with a sentence, from another thread, where it can be written no further.
    """

    def __init__(self, path: Path, problem: Callable[[str], None]) -> None:
        self.name = str(path)
        self._problem = problem
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        try:
            self._written = 0
            self._head()
        except OSError:
            os.close(self._file)
            raise
        self._waiting: queue.Queue[Samples | None] = queue.Queue(WAITING_FRAMES)
        self._dead = False
        self._thread = threading.Thread(target=self._run, name="wav", daemon=True)
        self._thread.start()

    def write(self, samples: Samples) -> None:
        if not self._dead and not self._waiting.full():
            self._waiting.put_nowait(samples)

    def close(self) -> None:
        self._dead = True
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        frames = 0
        try:
            while (samples := self._waiting.get()) is not None:
                self._append(np.clip(samples * 32_767.0, -32_768, 32_767).astype("<i2").tobytes())
                frames += 1
                if frames % FRAMES_A_HEADER == 0:
                    self._head()
            self._head()
        except OSError as error:
            self._dead = True
            self._problem(f"What is heard is no longer written to {self.name}: {error.strerror}.")
            while self._waiting.get() is not None:
                pass
        finally:
            os.close(self._file)

    def _append(self, data: bytes) -> None:
        if self._written + len(data) > WAV_BYTES_MAX:
            raise OSError(0, "it is as long as such a file can be")
        self._put(data)
        self._written += len(data)

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    def _head(self) -> None:
        """Says how long it is now."""
        head = _HEADER.pack(
            *(b"RIFF", self._written + 36, b"WAVE", b"fmt ", 16, 1, 1),
            *(RATE, 2 * RATE, 2, 16, b"data", self._written),
        )
        os.lseek(self._file, 0, os.SEEK_SET)
        self._put(head)
        os.lseek(self._file, 0, os.SEEK_END)
