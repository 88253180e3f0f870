"""One guest's session, in the process of a shared terminal: met, heard, told, ended.

Strategy: one task reads and one writes, so that neither end waits for the other. What waits to be written
to a guest has a limit, past which it is not read from: it gets no answers to what it does not ask. States
are bounded by what it has acknowledged, long before that.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from mesh_agent.machines.terminal_host import Person
from mesh_agent.net.base import Lane, Way
from mesh_agent.net.meeting import Meeting
from mesh_agent.sharing.meeter import Meeter
from mesh_agent.sharing.orders import Begin, Lost, Met, Refused, Signal, Spent
from mesh_agent.terminal.orders import SENT_AWAY
from protocol.errors import MeshError, PeerFault, PeerFrameUnknown, PeerTooMany
from protocol.peer import FrameReader, P2pError, PeerFrame, encode_frame

READ_BYTES: Final = 16 * 1024

QUEUE_BYTES: Final = 512 * 1024
"""What waits to be written before a guest is read on."""

QUEUE_MAX_BYTES: Final = 4 * 1024 * 1024
"""Who has not read that much of what all are told has gone."""

KNOWN_S: Final = 10.0
"""How long the agent has to say who a guest is."""

BYE_S: Final = 2.0
"""How long what was said last has to be written."""


class House(Protocol):
    """Whom a guest visits."""

    def came(self, key: str, person: Person) -> None: ...

    async def heard(self, key: str, frame: PeerFrame) -> None:
        """Returns when the next frame may come. Raises: PeerTooMany."""

    def went(self, key: str) -> None: ...


class Visit:
    """Attributes:
    key: what the house calls this guest.
    way: how the packets travel, once it was met.
    """

    def __init__(
        self,
        key: str,
        begin: Begin,
        house: House,
        report: Callable[[Signal | Spent | Refused | Met | Lost], None],
    ) -> None:
        self.key: Final = key
        self.way: Way = "direct"
        self._house, self._report = house, report
        self._meeter = Meeter(begin, report)
        self._known: asyncio.Future[Person] = asyncio.get_running_loop().create_future()
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._wake = asyncio.Event()
        self._low = asyncio.Event()
        self._low.set()
        self._leaving = False
        self._task = asyncio.create_task(self._run())

    def signalled(self, signal: Signal) -> None:
        self._meeter.heard(signal)

    def known(self, person: Person) -> None:
        """The agent says who it is."""
        if not self._known.done():
            self._known.set_result(person)

    def say(self, *frames: bytes | PeerFrame) -> None:
        """They are written as soon as the guest takes them."""
        if self._leaving:
            return
        for frame in frames:
            data = frame if isinstance(frame, bytes) else encode_frame(frame)
            self._queue.append(data)
            self._queued += len(data)
        if self._queued > QUEUE_MAX_BYTES:
            self._task.cancel()
        elif self._queued > QUEUE_BYTES:
            self._low.clear()
        self._wake.set()

    def bye(self) -> None:
        """Its line ends once it was told what was said."""
        self._leaving = True
        self._wake.set()

    async def close(self) -> None:
        """Ends it at once. Never raises."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def ended(self) -> None:
        """Returns when it has ended."""
        await asyncio.wait((self._task,))

    # ── from beginning to end ────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        meeting: Meeting | None = None
        lost = Lost(code="", message="")
        try:
            met = await self._meeter.meet()
            if isinstance(met, Lost):
                lost = met
                return
            meeting = met
            lost = await self._receive(meeting)
        finally:
            self._house.went(self.key)
            self._report(lost)
            if meeting is not None:
                await meeting.close()

    async def _receive(self, meeting: Meeting) -> Lost:
        self.way = meeting.way
        self._report(Met(way=meeting.way, identity=meeting.peer_identity))
        try:
            async with asyncio.timeout(KNOWN_S):
                person = await self._known
        except TimeoutError:
            return Lost(code="", message="")
        self._house.came(self.key, person)
        reading = asyncio.create_task(self._read(meeting.main))
        writing = asyncio.create_task(self._write(meeting.main))
        try:
            await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
            if writing.done() and writing.exception() is None:
                return Lost(code=SENT_AWAY, message="", fatal=True)
            (writing if writing.done() else reading).result()
            return Lost(code="", message="")
        except PeerFault as fault:
            with contextlib.suppress(MeshError, TimeoutError):
                async with asyncio.timeout(BYE_S):
                    writing.cancel()
                    await asyncio.gather(writing, return_exceptions=True)
                    await meeting.main.write(encode_frame(P2pError(code=fault.code)))
            return Lost(code=fault.code, message=fault.message)
        except MeshError as error:
            return Lost(code=error.code, message=error.message)
        finally:
            for task in (reading, writing):
                task.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)

    async def _read(self, lane: Lane) -> None:
        """Until the end. Raises: LaneLost, PeerFault."""
        reader = FrameReader()
        while data := await lane.read(READ_BYTES):
            reader.feed(data)
            while True:
                try:
                    frame = reader.frame()
                except PeerFrameUnknown:  # of a later version, and of no concern here
                    continue
                if frame is None:
                    break
                if reader.raw:
                    raise PeerTooMany  # files go through other sessions
                await self._house.heard(self.key, frame)
                await self._low.wait()

    async def _write(self, lane: Lane) -> None:
        """Until `bye`. Raises: LaneLost."""
        while True:
            while self._queue:
                data = b"".join(self._queue)
                self._queue.clear()
                await lane.write(data)
                self._queued -= len(data)
                if self._queued <= QUEUE_BYTES:
                    self._low.set()
            if self._leaving:
                await lane.close()
                return
            self._wake.clear()
            await self._wake.wait()
