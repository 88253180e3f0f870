"""A better way that is found while bytes flow is taken, and what has arrived is not sent again."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mesh_agent.agent import Agent
from mesh_agent.client.signalling import SessionEvent
from mesh_agent.sharing.attempt import Attempt, Running, start_carrier
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.guest import Guest
from mesh_agent.sharing.orders import Order, Report, Signal
from mesh_agent.sharing.sessions import FILE_KINDS
from protocol.signals import SessionCreated
from tests.agent.sharing.carriers import SLOW, Watch, over, quicker, room, same

if TYPE_CHECKING:
    from mesh_agent.net.certificates import Certificate


class Hidden:
    """A process of Bob's, of which nobody hears how to reach it but by the relay, until `found` is set."""

    def __init__(self, running: Running, found: asyncio.Event) -> None:
        self._running, self._found = running, found
        self._held: list[Report] = []
        self._coming: asyncio.Task[Report | None] | None = None

    def tell(self, order: Order) -> None:
        self._running.tell(order)

    async def report(self) -> Report | None:
        while True:
            report = await self._next()
            if isinstance(report, Signal) and not self._found.is_set():
                said = json.loads(report.payload)
                if said.get("ice") is not None:
                    self._held.append(report)
                    continue
                payload = json.dumps(said | {"udp": [], "tcp": []})
                return msgspec.structs.replace(report, payload=payload)
            return report

    async def _next(self) -> Report | None:
        """What it says, or what was held back, once that may be heard."""
        if self._coming is None:
            self._coming = asyncio.create_task(self._running.report())
        found = asyncio.create_task(self._found.wait())
        waiting = {self._coming, found} if self._held else {self._coming}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        found.cancel()
        if self._held and self._found.is_set():
            return self._held.pop(0)
        coming, self._coming = self._coming, None
        return await coming

    async def stop(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)
        await self._running.stop()


class Hiding(Guest):
    """Takes all that comes, by `Hidden`."""

    def __init__(self, desk: Desk, created: SessionCreated, found: asyncio.Event) -> None:
        self._reachable = found
        super().__init__(desk, created)

    def make_attempt(self, certificate: "Certificate") -> Attempt:
        async def start() -> Running:
            return Hidden(await start_carrier(), self._reachable)

        return Attempt(self.desk, "asked", certificate, self.report, start=start)


class Door:
    """Bob's end of the session."""

    def __init__(self, desk: Desk, found: asyncio.Event) -> None:
        self._desk, self._found = desk, found
        self.guest: Hiding | None = None

    def session_event(self, event: SessionEvent) -> None:
        if self.guest is None and isinstance(event, SessionCreated):
            self.guest = Hiding(self._desk, event, self._found)
        elif self.guest is not None:
            self.guest.heard(event)

    def line_up(self) -> None:
        """There is one, all the time."""

    def line_lost(self) -> None:
        """There is one, all the time."""


async def test_from_the_relay_to_a_hole_while_bytes_flow(
    alice: Agent, bob: Agent, big: Path, into: Path
) -> None:
    found = asyncio.Event()
    door = Door(await bob.sharing.desk(), found)
    bob.sharing._introductions.signalling.listen(door, FILE_KINDS)
    sent = Watch(alice)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    relayed = await sent.wait("running", fits=lambda state: state.done >= 1024 * 1024)
    assert relayed.way == "relay"
    sent.forget()
    found.set()
    better = await sent.wait("running", fits=lambda state: state.way not in ("", "relay"))
    assert better.done >= relayed.done, "what had arrived was sent again"
    await quicker(alice, bob, big)
    ended = await over(alice, transfer.id)
    assert (ended.phase, same(into / big.name, big)) == ("done", True)
    assert not any(state.phase == "interrupted" and state.reason for state in sent.states)
    assert door.guest is not None
    await door.guest.close()
