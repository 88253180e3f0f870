"""A session that somebody else has asked for, as this device has it: taken, and taken anew each time it is.

    asked ──accepted──> an attempt runs ──lost──> waits to be asked anew ── closed, or for an hour ──> over

Strategy: who asked decides when it is tried again, since that end alone knows what is still to be done. A
device that was away tells that it is back, so that nobody has to wait for the next try.
"""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

from mesh_agent.sharing.attempt import Attempt, ends, fresh_certificate, shown
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.errors import Removed, is_removal
from mesh_agent.sharing.route import BACK
from protocol import limits
from protocol.errors import MeshError, P2pError
from protocol.signals import Candidate, SessionClose, SessionClosed, SessionCreated

if TYPE_CHECKING:
    from mesh_agent.net.certificates import Certificate

log = logging.getLogger(__name__)

IDLE_S: Final = float(limits.P2P_IDLE_S)
"""How long a session that was lost may be asked for anew; the server forgets it then, too."""


class Taking(ABC):
    """One session, from `created` until it is over.

    Attributes:
        attempt: the one that runs now.
        peer_device: the id of the other device, once it is known.
        over: it was closed, and is not asked for anew.
    """

    desk: Desk
    peer_name: str
    session_id: str
    peer_device: str
    attempt: Attempt | None

    def take(self, created: SessionCreated) -> None:
        """To be called once, when all else of it is there."""
        asker = created.peers[0]
        self.session_id = created.session_id
        self.peer_device = asker.devices[0].device_id if asker.devices else ""
        self.over = self._removed = False
        self._newest = shown(created, "asker")
        self._asked = asyncio.Event()
        if self._is_new():
            self._asked.set()
        self._task = asyncio.create_task(self._run())

    @abstractmethod
    def make_attempt(self, certificate: "Certificate") -> Attempt:
        """The next one."""

    @abstractmethod
    def lost(self, message: str) -> None:
        """The attempt is over; `message` says why, where there is anything to say."""

    def heard(self, event: Any) -> None:
        """An event of this session."""
        if isinstance(event, Candidate):
            if self.attempt is not None:
                self.attempt.heard(event)
        elif isinstance(event, SessionCreated):
            self._newest = shown(event, "asker")
            if self._is_new():
                self._asked.set()
        elif isinstance(event, SessionClosed | SessionClose):
            self.over, self._removed = True, is_removal(event)
            self._asked.set()

    def _is_new(self) -> bool:
        """Whether the newest request was not accepted yet, here or by one that had this session before.

        What was accepted is not asked for anew: the two crossed on their way, or the server tells it once
        more on a new line. Who asked has another certificate when it asks again.
        """
        return not self.desk.has_taken(self.session_id, self._newest)

    def line_up(self) -> None:
        """We are back: what was under way can go on."""
        if self.attempt is None or self.attempt.met is None:
            with contextlib.suppress(MeshError):
                self.desk.introductions.signalling.candidate(self.session_id, candidate=BACK)

    @property
    def done(self) -> bool:
        return self._task.done()

    async def close(self) -> None:
        """Ends the attempt; what was under way can be resumed."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.lost("")

    async def _run(self) -> None:
        with contextlib.suppress(TimeoutError):
            while not self.over:
                async with asyncio.timeout(IDLE_S):
                    await self._asked.wait()
                self._asked.clear()
                if not self.over:
                    await self._try()

    async def _try(self) -> None:
        try:
            message = await self._attempt()
        except MeshError as error:
            message = error.message
            self.over = self.over or isinstance(error, P2pError)
            log.info("session of %s: %s", self.peer_name, message)
        except Exception:
            message = "Something went wrong in this program."
            log.exception("a session failed")
        self.lost(message)

    async def _attempt(self) -> str:
        certificate = await fresh_certificate(self.desk)
        self.attempt = self.make_attempt(certificate)
        try:
            signalling = self.desk.introductions.signalling
            accepted = await signalling.accept(self.session_id, certificate.fingerprint)
            taken = shown(accepted, "asker")
            self.desk.take(self.session_id, taken)
            if taken == self._newest and not self.over:
                self._asked.clear()
            _, other = ends(accepted, "asked")
            self.peer_device = other.devices[0].device_id if other.devices else ""
            running = asyncio.create_task(self.attempt.run(accepted))
            asked = asyncio.create_task(self._asked_anew())
            try:
                await asyncio.wait((running, asked), return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    return running.result().message
                return Removed.text if self._removed else "The other side tries again."
            finally:
                for task in (running, asked):
                    task.cancel()
                await asyncio.gather(running, asked, return_exceptions=True)
        finally:
            self.attempt = None

    async def _asked_anew(self) -> None:
        """Who asks anew has lost the other end of what runs here; a closed session lets it finish, unless one
        of the two may not be sent to any more."""
        while True:
            await self._asked.wait()
            if not self.over or self._removed:
                return
            await asyncio.Event().wait()
