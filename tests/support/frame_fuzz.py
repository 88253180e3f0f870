"""Frames that nobody foresaw, at a real server, while two people go on talking.

Strategy: every frame begins as one of the examples of the wire, filled with ids that there are, and is then
bent by grammar (fields renamed, dropped, repeated, of another type, far too deep), bent by bytes (flipped,
cut, doubled, spliced), or wrapped in frames that RFC 6455 forbids. After each batch the connection is asked
for a pong, which tells whether it is still served. One seed makes the same frames again.
"""

import asyncio
import contextlib
import itertools
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from protocol.codec import FORMATS, Format
from protocol.events import Error, Pong
from tests.protocol import examples
from tests.support.conditions import PATIENCE_S
from tests.support.raw_socket import Frame, Op, RawSocket, encode
from tests.support.server import ServerProcess
from tests.support.wire import Person, register

SETTINGS: Final = {"MESH_LIMITS_ENABLED": "false", "MESH_LIMITS_REFUSALS": "off"}
"""What the server is told, so that it reads every frame instead of hanging up on whoever sends them."""

BATCH: Final = 40
WORKERS: Final = 4
CLOSE_CODES: Final = {1000, 1002, 1003, 1007, 1009, 4400, 4401, 4413}
"""What a server may say to a client that sends nonsense."""

GARBAGE_EVERY: Final = 20
"""Batches after which a connection ends in bytes that are no frame."""

GROWTH_BYTES: Final = 48 * 1024 * 1024
"""How much more memory a server may hold after the second half of a run than after the first."""

SPARE_TASKS: Final = 8
"""Those of HTTP connections that are kept for the next request."""

_PONG: Final = "are you there?"

Json = dict[str, Any]
Random = random.Random


class FrameMaker:
    """Frames of one connection, as bytes on the line. `known` are ids by the examples' own."""

    def __init__(self, rng: Random, wire: Format, known: dict[str, str]) -> None:
        self._rng, self._wire = rng, wire
        self._opcode = Op.BINARY if wire.binary else Op.TEXT
        self._numbers = itertools.count(1)
        words = {**known, examples.ACCESS_TOKEN: "no-token"}
        self._requests = [self._filled(one, words) for one in examples.CLIENT_TO_SERVER.values()]
        self._kinds: list[tuple[Callable[[], bytes], int]] = [
            (self._as_it_should_be, 6),
            (self._bent_by_grammar, 50),
            (self._bent_by_bytes, 25),
            (self._noise, 8),
            (self._in_pieces, 6),
            (self._control, 3),
            (self._violation, 2),
        ]

    @staticmethod
    def _filled(request: Any, words: dict[str, str]) -> Json:
        text = json.dumps(msgspec.to_builtins(request))
        for example, real in words.items():
            text = text.replace(example, real)
        filled: Json = json.loads(text)
        return filled

    def garbage(self) -> bytes:
        """What is no frame at all; nobody can tell where it ends."""
        return self._rng.randbytes(self._rng.choice((1, 3, 40)))

    def next(self) -> bytes:
        kinds, weights = zip(*self._kinds, strict=True)
        make: Callable[[], bytes] = self._rng.choices(kinds, weights)[0]
        return make()

    # ── what a frame holds ───────────────────────────────────────────────────────────────────────

    def _request(self) -> Json:
        request = dict(self._rng.choice(self._requests))
        if "nonce" in request and self._rng.random() < 0.5:
            request["nonce"] = f"n{next(self._numbers)}-{self._rng.getrandbits(32)}"
        return request

    def _bytes(self, value: Any) -> bytes:
        if self._wire.binary:
            return msgspec.msgpack.encode(value)
        return json.dumps(value, ensure_ascii=self._rng.random() < 0.5).encode("utf-8", "surrogatepass")

    def _junk(self) -> Any:
        rng = self._rng
        deep: Any = "x"
        for _ in range(rng.choice((1, 5, 200, 900))):
            deep = [deep] if rng.random() < 0.5 else {"a": deep}
        return rng.choice(
            [
                None, True, False, 0, -1, 2**53, -(2**63), 1e308, 0.1, "", " ", "\x00", "\u202e", "👩‍👩‍👧‍👦",
                "x" * rng.choice((65, 5_000, 9_000)), [], {}, [[]], {"": ""}, deep, ["x"] * 200,
                "é" * 33, "../..", "%s%n", "'; --", "\ufeff", rng.getrandbits(60), [None], {"type": "x"},
            ]
        )  # fmt: skip

    def _bend(self, value: Any) -> Any:
        """A copy of `value` with one thing about it that is not as it should be."""
        rng = self._rng
        if isinstance(value, dict) and value and rng.random() < 0.9:
            name = rng.choice(list(value))
            bent = dict(value)
            how = rng.randrange(5)
            if how == 0:
                del bent[name]
            elif how == 1:
                bent[rng.choice(("", "TYPE", "id", "re", "rev", "content_type", name * 2))] = bent.pop(name)
            elif how == 2:
                bent[rng.choice(("id", "extra", "thread", "resume", "mentions"))] = self._junk()
            else:
                bent[name] = self._bend(bent[name])
            return bent
        if isinstance(value, list) and value and rng.random() < 0.5:
            return [*value, self._bend(rng.choice(value))] * rng.choice((1, 1, 50))
        return self._junk()

    # ── frames ───────────────────────────────────────────────────────────────────────────────────

    def _as_it_should_be(self) -> bytes:
        return encode(self._opcode, self._bytes(self._request()))

    def _bent_by_grammar(self) -> bytes:
        value: Any = self._request()
        for _ in range(self._rng.choice((1, 1, 2, 4))):
            value = self._bend(value)
        data = self._bytes(value)
        if not self._wire.binary and self._rng.random() < 0.1:
            data = data.replace(b"{", b'{"type": "system.ping", ', 1)  # a name that is there twice
        return encode(self._opcode, data)

    def _bent_by_bytes(self) -> bytes:
        data = bytearray(self._bytes(self._request()))
        rng = self._rng
        for _ in range(rng.choice((1, 2, 8))):
            at = rng.randrange(len(data) + 1)
            how = rng.randrange(5)
            if how == 0 and at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            elif how == 1:
                del data[at:]
            elif how == 2:
                data[at:at] = rng.randbytes(rng.choice((1, 4, 30)))
            elif how == 3:
                data[at:at] = data[: rng.randrange(len(data) + 1)]
            else:
                data[at:] = self._bytes(self._request())[at:]
        return encode(self._opcode_for(bytes(data)), bytes(data))

    def _opcode_for(self, data: bytes) -> Op:
        """Text that is no UTF-8 ends a connection; that is left to `_violation`, mostly."""
        if self._opcode is Op.BINARY or self._rng.random() < 0.02:
            return self._opcode
        with contextlib.suppress(UnicodeDecodeError):
            data.decode()
            return Op.TEXT
        return Op.BINARY

    def _noise(self) -> bytes:
        data = self._rng.randbytes(self._rng.choice((0, 1, 2, 20, 400)))
        return encode(self._opcode_for(data), data)

    def _in_pieces(self) -> bytes:
        """A message cut into frames, with pings between them, which is all allowed."""
        data = self._bytes(self._request())
        cut = self._rng.randrange(len(data) + 1)
        middle = (
            encode(Op.PING, b"between") if self._rng.random() < 0.5 else encode(Op.CONTINUATION, fin=False)
        )
        first = encode(self._opcode, data[:cut], fin=False)
        return first + middle + encode(Op.CONTINUATION, data[cut:])

    def _control(self) -> bytes:
        payload = self._rng.randbytes(self._rng.choice((0, 1, 125)))
        return encode(self._rng.choice((Op.PING, Op.PONG)), payload)

    def _violation(self) -> bytes:
        rng, payload = self._rng, self._bytes(self._request())
        choices: list[Callable[[], bytes]] = [
            lambda: encode(self._opcode, payload, rsv=rng.randrange(1, 8)),
            lambda: encode(rng.choice((3, 4, 5, 6, 7, 11, 12, 13, 14, 15)), payload),
            lambda: encode(Op.PING, rng.randbytes(126)),
            lambda: encode(Op.PING, b"x", fin=False),
            lambda: encode(Op.CONTINUATION, payload),
            lambda: encode(self._opcode, payload, fin=False) + encode(self._opcode, payload),
            lambda: encode(self._opcode, payload, size=2**63 - 1, size_bytes=8),
            lambda: encode(self._opcode, payload, size=2**64 - 1, size_bytes=8),
            lambda: encode(self._opcode, b"x" * 140_000),
            lambda: encode(Op.TEXT, b"\xff\xfe" + payload),
            lambda: encode(Op.CLOSE, b"\x03"),
            lambda: encode(Op.CLOSE, rng.choice((0, 999, 1004, 1005, 1006, 5000)).to_bytes(2, "big")),
            lambda: encode(Op.CLOSE, b"\x03\xe8\xff\xff"),
            lambda: encode(Op.CLOSE, (1000).to_bytes(2, "big") + b"goodbye"),
        ]
        return rng.choice(choices)()


@dataclass
class Tally:
    """What a run saw."""

    sent: int = 0
    connections: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    closes: Counter[int] = field(default_factory=Counter)
    talked: int = 0
    grew_bytes: int = 0
    tasks: tuple[int, int] = (0, 0)


class Worker:
    """One person, who connects again and again and sends what the maker makes."""

    def __init__(
        self, person: Person, rng: Random, wire: Format, known: dict[str, str], tally: Tally
    ) -> None:
        self._person, self._wire, self._tally = person, wire, tally
        self._maker = FrameMaker(rng, wire, known)
        self._batches = self._left = 0
        self._room_id = known[examples.ROOM]

    async def send(self, frames: int) -> None:
        self._left = frames
        while self._left > 0:
            socket = await RawSocket.open(
                self._person.url, token=self._person.token, subprotocol=self._wire.subprotocol
            )
            self._tally.connections += 1
            for hello in (
                {"type": "system.hello", "version": 1},
                {"type": "room.join", "room_id": self._room_id},
            ):
                self._say(socket, hello)
            try:
                while self._left > 0 and await self._batch(socket, min(BATCH, self._left)):
                    pass
            except (ConnectionError, asyncio.IncompleteReadError):
                pass  # whoever breaks the rules of the line may be hung up on
            finally:
                socket.close()

    def _say(self, socket: RawSocket, message: Json) -> None:
        data = msgspec.msgpack.encode(message) if self._wire.binary else json.dumps(message).encode()
        socket.send(Op.BINARY if self._wire.binary else Op.TEXT, data)

    async def _batch(self, socket: RawSocket, count: int) -> bool:
        """Whether the connection is still there after `count` frames more."""
        for _ in range(count):
            socket.writer.write(self._maker.next())
            self._tally.sent += 1
            self._left -= 1
            if socket.writer.is_closing():
                break
        self._batches += 1
        if self._batches % GARBAGE_EVERY == 0:
            socket.writer.write(self._maker.garbage())
            socket.writer.write_eof()
            return not await socket.ended()
        self._say(socket, {"type": "system.ping", "id": _PONG})
        await socket.writer.drain()
        while True:
            frame = await socket.frame()
            if frame.opcode == Op.CLOSE:
                code = frame.close_code or 1005
                assert code in CLOSE_CODES, frame
                self._tally.closes[code] += 1
                return False
            if frame.opcode not in (Op.PING, Op.PONG) and self._is_the_pong(frame):
                return True

    def _is_the_pong(self, frame: Frame) -> bool:
        event = self._wire.decode_event(frame.payload)
        name = event.code if isinstance(event, Error) else type(event).__name__
        assert name != "server.internal", frame
        self._tally.answers[name] += 1
        return isinstance(event, Pong) and event.re == _PONG


async def _talk(alice: Person, bob: Person, room_id: str, tally: Tally, over: asyncio.Event) -> None:
    """Two who know nothing of it: everything that one says reaches the other, in its order."""
    async with alice.socket() as mine, bob.socket() as theirs:
        number = 0
        while not over.is_set():
            number += 1
            ack = await mine.say(room_id, f"message {number}")
            heard = await theirs.wait("chat.message.created")
            assert (heard["message"]["content"], heard["message"]["seq"]) == (f"message {number}", ack["seq"])
            mine.seen.clear()
            theirs.seen.clear()
            tally.talked += 1
            await asyncio.sleep(0.02)


def resident_bytes(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


async def _gauge(http: aiohttp.ClientSession, url: str, name: str) -> int:
    async with http.get(f"{url}/metrics") as response:
        found = re.search(rf"^{name} (\S+)$", await response.text(), re.MULTILINE)
    assert found is not None, name
    return int(float(found[1]))


async def run(server: ServerProcess, frames: int, seed: int) -> Tally:
    """Raises: AssertionError, where the server did not stand it."""
    tally = Tally()
    async with aiohttp.ClientSession() as http:
        alice, bob = [await register(http, server.url, name) for name in ("alice", "bob")]
        quiet = await alice.create_room("A quiet place")
        await bob.join(quiet)
        loud = await alice.create_room("A loud place")
        async with alice.socket() as socket:
            said = [await socket.say(loud, word) for word in ("one", "two")]
        known = {
            examples.ROOM: loud,
            examples.FIRST: said[0]["message_id"],
            examples.SECOND: said[1]["message_id"],
            examples.ALICE: alice.user_id,
            examples.BOB: bob.user_id,
        }
        workers = []
        for number in range(WORKERS):
            person = await register(http, server.url, f"fuzz-{number}")
            wire = list(FORMATS.values())[number % len(FORMATS)]
            workers.append(Worker(person, Random(f"{seed}/{number}"), wire, known, tally))
        over = asyncio.Event()
        talk = asyncio.create_task(_talk(alice, bob, quiet, tally, over))
        before = await _gauge(http, server.url, "mesh_tasks")
        held = 0
        for _ in range(2):
            held, earlier = 0, held
            async with asyncio.TaskGroup() as group:
                for worker in workers:
                    group.create_task(worker.send(frames // WORKERS // 2))
            held = resident_bytes(server.pid)
            tally.grew_bytes = held - earlier if earlier else 0
        over.set()
        await talk
        tally.tasks = (before, await _settled(http, server.url, before + SPARE_TASKS))
    assert tally.grew_bytes < GROWTH_BYTES, f"{tally.grew_bytes:,} bytes more"
    assert '"level": "error"' not in server.log_text(), server.log_text()[-4_000:]
    return tally


async def _settled(http: aiohttp.ClientSession, url: str, most: int) -> int:
    """The number of tasks, once it is `most` at most and every connection is gone. Raises: AssertionError."""
    connections, tasks = -1, -1
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while connections or tasks > most:
                await asyncio.sleep(0.05)
                connections = await _gauge(http, url, "mesh_connections")
                tasks = await _gauge(http, url, "mesh_tasks")
            return tasks
    raise AssertionError(f"{connections} connections, and {tasks} tasks, more than {most}")
