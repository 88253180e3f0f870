"""What is taken out of the bytes of a client; what a server says to them is in `test_websocket_rules`."""

import asyncio

import pytest
from aiohttp import WSCloseCode, WSMessage, WSMsgType
from aiohttp.base_protocol import BaseProtocol

from mesh_server.ws.reading import FrameReader, Unreadable
from tests.support.raw_socket import Op, encode

MOST = 70_000

Said = list[tuple[WSMsgType, bytes]]


class Line(BaseProtocol):
    """Knows whether it was told to wait."""

    _waits = False

    def waits(self) -> bool:
        return self._waits

    def pause_reading(self) -> None:
        self._waits = True

    def resume_reading(self, _resume_parser: bool = True) -> None:
        self._waits = False


class Reading:
    def __init__(self) -> None:
        self.line = Line(asyncio.get_running_loop())
        self.frames = FrameReader(self.line, MOST)

    def feed(self, *frames: bytes) -> "Reading":
        for frame in frames:
            self.frames.feed_data(frame)
        return self

    def taken(self) -> Said:
        said = []
        while (message := self.frames.next()) is not None:
            said.append((message.type, message.data))
        return said


def pieces(payload: bytes, size: int) -> list[bytes]:
    cut = [payload[at : at + size] for at in range(0, len(payload), size)]
    first = encode(Op.TEXT, cut[0], fin=False)
    return [first, *(encode(Op.CONTINUATION, part, fin=False) for part in cut[1:]), encode(Op.CONTINUATION)]


LARGE = bytes(range(256)) * 260
SENT = b"".join(
    [
        encode(Op.TEXT, b"Hello!"),
        encode(Op.PING),
        encode(Op.BINARY, LARGE),
        *pieces(b"in pieces", 2),
        encode(Op.PONG, b"x" * 125),
        encode(Op.TEXT, b"y" * 126),
        encode(Op.TEXT),
    ]
)
MEANT: Said = [
    (WSMsgType.TEXT, b"Hello!"),
    (WSMsgType.PING, b""),
    (WSMsgType.BINARY, LARGE),
    (WSMsgType.TEXT, b"in pieces"),
    (WSMsgType.PONG, b"x" * 125),
    (WSMsgType.TEXT, b"y" * 126),
    (WSMsgType.TEXT, b""),
]


@pytest.mark.parametrize("step", [1, 2, 7, 1_000, 66_566, len(SENT)])
@pytest.mark.parametrize("asked", ["after each", "at the end"])
async def test_how_the_line_cuts_it_makes_no_difference(step: int, asked: str) -> None:
    reading = Reading()
    said: Said = []
    for at in range(0, len(SENT), step):
        reading.feed(SENT[at : at + step])
        if asked == "after each":
            said += reading.taken()
    assert said + reading.taken() == MEANT


async def test_who_waits_is_woken_by_what_comes_and_by_the_end() -> None:
    reading = Reading()
    waiting = reading.frames.more()
    reading.feed(encode(Op.TEXT, b"Hello!"))
    assert waiting.done()
    assert reading.taken() == [(WSMsgType.TEXT, b"Hello!")]
    waiting = reading.frames.more()
    assert not waiting.done()
    reading.frames.feed_eof()
    assert waiting.done()
    assert reading.frames.more().done()


async def test_what_came_before_the_end_is_read_after_it() -> None:
    reading = Reading().feed(encode(Op.TEXT, b"one"), encode(Op.TEXT, b"two"))
    reading.frames.feed_eof()
    assert reading.frames.is_ended
    assert [payload for _, payload in reading.taken()] == [b"one", b"two"]


async def test_who_gave_up_waiting_is_not_woken() -> None:
    reading = Reading()
    reading.frames.more().cancel()
    assert reading.feed(encode(Op.PING)).taken() == [(WSMsgType.PING, b"")]


async def test_a_line_waits_for_who_does_not_read_and_goes_on_after_it() -> None:
    reading = Reading().feed(encode(Op.TEXT, b"x" * (MOST - 10)))
    assert not reading.line.waits()
    reading.feed(encode(Op.TEXT, b"y" * 100))
    assert reading.line.waits()
    assert len(reading.taken()) == 2
    assert not reading.line.waits()


async def test_who_is_not_looked_at_is_heard_all_the_same() -> None:
    """Or a client whose question takes its time would be taken for silent."""
    reading = Reading()
    reading.frames.heard_at = 0.0
    reading.feed(encode(Op.PONG))
    assert 0.0 < reading.frames.heard_at <= asyncio.get_running_loop().time()
    reading.feed(encode(Op.TEXT, b"x" * MOST), encode(Op.TEXT, b"more"))
    assert reading.line.waits()
    reading.frames.heard_at = 0.0
    assert reading.frames.next() is not None
    assert reading.frames.heard_at > 0.0, "it cannot send while its line waits"
    assert len(reading.taken()) == 2
    reading.frames.heard_at = 0.0
    assert reading.frames.next() is None
    assert reading.frames.heard_at == 0.0


async def test_the_largest_message_comes_though_the_line_waited() -> None:
    """Else who sends it would be waited for without end."""
    frame = encode(Op.TEXT, b"x" * MOST)
    reading = Reading().feed(encode(Op.PING), frame[:-1])
    assert reading.line.waits()
    assert reading.taken() == [(WSMsgType.PING, b"")]
    assert not reading.line.waits()
    assert reading.feed(frame[-1:]).taken() == [(WSMsgType.TEXT, b"x" * MOST)]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (encode(Op.TEXT, b"x", masked=False), WSCloseCode.PROTOCOL_ERROR),
        (encode(Op.CLOSE, masked=False), WSCloseCode.PROTOCOL_ERROR),
        (encode(Op.TEXT, b"x" * 125, size_bytes=2), WSCloseCode.PROTOCOL_ERROR),
        (encode(Op.TEXT, b"x" * 65_535, size_bytes=8), WSCloseCode.PROTOCOL_ERROR),
        (encode(Op.PING, b"x" * 126), WSCloseCode.PROTOCOL_ERROR),
        (encode(Op.TEXT, rsv=4), WSCloseCode.PROTOCOL_ERROR),
        (encode(Op.CONTINUATION), WSCloseCode.PROTOCOL_ERROR),
        (encode(Op.TEXT, fin=False) + encode(Op.BINARY), WSCloseCode.PROTOCOL_ERROR),
        (encode(Op.CLOSE, (1006).to_bytes(2, "big")), WSCloseCode.PROTOCOL_ERROR),
        (encode(Op.CLOSE, (1000).to_bytes(2, "big") + b"\xff"), WSCloseCode.INVALID_TEXT),
        (encode(Op.TEXT, size=MOST + 1, size_bytes=8), WSCloseCode.MESSAGE_TOO_BIG),
        (encode(Op.TEXT, size=2**64 - 1, size_bytes=8), WSCloseCode.MESSAGE_TOO_BIG),
        (b"".join(pieces(b"x" * (MOST + 1), 100)), WSCloseCode.MESSAGE_TOO_BIG),
        (b"".join(pieces(b"x" * (MOST + 1), MOST)), WSCloseCode.MESSAGE_TOO_BIG),
    ],
)
async def test_nothing_is_read_after_what_cannot_be(sent: bytes, code: WSCloseCode) -> None:
    reading = Reading().feed(encode(Op.TEXT, b"Hello!"), sent, encode(Op.TEXT, b"more"))
    message = reading.frames.next()
    assert message is not None
    assert message.data == b"Hello!"
    with pytest.raises(Unreadable) as refused:
        reading.taken()
    assert refused.value.code == code
    assert reading.frames.is_ended
    assert reading.feed(encode(Op.TEXT, b"and more")).taken() == []


async def test_a_message_in_pieces_may_be_as_large_as_one_in_one() -> None:
    assert Reading().feed(*pieces(b"x" * MOST, 4_000)).taken() == [(WSMsgType.TEXT, b"x" * MOST)]


# ── what is done while the reader waits ──────────────────────────────────────────────────────────


class Eager:
    """Takes all texts but those that say wait."""

    def __init__(self, reading: Reading) -> None:
        self.took: list[bytes] = []
        self.waiting = reading.frames.more()
        reading.frames.eager = self

    def __call__(self, message: WSMessage) -> bool:
        if message.type is not WSMsgType.TEXT or message.data == b"wait":
            return False
        self.took.append(message.data)
        return True


async def test_what_can_be_done_at_once_wakes_nobody() -> None:
    reading = Reading()
    eager = Eager(reading)
    whole = encode(Op.TEXT, b"three")
    reading.feed(encode(Op.TEXT, b"one") + encode(Op.TEXT, b"two") + whole[:5], whole[5:])
    assert eager.took == [b"one", b"two", b"three"]
    assert not eager.waiting.done()
    assert reading.taken() == []
    reading.frames.feed_eof()
    assert eager.waiting.done()


async def test_a_line_that_waited_goes_on_once_all_of_it_is_done_at_once() -> None:
    reading = Reading()
    eager = Eager(reading)
    reading.feed(encode(Op.TEXT, b"x" * MOST) + encode(Op.TEXT, b"one"))
    assert len(eager.took) == 2
    assert not reading.line.waits()


async def test_what_is_left_comes_first_and_nothing_overtakes_it() -> None:
    reading = Reading()
    eager = Eager(reading)
    reading.feed(encode(Op.TEXT, b"one") + encode(Op.TEXT, b"wait") + encode(Op.TEXT, b"two"))
    reading.feed(encode(Op.TEXT, b"three"))
    assert eager.took == [b"one"]
    assert eager.waiting.done()
    assert [payload for _, payload in reading.taken()] == [b"wait", b"two", b"three"]


async def test_nothing_is_done_at_once_while_the_reader_is_at_work() -> None:
    reading = Reading()
    eager = Eager(reading)
    reading.feed(encode(Op.PING), encode(Op.TEXT, b"one"))
    assert reading.taken() == [(WSMsgType.PING, b""), (WSMsgType.TEXT, b"one")]
    assert eager.took == []


async def test_nothing_is_done_for_a_reader_that_gave_up() -> None:
    reading = Reading()
    eager = Eager(reading)
    eager.waiting.cancel()
    assert reading.feed(encode(Op.TEXT, b"one")).taken() == [(WSMsgType.TEXT, b"one")]
    assert eager.took == []


async def test_the_reader_is_told_what_cannot_be_read() -> None:
    reading = Reading()
    eager = Eager(reading)
    reading.feed(encode(Op.TEXT, b"one") + encode(Op.TEXT, b"two", masked=False))
    assert eager.took == [b"one"]
    assert eager.waiting.done()
    with pytest.raises(Unreadable):
        reading.frames.next()
    assert reading.frames.next() is None
