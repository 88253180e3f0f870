"""A device whose address goes away: run by a test as a program in a network namespace of its own.

There the loopback address is the only one, a line to a server and a hole between two ends go through it, and
then it is taken away. Prints what both say, before and after.
"""

import asyncio
import json

import aiohttp

from mesh_agent.client.errors import LineLost
from mesh_agent.client.socket import Connection
from mesh_agent.media.ice import LocalConnection
from protocol.events import Hello, ServerToClient
from protocol.version import WIRE_VERSION
from tests.agent.strange import ScriptedServer, Socket, serving


async def ip(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec("ip", *arguments)
    assert await process.wait() == 0


async def script(server: ScriptedServer, peer: Socket) -> None:
    await server.greet(peer, heartbeat_s=300.0)
    await peer.drain()


async def handle(_: ServerToClient) -> None:
    """Nothing comes."""


async def hole() -> tuple[LocalConnection, LocalConnection]:
    ends = LocalConnection(ice_controlling=True), LocalConnection(ice_controlling=False)
    for end in ends:
        await end.gather_candidates()
    for end, other in (ends, ends[::-1]):
        end.remote_username, end.remote_password = other.local_username, other.local_password
        for candidate in other.local_candidates:
            await end.add_remote_candidate(candidate)
        await end.add_remote_candidate(None)
    await asyncio.gather(*(end.connect() for end in ends))
    return ends


async def main() -> None:
    await ip("link", "set", "lo", "up")
    ends = await hole()
    async with serving(ScriptedServer(script).app()) as url, aiohttp.ClientSession() as http:
        line = await Connection.open(http, url, "token", Hello(version=WIRE_VERSION))
        running = asyncio.create_task(line.run(handle))
        before = [end.homeless for end in ends]
        await ip("addr", "flush", "dev", "lo")
        try:
            await running
        except LineLost as error:
            print(json.dumps({"line": error.code, "before": before, "after": [end.homeless for end in ends]}))


if __name__ == "__main__":
    asyncio.run(main())
