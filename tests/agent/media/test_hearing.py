"""A voice through Opus and a line with faults, in virtual time, as it is heard."""

import random

import numpy as np
import pytest

from mesh_agent.media.hearing import Hearing
from mesh_agent.media.opus import FRAME, RATE, SILENT_EVERY, Decoder, Encoder, Samples
from mesh_agent.media.packet import Packet
from tests.agent.media.network import FRAME_S
from tests.agent.media.spoken import BEGUN, copied, heard, said


def loudest_gap(samples: Samples, least: float) -> int:
    """The most samples in a row that are quieter than `least`, 1 ms at a time."""
    loud = np.abs(samples[: len(samples) // 48 * 48]).reshape(-1, 48).max(axis=1) >= least
    edges = np.flatnonzero(np.diff(np.concatenate(([True], loud, [True])).astype(int)))
    return int(48 * max((edges[1::2] - edges[::2]), default=0))


def test_what_is_said_is_what_is_heard() -> None:
    voice = said(2)
    out, _ = heard(voice, lambda _: 0.0)
    lag = int(np.argmax(np.correlate(out, voice[RATE // 2 : RATE], "valid"))) - RATE // 2
    assert 0 < lag < 2 * FRAME
    similar = np.corrcoef(out[RATE // 2 + lag : RATE + lag], voice[RATE // 2 : RATE])[0, 1]
    assert similar > 0.9  # Opus keeps how it sounds, and not each sample


@pytest.mark.parametrize("part", [0.02, 0.10])
def test_no_loss_is_heard_as_a_gap(part: float) -> None:
    """A tone is never gone for 20 ms, but where several packets in a row are."""
    chance = random.Random(11)
    lost = {index for index in range(20, 290) if chance.random() < part}
    steady = (0.3 * np.sin(2 * np.pi * 300 * np.arange(6 * RATE) / RATE)).astype(np.float32)
    out, hearing = heard(steady, lambda index: None if index in lost else 0.01)
    assert hearing.jitter.counts.lost == len(lost)
    assert loudest_gap(out[10 * FRAME : 290 * FRAME], 0.02) < FRAME
    assert hearing.delay_ms < 40


def test_one_lost_packet_moves_nothing_after_it() -> None:
    voice = said(3)
    clean, _ = heard(voice, lambda _: 0.01)
    out, _ = heard(voice, lambda index: None if index == 50 else 0.01)
    different = np.flatnonzero(np.abs(out - clean) > 0.02)
    assert len(different)
    assert different[0] >= 50 * FRAME
    assert different[-1] < 65 * FRAME  # Opus itself remembers what was lost for some frames


def test_jitter_of_100_ms_is_heard_without_gaps() -> None:
    chance = random.Random(5)
    steady = (0.3 * np.sin(2 * np.pi * 300 * np.arange(8 * RATE) / RATE)).astype(np.float32)
    out, hearing = heard(steady, lambda _: 0.1 * chance.random())
    assert loudest_gap(out[100 * FRAME :], 0.02) < FRAME
    assert hearing.delay_ms < 140


def test_of_silence_hardly_anything_is_sent() -> None:
    encoder = Encoder()
    packets = [encoder.encode(np.zeros(FRAME, np.float32)) for _ in range(200)]
    assert 5 <= sum(packet is not None for packet in packets[20:]) <= 180 / SILENT_EVERY + 1


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\x7bgarbage", bytes(range(256)) * 8])
def test_what_is_no_opus_is_silence(payload: bytes) -> None:
    Decoder().decode(payload)
    hearing = Hearing()
    for index in range(20):
        hearing.take(Packet(index, index * FRAME, payload, BEGUN + index * FRAME_S))
        assert len(hearing.frame(BEGUN + index * FRAME_S)) == FRAME


def alike(said_there: Samples, heard_here: Samples, frames: range) -> list[float]:
    """How much each frame is like something that was heard in the next 200 ms: 1 is the same."""
    found = []
    for index in frames:
        frame = said_there[index * FRAME : (index + 1) * FRAME].astype(np.float64)
        later = heard_here[index * FRAME : (index + 10) * FRAME].astype(np.float64)
        sums = np.cumsum(np.concatenate(([0.0], later * later)))
        power = (sums[FRAME:] - sums[:-FRAME]) * np.dot(frame, frame)
        size = len(later)  # what wraps is not looked at
        products = np.fft.irfft(np.fft.rfft(later) * np.conj(np.fft.rfft(frame, size)), size)
        found.append(float(np.max(products[: size - FRAME + 1] / np.sqrt(power + 1e-3))))
    return found


def test_copies_are_sent_of_all_that_is_said_loud_enough_to_be_missed() -> None:
    voice = said(5)
    power = np.square(voice).reshape(-1, FRAME).sum(axis=1)
    without = [index - 1 for index, copy in copied(voice, 0.01).items() if not copy and index > 10]
    assert power[without].sum() < 0.1 * power.sum()


@pytest.mark.parametrize("phase_s", [0.001, 0.008, 0.015])
@pytest.mark.parametrize("every", [9, 40])
def test_each_copy_of_what_is_lost_is_heard(phase_s: float, every: int) -> None:
    """Wherever in the 20 ms packets come; but for the first two: before, nobody knows that there are any."""
    voice = said(6)
    lost = {index for index in range(20, 290) if index % every == 0}
    there = copied(voice, 0.1)
    of_use = [index for index in lost if there[index + 1]]
    _, hearing = heard(voice, lambda index: None if index in lost else phase_s, 0.1)
    assert len(of_use) >= len(lost) / 2
    assert hearing.jitter.counts.lost == len(lost)
    assert hearing.jitter.counts.recovered >= FRAME * (len(of_use) - 2)


def test_the_end_of_a_copy_is_the_end_of_the_whole() -> None:
    """libopus gives whole copies only: of less, it would make something up."""
    voice, encoder = said(1), Encoder()
    encoder.lost(0.1)
    payloads = [encoder.encode(voice[at : at + FRAME]) for at in range(0, RATE, FRAME)]
    recovered = []
    for count in (FRAME, 317):
        decoder = Decoder()
        for payload in payloads[:40]:
            assert payload is not None
            decoder.decode(payload)
        after = payloads[41]
        assert after is not None
        assert decoder.has_copy(after)
        recovered.append(decoder.recover(after, count))
    assert recovered[0] is not None
    assert recovered[1] is not None
    assert np.array_equal(recovered[0][-317:], recovered[1])


def test_what_is_lost_is_heard_from_the_next_packet() -> None:
    """As soon as the encoder is told that packets are lost; nothing is of no sound, and most is as it was."""
    chance = random.Random(2)
    lost = {index for index in range(40, 480) if chance.random() < 0.1}
    voice = said(10)
    like = {}
    for part in (0.0, 0.1):
        clean, _ = heard(voice, lambda _: 0.005, part)
        out, hearing = heard(voice, lambda index: None if index in lost else 0.005, part)
        like[part] = np.array(alike(clean, out, range(60, 470)))
        assert (hearing.jitter.counts.recovered > 0) == (part > 0)
    assert np.mean(like[0.1] < 0.9) < np.mean(like[0.0] < 0.9) / 2
    there = copied(voice, 0.1)
    of_use = [index for index in lost if index + 1 not in lost and there[index + 1]]
    assert hearing.jitter.counts.recovered >= FRAME * (len(of_use) - 2)


@pytest.mark.parametrize("pause", [range(0), range(375, 390)])
def test_what_is_waited_for_copies_is_over_2_s_after_the_last_loss(pause: range) -> None:
    """Most of it while one speaks; what is left of it in a pause of 0.3 s, as in all speech.

    What is told of it is a mean of the last third of a second, and is looked at that much later.
    """
    lost = {index for index in range(100, 300) if index % 9 == 0}
    voice = said(9)
    if pause:
        voice[pause.start * FRAME : pause.stop * FRAME] = 0
    _, clean = heard(voice[: 300 * FRAME], lambda _: 0.005, 0.1)
    _, during = heard(voice[: 300 * FRAME], lambda index: None if index in lost else 0.005, 0.1)
    _, after = heard(voice[: 417 * FRAME], lambda index: None if index in lost else 0.005, 0.1)
    assert during.delay_ms > clean.delay_ms + 15
    assert after.delay_ms < clean.delay_ms + (3 if pause else 10)


def test_where_losses_are_far_apart_copies_are_waited_for_between_them() -> None:
    lost = set(range(50, 400, 110))
    voice = said(9)
    _, clean = heard(voice[: 320 * FRAME], lambda _: 0.005, 0.1)
    _, between = heard(voice[: 378 * FRAME], lambda index: None if index in lost else 0.005, 0.1)
    assert between.delay_ms > clean.delay_ms + 15


def test_of_one_loss_nothing_is_held_back() -> None:
    voice = said(4)
    _, clean = heard(voice, lambda _: 0.005, 0.1)
    _, after = heard(voice[: 120 * FRAME], lambda index: None if index == 100 else 0.005, 0.1)
    assert after.delay_ms < clean.delay_ms + 5


def test_of_a_quiet_place_hardly_anything_is_sent_and_its_noise_goes_on() -> None:
    noise = np.random.default_rng(1).standard_normal(8 * RATE).astype(np.float32)
    noise *= np.where(np.arange(len(noise)) < RATE, 0.1, 10 ** (-58 / 20)).astype(np.float32)
    out, hearing = heard(noise, lambda _: 0.0)
    assert hearing.jitter.counts.received < 50 + 350 / 4
    level = np.sqrt(np.mean(np.square(out[4 * RATE :].reshape(-1, FRAME)), axis=1))
    assert np.all(level > 10 ** (-75 / 20))  # the place is never switched off
    assert np.all(level < 10 ** (-50 / 20))


def test_a_steady_tone_is_no_silence() -> None:
    """Nor is it speech: libopus by itself would send nothing of it."""
    encoder = Encoder()
    loud = 0.1 * np.sin(2 * np.pi * 300 * np.arange(100 * FRAME) / RATE).astype(np.float32)
    assert all(encoder.encode(loud[at : at + FRAME]) for at in range(0, len(loud), FRAME))


def test_the_noise_of_a_place_ends_where_nothing_comes_any_more() -> None:
    noise = (10 ** (-50 / 20) * np.random.default_rng(1).standard_normal(4 * RATE)).astype(np.float32)
    out, _ = heard(noise, lambda index: 0.0 if index < 60 else None)
    assert np.max(np.abs(out[3 * RATE :])) < 10 ** (-90 / 20)


def test_without_libopus_itself_there_is_sound_through_pyav() -> None:
    encoder, decoder = Encoder(None), Decoder(None)
    encoder.lost(0.1)
    voice = said(1)
    out = []
    for at in range(0, len(voice), FRAME):
        payload = encoder.encode(voice[at : at + FRAME])
        assert payload is not None
        assert not decoder.has_copy(payload)
        assert decoder.recover(payload, FRAME) is None
        samples = decoder.decode(payload)
        assert samples is not None
        out.append(samples)
    assert decoder.missing(FRAME) is None
    assert min(alike(voice, np.concatenate(out), range(10, 40))) > 0.9
    assert decoder.decode(b"\xff") is None
