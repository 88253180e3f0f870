"""Ends of legs in this process: what a leg tells is kept."""

import asyncio

from mesh_agent.media.leg import Leg, LegState
from mesh_agent.media.packet import Packet
from tests.support.conditions import until


class End:
    """`heard`: the packets of sound that came, by leg. `told`: what legs said of themselves."""

    def __init__(self) -> None:
        self.heard: dict[Leg, list[Packet]] = {}
        self.told: list[tuple[str, LegState, str]] = []

    def leg_changed(self, leg: Leg, state: LegState, reason: str) -> None:
        self.told.append((leg.party, state, reason))

    def sound(self, leg: Leg, packet: Packet) -> None:
        self.heard.setdefault(leg, []).append(packet)

    def picture(self, leg: Leg, data: bytes, timestamp: int) -> None:
        """Nobody looks."""

    def keyframe_wanted(self, leg: Leg) -> None:
        """No pictures are sent."""

    def estimated(self, leg: Leg, bits: int) -> None:
        """No pictures are sent."""


async def connected(one: End, other: End) -> tuple[Leg, Leg]:
    here, there = Leg(one, "other", 1, []), Leg(other, "one", 1, [])
    await here.answered(await there.answer(await here.offer()))
    await until(lambda: here.state == there.state == "connected", "a connection")
    return here, there


async def hears(end: End, leg: Leg, sender: Leg) -> None:
    """What the other leg sends comes."""
    before, number = len(end.heard.get(leg, ())), 0
    while len(end.heard.get(leg, ())) < before + 3:
        number += 1
        assert number < 1_000
        sender.send_sound(b"\x78abc", number * 960, 30)
        await asyncio.sleep(0.01)
