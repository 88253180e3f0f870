"""WebSocket frames as a server writes them (RFC 6455 section 5.2): one piece, unmasked, uncompressed."""

from struct import Struct
from typing import Final

_FIN: Final = 0x80
_TEXT: Final = 0x1
_BINARY: Final = 0x2
_CLOSE: Final = 0x8
_PONG: Final = 0xA

_SHORT: Final = Struct("!BB")
_MEDIUM: Final = Struct("!BBH")
_LONG: Final = Struct("!BBQ")
_CODE: Final = Struct("!BBH")

_REASON_BYTES: Final = 123
"""A control frame holds 125 bytes (section 5.5), and the code takes two."""

PING_FRAME: Final = bytes([_FIN | 0x9, 0])


def encode_frame(payload: bytes, *, binary: bool) -> bytes:
    """A whole message of at most 2**63 bytes."""
    opcode = _BINARY if binary else _TEXT
    size = len(payload)
    if size < 126:
        return _SHORT.pack(_FIN | opcode, size) + payload
    if size < 1 << 16:
        return _MEDIUM.pack(_FIN | opcode, 126, size) + payload
    return _LONG.pack(_FIN | opcode, 127, size) + payload


def encode_pong(payload: bytes) -> bytes:
    """The answer to a ping (section 5.5.3), of at most 125 bytes as the ping was."""
    return _SHORT.pack(_FIN | _PONG, len(payload)) + payload


def encode_close(code: int, reason: str) -> bytes:
    """A close frame (section 5.5.1); the reason is cut to what fits."""
    text = reason.encode()[:_REASON_BYTES].decode(errors="ignore").encode()
    return _CODE.pack(_FIN | _CLOSE, 2 + len(text), code) + text
