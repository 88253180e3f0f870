"""WebSocket frames as a server reads them (RFC 6455 section 5): bytes in, whole messages out.

Strategy: what the line brings is kept as it came, and a frame is taken out of it only when somebody asks for
the next message. So who does not keep up holds bytes and no objects, the line is told to wait once there are
more of them than the largest message has, and one read that holds many frames wakes its reader once. A
connection that is silent holds no buffer at all. What whoever reads can do at once (`eager`) is done while it
waits, without waking it: to wake a task for each message took a fifth of the loop's time.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import WSCloseCode, WSMessage, WSMsgType
from aiohttp._websocket.helpers import websocket_mask
from aiohttp.base_protocol import BaseProtocol

_CONTINUATION: Final = 0x0
_TEXT: Final = 0x1
_BINARY: Final = 0x2
_CLOSE: Final = 0x8
_PING: Final = 0x9
_PONG: Final = 0xA

_WHOLE: Final = {0x80 | opcode: WSMsgType(opcode) for opcode in (_TEXT, _BINARY)}
"""What is a message by itself, by the first byte of its frame."""

_CONTROL: Final = {0x80 | opcode: WSMsgType(opcode) for opcode in (_CLOSE, _PING, _PONG)}
"""By their first byte; they come in one piece, also between those of a message (section 5.4)."""

_PIECES: Final = frozenset({_CONTINUATION, 0x80 | _CONTINUATION, _TEXT, _BINARY})
"""First bytes of frames that are a part of a message."""

_FIN: Final = 0x80
_MASKED: Final = 0x80
_CONTROL_BYTES: Final = 125
_HEAD_BYTES: Final = 14
"""The longest head of a frame, with its mask."""

_NO_BYTES: Final = b""
_GOES_ON: Final = (False, _NO_BYTES)


class Unreadable(Exception):
    """What came is no WebSocket's; `code` says in what way. Nothing that comes after it is read."""

    def __init__(self, code: WSCloseCode) -> None:
        super().__init__(code)
        self.code = code


Eager = Callable[[WSMessage], bool]
"""Does what a message asks for and says True, or leaves it to the task that reads. It must not raise."""


class FrameReader:
    """The reading end of one connection. aiohttp's protocol feeds it, and one task asks for messages.

    `most`: bytes of the largest message that is read.
    """

    __slots__ = (
        "_at",
        "_data",
        "_ended",
        "_kind",
        "_left",
        "_most",
        "_parts",
        "_paused",
        "_protocol",
        "_waiter",
        "eager",
        "heard_at",
    )

    def __init__(self, protocol: BaseProtocol, most: int) -> None:
        self._protocol = protocol
        self._most = most
        self._data: bytes | bytearray = _NO_BYTES
        self._at = 0
        self._parts: bytearray | None = None
        self._kind = WSMsgType.TEXT
        self._waiter: asyncio.Future[None] | None = None
        self._left: WSMessage | Unreadable | None = None
        self.eager: Eager | None = None
        self.heard_at = asyncio.get_running_loop().time()
        self._paused = self._ended = False

    @property
    def is_ended(self) -> bool:
        """Whether nothing comes any more: what is there already may still be asked for."""
        return self._ended

    # ── from the line ────────────────────────────────────────────────────────────────────────────

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Called by aiohttp with what the line brought."""
        self.heard_at = asyncio.get_running_loop().time()
        if self._ended:
            return _GOES_ON
        if self._at == len(self._data):
            self._data, self._at = data, 0
        else:
            if not isinstance(self._data, bytearray):
                self._data = bytearray(self._data)
            del self._data[: self._at]
            self._at = 0
            self._data += data
        if len(self._data) > self._most + _HEAD_BYTES:
            self._paused = True
            self._protocol.pause_reading()
        waits = self._waiter is not None and not self._waiter.done()
        if waits and (self.eager is None or not self._offer(self.eager)):
            self._wake()
        return _GOES_ON

    def _offer(self, eager: Eager) -> bool:
        """Whether all that is there was taken at once; what was not is the first that `next` gives."""
        try:
            while (message := self.next()) is not None:
                if not eager(message):
                    self._left = message
                    return False
                if not self._data and not self._paused:
                    break  # as nearly always: a read brings one frame
        except Unreadable as error:
            self._left = error
            return False
        return True

    def feed_eof(self) -> None:
        """Called by aiohttp once the line is over."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    # ── to the reader ────────────────────────────────────────────────────────────────────────────

    def more(self) -> "asyncio.Future[None]":
        """To be awaited where `next` had nothing: done once there is more, or the end."""
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        if self._ended:
            self._wake()
        return waiter

    def next(self) -> WSMessage | None:
        """The next message, a control frame too; None where none is whole yet. Raises: Unreadable."""
        if self._paused:  # nothing comes while what came before is at work
            self.heard_at = asyncio.get_running_loop().time()
        if self._left is not None:
            left, self._left = self._left, None
            if isinstance(left, Unreadable):
                raise left
            return left
        try:
            while (frame := self._frame()) is not None:
                message = self._message(*frame)
                if message is not None:
                    return message
        except Unreadable:
            self._ended = True
            self._data, self._at, self._parts = _NO_BYTES, 0, None
            raise
        return None

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole frame: its first byte, and its payload without the mask."""
        data, at = self._data, self._at
        held = len(data) - at
        if held < 2:
            self._wants_more()
            return None
        first, second = data[at], data[at + 1]
        size, head = second & 0x7F, 6
        if first not in _WHOLE and first not in _CONTROL and first not in _PIECES:
            raise Unreadable(WSCloseCode.PROTOCOL_ERROR)
        if not second & _MASKED or (first in _CONTROL and size > _CONTROL_BYTES):
            raise Unreadable(WSCloseCode.PROTOCOL_ERROR)  # section 5.1: a client masks all that it sends
        if size > _CONTROL_BYTES:
            long = 2 if size == 126 else 8
            head += long
            if held < head:
                self._wants_more()
                return None
            size = int.from_bytes(data[at + 2 : at + 2 + long], "big")
            self._check_size(size, long)
        if held < head + size:
            self._wants_more()
            return None
        begins = at + head
        payload = bytearray(data[begins : begins + size])
        websocket_mask(bytes(data[begins - 4 : begins]), payload)
        self._at = begins + size
        if self._at == len(data):
            self._data, self._at = _NO_BYTES, 0
        return first, bytes(payload)

    def _check_size(self, size: int, long: int) -> None:
        """Raises: Unreadable, before anything of a message that is too large is waited for."""
        if size < (126 if long == 2 else 1 << 16):  # section 5.2: in as few bytes as can be
            raise Unreadable(WSCloseCode.PROTOCOL_ERROR)
        if size + len(self._parts or b"") > self._most:
            raise Unreadable(WSCloseCode.MESSAGE_TOO_BIG)

    def _wants_more(self) -> None:
        if self._paused:
            self._paused = False
            self._protocol.resume_reading()

    def _message(self, first: int, payload: bytes) -> WSMessage | None:
        """What a frame makes whole. Raises: Unreadable."""
        if first in _WHOLE and self._parts is None:  # nearly always
            return WSMessage(_WHOLE[first], payload, None)
        if first in _CONTROL:
            kind = _CONTROL[first]
            return _goodbye(payload) if kind is WSMsgType.CLOSE else WSMessage(kind, payload, None)
        opens = first & 0xF != _CONTINUATION
        if opens != (self._parts is None):
            raise Unreadable(WSCloseCode.PROTOCOL_ERROR)
        if self._parts is None:
            self._kind, self._parts = WSMsgType(first), bytearray(payload)
            return None
        self._parts += payload
        if len(self._parts) > self._most:
            raise Unreadable(WSCloseCode.MESSAGE_TOO_BIG)
        if not first & _FIN:
            return None
        whole, self._parts = bytes(self._parts), None
        return WSMessage(self._kind, whole, None)


def _goodbye(payload: bytes) -> WSMessage:
    """A close frame (section 5.5.1). Raises: Unreadable."""
    if not payload:
        return WSMessage(WSMsgType.CLOSE, 0, "")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not _may_be_said(code):
        raise Unreadable(WSCloseCode.PROTOCOL_ERROR)
    try:
        return WSMessage(WSMsgType.CLOSE, code, payload[2:].decode())
    except UnicodeDecodeError:
        raise Unreadable(WSCloseCode.INVALID_TEXT) from None


def _may_be_said(code: int) -> bool:
    """Section 7.4: 1004 to 1006 and 1015 are never sent; those from 3000 on belong to programs."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999
