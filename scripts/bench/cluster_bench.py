"""`scripts/bench/cluster`: what one node more brings and costs, and what it is when one dies.

Nodes share one PostgreSQL, which waits for its disk with each commit, and one NATS; all of it runs on this
machine, so what counts is processor time, each part's own. For 1, 2 and 3 nodes it tells

* deliveries a second of the nodes' CPU, of a load that is the same however many nodes there are, on each of
  the clusters in turns. The members of a room are spread over all nodes, as a proxy spreads them, or with
  `--together` each room is at one node;
* acknowledged, durable messages a second, of senders who each send when the last one is acknowledged, and
  what PostgreSQL commits for them;

then, of three nodes of which one is killed, how long it takes until its people are back at the others, until
one who does not come back is seen to be gone, and until another node leads.
"""

import argparse
import asyncio
import contextlib
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import asyncpg

from mesh_agent.client.backoff import Backoff
from mesh_server.store.sqlite import SqliteStore
from scripts.bench import harness
from scripts.bench.cluster_changes import changes
from scripts.bench.seed import Person, Seed
from tests.support.nats_server import NatsServer
from tests.support.postgres import PostgresServer

NODES_MAX: Final = 3
WARM_S: Final = 1.0
HEARTBEAT_S: Final = 4.0
"""Of the nodes of which one is killed; by default it is 30 s, and what waits for it takes longer in step."""

PATIENT_S: Final = 300.0
"""That of the others: clients that only count never answer a ping."""

_COMMITS: Final = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


CHANGERS: Final = 50
"""People who mark, react and edit."""


@dataclass(frozen=True, slots=True)
class Load:
    """Everyone, and the rooms with their members."""

    folder: Path
    rooms: list[tuple[str, list[Person]]]

    @classmethod
    def seeded(cls, folder: Path, rooms: int, members: int) -> "Load":
        folder.mkdir()
        with Seed(folder) as seed:
            people = seed.people(rooms * members)
            parts = [people[number * members : (number + 1) * members] for number in range(rooms)]
            made = [(seed.room(f"room {number}", part), part) for number, part in enumerate(parts)]
        asyncio.run(SqliteStore.open(folder).close())  # it has an epoch from then on
        return cls(folder, made)


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds so far, of each node and of the others, commits, and when that was."""

    each: list[float]
    postgres: float
    nats: float
    commits: int
    at: float

    @property
    def nodes(self) -> float:
        return sum(self.each)

    def since(self, before: "Spent") -> "Spent":
        return Spent(
            [now - then for now, then in zip(self.each, before.each, strict=True)],
            self.postgres - before.postgres,
            self.nats - before.nats,
            self.commits - before.commits,
            self.at - before.at,
        )

    def and_of(self, more: "Spent") -> "Spent":
        """Both together."""
        return self.since(
            Spent([-one for one in more.each], -more.postgres, -more.nats, -more.commits, -more.at)
        )

    def of(self, messages: int) -> dict[str, Any]:
        """What is told of them."""
        share = 1e6 / max(messages, 1)
        return {
            "messages_per_s": round(messages / self.at),
            "each_node_us_per_message": [round(seconds * share) for seconds in self.each],
            "postgres_us_per_message": round(self.postgres * share),
            "nats_us_per_message": round(self.nats * share),
            "commits_per_s": round(self.commits / self.at),
            "nodes_cpu_share": round(self.nodes / self.at, 2),
            "postgres_cpu_share": round(self.postgres / self.at, 2),
        }


@dataclass(frozen=True, slots=True)
class Cluster:
    nodes: list[harness.Server]
    url: str
    postgres: PostgresServer
    nats: NatsServer

    def node_of(self, number: int) -> harness.Server:
        return self.nodes[number % len(self.nodes)]

    async def spent(self) -> Spent:
        line = await asyncpg.connect(self.url)
        try:
            commits = int(await line.fetchval(_COMMITS))
        finally:
            await line.close()
        return Spent(
            [node.cpu_seconds() for node in self.nodes],
            _family_seconds(self.postgres.pid),
            harness.cpu_seconds(self.nats.pid),
            commits,
            time.monotonic(),
        )


def _family_seconds(pid: int) -> float:
    """Of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    seconds = harness.cpu_seconds(pid)
    for child in children:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # such as a vacuum that has ended
            seconds += harness.cpu_seconds(int(child))
    return seconds


@contextmanager
def cluster(nodes: int, folder: Path, load: Load, heartbeat_s: float = PATIENT_S) -> Iterator[Cluster]:
    """So many nodes on a database of their own, which is what `load` has seeded."""
    postgres, nats = PostgresServer(syncs=True), NatsServer()
    with ExitStack() as stack:
        stack.callback(postgres.remove)
        stack.callback(nats.stop)
        postgres.start()
        nats.start()
        url = asyncio.run(postgres.empty())
        moving = [sys.executable, "-m", "mesh_server", "migrate-from-sqlite", "--data", str(load.folder)]
        subprocess.run([*moving, "--database", url], check=True, stdout=subprocess.DEVNULL)
        settings = {"MESH_DATABASE": url, "MESH_BUS": nats.url, "MESH_HEARTBEAT_S": str(heartbeat_s)}
        running = [
            stack.enter_context(harness.running_server(folder / f"node-{number}", **settings))
            for number in range(nodes)
        ]
        yield Cluster(running, url, postgres, nats)


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Fanout:
    """A load on one cluster: of each room the first member sends, the second watches, the others count."""

    made: Cluster
    sending: list[harness.Sender]
    watching: list[tuple[harness.Client, harness.Watcher]]
    clients: list[harness.Client]
    spent: list[Spent] = field(default_factory=list)
    delivered: int = 0
    acked: int = 0

    @classmethod
    async def connected(cls, made: Cluster, load: Load, *, spread: bool) -> "Fanout":
        at: dict[int, list[Person]] = {number: [] for number in range(len(made.nodes))}
        watching, sending = [], []
        for number, (room_id, inside) in enumerate(load.rooms):
            places = [(number + seat if spread else number) % len(made.nodes) for seat in range(len(inside))]
            for place, person in zip(places[2:], inside[2:], strict=True):
                at[place].append(person)
            sending.append(await harness.connect_sender(made.nodes[places[0]], inside[0], room_id))
            watching.append(await harness.connect_watcher(made.nodes[places[1]], inside[1]))
        clients: list[harness.Client] = []
        for place, people in at.items():
            clients += await harness.connect_all(made.nodes[place], people)
        clients += [*(client for client, _ in watching), *(sender.client for sender in sending)]
        return cls(made, sending, watching, clients)

    async def burst(self, offered: float, seconds: float) -> None:
        """Adds what so many seconds of it took, once it is under way."""
        for sender in self.sending:
            sender.start(len(self.sending) / offered)
        await asyncio.sleep(WARM_S)
        before, had = await self.made.spent(), self._counted()
        await asyncio.sleep(seconds)
        self.spent.append((await self.made.spent()).since(before))
        frames, acked = (now - then for now, then in zip(self._counted(), had, strict=True))
        # Acknowledgements are frames too, but no deliveries.
        self.delivered, self.acked = self.delivered + frames - acked, self.acked + acked
        for sender in self.sending:
            sender.running = False

    def _counted(self) -> tuple[int, int]:
        return sum(client.frames for client in self.clients), sum(sender.acked for sender in self.sending)

    def report(self, load: Load, *, spread: bool) -> None:
        spent = self.spent[0]
        for more in self.spent[1:]:
            spent = spent.and_of(more)
        where = "members spread" if spread else "each room at one node"
        harness.report(
            "cluster",
            f"{_nodes(self.made)}, {len(load.rooms)} rooms of {len(load.rooms[0][1])}, {where}",
            self.delivered / spent.nodes,
            "deliveries per node CPU second",
            **spent.of(self.acked),
            deliveries_per_s=round(self.delivered / spent.at),
            readers_dropped=sum(client.closed is not None for client in self.clients),
            ack=harness.milliseconds([late for sender in self.sending for late in sender.latencies_s]),
            delivery=harness.milliseconds([late for _, one in self.watching for late in one.latencies_s]),
        )


async def fanout(clusters: list[Cluster], load: Load, given: argparse.Namespace) -> None:
    """The clusters in turns, again and again: what else this machine does hits them alike."""
    spread = not given.together
    loads = [await Fanout.connected(made, load, spread=spread) for made in clusters]
    for _ in range(given.rounds):
        for one in loads:
            await one.burst(given.offered, given.seconds)
    for one in loads:
        one.report(load, spread=spread)
        _leave(one.sending, one.clients)


def _nodes(made: Cluster) -> str:
    return f"{len(made.nodes)} node" + ("s" if len(made.nodes) > 1 else "")


def _leave(sending: list[harness.Sender], clients: list[harness.Client]) -> None:
    for sender in sending:
        sender.running = False
    for client in clients:
        client.close()


# ── commits ──────────────────────────────────────────────────────────────────────────────────────


async def send(made: Cluster, load: Load, senders: int, seconds: float) -> None:
    """The senders share the rooms, and nobody else is connected."""
    rooms = [load.rooms[number % len(load.rooms)] for number in range(senders)]
    sending = [
        await harness.connect_sender(made.node_of(number), inside[number // len(load.rooms)], room_id)
        for number, (room_id, inside) in enumerate(rooms)
    ]
    for sender in sending:
        sender.start()
    await asyncio.sleep(WARM_S)
    for sender in sending:
        sender.latencies_s.clear()
    before, acked = await made.spent(), sum(sender.acked for sender in sending)
    await asyncio.sleep(seconds)
    spent = (await made.spent()).since(before)
    acked = sum(sender.acked for sender in sending) - acked
    harness.report(
        "cluster",
        f"{_nodes(made)}, {senders} senders",
        acked / spent.at,
        "acked durable messages per second",
        **spent.of(acked),
        **harness.milliseconds([late for sender in sending for late in sender.latencies_s]),
    )
    _leave(sending, [sender.client for sender in sending])


# ── a node dies ──────────────────────────────────────────────────────────────────────────────────


async def failover(made: Cluster, load: Load, kill: Callable[[], None]) -> None:
    """The first node is killed, which leads. Everyone is at it but one, who looks on from another."""
    room_id, inside = load.rooms[0]
    looker, gone, *others = inside
    async with aiohttp.ClientSession() as http:
        await _told(http, made.nodes[0].url, "mesh_node_leads 1.0")
        await _told(http, made.nodes[1].url, f"mesh_nodes {len(made.nodes)}.0")
        clients = await harness.connect_all(made.nodes[0], [gone, *others])
        ask = f"{made.nodes[1].url}/api/rooms/{room_id}/members"
        while await _present(http, ask, looker) < len(clients):  # noqa: ASYNC110 - it is on the server
            await asyncio.sleep(0.05)
        began = time.monotonic()
        kill()
        back = [
            asyncio.create_task(_come_back(made, person, client, 1 + number % (len(made.nodes) - 1)))
            for number, (person, client) in enumerate(zip(others, clients[1:], strict=True))
        ]
        leads = asyncio.create_task(_other_leads(http, made.nodes[1:]))
        times = sorted([await task - began for task in back])
        case = f"{_nodes(made)}, the one that leads is killed"
        middle, last = round(harness.percentile(times, 0.5), 2), round(times[-1], 2)
        harness.report("cluster", f"{case}, {len(times)} at it", times[0], "s until the first is back",
                       p50_s=middle, last_s=last)  # fmt: skip
        while await _present(http, ask, looker) > len(others):  # noqa: ASYNC110 - it is on the server
            await asyncio.sleep(0.02)
        harness.report("cluster", f"{case}, one does not come back", (time.monotonic() - began) / HEARTBEAT_S,
                       "heartbeats until the others see it")  # fmt: skip
        harness.report("cluster", case, (await leads - began) / HEARTBEAT_S, "heartbeats until another leads")


async def _come_back(made: Cluster, person: Person, client: harness.Client, to: int) -> float:
    """When they are welcomed at another node; they pause before they try, as clients do."""
    await harness.until(lambda: client.closed is not None)
    backoff, loop = Backoff(), asyncio.get_running_loop()
    await asyncio.sleep(backoff.failed(loop.time(), random.random()))
    await harness.connect_reader(made.nodes[to], person)
    return time.monotonic()


async def _present(http: aiohttp.ClientSession, ask: str, looker: Person) -> int:
    """How many members of the room are there, besides whoever asks."""
    async with http.get(ask, headers={"Authorization": f"Bearer {looker.token}"}) as response:
        members = (await response.json())["members"]
    return sum(one["presence"] != "offline" for one in members)


async def _other_leads(http: aiohttp.ClientSession, nodes: list[harness.Server]) -> float:
    leads = [asyncio.create_task(_told(http, node.url, "mesh_node_leads 1.0")) for node in nodes]
    await asyncio.wait(leads, return_when=asyncio.FIRST_COMPLETED)
    for task in leads:
        task.cancel()
    return time.monotonic()


async def _told(http: aiohttp.ClientSession, url: str, figure: str) -> None:
    """Until a node tells operators so."""
    text = ""
    while f"\n{figure}\n" not in text:
        async with http.get(f"{url}/metrics") as response:
            text = await response.text()
        await asyncio.sleep(0.02)


# ── all of it ────────────────────────────────────────────────────────────────────────────────────


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="cluster", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--rooms", type=int, default=4)
    parser.add_argument("--members", type=int, default=250, help="in each room")
    parser.add_argument("--offered", type=float, default=40.0, help="messages a second, over all rooms")
    parser.add_argument("--senders", type=int, default=100, help="of the durable messages")
    parser.add_argument("--together", action="store_true", help="each room at one node")
    parser.add_argument("--rounds", type=int, default=4, help="of bursts at each cluster")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a burst")
    parser.add_argument("--only", choices=["fanout", "send", "changes", "failover"], help="one of them")
    arguments = parser.parse_args()
    with harness.data_folder() as folder:
        load = Load.seeded(folder / "seed", arguments.rooms, arguments.members)
        if arguments.only in {None, "fanout"}:
            with ExitStack() as stack:
                clusters = [
                    stack.enter_context(cluster(nodes, folder / f"fanout-{nodes}", load))
                    for nodes in arguments.nodes
                ]
                harness.run(fanout(clusters, load, arguments))
        for nodes in arguments.nodes if arguments.only in {None, "send"} else ():
            with cluster(nodes, folder / f"send-{nodes}", load) as made:
                harness.run(send(made, load, arguments.senders, 2 * arguments.seconds))
        for nodes in arguments.nodes if arguments.only in {None, "changes"} else ():
            with cluster(nodes, folder / f"changes-{nodes}", load) as made:
                harness.run(changes(made, load, CHANGERS, 2 * arguments.seconds))
        if arguments.only in {None, "failover"}:
            with cluster(NODES_MAX, folder / "failover", load, HEARTBEAT_S) as made:
                harness.run(failover(made, load, made.nodes[0].kill))


if __name__ == "__main__":
    main()
