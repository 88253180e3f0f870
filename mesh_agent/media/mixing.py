"""Adding voices up without ever being too loud, and how loud they are."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from mesh_agent.media.opus import FRAME, Samples

CEILING: Final = 0.97
"""Nothing that is played is louder."""

RELEASE: Final = 1.06
"""Where less is needed, the gain comes back by this much a frame: 6 dB in a quarter of a second."""

ATTACK: Final = 120
"""Samples in which the gain goes down: 2.5 ms."""

QUIETEST_DB: Final = -60.0
"""What is shown as 0; 0 dB (as loud as can be) is shown as 1."""

VOICE: Final = 0.3
"""What is louder than this (-42 dB) for `VOICE_FRAMES` in a row is somebody who speaks."""

VOICE_FRAMES: Final = 3
PAUSE_FRAMES: Final = 20
"""Who has been quieter for so long (0.4 s) no longer speaks."""

FALL: Final = 0.04
"""How much what is shown falls a frame: the eye does not follow more."""


class Mixer:
    """Adds voices up; where the sum would be too loud, it is made quieter as a whole, and not cut off."""

    def __init__(self) -> None:
        self._gain = 1.0

    def mix(self, voices: Iterable[Samples]) -> Samples:
        total = np.zeros(FRAME, np.float32)
        for voice in voices:
            total += voice
        peak = float(np.max(np.abs(total)))
        wanted = CEILING / peak if peak > CEILING else 1.0
        gain = min(wanted, self._gain * RELEASE, 1.0)
        if gain == 1.0 and self._gain == 1.0:
            return total
        gains = np.full(FRAME, gain, np.float32)
        gains[:ATTACK] = np.linspace(self._gain, gain, ATTACK, dtype=np.float32)
        self._gain = gain
        mixed: Samples = np.clip(total * gains, -CEILING, CEILING)
        return mixed


class Meter:
    """Of one voice: how loud it is now, from 0 to 1 by decibels, and whether it speaks."""

    def __init__(self) -> None:
        self.level, self.speaking = 0.0, False
        self._loud = self._quiet = 0

    def take(self, samples: Samples | None) -> None:
        now = 0.0 if samples is None else loudness(samples)
        self.level = max(now, self.level - FALL)
        if now >= VOICE:
            self._loud, self._quiet = self._loud + 1, 0
        else:
            self._loud, self._quiet = 0, self._quiet + 1
        if self._loud >= VOICE_FRAMES:
            self.speaking = True
        elif self._quiet >= PAUSE_FRAMES:
            self.speaking = False


def decibels(samples: Samples) -> float:
    """Of the root mean square, of a full scale; -127 at least."""
    power = float(np.dot(samples, samples)) / max(1, len(samples))
    return max(-127.0, 10 * float(np.log10(power + 1e-13)))


def loudness(samples: Samples) -> float:
    return min(1.0, max(0.0, 1.0 - decibels(samples) / QUIETEST_DB))
