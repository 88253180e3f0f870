"""`scripts/bench/search`: how long a search takes in a room of a million messages.

What is told is what a client on the same machine waits, the slowest of a hundred and the usual one, and the
server's own CPU time. The words of the messages are as common and as rare as words are (Zipf's law).
"""

import argparse
import time
from datetime import UTC, datetime, timedelta

import aiohttp

from scripts.bench import harness
from scripts.bench.seed import AUTHORS, LARGE, RARE, Person, large_room, word


def _cases(messages: int) -> list[tuple[str, str]]:
    middle = (datetime.now(UTC) - timedelta(seconds=messages // 2)).date().isoformat()
    first, second = word(0), word(1)
    return [
        ("a word of every other message", first),
        ("a word of one in ten thousand", word(2000)),
        (f"a word of {max(messages // 100_000, 1)} messages", RARE),
        ("a word that nobody wrote", "haystack"),
        ("two common words", f"{first} {second}"),
        ("two words side by side", f'"{first} {second}"'),
        ("two letters", first[:2]),
        ("a common word from one of fifty", f"{first} from:user{AUTHORS - 1}"),
        ("a common word from who wrote nothing", f"{first} from:user{AUTHORS}"),
        ("a common word, older than half of the room", f"{first} before:{middle}"),
        ("a common word in the room by name", f"{first} in:{LARGE}"),
    ]


async def measure(messages: int, times: int, data: str | None) -> None:
    with harness.data_folder_named(data) as folder:
        people, _ = large_room(folder, messages)
        with harness.running_server(folder) as server:
            async with aiohttp.ClientSession(server.url) as session:
                for case, query in _cases(messages):
                    await _searches(session, people[0], query, 1)
                    cpu = server.cpu_seconds()
                    latencies = await _searches(session, people[0], query, times)
                    harness.report(
                        "search",
                        f"in {messages:,} messages: {case}",
                        harness.percentile(latencies, 0.99) * 1000,
                        "ms, p99",
                        **harness.milliseconds(latencies),
                        server_cpu_ms=round((server.cpu_seconds() - cpu) / times * 1000, 2),
                    )


async def _searches(session: aiohttp.ClientSession, who: Person, query: str, times: int) -> list[float]:
    latencies = []
    for _ in range(times):
        began = time.perf_counter()
        async with session.get(
            "/api/search", params={"q": query}, headers={"Authorization": f"Bearer {who.token}"}
        ) as response:
            body = await response.read()
        latencies.append(time.perf_counter() - began)
        if response.status != 200:
            raise SystemExit(f"{response.status}: {body[:200]!r}")
    return latencies


def main() -> None:
    parser = argparse.ArgumentParser(prog="search", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--data", help="a data folder to make once and to keep")
    arguments = parser.parse_args()
    harness.run(measure(arguments.messages, arguments.times, arguments.data))


if __name__ == "__main__":
    main()
