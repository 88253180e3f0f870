"""The process of a call: connections to all parties, and what is heard and seen through them.

Strategy: orders come in on stdin, reports go out on stdout, as with files and terminals. Each leg has a queue
of what is to be done with it, worked off one after the other, so that an offer and what follows it keep their
order, and no leg waits for another. The end of stdin is the end of the agent, and of the call here.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from mesh_agent.media import orders
from mesh_agent.media.counting import Counting
from mesh_agent.media.leg import Leg, LegFailed, LegState
from mesh_agent.media.packet import Packet
from mesh_agent.media.sinks import WITH_PICTURES
from mesh_agent.media.sound import Sound
from mesh_agent.media.video.pictures import Pictures
from mesh_agent.sharing.helping import help_agent
from mesh_agent.sharing.orders import Stop
from mesh_agent.sharing.pipes import Pipes

LEGS_MAX: Final = 16
"""Parties at a time: more than a call has, since one that leaves may overlap with one that comes."""

WAITING_MAX: Final = 100
"""Of one leg, orders that wait for an earlier one: a flood of candidates is left out."""

LOST_S: Final = 4.0
"""After so long without a packet (reports come every 1.5 s at least), a party is shown as lost."""

LOOK_S: Final = 0.5
LEVELS_S: Final = 0.1
LEVEL_STEP: Final = 0.02
COUNT_S: Final = 1.0

REPORTS_BYTES: Final = 512 * 1024
"""An agent that has not read so much of what it was told is told no levels and figures for now."""


class _Party:
    """A leg, and what is to be done with it."""

    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self.counting = Counting()
        self.waiting: asyncio.Queue[Coroutine[Any, Any, None]] = asyncio.Queue(WAITING_MAX)
        self.task = asyncio.create_task(self._work())

    def then(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            self.waiting.put_nowait(work)
        except asyncio.QueueFull:
            work.close()

    async def _work(self) -> None:
        while True:
            work = await self.waiting.get()
            try:
                await work
            except LegFailed as error:
                self.leg.tell("failed", error.text)
            except Exception:
                logging.exception("a leg failed")
                self.leg.tell("failed", "The connection failed.")

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.wait((self.task,))
        while not self.waiting.empty():
            self.waiting.get_nowait().close()
        await self.leg.close()


class Call:
    """The call, as its process has it (`leg.House`, `sound.Told`)."""

    def __init__(self, pipes: Pipes, begin: orders.Begin) -> None:
        self._pipes, self._begin, self._ice = pipes, begin, begin.ice
        self._parties: dict[str, _Party] = {}
        self._ending = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sound = Sound(self._legs, self, process=begin.process)
        self._shown: dict[str, orders.Level] = {}
        self._recording = asyncio.Lock()
        self._pictures = Pictures(
            self._legs, pipes.report, lambda: pipes.waiting, self.devices_changed, begin.kbps
        )
        self._doers: dict[type, Callable[[Any], None]] = {
            orders.MakeOffer: self._make_offer,
            orders.TakeOffer: self._take_offer,
            orders.TakeAnswer: self._take_answer,
            orders.TakeCandidate: self._take_candidate,
            orders.Drop: self._drop,
            orders.Speak: self._speak,
            orders.Use: lambda order: self._spawn(self._use(order)),
            orders.Record: lambda order: self._spawn(self._record(order.path)),
            orders.Servers: self._take_servers,
            orders.Test: lambda _order: self._sound.test(),
            orders.Show: lambda order: self._spawn(self._show(order.video_in)),
            orders.View: lambda order: self._pictures.view(order.tiles, order.rate),
        }

    def _legs(self) -> list[Leg]:
        return [party.leg for party in self._parties.values()]

    async def run(self) -> None:
        self._sound.muted = self._begin.muted
        begin = self._begin
        if begin.record is not None:
            await self._begin_record(begin.record)
        await self._use(orders.Use(audio_in=begin.audio_in, audio_out=begin.audio_out))
        if begin.video_in != "none":
            self._spawn(self._show(begin.video_in))
        for work in (
            self._read_orders(),
            self._sound.run(),
            self._pictures.run(),
            self._every(LOOK_S, self._look),
            self._every(LEVELS_S, self._tell_levels),
            self._every(COUNT_S, self._count),
        ):
            self._spawn(work)
        await self._ending.wait()
        await asyncio.gather(*(party.close() for party in self._parties.values()))
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.gather(asyncio.to_thread(self._sound.close), self._pictures.close())

    async def _begin_record(self, path: str | None) -> None:
        self._pictures.record_no_longer()
        seen = path is not None and Path(path).suffix.lower() in WITH_PICTURES
        await self._sound.record(path, self._pictures.record().picture if seen else None)

    async def _record(self, path: str | None) -> None:
        async with self._recording:
            await self._begin_record(path)
        await self._ready()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """What one device, file or leg does wrong ends no call."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logging.error("a task of the call failed", exc_info=error)

    async def _every(self, seconds: float, look: Callable[[], None]) -> None:
        """For ever, whatever one look finds; what goes wrong is logged once."""
        logged = False
        while True:
            await asyncio.sleep(seconds)
            try:
                look()
            except Exception as error:
                if not logged:
                    logging.exception("a look at the call failed", exc_info=error)
                logged = True

    # ── orders ──────────────────────────────────────────────────────────────────────────────────

    async def _read_orders(self) -> None:
        try:
            while (order := await orders.next_order(self._pipes.orders)) is not None:
                if isinstance(order, Stop):
                    break
                self._obey(order)
        finally:
            self._ending.set()

    def _obey(self, order: orders.Order) -> None:
        doer = self._doers.get(type(order))
        try:
            if doer is not None:
                doer(order)
        except Exception:  # one order that cannot be done ends no call
            logging.exception("%s failed", type(order).__name__)

    def _new(self, name: str, number: int) -> _Party | None:
        """A leg in the place of an older one; None where there is a newer one, or there are too many."""
        old = self._parties.get(name)
        if old is None:
            if len(self._parties) >= LEGS_MAX:
                self._refuse(name, number, "There are too many others in this call.")
                return None
        elif number <= old.leg.number:
            return None
        else:
            self._gone(old)
        party = self._parties[name] = _Party(Leg(self, name, number, self._ice))
        self._pictures.leg_changed(party.leg)
        self._pipes.report(orders.LegNow(party=name, number=number, state="connecting"))
        return party

    def _refuse(self, name: str, number: int, reason: str) -> None:
        self._pipes.report(orders.LegNow(party=name, number=number, state="failed", reason=reason))

    def _gone(self, party: _Party) -> None:
        self._sound.forget(party.leg)
        self._pictures.forget(party.leg)
        self._spawn(party.close())

    def _of(self, name: str, number: int) -> _Party | None:
        party = self._parties.get(name)
        return party if party is not None and party.leg.number == number else None

    def _make_offer(self, order: orders.MakeOffer) -> None:
        party = self._new(order.party, order.number)
        if party is not None:
            party.then(self._describe(party.leg, "offer", party.leg.offer()))

    def _take_offer(self, order: orders.TakeOffer) -> None:
        party = self._new(order.party, order.number)
        if party is not None:
            party.then(self._describe(party.leg, "answer", party.leg.answer(order.sdp)))

    async def _describe(self, leg: Leg, kind: Any, described: Coroutine[Any, Any, str]) -> None:
        sdp = await described
        self._pipes.report(orders.Described(party=leg.party, number=leg.number, kind=kind, sdp=sdp))

    def _take_answer(self, order: orders.TakeAnswer) -> None:
        party = self._of(order.party, order.number)
        if party is not None:
            party.then(party.leg.answered(order.sdp))

    def _take_candidate(self, order: orders.TakeCandidate) -> None:
        party = self._of(order.party, order.number)
        if party is not None:
            party.then(party.leg.add_candidate(order.candidate))

    def _drop(self, order: orders.Drop) -> None:
        party = self._parties.pop(order.party, None)
        if party is not None:
            self._gone(party)

    def _take_servers(self, order: orders.Servers) -> None:
        self._ice = order.ice

    def _speak(self, order: orders.Speak) -> None:
        self._sound.muted, self._sound.deafened = order.muted, order.deafened

    async def _use(self, order: orders.Use) -> None:
        await self._sound.use(order.audio_in, order.audio_out)
        await self._ready()

    async def _show(self, video_in: str) -> None:
        await self._pictures.show(video_in)
        await self._ready()

    def devices_changed(self) -> None:
        self._spawn(self._ready())

    async def _ready(self) -> None:
        microphones, speakers = await self._sound.listed()
        cameras = await self._pictures.cameras()
        self._pipes.report(
            orders.Ready(
                audio_in=self._sound.audio_in,
                audio_out=self._sound.audio_out,
                video_in=self._pictures.video_in,
                record=self._sound.recorded,
                problems=[*self._sound.problems, *self._pictures.problems],
                microphones=microphones,
                speakers=speakers,
                cameras=cameras,
            )
        )

    # ── what is told of sound ───────────────────────────────────────────────────────────────────

    def problem(self, text: str) -> None:
        self._pipes.report(orders.Problem(text=text))

    def source_ended(self) -> None:
        self._pipes.report(orders.Ended(what="audio_in"))

    def _tell_levels(self) -> None:
        """Those that have changed; none while the agent does not read."""
        if self._pipes.waiting > REPORTS_BYTES:
            return
        meters = {"": self._sound.own}
        meters.update((leg.party, meter) for leg, meter in self._sound.meters.items())
        now = {
            party: orders.Level(party, round(meter.level / LEVEL_STEP) * LEVEL_STEP, meter.speaking)
            for party, meter in meters.items()
        }
        changed = [level for party, level in now.items() if self._shown.get(party) != level]
        self._shown = now
        if changed:
            self._pipes.report(orders.Levels(levels=changed))

    def _count(self) -> None:
        if self._pipes.waiting > REPORTS_BYTES:
            return
        legs = []
        for party in list(self._parties.values()):
            if party.leg.state in ("connected", "lost"):
                hearing = self._sound.hearing(party.leg)
                legs.append(party.counting.look(party.leg, hearing, self._sound.waiting_ms))
        if legs:
            self._pipes.report(orders.Statistics(legs=legs))

    # ── what legs tell ──────────────────────────────────────────────────────────────────────────

    def _look(self) -> None:
        """Who is not heard from any more, who is again, and whom we can only reach by another way."""
        now = time.monotonic()
        for leg in self._legs():
            if leg.state in ("connected", "lost") and leg.homeless:
                leg.tell("failed", "This device is in another network now.")
            elif leg.state == "connected" and now - leg.heard_at > LOST_S:
                leg.tell("lost", "Nothing comes from there now.")
            elif leg.state == "lost" and now - leg.heard_at <= LOST_S:
                leg.tell("connected")

    def leg_changed(self, leg: Leg, state: LegState, reason: str) -> None:
        self._pictures.leg_changed(leg)
        if self._of(leg.party, leg.number) is not None:
            self._pipes.report(
                orders.LegNow(party=leg.party, number=leg.number, state=state, way=leg.way, reason=reason)
            )

    def sound(self, leg: Leg, packet: Packet) -> None:
        self._sound.take(leg, packet)

    def picture(self, leg: Leg, data: bytes, timestamp: int) -> None:
        del timestamp
        self._pictures.picture(leg, data)

    def keyframe_wanted(self, leg: Leg) -> None:
        self._pictures.keyframe_wanted(leg)

    def estimated(self, leg: Leg, bits: int) -> None:
        self._pictures.estimated(leg, bits)


def main() -> None:
    for noisy in ("aioice", "aiortc"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    help_agent(orders.next_order, orders.Begin, lambda pipes, begin: Call(pipes, begin).run(), "the call")
