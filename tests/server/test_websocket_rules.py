"""RFC 6455, case by case: those of Autobahn's fuzzing client, sections 1 to 7 and 9, asked of `/ws`.

Autobahn itself needs Python 2 and a server that echoes. Here what is echoed is the `id` of a `system.ping`,
and where a message is to be of a certain size, white space makes it so. Left out are the cases that only
watch the time that an echo takes, and those on which the standard leaves the choice (6.4, failing before a
message ends). What Autobahn does not ask is whether a frame is masked, which is asked here (section 5.1).
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Final

import aiohttp
import msgspec
import pytest
import websockets
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed

from protocol import limits
from tests.support.conditions import PATIENCE_S
from tests.support.raw_socket import Frame, Op, RawSocket, encode
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Person, register

Said = list[str | int]
"""What came back: texts for what was answered, the code of the close frame at the end."""

PROTOCOL_ERROR: Final = 1002
NOT_TEXT: Final = 1007
TOO_LARGE: Final = 4413


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("rules") / "data"
    # Who is told goodbye while they send is heard out, however long a busy machine makes them take.
    patient = {"MESH_CLOSE_TIMEOUT_S": str(2 * PATIENCE_S)}
    with running_server(folder, MESH_LIMITS_ENABLED="false", **patient) as running:
        yield running


@pytest.fixture(scope="module")
def alice(server: ServerProcess) -> Person:
    """Only her token is of use here: what she registered with is closed."""

    async def sign_up() -> Person:
        async with aiohttp.ClientSession() as http:
            return await register(http, server.url, "alice")

    return asyncio.run(sign_up())


def ping(id_: str, *, size: int = 0) -> bytes:
    return json.dumps({"type": "system.ping", "id": id_}, ensure_ascii=False).encode().ljust(size)


def text(payload: bytes, *, fin: bool = True) -> bytes:
    return encode(Op.TEXT, payload, fin=fin)


def more(payload: bytes, *, fin: bool = False) -> bytes:
    return encode(Op.CONTINUATION, payload, fin=fin)


def close(code: int, reason: bytes = b"") -> bytes:
    return encode(Op.CLOSE, code.to_bytes(2, "big") + reason)


def pieces(payload: bytes, size: int) -> bytes:
    """A text message in frames of so many bytes."""
    cut = [payload[at : at + size] for at in range(0, len(payload), size)]
    return text(cut[0], fin=False) + b"".join(more(part) for part in cut[1:]) + more(b"", fin=True)


def told(frame: Frame) -> str | int:
    if frame.opcode == Op.CLOSE:
        return frame.close_code or 1005
    if frame.opcode == Op.PONG:
        return f"PONG {frame.payload.decode('latin-1')}"
    event = json.loads(frame.payload)
    return str(event.get("code") or event["re"])


async def outcome(alice: Person, sent: bytes, *, chop: int = 0) -> Said:
    """What the server says to `sent`, up to its end or to the answer of one more ping."""
    socket = await RawSocket.open(alice.url, token=alice.token)
    try:
        socket.send(Op.TEXT, b'{"type":"system.hello","version":1}')
        assert (await socket.frame()).opcode == Op.TEXT
        sent += text(ping("the end"))
        for at in range(0, len(sent), chop or len(sent)):
            socket.writer.write(sent[at : at + (chop or len(sent))])
            await asyncio.sleep(0)
        said: Said = []
        while not said or said[-1] != "the end":
            said.append(told(await socket.frame()))
            if isinstance(said[-1], int):
                socket.writer.write(close(1000))
                assert await socket.ended()
                return said
        return said[:-1]
    finally:
        socket.close()


HELLO: Final = ping("a")
VALID: Final = "κόσμε".encode()
BROKEN: Final = VALID + b"\xed\xa0\x80edited"

CASES: Final[dict[str, tuple[bytes, Said]]] = {
    # ── 1: sizes ──
    "1.1 a text of nothing": (text(b""), ["frame.malformed"]),
    **{
        f"1.1 a text of {size} bytes": (text(ping("a", size=size)), ["a"])
        for size in (125, 126, 127, 128, 65_535, limits.FRAME_BYTES)
    },
    **{
        f"1.1 a length in {size} bytes, which are more than it needs": (
            encode(Op.TEXT, HELLO, size_bytes=size), [PROTOCOL_ERROR]
        )
        for size in (2, 8)
    },
    **{
        f"5.1 of the standard: a frame of kind {opcode} without a mask": (
            text(HELLO) + encode(opcode, payload, masked=False) + text(HELLO), ["a", PROTOCOL_ERROR]
        )
        for opcode, payload in ((Op.TEXT, HELLO), (Op.BINARY, HELLO), (Op.PING, b""), (Op.CLOSE, b""))
    },
    "5.1 of the standard: a piece without a mask": (
        text(HELLO[:9], fin=False) + encode(Op.CONTINUATION, HELLO[9:], masked=False), [PROTOCOL_ERROR]
    ),
    "1.2 a binary message where text was agreed": (encode(Op.BINARY, b"\xfe" * 126), ["frame.wrong_kind"]),
    # ── 2: pings and pongs ──
    "2.1 a ping of nothing": (encode(Op.PING), ["PONG "]),
    "2.2 a ping of a text": (encode(Op.PING, b"Hello, world!"), ["PONG Hello, world!"]),
    "2.3 a ping that is no text": (encode(Op.PING, b"\x00\xff\xfe"), ["PONG \x00\xff\xfe"]),
    "2.4 a ping of 125 bytes": (encode(Op.PING, b"\xfe" * 125), ["PONG " + "\xfe" * 125]),
    "2.5 a ping of 126 bytes": (encode(Op.PING, b"\xfe" * 126), [PROTOCOL_ERROR]),
    "2.7 a pong that nobody asked for": (encode(Op.PONG), []),
    "2.8 such a pong of a text": (encode(Op.PONG, b"unasked for"), []),
    "2.9 such a pong, then a ping": (encode(Op.PONG, b"x") + encode(Op.PING, b"ping"), ["PONG ping"]),
    "2.10 ten pings": (
        b"".join(encode(Op.PING, b"%d" % number) for number in range(10)),
        [f"PONG {number}" for number in range(10)],
    ),
    # ── 3: reserved bits ──
    **{
        f"3 a text with the reserved bits {rsv:03b}": (encode(Op.TEXT, HELLO, rsv=rsv), [PROTOCOL_ERROR])
        for rsv in range(1, 8)
    },
    "3.4 after a good message": (text(HELLO) + encode(Op.TEXT, HELLO, rsv=4), ["a", PROTOCOL_ERROR]),
    "3.6 a ping with a reserved bit": (encode(Op.PING, b"x", rsv=2), [PROTOCOL_ERROR]),
    "3.7 a close with reserved bits": (encode(Op.CLOSE, rsv=7), [PROTOCOL_ERROR]),
    # ── 4: opcodes ──
    **{
        f"4 the opcode {opcode}": (text(HELLO) + encode(opcode, b"x"), ["a", PROTOCOL_ERROR])
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    # ── 5: pieces ──
    "5.1 a ping in two pieces": (
        encode(Op.PING, b"one", fin=False) + more(b"two", fin=True), [PROTOCOL_ERROR]
    ),
    "5.2 a pong in two pieces": (
        encode(Op.PONG, b"one", fin=False) + more(b"two", fin=True), [PROTOCOL_ERROR]
    ),
    "5.3 a text in two pieces": (text(HELLO[:9], fin=False) + more(HELLO[9:], fin=True), ["a"]),
    "5.6 with a ping between them": (
        text(HELLO[:9], fin=False) + encode(Op.PING, b"hi") + more(HELLO[9:], fin=True), ["PONG hi", "a"]
    ),
    "5.9 a continuation of nothing": (more(HELLO, fin=True) + text(HELLO), [PROTOCOL_ERROR]),
    "5.12 one that does not end, of nothing": (more(HELLO) + text(HELLO), [PROTOCOL_ERROR]),
    "5.15 one after a message that was over": (
        text(HELLO[:9], fin=False) + more(HELLO[9:], fin=True) + more(b"x") + text(HELLO),
        ["a", PROTOCOL_ERROR],
    ),
    "5.18 a text within a text": (text(HELLO, fin=False) + text(HELLO), [PROTOCOL_ERROR]),
    "5.19 five pieces and pings between them": (
        text(HELLO[:5], fin=False) + more(HELLO[5:8]) + encode(Op.PING, b"1") + more(HELLO[8:11])
        + more(HELLO[11:14]) + encode(Op.PING, b"2") + more(HELLO[14:], fin=True),
        ["PONG 1", "PONG 2", "a"],
    ),
    # ── 6: UTF-8 ──
    "6.1 pieces of nothing": (text(b"", fin=False) + more(b"") + more(b"", fin=True), ["frame.malformed"]),
    "6.1 a text between pieces of nothing": (
        text(b"", fin=False) + more(HELLO) + more(b"", fin=True), ["a"]
    ),
    "6.2 text that is more than ASCII": (text(ping("Hello-µ@ßöäüàá-UTF-8!!")), ["Hello-µ@ßöäüàá-UTF-8!!"]),
    "6.2 cut within each character": (pieces(ping("κόσμε€𤭢"), 1), ["κόσμε€𤭢"]),
    "6.3 broken text": (text(b'{"type":"system.ping","x":"' + BROKEN + b'"}'), [NOT_TEXT]),
    "6.3 broken text, byte by byte": (pieces(b'{"type":"system.ping","x":"' + BROKEN + b'"}', 1), [NOT_TEXT]),
    # ── 7: closing ──
    "7.1.1 a message, then a close": (text(HELLO) + close(1000), ["a", 1000]),
    "7.1.2 two closes": (close(1000) + close(1000), [1000]),
    "7.1.3 a ping after a close": (close(1000) + encode(Op.PING), [1000]),
    "7.1.4 a text after a close": (close(1000) + text(HELLO), [1000]),
    "7.1.5 a close between pieces": (
        text(HELLO[:9], fin=False) + close(1000) + more(HELLO[9:], fin=True), [1000]
    ),
    "7.1.6 a large message, then a close": (text(ping("a", size=60_000)) + close(1000), ["a", 1000]),
    "7.3.1 a close of nothing": (encode(Op.CLOSE), [1000]),
    "7.3.2 a close of one byte": (encode(Op.CLOSE, b"a"), [PROTOCOL_ERROR]),
    "7.3.4 a close with a reason": (close(1000, b"Hello World!"), [1000]),
    "7.3.5 with the longest reason": (close(1000, b"*" * 123), [1000]),
    "7.3.6 with one that is longer": (close(1000, b"*" * 124), [PROTOCOL_ERROR]),
    "7.5 with a broken reason": (close(1000, BROKEN), [NOT_TEXT]),
    **{
        f"7.7 a close with the code {code}": (close(code), [1000])
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    },
    **{
        f"7.9 a close with the code {code}, which is none": (close(code), [PROTOCOL_ERROR])
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    # ── 9: limits ──
    "9.1 a message that is too large by a byte": (
        text(ping("a", size=limits.FRAME_BYTES + 1)), ["frame.too_large", TOO_LARGE]
    ),
    "9.1 a message too large to be read": (text(b" " * 4 * limits.FRAME_BYTES), [TOO_LARGE]),
    "9.1 one that says it will be": (encode(Op.TEXT, HELLO, size=2**40, size_bytes=8), [TOO_LARGE]),
    "9.3 too large in pieces that are not": (pieces(b" " * 4 * limits.FRAME_BYTES, 16_000), [TOO_LARGE]),
    **{
        f"9.3 the largest message in pieces of {size}": (
            pieces(ping("a", size=limits.FRAME_BYTES), size), ["a"]
        )
        for size in (64, 256, 1_024, 4_096, 16_384)
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_each_case(alice: Person, name: str) -> None:
    sent, expected = CASES[name]
    assert await outcome(alice, sent) == expected


@pytest.mark.parametrize(
    ("unreadable", "code"),
    [
        (encode(Op.TEXT, size=2**40, size_bytes=8), TOO_LARGE),
        (encode(Op.TEXT, HELLO, rsv=4), PROTOCOL_ERROR),
    ],
    ids=["too large", "a reserved bit"],
)
async def test_who_is_still_sending_is_heard_out(alice: Person, unreadable: bytes, code: int) -> None:
    """A line that is let go while its client sends is reset, which may take the goodbye with it."""
    socket = await RawSocket.open(alice.url, token=alice.token)
    socket.send(Op.TEXT, b'{"type":"system.hello","version":1}')
    assert (await socket.frame()).opcode == Op.TEXT
    socket.writer.write(unreadable)
    assert told(await socket.frame()) == code
    assert await socket.reader.read() == b""  # it says no more
    for _ in range(4):  # where it does not listen either, the first is answered with a reset
        socket.writer.write(b" " * 16_000)
        await socket.writer.drain()
    socket.close()


@pytest.mark.parametrize("chop", [1, 7, 64, 1_000])
async def test_how_the_line_cuts_it_makes_no_difference(alice: Person, chop: int) -> None:
    """Sections 2.6 and 9.5; a pong may overtake an answer."""
    sent = text(ping("a")) + encode(Op.PING, b"x" * 125) + pieces(ping("κόσμε", size=2_000), 100)
    assert set(await outcome(alice, sent, chop=chop)) == {"a", "PONG " + "x" * 125, "κόσμε"}


# ── 6.5 and on: which text is text (by Markus Kuhn's list, as Autobahn does) ────────────────────────

GOOD_TEXT: Final = [
    b"hello\x24world", b"hello\xc2\xa2world", b"hello\xe2\x82\xacworld", b"hello\xf0\xa4\xad\xa2world",
    VALID, b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80", b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf",
    b"\xf4\x8f\xbf\xbf", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xef\xbf\xbe",
    b"\xf0\x9f\xbf\xbf", b"\xef\xbf\xb9",
]  # fmt: skip
BAD_TEXT: Final = [
    *(VALID[:size] for size in (1, 3, 5, 7, 9)),
    b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf",
    b"\xfd\xbf\xbf\xbf\xbf\xbf", b"\xf4\x90\x80\x80", b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80",
    bytes(range(0x80, 0xBF)), *(bytes([start, 0x20]) for start in (0xC0, 0xDF, 0xE0, 0xF0, 0xF8, 0xFC)),
    b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf", b"\xfe", b"\xff",
    b"\xfe\xfe\xff\xff", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf",
    b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80",
    b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80", b"\xed\xaf\xbf\xed\xbf\xbf",
]  # fmt: skip


@pytest.mark.parametrize("letters", GOOD_TEXT, ids=bytes.hex)
async def test_what_is_text(alice: Person, letters: bytes) -> None:
    sent = b'{"type":"system.ping","id":"' + letters + b'"}'
    assert await outcome(alice, text(sent)) == [letters.decode()]


@pytest.mark.parametrize("letters", BAD_TEXT, ids=bytes.hex)
async def test_what_is_no_text_even_where_nobody_looks(alice: Person, letters: bytes) -> None:
    for field in (b"id", b"nobody knows this field"):
        sent = b'{"type":"system.ping","' + field + b'":"' + letters + b'"}'
        assert await outcome(alice, text(sent)) == [NOT_TEXT]


# ── with a client that somebody else wrote ───────────────────────────────────────────────────────


async def test_a_client_of_another_house(alice: Person) -> None:
    """The `websockets` library: its handshake, its pings, messages in pieces, its way of closing."""
    headers = {"Authorization": f"Bearer {alice.token}"}
    url = alice.url.replace("http", "ws") + "/ws"
    async with websockets.connect(
        url, additional_headers=headers, subprotocols=[Subprotocol("mesh.v1.json")]
    ) as wire:
        assert wire.subprotocol == "mesh.v1.json"
        assert wire.response is not None
        assert "sec-websocket-extensions" not in wire.response.headers  # nothing is compressed
        await wire.send(json.dumps({"type": "system.hello", "version": 1}))
        assert json.loads(await wire.recv())["type"] == "system.welcome"
        await (await wire.ping(b"x"))
        await wire.send(['{"type":"sys', 'tem.ping","id":', '"a"}'])
        assert json.loads(await wire.recv())["re"] == "a"
    assert wire.close_code == 1000


async def test_a_client_of_another_house_in_messagepack(alice: Person) -> None:
    headers = {"Authorization": f"Bearer {alice.token}"}
    url = alice.url.replace("http", "ws") + "/ws"
    async with websockets.connect(
        url, additional_headers=headers, subprotocols=[Subprotocol("mesh.v1.msgpack")]
    ) as wire:
        await wire.send(msgspec.msgpack.encode({"type": "system.hello", "version": 1}))
        assert msgspec.msgpack.decode(await wire.recv(decode=False))["type"] == "system.welcome"
        await wire.send("text, where binary was agreed")
        assert msgspec.msgpack.decode(await wire.recv(decode=False))["code"] == "frame.wrong_kind"
        await wire.send(b"\x00" * 200_000)
        with pytest.raises(ConnectionClosed) as closed:
            await wire.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == TOO_LARGE
