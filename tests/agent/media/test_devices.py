"""Microphones and loudspeakers: chosen by name, pulled out and put back, and a machine that has none."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mesh_agent.media import pulse
from mesh_agent.media.devices import (
    BEGIN_S,
    DRY,
    GONE_S,
    KEPT,
    KEPT_MAX,
    LATENCIES,
    NO_LIBRARY,
    RING,
    WAITING,
    Chosen,
    Microphone,
    Ring,
    Server,
    Speaker,
    Unusable,
    chosen,
    names,
)
from mesh_agent.media.opus import FRAME, Samples
from mesh_agent.media.processing import Processor
from mesh_agent.media.pulse import Known
from mesh_agent.media.sound import SILENT_FRAMES, Sound
from tests.agent.media.sound_library import Library
from tests.agent.media.sounds import read_wav, strength, tone
from tests.support.conditions import until

USUAL = (("Built-in Microphone", 1, 0), ("Built-in Output", 0, 2), ("USB Headset", 1, 2))


class Notes:
    """What the sound of a call tells."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.ended = self.changes = 0

    def problem(self, text: str) -> None:
        self.problems.append(text)

    def devices_changed(self) -> None:
        self.changes += 1

    def source_ended(self) -> None:
        self.ended += 1


@asynccontextmanager
async def sounding(
    library: Any, *, process: bool = False, server: Server = pulse.listed
) -> AsyncIterator[tuple[Sound, Notes]]:
    notes = Notes()
    sound = Sound(lambda: (), notes, process=process, library=library, server=server, again_s=0.1)
    running = asyncio.create_task(sound.run())
    try:
        yield sound, notes
    finally:
        running.cancel()
        await asyncio.wait((running,))
        await asyncio.to_thread(sound.close)


def test_devices_are_chosen_by_name() -> None:
    library = Library(*USUAL)
    assert names(library, "input") == ["Built-in Microphone", "USB Headset"]
    assert names(library, "output") == ["Built-in Output", "USB Headset"]
    assert chosen(library, "input", "") == Chosen(None)
    assert chosen(library, "input", "usb") == Chosen(2)
    assert chosen(library, "output", "Built-in Output") == Chosen(1)
    with pytest.raises(Unusable) as refused:
        chosen(library, "input", "Studio")
    assert refused.value.text == (
        "There is no microphone named Studio; there are: Built-in Microphone, USB Headset."
    )
    with pytest.raises(Unusable) as refused:
        chosen(Library(), "output", "")
    assert refused.value.text == "There is no loudspeaker."


def test_a_ring_holds_what_it_has_room_for_in_order() -> None:
    ring, out = Ring(), np.zeros(1_000, np.float32)
    assert ring.take(out) == 0
    counted = np.arange(RING * 3, dtype=np.float32)
    at, expected = 0, 0
    for size in (700, 1_300, 50, 999, 1_000) * 20:
        ring.put(counted[at : at + size])
        at += size
        while len(ring) >= 1_000:
            assert ring.take(out) == 1_000
            assert np.array_equal(out, counted[expected : expected + 1_000])
            expected += 1_000
        if at > 2 * RING:
            break
    ring.put(np.zeros(2 * RING, np.float32))
    assert len(ring) == RING


async def test_a_machine_without_the_library_says_so_once_and_the_call_goes_on() -> None:
    def none() -> Any:
        raise Unusable(NO_LIBRARY)

    async with sounding(none) as (sound, notes):
        await sound.use("mic", "speaker")
        assert sound.problems == [NO_LIBRARY]
        assert (sound.audio_in, sound.audio_out) == ("none", "none")
        assert await sound.listed() == ([], [])
        await sound.use("tone", "none")
        assert sound.problems == []
        assert sound.audio_in == "tone"
    assert notes.problems == []


async def test_what_the_microphone_hears_is_said_and_what_is_played_is_heard() -> None:
    library = Library(*USUAL)
    library.heard = lambda numbers: 0.3 * np.sin(2 * np.pi * 600 * numbers / 48_000)
    async with sounding(lambda: library) as (sound, notes):
        await sound.use("mic:usb", "speaker")
        assert sound.problems == []
        assert (sound.audio_in, sound.audio_out) == ("mic:usb", "speaker")
        assert [stream.device for stream in library.opened] == [2, None]
        await until(lambda: sound.own.speaking, "the microphone is heard")
        sound.test()
        await until(
            lambda: len(library.played) > 40 and strength(np.concatenate(library.played[-30:]), 440) > 0.1,
            "the test tone is played",
        )
        sound.muted = True
        await until(lambda: not sound.own.speaking and not sound.own.level, "nobody says anything")
    assert notes.problems == []
    assert not any(stream.running for stream in library.opened)


async def test_a_device_that_is_pulled_out_is_told_once_and_used_again_when_it_is_back() -> None:
    library = Library(*USUAL)
    library.heard = lambda numbers: 0.3 * np.sin(2 * np.pi * 600 * numbers / 48_000)
    async with sounding(lambda: library) as (sound, notes):
        await sound.use("mic", "speaker")
        await until(lambda: sound.own.speaking, "the microphone is heard")
        library.pulled = True
        await until(lambda: notes.changes == 2, "both are missed")
        assert sound.problems == [
            "The microphone is gone. Nothing is sent until it is back.",
            "The loudspeaker is gone. Nothing is heard until it is back.",
        ]
        assert (sound.audio_in, sound.audio_out) == ("none", "none")
        await until(lambda: library.refreshed, "devices are looked for")
        library.pulled = False
        await until(lambda: (sound.audio_in, sound.audio_out) == ("mic", "speaker"), "both are back")
        await until(lambda: not sound.problems and notes.changes >= 3, "that is told")
        await until(lambda: sound.own.speaking, "the microphone is heard again")
    assert notes.problems == []


async def test_a_device_that_cannot_be_opened_is_one_sentence() -> None:
    library = Library(*USUAL)
    library.pulled = True
    async with sounding(lambda: library) as (sound, _):
        await sound.use("mic", "none")
        assert sound.problems == ["The microphone cannot be used: Device unavailable [PaErrorCode -9985]."]
        await sound.use("none", "none")
        assert sound.problems == []


def test_a_headset_that_takes_long_to_begin_is_not_gone() -> None:
    library = Library(*USUAL)
    library.silent = True
    microphone = Microphone(library, "")
    gone = []
    microphone._opened -= GONE_S
    gone.append(microphone.gone)
    microphone._opened -= BEGIN_S
    gone.append(microphone.gone)
    microphone._call(np.zeros((FRAME, 1), np.float32), FRAME, None, None)
    gone.append(microphone.gone)
    microphone._called -= GONE_S
    gone.append(microphone.gone)
    assert gone == [False, True, False, True]
    microphone.close()


async def test_a_device_is_not_gone_where_the_whole_program_was_held_up() -> None:
    library = Library(*USUAL)
    async with sounding(lambda: library) as (sound, notes):
        await sound.use("mic", "speaker")
        await until(lambda: library.played, "it plays")
        library.goes_on.clear()
        time.sleep(GONE_S + 0.1)  # noqa: ASYNC251 - so is the loop
        library.goes_on.set()
        played = len(library.played)
        await until(lambda: len(library.played) > played + 1, "it plays on")
        assert (len(library.opened), notes.changes) == (2, 0)


async def test_a_loudspeaker_that_runs_dry_is_given_more_time() -> None:
    library = Library(*USUAL)
    async with sounding(lambda: library) as (sound, notes):
        library.dry = DRY - 1
        await sound.use("none", "speaker")
        await until(lambda: not library.dry and library.played, "it plays")
        assert [stream.asked for stream in library.opened] == [LATENCIES[0]]
        library.dry = 1
        await until(lambda: len(library.opened) == 2 and sound.audio_out == "speaker", "it is opened anew")
        assert [stream.asked for stream in library.opened] == list(LATENCIES[:2])
        library.dry = 1_000_000
        await until(
            lambda: len(library.opened) == len(LATENCIES) and sound.audio_out == "speaker", "all are tried"
        )
        played = len(library.played)
        await until(lambda: len(library.played) > played + 2 * DRY, "it plays on")
        assert len(library.opened) == len(LATENCIES)
    assert (notes.changes, notes.problems) == (0, [])


async def test_a_loudspeaker_that_runs_dry_no_longer_is_given_less_time_in_a_pause() -> None:
    library = Library(*USUAL)
    sound = Sound(lambda: (), Notes(), process=False, library=lambda: library, calm_s=0.0)

    def heard(streams: int) -> Callable[[], bool]:
        def so() -> bool:
            sound.test()
            sound.tick(time.monotonic())
            return len(library.opened) == streams and sound.audio_out == "speaker"

        return so

    def silent() -> bool:
        for _ in range(SILENT_FRAMES):
            sound.tick(time.monotonic())
        return len(library.opened) == 3

    try:
        await sound.use("none", "speaker")
        library.dry = DRY
        await until(heard(2), "it to be opened anew, while something is heard")
        for _ in range(3 * SILENT_FRAMES):
            assert heard(2)()
        await until(silent, "it to be opened anew in a pause")
        assert [stream.asked for stream in library.opened] == [LATENCIES[0], LATENCIES[1], LATENCIES[0]]
    finally:
        await asyncio.to_thread(sound.close)


HEADSET, DESK = Known("Headset", "bluez.1"), Known("Desk", "usb.2")


async def test_the_devices_of_a_sound_server_are_chosen_by_its_names_and_missed_when_they_go() -> None:
    library = Library(("pulse", 32, 32), ("default", 32, 32))
    there = {"input": [DESK, HEADSET], "output": [DESK]}
    async with sounding(lambda: library, server=lambda kind: list(there[kind])) as (sound, _):
        assert await sound.listed() == (["Desk", "Headset"], ["Desk"])
        await sound.use("mic:head", "speaker:usb.2")
        assert [(stream.device, stream.source, stream.sink) for stream in library.opened] == [
            (0, "bluez.1", None),
            (0, None, "usb.2"),
        ]
        there["input"].remove(HEADSET)
        await until(lambda: sound.audio_in == "none", "the headset is missed")
        assert sound.problems == ["The microphone is gone. Nothing is sent until it is back."]
        assert sound.audio_out == "speaker:usb.2"
        there["input"].append(HEADSET)
        await until(lambda: sound.audio_in == "mic:head" and not sound.problems, "the headset is back")
        await sound.use("mic", "none")
        assert (library.opened[-1].device, library.opened[-1].source) == (0, None)
        await sound.use("mic:Studio", "none")
        assert sound.problems == ["There is no microphone named Studio; there are: Desk, Headset."]


def test_where_the_sound_server_does_not_answer_there_is_what_portaudio_sees() -> None:
    library = Library(("pulse", 32, 32), ("default", 32, 32))
    assert names(library, "input", lambda _: None) == ["pulse", "default"]
    assert chosen(library, "output", "pulse", lambda _: None) == Chosen(0)
    with pytest.raises(Unusable) as refused:
        chosen(library, "output", "", lambda _: [])
    assert refused.value.text == "There is no loudspeaker."


def test_what_waits_in_a_microphone_is_never_old() -> None:
    microphone = Microphone(Library(*USUAL), "")
    microphone.close()
    for number in range(10):
        microphone._call(np.full((FRAME, 1), number, np.float32), FRAME, None, None)
    samples = microphone.read()
    assert samples is not None
    assert samples[0] == 8
    assert len(microphone._ring) <= WAITING


@pytest.mark.parametrize("voice", [tone(300, 8), np.zeros(8 * 48_000, np.float32)])
def test_what_is_said_late_once_is_not_late_for_ever(voice: Samples) -> None:
    """60 ms came while nobody read, and then each frame as it is read."""
    microphone = Microphone(Library(*USUAL), "")
    microphone.close()
    frames = [voice[at : at + FRAME].reshape(-1, 1) for at in range(0, len(voice), FRAME)]
    for frame in frames[:3]:
        microphone._call(frame, FRAME, None, None)
    for frame in frames[3:]:
        microphone._call(frame, FRAME, None, None)
        assert microphone.read() is not None
    assert len(microphone._ring) <= KEPT


@pytest.mark.parametrize("voice", [tone(300, 2), np.zeros(2 * 48_000, np.float32)])
def test_what_is_heard_late_once_is_not_late_two_seconds_later(voice: Samples) -> None:
    speaker = Speaker(Library(*USUAL), "")
    speaker.close()
    for _ in range(20):
        speaker.write(tone(300, 0.02))
    assert len(speaker._ring) <= WAITING
    out = np.zeros((FRAME, 1), np.float32)
    for at in range(0, len(voice), FRAME):
        speaker._call(out, FRAME, None, None)
        speaker.write(voice[at : at + FRAME])
    assert len(speaker._ring) <= FRAME + KEPT + 120
    assert speaker.waiting_s <= 0.05


def test_who_is_late_now_and_then_keeps_more_in_a_loudspeaker() -> None:
    """Ticks that come 15 ms late every half a second are heard as gaps at first, and not for ever."""
    speaker = Speaker(Library(*USUAL), "")
    speaker.close()
    out, gaps = np.zeros((FRAME // 2, 1), np.float32), []
    for block in range(2_000):
        late = block % 50 in (48, 49)
        if block % 2 == 0 and not late:
            speaker.write(tone(300, 0.02))
            if block % 50 == 0 and block:
                speaker.write(tone(300, 0.02))
        speaker._call(out, FRAME // 2, None, None)
        if block > 1_000 and not np.any(out):
            gaps.append(block)
    assert gaps == []
    assert len(speaker._ring) < KEPT_MAX + 2 * FRAME


def test_an_echo_is_taken_out_of_what_the_microphone_hears() -> None:
    processor = Processor()
    noise = np.random.default_rng(3)
    played = (0.1 * noise.standard_normal(FRAME * 150)).astype(np.float32)
    heard = 0.5 * np.roll(played, 1_500)
    out = [
        processor.process(heard[at : at + FRAME], played[at : at + FRAME])
        for at in range(0, len(heard), FRAME)
    ]
    before, after = np.std(heard[-FRAME * 50 :]), np.std(np.concatenate(out[-50:]))
    assert after < before / 4


async def test_a_call_is_recorded_from_when_to_when_one_wants(tmp_path: Path) -> None:
    library = Library(*USUAL)
    library.heard = lambda numbers: 0.3 * np.sin(2 * np.pi * 600 * numbers / 48_000)
    first, second = tmp_path / "first.wav", tmp_path / "second.wav"
    async with sounding(lambda: library) as (sound, notes):
        await sound.use("mic", "none")
        assert sound.recorded == ""
        await sound.record(str(first))
        assert sound.recorded == str(first)
        await until(lambda: first.stat().st_size > 20_000, "something to be written")
        await sound.record(None)
        size = first.stat().st_size
        assert sound.recorded == ""
        await sound.record(str(tmp_path / "none" / "third.wav"))
        assert sound.recorded == ""
        assert sound.problems == [
            f"The call cannot be recorded to {tmp_path / 'none' / 'third.wav'}: No such file or directory."
        ]
        await sound.record(str(second))
        assert sound.problems == []
        await until(lambda: second.stat().st_size > 10_000, "the next one to be written")
        assert first.stat().st_size == size
        sound._no_longer("The disk is full.")
        await until(lambda: not sound.recorded, "it to end by itself")
        assert (sound.problems, notes.changes) == (["The disk is full."], 1)
    assert strength(read_wav(first), 600) > 0.1
