"""What an agent and the process that moves its bytes tell each other, and how it goes through a pipe.

Strategy: MessagePack structs, one union per direction, each behind its length (4 bytes, big-endian); what is
longer than `ORDER_BYTES` ends the process. Secrets go through the pipe alone, never through arguments or the
environment, which others on the machine may read.
"""

import asyncio
from typing import Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from mesh_agent.net.base import Way
from mesh_agent.net.setup import Setup
from mesh_agent.sharing.state import Conflict
from protocol.peer import Entry, EntryKind

ORDER_BYTES: Final = 16 * 1024 * 1024
"""The longest message: a page of paths of an offer, or of a share."""

LENGTH_BYTES: Final = 4

LISTED_MAX: Final = 50_000
"""Entries of one folder of a share."""

# ── agent to process ─────────────────────────────────────────────────────────────────────────────


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Shown(Struct, frozen=True):
    """A share: its id, its name for others, and the folder."""

    id: str
    name: str
    place: str


class Begin(Told, frozen=True, kw_only=True, tag="begin"):
    """The first order: whom to meet and by what.

    `into`: where what arrives would go. `limit`: bytes a second. `spent`: tokens that were used, and when
    each expires.
    """

    setup: Setup
    lanes: int
    into: str
    limit: int | None = None
    shares: list[Shown] = []
    spent: list[tuple[str, int]] = []


class Signal(Told, frozen=True, kw_only=True, tag="signal"):
    """What the other device signalled; and in the other direction, what is to be signalled to it."""

    payload: str


class Send(Told, frozen=True, kw_only=True, tag="send"):
    """Offer this file or folder, and send it where it is accepted. `name`: another one than its own.
    `follow`: what symbolic links lead to is sent, not the links."""

    id: str
    path: str
    name: str = ""
    follow: bool = False


class Accept(Told, frozen=True, kw_only=True, tag="accept"):
    """`already`: it was received, and its sender does not know. The rest is as in `transferring.Accept`."""

    id: str
    into: str
    conflict: Conflict = "rename"
    already: bool = False
    strikes: int = 0
    links: bool = False


class Decline(Told, frozen=True, kw_only=True, tag="decline"):
    id: str
    reason: str = ""


class Pause(Told, frozen=True, kw_only=True, tag="pause"):
    id: str
    paused: bool


class Cancel(Told, frozen=True, kw_only=True, tag="cancel"):
    """`Ended` and `Heard` answer it."""

    id: str
    reason: str = ""


class CallOff(Told, frozen=True, kw_only=True, tag="call_off"):
    """Tell the other device that this was cancelled, which is not under way here. `Heard` answers it."""

    id: str
    reason: str = ""


class Drop(Told, frozen=True, kw_only=True, tag="drop"):
    """The other device does not want this any more, so it need not be offered. Nothing answers it."""

    id: str


class Limit(Told, frozen=True, kw_only=True, tag="limit"):
    limit: int | None = None


class Shares(Told, frozen=True, kw_only=True, tag="shares"):
    """What is shared with the other side from now on."""

    shares: list[Shown]


class Browse(Told, frozen=True, kw_only=True, tag="browse"):
    request: str
    share: str = ""
    path: str = ""


class Fetch(Told, frozen=True, kw_only=True, tag="fetch"):
    """Ask for this of a share; the offer that answers it names `request`."""

    request: str
    share: str
    path: str = ""


class Stop(Told, frozen=True, kw_only=True, tag="stop"):
    """Nothing is left to be done: say goodbye, and end."""


class Frame(Told, frozen=True, kw_only=True, tag="frame"):
    """Bytes of frames to or from the other device, of a session that carries no files. Each piece is at most
    `limits.PEER_FRAME_BYTES` long; where frames begin and end is for who reads them."""

    data: bytes


Order = (
    Begin
    | Signal
    | Send
    | Accept
    | Decline
    | Pause
    | Cancel
    | CallOff
    | Drop
    | Limit
    | Shares
    | Browse
    | Fetch
    | Frame
    | Stop
)

# ── process to agent ─────────────────────────────────────────────────────────────────────────────


class Met(Told, frozen=True, kw_only=True, tag="met"):
    """The other device is there and has proven `identity`."""

    way: Way
    identity: bytes


class Spent(Told, frozen=True, kw_only=True, tag="spent"):
    """A token of the other device was used; `expires_at`: seconds since 1970."""

    jti: str
    expires_at: int


class Refused(Told, frozen=True, kw_only=True, tag="refused"):
    """The other device shows another identity than it had."""

    identity: bytes


class OfferedEntry(Struct, frozen=True, array_like=True):
    path: str
    kind: EntryKind
    size: int
    renamed: str = ""
    exists: bool = False
    same: bool = False


class Offered(Told, frozen=True, kw_only=True, tag="offered"):
    """`id`: the sender's name. `request`: of the `Fetch` that it answers. `refused`: why nothing of it can be
    written here; then it was declined, and nobody is asked."""

    id: str
    name: str
    kind: Literal["file", "folder"]
    size: int
    mtime: int
    files: int
    paths: list[OfferedEntry]
    more_paths: int
    space: int
    request: str | None = None
    refused: str = ""


class Serving(Told, frozen=True, kw_only=True, tag="serving"):
    """The other side fetches this from a share."""

    id: str
    name: str
    kind: Literal["file", "folder"]
    size: int
    files: int


class Moved(Told, frozen=True, kw_only=True, tag="moved"):
    """How far it is; `size`, `files`: where only the process knows them. `strikes`: as in `Progress`.

    `by_peer`: only the other side has paused it.
    """

    id: str
    phase: Literal["offered", "running", "paused", "finishing"]
    done: int
    rate: float
    size: int
    files: int
    lanes: int
    way: Way
    strikes: int = 0
    by_peer: bool = False


class Ended(Told, frozen=True, kw_only=True, tag="ended"):
    """It is over. `code` and `reason` say why, where it did not succeed, else what is worth saying."""

    id: str
    phase: Literal["done", "declined", "cancelled", "failed"]
    reason: str = ""
    code: str = ""
    place: str = ""


class Heard(Told, frozen=True, kw_only=True, tag="heard"):
    """The other device has read that this is cancelled."""

    id: str


class CalledOff(Told, frozen=True, kw_only=True, tag="called_off"):
    """The other device has ended this, which is not under way here; mostly while we were away."""

    id: str
    code: str
    reason: str = ""


class Listing(Told, frozen=True, kw_only=True, tag="listing"):
    """The answer to a `Browse`; `refused`: why there is none."""

    request: str
    entries: list[Entry] = []
    refused: str = ""


class Said(Told, frozen=True, kw_only=True, tag="said"):
    """A line for the log."""

    text: str


class Lost(Told, frozen=True, kw_only=True, tag="lost"):
    """The last message: this attempt is over. `fatal`: another one cannot help. `hoped`: as in `Options`."""

    code: str
    message: str
    fatal: bool = False
    hoped: Way | None = None


Report = (
    Signal
    | Spent
    | Met
    | Refused
    | Offered
    | Moved
    | Ended
    | Heard
    | CalledOff
    | Listing
    | Serving
    | Said
    | Frame
    | Lost
)

# ── through the pipe ─────────────────────────────────────────────────────────────────────────────

_encoder: Final = msgspec.msgpack.Encoder()
_orders: Final[msgspec.msgpack.Decoder[Order]] = msgspec.msgpack.Decoder(Order)
_reports: Final[msgspec.msgpack.Decoder[Report]] = msgspec.msgpack.Decoder(Report)


M = TypeVar("M")


def pack(message: Struct) -> bytes:
    data = _encoder.encode(message)
    return len(data).to_bytes(LENGTH_BYTES) + data


async def _next(reader: asyncio.StreamReader) -> bytes | None:
    """The bytes of the next message; None at the end, or where the other end is no longer sane."""
    try:
        length = int.from_bytes(await reader.readexactly(LENGTH_BYTES))
        return await reader.readexactly(length) if length <= ORDER_BYTES else None
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def next_order(reader: asyncio.StreamReader) -> Order | None:
    return await next_message(reader, _orders)


async def next_report(reader: asyncio.StreamReader) -> Report | None:
    return await next_message(reader, _reports)


async def next_message(reader: asyncio.StreamReader, decoder: "msgspec.msgpack.Decoder[M]") -> M | None:
    """None at the end, and where what comes is none of those that `decoder` knows."""
    data = await _next(reader)
    if data is None:
        return None
    try:
        return decoder.decode(data)
    except msgspec.DecodeError:
        return None
