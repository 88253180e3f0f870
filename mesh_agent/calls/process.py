"""The process of a call's sound and pictures, as the call holds it: begun, told, begun anew where it dies.

Strategy: what it was told last of each kind is kept, so that one that takes the place of another is told the
same. A file is not written, or read, a second time: it would be begun anew, and what is in it lost. One that
dies again and again stays dead. Credentials for TURN servers expire, so they are asked for again in time;
connections that are made later use the new ones.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Final

from mesh_agent.calls.state import Media
from mesh_agent.client.introductions import Introductions
from mesh_agent.media import orders
from mesh_agent.sharing.errors import HelperEnded
from mesh_agent.sharing.process import Helper, Program
from protocol.errors import MeshError
from protocol.rest import IceServer

PROGRAM: Final[Program[orders.Order, orders.Report]] = Program("mesh_agent.media.worker", orders.next_report)

AGAIN_MAX: Final = 3
AGAIN_S: Final = 60.0
"""So often within so many seconds it is begun anew."""

SERVERS_S: Final = (30.0, 600.0)
"""Servers are asked for again after half of the time that they are good for, within these bounds."""

BEGUN_ANEW: Final = "What plays sound and shows pictures had ended, and was begun anew."
FILES_OVER: Final = f"{BEGUN_ANEW} Files that were written or played are over."

_DEVICES: Final = ("mic", "speaker", "tone", "none", "camera", "screen", "test")


def _servers(ice: Iterable[IceServer]) -> list[orders.Ice]:
    return [orders.Ice(urls=each.urls, username=each.username, credential=each.credential) for each in ice]


def _is_file(place: str | None) -> bool:
    return place is not None and place.partition(":")[0] not in _DEVICES


def _without_files(media: Media) -> Media:
    """What can be begun anew."""
    places = (
        "none" if _is_file(each) else each for each in (media.audio_in, media.audio_out, media.video_in)
    )
    audio_in, audio_out, video_in = places
    return replace(media, record=None, audio_in=audio_in, audio_out=audio_out, video_in=video_in)


class Process:
    """Of one call. Use `begin`."""

    def __init__(
        self,
        introductions: Introductions,
        media: Media,
        clock: Callable[[], float] = time.monotonic,
        *,
        servers_s: tuple[float, float] = SERVERS_S,
    ) -> None:
        self._servers_s = servers_s
        self._introductions, self._media, self._clock = introductions, media, clock
        self._helper: Helper[orders.Order, orders.Report] | None = None
        self._ice: list[orders.Ice] = []
        self._good_s = 0.0
        self._told: dict[type, orders.Order] = {}
        self._again: deque[float] = deque(maxlen=AGAIN_MAX)

    async def begin(self) -> None:
        """Raises: HelperEnded, it does not run; Unreachable, or the server's refusal."""
        await self._ask()
        await self._start()

    async def _start(self) -> None:
        self._helper = await Helper.start(PROGRAM)
        self._helper.tell(orders.Begin(ice=self._ice, **asdict(self._media)))
        for order in self._told.values():
            self._helper.tell(order)

    @property
    def runs(self) -> bool:
        return self._helper is not None

    def tell(self, order: orders.Order) -> None:
        """Where it has ended, `report` tells that."""
        if isinstance(order, orders.Use):
            self._media = replace(self._media, audio_in=order.audio_in, audio_out=order.audio_out)
        elif isinstance(order, orders.Show):
            self._media = replace(self._media, video_in=order.video_in)
        elif isinstance(order, orders.Record):
            self._media = replace(self._media, record=order.path)
        elif isinstance(order, orders.Speak | orders.View):
            self._told[type(order)] = order
        if self._helper is not None:
            self._helper.tell(order)

    async def report(self) -> orders.Report | None:
        """What it says next; None once it has ended."""
        return None if self._helper is None else await self._helper.report()

    async def again(self) -> str:
        """Begins it anew. Returns a sentence about that; empty: it is not, since it died too often."""
        now = self._clock()
        if len(self._again) == AGAIN_MAX and now - self._again[0] < AGAIN_S:
            return ""
        self._again.append(now)
        old, self._helper = self._helper, None
        if old is not None:
            await old.stop()
        before, self._media = self._media, _without_files(self._media)
        with contextlib.suppress(HelperEnded):
            await self._start()
            return BEGUN_ANEW if before == self._media else FILES_OVER
        return ""

    async def stop(self) -> None:
        """Never raises."""
        helper, self._helper = self._helper, None
        if helper is not None:
            await helper.stop()

    # ── servers ──────────────────────────────────────────────────────────────────────────────────

    async def keep_servers(self) -> None:
        """For ever."""
        least, most = self._servers_s
        while True:
            await asyncio.sleep(min(most, max(least, self._good_s / 2)))
            try:
                await self._ask()
            except MeshError:
                self._good_s = 0.0
            else:
                self.tell(orders.Servers(ice=self._ice))

    async def _ask(self) -> None:
        found = await self._introductions.ice()
        self._ice, self._good_s = _servers(found.ice_servers), float(found.expires_in)
