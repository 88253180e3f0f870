"""`scripts/bench/fanout`: deliveries a second of server CPU.

A delivery is one `chat.message.created` that reached one member's socket. Members sit in their rooms and
read; some of them send 200-byte messages as fast as their acknowledgements return. One reader of each room
also notes how long messages took from their sender to it. Beside it the same rooms are measured in other
servers, where they are installed.
"""

import argparse
import asyncio

from scripts.bench import harness, xmpp
from scripts.bench.seed import Seed


async def measure(rooms: int, members: int, senders: int, seconds: float) -> None:
    share = max(1, senders // rooms)
    with harness.data_folder() as folder:
        with Seed(folder) as seed:
            people = seed.people(rooms * members)
            parts = [people[number * members : (number + 1) * members] for number in range(rooms)]
            ids = [seed.room(f"room {number}", part) for number, part in enumerate(parts)]
        with harness.running_server(folder) as server:
            readers = await harness.connect_all(server, [p for part in parts for p in part[share + 1 :]])
            watching = [await harness.connect_watcher(server, part[share]) for part in parts]
            sending = [
                await harness.connect_sender(server, person, room_id)
                for room_id, part in zip(ids, parts, strict=True)
                for person in part[:share]
            ]
            await _run(server, readers, watching, sending, seconds, (rooms, members))


async def _run(
    server: harness.Server,
    readers: list[harness.Reader],
    watching: list[tuple[harness.Client, harness.Watcher]],
    sending: list[harness.Sender],
    seconds: float,
    size: tuple[int, int],
) -> None:
    full = [client for client, _ in watching] + [sender.client for sender in sending]
    for sender in sending:
        sender.start()
    await asyncio.sleep(1.0)
    for sender in sending:
        sender.latencies_s.clear()
    for _, watcher in watching:
        watcher.latencies_s.clear()
    before, cpu, acked = _frames(readers, full), server.cpu_seconds(), _acked(sending)
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    took = asyncio.get_running_loop().time() - began
    used = server.cpu_seconds() - cpu
    sent = _acked(sending) - acked
    # Acknowledgements are frames too, but no deliveries.
    delivered = _frames(readers, full) - before - sent
    for sender in sending:
        sender.running = False
    rooms, members = size
    late = harness.milliseconds([latency for _, watcher in watching for latency in watcher.latencies_s])
    harness.report(
        "fanout",
        f"room of {members}" if rooms == 1 else f"{rooms} rooms of {members}",
        delivered / used,
        "deliveries per server CPU second",
        senders=len(sending),
        deliveries_per_s=round(delivered / took),
        messages_per_s=round(sent / took),
        server_cpu_share=round(used / took, 2),
        readers_dropped=sum(client.closed is not None for client in [*readers, *full]),
        ack=harness.milliseconds([latency for sender in sending for latency in sender.latencies_s]),
        delivery=late,
    )
    for client in [*readers, *full]:
        client.close()


def _frames(readers: list[harness.Reader], full: list[harness.Client]) -> int:
    return sum(client.frames for client in [*readers, *full])


def _acked(senders: list[harness.Sender]) -> int:
    return sum(sender.acked for sender in senders)


def main() -> None:
    parser = argparse.ArgumentParser(prog="fanout", description=__doc__)
    parser.add_argument("--rooms", type=int, default=1)
    parser.add_argument("--members", type=int, default=500, help="in each room")
    parser.add_argument("--senders", type=int, default=20, help="over all rooms")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument(
        "--peers", nargs="*", choices=list(xmpp.PEERS), default=list(xmpp.PEERS), help="servers beside it"
    )
    arguments = parser.parse_args()
    harness.run(measure(arguments.rooms, arguments.members, arguments.senders, arguments.seconds))
    for peer in arguments.peers:
        harness.run(xmpp.measure(peer, arguments.rooms, arguments.members, arguments.seconds))


if __name__ == "__main__":
    main()
