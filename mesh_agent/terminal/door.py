"""One session that a guest has asked of a shared terminal: signalled by the agent, met in the process.

Strategy: the session is taken as one for files is (`sharing.taking`), but its place is in the process of the
terminal, beside those of other guests, and not in a process of its own. Each try is another place there, so
that what is said of one is never taken for another.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mesh_agent.sharing.attempt import Attempt
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.orders import Begin, Lost, Met, Order, Report, Signal, Stop
from mesh_agent.sharing.taking import Taking
from mesh_agent.terminal import orders
from protocol.errors import MeshError
from protocol.signals import SessionCreated

if TYPE_CHECKING:
    from mesh_agent.net.certificates import Certificate

REPORTS_MAX: Final = 256
"""What the process has said of one place and nobody has heard yet."""

CLOSE_S: Final = 2.0
"""How long the server has to hear that a session is over."""

Tell = Callable[[orders.Order], None]


class Place:
    """A place in the process of a terminal (`attempt.Running`)."""

    def __init__(
        self, name: str, tell: Tell, left: Callable[[str], None], ended: Callable[[Lost], None]
    ) -> None:
        """`left` is told when it is given up, `ended` how the process says that it ended."""
        self.name: Final = name
        self._tell, self._left, self._ended = tell, left, ended
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue(REPORTS_MAX)

    def tell(self, order: Order) -> None:
        if isinstance(order, Begin | Signal | Stop):
            self._tell(orders.ToGuest(guest=self.name, order=order))

    def told(self, report: Report | None) -> None:
        """The process says it; None: it has ended."""
        with contextlib.suppress(asyncio.QueueFull):
            self._reports.put_nowait(report)

    async def report(self) -> Report | None:
        report = await self._reports.get()
        if isinstance(report, Lost):
            self._ended(report)
        return report

    async def stop(self) -> None:
        self.tell(Stop())
        self._left(self.name)


class House:
    """The places of one terminal's process."""

    def __init__(self, tell: Tell, visits: int) -> None:
        """`visits`: how many there may be at a time."""
        self.room: Final = asyncio.Semaphore(visits)
        self._tell = tell
        self._numbers = itertools.count(1)
        self._places: dict[str, Place] = {}

    def place(self, ended: Callable[[Lost], None]) -> Place:
        """A new one."""
        place = Place(str(next(self._numbers)), self._tell, self._left, ended)
        self._places[place.name] = place
        return place

    def _left(self, name: str) -> None:
        self._places.pop(name, None)

    def told(self, name: str, report: Report) -> None:
        """The process says it of that place."""
        place = self._places.get(name)
        if place is not None:
            place.told(report)

    def fall(self) -> None:
        """The process has ended."""
        for place in list(self._places.values()):
            place.told(None)


class Door(Taking):
    """One session.

    Attributes:
        place: the name of the present try's place; empty while there is none.
    """

    def __init__(
        self, desk: Desk, created: SessionCreated, house: House, tell: Tell, gone: Callable[["Door"], None]
    ) -> None:
        """`gone` is told when it is over, or waits for the guest to come again."""
        asker = created.peers[0]
        self.desk, self.peer_id, self.peer_name = desk, asker.user_id, asker.username
        self.attempt: Attempt | None = None
        self.place = ""
        self._house, self._tell, self._gone = house, tell, gone
        self._sent_away = False
        self.take(created)

    def make_attempt(self, certificate: "Certificate") -> Attempt:
        return Attempt(
            self.desk,
            "asked",
            certificate,
            self._report,
            start=self._start,
            places=self._house.room,
            # The person is asked who may watch, not who may connect: others go through the server.
            shy=self.desk.rules.connect == "ask",
        )

    async def _start(self) -> Place:
        place = self._house.place(self._ended)
        self.place = place.name
        return place

    def _report(self, report: Report) -> None:
        if isinstance(report, Met):
            self.tell_known()

    def tell_known(self) -> None:
        """The process is told who that is."""
        if self.attempt is not None and self.attempt.met is not None:
            self._tell(
                orders.Known(
                    guest=self.place,
                    name=self.peer_name,
                    user_id=self.peer_id,
                    device_id=self.peer_device,
                    compared=self.attempt.compared,
                )
            )

    async def is_compared(self) -> bool:
        """Looks again: the two persons may have compared words meanwhile. Raises: FilesUnusable."""
        met = None if self.attempt is None else self.attempt.met
        known = await self.desk.known.device(self.peer_id, self.peer_device)
        compared = (
            met is not None
            and known is not None
            and known.compared
            and not known.changed
            and known.identity == met.identity
        )
        if self.attempt is not None:
            self.attempt.compared = compared
        return compared

    def _ended(self, lost: Lost) -> None:
        self._sent_away = self._sent_away or lost.code == orders.SENT_AWAY

    def lost(self, message: str) -> None:  # noqa: ARG002 — the guest tells its person
        self.place = ""
        if self._sent_away:
            self.over = True
        self._gone(self)

    async def end(self, reason: str = "") -> None:
        """Ends the session, so that the guest does not try again. Never raises."""
        self.over = True
        await self.close()
        with contextlib.suppress(MeshError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.desk.introductions.signalling.close(self.session_id, reason)
