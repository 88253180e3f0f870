"""`scripts/bench/slow_readers`: what sockets that read nothing cost those who read.

Rooms of people who read are sent messages at a steady rate, first by themselves; then thousands of sockets
join in that are welcomed, read nothing more for a minute, and are in the same rooms. What is compared is what
the readers were delivered of what was offered, and how late.
"""

import argparse
import asyncio

from scripts.bench import harness
from scripts.bench.seed import Seed

ROOMS = 20
READERS = 10


async def measure(stalled: int, seconds: float, offered: float) -> None:
    with harness.data_folder() as folder:
        with Seed(folder) as seed:
            people = seed.people(ROOMS * READERS)
            silent = seed.people(stalled)
            parts = [people[number * READERS : (number + 1) * READERS] for number in range(ROOMS)]
            ids = [
                seed.room(f"room {number}", part + silent[number::ROOMS]) for number, part in enumerate(parts)
            ]
        with harness.running_server(folder, MESH_HEARTBEAT_S="600") as server:
            readers = await harness.connect_all(server, [person for part in parts for person in part[2:]])
            watching = [await harness.connect_watcher(server, part[1]) for part in parts]
            sending = [
                await harness.connect_sender(server, part[0], room_id)
                for room_id, part in zip(ids, parts, strict=True)
            ]
            for sender in sending:
                sender.start(ROOMS / offered)
            await asyncio.sleep(1.0)
            alone = await _phase(server, "alone", readers, watching, seconds / 3, offered)
            deaf = await harness.connect_all(server, silent)
            for socket in deaf:
                socket.stop_reading()
            beside = await _phase(
                server, f"beside {stalled:,} that read nothing", readers, watching, seconds, offered
            )
            harness.report(
                "slow_readers",
                f"{stalled:,} sockets that read nothing for {seconds:g} s",
                100 * (1 - beside / alone),
                "percent of the others' deliveries lost",
                readers_dropped=sum(reader.closed is not None for reader in readers),
                resident_mib=round(server.resident_bytes() / 2**20),
            )
            for sender in sending:
                sender.running = False
            for client in [*readers, *deaf]:
                client.close()


async def _phase(
    server: harness.Server,
    case: str,
    readers: list[harness.Reader],
    watching: list[tuple[harness.Client, harness.Watcher]],
    seconds: float,
    offered: float,
) -> float:
    """Deliveries a second to those who read."""
    for _, watcher in watching:
        watcher.latencies_s.clear()
    before, cpu = sum(reader.frames for reader in readers), server.cpu_seconds()
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    took = asyncio.get_running_loop().time() - began
    rate = (sum(reader.frames for reader in readers) - before) / took
    late = [latency for _, watcher in watching for latency in watcher.latencies_s]
    harness.report(
        "slow_readers",
        case,
        rate,
        "deliveries a second to those who read",
        offered_per_s=round(offered * len(readers) / ROOMS),
        **harness.milliseconds(late),
        server_cpu_share=round((server.cpu_seconds() - cpu) / took, 2),
        resident_mib=round(server.resident_bytes() / 2**20),
    )
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(prog="slow_readers", description=__doc__)
    parser.add_argument("--stalled", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--offered", type=float, default=100.0, help="messages a second over all rooms")
    arguments = parser.parse_args()
    harness.run(measure(arguments.stalled, arguments.seconds, arguments.offered))


if __name__ == "__main__":
    main()
