"""The process that moves the bytes of one session: it is told by its agent what to do, and ends with it.

Strategy: orders come in on stdin, reports go out on stdout, nothing else does. It meets the other device,
runs a courier over what the meeting gave, and ends when that ends, is told to stop, or stdin does: that is
how the end of the agent shows. What is heavy (hashing, the disk, encryption) costs the agent nothing here,
and where the processor is short, whoever types comes first.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from mesh_agent.files.sink import Finished, Sink
from mesh_agent.files.source import Source
from mesh_agent.machines.receiving import Offer
from mesh_agent.machines.transfer import Ended as How
from mesh_agent.net.meeting import Meeting
from mesh_agent.sharing import orders, transferring
from mesh_agent.sharing.courier import Courier
from mesh_agent.sharing.giving_way import give_way
from mesh_agent.sharing.ground import in_words
from mesh_agent.sharing.helping import help_agent
from mesh_agent.sharing.looking import looked_at, refused
from mesh_agent.sharing.meeter import Meeter
from mesh_agent.sharing.orders import (
    Begin,
    CalledOff,
    Ended,
    Heard,
    Listing,
    Lost,
    Met,
    Moved,
    Order,
    Serving,
    Signal,
    next_order,
)
from mesh_agent.sharing.pipes import Pipes
from mesh_agent.sharing.shown import ShownFolders
from mesh_agent.sharing.telling import sentence_of
from mesh_agent.sharing.transferring import Accept, AlreadyHere, Answer, Decline, Progress
from protocol.errors import MeshError
from protocol.peer import FileCancel

BETTER: Final = "sharing.better_way"
"""The code of an attempt that ends because a better way was found."""

_PHASES: Final[dict[str, Literal["offered", "running", "finishing"]]] = {
    "announcing": "offered",
    "listing": "offered",
    "offered": "offered",
    "opening": "offered",
    "running": "running",
    "finishing": "finishing",
}


class Worker:
    """One attempt of one session."""

    def __init__(self, pipes: Pipes, begin: Begin) -> None:
        self._pipes, self._begin = pipes, begin
        self._meeter = Meeter(begin, pipes.report)
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._early: list[Order] = []
        self._opening: set[str] = set()
        self._courier: Courier | None = None
        self._meeting: Meeting | None = None
        self._shown = ShownFolders(begin.shares)
        self._requests: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._doers: dict[type, Callable[[Any], None]] = {
            orders.Send: self._send,
            orders.Accept: self._accept,
            orders.Decline: self._decline,
            orders.Pause: self._pause,
            orders.Cancel: self._cancel,
            orders.CallOff: self._call_off,
            orders.Drop: self._drop,
            orders.Limit: self._limit,
            orders.Browse: self._browse,
            orders.Fetch: self._fetch,
        }

    # ── from beginning to end ────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        reading = asyncio.create_task(self._read_orders())
        try:
            self._pipes.report(await self._attempt())
        finally:
            for task in (reading, *self._tasks):
                task.cancel()
            await asyncio.gather(reading, *self._tasks, return_exceptions=True)
            if self._meeting is not None:
                await self._meeting.close()

    async def _attempt(self) -> Lost:
        meeting = asyncio.create_task(self._meeter.meet())
        if not await self._unless_stopped(meeting):
            return Lost(code="", message="")
        met = meeting.result()
        if isinstance(met, Lost):
            return met
        self._meeting = met
        return await self._carry(met)

    async def _carry(self, meeting: Meeting) -> Lost:
        courier = self._courier = Courier(
            meeting.main,
            on_offer=self._ask,
            on_progress=self._moved,
            on_called_off=self._called_off,
            open_sink=self._open_sink,
            shares=self._shown,
            rate_limit=self._begin.limit,
        )
        meeting.on_lane(courier.add_lane)
        self._pipes.report(Met(way=meeting.way, identity=meeting.peer_identity))
        running = asyncio.create_task(courier.run())
        self._spawn(self._add_lanes(meeting, courier))
        better = asyncio.create_task(meeting.better.wait())
        self._tasks.add(better)  # type: ignore[arg-type]
        for order in self._early:
            self._doers[type(order)](order)
        self._early.clear()
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((running, better, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                courier.close()
            await running
        except MeshError as error:
            return Lost(code=error.code, message=error.message)
        finally:
            stopped.cancel()
        if better.done() and not self._stopping.is_set():
            return Lost(code=BETTER, message="A better way was found.", hoped=meeting.better_way)
        return Lost(code="", message="")

    async def _add_lanes(self, meeting: Meeting, courier: Courier) -> None:
        for lane in await meeting.open_lanes(self._begin.lanes):
            courier.add_lane(lane)

    async def _unless_stopped(self, task: "asyncio.Task[Any]") -> bool:
        """Whether it came to its end before we are told to stop; it is ended otherwise."""
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return False
        return True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ── orders ───────────────────────────────────────────────────────────────────────────────────

    async def _read_orders(self) -> None:
        while (order := await next_order(self._pipes.orders)) is not None:
            if isinstance(order, orders.Stop):
                break
            if isinstance(order, Signal):
                self._meeter.heard(order)
            elif isinstance(order, orders.Shares):
                self._show(order)
            elif self._courier is None:
                self._early.append(order)
            elif type(order) in self._doers:
                self._doers[type(order)](order)
        self._stopping.set()

    def _show(self, order: orders.Shares) -> None:
        for transfer in self._shown.show(order.shares):
            if self._courier is not None:
                self._courier.cancel(transfer, "It is not shared any more.")

    def _send(self, order: orders.Send) -> None:
        self._spawn(self._offer(order))

    async def _offer(self, order: orders.Send) -> None:
        assert self._courier is not None
        self._opening.add(order.id)
        try:
            source = await asyncio.to_thread(Source.open, Path(order.path), follow_links=order.follow)
        except MeshError as error:
            self._pipes.report(Ended(id=order.id, phase="failed", code=error.code, reason=error.message))
            await self._cannot_be_read(order.id, error)
            return
        if order.id not in self._opening:  # it was cancelled meanwhile
            await asyncio.to_thread(source.close)
            return
        self._opening.discard(order.id)
        if order.name:
            source.name = order.name
        self._counts[order.id] = sum(entry.kind == "file" for entry in source.entries) or 1
        try:
            # Where the line is lost, this is not over: it goes on with the next attempt.
            with contextlib.suppress(MeshError):
                how = await self._courier.offer(order.id, source)
                self._ended(order.id, how, sentence_of(faults=len(source.faults) + len(source.left_out)))
        finally:
            await asyncio.to_thread(source.close)

    async def _cannot_be_read(self, transfer: str, error: MeshError) -> None:
        """Who has a part of it waits for the rest in vain, and is told; paths of this machine are not."""
        assert self._courier is not None
        with contextlib.suppress(MeshError):
            await self._courier.call_off(transfer, type(error).text, error.code)

    def _accept(self, order: orders.Accept) -> None:
        taken = Accept(Path(order.into), order.conflict, order.strikes, order.links)
        self._answer(order.id, AlreadyHere() if order.already else taken)

    def _decline(self, order: orders.Decline) -> None:
        self._answer(order.id, Decline(order.reason))

    def _answer(self, transfer: str, answer: Answer) -> None:
        future = self._answers.pop(transfer, None)
        if future is not None and not future.done():
            future.set_result(answer)

    def _pause(self, order: orders.Pause) -> None:
        assert self._courier is not None
        (self._courier.pause if order.paused else self._courier.resume)(order.id)

    def _cancel(self, order: orders.Cancel) -> None:
        assert self._courier is not None
        self._opening.discard(order.id)
        self._answers.pop(order.id, None)
        if self._courier.knows(order.id):
            self._courier.cancel(order.id, order.reason)
        else:
            self._ended(order.id, How("cancelled", "cancelled", order.reason))
        self._call_off(order)

    def _call_off(self, order: orders.Cancel | orders.CallOff) -> None:
        self._spawn(self._tell_off(order))

    async def _tell_off(self, order: orders.Cancel | orders.CallOff) -> None:
        assert self._courier is not None
        with contextlib.suppress(MeshError):
            await self._courier.call_off(order.id, order.reason)
            self._pipes.report(Heard(id=order.id))

    def _drop(self, order: orders.Drop) -> None:
        assert self._courier is not None
        self._opening.discard(order.id)
        self._courier.cancel(order.id)

    def _called_off(self, frame: FileCancel) -> None:
        self._opening.discard(frame.transfer)
        self._pipes.report(CalledOff(id=frame.transfer, code=frame.code, reason=frame.reason))

    def _limit(self, order: orders.Limit) -> None:
        assert self._courier is not None
        self._courier.limit(order.limit)

    # ── shares of the other side ─────────────────────────────────────────────────────────────────

    def _browse(self, order: orders.Browse) -> None:
        self._spawn(self._list(order))

    async def _list(self, order: orders.Browse) -> None:
        assert self._courier is not None
        try:
            entries = await self._courier.list(order.share, order.path)
        except MeshError as error:
            if self._courier.lost is None:
                self._pipes.report(Listing(request=order.request, refused=error.message))
            return
        self._pipes.report(Listing(request=order.request, entries=entries[: orders.LISTED_MAX]))

    def _fetch(self, order: orders.Fetch) -> None:
        self._spawn(self._get(order))

    async def _get(self, order: orders.Fetch) -> None:
        assert self._courier is not None
        begun = partial(self._requests.__setitem__)
        try:
            await self._courier.get(order.share, order.path, begun=lambda name: begun(name, order.request))
        except MeshError as error:
            if self._courier.lost is None:
                self._pipes.report(
                    Ended(id=order.request, phase="failed", code=error.code, reason=error.message)
                )

    # ── what the courier asks and tells ──────────────────────────────────────────────────────────

    async def _ask(self, offer: Offer) -> Answer:
        """Raises: OfferRefused: it cannot be written as it is; the person is told of it all the same."""
        meta = offer.meta
        request = None if meta.request is None else self._requests.get(meta.request, "")
        try:
            offered = await asyncio.to_thread(looked_at, offer, Path(self._begin.into), request)
        except (MeshError, OSError) as error:
            self._pipes.report(refused(meta, request, in_words(error)[1]))
            raise
        self._counts[meta.transfer] = offered.files
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[meta.transfer] = future
        self._pipes.report(offered)
        return await future

    def _open_sink(self, offer: Offer, accept: Accept) -> transferring.Sink:
        setup = self._begin.setup
        peer = f"{setup.peer_user_id}/{setup.peer_device_id}"
        sink: transferring.Sink = Sink.open(
            accept.into, offer, peer=peer, conflict=accept.conflict, links=accept.links
        )
        return sink

    def _moved(self, progress: Progress) -> None:
        assert self._meeting is not None
        if progress.ended is not None:
            if progress.direction == "receive" or progress.transfer in self._shown.sending:
                self._ended(progress.transfer, progress.ended, finished=progress.finished)
            return
        known = _PHASES.get(progress.state)
        if known is None:
            return
        paused = known == "running" and (progress.paused_here or progress.paused_there)
        phase: Literal["offered", "running", "paused", "finishing"] = "paused" if paused else known
        if progress.direction == "send" and progress.transfer not in self._counts:
            self._serving(progress)
        self._pipes.report(
            Moved(
                id=progress.transfer,
                phase=phase,
                done=progress.done,
                rate=progress.rate,
                size=progress.size,
                files=self._counts.get(progress.transfer, 0),
                lanes=progress.lanes,
                way=self._meeting.way,
                strikes=progress.strikes,
                by_peer=paused and not progress.paused_here,
            )
        )

    def _serving(self, progress: Progress) -> None:
        """The other side fetches something of ours."""
        source = self._shown.sending.get(progress.transfer)
        if source is None:
            return
        files = sum(entry.kind == "file" for entry in source.entries) or 1
        self._counts[progress.transfer] = files
        self._pipes.report(
            Serving(id=progress.transfer, name=source.name, kind=source.kind, size=progress.size, files=files)
        )

    def _ended(self, transfer: str, how: How, note: str = "", finished: Finished | None = None) -> None:
        if finished is not None:
            note = sentence_of(
                renamed=len(finished.renamed), skipped=finished.skipped, faults=len(finished.faults)
            )
        place = "" if finished is None else str(finished.place)
        reason = how.reason or ("" if how.how != "done" else note)
        self._pipes.report(Ended(id=transfer, phase=how.how, code=how.code, reason=reason, place=place))


def main() -> None:
    give_way()
    help_agent(next_order, Begin, lambda pipes, begin: Worker(pipes, begin).run(), "the helper")
