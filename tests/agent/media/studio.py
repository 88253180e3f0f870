"""Processes of calls, as an agent holds them, and two of them connected with each other."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final, TypeVar

from mesh_agent.media import orders
from mesh_agent.sharing.process import Helper, Program
from tests.support.conditions import PATIENCE_S, until

T = TypeVar("T")

MEDIA: Final[Program[orders.Order, orders.Report]] = Program("mesh_agent.media.worker", orders.next_report)


class Studio:
    """The process of one party. `told`: all that it has said."""

    def __init__(self, name: str, helper: "Helper[orders.Order, orders.Report]") -> None:
        self.name, self.helper = name, helper
        self.told: list[orders.Report] = []
        self.levels_now: dict[str, orders.Level] = {}
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def begin(cls, name: str, **begin: Any) -> "Studio":
        studio = cls(name, await Helper.start(MEDIA))
        settings = {"ice": [], "audio_in": "none", "audio_out": "none", **begin}
        studio.tell(orders.Begin(**settings))
        await studio.hears(orders.Ready)
        return studio

    def tell(self, order: orders.Order) -> None:
        self.helper.tell(order)

    async def _read(self) -> None:
        while (report := await self.helper.report()) is not None:
            self.told.append(report)
            if isinstance(report, orders.Levels):
                self.levels_now |= {level.party: level for level in report.levels}
            self._news.set()
        self._news.set()

    async def hears(self, kind: type[Any], **fields: Any) -> Any:
        """The first report of this kind, with these fields, that there was or will be."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for report in self.told:
                    if isinstance(report, kind) and all(
                        getattr(report, name) == value for name, value in fields.items()
                    ):
                        return report
                self._news.clear()
                await self._news.wait()

    def all_of(self, kind: type[T]) -> list[T]:
        """The reports of this kind that there were."""
        return [report for report in self.told if isinstance(report, kind)]

    async def levels(self, wanted: Callable[[dict[str, orders.Level]], bool]) -> dict[str, orders.Level]:
        """Those of all parties, once they are as wanted, or were."""
        now: dict[str, orders.Level] = {}
        await self._until(orders.Levels, lambda report: report.levels, now, wanted)
        return now

    async def comes_to(self, wanted: Callable[[dict[str, orders.Level]], bool]) -> None:
        """Returns once the levels of all parties are as wanted now; only those that change are told."""

        def is_so() -> bool:
            with contextlib.suppress(KeyError):
                return wanted(self.levels_now)
            return False

        await until(is_so, "the levels")

    async def figures(
        self, wanted: Callable[[dict[str, orders.LegStatistics]], bool]
    ) -> dict[str, orders.LegStatistics]:
        """As `levels`, of all legs."""
        now: dict[str, orders.LegStatistics] = {}
        await self._until(orders.Statistics, lambda report: report.legs, now, wanted)
        return now

    async def _until(self, kind: type[Any], parts: Any, now: dict[str, Any], wanted: Any) -> None:
        at = 0
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for report in self.told[at:]:
                    at += 1
                    if isinstance(report, kind):
                        now.update((part.party, part) for part in parts(report))
                        with contextlib.suppress(KeyError):
                            if wanted(now):
                                return
                self._news.clear()
                await self._news.wait()

    async def stop(self) -> None:
        self._reading.cancel()
        await asyncio.wait((self._reading,))
        await self.helper.stop()


async def connect(one: Studio, other: Studio, number: int = 1) -> None:
    """A leg between them, each being called by its name."""
    one.tell(orders.MakeOffer(party=other.name, number=number))
    offer = await one.hears(orders.Described, party=other.name, number=number)
    other.tell(orders.TakeOffer(party=one.name, number=number, sdp=offer.sdp))
    answer = await other.hears(orders.Described, party=one.name, number=number)
    one.tell(orders.TakeAnswer(party=other.name, number=number, sdp=answer.sdp))
    for studio, peer in ((one, other), (other, one)):
        await studio.hears(orders.LegNow, party=peer.name, number=number, state="connected")
