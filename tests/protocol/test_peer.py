"""Frames between two agents: whatever comes in, only `PeerFault` goes out, however it was cut on its way."""

import contextlib
import itertools
import tracemalloc
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Final, get_args

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits, peer
from protocol.errors import PeerFault, PeerFrameTooLarge, PeerFrameUnknown, PeerMalformed
from protocol.peer import FileChunk, FrameReader, PeerFrame, encode_frame
from tests.protocol import golden_table, peer_examples
from tests.protocol.golden_table import Golden
from tests.protocol.strategies import any_json, structs

GOLDENS: Final = list(golden_table.read("peer"))
KINDS: Final = get_args(PeerFrame)
HASH: Final = bytes(32)

frames: Final[st.SearchStrategy[Any]] = st.sampled_from(KINDS).flatmap(structs)
by_name = attrgetter("name")

# ── goldens ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("golden", GOLDENS, ids=by_name)
def test_goldens_are_read_as_their_example(golden: Golden) -> None:
    reader = FrameReader()
    reader.feed(golden.msgpack)
    assert reader.frame() == peer_examples.PEER[golden.name]


@pytest.mark.parametrize("golden", GOLDENS, ids=by_name)
def test_a_frame_names_its_type_first(golden: Golden) -> None:
    fields = msgpack.unpackb(golden.msgpack)
    assert next(iter(fields)) == "type"
    assert fields["type"] == golden.type


def test_every_frame_has_a_golden() -> None:
    assert {golden.type for golden in GOLDENS} == peer.TYPES


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_seen_and_every_optional_one_is_missing_somewhere(kind: type[msgspec.Struct]) -> None:
    shown = [msgspec.to_builtins(each) for each in peer_examples.PEER.values() if type(each) is kind]
    for field in msgspec.structs.fields(kind):
        assert any(field.encode_name in example for example in shown), field.name
        if not field.required:
            assert any(field.encode_name not in example for example in shown), field.name


# ── however it is cut ────────────────────────────────────────────────────────────────────────────


def raw_of(frame: PeerFrame) -> bytes:
    """What follows a frame: as many bytes as it says, but no more than a test needs."""
    return bytes(at % 251 for at in range(frame.length)) if isinstance(frame, FileChunk) else b""


def short(frame: PeerFrame) -> PeerFrame:
    if isinstance(frame, FileChunk):
        return msgspec.structs.replace(frame, length=frame.length % 700)
    return frame


def read(pieces: Iterator[bytes]) -> list[PeerFrame | bytes]:
    """Frames, and after each chunk its bytes, however many of them came at once."""
    reader = FrameReader()
    came: list[PeerFrame | bytes] = []
    raw = b""
    for piece in pieces:
        reader.feed(piece)
        while True:
            if reader.raw:
                raw += (taken := reader.take_raw(100))
                if not taken:
                    break
                if not reader.raw:
                    came.append(raw)
                    raw = b""
                continue
            frame = reader.frame()
            if frame is None:
                break
            came.append(frame)
    return came


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    for begin, end in itertools.pairwise(edges):
        yield data[begin:end]


@given(st.lists(frames.map(short), max_size=6), st.lists(st.integers(0, 10_000), max_size=8))
def test_input_cut_anywhere_equals_input_whole(sent: list[PeerFrame], places: list[int]) -> None:
    data = b"".join(encode_frame(frame) + raw_of(frame) for frame in sent)
    expected = [part for frame in sent for part in (frame, raw_of(frame)) if part != b""]
    assert read(cut(data, places)) == expected


def test_byte_by_byte_for_long() -> None:
    """Nothing is counted wrongly in a reader that lives for as long as a lane does."""
    one = encode_frame(peer.P2pPing(stamp=1))
    reader = FrameReader()
    for _ in range(limits.PEER_FRAME_BYTES // len(one) + 2_000):
        reader.feed(one[:7])
        assert reader.frame() is None
        reader.feed(one[7:])
        assert reader.frame() == peer.P2pPing(stamp=1)


def test_raw_bytes_may_go_past_the_reader() -> None:
    reader = FrameReader()
    chunk = FileChunk(transfer="t", index=0, length=1_000, hash=HASH)
    ping = encode_frame(peer.P2pPing(stamp=1))
    for _ in range(3):
        reader.feed(encode_frame(chunk) + bytes(300))
        assert list(reader.frames()) == [chunk]
        assert reader.take_raw(1) == bytes(1)
        assert len(reader.take_raw()) == 299
        reader.skip_raw(700)
        reader.feed(ping)
        assert reader.frame() == peer.P2pPing(stamp=1)


def test_raw_bytes_that_look_like_frames_are_none() -> None:
    reader = FrameReader()
    inner = encode_frame(peer.P2pPing(stamp=1))
    reader.feed(encode_frame(FileChunk(transfer="t", index=0, length=len(inner), hash=HASH)) + inner + inner)
    assert isinstance(reader.frame(), FileChunk)
    assert reader.take_raw() == inner
    assert reader.frame() == peer.P2pPing(stamp=1)
    assert reader.frame() is None


# ── whatever comes in ────────────────────────────────────────────────────────────────────────────


def feed_all(data: bytes, step: int = limits.PEER_READ_BYTES) -> None:
    """Raises what a lane would raise that reads all of it."""
    reader = FrameReader()
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
        while reader.raw or reader.frame() is not None:
            if reader.raw and not reader.take_raw():
                break


@given(st.binary(max_size=300))
def test_garbage_is_a_fault_or_not_yet_a_frame(data: bytes) -> None:
    with contextlib.suppress(PeerFault):
        feed_all(data)


@given(st.sampled_from(GOLDENS), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4))
def test_a_spoilt_frame_is_a_fault_or_another_frame(golden: Golden, spoils: list[tuple[int, int]]) -> None:
    data = bytearray(golden.msgpack)
    for place, value in spoils:
        data[place % len(data)] = value
    with contextlib.suppress(PeerFault):
        feed_all(bytes(data))


@given(
    st.dictionaries(st.text(max_size=9), any_json, max_size=6),
    st.sampled_from([*sorted(peer.TYPES), "", "WHAT"]),
)
def test_a_map_of_anything_is_a_fault_or_a_frame(fields: dict[str, Any], kind: str) -> None:
    with contextlib.suppress(PeerFault):
        feed_all(msgpack.packb({"type": kind} | fields))


def chunk_with(**fields: Any) -> bytes:
    right = {"type": "FILE_CHUNK", "transfer": "t", "index": 0, "length": 1, "hash": HASH}
    return bytes(msgpack.packb(right | fields))


def manifest_of(entries: list[Any]) -> bytes:
    return bytes(msgpack.packb({"type": "FOLDER_MANIFEST", "transfer": "t", "entries": entries}))


ENTRY: Final = ["a", "file", 1, 0, 0o644]
LEVELS: Final = 5_000

MALFORMED: Final[dict[str, bytes]] = {
    "a byte that never begins anything": b"\xc1",
    "nil": b"\xc0",
    "a list": msgpack.packb([1, 2]),
    "a number": msgpack.packb(7),
    "a text": msgpack.packb("P2P_PING"),
    "a map without a type": msgpack.packb({"stamp": 1}),
    "a type that is no text": msgpack.packb({"type": 7}),
    "keys that are no text": msgpack.packb({"type": "P2P_PING", 7: 1}) + b"",
    "a field that is missing": msgpack.packb({"type": "P2P_PING"}),
    "an extension": msgpack.packb(msgpack.ExtType(5, b"xx")),
    "an extension in a field": chunk_with(transfer=msgpack.ExtType(5, b"xx")),
    "a time": chunk_with(index=msgpack.Timestamp(1)),
    "a number below zero": chunk_with(index=-1),
    "a number that not every reader holds": chunk_with(index=2**53),
    "the largest number there is": chunk_with(index=2**64 - 1),
    "a fraction": chunk_with(index=0.5),
    "not a number": chunk_with(index=float("nan")),
    "yes in the place of a number": chunk_with(index=True),
    "a chunk that is too long": chunk_with(length=limits.CHUNK_MAX_BYTES + 1),
    "a hash that is too short": chunk_with(hash=bytes(31)),
    "a hash that is too long": chunk_with(hash=bytes(33)),
    "a text in the place of bytes": chunk_with(hash="h" * 32),
    "bytes in the place of a text": chunk_with(transfer=b"t"),
    "a name that is too long": chunk_with(transfer="t" * (limits.ID_CHARS + 1)),
    "a name of nothing": chunk_with(transfer=""),
    "a text that is no UTF-8": chunk_with(transfer="xx").replace(b"\xa2xx", b"\xa2\xff\xfe"),
    "too many entries": manifest_of([ENTRY] * (limits.MANIFEST_ENTRIES + 1)),
    "an entry of another kind": manifest_of([["a", "device", 1, 0, 0o644]]),
    "an entry that is a map": manifest_of([{"path": "a"}]),
    "an entry without a path": manifest_of([["", "file", 1, 0, 0o644]]),
    "more mode than there is": manifest_of([["a", "file", 1, 0, 0o10000]]),
    "a path that is too long": manifest_of([["a" * (limits.PATH_CHARS + 1), "file", 1, 0, 0o644]]),
    "an empty range": msgpack.packb({"type": "FILE_ACCEPT", "transfer": "t", "have": [[0, 0]]}),
    "chunks that are too small": msgpack.packb(
        msgspec.to_builtins(peer_examples.PEER["FILE_META"]) | {"chunk_bytes": limits.CHUNK_MIN_BYTES - 1}
    ),
    **{
        f"{kind}, {columns} by {rows}": msgpack.packb(
            msgspec.to_builtins(peer_examples.PEER[kind]) | {"columns": columns, "rows": rows}
        )
        for kind in ("TERM_OPEN", "TERM_RESIZE", "TERM_OPENED", "TERM_STATE")
        for columns, rows in ((0, 24), (80, 0), (10_000, 24), (80, 10_000), (-1, 24))
    },
    "lists in lists": b"\x91" * LEVELS + b"\xc0",
    "maps in maps": b"\x81\xa1x" * LEVELS + b"\xc0",
    "lists in lists in a field": chunk_with(index=0).replace(
        b"index\x00", b"index" + b"\x91" * LEVELS + b"\xc0"
    ),
}


@pytest.mark.parametrize("step", [limits.PEER_READ_BYTES, 1_000, 7])
@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_frame_is_a_fault(data: bytes, step: int) -> None:
    with pytest.raises(PeerMalformed):
        feed_all(data, step)


HUGE: Final[dict[str, bytes]] = {
    "a text": b"\xdb\xff\xff\xff\xff",
    "bytes": b"\xc6\xff\xff\xff\xff",
    "a list": b"\xdd\xff\xff\xff\xff",
    "a map": b"\xdf\xff\xff\xff\xff",
    "an extension": b"\xc9\xff\xff\xff\xff\x05",
}


@pytest.mark.parametrize("step", [limits.PEER_READ_BYTES, 5_000])
@pytest.mark.parametrize("head", HUGE.values(), ids=HUGE)
def test_lengths_that_are_only_claimed_cost_no_memory(head: bytes, step: int) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(PeerFault):
            feed_all(b"\x81\xa1x" + head + b"\xc0" * (2 * limits.PEER_FRAME_BYTES), step)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 * limits.PEER_FRAME_BYTES


@pytest.mark.parametrize("step", [limits.PEER_READ_BYTES, 5_000])
def test_a_frame_has_a_largest_size(step: int) -> None:
    def ping(padding: int) -> bytes:
        return bytes(msgpack.packb({"type": "P2P_PING", "stamp": 1, "x": bytes(padding)}))

    room = limits.PEER_FRAME_BYTES - len(ping(70_000)) + 70_000
    feed_all(ping(room), step)
    with pytest.raises(PeerFrameTooLarge):
        feed_all(ping(room + 1), step)


def test_fields_that_are_not_known_are_passed_over() -> None:
    reader = FrameReader()
    reader.feed(msgpack.packb({"type": "P2P_PING", "stamp": 1, "later": {"deep": [1, {"er": None}]}}))
    assert reader.frame() == peer.P2pPing(stamp=1)


def test_a_kind_that_is_not_known_is_told_apart_and_the_next_frame_is_read() -> None:
    reader = FrameReader()
    reader.feed(msgpack.packb({"type": "TERM_DANCE", "rows": 24}) + encode_frame(peer.P2pPing(stamp=1)))
    with pytest.raises(PeerFrameUnknown):
        reader.frame()
    assert reader.frame() == peer.P2pPing(stamp=1)


@given(frames)
def test_every_valid_frame_is_read_back(frame: PeerFrame) -> None:
    reader = FrameReader()
    reader.feed(encode_frame(frame))
    assert reader.frame() == frame
