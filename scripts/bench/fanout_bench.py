"""`scripts/bench/fanout`: deliveries a second of server CPU.

A delivery is one `chat.message.created` that reached one member's socket. Members sit in their rooms and
read; some of them send 200-byte messages as fast as their acknowledgements return.
"""

import argparse
import asyncio

from scripts.bench import harness


async def measure(rooms: int, members: int, senders: int, seconds: float) -> None:
    with harness.running_server() as server:
        async with harness.rest(server) as rest:
            people = await rest.people(rooms * members)
            parts = [people[number * members : (number + 1) * members] for number in range(rooms)]
            ids = [await rest.room(f"room {number}", part) for number, part in enumerate(parts)]
        share = max(1, senders // rooms)
        readers = await harness.connect_all(server, [p for part in parts for p in part[share:]])
        sending = [
            await harness.connect_sender(server, person, room_id)
            for room_id, part in zip(ids, parts, strict=True)
            for person in part[:share]
        ]
        clients = readers + [sender.client for sender in sending]
        for sender in sending:
            sender.start()
        await asyncio.sleep(1.0)
        before, cpu, acked = _frames(clients), server.cpu_seconds(), _acked(sending)
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        took = asyncio.get_running_loop().time() - began
        used = server.cpu_seconds() - cpu
        sent = _acked(sending) - acked
        # Acknowledgements are frames too, but no deliveries.
        delivered = _frames(clients) - before - sent
        for sender in sending:
            sender.running = False
        case = f"room of {members}" if rooms == 1 else f"{rooms} rooms of {members}"
        closed = sum(client.closed is not None for client in clients)
        harness.report(
            "fanout",
            case,
            delivered / used,
            "deliveries per server CPU second",
            senders=len(sending),
            deliveries_per_s=round(delivered / took),
            messages_per_s=round(sent / took),
            server_cpu_share=round(used / took, 2),
            readers_dropped=closed,
        )
        for client in clients:
            client.close()


def _frames(clients: list[harness.Client]) -> int:
    return sum(client.frames for client in clients)


def _acked(senders: list[harness.Sender]) -> int:
    return sum(sender.acked for sender in senders)


def main() -> None:
    parser = argparse.ArgumentParser(prog="fanout", description=__doc__)
    parser.add_argument("--rooms", type=int, default=1)
    parser.add_argument("--members", type=int, default=500, help="in each room")
    parser.add_argument("--senders", type=int, default=20, help="over all rooms")
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    harness.run(measure(arguments.rooms, arguments.members, arguments.senders, arguments.seconds))


if __name__ == "__main__":
    main()
