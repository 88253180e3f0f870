"""Where the sound comes from that is sent: a tone, nothing, a file, or a microphone (`devices`).

Strategy: each source is asked for 20 ms at a time and answers at once; what takes longer happens in a thread
that works ahead a little.
"""

from typing import Final, Protocol

import numpy as np

from mesh_agent.media.opus import FRAME, RATE, Samples

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
