"""All pictures of a call: what we send to everybody, and what we look at.

Strategy: this is the part in the loop, between the legs, the thread that encodes (`sending`) and the one that
decodes (`watching`). A camera that is switched on or off changes nothing in what was agreed on with anybody.
What was painted is not told while the agent has not read what it was told before.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from av import VideoFrame

from mesh_agent.media import orders
from mesh_agent.media.devices import Unusable
from mesh_agent.media.leg import Leg
from mesh_agent.media.rtp import HEADER_BYTES
from mesh_agent.media.video.cameras import cameras
from mesh_agent.media.video.encoding import Encoded
from mesh_agent.media.video.rate import Rate
from mesh_agent.media.video.scene import Scene
from mesh_agent.media.video.sending import Sending
from mesh_agent.media.video.sources import Feed, Frames, opened
from mesh_agent.media.video.watching import Watching

log = logging.getLogger(__name__)

OPEN_S: Final = 10.0
"""How long a camera may take to give its first picture."""

LIST_S: Final = 2.0
"""How long a system may take to tell which cameras there are."""

LOOK_S: Final = 1.0
"""How often it is looked at what the lines take."""

UNREAD_BYTES: Final = 128 * 1024
"""Of what the agent was told and has not read; with more, nothing more is painted for now."""

ASLEEP_BITS: Final = 1_000
"""An estimate (REMB) below this: nobody looks there, and nothing is sent."""

OWN: Final = ""
"""The party that is us, as in `orders.Tile`."""


class Pictures:
    """`legs`: those that there are now. `report` tells the agent, `unread`: how many bytes wait for it.
    `over` is called when what was shown has ended by itself, after that was reported.

    `left_out`: painted ones that were not told, since the agent had not read those before. `problems`:
    sentences about what cannot be shown, or no longer.
    """

    def __init__(
        self,
        legs: Callable[[], Iterable[Leg]],
        report: Callable[[orders.Report], None],
        unread: Callable[[], int],
        over: Callable[[], None],
        kbps: int,
    ) -> None:
        self._legs, self._report, self._unread, self._told_over = legs, report, unread, over
        self._loop = asyncio.get_running_loop()
        self._rate = Rate(kbps)
        self._sending = Sending(self._encoded, self._shown)
        self._watching = Watching(self._painted, self._broke)
        self._feed: Feed | None = None
        self._changing = asyncio.Lock()
        self._asked = 0
        self._viewed: set[str] = set()
        self._recorded = False
        self._stuck: set[Leg] = set()
        self._asleep: set[Leg] = set()
        self.left_out = 0
        self.problems: list[str] = []
        self._sent: deque[tuple[float, int]] = deque(maxlen=256)

    @property
    def video_in(self) -> str:
        """What is shown now, as in `orders.Ready`."""
        return "none" if self._feed is None else self._feed.name

    @property
    def unseen(self) -> set[str]:
        """Parties where nobody looks at what we show."""
        return {leg.party for leg in self._asleep}

    @property
    def encoded(self) -> int:
        """Pictures, ever."""
        return self._sending.pictures

    async def cameras(self) -> list[str]:
        """The names of all that there are; none where the system does not say in time."""
        looking = asyncio.create_task(asyncio.to_thread(cameras))
        done, _ = await asyncio.wait((looking,), timeout=LIST_S)
        return [device.name for device in looking.result()] if done else []

    # ── orders ──────────────────────────────────────────────────────────────────────────────────

    async def show(self, video_in: str) -> None:
        """From now on; in place of what cannot be shown nothing is: see `problems`."""
        self._asked += 1
        asked = self._asked
        async with self._changing:
            if asked != self._asked:
                return  # something else was asked for meanwhile
            await self._end()
            self.problems = []
            opening = asyncio.create_task(asyncio.to_thread(opened, video_in))
            done, _ = await asyncio.wait((opening,), timeout=OPEN_S)
            if not done:
                opening.add_done_callback(_close_late)
                self.problems = [f"What is to be shown ({video_in}) does not answer."]
                return
            try:
                frames = opening.result()
            except Unusable as error:
                self.problems = [error.text]
                return
            if frames is not None:
                self._feed = Feed(frames, self._over)
                self._sending.begin(self._feed)

    def view(self, tiles: list[orders.Tile], rate: float) -> None:
        """What is looked at."""
        self._viewed = {tile.party for tile in tiles}
        self._watching.view(tiles, rate)
        for leg in self._legs():
            leg.look(self._recorded or leg.party in self._viewed)

    def record(self) -> Scene:
        """All that anybody shows from now on, also where nobody looks at it."""
        scene = Scene()
        self._recorded = True
        self._watching.record(scene)
        for leg in self._legs():
            leg.look(True)
        return scene

    def record_no_longer(self) -> None:
        """Only what is looked at is decoded."""
        self._recorded = False
        self._watching.record(None)
        for leg in self._legs():
            leg.look(leg.party in self._viewed)

    # ── legs ────────────────────────────────────────────────────────────────────────────────────

    def leg_changed(self, leg: Leg) -> None:
        """It is new, or connected, or no longer."""
        leg.look(self._recorded or leg.party in self._viewed)
        self._look_who_is_there()

    def _look_who_is_there(self) -> None:
        self._sending.connected = any(
            leg.state in ("connected", "lost") and leg not in self._asleep for leg in self._legs()
        )

    def forget(self, leg: Leg) -> None:
        """It is over."""
        self._rate.gone(leg.party)
        self._stuck.discard(leg)
        self._asleep.discard(leg)
        self._watching.forget(leg.party)

    def picture(self, leg: Leg, data: bytes) -> None:
        """An encoded one has come."""
        if not self._watching.take(leg.party, data):
            leg.picture_broke()

    def keyframe_wanted(self, leg: Leg) -> None:
        """Who wants one looks."""
        self._asleep.discard(leg)
        self._look_who_is_there()
        self._sending.want_key()

    def estimated(self, leg: Leg, bits: int) -> None:
        """What the party thinks the line takes; next to nothing, where nobody looks there."""
        if bits < ASLEEP_BITS:
            self._asleep.add(leg)
            self._rate.gone(leg.party)
            self._look_who_is_there()
        elif leg in self._asleep:
            self.keyframe_wanted(leg)
        elif self._feed is not None:
            self._rate.estimated(leg.party, bits / 1_000, self._sent_kbps())

    async def run(self) -> None:
        """Fits what is sent to what the lines take, for ever."""
        logged = False
        while True:
            try:
                self._fit(time.monotonic())
            except Exception:  # pictures go on as they were
                if not logged:
                    log.exception("fitting pictures to the lines failed")
                logged = True
            await asyncio.sleep(LOOK_S)

    def _fit(self, now: float) -> None:
        for leg in self._legs():
            leg.asks_again_after(leg.round_trip_s)
        if self._feed is not None:
            for leg in self._legs():
                if leg.state == "connected" and leg not in self._asleep:
                    self._rate.heard(leg.party, leg.pictures_out.loss, leg.round_trip_s, now)
        self._sending.step = self._rate.step(now)

    # ── what the threads tell ───────────────────────────────────────────────────────────────────

    def _in_loop(self, do: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over
            self._loop.call_soon_threadsafe(do, *arguments)

    def _shown(self, frame: VideoFrame) -> None:
        self._watching.show(OWN, frame)

    def _encoded(self, encoded: Encoded) -> None:
        self._in_loop(self._send, encoded)

    def _send(self, encoded: Encoded) -> None:
        self._sending.taken()
        size = encoded.size + HEADER_BYTES * len(encoded.payloads)
        self._sent.append((time.monotonic(), size))
        for leg in [leg for leg in self._legs() if leg not in self._asleep]:
            if leg.send_picture(encoded.payloads, encoded.timestamp, whole=encoded.whole):
                self._stuck.discard(leg)
            elif leg not in self._stuck:
                self._stuck.add(leg)
                self._rate.stuck(leg.party)

    def _sent_kbps(self) -> float:
        """To each leg, over the last second."""
        begin = time.monotonic() - 1.0
        return sum(size for at, size in self._sent if at >= begin) * 8 / 1_000

    def _painted(self, painted: orders.Painted) -> None:
        self._in_loop(self._take_painted, painted)

    def _take_painted(self, painted: orders.Painted) -> None:
        if painted.party not in self._viewed:
            return
        if self._unread() > UNREAD_BYTES:
            self.left_out += 1
            self._watching.not_taken(painted.party)
        else:
            self._report(painted)

    def _broke(self, party: str) -> None:
        self._in_loop(self._ask, party)

    def _ask(self, party: str) -> None:
        for leg in self._legs():
            if leg.party == party:
                leg.picture_broke()

    def _over(self, feed: Feed, text: str) -> None:
        self._in_loop(self._source_over, feed, text)

    def _source_over(self, feed: Feed, text: str) -> None:
        if feed is not self._feed:
            return
        self._feed = None
        self._sending.end()
        if text:
            self.problems = [text]
        else:
            self._report(orders.Ended(what="video_in"))
        self._told_over()

    # ── the end ─────────────────────────────────────────────────────────────────────────────────

    async def _end(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            await asyncio.to_thread(self._sending.end)
            await asyncio.to_thread(feed.close)

    async def close(self) -> None:
        """Ends all threads; one that a device holds up is left behind."""
        async with self._changing:
            await self._end()
        await asyncio.to_thread(self._watching.close)


def _close_late(opening: "asyncio.Task[Frames | None]") -> None:
    """Of a device that answered when nobody waited for it any more."""
    if not opening.cancelled() and opening.exception() is None:
        frames = opening.result()
        if frames is not None:
            frames.close()
