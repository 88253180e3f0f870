"""One offer of the other end's, from FILE_META to its place on disk.

Strategy: whatever comes is held against the machine first, in the order of its lane; what it means for the
disk is done in threads, and counted in `_pending`, so that a file is finished or abandoned only when nothing
writes to it any more. A chunk is told as written when the disk has it, and never before. A cancel, from
whichever end, comes in time as long as nothing has been given its name; after that it is done, and told so.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from mesh_agent.files.grid import Grid as FileGrid
from mesh_agent.machines.receiving import Offer, Receiving
from mesh_agent.machines.transfer import Ended, Grid
from mesh_agent.sharing.ground import Ground, in_words
from mesh_agent.sharing.transferring import AlreadyHere, Answer, Coming, Decline, Progress, Sink
from protocol.errors import MeshError, PeerHashWrong
from protocol.peer import (
    FileCancel,
    FileChunk,
    FileDone,
    FileFault,
    FileHole,
    FileMeta,
    FolderManifest,
    Range,
)

log = logging.getLogger(__name__)

STRIKES: Final = 3
"""Chunks in a row with a wrong hash, over all attempts, after which the transfer is given up."""

LEFT: Final = frozenset({"changed", "peer.hash", "peer.mismatch"})
"""What has come of a transfer that failed for these will never be of use."""

Refuse = Callable[[], None]
"""Is called where a chunk is not what its hash says: its lane has to go."""


class Incoming:
    """
    Attributes:
        settled: nothing of it is open any more.
    """

    direction: Final = "receive"

    def __init__(self, ground: Ground, meta: FileMeta, before: "Incoming | None" = None) -> None:
        """`before`: the same transfer, that has ended, and may still be busy with the same files."""
        self._ground = ground
        self._before = before
        self._sink: Sink | None = None
        self._asking = False
        self._settling: asyncio.Task[None] | None = None
        self._pending: set[asyncio.Future[Any]] = set()
        self._strikes = 0
        self._finished: Any = None
        self._task: asyncio.Task[None] | None = None
        self.settled = asyncio.get_running_loop().create_future()
        self.machine = Receiving(meta, ground.granting, ground.clock())
        if self.machine.state == "offered":
            self._begin(self._decide())

    def _begin(self, step: Any) -> None:
        self._task = asyncio.create_task(step)

    # ── the offer ────────────────────────────────────────────────────────────────────────────────

    def page(self, frame: FolderManifest) -> None:
        if self.machine.page(frame, self._ground.clock()):
            self._begin(self._decide())

    async def _decide(self) -> None:
        machine = self.machine
        offer = Offer(machine.meta, machine.entries)
        if self._before is not None:
            await self._before.settled
            self._before = None
        self._ground.changed(self)
        try:
            answer = await self._asked(offer)
            if not machine.over:
                await self._answer(offer, answer)
        except (MeshError, OSError) as error:
            self._refuse(*in_words(error))
        except Exception:
            log.exception("an offer could not be answered")
            self._refuse("failed", "The other device made a mistake.")

    async def _asked(self, offer: Offer) -> Answer:
        self._asking = True
        try:
            return await self._ground.ask(offer)
        finally:
            self._asking = False

    def _refuse(self, code: str, reason: str) -> None:
        if not self.machine.over:
            self._ground.put(self.machine.decline(reason, Ended("failed", code, reason)))
            self._over()

    async def _answer(self, offer: Offer, answer: Answer) -> None:
        if isinstance(answer, Decline):
            self._ground.put(self.machine.decline(answer.reason))
            self._over()
            return
        if isinstance(answer, AlreadyHere):
            grid: Grid = await self._ground.slowly(FileGrid.of, offer.meta, offer.entries)
            have = [Range(0, grid.chunks)] if grid.chunks else []
        else:
            self._strikes = answer.strikes
            self._sink = sink = await self._ground.slowly(self._ground.open_sink, offer, answer)
            grid, have = sink.grid, list(sink.have)
        if not self.machine.over and self._settling is None:
            accepted = self.machine.accept(grid, have, self._ground.clock())
            self._ground.put(self._ground.granting.frame())
            self._ground.put(accepted)
            self._ground.changed(self)

    # ── chunks ───────────────────────────────────────────────────────────────────────────────────

    def coming(self, frame: FileChunk, view: memoryview) -> Coming | None:
        """A chunk that was not here before begins to come. None where nothing takes it."""
        return self._sink.coming(frame.index, view, frame.hash) if self._sink is not None else None

    def write(
        self, frame: FileChunk, view: memoryview, coming: Coming | None, *, new: bool, refuse: Refuse
    ) -> None:
        """All of a chunk has come. `view` is given back when it is written."""
        if self.machine.state != "running" or (new and coming is None):
            if coming is not None:
                coming.drop()
            self._ground.buffers.give(view)
            if new:
                self.machine.dropped(frame.index)
            return
        if coming is not None:
            future = self._ground.quickly(coming.write)
        else:
            future = self._ground.quickly(_check, view, frame.hash)
        self._pending.add(future)
        future.add_done_callback(partial(self._was_written, frame, view, new, refuse))

    def _was_written(
        self, frame: FileChunk, view: memoryview, new: bool, refuse: Refuse, future: "asyncio.Future[None]"
    ) -> None:
        self._pending.discard(future)
        self._ground.buffers.give(view)
        error = future.exception()
        if error is None:
            self._strikes = 0
            if new:
                self.machine.written(frame.index, frame.hash)
        else:
            if new:
                self.machine.not_here(frame.index)
            self._not_written(error, refuse)
        self._ground.tell_credit(all_of_it=not self.machine.missing)

    def _not_written(self, error: BaseException, refuse: Refuse) -> None:
        if not isinstance(error, PeerHashWrong):
            self._failed(error)
            return
        self._strikes += 1
        if self._strikes >= STRIKES:
            self._failed(error)
        self._ground.changed(self)  # before the lane goes, as the attempt may go with it
        refuse()

    def _failed(self, error: BaseException) -> None:
        """It cannot be written: the other end is told."""
        if not isinstance(error, MeshError | OSError):
            log.error("writing what was received failed", exc_info=error)
        code, reason = in_words(error) if isinstance(error, Exception) else ("failed", "")
        self._ground.put(self.machine.cancel(reason, code))
        self._over()

    def hole(self, frame: FileHole) -> None:
        self.machine.hole(frame, self._ground.clock())
        if self._sink is not None:
            self._do(self._sink.hole, frame.first, frame.count)

    def fault(self, frame: FileFault) -> None:
        self.machine.fault(frame, self._ground.clock())
        if self._sink is not None:
            self._do(self._sink.fault, frame.entry, frame.reason)

    def _do(self, function: Callable[..., None], *args: Any) -> None:
        future = self._ground.quickly(function, *args)
        self._pending.add(future)
        future.add_done_callback(self._was_done_here)

    def _was_done_here(self, future: "asyncio.Future[None]") -> None:
        self._pending.discard(future)
        error = future.exception()
        if error is not None:
            self._failed(error)

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    def done(self, frame: FileDone) -> None:
        """The sender has told all."""
        self.machine.was_done(frame, self._ground.clock())
        self._begin(self._finish(frame.hash))
        self._ground.changed(self)

    async def _finish(self, digest: bytes) -> None:
        await self._idle()
        if self.machine.over:
            return
        try:
            if self._sink is not None:
                self._finished = await self._ground.slowly(self._sink.finish, digest)
        except Exception as error:  # noqa: BLE001 - both ends have to be told
            self._failed(error)
            return
        if not self.machine.over:
            self._ground.put(self.machine.finished())
        self._over()

    def cancel(self, reason: str, code: str = "cancelled") -> None:
        """Ends it from here, where it is not too late; the other end is told."""
        if not self._too_late:
            self._ground.put(self.machine.cancel(reason, code))
            self._over()

    def was_cancelled(self, frame: FileCancel) -> None:
        """The other end ends it; where all was there, it waits for an answer."""
        if self._too_late:
            return
        if self.machine.state == "finishing":
            self._ground.put(frame)
        self.machine.was_cancelled(frame)
        self._over()

    @property
    def _too_late(self) -> bool:
        """It is getting its name now, and is done in a moment."""
        if self._finished is not None:
            return True
        return self.machine.state == "finishing" and self._sink is not None and not self._sink.stop()

    def touch(self) -> None:
        """The machine has changed."""
        if self.machine.over:
            self._over()

    def lost(self) -> None:
        """The line is gone: what has come is kept."""
        self._over()

    def _over(self) -> None:
        if not self.settled.done() and self._settling is None:
            self._settling = asyncio.create_task(self._settle())

    async def _settle(self) -> None:
        if self._task is not None:
            if self._asking:
                self._task.cancel()
            await asyncio.wait([self._task])
        await self._idle()
        if self._sink is not None and self._finished is None:
            try:
                await self._ground.slowly(self._sink.abandon, self._keeps())
            except (MeshError, OSError) as error:
                log.warning("what was received could not be closed: %s", error)
        if not self.settled.done():
            self.settled.set_result(self.machine.ended)
        self._ground.changed(self)

    def _keeps(self) -> bool:
        ended = self.machine.ended
        return ended is None or (ended.how == "failed" and ended.code not in LEFT)

    async def _idle(self) -> None:
        while self._pending:
            await asyncio.wait(self._pending)

    def progress(self, rate: float, lanes: int) -> Progress:
        machine = self.machine
        return Progress(
            transfer=machine.transfer,
            direction="receive",
            state=machine.state,
            size=machine.meta.size,
            done=machine.done,
            rate=rate,
            lanes=lanes,
            paused_here=machine.paused_here,
            paused_there=machine.paused_there,
            ended=machine.ended if self.settled.done() else None,
            finished=self._finished,
            faults=len(machine.faults),
            strikes=self._strikes,
        )


def _check(view: memoryview, digest: bytes) -> None:
    from blake3 import blake3

    if blake3(view).digest() != digest:
        raise PeerHashWrong
