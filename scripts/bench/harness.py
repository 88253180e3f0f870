"""What every benchmark of the server shares: a real server, cheap clients, and one line of JSON a figure.

Strategy: the server is a process of its own, started as anyone would start it, but with cheap password
hashes, so that a thousand accounts do not take minutes, and without rates that one sender can reach. The
clients are plain asyncio protocols that count frames and parse only acknowledgements, so that two cores are
enough for both sides; where the load is the server's alone to bear, what is told is its own CPU time. What
is compared is always measured in one run.
"""

import asyncio
import base64
import json
import os
import random
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
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import aiohttp
import uvloop

from scripts.bench.seed import Person

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def run(measurement: Coroutine[Any, Any, None]) -> None:
    """Runs the clients on uvloop, so that they are not what is measured; ended early, it ends its servers."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measurement)


def report(bench: str, case: str, value: float, unit: str, **more: Any) -> None:
    """Prints one figure as a line of JSON."""
    rounded = float(f"{value:.4g}")
    figure = int(rounded) if rounded == int(rounded) else rounded
    line = {"bench": bench, "case": case, "value": figure, "unit": unit, "cores": os.cpu_count()}
    print(json.dumps(line | more), flush=True)


def skip(bench: str, case: str, reason: str) -> None:
    """Says why there is no figure."""
    print(json.dumps({"bench": bench, "case": case, "value": None, "skipped": reason}), flush=True)


# ── the server ───────────────────────────────────────────────────────────────────────────────────

_SETTINGS = {"MESH_BCRYPT_COST": "4", "MESH_LOG_LEVEL": "warning", "MESH_LIMITS_ENABLED": "false"}


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    pid: int

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE


@contextmanager
def data_folder() -> Iterator[Path]:
    """An empty folder on a real disk (MESH_BENCH_DIR, or where temporary files go), gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mesh-bench-", dir=os.environ.get("MESH_BENCH_DIR")) as folder:
        yield Path(folder)


@contextmanager
def data_folder_named(path: str | None) -> Iterator[Path]:
    """This folder, made where it is not there, and kept; or one that is gone afterwards."""
    if path is None:
        with data_folder() as folder:
            yield folder
        return
    Path(path).mkdir(parents=True, exist_ok=True)
    yield Path(path)


@contextmanager
def running_server(
    folder: Path | None = None, *, listen: str = "127.0.0.1", **settings: str
) -> Iterator[Server]:
    """A server on a free port of that address, on this data folder or on one of its own."""
    raise_file_limit()
    if folder is None:
        with data_folder() as own, running_server(own, listen=listen, **settings) as server:
            yield server
        return
    environment = os.environ | _SETTINGS | settings
    process = subprocess.Popen(
        [sys.executable, "-m", "mesh_server", "--listen", f"{listen}:0", "--data", str(folder)],
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
        if self._upgraded:
            self._received(data)
            return
        head, end, rest = (self._buffer + data).partition(b"\r\n\r\n")
        if not end:
            self._buffer = head
            return
        self._upgraded, self._buffer = True, b""
        self.ready.set_result(None)
        self._received(rest)

    def _received(self, data: bytes) -> None:
        data = self._buffer + data
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
            self.closed = self.closed or 1000
            self._transport.abort()


class Reader(Client):
    """Counts the messages after the welcome by their name alone, so that a thousand readers cost little."""

    _WELCOME = b'"system.welcome"'
    _NAME = b'"chat.message.created"'

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.welcomed = False

    def _received(self, data: bytes) -> None:
        if not self.welcomed:
            self._buffer += data
            self.welcomed = self._WELCOME in self._buffer
            return
        keep = len(self._NAME) - 1
        seam = self._buffer[-keep:] + data[:keep]
        self.frames += data.count(self._NAME) + seam.count(self._NAME)
        self._buffer = (seam if len(data) < keep else data)[-keep:]


ADDRESS_CONNECTIONS = 20_000
"""Connections from one address: it has 28,000 ports."""


async def connect(
    server: Server, person: Person, on_frame: Callable[[bytes], None] | None = None, source: str | None = None
) -> Client:
    """A connection that has been welcomed."""
    client = await _open(server, lambda host: Client(host, on_frame), source)
    client.send(type="system.hello", version=1, token=person.token)
    await until(lambda: client.frames > 0 or client.closed is not None)
    _check(client)
    return client


async def connect_reader(server: Server, person: Person, source: str | None = None) -> Reader:
    """As `connect`, for someone who only reads."""
    reader = await _open(server, Reader, source)
    reader.send(type="system.hello", version=1, token=person.token)
    await until(lambda: reader.welcomed or reader.closed is not None)
    _check(reader)
    return reader


AnyClient = TypeVar("AnyClient", bound=Client)


async def _open(server: Server, make: Callable[[str], AnyClient], source: str | None) -> AnyClient:
    where = urlsplit(server.url)
    assert where.hostname is not None
    assert where.port is not None
    _, client = await asyncio.get_running_loop().create_connection(
        lambda: make(where.netloc),
        where.hostname,
        where.port,
        local_addr=None if source is None else (source, 0),
    )
    await client.ready
    return client


def _check(client: Client) -> None:
    if client.closed is not None:
        raise SystemExit(f"the server closed a connection with {client.closed}")


async def connect_all(server: Server, people: list[Person]) -> list[Reader]:
    gate = asyncio.Semaphore(32)

    async def one(number: int, person: Person) -> Reader:
        async with gate:
            return await connect_reader(server, person, f"127.0.0.{2 + number // ADDRESS_CONNECTIONS}")

    return list(await asyncio.gather(*(one(number, person) for number, person in enumerate(people))))


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("a benchmark waited in vain")
        await asyncio.sleep(0.002)


class Sender:
    """Sends messages over one connection until it is told to stop, each with the time in it.

    A message goes out as soon as the last one is acknowledged; or, where `every_s` is given, that often,
    whatever comes back: its latency counts from the moment that it was due. What the server has no room for
    now is `refused`, and the next goes out when it says that it may.
    """

    def __init__(self, client: Client, room_id: str, size: int = 200) -> None:
        self.client = client
        self.sent = self.acked = self.refused = 0
        self.latencies_s: list[float] = []
        self.running = False
        self._room_id, self._size = room_id, size
        self._due: dict[str, float] = {}
        self._run = secrets.token_hex(4)
        self._every_s: float | None = None

    def start(self, every_s: float | None = None) -> None:
        self.running, self._every_s = True, every_s
        if every_s is None:
            self._send(time.perf_counter())
        else:
            self._at(time.perf_counter() + random.uniform(0, every_s))

    def _at(self, due: float) -> None:
        asyncio.get_running_loop().call_later(max(0, due - time.perf_counter()), self._tick, due)

    def _tick(self, due: float) -> None:
        if self.running and self.client.closed is None:
            self._send(due)
            assert self._every_s is not None
            self._at(due + self._every_s)

    def on_frame(self, frame: bytes) -> None:
        if frame.startswith(b'{"type":"chat.message.ack"'):
            nonce = frame.partition(b'"nonce":"')[2].partition(b'"')[0].decode()
            now = time.perf_counter()
            self.acked += 1
            self.latencies_s.append(now - self._due.pop(nonce))
            if self.running and self._every_s is None:
                self._send(now)
        elif frame.startswith(b'{"type":"system.error"'):
            self._on_error(json.loads(frame))

    def _on_error(self, error: dict[str, Any]) -> None:
        if error["code"] != "rate.limited":
            raise SystemExit(f"a message was refused: {error}")
        self.refused += 1
        if self._every_s is None:
            asyncio.get_running_loop().call_later(error["retry_after"], self._again)

    def _again(self) -> None:
        if self.running:
            self._send(time.perf_counter())

    def _send(self, due: float) -> None:
        self.sent += 1
        nonce = f"{self._run}-{self.sent}"
        self._due[nonce] = due
        self.client.send(
            type="chat.message.send",
            room_id=self._room_id,
            nonce=nonce,
            content=f"{due:.6f} ".ljust(self._size, "x"),
        )


class Watcher:
    """Reads in full, and notes how long after it was due each message came."""

    def __init__(self) -> None:
        self.latencies_s: list[float] = []

    def on_frame(self, frame: bytes) -> None:
        _, found, rest = frame.partition(b'"content":"')
        if found and frame.startswith(b'{"type":"chat.message.created"'):
            self.latencies_s.append(time.perf_counter() - float(rest[: rest.index(b" ")]))


async def connect_sender(server: Server, person: Person, room_id: str) -> Sender:
    senders: list[Sender] = []
    client = await connect(server, person, lambda frame: senders[0].on_frame(frame) if senders else None)
    senders.append(Sender(client, room_id))
    return senders[0]


async def connect_watcher(server: Server, person: Person) -> tuple[Client, Watcher]:
    watcher = Watcher()
    return await connect(server, person, watcher.on_frame), watcher


def milliseconds(latencies_s: list[float]) -> dict[str, float]:
    """The figures that are told of latencies."""
    if not latencies_s:
        return {}
    return {f"p{share:g}_ms": round(percentile(latencies_s, share / 100) * 1000, 2) for share in (50, 99)}


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile, `share` from 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
