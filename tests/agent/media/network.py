"""A network in virtual time: packets of one sender, and a machine that hears them every 20 ms."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from mesh_agent.media.jitter import FRAME, LATE, RATE, Conceal, Jitter, Play, Silence
from mesh_agent.media.packet import Packet

FRAME_S: Final = FRAME / RATE
PAYLOAD: Final = bytes((0x78, 1, 2, 3))
"""An Opus packet of 20 ms (configuration 15), as its first byte says."""

Delay = Callable[[int], float | None]
"""Of the packet of this number, in seconds; None: it is lost."""


def sent(
    count: int, delay: Delay, *, number: int = 0, timestamp: int = 0, begun: float = 100.0
) -> list[Packet]:
    """What comes of `count` packets that are sent one every 20 ms, in the order in which it comes."""
    came = []
    for index in range(count):
        late = delay(index)
        if late is not None:
            at = begun + index * FRAME_S + late
            came.append(
                Packet((number + index) % 65_536, (timestamp + index * FRAME) % (1 << 32), PAYLOAD, at)
            )
    return sorted(came, key=lambda packet: packet.at)


@dataclass
class Heard:
    """`played`: the numbers of packets, and when each was heard. `concealed`: when, and how many samples.

    `copied`: the numbers of packets whose copy, in the next one, was there: and when, and how much of it.
    """

    played: list[tuple[int, float]] = field(default_factory=list)
    concealed: list[tuple[float, int]] = field(default_factory=list)
    copied: list[tuple[int, float, int]] = field(default_factory=list)
    silent: int = 0


def hear(
    jitter: Jitter,
    packets: Iterable[Packet],
    begin: float,
    end: float,
    *,
    adjusts: bool = True,
    copies: bool = False,
) -> Heard:
    """Ticks from `begin` to `end`. Voices are shortened and lengthened by 5 ms at a time, as speech is.

    `copies`: each packet carries one of the packet before it.
    """
    heard, waiting, ready = Heard(), list(packets), 0
    now = begin
    while now < end:
        while waiting and waiting[0].at <= now:
            jitter.take(waiting.pop(0), copies=copies)
        left = ready
        while ready < FRAME:
            step = jitter.next(now, ready, left)
            if isinstance(step, Play):
                heard.played.append((step.packet.number, now + ready / RATE))
                small = -LATE <= step.adjust < 120
                change = 0 if small or not adjusts else max(-240, min(240, step.adjust))
                ready += FRAME + change
            elif isinstance(step, Conceal) and step.after is not None and copies:
                heard.copied.append((step.after.number - 1, now + ready / RATE, step.samples))
                ready += step.samples
            elif isinstance(step, Conceal):
                heard.concealed.append((now + ready / RATE, step.samples))
                ready += step.samples
            else:
                assert isinstance(step, Silence)
                assert step.samples <= FRAME
                heard.silent += step.samples
                ready += step.samples
        ready -= FRAME
        now += FRAME_S
    return heard
