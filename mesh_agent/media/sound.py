"""All sound of a call: what is heard of each party, mixed, and what is sent to all of them.

Strategy: every 20 ms, by the clock, a frame of each party is taken, all are added, and the sum goes to the
sink; and a frame is taken from the source, encoded once, and given to each leg.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from mesh_agent.media import devices
from mesh_agent.media.hearing import Hearing
from mesh_agent.media.leg import Leg
from mesh_agent.media.mixing import Mixer
from mesh_agent.media.opus import FRAME, FRAME_S, Encoder
from mesh_agent.media.packet import Packet
from mesh_agent.media.sinks import Nowhere, Sink, WavFile
from mesh_agent.media.sources import Nothing, Source, Tone

BEHIND_S: Final = 0.2
"""A process that slept longer than this goes on from now, and makes up for nothing."""


class Sound:
    """`legs`: those that there are now. `problem`: is told sentences, in the loop."""

    def __init__(self, legs: Callable[[], Iterable[Leg]], problem: Callable[[str], None]) -> None:
        self._legs, self._problem = legs, problem
        self._loop = asyncio.get_running_loop()
        self._encoder, self._mixer = Encoder(), Mixer()
        self._hearings: dict[Leg, Hearing] = {}
        self._source: Source = Nothing()
        self._sink: Sink = Nowhere()
        self._timestamp = 0
        self.muted = self.deafened = False

    def use(self, audio_in: str, audio_out: str) -> list[str]:
        """Sentences about what cannot be used; there is silence instead."""
        problems: list[str] = []
        self._source.close()
        self._sink.close()
        self._source, self._sink = Nothing(), Nowhere()
        try:
            self._source = self._open_source(audio_in)
        except devices.Unusable as error:
            problems.append(error.text)
        try:
            self._sink = self._open_sink(audio_out)
        except devices.Unusable as error:
            problems.append(error.text)
        except OSError as error:
            problems.append(f"What is heard cannot be written to {audio_out}: {error.strerror}.")
        return list(dict.fromkeys(problems))

    def _open_source(self, name: str) -> Source:
        if name == "tone":
            return Tone()
        if name.partition(":")[0] == "mic":
            devices.library()
        return Nothing()

    def _open_sink(self, name: str) -> Sink:
        if name == "none":
            return Nowhere()
        if name.partition(":")[0] == "speaker":
            devices.library()
        return WavFile(Path(name), self._said)

    def _said(self, text: str) -> None:
        self._loop.call_soon_threadsafe(self._problem, text)

    @property
    def audio_in(self) -> str:
        return self._source.name

    @property
    def audio_out(self) -> str:
        return self._sink.name

    def take(self, leg: Leg, packet: Packet) -> None:
        if leg not in self._hearings:
            self._hearings[leg] = Hearing()
        self._hearings[leg].take(packet)

    def forget(self, leg: Leg) -> None:
        self._hearings.pop(leg, None)

    async def run(self) -> None:
        due = time.monotonic()
        while True:
            now = time.monotonic()
            if now - due > BEHIND_S:
                due = now
            if now < due:
                await asyncio.sleep(due - now)
            self._tick(due)
            due += FRAME_S

    def _tick(self, now: float) -> None:
        self._sink.write(self._mixer.mix(hearing.frame(now) for hearing in self._hearings.values()))
        samples = self._source.read()
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        if samples is None or self.muted:
            return
        packet = self._encoder.encode(samples)
        if packet is not None:
            for leg in self._legs():
                leg.send_sound(packet, self._timestamp, 127)

    def close(self) -> None:
        self._source.close()
        self._sink.close()
