"""One end of a meeting as a program of its own, so that it can live in another network namespace.

The first line of its input is a `Setup` as JSON, each further one what the other end has signalled. Each line
of its output is an object: `signal`, or `met` with the way, or `failed` with the reason. Once they have met,
who asks says as many bytes as its argument says, and who is asked answers with their hash.
"""

import asyncio
import hashlib
import json
import sys
from typing import Any

import msgspec

from mesh_agent.net.meeting import Meeting, Setup, meet
from protocol.errors import MeshError

HASH_BYTES = 32


def say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


class Piped:
    """`Signals` through the standard streams."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def send(self, payload: str) -> None:
        say(signal=payload)

    async def receive(self) -> str:
        line = await self._reader.readline()
        if not line:
            await asyncio.Event().wait()
        return str(json.loads(line))


async def talk(meeting: Meeting, role: str, size: int) -> None:
    data = bytes(range(256)) * (size // 256)
    digest = bytearray(HASH_BYTES)
    if role == "asker":
        await meeting.main.write(data)
        await meeting.main.read_into(memoryview(digest))
        say(met=meeting.way, same=bytes(digest) == hashlib.sha256(data).digest())
    else:
        received = bytearray(len(data))
        await meeting.main.read_into(memoryview(received))
        await meeting.main.write(hashlib.sha256(received).digest())
        say(met=meeting.way, same=received == data)


async def main(size: int) -> None:
    reader = asyncio.StreamReader(limit=1 << 20)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    setup = msgspec.json.decode(await reader.readline(), type=Setup)
    try:
        meeting = await meet(setup, Piped(reader))
    except MeshError as error:
        say(failed=error.code, message=error.message)
        return
    await talk(meeting, setup.role, size)
    await meeting.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
