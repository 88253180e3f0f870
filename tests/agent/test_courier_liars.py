"""A courier against an end that is led by hand: it lies, stalls, asks for too much, or knows other frames.

Each kind has its own scene, and after each: this end says why, the other end is told the same, and nothing
has a final name that is not whole and verified.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from blake3 import blake3

from mesh_agent.machines import transfer
from mesh_agent.machines.transfer import Ended
from mesh_agent.net.base import LaneLost
from mesh_agent.sharing import incoming, lines, register, serving
from mesh_agent.sharing.reception import CALLED_OFF_MAX
from mesh_agent.sharing.transferring import Accept, Decline, Source
from protocol import limits
from protocol.errors import MeshError, PeerNotShared, PeerStalled, PeerTooMany
from protocol.peer import (
    Entry,
    FileAccept,
    FileCancel,
    FileChunk,
    FileDecline,
    FileDone,
    FileFault,
    FileHole,
    FileMeta,
    FilePause,
    FolderGet,
    FolderList,
    FolderListing,
    FolderManifest,
    P2pCredit,
    P2pError,
    P2pHello,
    P2pLaneOk,
    P2pPing,
    Range,
    Written,
)
from tests.agent.couriers import DONE, End, Puppet, puppet, two
from tests.agent.test_courier import some_bytes
from tests.support.conditions import PATIENCE_S, until
from tests.support.memory_files import CHUNK, MemorySource, folder_of
from tests.support.memory_lanes import lane_pair
from tests.support.virtual_time import in_time, virtually

Scene = Callable[[Puppet, End], Awaitable[Any]]


def meta(size: int = 2 * CHUNK, name: str = "t", **fields: Any) -> FileMeta:
    values: dict[str, Any] = {"name": "a.bin", "mtime": 0, "mode": 0o644, "chunk_bytes": CHUNK} | fields
    return FileMeta(transfer=name, size=size, **values)


def chunk(index: int, data: bytes, name: str = "t", digest: bytes | None = None) -> tuple[FileChunk, bytes]:
    digest = digest or blake3(data).digest()
    return FileChunk(transfer=name, index=index, length=len(data), hash=digest), data


BYTES = some_bytes(CHUNK)
RIGHT = blake3(BYTES + BYTES).digest()


async def offered(other: Puppet) -> None:
    await other.say(meta())
    await other.hear(FileAccept)


async def all_written(other: Puppet) -> None:
    await offered(other)
    await other.say(*chunk(0, BYTES), *chunk(1, BYTES))
    while (await other.hear(P2pCredit)).limit < 2 * CHUNK:
        pass


# ── a sender that lies ───────────────────────────────────────────────────────────────────────────


async def lies_about_size(other: Puppet, _: End) -> None:
    await offered(other)
    await other.say(*chunk(1, BYTES + b"more"))


async def lies_about_an_index(other: Puppet, _: End) -> None:
    await offered(other)
    await other.say(*chunk(2, BYTES))


async def lies_about_a_hash(other: Puppet, _: End) -> None:
    await offered(other)
    await other.say(*chunk(0, BYTES, digest=b"x" * 32))


async def lies_about_the_count(other: Puppet, _: End) -> None:
    await other.say(
        meta(2, kind="folder", entries=2),
        FolderManifest(transfer="t", entries=[Entry("a", "file", 2, 0, 0o644)], last=True),
    )


async def lies_about_a_name(other: Puppet, _: End) -> None:
    await offered(other)
    await other.say(*chunk(0, BYTES, name="never offered"))


async def sends_before_anybody_could_answer(other: Puppet, end: End) -> None:
    def never(_: int) -> None:
        raise AssertionError("nothing of it should be written")

    end.disk.before_write = never
    await other.say(meta(), *chunk(0, BYTES))


async def sends_before_it_is_accepted(other: Puppet, _: End) -> None:
    await other.say(meta(kind="folder", entries=1), *chunk(0, BYTES))


async def offers_twice(other: Puppet, _: End) -> None:
    await offered(other)
    await other.say(meta())


async def is_done_too_early(other: Puppet, _: End) -> None:
    await offered(other)
    await other.say(*chunk(0, BYTES), FileDone(transfer="t", hash=RIGHT))


async def tells_a_hole_where_bytes_came(other: Puppet, _: End) -> None:
    await offered(other)
    await other.say(*chunk(0, BYTES), FileHole(transfer="t", first=0, count=1))


async def tells_a_fault_of_no_entry(other: Puppet, _: End) -> None:
    await offered(other)
    await other.say(FileFault(transfer="t", entry=5))


async def names_a_request_that_nobody_made(other: Puppet, _: End) -> None:
    await other.say(meta(request="r1"))


async def pages_without_end(other: Puppet, _: End) -> None:
    await other.say(meta(2, kind="folder", entries=2))
    await other.say(*[FolderManifest(transfer="t", entries=[])] * 3)


async def sends_garbage(other: Puppet, _: End) -> None:
    await other.say(b"\xc1\xc1\xc1")


async def sends_a_frame_without_end(other: Puppet, _: End) -> None:
    await other.say(b"\xdb\x7f\xff\xff\xff", *[bytes(limits.PEER_FRAME_BYTES // 32)] * 40)


async def says_hello_again(other: Puppet, _: End) -> None:
    await other.say(
        P2pHello(
            version=1,
            session_id="s",
            session_token="t",
            device_id="d",
            identity=b"k" * 32,
            signature=b"s" * 64,
        )
    )


async def says_lane_ok(other: Puppet, _: End) -> None:
    await other.say(P2pLaneOk(lane=1))


async def pauses_what_is_not(other: Puppet, _: End) -> None:
    await other.say(FilePause(transfer="none", paused=True))


async def calls_off_without_end(other: Puppet, _: End) -> None:
    for number in range(CALLED_OFF_MAX + 1):
        await other.say(FileCancel(transfer=f"none{number}"))


SENDERS: list[tuple[Scene, str]] = [
    (lies_about_size, "peer.mismatch"),
    (lies_about_an_index, "peer.mismatch"),
    (lies_about_a_hash, "peer.hash"),
    (lies_about_the_count, "peer.mismatch"),
    (lies_about_a_name, "peer.out_of_order"),
    (sends_before_anybody_could_answer, "peer.out_of_order"),
    (sends_before_it_is_accepted, "peer.out_of_order"),
    (offers_twice, "peer.out_of_order"),
    (is_done_too_early, "peer.out_of_order"),
    (tells_a_hole_where_bytes_came, "peer.mismatch"),
    (tells_a_fault_of_no_entry, "peer.mismatch"),
    (names_a_request_that_nobody_made, "peer.mismatch"),
    (pages_without_end, "peer.mismatch"),
    (sends_garbage, "peer.malformed"),
    (sends_a_frame_without_end, "peer.frame_too_large"),
    (says_hello_again, "peer.out_of_order"),
    (says_lane_ok, "peer.out_of_order"),
    (pauses_what_is_not, "peer.out_of_order"),
    (calls_off_without_end, "peer.out_of_order"),
]


@pytest.mark.parametrize(("lie", "code"), SENDERS, ids=[lie.__name__ for lie, _ in SENDERS])
def test_a_sender_that_lies_is_told_so_and_nothing_is_kept_of_it(lie: Scene, code: str) -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            with contextlib.suppress(LaneLost):  # it may hang up before all was said
                await lie(other, end)
            said = await other.hear(P2pError)
            await end.running
            assert end.ended is not None
            assert end.ended.code == said.code == code
            assert said.message == MeshError.by_code[code].text
            assert not end.disk.whole

    virtually(scene())


def test_the_whole_hash_is_verified_and_not_believed() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            await all_written(other)
            await other.say(FileDone(transfer="t", hash=b"x" * 32))
            cancel = await other.hear(FileCancel)
            assert cancel.code == "peer.hash"
            assert (await end.ended_as()).code == "peer.hash"
            assert not end.disk.whole
            assert not end.disk.parts, "nothing of it can be trusted"

    virtually(scene())


def test_a_chunk_that_comes_twice_is_checked_and_ignored() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            await offered(other)
            await other.say(*chunk(0, BYTES), *chunk(0, BYTES), *chunk(1, BYTES))
            await in_time(lambda: len(end.disk.writes) == 2)
            await other.say(FileDone(transfer="t", hash=RIGHT))
            assert (await other.hear(FileDone)).hash == RIGHT
            assert end.disk.writes == [0, 1]

    virtually(scene())


def test_a_chunk_that_comes_again_with_other_bytes_is_a_fault() -> None:
    async def scene() -> None:
        async with puppet() as (other, _):
            await offered(other)
            await other.say(*chunk(0, BYTES), *chunk(0, bytes(CHUNK), digest=blake3(BYTES).digest()))
            assert (await other.hear(P2pError)).code == "peer.hash"

    virtually(scene())


def test_the_third_wrong_chunk_in_a_row_ends_the_transfer() -> None:
    """Each costs its lane; the line stays, and what came may be gone on with no more."""

    async def scene() -> None:
        async with puppet() as (other, end):
            await offered(other)
            for lanes in range(incoming.STRIKES, 0, -1):
                ours, theirs = lane_pair()
                end.courier.add_lane(ours)
                await Puppet(theirs).say(*chunk(0, BYTES, digest=b"x" * 32))
                assert (await Puppet(theirs).hear(P2pError)).code == "peer.hash"
                await in_time(lambda: end.courier.lanes == 1)
                assert (end.told[-1].ended is None) is (lanes > 1)
            assert (await other.hear(FileCancel)).code == "peer.hash"
            ended = await end.ended_as()
            assert (ended.how, ended.code) == ("failed", "peer.hash")
            assert end.ended is None
            assert not end.disk.parts

    virtually(scene())


def test_what_is_offered_again_waits_until_its_files_are_closed() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            await offered(other)
            again = [FileCancel(transfer="t"), meta()]
            await other.say(b"".join(msgspec.msgpack.encode(frame) for frame in again))
            await other.hear(FileAccept)
            assert end.disk.events == ["open", "close", "open"]

    virtually(scene())


@pytest.mark.parametrize("chunks", [2, 3])
def test_credit_is_kept_to_the_byte(chunks: int) -> None:
    """The disk stands still: what was granted is taken, and one chunk more ends the line on both sides."""

    async def scene() -> None:
        threads = ThreadPoolExecutor(1)
        released = threading.Event()

        def hold(_: int) -> None:
            assert released.wait(PATIENCE_S)

        async with puppet(window=2 * CHUNK, executor=threads) as (other, end):
            end.disk.before_write = hold
            await other.say(meta(3 * CHUNK))
            await other.hear(FileAccept)
            assert [each.limit for each in other.heard if isinstance(each, P2pCredit)] == [2 * CHUNK]
            try:
                for index in range(chunks):
                    await other.say(*chunk(index, BYTES))
                if chunks == 3:
                    await until(lambda: end.courier.lost, "the end of the line")
                    assert end.courier.received_bytes == 2 * CHUNK
                else:
                    await until(lambda: end.courier.received_bytes == 2 * CHUNK, "what was granted")
            finally:
                released.set()
            if chunks == 3:
                assert (await other.hear(P2pError)).code == "peer.over_credit"
                await end.running
                assert end.ended is not None
                assert end.ended.code == "peer.over_credit"
            else:
                await other.hear(P2pCredit)
                assert end.ended is None
        threads.shutdown()

    asyncio.run(scene())


# ── a receiver that lies ─────────────────────────────────────────────────────────────────────────


async def accepts_what_is_not(other: Puppet) -> None:
    await other.say(FileAccept(transfer="none"))


async def has_what_there_is_not(other: Puppet) -> None:
    await other.say(FileAccept(transfer="t", have=[Range(0, 99)]))


async def accepts_twice(other: Puppet) -> None:
    await other.say(FileAccept(transfer="t"), FileAccept(transfer="t"))


async def takes_credit_back(other: Puppet) -> None:
    await other.say(P2pCredit(limit=CHUNK), P2pCredit(limit=CHUNK - 1))


async def has_written_what_was_not_sent(other: Puppet) -> None:
    await other.say(FileAccept(transfer="t"), P2pCredit(limit=0, written=[Written("t", 0, 1)]))


async def has_written_more_than_was_sent(other: Puppet) -> None:
    await other.say(FileAccept(transfer="t"), P2pCredit(limit=CHUNK))
    await other.hear(FileChunk)
    await other.say(P2pCredit(limit=CHUNK, written=[Written("t", 0, 2)]))


async def has_written_of_another(other: Puppet) -> None:
    await other.say(P2pCredit(limit=0, written=[Written("none", 0, 1)]))


async def is_done_at_once(other: Puppet) -> None:
    await other.say(FileAccept(transfer="t"), FileDone(transfer="t", hash=b"h" * 32))


async def is_done_with_something_else(other: Puppet) -> None:
    await other.say(FileAccept(transfer="t", have=[Range(0, 2)]))
    await other.hear(FileDone)
    await other.say(FileDone(transfer="t", hash=b"h" * 32))


async def declines_late(other: Puppet) -> None:
    await other.say(FileAccept(transfer="t"), FileDecline(transfer="t"))


RECEIVERS: list[tuple[Callable[[Puppet], Awaitable[None]], str]] = [
    (accepts_what_is_not, "peer.out_of_order"),
    (has_what_there_is_not, "peer.mismatch"),
    (accepts_twice, "peer.out_of_order"),
    (takes_credit_back, "peer.over_credit"),
    (has_written_what_was_not_sent, "peer.out_of_order"),
    (has_written_more_than_was_sent, "peer.mismatch"),
    (has_written_of_another, "peer.out_of_order"),
    (is_done_at_once, "peer.out_of_order"),
    (is_done_with_something_else, "peer.hash"),
    (declines_late, "peer.out_of_order"),
]


@pytest.mark.parametrize(("lie", "code"), RECEIVERS, ids=[lie.__name__ for lie, _ in RECEIVERS])
def test_a_receiver_that_lies_is_told_so(lie: Callable[[Puppet], Awaitable[None]], code: str) -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            sending = asyncio.create_task(end.courier.offer("t", MemorySource(BYTES + BYTES)))
            await other.hear(FileMeta)
            await lie(other)
            assert (await other.hear(P2pError)).code == code
            with pytest.raises(MeshError) as raised:
                await sending
            assert raised.value.code == code

    virtually(scene())


def test_credit_for_everything_brings_nobody_to_read_everything_ahead() -> None:
    """The receiver grants all there is and reads nothing: what waits in memory is what the lane takes."""

    async def scene() -> None:
        async with puppet() as (other, end):
            source = MemorySource(bytes(400 * CHUNK))
            sending = asyncio.create_task(end.courier.offer("t", source))
            await other.hear(FileMeta)
            await other.say(P2pCredit(limit=limits.INTEGER_MAX), FileAccept(transfer="t"))
            await in_time(lambda: source.reads)
            await asyncio.sleep(lines.PING_S)
            assert len(source.reads) < 40
            assert end.ended is None
            sending.cancel()

    virtually(scene())


# ── who stalls ───────────────────────────────────────────────────────────────────────────────────


async def keep_alive(other: Puppet) -> None:
    """Answers what asks whether somebody is there, and nothing else."""
    while True:
        ping = await other.hear(P2pPing)
        if not ping.answer:
            await other.say(P2pPing(stamp=ping.stamp, answer=True))


def test_a_sender_that_stops_in_the_middle_is_given_up() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            await offered(other)
            await other.say(*chunk(0, BYTES))
            alive = asyncio.create_task(keep_alive(other))
            ended = await end.ended_as()
            assert (ended.how, ended.code) == ("failed", "peer.stalled")
            assert transfer.STALL_S < asyncio.get_running_loop().time() < transfer.STALL_S + 5
            await in_time(lambda: any(isinstance(each, FileCancel) for each in other.heard))
            assert end.disk.abandoned == [True], "what came is kept for another try"
            alive.cancel()

    virtually(scene())


def test_a_sender_that_never_ends_its_manifest_is_given_up() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            await other.say(meta(kind="folder", entries=1))
            alive = asyncio.create_task(keep_alive(other))
            assert (await end.ended_as()).code == "peer.stalled"
            alive.cancel()

    virtually(scene())


@pytest.mark.parametrize("credit", [0, 4 * CHUNK])
def test_a_receiver_that_never_writes_is_given_up(credit: int) -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            sending = asyncio.create_task(end.courier.offer("t", MemorySource(BYTES + BYTES)))
            await other.hear(FileMeta)
            await other.say(P2pCredit(limit=credit), FileAccept(transfer="t"))
            alive = asyncio.create_task(keep_alive(other))
            ended = await sending
            assert (ended.how, ended.code) == ("failed", "peer.stalled")
            alive.cancel()

    virtually(scene())


def test_a_line_on_which_nobody_answers_is_lost() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            sending = asyncio.create_task(end.courier.offer("t", MemorySource(BYTES)))
            await end.running
            assert isinstance(end.ended, LaneLost)
            assert lines.DEAD_S < asyncio.get_running_loop().time() < lines.DEAD_S + 5
            with pytest.raises(LaneLost):
                await sending
            assert not isinstance(other, End)

    virtually(scene())


# ── too much, and unknown ────────────────────────────────────────────────────────────────────────


def test_unknown_frames_are_refused_and_the_lane_stays() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            await other.say(msgspec.msgpack.encode({"type": "FILE_FOLD", "rows": 24}))
            assert (await other.hear(P2pError)).code == "peer.unknown_frame"
            await all_written(other)
            assert end.ended is None

    virtually(scene())


def test_unknown_frames_without_end_are_a_fault() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            await other.say(msgspec.msgpack.encode({"type": "WHAT"}) * (lines.UNKNOWN_MAX + 1))
            await end.running
            assert end.ended is not None
            assert end.ended.code == "peer.unknown_frame"

    virtually(scene())


def test_more_offers_than_may_be_open_are_declined() -> None:
    async def scene() -> None:
        async def think(_: Any) -> Any:
            await asyncio.Event().wait()

        async with puppet(on_offer=think) as (other, end):
            await other.say(*[meta(name=str(at)) for at in range(register.OPEN_MAX + 1)])
            decline = await other.hear(FileDecline)
            assert decline.transfer == str(register.OPEN_MAX)
            await other.say(*[FileCancel(transfer=decline.transfer)])
            assert end.ended is None

    virtually(scene())


def test_chunks_larger_than_the_window_are_declined() -> None:
    async def scene() -> None:
        async with puppet(window=CHUNK) as (other, _):
            await other.say(meta(chunk_bytes=2 * CHUNK))
            assert (await other.hear(FileDecline)).transfer == "t"

    virtually(scene())


def test_a_peer_that_asks_and_does_not_read_is_given_up() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            ping = msgspec.msgpack.encode(P2pPing(stamp=1))
            with contextlib.suppress(LaneLost):
                while not end.running.done():
                    await other.say(ping * 100)
            await end.running
            assert end.ended is not None
            assert end.ended.code == "peer.too_many"

    virtually(scene())


def test_only_chunks_belong_on_further_lanes() -> None:
    async def scene() -> None:
        async with puppet() as (_, end):
            ours, theirs = lane_pair()
            end.courier.add_lane(ours)
            await Puppet(theirs).say(meta())
            await end.running
            assert end.ended is not None
            assert end.ended.code == "peer.out_of_order"

    virtually(scene())


def test_what_a_stranger_says_is_not_shown() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            await other.say(P2pError(code="peer.hash", message="\x1b[2JCall this number"))
            await end.running
            assert end.ended is not None
            assert end.ended.message == MeshError.by_code["peer.hash"].text

    virtually(scene())


# ── shares ───────────────────────────────────────────────────────────────────────────────────────


class Shelf:
    """A share with one folder."""

    def __init__(self) -> None:
        self.files = {f"{'n' * 300}-{at}.txt": b"%d" % at for at in range(1_500)}
        self.closed: list[Source] = []
        self.wait: asyncio.Event | None = None

    async def entries(self, share: str, path: str) -> Sequence[Entry]:
        if self.wait:
            await self.wait.wait()
        if (share, path) == ("", ""):
            return [Entry("shelf", "folder", 0, 0, 0o755)]
        if share != "shelf":
            raise PeerNotShared
        return folder_of(self.files).entries

    async def open(self, share: str, path: str) -> tuple[str, Source]:
        if share != "shelf" or path not in ("", "book.txt"):
            raise PeerNotShared
        source = MemorySource(b"a book", name="book.txt") if path else folder_of(self.files)
        return f"shelf/{path}", source

    async def close(self, source: Source) -> None:
        self.closed.append(source)


def test_a_share_is_browsed_and_fetched_from() -> None:
    async def scene() -> None:
        shelf = Shelf()
        async with two(bob={"shares": shelf}, lanes=2) as both:
            alice = both.alice.courier
            assert [entry.path for entry in await alice.list()] == ["shelf"]
            assert [entry.path for entry in await alice.list("shelf")] == list(shelf.files)
            begun: list[str] = []
            assert await alice.get("shelf", "book.txt", begun=begun.append) == DONE
            assert both.alice.disk.whole == {"book.txt": b"a book"}
            assert [offer.meta.request for offer in both.alice.offers] == begun
            assert await alice.get("shelf") == DONE
            await in_time(lambda: len(shelf.closed) == 2)

    virtually(scene())


@pytest.mark.parametrize("shares", [None, Shelf()])
def test_what_is_not_shared_is_refused_and_the_lane_stays(shares: Shelf | None) -> None:
    async def scene() -> None:
        async with two(bob={"shares": shares}) as both:
            for _ in range(20):
                with pytest.raises(PeerNotShared):
                    await both.alice.courier.list("other")
                with pytest.raises(PeerNotShared):
                    await both.alice.courier.get("other", "../secret")
            assert await both.send(MemorySource(b"x")) == DONE

    virtually(scene())


def test_requests_are_served_a_few_at_a_time() -> None:
    async def scene() -> None:
        shelf = Shelf()
        shelf.wait = asyncio.Event()
        async with two(bob={"shares": shelf}) as both:
            asked = [asyncio.create_task(both.alice.courier.list()) for _ in range(serving.SERVED + 3)]
            await in_time(lambda: sum(task.done() for task in asked) == 3)
            shelf.wait.set()
            done = await asyncio.gather(*asked, return_exceptions=True)
            assert sum(isinstance(each, PeerTooMany) for each in done) == 3
            assert sum(isinstance(each, list) for each in done) == serving.SERVED

    virtually(scene())


def test_a_request_that_is_never_answered_is_given_up() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            alive = asyncio.create_task(keep_alive(other))
            with pytest.raises(PeerStalled):
                await end.courier.list("shelf")
            alive.cancel()

    virtually(scene())


def test_what_is_fetched_and_never_offered_is_given_up_and_comes_too_late_after_that() -> None:
    async def scene() -> None:
        async def refuse(_: Any) -> Decline:
            return Decline("Nobody waits for it.")

        async with puppet(on_offer=refuse) as (other, end):
            alive = asyncio.create_task(keep_alive(other))
            with pytest.raises(PeerStalled):
                await end.courier.get("shelf")
            assert asyncio.get_running_loop().time() < serving.OPENED_S + 5
            request = next(each.request for each in other.heard if isinstance(each, FolderGet))
            alive.cancel()
            await other.say(meta(request=request))
            assert (await other.hear(FileDecline)).reason == "Nobody waits for it."
            assert end.ended is None

    virtually(scene())


@pytest.mark.parametrize("wait_s", [0, 2 * serving.OPENED_S])
def test_what_is_fetched_and_offered_takes_as_long_as_it_takes(wait_s: float) -> None:
    async def scene() -> None:
        async def ask(_: Any) -> Accept:
            await asyncio.sleep(wait_s)
            return Accept(Path("/"))

        async with two(bob={"shares": Shelf()}, alice={"on_offer": ask}) as both:
            assert await both.alice.courier.get("shelf", "book.txt") == DONE

    virtually(scene())


def test_requests_end_with_the_line() -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            asked: list[asyncio.Task[Any]] = [
                asyncio.create_task(end.courier.list("shelf")),
                asyncio.create_task(end.courier.get("shelf")),
            ]
            await other.hear(FolderGet)
            other.lane.cut()
            for each in asked:
                with pytest.raises(LaneLost):
                    await each

    virtually(scene())


@pytest.mark.parametrize(
    ("pages", "code"),
    [
        ([[]] * 2, "peer.mismatch"),
        ([[Entry("a", "file", 0, 0, 0)] * 1_000] * (serving.LISTED // 1_000 + 1), "peer.mismatch"),
    ],
)
def test_a_listing_without_end_is_a_fault(pages: list[list[Entry]], code: str) -> None:
    async def scene() -> None:
        async with puppet() as (other, end):
            asked = asyncio.create_task(end.courier.list("shelf"))
            request = (await other.hear(FolderList)).request
            for page in pages:
                await other.say(FolderListing(request=request, entries=page))
            with pytest.raises(MeshError) as raised:
                await asked
            assert raised.value.code == code

    virtually(scene())


def test_an_end_is_told_apart_from_a_failure() -> None:
    assert Ended("done") == DONE != Ended("failed")
