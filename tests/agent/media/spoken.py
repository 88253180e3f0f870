"""A voice, and how it is heard through Opus and a line with faults, in virtual time."""

from typing import Final

import numpy as np

from mesh_agent.media.hearing import Hearing
from mesh_agent.media.opus import FRAME, RATE, Decoder, Encoder, Samples
from mesh_agent.media.packet import Packet
from tests.agent.media.network import FRAME_S, Delay

BEGUN: Final = 50.0


def said(seconds: float) -> Samples:
    """Like speech: a pitch that wanders, and is louder and quieter three times a second."""
    times = np.arange(int(seconds * RATE)) / RATE
    pitch = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * 0.7 * times)) / RATE
    loud = 0.25 * (1.1 + np.sin(2 * np.pi * 3 * times))
    return (loud * (np.sin(pitch) + 0.4 * np.sin(2 * pitch))).astype(np.float32)


def heard(samples: Samples, delay: Delay, told_lost: float = 0.0) -> tuple[Samples, Hearing]:
    """`told_lost`: what the encoder is told of the line."""
    encoder, hearing, waiting, number = Encoder(), Hearing(), [], 0
    encoder.lost(told_lost)
    frames = len(samples) // FRAME
    for index in range(frames):
        payload = encoder.encode(samples[index * FRAME : (index + 1) * FRAME])
        late = delay(index)
        if payload is not None and late is not None:
            waiting.append(Packet(number, index * FRAME, payload, BEGUN + index * FRAME_S + late))
        number += payload is not None
    waiting.sort(key=lambda packet: packet.at)
    out = []
    for index in range(frames):
        now = BEGUN + index * FRAME_S + 0.001
        while waiting and waiting[0].at <= now:
            hearing.take(waiting.pop(0))
        out.append(hearing.frame(now))
    return np.concatenate(out), hearing


def copied(samples: Samples, told_lost: float) -> dict[int, bool]:
    """Of each packet: whether it carries a copy of the one before it."""
    encoder, decoder = Encoder(), Decoder()
    encoder.lost(told_lost)
    payloads = [encoder.encode(samples[at : at + FRAME]) for at in range(0, len(samples) - FRAME + 1, FRAME)]
    return {index: decoder.has_copy(payload) for index, payload in enumerate(payloads) if payload is not None}
