"""`scripts/bench/relay`: what the relay carries for a second of the server's CPU.

One session, one device that sends packets of one size as fast as it may, one that reads them. Packets that
are lost are not counted: what is told is what arrived.
"""

import argparse
import asyncio

import aiohttp

from scripts.bench import harness
from scripts.bench.seed import Person

SIZES = (1_200, 8_900)
"""What a path carries at least (QUIC), and what one of jumbo frames does."""

IN_FLIGHT = 64 * 1024
"""Bytes that are sent ahead of what has arrived: less than the relay's queue, so that little is lost."""


async def _session(rest: harness.Rest, server: harness.Server, asker: Person, peer: Person) -> str:
    """An active session of the two."""
    room_id = await rest.room("relay", [asker, peer])
    ask = {"room_id": room_id, "kind": "file", "peer": peer.user_id}
    session_id: str = (await rest.post("/api/p2p/session", asker.token, **ask))["session_id"]
    headers = {"Authorization": f"Bearer {peer.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(f"{server.url}/ws") as socket,
    ):
        await socket.send_json({"type": "system.hello", "version": 1})
        await socket.send_json({"type": "p2p.session.accept", "id": 1, "session_id": session_id})
        while (await socket.receive_json()).get("re") != 1:
            pass
    return session_id


async def _carry(
    sender: aiohttp.ClientWebSocketResponse,
    reader: aiohttp.ClientWebSocketResponse,
    size: int,
    total: int,
) -> int:
    """Sends `total` bytes; how many arrived."""
    packet = bytes(size)
    arrived = 0
    ahead = max(1, IN_FLIGHT // size)
    for _ in range(0, total, ahead * size):
        for _ in range(ahead):
            await sender.send_bytes(packet)
        for _ in range(ahead):
            arrived += len(await reader.receive_bytes(timeout=10))
    return arrived


async def measure(mib: int) -> None:
    with harness.running_server(
        MESH_RELAY_RATE_KIB="0", MESH_RELAY_SESSION_MIB="0", MESH_RELAY_USER_MIB_A_DAY="0"
    ) as server:
        async with harness.rest(server) as rest:
            asker, peer = await rest.people(2)
            session_id = await _session(rest, server, asker, peer)
        url = f"{server.url}/relay/{session_id}"
        async with aiohttp.ClientSession() as http:
            lines = [
                await http.ws_connect(url, headers={"Authorization": f"Bearer {person.token}"})
                for person in (asker, peer)
            ]
            loop = asyncio.get_running_loop()
            for size in SIZES:
                began, cpu = loop.time(), server.cpu_seconds()
                arrived = await _carry(lines[0], lines[1], size, mib * 2**20)
                spent = server.cpu_seconds() - cpu
                harness.report(
                    "relay",
                    f"packets of {size} bytes",
                    arrived / 1e6 / spent,
                    "MB per second of server CPU",
                    packets_per_cpu_s=round(arrived / size / spent),
                    mb_per_s=round(arrived / 1e6 / (loop.time() - began), 1),
                )
            for line in lines:
                await line.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="relay", description=__doc__)
    parser.add_argument("--mib", type=int, default=64)
    harness.run(measure(parser.parse_args().mib))


if __name__ == "__main__":
    main()
