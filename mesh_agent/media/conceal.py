"""Making up sound that did not come, and making sound a little longer or shorter.

Strategy: a voice repeats itself: what is missing is the last period of what was heard (found where the sound
is most like itself), again and again, and fades within 60 ms, since nobody knows what follows. What comes
next is faded into it. Sound is shortened, or lengthened, by one period in its middle, faded over so that
neither end changes; what is too quiet to be heard is left out as a whole.
"""

from typing import Final

import numpy as np

from mesh_agent.media.opus import FRAME, Samples

PERIOD_MIN: Final = 120
"""Samples: 400 Hz."""

PERIOD_MAX: Final = 720
"""67 Hz."""

KEPT: Final = 2 * PERIOD_MAX + FRAME
"""What was heard last and is looked at."""

STEADY: Final = 480
"""Samples that are made up as loud as what was heard."""

FADE: Final = 2_400
"""Then it fades to nothing in so many."""

JOIN: Final = 240
"""What is made up and what comes then overlap for 5 ms."""

QUIET: Final = 0.002
"""Root mean square of what may be left out unheard."""

ALIKE: Final = 0.9
"""Of two periods that are so much the same (1: wholly), one may be missing: nobody hears it."""

_COARSE: Final = 4
"""Periods are looked for in every fourth sample first."""

_STILL: Final = 1e-9


class Concealer:
    """Of one stream: is shown all that is played."""

    def __init__(self) -> None:
        self._heard: Samples = np.zeros(KEPT, np.float32)
        self._cycle: Samples | None = None
        self._made = 0

    def played(self, samples: Samples) -> Samples:
        """What came, faded into what was made up before it, if anything was."""
        if self._cycle is not None and len(samples):
            most = min(JOIN, len(samples))
            rest = self._make(most)
            ramp = np.linspace(0.0, 1.0, most, dtype=np.float32)
            samples = samples.copy()
            samples[:most] = ramp * samples[:most] + (1 - ramp) * rest
            self._cycle = None
        self._keep(samples)
        return samples

    def conceal(self, count: int) -> Samples:
        """So many samples that follow what was heard, or made up, before."""
        if self._cycle is None:
            self._cycle, self._made = self._heard[-period(self._heard) :].copy(), 0
        made = self._make(count)
        self._heard = np.concatenate((self._heard, made))[-KEPT:]
        return made

    def silence(self, count: int) -> Samples:
        """Nothing was sent: so many samples of nothing, faded into."""
        return self.played(np.zeros(count, np.float32))

    def _make(self, count: int) -> Samples:
        assert self._cycle is not None
        places = np.arange(self._made, self._made + count)
        fade = np.clip(1.0 - (places - STEADY) / FADE, 0.0, 1.0).astype(np.float32)
        self._made += count
        made: Samples = self._cycle[places % len(self._cycle)] * fade
        return made

    def _keep(self, samples: Samples) -> None:
        self._heard = np.concatenate((self._heard, samples))[-KEPT:]


def period(heard: Samples) -> int:
    """After how many samples the end of it is most like itself."""
    rough = heard[::_COARSE].astype(np.float64)
    about = _alike(rough, PERIOD_MIN // _COARSE, PERIOD_MAX // _COARSE, FRAME // 2 // _COARSE)[0] * _COARSE
    least, most = max(PERIOD_MIN, about - _COARSE), min(PERIOD_MAX, about + _COARSE)
    return _alike(heard.astype(np.float64), least, most, FRAME // 2)[0]


def _alike(
    heard: "np.ndarray[tuple[int], np.dtype[np.float64]]", least: int, most: int, window: int
) -> tuple[int, float]:
    """The lag from `least` to `most` at which the last `window` samples are most like earlier ones.

    And how much they are: 1 is the same.
    """
    end = heard[-window:]
    past = heard[-window - most : -1] if least else heard[-window - most :]
    products = np.correlate(past, end, "valid")
    squares = np.concatenate(([0.0], np.cumsum(past * past)))
    energy = squares[window : window + len(products)] - squares[: len(products)]
    lags = most - np.arange(len(products))
    good = lags >= least
    scores = products[good] / np.sqrt(energy[good] + _STILL)
    best = int(np.argmax(scores))
    return int(lags[good][best]), float(scores[best] / np.sqrt(np.dot(end, end) + _STILL))


def shortened(samples: Samples, most: int, *, unheard: bool = False) -> Samples:
    """By one period, and by no more than `most` samples; all of it where it cannot be heard anyhow.

    `unheard`: only where periods are `ALIKE`.
    """
    if is_quiet(samples):
        return samples[: max(0, len(samples) - most)]
    size, alike = _step(samples, most)
    if not size or (unheard and alike < ALIKE):
        return samples
    begin = (len(samples) - 2 * size) // 2
    first, second = samples[begin : begin + size], samples[begin + size : begin + 2 * size]
    return np.concatenate((samples[:begin], _faded(first, second), samples[begin + 2 * size :]))


def lengthened(samples: Samples, most: int) -> Samples:
    """By one period, and by no more than `most` samples."""
    size, _ = _step(samples, most)
    if not size:
        return samples
    begin = (len(samples) - 2 * size) // 2
    first, second = samples[begin : begin + size], samples[begin + size : begin + 2 * size]
    return np.concatenate((samples[: begin + size], _faded(second, first), samples[begin + size :]))


def is_quiet(samples: Samples) -> bool:
    return float(np.dot(samples, samples)) <= QUIET * QUIET * len(samples)


def _step(samples: Samples, most: int) -> tuple[int, float]:
    """A period that fits twice into the samples, and how alike the two are; 0 where none does."""
    most = min(most, len(samples) // 2, PERIOD_MAX)
    if most < PERIOD_MIN:
        return 0, 0.0
    window = min(FRAME // 2, len(samples) - most)
    if window < PERIOD_MIN:
        return 0, 0.0
    return _alike(samples.astype(np.float64), PERIOD_MIN, most, window)


def _faded(first: Samples, second: Samples) -> Samples:
    ramp = np.linspace(0.0, 1.0, len(first), dtype=np.float32)
    mixed: Samples = (1 - ramp) * first + ramp * second
    return mixed
