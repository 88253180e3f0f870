"""`scripts/bench/history`: the server's time for a page of 50 messages from a room of a million.

What is counted is the server's own CPU time, over all its threads, divided by the pages; beside it stands
what a client on the same machine waits, one page after the other.
"""

import argparse
import random
import time
from collections.abc import Callable

import aiohttp

from scripts.bench import harness
from scripts.bench.seed import Person, large_room

PAGE = 50


async def measure(messages: int, pages: int, data: str | None) -> None:
    choose = random.Random(4)
    cases: list[tuple[str, int, Callable[[], dict[str, int]]]] = [
        ("the newest", 0, dict),
        ("before a random message", 0, lambda: {"before": choose.randint(PAGE, messages)}),
        ("after a random message", 0, lambda: {"after": choose.randint(0, messages - PAGE)}),
        ("around a random message", 0, lambda: {"around": choose.randint(PAGE, messages - PAGE)}),
        ("the newest, for one with a million unread", -1, dict),
    ]
    with harness.data_folder_named(data) as folder:
        people, room_id = large_room(folder, messages)
        with harness.running_server(folder) as server:
            async with aiohttp.ClientSession(server.url) as session:
                for case, who, place in cases:
                    await _pages(session, people[who], room_id, place, 20)
                    cpu = server.cpu_seconds()
                    latencies = await _pages(session, people[who], room_id, place, pages)
                    harness.report(
                        "history",
                        f"page of {PAGE} from {messages:,} messages: {case}",
                        (server.cpu_seconds() - cpu) / pages * 1000,
                        "ms of server CPU",
                        **harness.milliseconds(latencies),
                    )


async def _pages(
    session: aiohttp.ClientSession, who: Person, room_id: str, place: Callable[[], dict[str, int]], pages: int
) -> list[float]:
    latencies = []
    for _ in range(pages):
        began = time.perf_counter()
        async with session.get(
            f"/api/rooms/{room_id}/messages",
            params={"limit": PAGE} | place(),
            headers={"Authorization": f"Bearer {who.token}"},
        ) as response:
            body = await response.read()
        latencies.append(time.perf_counter() - began)
        if response.status != 200 or body.count(b'"seq":') != PAGE:
            raise SystemExit(f"{response.status}: {body[:200]!r}")
    return latencies


def main() -> None:
    parser = argparse.ArgumentParser(prog="history", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--data", help="a data folder to make once and to keep")
    arguments = parser.parse_args()
    harness.run(measure(arguments.messages, arguments.pages, arguments.data))


if __name__ == "__main__":
    main()
