"""Parties of a call with pictures alone, in this process: real legs over real sockets, no helpers."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from mesh_agent.media import orders
from mesh_agent.media.ice import LocalConnection
from mesh_agent.media.leg import Leg
from mesh_agent.media.packet import Packet
from mesh_agent.media.video import pattern
from mesh_agent.media.video.pictures import Pictures
from tests.support.conditions import until

Drops = Callable[[bytes], bool]


class LossyConnection(LocalConnection):
    """Of what comes, `drops` says what never did."""

    drops: Drops

    def data_received(self, data: bytes, component: int) -> None:
        if not self.drops(data):
            super().data_received(data, component)


def losing(part: float, seed: int) -> Drops:
    """That part of RTP packets (and of what is told of them), by chance that is the same each time."""
    chance = random.Random(seed)
    return lambda data: 128 <= data[0] < 192 and chance.random() < part


class Party:
    """`told`: what the agent would have been."""

    def __init__(self, name: str, kbps: int = 600) -> None:
        self.name = name
        self.told: list[orders.Report] = []
        self.legs: dict[str, Leg] = {}
        self.unread = 0
        self.over = 0
        self.pictures = Pictures(
            lambda: list(self.legs.values()), self.told.append, lambda: self.unread, self._over, kbps
        )
        self._task = asyncio.create_task(self.pictures.run())

    def _over(self) -> None:
        self.over += 1

    # ── leg.House ───────────────────────────────────────────────────────────────────────────────

    def leg_changed(self, leg: Leg, state: Any, reason: str) -> None:
        del state, reason
        self.pictures.leg_changed(leg)

    def sound(self, leg: Leg, packet: Packet) -> None:
        """Nobody listens."""

    def picture(self, leg: Leg, data: bytes, timestamp: int) -> None:
        del timestamp
        self.pictures.picture(leg, data)

    def keyframe_wanted(self, leg: Leg) -> None:
        self.pictures.keyframe_wanted(leg)

    def estimated(self, leg: Leg, bits: int) -> None:
        self.pictures.estimated(leg, bits)

    # ── what tests do ───────────────────────────────────────────────────────────────────────────

    def view(self, *tiles: tuple[str, int, int], rate: float = 15.0) -> None:
        self.pictures.view([orders.Tile(*tile) for tile in tiles], rate)

    def painted(self, party: str, columns: int = 40) -> list[orders.Painted]:
        return [
            report
            for report in self.told
            if isinstance(report, orders.Painted) and (report.party, report.columns) == (party, columns)
        ]

    def numbers(self, party: str, columns: int = 40) -> list[int | None]:
        """Of the test pictures that were painted of that party."""
        return [pattern.read(each.pixels, each.columns, each.rows) for each in self.painted(party, columns)]

    async def sees(self, party: str, count: int, columns: int = 40) -> list[int]:
        """The numbers of the last `count` pictures, once so many more have come."""
        have = len(self.painted(party, columns))
        await until(lambda: len(self.painted(party, columns)) >= have + count, f"{count} pictures of {party}")
        seen = self.numbers(party, columns)[have:]
        assert None not in seen
        return [number for number in seen if number is not None]

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(*(leg.close() for leg in self.legs.values()))
        await self.pictures.close()


async def connect(one: Party, other: Party, drops: Drops | None = None, number: int = 1) -> None:
    """A leg between them; `drops`: of what comes to the other one."""
    for party, peer in ((one, other), (other, one)):
        old = party.legs.pop(peer.name, None)
        if old is not None:
            party.pictures.forget(old)
            await old.close()
        party.legs[peer.name] = Leg(party, peer.name, number, [])
        party.pictures.leg_changed(party.legs[peer.name])
    if drops is not None:
        connection: Any = other.legs[one.name]._ice
        connection.__class__ = LossyConnection
        connection.drops = drops
    here, there = one.legs[other.name], other.legs[one.name]
    await here.answered(await there.answer(await here.offer()))
    await until(lambda: here.state == there.state == "connected", "a connection")
