"""The end that asked: it connects by all ways side by side, and says hello on the best that comes in time."""

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from mesh_agent.machines.hello import Hello
from mesh_agent.machines.ways import MEET_S, RELAY_AFTER_S, Race
from mesh_agent.net.addresses import to_try
from mesh_agent.net.base import Lane, LaneLost, Way, WrongCertificate
from mesh_agent.net.end import End
from mesh_agent.net.endpoint import PEER, Endpoint
from mesh_agent.net.first import Connect, first_of
from mesh_agent.net.handshake import say_hello
from mesh_agent.net.quic import connect_quic
from mesh_agent.net.rendezvous import Rendezvous
from mesh_agent.net.setup import NoWay

RETRY_S: Final = 30.0
"""How often a direct way is tried again while another one is in use."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A lane to the other device; `more`: how to get another one beside it, where that is of use."""

    lane: Lane
    more: Connect | None = None


class Asker(End):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.better = asyncio.Event()
        self.better_way: Way | None = None
        self._reached: Reached | None = None
        self._found: dict[Way, Reached] = {}
        self._wrong: WrongCertificate | None = None

    async def run(self) -> tuple[Lane, Hello]:
        """The main lane, once the other end has answered on it. Raises: MeshError."""
        self.spawn(self.hear())
        await self.look()
        await self.tell_all(tcp=await self.listen_tcp())
        try:
            async with asyncio.timeout(MEET_S):
                other = await asyncio.shield(self.other)
        except TimeoutError:
            raise NoWay("The other device did not say where it can be found.") from None
        reached = await self._race(other)
        self._reached, self.main = reached, reached.lane
        await self.settle(reached.lane.way)
        machine = self.hello(other, now=asyncio.get_running_loop().time())
        await say_hello(reached.lane, machine, wall=self.wall)
        self.met(reached.lane, machine)
        return reached.lane, machine

    # ── the ways ─────────────────────────────────────────────────────────────────────────────────

    def _attempts(self, other: Rendezvous) -> dict[Way, Coroutine[Any, Any, Reached]]:
        attempts: dict[Way, Coroutine[Any, Any, Reached]] = {}
        if self.setup.options.direct:
            attempts["direct"] = self._direct(other)
            attempts["punched"] = self._punched(other)
        if self.may_relay(other):
            attempts["relay"] = self._relayed()
        return attempts

    async def _direct(self, other: Rendezvous) -> Reached:
        """All addresses at once; the first that answers."""
        addresses = to_try(other.udp, same_machine=self.same_machine(other))
        if not addresses:
            raise LaneLost("it has no address that could be tried")

        def connect(address: tuple[str, int]) -> Connect:
            return lambda: connect_quic(
                None,
                address,
                certificate=self.certificate,
                peer_fingerprint=self.setup.peer_certificate_fingerprint,
            )

        connects = [connect(address) for address in addresses]
        place, lane = await first_of(connects, "nobody answered", self.finish)
        return Reached(lane, connects[place])

    async def _punched(self, other: Rendezvous) -> Reached:
        endpoint = Endpoint.over(await self.punch(other))
        self.servers.append(endpoint)

        def connect() -> Awaitable[Lane]:
            return endpoint.connect(
                PEER,
                certificate=self.certificate,
                peer_fingerprint=self.setup.peer_certificate_fingerprint,
            )

        return Reached(await connect(), connect)

    async def _relayed(self) -> Reached:
        await asyncio.sleep(RELAY_AFTER_S)
        path = await self.relay()
        return Reached(
            await connect_quic(
                path,
                certificate=self.certificate,
                peer_fingerprint=self.setup.peer_certificate_fingerprint,
            )
        )

    # ── which one ────────────────────────────────────────────────────────────────────────────────

    async def _race(self, other: Rendezvous) -> Reached:
        """The best way that comes in time. Raises: NoWay, WrongCertificate."""
        now = asyncio.get_running_loop().time
        attempts = self._attempts(other)
        race = Race(attempts, now=now(), hoped=self.setup.options.hoped)
        trying = {self.spawn(attempt): way for way, attempt in attempts.items()}
        while (taken := race.choose(now())) is None:
            if race.over(now()):
                raise self._wrong or NoWay(race.why_not())
            if trying:
                await asyncio.wait(
                    trying, timeout=max(0.0, race.due() - now()), return_when=asyncio.FIRST_COMPLETED
                )
            for task in [task for task in trying if task.done()]:
                self._note(race, trying.pop(task), task)
        later = {task: way for task, way in trying.items() if race.still_better(way)}
        for task in trying.keys() - later.keys():
            task.cancel()
        reached = self._found.pop(taken)
        self.finish(self._close_found())
        self.spawn(self._improve(race, later, other))
        return reached

    async def _close_found(self) -> None:
        """Closes the lanes of ways that were not taken."""
        found, self._found = self._found, {}
        await asyncio.gather(*(reached.lane.close() for reached in found.values()))

    async def close(self) -> None:
        await super().close()
        await self._close_found()

    def _note(self, race: Race, way: Way, task: asyncio.Task[Reached]) -> None:
        error = task.exception()
        if error is None:
            race.found(way)
            self._found[way] = task.result()
        elif isinstance(error, LaneLost):
            if isinstance(error, WrongCertificate):
                self._wrong = error
            race.lost(way, error.message)
        else:
            raise error

    async def _improve(self, race: Race, later: dict[asyncio.Task[Reached], Way], other: Rendezvous) -> None:
        """Waits for a way that is better than the one in use; tries a direct one again and again."""
        while not self.better.is_set():
            if later:
                await asyncio.wait(later, return_when=asyncio.FIRST_COMPLETED)
            elif race.still_better("direct") and self.setup.options.direct:
                await asyncio.sleep(RETRY_S)
                later[self.spawn(self._direct(other))] = "direct"
                continue
            else:
                return
            for task in [task for task in later if task.done()]:
                way = later.pop(task)
                if task.exception() is None:
                    self.better_way = way
                    self.better.set()
                    self.finish(task.result().lane.close())

    async def open_lanes(self, count: int) -> list[Lane]:
        """TLS towards the other end; where that cannot be, the other end has its turn; then QUIC."""
        further = self.further.result()
        if self.tries_tcp():
            lanes = await self.open_tls(count)
            if lanes:
                return lanes
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2 * self.setup.options.lane_s):
                    await further.arrived.wait()
                    return []
        if self._reached is not None and self._reached.more is not None:
            return await further.open(count, self._reached.more)
        return []
