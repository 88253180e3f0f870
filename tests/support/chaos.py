"""A company at work while one thing after the other breaks, and the judgement afterwards.

Strategy: a seed draws the script: what breaks, when, and what everyone does. Every person has a line of
their own to the server, so that lines break one by one. In the end everything is whole again, everyone
comes to an end, the server stops as it should, and what was promised is held against the database, which
is read without it, and against what every reader holds (`ledger`).
"""

import asyncio
import contextlib
import errno
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from mesh_agent.agent import Agent
from tests.support.company import AgentMember, Reader, Way, Writer
from tests.support.conditions import until
from tests.support.ledger import Ledger, Truth, judge, judge_reader
from tests.support.line import Line, line_to
from tests.support.machine import Machine, can_fail
from tests.support.server import ServerProcess
from tests.support.wire import PASSWORD, Person, register

END_S: Final = 120.0
"""How long everyone may take to come to an end, once all is whole."""

STOP_S: Final = 30.0
"""The contract's bound on a stop (guarantee 7)."""

DAY_S: Final = 86_400


@dataclass(frozen=True)
class Plan:
    """What is to happen. `kills` SIGKILLs, or as many as fit into `seconds`; other faults in between."""

    seed: int
    kills: int
    seconds: float = float("inf")
    rooms: int = 3
    writers: int = 4
    readers: int = 2
    agents: int = 2
    faults: tuple[str, ...] = ("kill", "power", "stop", "line", "clock", "disk", "hang")


@dataclass
class Findings:
    """What was seen.

    Attributes:
        recovery_s: from the start of a server to the first ack that it gave.
        away_s: from the end of somebody's connection to their next welcome.
    """

    plan: Plan
    ledger: Ledger = field(default_factory=Ledger)
    faults: Counter[str] = field(default_factory=Counter)
    start_s: list[float] = field(default_factory=list)
    recovery_s: list[float] = field(default_factory=list)
    stop_s: list[float] = field(default_factory=list)
    away_s: list[float] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    breaks: int = 0
    kills: int = 0
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        return not self.ledger.trouble


class Company:
    """The server and everyone at it."""

    def __init__(self, plan: Plan, server: ServerProcess, machine: Machine | None) -> None:
        self.server, self.machine = server, machine
        self.found = Findings(plan)
        self.lines: list[Line] = []
        self.writers: list[Writer] = []
        self.readers: list[Reader] = []
        self.agents: list[AgentMember] = []
        self.ways: list[Way] = []
        self.rooms: list[str] = []
        self.urls = [server.url]
        self._tasks: list[asyncio.Task[None]] = []
        self._address = server.url.removeprefix("http://")

    # ── coming together ──────────────────────────────────────────────────────────────────────────

    async def assemble(self, http: aiohttp.ClientSession, stack: AsyncExitStack) -> None:
        plan, ledger = self.found.plan, self.found.ledger
        people = [await self._person(http, stack, f"writer{number}") for number in range(plan.writers)]
        watching = [await self._person(http, stack, f"reader{number}") for number in range(plan.readers)]
        owners = [people[number % len(people)] for number in range(plan.rooms)]
        self.rooms = [await owner.create_room(f"Room {number}") for number, owner in enumerate(owners)]
        for person in [*people, *watching]:
            for room_id, owner in zip(self.rooms, owners, strict=True):
                if person is not owner:
                    await person.join(room_id)
        for number, person in enumerate(people):
            owned = [room for room, owner in zip(self.rooms, owners, strict=True) if owner is person]
            chance = random.Random(f"{plan.seed} writer {number}")
            self.writers.append(Writer(self._way(person), self.rooms, owned, chance))
        # A writer reads, too, over another connection of the same device.
        for way in [*(self._way(person) for person in watching), self.ways[0]]:
            self.readers.append(Reader(way, self.rooms))
        for number in range(plan.agents):
            self.agents.append(await self._agent(stack, number, ledger))

    def _way(self, person: Person) -> Way:
        way = Way(person, self.found.ledger)
        self.ways.append(way)
        return way

    async def _line(self, stack: AsyncExitStack) -> Line:
        line = await stack.enter_async_context(line_to(*self.urls))
        self.lines.append(line)
        return line

    async def _person(self, http: aiohttp.ClientSession, stack: AsyncExitStack, name: str) -> Person:
        line = await self._line(stack)
        return await register(http, line.url, name)

    async def _agent(self, stack: AsyncExitStack, number: int, ledger: Ledger) -> AgentMember:
        line = await self._line(stack)
        agent = await Agent.open(profile=f"agent{number}", server=line.url)
        stack.push_async_callback(agent.close)
        await agent.register(f"agent{number}", PASSWORD)
        await agent.wait_connected(STOP_S)
        for room_id in self.rooms:
            await agent.join(room_id)
        chance = random.Random(f"{self.found.plan.seed} agent {number}")
        return AgentMember(agent, self.rooms, ledger, chance)

    def begin(self) -> None:
        runs = [*(one.run() for one in self.writers), *(one.run() for one in self.readers)]
        runs += [member.run() for member in self.agents]
        self._tasks = [asyncio.create_task(run) for run in runs]

    # ── the server comes and goes ────────────────────────────────────────────────────────────────

    async def kill(self) -> None:
        await asyncio.to_thread(self.server.kill)

    async def stop(self) -> None:
        began = time.monotonic()
        code = await asyncio.to_thread(self.server.stop, signal.SIGTERM)
        took = time.monotonic() - began
        self.found.stop_s.append(took)
        if code != 0 or took > STOP_S:
            self.found.ledger.wrong("stop", f"ended with {code} after {took:.1f} s")

    async def start(self) -> None:
        began = time.monotonic()
        await asyncio.to_thread(self.server.start, self._address)
        self.found.start_s.append(time.monotonic() - began)
        for member in self.agents:
            await member.agent.reconnect_now()
        self._tasks.append(asyncio.create_task(self._note_recovery(began, self.acks)))

    async def _note_recovery(self, began: float, acks: int) -> None:
        with contextlib.suppress(AssertionError):  # it was killed before it came to that
            await until(lambda: self.acks > acks, "the first ack")
            self.found.recovery_s.append(time.monotonic() - began)

    @property
    def acks(self) -> int:
        return sum(writer.acks for writer in self.writers)

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    async def finish(self) -> None:
        """Everything is whole; everyone comes to an end, and what they hold is judged."""
        ledger = self.found.ledger
        for line in self.lines:
            line.heal()
        for stop in [*(one.stop for one in self.writers), *(one.stop for one in self.agents)]:
            stop.set()
        try:
            async with asyncio.timeout(END_S):
                while not all(member.is_settled for member in self.agents):
                    for member in self.agents:
                        await member.agent.reconnect_now()
                    await asyncio.sleep(0.1)
                await asyncio.gather(*self._tasks[: len(self.writers)])
                await self._readers_caught_up()
        except TimeoutError:
            ledger.wrong("no end", "; ".join(f"{m.name}: {m.agent.connection}" for m in self.agents))
        for reader in self.readers:
            reader.stop.set()
        held = [(m, room_id, await m.held(room_id)) for m in self.agents for room_id in self.rooms]
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                ledger.wrong("broken off", repr(result))
        await self.stop()
        self._judge(held, await self._truth())

    async def _readers_caught_up(self) -> None:
        """Until every reader holds every room at the `rev` that the server names now."""
        while True:
            with contextlib.suppress(ConnectionError):
                rooms = await self.ways[0].call("GET", "/api/rooms")
                revs = {room["id"]: room["rev"] for room in rooms["rooms"]}
                if all(reader.holds(revs) for reader in self.readers):
                    return
            await asyncio.sleep(0.05)

    async def _truth(self) -> Truth:
        """What is stored, once nothing runs that stores."""
        return Truth.read(self.server.folder / "mesh.db")

    def _judge(self, held: list[tuple[AgentMember, str, Any]], truth: Truth) -> None:
        ledger = self.found.ledger
        judge(ledger, truth)
        for reader in self.readers:
            for room_id, room in reader.rooms.items():
                judge_reader(ledger, truth, reader.name, room_id, room.messages)
                if room.topic not in {"", truth.rooms[room_id]["topic"]}:
                    ledger.wrong("seen wrong", f"{reader.name}, topic of {room_id}: {room.topic!r}")
        for member, room_id, seen in held:
            judge_reader(ledger, truth, member.name, room_id, seen)
            member.judge_order(room_id, truth.of_room(room_id))
        self.found.figures = {
            "acked": ledger.promises,
            "stored": len(truth.messages),
            "changes": sum(room["rev"] for room in truth.rooms.values()),
            "told_live": sum(reader.live for reader in self.readers),
            "resumes": sum(reader.resumes for reader in self.readers),
            "gaps": sum(reader.gaps for reader in self.readers),
            "refreshes": sum(way.refreshes for way in self.ways),
        }
        self.found.away_s = [seconds for way in self.ways for seconds in way.away_s]


# ── what breaks ──────────────────────────────────────────────────────────────────────────────────────


Faults = dict[str, tuple[int, Callable[[], Awaitable[None]]]]
"""What may break, how often beside the others, and how."""


class Breaker:
    """Breaks one thing after the other, as the seed says."""

    def __init__(self, company: Company, faults: Faults, is_enough: Callable[[], bool]) -> None:
        self._company, self._faults, self._is_enough = company, faults, is_enough
        self._chance = random.Random(f"{company.found.plan.seed} breaker")

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._company.found.plan.seconds
        while not self._is_enough() and loop.time() < end:
            await asyncio.sleep(self._chance.uniform(0.05, 0.8))
            weights = [weight for weight, _ in self._faults.values()]
            name = self._chance.choices(list(self._faults), weights)[0]
            self._company.found.faults[name] += 1
            self._company.found.breaks += 1
            await self._faults[name][1]()

    async def _break_lines(self) -> None:
        lines = self._chance.sample(self._company.lines, self._chance.randint(1, len(self._company.lines)))
        await self._break(lines, "line")

    async def _break(self, lines: list[Line], kind: str) -> None:
        what = self._chance.choice(["stall", "trickle", "cut", "reset", "lose_client", "lose_server"])
        self._company.found.faults[f"{kind}: {what}"] += 1
        for line in lines:
            getattr(line, what)()
        if what in {"stall", "trickle"}:
            await asyncio.sleep(self._chance.uniform(0.1, 1.5))
            for line in lines:
                line.heal()


class ServerBreaker(Breaker):
    """Breaks a server, its disk and its clock, and the lines to it."""

    def __init__(self, company: Company) -> None:
        faults: Faults = {
            "kill": (8, self._kill),
            "power": (3, self._cut_power),
            "stop": (1, self._stop),
            "line": (4, self._break_lines),
            "clock": (2, self._jump_clock),
            "disk": (2, self._break_disk),
            "hang": (1, self._kill_while_disk_hangs),
        }
        needs_machine = {"power", "clock", "disk", "hang"}
        plan = company.found.plan
        chosen = {
            name: weighted
            for name, weighted in faults.items()
            if name in plan.faults and (company.machine or name not in needs_machine)
        }
        super().__init__(company, chosen, lambda: company.found.kills >= plan.kills)

    async def _kill(self) -> None:
        """Sometimes again while it starts."""
        await self._company.kill()
        self._company.found.kills += 1
        if self._chance.random() < 0.2:
            self._company.found.faults["kill while it starts"] += 1
            await asyncio.to_thread(self._company.server.spawn, self._address)
            await asyncio.sleep(self._chance.uniform(0.0, 0.6))
            await self._company.kill()
            self._company.found.kills += 1
        await self._company.start()

    @property
    def _address(self) -> str:
        return self._company.server.url.removeprefix("http://")

    async def _cut_power(self) -> None:
        await self._company.kill()
        self._company.found.kills += 1
        assert self._company.machine is not None
        self._company.machine.cut_power(self._chance)
        await self._company.start()

    async def _kill_while_disk_hangs(self) -> None:
        machine = self._company.machine
        assert machine is not None
        with machine.held_disk():
            await asyncio.sleep(self._chance.uniform(0.0, 0.3))
            await self._company.kill()
            self._company.found.kills += 1
        machine.cut_power(self._chance)
        await self._company.start()

    async def _stop(self) -> None:
        await self._company.stop()
        await self._company.start()

    async def _jump_clock(self) -> None:
        """Weeks at the most, so that no refresh token runs out."""
        assert self._company.machine is not None
        self._company.machine.set_clock(self._chance.uniform(-7, 7) * DAY_S)

    async def _break_disk(self) -> None:
        assert self._company.machine is not None
        writing, syncing = self._chance.choice(
            [(errno.EIO, errno.EIO), (0, errno.EIO), (errno.ENOSPC, 0), (errno.EIO, 0)]
        )
        with self._company.machine.broken_disk(writing=writing, syncing=syncing):
            await asyncio.sleep(self._chance.uniform(0.05, 0.5))


# ── all of it ────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def company(plan: Plan, folder: Path) -> AsyncIterator[Company]:
    """A server on `folder` and everyone at it, about to begin."""
    data = folder / "data"
    data.mkdir(parents=True)
    machine = Machine(data, folder / "machine", remembers=True) if can_fail else None
    environment = machine.environment if machine else {}
    settings = {"MESH_HEARTBEAT_S": "1", "MESH_LOG_LEVEL": "warning", "MESH_LIMITS_ENABLED": "false"}
    server = ServerProcess(data, **settings, **environment)
    server.start()
    try:
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(aiohttp.ClientSession())
            made = Company(plan, server, machine)
            await made.assemble(http, stack)
            yield made
    finally:
        server.kill()


async def run(plan: Plan, folder: Path) -> Findings:
    """All of it. `XDG_*` must name folders where agents may keep their profiles."""
    began = time.monotonic()
    async with company(plan, folder) as made:
        made.begin()
        await ServerBreaker(made).run()
        await made.finish()
        made.found.seconds = time.monotonic() - began
        return made.found
