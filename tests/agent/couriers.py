"""Two couriers with lanes of memory between them, and a hand-led end of a lane, both in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from mesh_agent.machines.receiving import Offer
from mesh_agent.machines.transfer import Ended
from mesh_agent.sharing.courier import Courier
from mesh_agent.sharing.transferring import Accept, Answer, Progress
from protocol.errors import MeshError
from protocol.peer import FrameReader, PeerFrame, encode_frame
from tests.support.memory_files import Disk, MemorySource
from tests.support.memory_lanes import MemoryLane, lane_pair
from tests.support.virtual_time import Inline, in_time

DONE: Final = Ended("done")


async def take_all(_: Offer) -> Answer:
    return Accept(Path("/"))


class End:
    """One courier, and all that it told."""

    def __init__(self, main: MemoryLane, disk: Disk | None = None, **options: Any) -> None:
        self.disk = disk or Disk()
        self.main = main
        self.told: list[Progress] = []
        self.told_at: list[float] = []
        self.offers: list[Offer] = []
        self.ended: MeshError | None = None
        ask: Callable[[Offer], Awaitable[Answer]] = options.pop("on_offer", take_all)

        async def note(offer: Offer) -> Answer:
            self.offers.append(offer)
            return await ask(offer)

        options = {"executor": Inline(), "open_sink": self.disk.open, **options}
        self.courier = Courier(main, on_offer=note, on_progress=self._note_progress, **options)
        self.running = asyncio.create_task(self._run())

    def _note_progress(self, progress: Progress) -> None:
        self.told.append(progress)
        self.told_at.append(asyncio.get_running_loop().time())

    async def _run(self) -> None:
        try:
            await self.courier.run()
        except MeshError as error:
            self.ended = error

    def last(self, transfer: str = "t") -> Progress:
        return [each for each in self.told if each.transfer == transfer][-1]

    async def ended_as(self, transfer: str = "t") -> Ended:
        """How it ended here, once it has."""
        await in_time(lambda: self.told and self.last(transfer).ended)
        ended = self.last(transfer).ended
        assert ended is not None
        return ended

    async def reaches(self, done: int, transfer: str = "t") -> None:
        """Returns once so many bytes of it are there."""
        await in_time(lambda: any(each.transfer == transfer and each.done >= done for each in self.told))


class Two:
    """Alice, who sends, and Bob, who receives."""

    def __init__(
        self,
        *,
        lanes: int = 1,
        main: tuple[MemoryLane, MemoryLane] | None = None,
        delay_s: float = 0.0,
        disk: Disk | None = None,
        alice: dict[str, Any] | None = None,
        bob: dict[str, Any] | None = None,
        watch: tuple[Callable[[PeerFrame], bool] | None, Callable[[PeerFrame], bool] | None] = (None, None),
    ) -> None:
        self.delay_s = delay_s
        self.pairs = [main or lane_pair(delay_s)]
        self.pairs[0][0].watch, self.pairs[0][1].watch = watch
        self.alice = End(self.pairs[0][0], **(alice or {}))
        self.bob = End(self.pairs[0][1], disk, **(bob or {}))
        for _ in range(lanes - 1):
            self.add_lane()

    def add_lane(self) -> tuple[MemoryLane, MemoryLane]:
        self.pairs.append(lane_pair(self.delay_s))
        self.alice.courier.add_lane(self.pairs[-1][0])
        self.bob.courier.add_lane(self.pairs[-1][1])
        return self.pairs[-1]

    async def send(self, source: MemorySource, transfer: str = "t", **options: Any) -> Ended:
        return await self.alice.courier.offer(transfer, source, **options)

    async def close(self) -> None:
        for end in (self.alice, self.bob):
            end.courier.close()
        await asyncio.gather(self.alice.running, self.bob.running)


@asynccontextmanager
async def two(**options: Any) -> AsyncIterator[Two]:
    made = Two(**options)
    try:
        yield made
    finally:
        await made.close()


class Puppet:
    """The other end of a courier's lane, led by hand: it says whatever the test wants."""

    def __init__(self, lane: MemoryLane) -> None:
        self.lane = lane
        self._reader = FrameReader()
        self.heard: list[PeerFrame] = []

    async def say(self, *frames: PeerFrame | bytes) -> None:
        for frame in frames:
            await self.lane.write(frame if isinstance(frame, bytes) else encode_frame(frame))

    async def hear(self, kind: type[Any]) -> Any:
        """The next frame of that kind; others, and the bytes of chunks, are heard and passed over."""
        while True:
            while self._reader.raw:
                if not self._reader.take_raw():
                    self._reader.feed(await self.lane.read(self._reader.raw))
            frame = self._reader.frame()
            if frame is None:
                data = await self.lane.read(16_384)
                if not data:
                    raise EOFError
                self._reader.feed(data)
                continue
            self.heard.append(frame)
            if isinstance(frame, kind):
                return frame


@asynccontextmanager
async def puppet(**options: Any) -> AsyncIterator[tuple[Puppet, End]]:
    """A courier, and the end of its main lane that is led by hand."""
    ours, theirs = lane_pair()
    end = End(ours, **options)
    try:
        yield Puppet(theirs), end
    finally:
        end.courier.close()
        await end.running
