"""A voice through Opus and a line with faults, in virtual time, as it is heard."""

import random

import numpy as np
import pytest

from mesh_agent.media.hearing import Hearing
from mesh_agent.media.opus import FRAME, RATE, SILENT_EVERY, Decoder, Encoder, Samples
from mesh_agent.media.packet import Packet
from tests.agent.media.network import FRAME_S, Delay

BEGUN = 50.0


def said(seconds: float) -> Samples:
    """Like speech: a pitch that wanders, and is louder and quieter three times a second."""
    times = np.arange(int(seconds * RATE)) / RATE
    pitch = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * 0.7 * times)) / RATE
    loud = 0.25 * (1.1 + np.sin(2 * np.pi * 3 * times))
    return (loud * (np.sin(pitch) + 0.4 * np.sin(2 * pitch))).astype(np.float32)


def heard(samples: Samples, delay: Delay) -> tuple[Samples, Hearing]:
    encoder, hearing, waiting = Encoder(), Hearing(), []
    frames = len(samples) // FRAME
    for index in range(frames):
        payload = encoder.encode(samples[index * FRAME : (index + 1) * FRAME])
        late = delay(index)
        if payload is not None and late is not None:
            waiting.append(Packet(index, index * FRAME, payload, BEGUN + index * FRAME_S + late))
    waiting.sort(key=lambda packet: packet.at)
    out = []
    for index in range(frames):
        now = BEGUN + index * FRAME_S + 0.001
        while waiting and waiting[0].at <= now:
            hearing.take(waiting.pop(0))
        out.append(hearing.frame(now))
    return np.concatenate(out), hearing


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
