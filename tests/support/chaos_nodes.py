"""A company at several nodes of one server, while nodes, bus, database and the lines between them break.

Strategy: as `tests.support.chaos`, with more to break. Everyone's line leads to one node after the other, as
through a proxy, so people who share a room are at different ones, and whoever comes back is at another. Each
node reaches NATS and PostgreSQL over lines of its own. A node that could not start, or ended, is started
again, as a supervisor does; so are NATS and PostgreSQL, and nothing waits for anything to be whole.

PostgreSQL is ended as a crash ends it and held, but the machine that it is on stays: what it loses with its
machine's power is its own affair.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.support.chaos import END_S, STOP_S, Breaker, Company, Faults, Findings, Plan
from tests.support.conditions import until
from tests.support.ledger import Truth
from tests.support.line import Line, line_to
from tests.support.nats_server import NatsServer
from tests.support.postgres import PostgresServer
from tests.support.server import ServerProcess

HEARTBEAT_S = 1.0
LOOK_S = 0.02
"""How often it is looked whether a node has ended."""


@dataclass(frozen=True, kw_only=True)
class NodesPlan(Plan):
    """`breaks`: how many things break; `kills` counts for nothing."""

    kills: int = 0
    nodes: int = 3
    breaks: int = 100


class Node:
    """A node that is kept running: started again whenever it has ended. `url` is where it always is."""

    def __init__(self, server: ServerProcess, to_bus: Line, to_database: Line) -> None:
        self.server, self.to_bus, self.to_database = server, to_bus, to_database
        self.url = ""
        self.failed_starts = 0
        self.is_up = False
        self.is_wanted = True
        self.stops: list[tuple[float, int]] = []
        self._told_to_stop_at = 0.0
        self._began = asyncio.Event()

    async def keep(self, note_start: Callable[[float], None]) -> None:
        """For as long as it is wanted. `stops` tells how long each stop took, and how it ended."""
        while self.is_wanted:
            began = time.monotonic()
            try:
                await asyncio.to_thread(self.server.start, self.url.removeprefix("http://"))
            except AssertionError:  # the database was away
                self.server.kill()
                self.failed_starts += 1
                continue
            note_start(time.monotonic() - began)
            self.url = self.server.url
            self.is_up = True
            self._began.set()
            while self.is_wanted and self.server.is_running:  # noqa: ASYNC110 - a process tells nobody
                await asyncio.sleep(LOOK_S)
            if self.is_wanted:
                self.is_up = False
                code = self.server.wait()
                if self._told_to_stop_at:
                    self.stops.append((time.monotonic() - self._told_to_stop_at, code))
                    self._told_to_stop_at = 0.0

    @property
    def runs(self) -> bool:
        """It is up, and has not just ended without anybody having looked."""
        return self.is_up and self.server.is_running

    async def began(self) -> None:
        await self._began.wait()

    def signal(self, which: signal.Signals) -> None:
        if self.is_up:
            self.server.send(which)
            if which in {signal.SIGTERM, signal.SIGKILL}:
                self.is_up = False
            if which is signal.SIGTERM:
                self._told_to_stop_at = time.monotonic()


class NodesCompany(Company):
    """Everyone at the nodes."""

    def __init__(self, plan: NodesPlan, nodes: list[Node], bus: NatsServer, database: PostgresServer) -> None:
        super().__init__(plan, nodes[0].server, None)
        self.nodes, self.bus, self.database = nodes, bus, database
        self.urls = [node.url for node in nodes]

    async def stop(self) -> None:
        for node in self.nodes:
            for line in (node.to_bus, node.to_database):
                line.heal()
        for node in self.nodes:
            await until(lambda node=node: node.runs, "the node to be up", END_S)  # type: ignore[misc]
            node.is_wanted = False
            began = time.monotonic()
            code = await asyncio.to_thread(node.server.stop)
            for took, ended_with in [*node.stops, (time.monotonic() - began, code)]:
                self.found.stop_s.append(took)
                if ended_with != 0 or took > STOP_S:
                    self.found.ledger.wrong("stop", f"a node ended with {ended_with} after {took:.1f} s")

    async def _truth(self) -> Truth:
        return await Truth.read_postgres(self.database.url(DATABASE))


DATABASE = "mesh"


class NodesBreaker(Breaker):
    """Breaks nodes, the bus, the database, and the lines between them and to them."""

    _company: NodesCompany

    def __init__(self, company: NodesCompany, plan: NodesPlan) -> None:
        faults: Faults = {
            "node: kill": (6, self._kill),
            "node: stop": (2, self._stop),
            "node: held": (2, self._hold_node),
            "bus: restart": (2, self._restart_bus),
            "bus: held": (1, self._hold_bus),
            "database: restart": (1, self._restart_database),
            "database: crash": (2, self._crash_database),
            "database: held": (1, self._hold_database),
            "line to the bus": (3, self._break_bus_lines),
            "line to the database": (2, self._break_database_lines),
            "line": (3, self._break_lines),
        }
        super().__init__(company, faults, lambda: company.found.breaks >= plan.breaks)

    def _one(self) -> Node:
        return self._chance.choice(self._company.nodes)

    async def _kill(self) -> None:
        self._company.found.kills += 1
        self._one().signal(signal.SIGKILL)

    async def _stop(self) -> None:
        self._one().signal(signal.SIGTERM)

    async def _hold_node(self) -> None:
        """Sometimes for so long that the others take it for dead; then it goes on as if nothing had been."""
        node = self._one()
        node.signal(signal.SIGSTOP)
        await asyncio.sleep(self._chance.uniform(0.2, 3 * HEARTBEAT_S))
        node.signal(signal.SIGCONT)

    async def _restart_bus(self) -> None:
        self._company.bus.stop()
        await asyncio.sleep(self._chance.uniform(0.0, 2.0))
        await asyncio.to_thread(self._company.bus.start)

    async def _hold_bus(self) -> None:
        self._company.bus.hold()
        await asyncio.sleep(self._chance.uniform(0.2, 3.0))
        self._company.bus.go_on()

    async def _restart_database(self) -> None:
        await self._end_database(signal.SIGINT)

    async def _crash_database(self) -> None:
        await self._end_database(signal.SIGQUIT)

    async def _end_database(self, which: signal.Signals) -> None:
        await asyncio.to_thread(self._company.database.stop, which)
        await asyncio.sleep(self._chance.uniform(0.0, 1.0))
        await asyncio.to_thread(self._company.database.start)

    async def _hold_database(self) -> None:
        self._company.database.hold()
        await asyncio.sleep(self._chance.uniform(0.2, 3.0))
        self._company.database.go_on()

    async def _break_bus_lines(self) -> None:
        await self._break(self._some([node.to_bus for node in self._company.nodes]), "line to the bus")

    async def _break_database_lines(self) -> None:
        await self._break(
            self._some([node.to_database for node in self._company.nodes]), "line to the database"
        )

    def _some(self, lines: list[Line]) -> list[Line]:
        return self._chance.sample(lines, self._chance.randint(1, len(lines)))


# ── all of it ────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def nodes_company(plan: NodesPlan, folder: Path) -> AsyncIterator[NodesCompany]:
    """Nodes on one database and one bus, and everyone at them, about to begin."""
    bus, database = NatsServer(), PostgresServer(syncs=True)
    nodes: list[Node] = []
    tasks: list[asyncio.Task[None]] = []
    starts: list[float] = []
    try:
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(bus.start)
            await asyncio.to_thread(database.start)
            await database.create(DATABASE)
            for number in range(plan.nodes):
                to_bus = await stack.enter_async_context(line_to(bus.url))
                to_database = await stack.enter_async_context(line_to(database.url(DATABASE)))
                nodes.append(_node(folder / f"node-{number}", to_bus, to_database))
            tasks += [asyncio.create_task(node.keep(starts.append)) for node in nodes]
            await asyncio.wait_for(asyncio.gather(*(node.began() for node in nodes)), END_S)
            http = await stack.enter_async_context(aiohttp.ClientSession())
            made = NodesCompany(plan, nodes, bus, database)
            made.found.start_s = starts
            await made.assemble(http, stack)
            yield made
    finally:
        for node in nodes:
            node.is_wanted = False
            node.server.kill()
        await asyncio.gather(*tasks, return_exceptions=True)
        bus.stop()
        database.remove()


def _node(folder: Path, to_bus: Line, to_database: Line) -> Node:
    folder.mkdir(parents=True)
    settings = {
        "MESH_HEARTBEAT_S": str(HEARTBEAT_S),
        "MESH_LOG_LEVEL": "warning",
        "MESH_LIMITS_ENABLED": "false",
        "MESH_BUS": to_bus.url.replace("http:", "nats:"),
        "MESH_DATABASE": f"{to_database.url.replace('http://', 'postgresql://postgres@')}/{DATABASE}",
    }
    return Node(ServerProcess(folder, **settings), to_bus, to_database)


async def run(plan: NodesPlan, folder: Path) -> Findings:
    """All of it. `XDG_*` must name folders where agents may keep their profiles."""
    began = time.monotonic()
    async with nodes_company(plan, folder) as made:
        made.begin()
        await NodesBreaker(made, plan).run()
        await made.finish()
        made.found.seconds = time.monotonic() - began
        return made.found
