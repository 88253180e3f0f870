"""The server's STUN responder alone, on an address: `python -m tests.support.stun HOST PORT`."""

import asyncio
import sys

from mesh_server.stun import StunServer


async def main(host: str, port: int) -> None:
    server = StunServer()
    await server.open(host, port)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
