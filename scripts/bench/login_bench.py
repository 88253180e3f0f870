"""`scripts/bench/login`: what signing in, at bcrypt's real cost, costs those who are chatting.

A few rooms chat at a steady rate, first by themselves, then while people sign in as often as `--logins` says.
A hash takes a quarter of a second of one core, so that more may come than this machine can hash: those who
find the waiting line full are told to come again. What is compared is how long messages take from the moment
that they were due to a reader of their room.
"""

import argparse
import asyncio
from collections import Counter

import aiohttp
import bcrypt

from mesh_server.services.passwords import COST, Passwords
from scripts.bench import harness
from scripts.bench.seed import Person, Seed

ROOMS = 5
MEMBERS = 20
MESSAGES_PER_S = 50.0
PASSWORD = "password123"


async def measure(logins: float, seconds: float) -> None:
    password_hash = await Passwords(cost=COST).hash(PASSWORD)
    assert bcrypt.gensalt(COST)[:7] == password_hash[:7]
    with harness.data_folder() as folder:
        with Seed(folder) as seed:
            people = seed.people(ROOMS * MEMBERS)
            parts = [people[number * MEMBERS : (number + 1) * MEMBERS] for number in range(ROOMS)]
            ids = [seed.room(f"room {number}", part) for number, part in enumerate(parts)]
            signing_in = seed.people(int(logins * seconds) + 1, password_hash)
        with harness.running_server(folder, MESH_BCRYPT_COST=str(COST)) as server:
            await harness.connect_all(server, [person for part in parts for person in part[2:]])
            watching = [await harness.connect_watcher(server, part[1]) for part in parts]
            sending = [
                await harness.connect_sender(server, part[0], room_id)
                for room_id, part in zip(ids, parts, strict=True)
            ]
            for sender in sending:
                sender.start(ROOMS / MESSAGES_PER_S)
            await asyncio.sleep(1.0)
            await _phase(server, "chat alone", watching, seconds)
            answers: Counter[int] = Counter()
            line = asyncio.create_task(_sign_in(server, signing_in, logins, answers))
            await asyncio.sleep(min(2.0, seconds / 4))
            await _phase(server, f"chat while {logins:g} a second sign in", watching, seconds, answers)
            line.cancel()
            for sender in sending:
                sender.running = False


async def _phase(
    server: harness.Server,
    case: str,
    watching: list[tuple[harness.Client, harness.Watcher]],
    seconds: float,
    answers: Counter[int] | None = None,
) -> None:
    for _, watcher in watching:
        watcher.latencies_s.clear()
    before, cpu = Counter(answers or {}), server.cpu_seconds()
    await asyncio.sleep(seconds)
    latencies = [latency for _, watcher in watching for latency in watcher.latencies_s]
    done = Counter(answers or {}) - before
    harness.report(
        "login",
        case,
        harness.percentile(latencies, 0.99) * 1000,
        "ms from due to delivered, p99",
        **harness.milliseconds(latencies),
        messages=len(latencies),
        signed_in_per_s=round(done[200] / seconds, 1),
        told_to_come_again_per_s=round(done[429] / seconds, 1),
        server_cpu_share=round((server.cpu_seconds() - cpu) / seconds, 2),
    )


async def _sign_in(server: harness.Server, people: list[Person], per_s: float, answers: Counter[int]) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(server.url, connector=connector) as session,
        asyncio.TaskGroup() as group,
    ):
        for person in people:
            group.create_task(_one(session, person, answers))
            await asyncio.sleep(1 / per_s)


async def _one(session: aiohttp.ClientSession, person: Person, answers: Counter[int]) -> None:
    body = {"username": person.name, "password": PASSWORD}
    async with session.post("/api/auth/login", json=body) as response:
        answers[response.status] += 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="login", description=__doc__)
    parser.add_argument("--logins", type=float, default=20.0, help="a second")
    parser.add_argument("--seconds", type=float, default=15.0)
    arguments = parser.parse_args()
    harness.run(measure(arguments.logins, arguments.seconds))


if __name__ == "__main__":
    main()
