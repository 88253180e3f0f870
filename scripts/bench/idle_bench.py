"""`scripts/bench/idle`: server memory an idle connection.

Each connection is another person's, signed in and welcomed, and sits in one room with 99 others. What is
counted is the growth of the server's resident memory, divided by the connections.
"""

import argparse
import asyncio

from scripts.bench import harness
from scripts.bench.seed import Seed

ROOM = 100


async def measure(connections: int) -> None:
    with harness.data_folder() as folder:
        with Seed(folder) as seed:
            people = seed.people(connections + ROOM)
            for start in range(0, len(people), ROOM):
                seed.room(f"room {start}", people[start : start + ROOM])
        with harness.running_server(folder, MESH_HEARTBEAT_S="600") as server:
            # The first connections make what all of them share.
            first, rest_of_them = people[:ROOM], people[ROOM:]
            clients = await harness.connect_all(server, first)
            await asyncio.sleep(1.0)
            before = server.resident_bytes()
            clients += await harness.connect_all(server, rest_of_them)
            await asyncio.sleep(5.0)
            grown = server.resident_bytes() - before
            harness.report(
                "idle",
                f"{connections:,} connections",
                grown / len(rest_of_them) / 1024,
                "KiB per connection",
                resident_mib=round(server.resident_bytes() / 2**20),
            )
            for client in clients:
                client.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="idle", description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    harness.run(measure(parser.parse_args().connections))


if __name__ == "__main__":
    main()
