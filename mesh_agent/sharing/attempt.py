"""One try of a session: both devices have taken it, and a process of ours meets the other one's.

Strategy: what the process needs is gathered side by side, then it is started and told to begin; what it says
is handed on until it ends, for whatever reason. An attempt never tries again: that is its owner's to decide,
with a new certificate and a new token. What the other device signals is prefixed with the certificate that it
is meant for, so that words of the last attempt do not confuse this one. Who was asked says when its attempt
has ended before the two have met: else who asked would look for it until its patience ends.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, Protocol

from mesh_agent.net.base import Role, Way
from mesh_agent.net.setup import Options, Setup
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.errors import HelperEnded, OtherEnded
from mesh_agent.sharing.orders import Begin, Lost, Met, Order, Refused, Report, Signal, Spent
from mesh_agent.sharing.process import CARRIER, Helper
from mesh_agent.sharing.state import IdentityChanged
from protocol import limits
from protocol.errors import MeshError, PeerChanged
from protocol.rest import P2pDevice, P2pPeer
from protocol.signals import Candidate, SessionAccepted, SessionCreated

if TYPE_CHECKING:
    from mesh_agent.net.certificates import Certificate
    from mesh_agent.net.known import Known

log = logging.getLogger(__name__)

SIGNALS_MAX: Final = 64
"""What the other device has signalled before our process runs."""

ENDED: Final = "ended"
"""The candidate with which a device that was asked says that its attempt has ended before the two have met;
its payload is the certificate of who asked, and nothing else."""


def ends(accepted: SessionAccepted, role: Role) -> tuple[P2pPeer, P2pPeer]:
    """This end, and the other one."""
    asker, asked = accepted.peers
    return (asker, asked) if role == "asker" else (asked, asker)


def shown(event: SessionCreated | SessionAccepted, role: Role) -> str | None:
    """The certificate of that end, where one device is named for it."""
    peer = event.peers[0 if role == "asker" else 1]
    return peer.devices[0].certificate_fingerprint if len(peer.devices) == 1 else None


class Running(Protocol):
    """A process of ours, or a place in one, that meets the other device."""

    def tell(self, order: Order) -> None: ...
    async def report(self) -> Report | None:
        """What it says next; None once it has ended."""

    async def stop(self) -> None:
        """Never raises."""


Start = Callable[[], Awaitable[Running]]


async def start_carrier() -> Running:
    """What files go through."""
    return await Helper.start(CARRIER)


class Attempt:
    """Attributes:
    met: what the process said when the other device was there; None before.
    compared: the two persons have compared the other device's identity.
    always: what it offers is taken without asking.
    """

    def __init__(
        self,
        desk: Desk,
        role: Role,
        certificate: "Certificate",
        on_report: Callable[[Report], None],
        limit: int | None = None,
        hoped: Way | None = None,
        start: Start = start_carrier,
        places: asyncio.Semaphore | None = None,
        shy: bool = False,
    ) -> None:
        """`on_report` is told everything but signals, the refusal of an identity, and the end.

        `limit`: bytes a second; None: what the rules say. `hoped`: a way that is known to be there.
        `start`: another process than that for files. `places`: has one for each that may run at a time; None:
        those for files. `shy`: only a compared device is told the addresses of this one.
        """
        self._shy = shy
        self._start, self._places = start, desk.helpers if places is None else places
        self._limit, self._hoped = limit, hoped
        self._desk, self._role, self._certificate, self._on_report = desk, role, certificate, on_report
        self._early: deque[str] = deque(maxlen=SIGNALS_MAX)
        self._other_ended = asyncio.Event()
        self._helper: Running | None = None
        self.met: Met | None = None
        self.compared = self.always = False

    def tell(self, order: Order) -> None:
        """Does nothing where the process does not run."""
        if self._helper is not None:
            self._helper.tell(order)

    def know(self, known: "Known") -> None:
        """What the person has said of the other device."""
        self.compared, self.always = known.compared, known.compared and known.always

    def heard(self, candidate: Candidate) -> None:
        """The other device has signalled something."""
        if candidate.candidate == ENDED:
            if candidate.payload == self._certificate.fingerprint and self._role == "asker":
                self._other_ended.set()
            return
        wanted, _, payload = (candidate.payload or "").partition(" ")
        if not payload or wanted != self._certificate.fingerprint:
            return
        if self._helper is None:
            self._early.append(payload)
        else:
            self._helper.tell(Signal(payload=payload))

    async def run(self, accepted: SessionAccepted) -> Lost:
        """Until it is over; says why.

        Raises:
            MeshError: it did not begin.
        """
        mine, other = ends(accepted, self._role)
        if len(mine.devices) != 1 or len(other.devices) != 1:
            raise HelperEnded("The server names more than one device for a session.")
        device = other.devices[0]
        lost: Lost | None = None
        try:
            lost = await self._run(accepted, other, device)
            return lost
        finally:
            # What can never be is told by the device that knows it, on the lane and with the reason.
            if self._role == "asked" and self.met is None and not (lost is not None and lost.fatal):
                self._signal(accepted, device.certificate_fingerprint, ENDED)

    async def _run(self, accepted: SessionAccepted, other: P2pPeer, device: P2pDevice) -> Lost:
        running = asyncio.create_task(self._meet_and_listen(accepted, other, device))
        ended = asyncio.create_task(self._never_met())
        try:
            await asyncio.wait((running, ended), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                return running.result()
            return Lost(code=OtherEnded.code, message=OtherEnded.text)
        finally:
            for task in (running, ended):
                task.cancel()
            await asyncio.gather(running, ended, return_exceptions=True)

    async def _never_met(self) -> None:
        """The other device says so; once the two have met, the lane says more."""
        await self._other_ended.wait()
        if self.met is not None:
            await asyncio.Event().wait()

    async def _meet_and_listen(self, accepted: SessionAccepted, other: P2pPeer, device: P2pDevice) -> Lost:
        async with self._places:
            # It has its modules to import meanwhile.
            helper = await self._start()
            try:
                helper.tell(await self._begin(accepted, other, device))
                for payload in self._early:
                    helper.tell(Signal(payload=payload))
                self._early.clear()
                self._helper = helper
                return await self._listen(helper, accepted, other, device)
            finally:
                self._helper = None
                await _to_its_end(helper.stop())

    async def _begin(self, accepted: SessionAccepted, other: P2pPeer, device: P2pDevice) -> Begin:
        rules = self._desk.rules
        setup = await self._setup(accepted, other, device)
        folder = await asyncio.to_thread(lambda: rules.folder)
        return Begin(
            setup=setup,
            lanes=min(rules.lanes, limits.LANES),
            into=str(folder),
            limit=rules.limit if self._limit is None else self._limit,
            shares=self._desk.shown_to(accepted.room_id),
            spent=list(self._desk.spent.items()),
        )

    async def _setup(self, accepted: SessionAccepted, other: P2pPeer, device: P2pDevice) -> Setup:
        introductions = self._desk.introductions
        keys, ice_servers, token, known = await asyncio.gather(
            introductions.server_keys(),
            introductions.ice_servers(),
            introductions.access_token(),
            self._desk.known.device(other.user_id, device.device_id),
        )
        if known is not None:
            self.know(known)
        return Setup(
            role=self._role,
            session_id=accepted.session_id,
            kind=accepted.kind,
            room_id=accepted.room_id,
            user_id=introductions.user.id,
            device_id=introductions.device_id,
            peer_user_id=other.user_id,
            peer_device_id=device.device_id,
            session_token=accepted.session_token,
            server_keys=keys,
            identity_seed=self._desk.identity.seed,
            certificate_der=self._certificate.der,
            certificate_key=self._certificate.key,
            peer_certificate_fingerprint=device.certificate_fingerprint or "",
            peer_key_fingerprint=device.key_fingerprint,
            known_identity=None if known is None else known.identity,
            relay_url=f"{introductions.server}/relay/{accepted.session_id}",
            relay_token=token,
            ice_servers=ice_servers,
            options=self._options,
        )

    @property
    def _options(self) -> Options:
        rules = self._desk.rules
        direct = rules.direct and (self.compared or not self._shy)
        return Options(direct=direct, quic_only=rules.quic_only, hoped=self._hoped)

    async def _listen(
        self, helper: Running, accepted: SessionAccepted, other: P2pPeer, device: P2pDevice
    ) -> Lost:
        while (report := await helper.report()) is not None:
            if isinstance(report, Lost):
                return report
            if isinstance(report, Signal):
                self._signal(accepted, f"{device.certificate_fingerprint} {report.payload}")
            elif isinstance(report, Spent):
                self._desk.spend(report.jti, report.expires_at)
            elif isinstance(report, Refused):
                return await self._changed(other, device, report.identity)
            elif isinstance(report, Met):
                lost = await self._meet(report, other, device)
                if lost is not None:
                    return lost
                self._on_report(report)
            else:
                self._on_report(report)
        return Lost(code=HelperEnded.code, message=HelperEnded.text)

    def _signal(self, accepted: SessionAccepted, payload: str | None, candidate: str | None = None) -> None:
        with contextlib.suppress(MeshError):  # the line is gone, and the other one's patience decides
            signalling = self._desk.introductions.signalling
            signalling.candidate(accepted.session_id, payload=payload, candidate=candidate)

    async def _meet(self, met: Met, other: P2pPeer, device: P2pDevice) -> Lost | None:
        try:
            known = await self._desk.known.remember(other.user_id, device.device_id, met.identity)
        except PeerChanged:
            return await self._changed(other, device, met.identity)
        self.met = met
        self.know(known)
        return None

    async def _changed(self, other: P2pPeer, device: P2pDevice, identity: bytes) -> Lost:
        from mesh_agent.net.words import safety_words

        with contextlib.suppress(PeerChanged):
            await self._desk.known.remember(other.user_id, device.device_id, identity)
        words = await asyncio.to_thread(safety_words, self._desk.identity.public, identity)
        self._desk.publish(IdentityChanged(other.user_id, other.username, device.device_id, words))
        return Lost(code=PeerChanged.code, message=PeerChanged.text, fatal=True)


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Also where we are told to end meanwhile: who has closed a session has none of its processes left."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def fresh_certificate(desk: Desk) -> "Certificate":
    """One for one attempt."""

    def make() -> Any:
        from mesh_agent.net.certificates import make_certificate

        return make_certificate(desk.clock() / 1000)

    certificate: Certificate = await asyncio.to_thread(make)
    return certificate
