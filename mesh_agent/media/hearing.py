"""One party, as it is heard: its packets, in their time, as an unbroken stream of sound."""

from typing import Final

import numpy as np

from mesh_agent.media.conceal import Concealer, lengthened, shortened
from mesh_agent.media.jitter import LATE, Conceal, Jitter, Play, Silence, length
from mesh_agent.media.opus import CALM, FRAME, RATE, Decoder, Samples
from mesh_agent.media.packet import Packet

STEPS_MAX: Final = 16
"""Packets of one frame: the shortest that there are, and some that are left out as silence."""

CALM_SAMPLES: Final = RATE
"""The noise of a calm place goes on for so long where nothing comes. A packet of it comes every 400 ms."""


class Hearing:
    """`jitter.counts` tells what was lost. Times are seconds of the clock of `Packet.at`."""

    def __init__(self) -> None:
        self.jitter = Jitter()
        self._decoder, self._concealer = Decoder(), Concealer()
        self._ready: Samples = np.zeros(0, np.float32)
        self._calm = 0

    def take(self, packet: Packet) -> None:
        self.jitter.take(packet, copies=self._decoder.has_copy(packet.payload))

    def frame(self, now: float) -> Samples:
        """The 20 ms that are heard from `now` on."""
        left = len(self._ready)
        for _ in range(STEPS_MAX):
            if len(self._ready) >= FRAME:
                break
            self._ready = np.concatenate((self._ready, self._step(now, left)))
        else:
            missing = max(0, FRAME - len(self._ready))
            self._ready = np.concatenate((self._ready, np.zeros(missing, np.float32)))
        frame, self._ready = self._ready[:FRAME], self._ready[FRAME:]
        return frame

    def _step(self, now: float, left: int) -> Samples:
        step = self.jitter.next(now, len(self._ready), left)
        if isinstance(step, Play):
            return self._play(step)
        if isinstance(step, Conceal) and (copy := self._copy(step)) is not None:
            return copy
        if (calm := self._still_calm(step.samples)) is not None:
            return calm
        if isinstance(step, Silence):
            return self._concealer.silence(step.samples)
        return self._concealer.conceal(step.samples)

    def _copy(self, step: Conceal) -> Samples | None:
        """What is missing, from the copy in the packet that follows, where that is there and has one."""
        if step.after is None or not self._decoder.has_copy(step.after.payload):
            return None
        recovered = self._decoder.recover(step.after.payload, step.samples)
        if recovered is None:
            return None
        self.jitter.counts.recovered += step.samples
        return self._concealer.played(recovered)

    def _still_calm(self, count: int) -> Samples | None:
        """The quiet noise of the place where nothing is said, of which little is sent, going on."""
        self._calm -= count
        noise = self._decoder.missing(count) if self._calm >= 0 else None
        return None if noise is None else self._concealer.played(noise)

    def _play(self, step: Play) -> Samples:
        samples = self._decoder.decode(step.packet.payload)
        if samples is None:
            self.jitter.counts.concealed += length(step.packet.payload)
            return self._concealer.conceal(length(step.packet.payload))
        calm = float(np.dot(samples, samples)) < CALM * CALM * len(samples)
        self._calm = CALM_SAMPLES if calm else 0
        samples = self._concealer.played(samples)
        if step.adjust < 0:
            return shortened(samples, -step.adjust, unheard=step.adjust >= -LATE)
        return lengthened(samples, step.adjust) if step.adjust else samples

    @property
    def delay_ms(self) -> float:
        """How long sound has waited here lately, from when it came until it is heard."""
        return 1_000 * self.jitter.waited_s
