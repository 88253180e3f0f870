"""All sound of a call: what is heard of each party, mixed, and what is sent to all of them.

Strategy: every 20 ms, by the clock, a frame of each party is taken, all are added, and the sum goes to the
sink; and a frame is taken from the source, encoded once, and given to each leg. Who is muted sends nothing
at all: the connection tells by itself that it is alive, and nobody can hear what is not sent. A device that
is gone is told, and so is that it is back; until then there is silence.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from av import VideoFrame

from mesh_agent.media import devices, pulse
from mesh_agent.media.conceal import is_quiet
from mesh_agent.media.devices import LATENCIES, Microphone, Speaker, Unusable
from mesh_agent.media.hearing import Hearing
from mesh_agent.media.leg import Leg
from mesh_agent.media.mixing import Meter, Mixer, decibels
from mesh_agent.media.opus import FRAME, FRAME_S, Encoder, Samples
from mesh_agent.media.orders import GONE, Side
from mesh_agent.media.packet import Packet
from mesh_agent.media.processing import NO_LIBRARY, Processor
from mesh_agent.media.sinks import Nowhere, Sink, Written
from mesh_agent.media.sources import File, Nothing, Source, Tone, Unreadable

log = logging.getLogger(__name__)

BEHIND_S: Final = 0.2
"""A process that slept longer than this goes on from now, and makes up for nothing."""

AGAIN_S: Final = 3.0
"""How often a device that is gone is tried again."""

ADAPT_FRAMES: Final = 25
"""How often what is lost on the lines is looked at."""

LOSS_KEPT: Final = 0.9
"""Of what was lost, as it was told at the last look: a short report has many losses, or none, by chance."""

CALM_S: Final = 60.0
CALM_MAX_S: Final = 960.0
"""For how long a loudspeaker that ran dry must not, before it is given less time again; twice as long after
each time, up to this."""

SILENT_FRAMES: Final = 25
"""It is done in a pause, since nothing is heard for a moment then."""

TEST_FRAMES: Final = 50
"""How long the test tone is played."""


class Told(Protocol):
    """What is told, in the loop. `devices_changed`: others are in use, or `Sound.problems` are others."""

    def problem(self, text: str) -> None: ...
    def devices_changed(self) -> None: ...
    def source_ended(self) -> None: ...


class Sound:
    """`legs`: those that there are now. `library`: PortAudio; raises Unusable. `server`: of sound."""

    def __init__(
        self,
        legs: Callable[[], Iterable[Leg]],
        told: Told,
        *,
        process: bool,
        library: Callable[[], Any] = devices.library,
        server: devices.Server = pulse.listed,
        again_s: float = AGAIN_S,
        calm_s: float = CALM_S,
    ) -> None:
        self._legs, self._told, self._library, self._server = legs, told, library, server
        self._loop = asyncio.get_running_loop()
        self._encoder, self._mixer = Encoder(), Mixer()
        self._hearings: dict[Leg, Hearing] = {}
        self.meters: dict[Leg, Meter] = {}
        self.own = Meter()
        self._process = process
        self._processor: Processor | None = None
        self._source: Source = Nothing()
        self._sink: Sink = Nowhere()
        self._record: Written | None = None
        self._wanted = "none", "none"
        self._problems: dict[Side, list[str]] = {"audio_in": [], "audio_out": []}
        self._users: dict[Side, Callable[[str], Awaitable[None]]] = {
            "audio_in": self._use_source,
            "audio_out": self._use_sink,
        }
        self._unrecorded: list[str] = []
        self._slack, self._calm_s, self._silent = 0, calm_s / 2, 0
        self._changing = asyncio.Lock()
        self._again_s, self._again_at = again_s, 0.0
        self._retry: asyncio.Task[None] | None = None
        self._timestamp = 0
        self._frames, self._loss = 0, 0.0
        self._logged = False
        self._test: Tone | None = None
        self._test_left = 0
        self.muted = self.deafened = False

    # ── devices and files ───────────────────────────────────────────────────────────────────────

    @property
    def problems(self) -> list[str]:
        """Sentences about what cannot be used now."""
        of_devices = (text for texts in self._problems.values() for text in texts)
        return list(dict.fromkeys([*self._unrecorded, *of_devices]))

    async def use(self, audio_in: str, audio_out: str) -> None:
        """Silence is in place of what cannot be used: see `problems`. What is in use already goes on."""
        async with self._changing:
            before, self._wanted = self._wanted, (audio_in, audio_out)
            if audio_in != before[0] or self._source.name != audio_in:
                await self._use_source(audio_in)
            if audio_out != before[1] or self._sink.name != audio_out:
                await self._use_sink(audio_out)

    async def _use_source(self, name: str) -> None:
        old, self._source, self._processor = self._source, Nothing(), None
        await asyncio.to_thread(old.close)
        problems: list[str] = []
        try:
            self._source = await asyncio.to_thread(self._open_source, name)
        except (Unusable, Unreadable) as error:
            problems.append(error.text)
        if self._process and isinstance(self._source, Microphone):
            try:
                self._processor = Processor()
            except ImportError:
                problems.append(NO_LIBRARY)
        self._problems["audio_in"] = problems

    async def _use_sink(self, name: str) -> None:
        old, self._sink = self._sink, Nowhere()
        await asyncio.to_thread(old.close)
        problems: list[str] = []
        try:
            self._sink = await asyncio.to_thread(self._open_sink, name)
        except Unusable as error:
            problems.append(error.text)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            problems.append(f"What is heard cannot be written to {name}: {why}.")
        self._problems["audio_out"] = problems

    def _open_source(self, name: str) -> Source:
        kind, _, wanted = name.partition(":")
        if kind == "mic":
            return Microphone(self._library(), wanted, self._server)
        if name == "tone":
            return Tone()
        return Nothing() if name == "none" else File(Path(name), self._ended, self._problem)

    def _open_sink(self, name: str) -> Sink:
        kind, _, wanted = name.partition(":")
        if kind == "speaker":
            return Speaker(self._library(), wanted, self._server, LATENCIES[self._slack])
        return Nowhere() if name == "none" else Written(Path(name), self._problem)

    @property
    def recorded(self) -> str:
        """The file that the call is written into; empty: none."""
        return "" if self._record is None else self._record.name

    async def record(self, path: str | None, pictures: Callable[[], VideoFrame] | None = None) -> None:
        """All parties and us, mixed, from now on, with these pictures; None: no longer. See `problems`."""
        old, self._record = self._record, None
        if old is not None:
            await asyncio.to_thread(old.close)
        self._unrecorded = []
        if path is None:
            return
        try:
            self._record = await asyncio.to_thread(Written, Path(path), self._no_longer, pictures)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            self._unrecorded = [f"The call cannot be recorded to {path}: {why}."]

    def _no_longer(self, text: str) -> None:
        """In another thread: the rest cannot be written."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._record_ended, text)

    def _record_ended(self, text: str) -> None:
        old, self._record, self._unrecorded = self._record, None, [text]
        if old is not None:
            self._loop.run_in_executor(None, old.close)
        self._told.devices_changed()

    def _problem(self, text: str) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._told.problem, text)

    def _ended(self) -> None:
        self._told.source_ended()

    @property
    def audio_in(self) -> str:
        return self._source.name

    @property
    def audio_out(self) -> str:
        return self._sink.name

    async def listed(self) -> tuple[list[str], list[str]]:
        """The names of all microphones and loudspeakers."""
        try:
            sounds = self._library()
        except Unusable:
            return [], []
        inputs = await asyncio.to_thread(devices.names, sounds, "input", self._server)
        return inputs, await asyncio.to_thread(devices.names, sounds, "output", self._server)

    @property
    def _open(self) -> list[Microphone | Speaker]:
        return [part for part in (self._source, self._sink) if isinstance(part, Microphone | Speaker)]

    def _look_after(self, now: float) -> None:
        """A device that was pulled out is let go; every few seconds it is tried again."""
        for part in self._open:
            if part.gone:
                self._lose(part)
                self._again_at = now + self._again_s
        if isinstance(self._sink, Speaker) and (step := self._step(self._sink)):
            self._again_at = now
            self._slack += step
            self._let_go(self._sink)
        if now >= self._again_at and (self._retry is None or self._retry.done()):
            self._again_at = now + self._again_s
            self._retry = asyncio.create_task(self._try_again())

    def _step(self, speaker: Speaker) -> int:
        """Whether it is to have more time (1), or less."""
        if speaker.hurried and self._slack < len(LATENCIES) - 1:
            self._calm_s = min(2 * self._calm_s, CALM_MAX_S)
            return 1
        easy = self._slack and self._silent >= SILENT_FRAMES and speaker.calm_s >= self._calm_s
        return -1 if easy else 0

    def _let_go(self, part: Microphone | Speaker) -> None:
        self._loop.run_in_executor(None, part.close)
        if part is self._source:
            self._source = Nothing()
        else:
            self._sink = Nowhere()

    def _lose(self, part: Microphone | Speaker) -> None:
        side: Side = "audio_in" if part is self._source else "audio_out"
        self._let_go(part)
        self._problems[side] = [GONE[side]]
        self._told.devices_changed()

    def _missing(self, side: Side) -> bool:
        """Whether a device is wanted there, and none is open."""
        wanted = self._wanted[side == "audio_out"]
        now = self._source.name if side == "audio_in" else self._sink.name
        return wanted.partition(":")[0] in ("mic", "speaker") and now == "none"

    async def _try_again(self) -> None:
        """Whether those that are open are still there, and those that are missing are back."""
        async with self._changing:
            for part in self._open:
                await asyncio.to_thread(part.look)
            missing = [side for side in self._problems if self._missing(side)]
            if not missing:
                return
            with suppress(Unusable):
                sounds = self._library()
                if not self._open:
                    await asyncio.to_thread(devices.refresh, sounds)
            before = self.problems
            for side in missing:
                told = self._problems[side]
                use, wanted = self._users[side], self._wanted[side == "audio_out"]
                await use(wanted)
                if self._missing(side):
                    self._problems[side] = told or self._problems[side]
            if self.problems != before:
                self._told.devices_changed()

    # ── parties ─────────────────────────────────────────────────────────────────────────────────

    def take(self, leg: Leg, packet: Packet) -> None:
        if leg not in self._hearings:
            self._hearings[leg], self.meters[leg] = Hearing(), Meter()
        self._hearings[leg].take(packet)

    def forget(self, leg: Leg) -> None:
        self._hearings.pop(leg, None)
        self.meters.pop(leg, None)

    def hearing(self, leg: Leg) -> Hearing | None:
        return self._hearings.get(leg)

    @property
    def waiting_ms(self) -> float:
        """How long sound waits in the sink."""
        return 1_000 * self._sink.waiting_s

    # ── every 20 ms ─────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        due = time.monotonic()
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            late = time.monotonic() - due
            if late > BEHIND_S:
                for part in self._open:
                    part.excuse(late)
                due += late
            try:
                self.tick(due)
            except Exception:  # a frame that cannot be had is silence, and no end of the call
                if not self._logged:
                    log.exception("20 ms of sound failed")
                self._logged = True
            due += FRAME_S

    def tick(self, now: float) -> None:
        """The 20 ms that begin at `now`."""
        voices: list[Samples] = []
        for leg, hearing in self._hearings.items():
            frame = hearing.frame(now)
            self.meters[leg].take(frame)
            voices.append(frame)
        mixed = self._mixer.mix(voices)
        played = self._playing(mixed)
        self._silent = self._silent + 1 if is_quiet(played) else 0
        self._sink.write(played)
        said = self._saying(played)
        if self._record is not None:
            self._record.write(mixed if said is None else (mixed + said).clip(-1, 1))
        self._look_after(now)

    def _playing(self, mixed: Samples) -> Samples:
        if self.deafened:
            mixed = 0 * mixed
        if self._test is not None:
            tone = self._test.read()
            self._test_left -= 1
            if self._test_left <= 0:
                self._test = None
            if tone is not None:
                return (mixed + tone).clip(-1, 1)
        return mixed

    def _saying(self, played: Samples) -> Samples | None:
        samples = self._source.read()
        if samples is not None and self._processor is not None:
            samples = self._processor.process(samples, played)
        if self.muted:
            samples = None
        self.own.take(samples)
        self._adapt()
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        packet = self._encoder.encode(samples) if samples is not None else None
        if samples is not None and packet is not None:
            level = min(127, int(-decibels(samples)))
            for leg in self._legs():
                leg.send_sound(packet, self._timestamp, level)
        return samples

    def _adapt(self) -> None:
        """Copies of what was said are sent for whom most is lost; a report covers a second."""
        self._frames += 1
        if self._frames % ADAPT_FRAMES == 0:
            worst = max((leg.sound_out.loss for leg in self._legs()), default=0.0)
            self._loss = max(worst, self._loss * LOSS_KEPT)
            self._encoder.lost(self._loss)

    def test(self) -> None:
        """A tone, for a second, to be heard here."""
        self._test, self._test_left = Tone(), TEST_FRAMES

    def close(self) -> None:
        """Blocks until all is written. Not to be called while `run` runs."""
        self._source.close()
        self._sink.close()
        if self._record is not None:
            self._record.close()
