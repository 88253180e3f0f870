"""What carries files between two devices that have met: many transfers, both ways, over the lanes there are.

Strategy: what a frame means is a line in a table (`Reception`), and is done at once: a machine changes,
something is queued, a thread gets work. A further lane that dies gives back what it had, and everything
goes on; when the main one dies, this attempt is over for all, and what has come is kept for the next. A
peer that breaks the contract is told so, and the attempt is over; only a wrong hash costs no more than the
lane that it came over.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Final

from mesh_agent.machines.credit import WINDOW_BYTES, Granting, Pace
from mesh_agent.machines.receiving import Offer
from mesh_agent.machines.transfer import Ended, sentence
from mesh_agent.net.base import Lane, LaneLost
from mesh_agent.sharing.feeding import Feeder
from mesh_agent.sharing.ground import QUICK_THREADS, SLOW_THREADS, Ground
from mesh_agent.sharing.incoming import Incoming
from mesh_agent.sharing.line import Clock, Line
from mesh_agent.sharing.lines import GOODBYE_S, Lines
from mesh_agent.sharing.meter import Meters
from mesh_agent.sharing.outgoing import Outgoing
from mesh_agent.sharing.reception import Reception
from mesh_agent.sharing.register import OPEN_MAX, Register
from mesh_agent.sharing.serving import Asking, Serving
from mesh_agent.sharing.transferring import Accept, Ask, OpenSink, Progress, Shares, Sink, Source
from protocol.errors import MeshError, PeerFault, PeerTooMany
from protocol.peer import Entry, FileCancel, P2pError, PeerFrame

TICK_S: Final = 0.25
"""So often is progress told, and looked for what stalls."""


class Courier:
    """Everything that goes between two devices over one meeting.

    Args:
        main: what the meeting gave; all its bytes from here on are ours.
        on_offer: is awaited for each offer; its answer is the person's.
        on_progress: is told of each transfer, both ways, a few times a second and at each change.
        on_called_off: is told that the other end has ended a transfer which is not open.
        open_sink: opens where an accepted offer goes; files of this machine, where it is None.
        shares: what the other end may browse.
        window: raw bytes that may be on their way to this end; no less than the largest chunk.
        rate_limit: bytes a second that are sent, over all lanes and transfers.
        executor: where disk work is done; threads of its own, where it is None.
    """

    def __init__(
        self,
        main: Lane,
        *,
        on_offer: Ask,
        on_progress: Callable[[Progress], None] = lambda _: None,
        on_called_off: Callable[[FileCancel], None] = lambda _: None,
        open_sink: OpenSink | None = None,
        shares: Shares | None = None,
        window: int = WINDOW_BYTES,
        rate_limit: int | None = None,
        executor: Executor | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or asyncio.get_running_loop().time
        self._own_threads: list[ThreadPoolExecutor] = []
        self._alive: list[Line] = []
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._register = Register()
        self._meters = Meters(on_progress)
        self._lines = Lines(self._alive, self._clock, self._handle, self._fail, self._lane_lost)
        self._ground = Ground(
            main=self._lines.add(main),
            clock=self._clock,
            quick=executor or self._threads(QUICK_THREADS),
            slow=executor or self._threads(SLOW_THREADS),
            granting=Granting(window),
            pace=Pace(rate_limit, self._clock()),
            ask=on_offer,
            open_sink=open_sink or _open_sink,
            changed=self._changed,
            feed=lambda: self._feeder.feed(),
        )
        self._feeder = Feeder(self._ground, self._alive)
        self._asking = Asking(self._ground)
        self._serving = Serving(self._ground, shares, self._offer)
        self._reception = Reception(
            self._ground,
            self._register,
            self._feeder,
            self._lines,
            self._asking,
            self._serving,
            self._fail,
            on_called_off,
        )

    def _threads(self, count: int) -> Executor:
        self._own_threads.append(ThreadPoolExecutor(count, thread_name_prefix="mesh-files"))
        return self._own_threads[-1]

    # ── what a person wants ──────────────────────────────────────────────────────────────────────

    @property
    def lost(self) -> MeshError | None:
        """Why it is over, as soon as that is known; None before."""
        return self._ground.lost

    @property
    def lanes(self) -> int:
        """How many are alive, the main one included."""
        return len(self._alive)

    @property
    def received_bytes(self) -> int:
        """Raw bytes of chunks that came, over all lanes; each chunk counts once."""
        return self._ground.granting.arrived

    def add_lane(self, lane: Lane) -> None:
        """One more, whose other end has proven that it belongs here. It may come and go at any time."""
        self._lines.add(lane)

    async def offer(self, transfer: str, source: Source, *, limit: int | None = None) -> Ended:
        """Offers it, sends it, and returns how that ended. The source stays the caller's to close.

        Args:
            transfer: the sender's name for it, the same when it is resumed.
            limit: bytes a second, of this transfer.

        Raises: MeshError: the line was lost, or one end gave the other up.
        """
        return await self._offer(transfer, source, None, limit)

    async def list(self, share: str = "", path: str = "") -> list[Entry]:
        """What is in a folder of a share of the other end's; its shares, where none is named.

        Raises: MeshError: as the other end says; PeerStalled; the line was lost.
        """
        return await self._asking.list(share, path)

    async def get(
        self, share: str, path: str = "", *, begun: Callable[[str], None] = lambda _: None
    ) -> Ended:
        """Asks for something of a share; returns how its transfer ended. `on_offer` is asked as for any.

        Args:
            begun: is told the request, which the offer will name, before that can come.

        Raises: as `list`.
        """
        return await self._asking.get(share, path, begun)

    def pause(self, transfer: str) -> None:
        self._pause(transfer, paused=True)

    def resume(self, transfer: str) -> None:
        self._pause(transfer, paused=False)

    def _pause(self, transfer: str, *, paused: bool) -> None:
        one = self._register.one(transfer)
        if one is not None:
            self._ground.put(one.machine.pause(paused, self._clock()))
            self._changed(one)
            self._feeder.feed()

    def cancel(self, transfer: str, reason: str = "", code: str = "cancelled") -> None:
        """Ends it on both sides. What is over, done, or will be in a moment stays as it is."""
        one = self._register.one(transfer)
        if one is not None:
            one.cancel(reason, code)

    def knows(self, transfer: str) -> bool:
        """Whether it is open."""
        return self._register.one(transfer) is not None

    async def call_off(self, transfer: str, reason: str = "", code: str = "cancelled") -> None:
        """Tells the other end that a transfer is over which is not open here, such as one that was ended
        while it was away. Returns once it has read that.

        Raises: MeshError: the line was lost.
        """
        if not self.knows(transfer):
            self._ground.put(FileCancel(transfer=transfer, reason=sentence(reason), code=code))
        await self._ground.main.echo()
        if self._ground.lost is not None:
            raise self._ground.lost

    def limit(self, rate: int | None, transfer: str | None = None) -> None:
        """Bytes a second that are sent; None for as many as there can be. Of one transfer, or in all."""
        if transfer is None:
            self._ground.pace.rate = rate
        elif (out := self._register.outgoing.get(transfer)) is not None:
            out.pace.rate = rate

    async def _offer(
        self, transfer: str, source: Source, request: str | None, limit: int | None = None
    ) -> Ended:
        if self._register.was(transfer):
            await self._lines.echo()  # nothing of the last time may be taken for this one's
        if self._ground.lost is not None:
            raise self._ground.lost
        if len(self._register.outgoing) >= OPEN_MAX or self._register.one(transfer) is not None:
            raise PeerTooMany
        out = Outgoing(self._ground, transfer, source, request, limit)
        self._register.add(out)
        self._feeder.add(out)
        try:
            return await out.run()
        finally:
            if self._ground.lost is None:
                self._ground.put(out.machine.cancel("The sender ended it."))
            self._feeder.remove(out)
            self._register.close(out)
            self._lines.forgiven(out.machine.under_way())
            self._meters.last(out, self.lanes)

    # ── from beginning to end ────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Until `close`. To be run once.

        Raises: MeshError: the line was lost (LaneLost), or why one end gave the other up (PeerFault).
        """
        self._lines.start(self._feeder)
        ticking = asyncio.create_task(self._tick())
        try:
            await self._end
        finally:
            ticking.cancel()
            await self._stop()

    def close(self) -> None:
        """Ends it: `run` returns. What is under way is interrupted, and may be resumed."""
        if not self._end.done():
            self._end.set_result(None)

    def _fail(self, error: MeshError) -> None:
        if not self._end.done():
            self._end.set_exception(error)

    async def _stop(self) -> None:
        failed = self._end.done() and not self._end.cancelled()
        error = self._end.exception() if failed else None
        lost = self._ground.lost = error if isinstance(error, MeshError) else LaneLost()
        if not isinstance(error, LaneLost):
            await self._say_goodbye(error)
        await self._lines.close()
        self._asking.lost(lost)
        for one in self._register.all():
            one.lost()
        await self._serving.close()
        await asyncio.gather(*(incoming.settled for incoming in self._register.incoming.values()))
        for pool in self._own_threads:
            pool.shutdown(wait=False)

    async def _say_goodbye(self, error: BaseException | None) -> None:
        """What is queued, and why it ends, as far as that is quick."""
        main = self._ground.main
        with contextlib.suppress(MeshError, TimeoutError):
            if isinstance(error, PeerFault):
                main.put(P2pError(code=error.code, message=error.message))
            async with asyncio.timeout(GOODBYE_S):
                await main.written()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now = self._clock()
            try:
                self._ground.tell_credit(all_of_it=True)
                self._lines.look_after(now)
                for one in self._register.all():
                    if one.machine.stalled(now):
                        self.cancel(one.machine.transfer, "Nothing came for too long.", "peer.stalled")
            except MeshError as error:
                self._fail(error)
            self._meters.tell(now, self._register.all(), self.lanes)
            self._feeder.wake()

    # ── what others tell ─────────────────────────────────────────────────────────────────────────

    async def _handle(self, line: Line, frame: PeerFrame) -> None:
        await self._reception.handle(line, frame)

    def _lane_lost(self, number: int) -> None:
        self._ground.granting.lane_lost()
        self._register.lane_lost(number)
        self._feeder.feed()

    def _changed(self, one: Outgoing | Incoming) -> None:
        if isinstance(one, Incoming) and one.settled.done():
            if self._ground.lost is None:
                self._register.close(one)
            request, ended = one.machine.meta.request, one.machine.ended
            if request is not None and ended is not None:
                self._asking.ended(request, ended)
        self._meters.changed(one, self.lanes)


def _open_sink(offer: Offer, accept: Accept) -> Sink:
    from mesh_agent.files import sink as files  # it brings much, and only a receiver needs it

    return files.Sink.open(accept.into, offer, conflict=accept.conflict)
