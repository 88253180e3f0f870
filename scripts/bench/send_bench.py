"""`scripts/bench/send`: acknowledged, durable messages a second, and how long one takes at a given load.

Each sender has a room of its own, so that what is measured is the way to the disk and back, not the
fan-out. First each sends its next 200-byte message when the last one is acknowledged; then all of them
together send as many a second as `--offered` says, whatever comes back.
"""

import argparse
import asyncio

from scripts.bench import harness
from scripts.bench.seed import Seed


async def measure(senders: int, seconds: float, offered: float | None = None) -> None:
    with harness.data_folder() as folder:
        with Seed(folder) as seed:
            people = seed.people(senders)
            rooms = [seed.room(f"room {number}", [person]) for number, person in enumerate(people)]
        with harness.running_server(folder) as server:
            sending = [
                await harness.connect_sender(server, person, room_id)
                for person, room_id in zip(people, rooms, strict=True)
            ]
            for sender in sending:
                sender.start(None if offered is None else senders / offered)
            await asyncio.sleep(1.0)
            for sender in sending:
                sender.latencies_s.clear()
            cpu, began = server.cpu_seconds(), asyncio.get_running_loop().time()
            await asyncio.sleep(seconds)
            took = asyncio.get_running_loop().time() - began
            used = server.cpu_seconds() - cpu
            latencies = [latency for sender in sending for latency in sender.latencies_s]
            for sender in sending:
                sender.running = False
            many = f"{senders} sender" + ("s" if senders > 1 else "")
            harness.report(
                "send",
                many if offered is None else f"{many} offering {offered:g} a second",
                len(latencies) / took,
                "acked durable messages per second",
                **harness.milliseconds(latencies),
                refused=sum(sender.refused for sender in sending),
                server_cpu_share=round(used / took, 2),
            )
            for sender in sending:
                sender.client.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="send", description=__doc__)
    parser.add_argument("--senders", type=int, nargs="+", default=[1, 50, 200])
    parser.add_argument("--offered", type=float, default=6000.0, help="messages a second of the last of them")
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    for senders in arguments.senders:
        harness.run(measure(senders, arguments.seconds))
    harness.run(measure(arguments.senders[-1], arguments.seconds, arguments.offered))


if __name__ == "__main__":
    main()
