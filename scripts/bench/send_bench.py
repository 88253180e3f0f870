"""`scripts/bench/send`: acknowledged, durable messages a second.

Each sender has a room of its own and sends its next 200-byte message when the last one is acknowledged, so
that what is measured is the way to the disk and back, not the fan-out.
"""

import argparse
import asyncio

from scripts.bench import harness


async def measure(senders: int, seconds: float) -> None:
    with harness.running_server() as server:
        async with harness.rest(server) as rest:
            people = await rest.people(senders)
            rooms = [await rest.room(f"room {number}", [p]) for number, p in enumerate(people)]
        sending = [
            await harness.connect_sender(server, person, room_id)
            for person, room_id in zip(people, rooms, strict=True)
        ]
        for sender in sending:
            sender.start()
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
        harness.report(
            "send",
            f"{senders} sender" + ("s" if senders > 1 else ""),
            len(latencies) / took,
            "acked durable messages per second",
            p50_ms=round(harness.percentile(latencies, 0.5) * 1000, 2),
            p99_ms=round(harness.percentile(latencies, 0.99) * 1000, 2),
            server_cpu_share=round(used / took, 2),
        )
        for sender in sending:
            sender.client.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="send", description=__doc__)
    parser.add_argument("--senders", type=int, nargs="+", default=[1, 50])
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    for senders in arguments.senders:
        harness.run(measure(senders, arguments.seconds))


if __name__ == "__main__":
    main()
