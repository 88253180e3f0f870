"""What every benchmark of the server shares: a real server, cheap clients, and one line of JSON a figure.

Strategy: the server is a process of its own, started as anyone would start it, but with cheap password
hashes, so that a thousand accounts do not take minutes, and without rates that one sender can reach. The
clients are plain asyncio protocols that count frames and parse only acknowledgements, so that two cores are
enough for both sides. What is compared is always measured in one run.
"""

import asyncio
import base64
import json
import os
import resource
import secrets
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
import uvloop

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def run(measurement: Coroutine[Any, Any, None]) -> None:
    """Runs the clients on uvloop, so that they are not what is measured."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measurement)


def report(bench: str, case: str, value: float, unit: str, **more: Any) -> None:
    """Prints one figure as a line of JSON."""
    rounded = float(f"{value:.4g}")
    figure = int(rounded) if rounded == int(rounded) else rounded
    line = {"bench": bench, "case": case, "value": figure, "unit": unit, "cores": os.cpu_count()}
    print(json.dumps(line | more), flush=True)


# ── the server ───────────────────────────────────────────────────────────────────────────────────

_SETTINGS = {"MESH_BCRYPT_COST": "4", "MESH_LOG_LEVEL": "warning", "MESH_LIMITS_ENABLED": "false"}


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE


@contextmanager
def running_server(**settings: str) -> Iterator[Server]:
    """A server on a free port with its data in a folder on a real disk, gone afterwards."""
    raise_file_limit()
    with tempfile.TemporaryDirectory(prefix="mesh-bench-", dir=os.environ.get("MESH_BENCH_DIR")) as folder:
        environment = os.environ | _SETTINGS | settings
        process = subprocess.Popen(
            [sys.executable, "-m", "mesh_server", "--listen", "127.0.0.1:0", "--data", folder],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("mesh-server listening on "):
                raise SystemExit("the server did not start")
            yield Server(url=line.split()[-1], pid=process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


def raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


# ── people ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    token: str
    user_id: str


class Rest:
    """The REST calls that set a benchmark up."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def post(self, path: str, token: str = "", **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.post(path, json=body, headers=headers) as response:
            if response.status >= 300:
                raise SystemExit(f"{path}: {response.status} {await response.text()}")
            return await response.json() if response.status != 204 else None

    async def people(self, count: int) -> list[Person]:
        """Registers so many, a few at a time."""
        gate = asyncio.Semaphore(8)

        async def one(number: int) -> Person:
            async with gate:
                name = f"user{number}"
                answer = await self.post("/api/auth/register", username=name, password="password123")
                return Person(name, answer["access_token"], answer["user"]["id"])

        return list(await asyncio.gather(*(one(number) for number in range(count))))

    async def room(self, name: str, members: list[Person]) -> str:
        """A room made by the first of them, and joined by the rest; its id."""
        first, *others = members
        room = await self.post("/api/rooms", first.token, name=name)
        gate = asyncio.Semaphore(8)

        async def join(person: Person) -> None:
            async with gate:
                await self.post(f"/api/rooms/{room['id']}/join", person.token)

        await asyncio.gather(*(join(person) for person in others))
        return str(room["id"])


@asynccontextmanager
async def rest(server: Server) -> AsyncIterator[Rest]:
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(server.url, timeout=timeout) as session:
        yield Rest(session)


# ── sockets ──────────────────────────────────────────────────────────────────────────────────────

_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89


class Client(asyncio.Protocol):
    """A WebSocket that counts what it gets; `on_frame` sees each message's bytes, where there is one."""

    def __init__(self, host: str, on_frame: Callable[[bytes], None] | None = None) -> None:
        self.frames = 0
        self.closed: int | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._host = host
        self._on_frame = on_frame
        self._buffer = b""
        self._upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are Transports in all but their ancestry.
        self._transport = transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        transport.write(
            f"GET /ws HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed = self.closed or 1006

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        if not self._upgraded:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            self._upgraded = True
            self.ready.set_result(None)
        self._buffer = data[self._take_frames(data) :]

    def _take_frames(self, data: bytes) -> int:
        """Counts the whole frames of `data`; returns where the first cut one begins."""
        start, size = 0, len(data)
        while start + 2 <= size:
            length, body = data[start + 1], start + 2
            if length == 126:
                if start + 4 > size:
                    break
                length, body = int.from_bytes(data[start + 2 : start + 4], "big"), start + 4
            elif length == 127:
                if start + 10 > size:
                    break
                length, body = int.from_bytes(data[start + 2 : start + 10], "big"), start + 10
            if body + length > size:
                break
            self._frame(data[start], data, body, length)
            start = body + length
        return start

    def _frame(self, opcode: int, data: bytes, body: int, length: int) -> None:
        if opcode == _TEXT:
            self.frames += 1
            if self._on_frame is not None:
                self._on_frame(data[body : body + length])
        elif opcode == _CLOSE:
            self.closed = int.from_bytes(data[body : body + 2], "big") if length >= 2 else 1005
        elif opcode == _PING:
            self._write(0x8A, data[body : body + length])

    def send(self, **message: Any) -> None:
        self.send_bytes(json.dumps(message).encode())

    def send_bytes(self, payload: bytes) -> None:
        self._write(_TEXT, payload)

    def _write(self, opcode: int, payload: bytes) -> None:
        """Masked with a key of zeros, which RFC 6455 allows and which costs nothing."""
        assert self._transport is not None
        size = len(payload)
        short = size < 126
        head = struct.pack("!BB", opcode, 0x80 | size) if short else struct.pack("!BBH", opcode, 0xFE, size)
        self._transport.write(head + b"\0\0\0\0" + payload)

    def stop_reading(self) -> None:
        assert self._transport is not None
        self._transport.pause_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def connect(server: Server, person: Person, on_frame: Callable[[bytes], None] | None = None) -> Client:
    """A connection that has been welcomed."""
    where = urlsplit(server.url)
    loop = asyncio.get_running_loop()
    assert where.hostname is not None
    assert where.port is not None
    _, client = await loop.create_connection(
        lambda: Client(where.netloc, on_frame), where.hostname, where.port
    )
    await client.ready
    client.send(type="system.hello", version=1, token=person.token)
    await until(lambda: client.frames > 0 or client.closed is not None)
    if client.closed is not None:
        raise SystemExit(f"the server closed a connection with {client.closed}")
    return client


async def connect_all(server: Server, people: list[Person]) -> list[Client]:
    gate = asyncio.Semaphore(32)

    async def one(person: Person) -> Client:
        async with gate:
            return await connect(server, person)

    return list(await asyncio.gather(*(one(person) for person in people)))


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("a benchmark waited in vain")
        await asyncio.sleep(0.002)


class Sender:
    """Sends a message as soon as the last one is acknowledged, until it is told to stop."""

    def __init__(self, client: Client, room_id: str, size: int) -> None:
        self.client = client
        self.acked = 0
        self.latencies_s: list[float] = []
        self.running = False
        self._room_id, self._content = room_id, "x" * size
        self._sent_at = 0.0

    def start(self) -> None:
        self.running = True
        self._send()

    def on_frame(self, frame: bytes) -> None:
        if frame.startswith(b'{"type":"chat.message.ack"'):
            self.acked += 1
            self.latencies_s.append(time.perf_counter() - self._sent_at)
            if self.running:
                self._send()
        elif frame.startswith(b'{"type":"system.error"'):
            raise SystemExit(frame.decode())

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self.client.send(
            type="chat.message.send",
            room_id=self._room_id,
            nonce=f"n{self.acked}",
            content=self._content,
        )


async def connect_sender(server: Server, person: Person, room_id: str, size: int = 200) -> Sender:
    senders: list[Sender] = []
    client = await connect(server, person, lambda frame: senders[0].on_frame(frame) if senders else None)
    senders.append(Sender(client, room_id, size))
    return senders[0]


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile, `share` from 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
