"""Frames between two agents: what each says, and how bytes become frames and back.

Strategy: a lane (a QUIC stream, or a TLS connection beside it) carries MessagePack maps one after another,
each with a `type`; nothing frames them but MessagePack itself. After a `FILE_CHUNK` its `length` bytes follow
raw, on the same lane. `FrameReader` is fed what arrives, in pieces of any size, gives frames, and hands raw
bytes over without a copy of more than what was fed with them. Everything is bounded before it is built: a
frame in bytes, a list in entries, a number by its type. Whatever comes in, only `PeerFault` goes out.

On the main lane the end that asked for the session says `P2P_HELLO` first, and nothing else is taken before
`P2P_HELLO_OK`. A further lane says `P2P_LANE`, which proves that it belongs to the same two.
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, get_args

import msgpack
import msgspec
from msgspec import Meta, Struct

from protocol import limits
from protocol.errors import PeerFault, PeerFrameTooLarge, PeerFrameUnknown, PeerMalformed
from protocol.peer_parts import (
    Count,
    Frame,
    Hash,
    Key,
    Mode,
    Name,
    Nanoseconds,
    Sentence,
    Signature,
    TransferId,
    Word,
)
from protocol.peer_terminal import (
    TermAck,
    TermClose,
    TermGrant,
    TermHistory,
    TermInput,
    TermLines,
    TermOpen,
    TermOpened,
    TermResize,
    TermState,
    TermStatus,
)

# ── parts ────────────────────────────────────────────────────────────────────────────────────────

EntryKind = Literal["file", "folder", "link"]


class Range(Struct, frozen=True, array_like=True):
    """`count` chunks from `first` on."""

    first: Count
    count: Annotated[int, Meta(ge=1, le=limits.INTEGER_MAX)]


Ranges = Annotated[list[Range], Meta(max_length=limits.RANGES)]


class Entry(Struct, frozen=True, array_like=True, omit_defaults=True):
    """One file, folder or symbolic link of a folder. `path`: components joined by `/`, no root.

    A folder needs an entry only where it is empty; another has one for its time and mode.

    `size` is 0 but for files; `target` is what a link says.
    """

    path: Name
    kind: EntryKind
    size: Count
    mtime: Nanoseconds
    mode: Mode
    target: Annotated[str, Meta(max_length=limits.PATH_CHARS)] = ""


class Written(Struct, frozen=True, array_like=True):
    """`count` chunks from `first` on, of one transfer, are on the receiver's disk and verified."""

    transfer: TransferId
    first: Count
    count: Annotated[int, Meta(ge=1, le=limits.INTEGER_MAX)]


# ── frames ───────────────────────────────────────────────────────────────────────────────────────


class P2pHello(Frame, frozen=True, kw_only=True, tag="P2P_HELLO"):
    """The first frame of who asked. `identity`: the device's public key; it made the `signature`."""

    version: Annotated[int, Meta(ge=1, le=limits.INTEGER_MAX)]
    session_id: Word
    session_token: Annotated[str, Meta(max_length=limits.TOKEN_CHARS)]
    device_id: Word
    identity: Key
    signature: Signature


class P2pHelloOk(Frame, frozen=True, kw_only=True, tag="P2P_HELLO_OK"):
    """The answer; `lane_key` is the secret that further lanes prove to know."""

    version: Annotated[int, Meta(ge=1, le=limits.INTEGER_MAX)]
    session_id: Word
    device_id: Word
    identity: Key
    signature: Signature
    lane_key: Key


class P2pLane(Frame, frozen=True, kw_only=True, tag="P2P_LANE"):
    """The first frame of a further lane. `proof`: HMAC-SHA256 with the lane key, of session and number."""

    session_id: Word
    lane: Annotated[int, Meta(ge=1, le=limits.LANES)]
    proof: Key


class P2pLaneOk(Frame, frozen=True, kw_only=True, tag="P2P_LANE_OK"):
    """The lane may be used."""

    lane: Annotated[int, Meta(ge=1, le=limits.LANES)]


class P2pError(Frame, frozen=True, kw_only=True, tag="P2P_ERROR"):
    """Why the sender of this closes the lane. With `request`: why it refuses that, and the lane stays."""

    code: Word
    message: Sentence = ""
    request: TransferId | None = None


class P2pCredit(Frame, frozen=True, kw_only=True, tag="P2P_CREDIT"):
    """`limit`: raw bytes that may have been sent in all since the handshake, over all lanes together.

    `written` tells which chunks need not be sent again, whatever becomes of the lanes.
    """

    limit: Count
    written: Annotated[list[Written], Meta(max_length=limits.RANGES)] = []


class P2pPing(Frame, frozen=True, kw_only=True, tag="P2P_PING"):
    """Answered by the same frame with `answer`; keeps a lane open, and measures it."""

    stamp: Count
    answer: bool = False


class FileMeta(Frame, frozen=True, kw_only=True, tag="FILE_META"):
    """An offer. Of a folder, `size` is that of all files, `entries` their number, and the manifest follows.

    `request`: the `FOLDER_GET` that it answers.
    """

    transfer: TransferId
    name: Name
    size: Count
    mtime: Nanoseconds
    mode: Mode
    kind: Literal["file", "folder"] = "file"
    chunk_bytes: Annotated[int, Meta(ge=limits.CHUNK_MIN_BYTES, le=limits.CHUNK_MAX_BYTES)] = (
        limits.CHUNK_BYTES
    )
    entries: Annotated[int, Meta(ge=0, le=limits.FOLDER_ENTRIES)] = 0
    request: TransferId | None = None


class FolderManifest(Frame, frozen=True, kw_only=True, tag="FOLDER_MANIFEST"):
    """Some of the entries of a folder, in their order; `last` with the last of them."""

    transfer: TransferId
    entries: Annotated[list[Entry], Meta(max_length=limits.MANIFEST_ENTRIES)]
    last: bool = False


class FileAccept(Frame, frozen=True, kw_only=True, tag="FILE_ACCEPT"):
    """Send it, but for the chunks in `have`."""

    transfer: TransferId
    have: Ranges = []


class FileDecline(Frame, frozen=True, kw_only=True, tag="FILE_DECLINE"):
    transfer: TransferId
    reason: Sentence = ""


class FileChunk(Frame, frozen=True, kw_only=True, tag="FILE_CHUNK"):
    """`length` raw bytes follow, whose BLAKE3 is `hash`."""

    transfer: TransferId
    index: Count
    length: Annotated[int, Meta(ge=0, le=limits.CHUNK_MAX_BYTES)]
    hash: Hash


class FileHole(Frame, frozen=True, kw_only=True, tag="FILE_HOLE"):
    """`count` chunks from `first` on are zeros that take no space; nothing follows."""

    transfer: TransferId
    first: Count
    count: Annotated[int, Meta(ge=1, le=limits.INTEGER_MAX)]


class FileFault(Frame, frozen=True, kw_only=True, tag="FILE_FAULT"):
    """An entry of a folder could not be read as it was announced: it must not be kept."""

    transfer: TransferId
    entry: Count
    reason: Sentence = ""


class FileDone(Frame, frozen=True, kw_only=True, tag="FILE_DONE"):
    """From the sender: all was sent, and its BLAKE3. From the receiver: it is verified, and in its place."""

    transfer: TransferId
    hash: Hash


class FileCancel(Frame, frozen=True, kw_only=True, tag="FILE_CANCEL"):
    """From either end, at any time."""

    transfer: TransferId
    reason: Sentence = ""
    code: Word = "cancelled"


class FilePause(Frame, frozen=True, kw_only=True, tag="FILE_PAUSE"):
    """From either end: nothing is sent until both want it again."""

    transfer: TransferId
    paused: bool


class FolderList(Frame, frozen=True, kw_only=True, tag="FOLDER_LIST"):
    """What is in a folder of a share? Without `path`: in the share; without `share`: which there are."""

    request: TransferId
    share: Word = ""
    path: Annotated[str, Meta(max_length=limits.PATH_CHARS)] = ""


class FolderListing(Frame, frozen=True, kw_only=True, tag="FOLDER_LISTING"):
    """Some of the answer, by name; `last` with the last of it."""

    request: TransferId
    entries: Annotated[list[Entry], Meta(max_length=limits.MANIFEST_ENTRIES)]
    last: bool = False


class FolderGet(Frame, frozen=True, kw_only=True, tag="FOLDER_GET"):
    """Offer this of the share; the offer names the `request`."""

    request: TransferId
    share: Word
    path: Annotated[str, Meta(max_length=limits.PATH_CHARS)] = ""


PeerFrame = (
    P2pHello
    | P2pHelloOk
    | P2pLane
    | P2pLaneOk
    | P2pError
    | P2pCredit
    | P2pPing
    | FileMeta
    | FolderManifest
    | FileAccept
    | FileDecline
    | FileChunk
    | FileHole
    | FileFault
    | FileDone
    | FileCancel
    | FilePause
    | FolderList
    | FolderListing
    | FolderGet
    | TermOpen
    | TermOpened
    | TermState
    | TermAck
    | TermInput
    | TermResize
    | TermGrant
    | TermStatus
    | TermHistory
    | TermLines
    | TermClose
)


class _Kind(Struct):
    type: str


TYPES: Final = frozenset(member.__struct_config__.tag for member in get_args(PeerFrame))

# ── bytes ────────────────────────────────────────────────────────────────────────────────────────

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(PeerFrame).decode
_decode_kind: Final = msgspec.msgpack.Decoder(_Kind).decode
_UNREADABLE: Final = (msgspec.DecodeError, ValueError, RecursionError)
"""A text that is no UTF-8 is a ValueError."""


def encode_frame(frame: PeerFrame) -> bytes:
    """The bytes of one frame; the raw bytes of a chunk are the caller's to send after it."""
    return _encode(frame)


class FrameReader:
    """What arrives on one lane, as frames. Not for more than one thread.

    After a `FileChunk` the next `length` bytes are raw: `take_raw` gives those that were fed already, the
    rest may go from the lane to where they belong without passing here (`skip_raw`). Asking for the next
    frame before all of them were taken is a mistake of the caller.

    Strategy: msgpack's Unpacker only finds where a frame ends, and makes nothing of it; then it is decoded at
    once into its type, so that nothing is ever built that the types do not allow.
    """

    def __init__(self) -> None:
        size = limits.PEER_FRAME_BYTES + limits.PEER_READ_BYTES
        self._unpacker = msgpack.Unpacker(max_buffer_size=size, read_size=limits.PEER_READ_BYTES)
        self._held = bytearray()
        """From the beginning of the frame that comes next, or of raw bytes."""
        self._begin = 0
        """Where that is, as the unpacker counts."""
        self._raw = 0

    @property
    def raw(self) -> int:
        """Raw bytes of the last chunk that are still to come or to be taken."""
        return self._raw

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """At most `limits.PEER_READ_BYTES` at a time, and only when `frame` has answered None.

        Raises: PeerFrameTooLarge: a frame goes on for too long.
        """
        try:
            self._unpacker.feed(data)
        except msgpack.exceptions.BufferFull:
            raise PeerFrameTooLarge from None
        self._held += data

    def frame(self) -> PeerFrame | None:
        """The next frame; None where more must be fed first. After a fault it is not to be asked again, but
        for `PeerFrameUnknown`, after which the next frame may be had.

        Raises: PeerFault
        """
        assert not self._raw, "the raw bytes of the last chunk were not taken"
        try:
            self._unpacker.skip()
        except msgpack.exceptions.OutOfData:
            if len(self._held) > limits.PEER_FRAME_BYTES:
                raise PeerFrameTooLarge from None
            return None
        except (msgpack.exceptions.UnpackException, ValueError):
            raise PeerMalformed from None
        size = self._unpacker.tell() - self._begin
        if size > limits.PEER_FRAME_BYTES:
            raise PeerFrameTooLarge
        frame = _frame_of(self._take(size))
        if isinstance(frame, FileChunk):
            self._raw = frame.length
        return frame

    def frames(self) -> Iterator[PeerFrame]:
        """All that can be had now, up to the first chunk and it included."""
        while (frame := self.frame()) is not None:
            yield frame
            if self._raw:
                return

    def take_raw(self, limit: int | None = None) -> bytes:
        """Raw bytes that were fed already, at most `limit`; empty where none are here."""
        wanted = self._raw if limit is None else min(self._raw, limit)
        taken = self._take(min(wanted, len(self._held)))
        self._unpacker.read_bytes(len(taken))
        self._raw -= len(taken)
        return taken

    def skip_raw(self, count: int) -> None:
        """So many raw bytes went another way than through `feed`."""
        assert not self._held
        assert count <= self._raw
        self._raw -= count

    def _take(self, count: int) -> bytes:
        taken = bytes(self._held[:count])
        del self._held[:count]
        self._begin += count
        return taken


def _frame_of(data: bytes) -> PeerFrame:
    try:
        frame: PeerFrame = _decode(data)
    except _UNREADABLE:
        raise _fault_of(data) from None
    return frame


def _fault_of(data: bytes) -> PeerFault:
    """What is wrong with bytes that are no frame."""
    try:
        kind = _decode_kind(data).type
    except _UNREADABLE:
        return PeerMalformed()
    return PeerMalformed() if kind in TYPES else PeerFrameUnknown()
