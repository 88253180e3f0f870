"""A courier against any frames in any order: it goes on or says what is wrong, and never fails by itself."""

import asyncio
import contextlib
import logging
from typing import Any, Final

from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.machines.transfer import Ended
from protocol import peer
from protocol.errors import MeshError
from protocol.peer import Entry, PeerFrame, Range, Written, encode_frame
from tests.agent.couriers import puppet
from tests.agent.test_courier import some_bytes
from tests.agent.test_courier_liars import Shelf
from tests.support.memory_files import CHUNK, MemorySource
from tests.support.virtual_time import virtually

BYTES: Final = some_bytes(CHUNK)
OURS: Final = "ours"
"""What this end sends; all other names are of what comes."""

names = st.sampled_from([OURS, "a", "b"])
sizes = st.sampled_from([0, 1, CHUNK, 2 * CHUNK, 2 * CHUNK + 5])
small = st.integers(0, 3)
counts = st.integers(1, 3)
hashes = st.sampled_from([blake3(BYTES * number).digest() for number in range(3)] + [bytes(32)])
requests = st.sampled_from([None, "r1", "r9"])
entries = st.builds(
    Entry,
    st.sampled_from(["x", "x/y", "../z", "z"]),
    st.sampled_from(["file", "folder", "link"]),
    st.sampled_from([0, 1, CHUNK]),
    st.just(0),
    st.just(0o644),
)
ranges = st.lists(st.builds(Range, small, counts), max_size=2)


def chunk(transfer: str, index: int, length: int, right: bool) -> bytes:
    data = BYTES[:length]
    digest = blake3(data).digest() if right else bytes(32)
    return encode_frame(peer.FileChunk(transfer=transfer, index=index, length=length, hash=digest)) + data


frames: st.SearchStrategy[PeerFrame | bytes] = st.one_of(
    st.builds(
        peer.FileMeta,
        transfer=names,
        name=st.sampled_from(["x", "../x"]),
        size=sizes,
        mtime=st.just(0),
        mode=st.just(0o644),
        kind=st.sampled_from(["file", "file", "folder"]),
        entries=st.sampled_from([0, 0, 1, 2]),
        chunk_bytes=st.just(CHUNK),
        request=requests,
    ),
    st.builds(peer.FolderManifest, transfer=names, entries=st.lists(entries, max_size=2), last=st.booleans()),
    st.builds(chunk, names, small, st.sampled_from([0, 1, 5, CHUNK]), st.booleans()),
    st.builds(chunk, names, small, st.just(CHUNK), st.just(True)),
    st.builds(peer.FileAccept, transfer=names, have=ranges),
    st.builds(peer.FileDecline, transfer=names),
    st.builds(peer.FileHole, transfer=names, first=small, count=counts),
    st.builds(peer.FileFault, transfer=names, entry=small),
    st.builds(peer.FileDone, transfer=names, hash=hashes),
    st.builds(peer.FileCancel, transfer=names, code=st.sampled_from(["cancelled", "changed", "what"])),
    st.builds(peer.FilePause, transfer=names, paused=st.booleans()),
    st.builds(
        peer.P2pCredit,
        limit=st.sampled_from([0, CHUNK, 4 * CHUNK]),
        written=st.lists(st.builds(Written, names, small, counts), max_size=2),
    ),
    st.builds(peer.P2pPing, stamp=small, answer=st.booleans()),
    st.builds(peer.FolderList, request=st.just("r1"), share=st.sampled_from(["", "shelf", "no"])),
    st.builds(peer.FolderGet, request=st.just("r2"), share=st.sampled_from(["shelf", "no"])),
    st.builds(peer.FolderListing, request=st.just("r1"), entries=st.just([]), last=st.booleans()),
    st.builds(peer.P2pError, code=st.sampled_from(["peer.hash", "peer.unknown_frame"]), request=requests),
)


def file(size: int = 2 * CHUNK) -> PeerFrame:
    return peer.FileMeta(transfer="a", name="x", size=size, mtime=0, mode=0o644, chunk_bytes=CHUNK)


ACCEPTED: Final[list[PeerFrame | bytes]] = [peer.FileAccept(transfer=OURS), peer.P2pCredit(limit=4 * CHUNK)]
FOLDER: Final = peer.FileMeta(
    transfer="a", name="x", size=1, mtime=0, mode=0o755, kind="folder", entries=1, chunk_bytes=CHUNK
)
PAGE: Final = peer.FolderManifest(transfer="a", entries=[Entry("x", "file", 1, 0, 0o644)], last=True)
BEGINNINGS: Final[list[list[PeerFrame | bytes]]] = [
    [],
    [file()],
    [file(), chunk("a", 0, CHUNK, True)],
    [file(), chunk("a", 0, CHUNK, True), chunk("a", 1, CHUNK, True)],
    [file(0)],
    [FOLDER, PAGE],
    ACCEPTED,
    [*ACCEPTED, peer.P2pCredit(limit=4 * CHUNK, written=[Written(OURS, 0, 2)])],
    [*ACCEPTED, file(), chunk("a", 1, CHUNK, True)],
]
"""Most of what is sent at random is out of order at once: so it begins with what is not."""


class Told(logging.Handler):
    """What this end says of mistakes of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(f"{record.getMessage()} {record.exc_info}")


async def scene(said: list[PeerFrame | bytes]) -> None:
    unhandled: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: unhandled.append(about))
    async with puppet(shares=Shelf()) as (other, end):
        sending = asyncio.create_task(end.courier.offer(OURS, MemorySource(BYTES + BYTES)))
        fetching = asyncio.create_task(end.courier.get("theirs"))
        for frame in said:
            with contextlib.suppress(MeshError):  # it has hung up
                await other.say(frame)
            await asyncio.sleep(0.1)
        await asyncio.sleep(300)  # whatever stalls is given up by now
        end.courier.close()
        await end.running
        for ended in await asyncio.gather(sending, fetching, return_exceptions=True):
            assert isinstance(ended, Ended | MeshError), ended
        for data in end.disk.whole.values():
            assert len(data) in (0, 1, CHUNK, 2 * CHUNK, 2 * CHUNK + 5)
    assert not unhandled


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(BEGINNINGS), st.lists(frames, max_size=8))
def test_whatever_comes_it_goes_on_or_says_what_is_wrong(
    begun: list[PeerFrame | bytes], said: list[PeerFrame | bytes]
) -> None:
    told = Told()
    logging.getLogger("mesh_agent").addHandler(told)
    try:
        virtually(scene([*begun, *said]))
    finally:
        logging.getLogger("mesh_agent").removeHandler(told)
    assert not told.records
