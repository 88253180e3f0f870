"""People in a call, in this process: from what a microphone hears to what a loudspeaker plays."""

import asyncio
import time
from typing import Any, Final

import numpy as np

from mesh_agent.media.leg import Leg
from mesh_agent.media.opus import RATE
from mesh_agent.media.packet import Packet
from mesh_agent.media.sound import Sound
from tests.agent.media.ends import End
from tests.agent.media.proxy import Line, Proxy
from tests.agent.media.sound_library import Library
from tests.agent.media.sounds import Heard, loudness_by_ms
from tests.support.conditions import until

BURST_S: Final = 0.4
"""From one burst of the tone to the next."""

LOUD_S: Final = 0.1
SEEN_S: Final = 0.29
HERTZ: Final = 1_000.0


def bursts(numbers: Any) -> Any:
    """A tone of 100 ms every 400 ms, which begins and ends softly."""
    within = numbers % int(BURST_S * RATE)
    shape = np.clip(np.minimum(within, int(LOUD_S * RATE) - within) / 240, 0, 1)
    return 0.4 * shape * np.sin(2 * np.pi * HERTZ * numbers / RATE)


def steady(numbers: Any) -> Any:
    return 0.3 * np.sin(2 * np.pi * 300 * numbers / RATE)


def spoken(numbers: Any) -> Any:
    """Like a voice, for libopus: a tone is none."""
    times = numbers / RATE
    return 0.25 * (1.1 + np.sin(19 * times)) * (np.sin(880 * times) + 0.4 * np.sin(1_760 * times))


class Person(End):
    """One with a microphone and a loudspeaker of their own."""

    def __init__(self, heard: Any = None) -> None:
        super().__init__()
        self.library = Library(("Microphone", 1, 0), ("Loudspeaker", 0, 1))
        if heard is not None:
            self.library.heard = heard
        self.legs: list[Leg] = []
        self.problems: list[str] = []
        self.voice = Sound(lambda: self.legs, self, process=False, library=lambda: self.library)
        self._task = asyncio.create_task(self.voice.run())

    def problem(self, text: str) -> None:
        self.problems.append(text)

    def devices_changed(self) -> None:
        """They are looked at when they are asked for."""

    def source_ended(self) -> None:
        """A microphone has no end."""

    def sound(self, leg: Leg, packet: Packet) -> None:
        self.voice.take(leg, packet)

    async def close(self) -> None:
        await asyncio.gather(*(leg.close() for leg in self.legs))
        self._task.cancel()
        await asyncio.wait((self._task,))
        await asyncio.to_thread(self.voice.close)

    def played(self) -> Heard:
        """All that the loudspeaker has played."""
        return np.concatenate(self.library.played) if self.library.played else np.zeros(0)

    def delays(self, speaker: "Person") -> list[tuple[float, float]]:
        """From mouth to ear, of each burst: when it was said, and after how long it was heard.

        The first is in seconds since this one listens; the second is below `SEEN_S`, since a burst is like
        the next one. To 1 ms.
        """
        mouth, ear = speaker.library.opened[0].begun, self.library.opened[-1].begun
        power = loudness_by_ms(self.played())
        shape = loudness_by_ms(bursts(np.arange(int(LOUD_S * RATE))))
        window, found = len(shape) + int(SEEN_S * 1_000), []
        for number in range(int((len(power) / 1_000 + ear - mouth) / BURST_S)):
            begin = round(1_000 * (mouth + number * BURST_S - ear))
            if begin < 0 or begin + window > len(power):
                continue
            match = np.correlate(power[begin : begin + window], shape, "valid")
            late = int(np.argmax(match))
            if match[late] > 0.3 * float(np.dot(shape, shape)):
                found.append((begin / 1_000, late / 1_000))
        return found


class Lateness:
    """How late this machine itself was with anything at most, the devices of `people` among that: it is late
    with every sound by as much."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self._most_s = 0.0
        self._task = asyncio.create_task(self._look())

    @property
    def most_s(self) -> float:
        return max(self._most_s, *(person.library.late_s for person in self.people), 0.0)

    async def _look(self) -> None:
        while True:
            due = time.monotonic() + 0.005
            await asyncio.sleep(0.005)
            self._most_s = max(self._most_s, time.monotonic() - due)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))


async def talk(speaker: Person, listener: Person, line: Line) -> Proxy:
    """Connected, with both using their devices; `line`: from the speaker to the listener."""
    proxy = await Proxy.open(line, lambda _: 0.0)
    here, there = Leg(speaker, "listener", 1, []), Leg(listener, "speaker", 1, [])
    speaker.legs.append(here)
    listener.legs.append(there)
    answer = await there.answer(proxy.of_first(await here.offer()))
    await here.answered(proxy.of_second(answer))
    await until(lambda: here.state == there.state == "connected", "a connection")
    await speaker.voice.use("mic", "none")
    await listener.voice.use("none", "speaker")
    assert speaker.voice.problems == listener.voice.problems == []
    return proxy
