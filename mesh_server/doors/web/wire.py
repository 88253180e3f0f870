"""What page and server tell each other over the terminal's WebSocket, as textual-serve has it.

The page sends JSON: `["stdin", text]`, `["resize", {"width", "height"}]`, `["ping", text]`, `["focus"]`,
`["blur"]`; the server answers a ping with `["pong", text]` and sends what the program writes as binary
messages. One packet is our own: `["ack", count]` says how many bytes have arrived since the line was there,
so that no more is on its way than a person waits for.
"""

import enum
from dataclasses import dataclass
from typing import Any, Final

import msgspec

PACKET_BYTES: Final = 128 * 1024
"""The longest that a page may send; what is pasted comes in one."""

WAITING_BYTES: Final = 64 * 1024
"""How much of what the program wrote may be on its way to one page."""


class End(enum.Enum):
    """Why a page's line was closed for good: what the WebSocket says, and what the next page tells."""

    LEFT = "left", "You have signed out."
    QUIT = "quit", "You have left Mesh, and this browser is signed out."
    AWAY = "away", "This browser was away for too long, so it was signed out."
    REVOKED = "revoked", "This browser was signed out."
    FAILED = "failed", "Mesh ended by a mistake, which is in the log of the server."
    GONE = "gone", "You are not signed in here any more."
    TAKEN = "taken", ""
    RESTART = "restart", ""

    def __init__(self, word: str, sentence: str) -> None:
        self.word, self.sentence = word, sentence

    @property
    def code(self) -> int:
        """Of the WebSocket's close; a page that hears 1012 tries again."""
        return 1012 if self is End.RESTART else 4000


SENTENCES: Final = {end.word: end.sentence for end in End if end.sentence}


@dataclass(frozen=True, slots=True)
class Typed:
    data: bytes


@dataclass(frozen=True, slots=True)
class Resized:
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Pinged:
    text: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """So many bytes in all have arrived."""

    count: int


Packet = Typed | Resized | Pinged | Arrived


def decode(text: str) -> Packet | None:
    """None of what means nothing here, whether it is broken or of another version."""
    try:
        kind, *rest = msgspec.json.decode(text, type=list[Any])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    match kind, rest:
        case "stdin", [str(typed)]:
            return Typed(typed.encode("utf-8", "replace"))
        case "resize", [{"width": int(width), "height": int(height)}]:
            return Resized(width, height)
        case "ping", [str(pinged)]:
            return Pinged(pinged[:64])
        case "ack", [int(count)]:
            return Arrived(count)
    return None


def pong(text: str) -> str:
    return msgspec.json.encode(["pong", text]).decode()
