"""One offer of ours, from FILE_META to the receiver's word that it is in its place.

Strategy: one task walks through the steps and waits between them for news; what arrives changes the machine
alone. Chunks are read and written by `Feeder`, which asks each machine for the next.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from mesh_agent.machines.credit import Pace
from mesh_agent.machines.sending import Sending
from mesh_agent.machines.transfer import Ended
from mesh_agent.sharing.ground import Ground, in_words
from mesh_agent.sharing.transferring import Progress, Source
from protocol import limits
from protocol.errors import MeshError
from protocol.peer import Entry, FileCancel, FileFault, FileHole, FileMeta, FolderManifest

PAGE_BYTES: Final = limits.PEER_FRAME_BYTES * 3 // 4
ENTRY_BYTES: Final = 48
"""What an entry takes beside its names, at most."""


class _Over(Exception):
    """The machine has ended."""


class Outgoing:
    """
    Attributes:
        reading: chunks that a thread reads now.
    """

    direction: Final = "send"

    def __init__(
        self, ground: Ground, transfer: str, source: Source, request: str | None, limit: int | None
    ) -> None:
        self._ground = ground
        self._request = request
        self._news = asyncio.Event()
        self._faults_told = 0
        self.source = source
        self.pace = Pace(limit, ground.clock())
        self.reading = 0
        self.machine = Sending(transfer, source.size, source.grid, (), ground.spending, ground.clock())

    def touch(self) -> None:
        """The machine, or what it waits for, has changed."""
        self._news.set()

    def lost(self) -> None:
        """The line is gone."""
        self.touch()

    async def run(self) -> Ended:
        """Raises: MeshError: the line was lost."""
        try:
            await self._walk()
        except _Over:
            pass
        finally:
            await self._stop()
        assert self.machine.ended is not None
        return self.machine.ended

    async def _walk(self) -> None:
        try:
            self.machine.know_holes(await self._ground.slowly(self.source.holes))
            await self._announce()
            await self._until(lambda: self.machine.state == "opening")
            await self._open()
            await self._until(lambda: self.machine.complete)
            self._tell_faults()
            digest = await self._whole_hash()
        except (MeshError, OSError) as error:
            if self._ground.lost is not None:
                raise self._ground.lost from None
            self.failed(error)
            return
        self._go_on()
        self._ground.put(self.machine.told(digest, self._ground.clock()))
        self._ground.changed(self)
        await self._until(lambda: False)

    def failed(self, error: Exception) -> None:
        """It cannot be read: the other end is told."""
        code, reason = in_words(error)
        self._ground.put(self.machine.cancel(reason, code))
        self.touch()

    def cancel(self, reason: str, code: str = "cancelled") -> None:
        """Ends it from here; where all was sent, the other end decides whether that comes in time."""
        self._ground.put(self.machine.cancel(reason, code))
        self.touch()

    def was_cancelled(self, frame: FileCancel) -> None:
        """The other end ends it."""
        self.machine.was_cancelled(frame)
        self.touch()

    async def _stop(self) -> None:
        """Nothing is read of the source any more."""
        while self.reading:
            self._news.clear()
            await self._news.wait()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while True:
            self._go_on()
            if condition():
                return
            self._news.clear()
            await self._news.wait()

    def _go_on(self) -> None:
        if self._ground.lost is not None:
            raise self._ground.lost
        if self.machine.over:
            raise _Over

    # ── the steps ────────────────────────────────────────────────────────────────────────────────

    async def _announce(self) -> None:
        source = self.source
        self._go_on()
        self._ground.put(
            FileMeta(
                transfer=self.machine.transfer,
                name=source.name,
                size=source.size,
                mtime=source.mtime,
                mode=source.mode,
                kind=source.kind,
                chunk_bytes=source.chunk_bytes,
                entries=len(source.entries),
                request=self._request,
            )
        )
        if source.kind == "folder":
            for page, last in pages(source.entries):
                await self._ground.main.room()
                self._go_on()
                frame = FolderManifest(transfer=self.machine.transfer, entries=page, last=last)
                self._ground.put(frame)
        self.machine.announced()
        self._ground.changed(self)

    async def _open(self) -> None:
        for hole in self.machine.holes_to_tell:
            await self._ground.main.room()
            self._go_on()
            frame = FileHole(transfer=self.machine.transfer, first=hole.first, count=hole.count)
            self._ground.put(frame)
        self._tell_faults()
        self.machine.opened()
        self._ground.changed(self)
        self._ground.feed()

    def _tell_faults(self) -> None:
        """Those that were found since the last time; before FILE_DONE, and on the same lane."""
        faults = self.source.faults
        while self._faults_told < len(faults):
            entry, reason = faults[self._faults_told]
            self._faults_told += 1
            reason = reason[: limits.PEER_SENTENCE_CHARS]
            self._ground.put(FileFault(transfer=self.machine.transfer, entry=entry, reason=reason))

    async def _whole_hash(self) -> bytes:
        if self.source.kind == "file":
            return await self._ground.slowly(self.source.whole_hash)
        assert self.machine.digest is not None
        return self.machine.digest.digest()

    def progress(self, rate: float, lanes: int) -> Progress:
        machine = self.machine
        return Progress(
            transfer=machine.transfer,
            direction="send",
            state=machine.state,
            size=self.source.size,
            done=machine.done,
            rate=rate,
            lanes=lanes,
            paused_here=machine.paused_here,
            paused_there=machine.paused_there,
            ended=machine.ended,
            faults=len(self.source.faults),
        )


def pages(entries: Sequence[Entry]) -> Iterator[tuple[list[Entry], bool]]:
    """The entries in lists that fit into a frame, and whether each is the last; one empty list of none."""
    page: list[Entry] = []
    size = 0
    for entry in entries:
        needed = len(entry.path.encode()) + len(entry.target.encode()) + ENTRY_BYTES
        if page and (size + needed > PAGE_BYTES or len(page) == limits.MANIFEST_ENTRIES):
            yield page, False
            page, size = [], 0
        page.append(entry)
        size += needed
    yield page, True
