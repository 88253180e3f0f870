"""What each frame of the other end means: a table, by type and lane, of what is done with it at once."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from mesh_agent.machines.receiving import Receiving
from mesh_agent.sharing.feeding import Feeder
from mesh_agent.sharing.ground import Ground
from mesh_agent.sharing.incoming import Incoming
from mesh_agent.sharing.line import Line
from mesh_agent.sharing.lines import Lines
from mesh_agent.sharing.register import OPEN_MAX, Register
from mesh_agent.sharing.serving import Asking, Serving
from protocol.errors import (
    MeshError,
    PeerFrameUnknown,
    PeerHashWrong,
    PeerMismatch,
    PeerOutOfOrder,
    PeerTooMany,
)
from protocol.peer import (
    FileAccept,
    FileCancel,
    FileChunk,
    FileDecline,
    FileDone,
    FileFault,
    FileHole,
    FileMeta,
    FilePause,
    FolderGet,
    FolderList,
    FolderListing,
    FolderManifest,
    P2pCredit,
    P2pError,
    P2pPing,
    PeerFrame,
)

log = logging.getLogger(__name__)

CALLED_OFF_MAX: Final = 1_024
"""Transfers that were never open here and that the other end may call off; more are an attack."""

Handler = Callable[["Reception", Line, Any], None]


@dataclass
class Reception:
    """Every method raises what the other end does wrong: PeerFault, and that is the end of the attempt."""

    ground: Ground
    register: Register
    feeder: Feeder
    lines: Lines
    asking: Asking
    serving: Serving
    fail: Callable[[MeshError], None]
    called_off: Callable[[FileCancel], None]
    _called_off: int = 0

    async def handle(self, line: Line, frame: PeerFrame) -> None:
        if isinstance(frame, FileChunk):
            await self._take(line, frame)
            return
        handler = (self._ON_MAIN if line.number == 0 else self._ON_ANY).get(type(frame))
        if handler is None:
            raise PeerOutOfOrder
        handler(self, line, frame)

    # ── any lane ─────────────────────────────────────────────────────────────────────────────────

    def _on_ping(self, line: Line, frame: P2pPing) -> None:
        if frame.answer:
            line.answered(frame.stamp)
        else:
            line.put(P2pPing(stamp=frame.stamp, answer=True))

    def _on_error(self, line: Line, frame: P2pError) -> None:
        """Its sentence is not shown: what a stranger says is not for the person to read."""
        known = MeshError.by_code.get(frame.code, MeshError)
        error = MeshError.from_wire(frame.code, known.text)
        if frame.request is not None:
            self.asking.refused(frame.request, error)
        elif isinstance(error, PeerFrameUnknown):
            log.info("the other end does not know a kind of frame")
        elif isinstance(error, PeerHashWrong):
            self.lines.drop(line, error)
        else:
            self.fail(error)

    async def _take(self, line: Line, frame: FileChunk) -> None:
        incoming = self.register.received(frame.transfer)
        if incoming is None:
            await self._skip(line, frame)
            return
        machine = incoming.machine
        new = machine.chunk(frame, self.ground.clock())
        view = await self._buffer(line, frame.length)
        coming = incoming.coming(frame, view) if new else None
        try:
            await line.fill(view, lambda: self._moved(machine), None if coming is None else coming.reach)
        except BaseException:
            if coming is not None:
                coming.drop()
            self.ground.buffers.give(view)
            if new:
                machine.not_here(frame.index)
            raise
        incoming.write(frame, view, coming, new=new, refuse=lambda: self.lines.distrust(line))

    def _moved(self, machine: Receiving) -> None:
        machine.moved(self.ground.clock())

    async def _skip(self, line: Line, frame: FileChunk) -> None:
        """A chunk that was on its way when its transfer came to an end."""
        self.ground.granting.arriving(frame.length)
        view = await self._buffer(line, frame.length)
        try:
            await line.fill(view, lambda: None)
        finally:
            self.ground.buffers.give(view)
            self.ground.granting.release(frame.length)
        self.ground.tell_credit()

    async def _buffer(self, line: Line, size: int) -> memoryview:
        line.held_up = True
        try:
            return await self.ground.buffers.take(size)
        finally:
            line.held_up = False

    # ── the main lane: what we send ──────────────────────────────────────────────────────────────

    def _on_credit(self, _: Line, frame: P2pCredit) -> None:
        self.ground.spending.raised(frame.limit)
        for each in frame.written:
            out = self.register.sent(each.transfer)
            if out is not None:
                lanes = out.machine.written(each.first, each.count, self.ground.clock())
                self.lines.written(lanes)
                out.touch()
        self.feeder.feed()

    def _on_accept(self, _: Line, frame: FileAccept) -> None:
        if (out := self.register.sent(frame.transfer)) is not None:
            out.machine.accepted(frame, self.ground.clock())
            out.touch()

    def _on_decline(self, _: Line, frame: FileDecline) -> None:
        if (out := self.register.sent(frame.transfer)) is not None:
            out.machine.declined(frame)
            out.touch()

    # ── the main lane: what we receive ───────────────────────────────────────────────────────────

    def _on_meta(self, _: Line, frame: FileMeta) -> None:
        before = self.register.one(frame.transfer)
        if before is not None and not (isinstance(before, Incoming) and before.machine.over):
            raise PeerOutOfOrder
        if frame.request is not None and not self.asking.offered(frame.request):
            raise PeerMismatch
        too_large = frame.chunk_bytes > self.ground.granting.window
        if too_large or len(self.register.incoming) >= OPEN_MAX:
            self.ground.put(FileDecline(transfer=frame.transfer, reason=PeerTooMany.text))
            self.register.forget(frame.transfer)
        else:
            self.register.add(Incoming(self.ground, frame, before))

    def _on_page(self, _: Line, frame: FolderManifest) -> None:
        if (incoming := self.register.received(frame.transfer)) is not None:
            incoming.page(frame)

    def _on_hole(self, _: Line, frame: FileHole) -> None:
        if (incoming := self.register.received(frame.transfer)) is not None:
            incoming.hole(frame)

    def _on_fault(self, _: Line, frame: FileFault) -> None:
        if (incoming := self.register.received(frame.transfer)) is not None:
            incoming.fault(frame)

    # ── the main lane: either ────────────────────────────────────────────────────────────────────

    def _on_done(self, _: Line, frame: FileDone) -> None:
        one = self.register.either(frame.transfer)
        if isinstance(one, Incoming):
            one.done(frame)
        elif one is not None:
            one.machine.was_done(frame)
            one.touch()

    def _on_cancel(self, _: Line, frame: FileCancel) -> None:
        """Of what is not open, it was ended while we were away."""
        one = self.register.one(frame.transfer)
        if one is None and not self.register.was(frame.transfer):
            self._called_off += 1
            if self._called_off > CALLED_OFF_MAX:
                raise PeerOutOfOrder
            self.called_off(frame)
        elif one is not None and not one.machine.over:
            one.was_cancelled(frame)

    def _on_pause(self, _: Line, frame: FilePause) -> None:
        one = self.register.either(frame.transfer)
        if one is not None:
            one.machine.was_paused(frame, self.ground.clock())
            self.ground.changed(one)
            self.feeder.feed()

    def _on_list(self, _: Line, frame: FolderList) -> None:
        self.serving.list(frame)

    def _on_listing(self, _: Line, frame: FolderListing) -> None:
        self.asking.page(frame)

    def _on_get(self, _: Line, frame: FolderGet) -> None:
        self.serving.get(frame)

    _ON_ANY: ClassVar[dict[type, Handler]] = {P2pPing: _on_ping, P2pError: _on_error}
    _ON_MAIN: ClassVar[dict[type, Handler]] = {
        **_ON_ANY,
        P2pCredit: _on_credit,
        FileMeta: _on_meta,
        FolderManifest: _on_page,
        FileAccept: _on_accept,
        FileDecline: _on_decline,
        FileHole: _on_hole,
        FileFault: _on_fault,
        FileDone: _on_done,
        FileCancel: _on_cancel,
        FilePause: _on_pause,
        FolderList: _on_list,
        FolderListing: _on_listing,
        FolderGet: _on_get,
    }
