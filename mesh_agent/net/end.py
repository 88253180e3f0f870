"""What both ends of a meeting have in common: listening, telling where, hearing where, and closing.

Strategy: whatever is opened is known here, so that closing leaves nothing behind, however far it got.
Each lane that arrives is read by a task of its own: its first frame says whether it is to be the main lane or
a further one. How many of those there can be is bounded by what accepts them.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, Protocol

from mesh_agent.machines.hello import HELLO_S, NONCE_BYTES, Expected, Hello, Own, Terms
from mesh_agent.machines.lanes import LaneBook
from mesh_agent.net.addresses import Address, machine_tag, own_hosts, to_try, write_address
from mesh_agent.net.base import Lane, LaneLost, Way
from mesh_agent.net.certificates import Certificate
from mesh_agent.net.first import Connect, first_of
from mesh_agent.net.further import FurtherLanes
from mesh_agent.net.handshake import next_frame, refuse
from mesh_agent.net.identity import Identity
from mesh_agent.net.quic import QuicServer
from mesh_agent.net.rendezvous import (
    IceSide,
    Rendezvous,
    new_nonce_text,
    read_rendezvous,
    write_rendezvous,
)
from mesh_agent.net.setup import Setup, Signals
from mesh_agent.net.tls import TlsServer, connect_tls
from protocol import limits
from protocol.capability import Grant, SpentTokens, from_jwks
from protocol.errors import HelloLate, HelloMissing, MeshError, PeerFault, PeerMalformed
from protocol.peer import P2pHello, P2pLane, PeerFrame

if TYPE_CHECKING:
    from mesh_agent.net.ice import Ice, IcePath
    from mesh_agent.net.relay import RelayPath

log = logging.getLogger(__name__)

UNREADABLE_MAX: Final = 32
"""Signals of the other device that make no sense, before none is listened to any more."""

UNKNOWN_MAX: Final = 2 * limits.LANES
"""Lanes that have not said yet what they are; more of them are closed at once."""


class Closable(Protocol):
    async def close(self) -> None: ...


def _ice() -> "type[Ice]":
    """It brings much that takes time to be loaded, and the direct way needs none of it."""
    from mesh_agent.net.ice import Ice

    return Ice


def _relay_path() -> "type[RelayPath]":
    """As `_ice`."""
    from mesh_agent.net.relay import RelayPath

    return RelayPath


class End:
    """One end of one attempt; `asker.Asker` and `asked.Asked` are the two."""

    def __init__(
        self, setup: Setup, signals: Signals, *, wall: Callable[[], int], spent: SpentTokens
    ) -> None:
        loop = asyncio.get_running_loop()
        self.setup, self.wall, self.spent = setup, wall, spent
        self.certificate: Final = Certificate(setup.certificate_der, setup.certificate_key)
        self.nonce: Final = secrets.token_bytes(NONCE_BYTES)
        self.other: asyncio.Future[Rendezvous] = loop.create_future()
        self.other_ice: asyncio.Future[IceSide | None] = loop.create_future()
        self.further: asyncio.Future[FurtherLanes] = loop.create_future()
        self.main: Lane | None = None
        self.hosts: list[str] = []
        self.servers: list[Closable] = []
        self.ice: Ice | None = None
        self.gathered: asyncio.Task[bool] | None = None
        self._paths: list[RelayPath] = []
        self._signals = signals
        self._tasks: set[asyncio.Task[Any]] = set()
        self._unknown: set[asyncio.Task[Any]] = set()
        self._ending: set[asyncio.Task[Any]] = set()
        self._closed = False

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task that ends with this attempt; what it raises is its own to handle."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def finish(self, work: Coroutine[Any, Any, Any]) -> None:
        """Closes something that nobody waits for; `close` does."""
        task = asyncio.get_running_loop().create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    # ── where we are ─────────────────────────────────────────────────────────────────────────────

    async def look(self) -> None:
        """Finds the addresses of this machine, where they may be told."""
        if self.setup.options.direct:
            self.hosts = await asyncio.to_thread(own_hosts)

    async def listen_udp(self) -> list[str]:
        """Listens for QUIC on each address of its own, so that answers leave from where they were asked."""
        told = []
        for host in self.hosts:
            try:
                server = await QuicServer.listen(
                    [(host, 0)],
                    self.arrived,
                    certificate=self.certificate,
                    peer_fingerprint=self.setup.peer_certificate_fingerprint,
                )
            except OSError as error:  # it went away meanwhile, or may not be used
                log.debug("cannot listen on %s: %s", host, error)
                continue
            self.servers.append(server)
            told += [write_address(*address) for address in server.addresses]
        return told

    async def listen_tcp(self) -> list[str]:
        """Listens for further lanes of TLS on each address of its own, where they may be."""
        told = []
        for host in () if self.setup.options.quic_only else self.hosts:
            try:
                server = await TlsServer.listen([(host, 0)], self.arrived, certificate=self.certificate)
            except OSError as error:
                log.debug("cannot listen on %s: %s", host, error)
                continue
            self.servers.append(server)
            told += [write_address(*address) for address in server.addresses]
        return told

    async def tell(self, rendezvous: Rendezvous) -> None:
        await self._signals.send(write_rendezvous(rendezvous))

    def rendezvous(self, **parts: Any) -> Rendezvous:
        """What this end tells, with `parts` of it filled in."""
        options = self.setup.options
        return Rendezvous(
            nonce=new_nonce_text(self.nonce),
            machine=machine_tag(self.nonce) if options.direct else "",
            relay=options.relay and bool(self.setup.relay_url),
            **parts,
        )

    async def tell_all(self, **listening: Any) -> None:
        """Tells where this end listens, at once, and later what ICE has gathered."""
        if not self.setup.options.direct:
            await self.tell(self.rendezvous(**listening))
            return
        await self.tell(self.rendezvous(more=True, **listening))
        self.gathered = self.spawn(self._gather(listening))

    async def _gather(self, listening: dict[str, Any]) -> bool:
        """Whether there is anything that the other end could try."""
        make = await asyncio.to_thread(_ice)
        self.ice = make(controlling=self.setup.role == "asker", servers=self.setup.ice_servers)
        try:
            side = await self.ice.gather()
            await self.tell(self.rendezvous(ice=side, **listening))
        except (MeshError, OSError) as error:
            log.debug("ICE does not gather: %s", error)
            return False
        return side is not None

    async def punch(self, other: Rendezvous) -> "IcePath":
        """A hole to the other end. Raises: LaneLost."""
        if self.gathered is None or not await asyncio.shield(self.gathered) or self.ice is None:
            raise LaneLost("this device has no address")
        side = await asyncio.shield(self.other_ice)
        if side is None:
            raise LaneLost("the other device has no address")
        return await self.ice.punch(side, same_machine=self.same_machine(other))

    def may_relay(self, other: Rendezvous) -> bool:
        return self.setup.options.relay and bool(self.setup.relay_url) and other.relay

    async def relay(self) -> "RelayPath":
        """Raises: LaneLost."""
        way = await asyncio.to_thread(_relay_path)
        path = await way.open(self.setup.relay_url, self.setup.relay_token)
        self._paths.append(path)
        return path

    async def hear(self) -> None:
        """Takes in what the other device tells, as long as the meeting lives."""
        unreadable = 0
        while unreadable < UNREADABLE_MAX:
            try:
                told = read_rendezvous(await self._signals.receive())
            except PeerMalformed:
                unreadable += 1
                continue
            except MeshError as error:  # the line to the server is gone
                log.debug("no more signals: %s", error.message)
                return
            if not self.other.done():
                self.other.set_result(told)
            if told.nonce != self.other.result().nonce:
                unreadable += 1
            elif not self.other_ice.done() and (told.ice is not None or not told.more):
                self.other_ice.set_result(told.ice)

    def same_machine(self, other: Rendezvous) -> bool:
        return bool(other.machine) and other.machine == machine_tag(other.nonce_bytes)

    # ── who is there ─────────────────────────────────────────────────────────────────────────────

    def hello(self, other: Rendezvous, *, now: float, lane_key: bytes = b"") -> Hello:
        """The handshake of this end; `now`: when its lane was there."""
        setup = self.setup
        mine, theirs = self.certificate.fingerprint, setup.peer_certificate_fingerprint
        asks = setup.role == "asker"
        terms = Terms(
            session_id=setup.session_id,
            kind=setup.kind,
            asker_certificate=mine if asks else theirs,
            asked_certificate=theirs if asks else mine,
            asker_nonce=self.nonce if asks else other.nonce_bytes,
            asked_nonce=other.nonce_bytes if asks else self.nonce,
        )
        grant = Grant(
            kind=setup.kind,
            room_id=setup.room_id,
            user_id=setup.peer_user_id,
            device_id=setup.peer_device_id,
            session_id=setup.session_id,
            peer_id=setup.user_id,
            peer_device_id=setup.device_id,
        )
        own = Own(
            identity=Identity(setup.identity_seed),
            device_id=setup.device_id,
            session_token=setup.session_token if asks else "",
        )
        peer = Expected(
            device_id=setup.peer_device_id,
            grant=grant,
            key_fingerprint=setup.peer_key_fingerprint,
            identity=setup.known_identity,
        )
        keys = from_jwks(setup.server_keys)
        return Hello(setup.role, terms, own, peer, now=now, keys=keys, spent=self.spent, lane_key=lane_key)

    def met(self, main: Lane, machine: Hello) -> FurtherLanes:
        """The hello was good: from now on further lanes may come."""
        self.main = main
        further = FurtherLanes(LaneBook(self.setup.role, self.setup.session_id, machine.lane_key))
        self.further.set_result(further)
        return further

    async def open_tls(self, count: int) -> list[Lane]:
        """Up to `count` lanes to the first address that answers by TCP; none where nobody does."""
        other = self.other.result()
        places = to_try(other.tcp, same_machine=self.same_machine(other))
        if not places or not count:
            return []

        pinned, within_s = self.setup.peer_certificate_fingerprint, self.setup.options.lane_s

        def connect(place: Address) -> Connect:
            return lambda: connect_tls(place, peer_fingerprint=pinned, within_s=within_s)

        further = self.further.result()
        connects = [connect(place) for place in places]
        try:
            number, lane = await first_of(connects, "nobody answered", self.finish)
        except LaneLost:
            return []

        async def there() -> Lane:
            return lane

        first = await further.open(1, there)
        return [*first, *await further.open(count - 1, connects[number])] if first else []

    def tries_tcp(self) -> bool:
        """Whether lanes of TLS may be opened, from this end to the other."""
        options = self.setup.options
        return options.direct and not options.quic_only and bool(self.other.result().tcp)

    async def settle(self, taken: Way) -> None:
        """This way is used: what only another one needs is closed."""
        if taken == "direct" and self.gathered is not None:
            self.gathered.cancel()
            await asyncio.wait([self.gathered])
            if self.ice is not None:
                self.ice.close()

    def arrived(self, lane: Lane) -> None:
        """Somebody has connected: by QUIC, who has the other end's certificate; by TLS, anybody."""
        if self._closed or len(self._unknown) >= UNKNOWN_MAX:
            self.finish(lane.close())
            return
        task = self.spawn(self._arrived(lane, asyncio.get_running_loop().time()))
        self._unknown.add(task)
        task.add_done_callback(self._unknown.discard)

    async def _arrived(self, lane: Lane, at: float) -> None:
        try:
            async with asyncio.timeout_at(at + HELLO_S):
                first = await next_frame(lane)
                if isinstance(first, P2pLane):
                    await (await asyncio.shield(self.further)).admit(lane, first)
                    return
        except TimeoutError:
            await refuse(lane, HelloLate())
        except PeerFault as fault:
            await refuse(lane, fault)
        except LaneLost:
            await lane.close()
        else:
            await self._first(lane, first, at)

    async def _first(self, lane: Lane, first: PeerFrame, at: float) -> None:
        # The main lane is QUIC: by TLS come strangers as well, and none of them is to end this attempt.
        if isinstance(first, P2pHello) and self.setup.role == "asked" and lane.engine == "quic":
            await self.greeted(lane, first, at)
        else:
            await refuse(lane, HelloMissing())

    async def greeted(self, lane: Lane, first: P2pHello, at: float) -> None:
        """The other end has said hello on this lane; of who was asked."""
        raise NotImplementedError

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    async def close(self) -> None:
        """Ends everything; twice does no harm. Never raises."""
        if self._closed:
            return
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.further.done():
            await self.further.result().close()
        if self.main is not None:
            await self.main.close()
        servers, self.servers = self.servers, []
        await asyncio.gather(*(server.close() for server in servers), *self._ending)
        for path in self._paths:
            path.close()
            await path.ended()
        if self.ice is not None:
            self.ice.close()
            await self.ice.ended()
        for future in (self.other, self.other_ice, self.further):
            future.cancel()
