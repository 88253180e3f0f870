"""Couriers in virtual time: what arrives, whatever becomes of the lanes, and whatever the two people want."""

import asyncio
import random
import statistics
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mesh_agent.files.errors import NoSpace
from mesh_agent.machines.credit import WINDOW_BYTES
from mesh_agent.machines.receiving import Offer
from mesh_agent.machines.transfer import Ended
from mesh_agent.net.base import LaneLost
from mesh_agent.sharing.incoming import STRIKES
from mesh_agent.sharing.transferring import Accept, AlreadyHere, Answer, Decline
from protocol import limits
from protocol.errors import MeshError, PeerTooMany
from protocol.peer import Entry, FileCancel, FileChunk, PeerFrame, Range
from tests.agent.couriers import DONE, Two, two
from tests.support.conditions import PATIENCE_S, until
from tests.support.memory_files import CHUNK, Disk, MemorySource, folder_of
from tests.support.memory_lanes import lane_pair
from tests.support.virtual_time import in_time, virtually


def some_bytes(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


# ── what arrives ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 20 * CHUNK - 5])
def test_a_file_arrives_whole(size: int, lanes: int) -> None:
    async def scene() -> None:
        async with two(lanes=lanes, delay_s=0.02) as both:
            data = some_bytes(size)
            assert await both.send(MemorySource(data)) == DONE
            assert await both.bob.ended_as() == DONE
            assert both.bob.disk.whole == {"notes.bin": data}
            assert both.bob.last().done == both.alice.last().done == size
            assert sorted(both.bob.disk.writes) == list(range(-(-size // CHUNK)))

    virtually(scene())


def test_a_folder_arrives_with_its_manifest_in_pages() -> None:
    async def scene() -> None:
        async with two(lanes=2) as both:
            files = {f"deep/{'n' * 200}/{at}.txt": b"%d" % at for at in range(2_500)}
            source = folder_of(files)
            assert await both.send(source) == DONE
            (offer,) = both.bob.offers
            assert offer.entries == source.entries
            assert both.bob.disk.whole["stuff"] == source.data

    virtually(scene())


def test_holes_are_told_and_not_sent() -> None:
    async def scene() -> None:
        async with two() as both:
            data = some_bytes(CHUNK) + bytes(8 * CHUNK) + some_bytes(CHUNK)
            source = MemorySource(data, holes=[Range(1, 8)])
            assert await both.send(source) == DONE
            assert sorted(source.reads) == [0, 9]
            assert both.bob.disk.whole["notes.bin"] == data

    virtually(scene())


def test_an_entry_that_cannot_be_read_is_told() -> None:
    async def scene() -> None:
        async with two(lanes=2) as both:
            source = folder_of({"a.txt": b"a" * CHUNK, "b.txt": b"b" * CHUNK})
            source.before_read = lambda index: source.faults.append((1, "It vanished.")) if index else None
            assert await both.send(source) == DONE
            assert both.bob.disk.faults == [(1, "It vanished.")]
            assert both.bob.last().faults == both.alice.last().faults == 1

    virtually(scene())


def test_what_is_known_to_be_unreadable_before_is_told_too() -> None:
    """So that a resumed folder does not keep the zeros that stand for it."""

    async def scene() -> None:
        async with two() as both:
            source = folder_of({"a.txt": b"a"})
            source.faults.append((0, "It vanished."))
            assert await both.send(source) == DONE
            assert both.bob.disk.faults == [(0, "It vanished.")]

    virtually(scene())


def test_both_may_send_at_once() -> None:
    async def scene() -> None:
        async with two(lanes=2, delay_s=0.01) as both:
            there, back = some_bytes(9 * CHUNK), some_bytes(7 * CHUNK, 2)
            ended = await asyncio.gather(
                both.send(MemorySource(there), "there"),
                both.bob.courier.offer("back", MemorySource(back, name="back.bin")),
            )
            assert list(ended) == [DONE, DONE]
            assert both.bob.disk.whole == {"notes.bin": there}
            assert both.alice.disk.whole == {"back.bin": back}

    virtually(scene())


def test_several_share_the_lanes_fairly() -> None:
    """A small one is not behind a large one that began before."""

    async def scene() -> None:
        async with two(lanes=2, alice={"rate_limit": 10 * CHUNK}) as both:
            order: list[str] = []

            async def send(name: str, chunks: int) -> None:
                await both.send(MemorySource(some_bytes(chunks * CHUNK), name=name), name)
                order.append(name)

            await asyncio.gather(send("large", 60), send("middle", 20), send("small", 5))
            assert order == ["small", "middle", "large"]

    virtually(scene())


def test_a_transfer_has_one_name_at_a_time() -> None:
    async def scene() -> None:
        async with two(alice={"rate_limit": CHUNK}) as both:
            first = asyncio.create_task(both.send(MemorySource(some_bytes(CHUNK))))
            await both.bob.reaches(0)
            with pytest.raises(PeerTooMany):
                await both.send(MemorySource(b"other"))
            assert await first == DONE
            assert await both.send(MemorySource(b"again")) == DONE

    virtually(scene())


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


def answering(answer: Answer | MeshError) -> Callable[[Offer], Any]:
    async def ask(_: Offer) -> Answer:
        if isinstance(answer, MeshError):
            raise answer
        return answer

    return ask


@pytest.mark.parametrize(
    ("answer", "there", "here"),
    [
        (Decline("Not now."), "declined", "declined"),
        (MeshError("The folder is gone."), "declined", "failed"),
    ],
)
def test_an_offer_is_declined_with_the_reason(answer: Decline | MeshError, there: str, here: str) -> None:
    async def scene() -> None:
        async with two(bob={"on_offer": answering(answer)}) as both:
            ended = await both.send(MemorySource(b"x"))
            reason = answer.reason if isinstance(answer, Decline) else answer.message
            assert (ended.how, ended.reason, ended.here) == (there, reason, False)
            assert (await both.bob.ended_as()).how == here
            assert not both.bob.disk.parts

    virtually(scene())


def test_a_disk_that_cannot_take_what_was_accepted_is_a_failure_on_both_sides() -> None:
    def no_space(*_: Any) -> Any:
        raise NoSpace

    async def scene() -> None:
        async with two(bob={"open_sink": no_space}) as both:
            ended = await both.send(MemorySource(b"x"))
            assert (ended.how, ended.code, ended.reason) == ("failed", "disk.full", NoSpace.text)
            assert (await both.bob.ended_as()).how == "failed"

    virtually(scene())


def test_what_cannot_be_opened_is_declined() -> None:
    def no_space(*_: Any) -> Any:
        raise MeshError("The disk is full.")

    async def scene() -> None:
        async with two(bob={"open_sink": no_space}) as both:
            ended = await both.send(MemorySource(b"x"))
            assert (ended.how, ended.reason) == ("declined", "The disk is full.")
            assert (await both.bob.ended_as()).how == "failed"

    virtually(scene())


def test_a_mistake_of_ours_in_an_answer_is_no_secret_told() -> None:
    async def scene() -> None:
        async def ask(_: Offer) -> Answer:
            raise RuntimeError("something inside")

        async with two(bob={"on_offer": ask}) as both:
            ended = await both.send(MemorySource(b"x"))
            assert ended.how == "declined"
            assert "inside" not in ended.reason

    virtually(scene())


@pytest.mark.parametrize("wait_s", [0, 1_000])
def test_a_person_may_think_for_as_long_as_it_takes(wait_s: int) -> None:
    async def scene() -> None:
        async def ask(_: Offer) -> Answer:
            await asyncio.sleep(wait_s)
            return Accept(Path("/"))

        async with two(bob={"on_offer": ask}) as both:
            assert await both.send(MemorySource(b"x")) == DONE

    virtually(scene())


def test_what_was_received_before_is_not_received_again() -> None:
    async def scene() -> None:
        async with two(bob={"on_offer": answering(AlreadyHere())}) as both:
            source = MemorySource(some_bytes(3 * CHUNK))
            assert await both.send(source) == DONE
            assert source.reads == []
            assert await both.bob.ended_as() == DONE

    virtually(scene())


# ── pause, cancel, limits ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_either_end_pauses(who: str) -> None:
    async def scene() -> None:
        async with two(lanes=2, alice={"rate_limit": 4 * CHUNK}) as both:
            sending = asyncio.create_task(both.send(MemorySource(some_bytes(20 * CHUNK))))
            await both.bob.reaches(4 * CHUNK)
            end = both.alice if who == "alice" else both.bob
            end.courier.pause("t")
            await asyncio.sleep(2)
            before = len(both.bob.disk.writes)
            await asyncio.sleep(1_000)
            assert len(both.bob.disk.writes) == before < 20, "and nobody gives up"
            for one in (both.alice, both.bob):
                assert one.last().paused_here is (one is end)
                assert one.last().paused_there is (one is not end)
            end.courier.resume("t")
            assert await sending == DONE

    virtually(scene())


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_either_end_cancels_and_nothing_is_left(who: str) -> None:
    async def scene() -> None:
        async with two(lanes=2, alice={"rate_limit": 4 * CHUNK}) as both:
            sending = asyncio.create_task(both.send(MemorySource(some_bytes(20 * CHUNK))))
            await both.bob.reaches(4 * CHUNK)
            end = both.alice if who == "alice" else both.bob
            end.courier.cancel("t", "Not that one.")
            ended = {"alice": await sending, "bob": await both.bob.ended_as()}
            for name in ended:
                assert ended[name] == Ended("cancelled", "cancelled", "Not that one.", here=name == who)
            assert not both.bob.disk.parts
            assert not both.bob.disk.whole
            assert await both.send(MemorySource(b"next"), "u") == DONE, "the line is as good as before"

    virtually(scene())


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_what_is_offered_again_is_not_taken_for_what_was_cancelled(who: str) -> None:
    """Chunks, and words about them, are still on their way, over a lane that is slower than the main one."""

    async def scene() -> None:
        async with two(lanes=2) as both:
            for ours, _ in both.pairs:
                ours.rate = 50 * CHUNK
            both.pairs[1][0].delay_s = both.pairs[1][1].delay_s = 3.0
            sending = asyncio.create_task(both.send(MemorySource(some_bytes(200 * CHUNK))))
            await both.bob.reaches(20 * CHUNK)
            (both.alice if who == "alice" else both.bob).courier.cancel("t")
            assert (await sending).how == "cancelled"
            data = some_bytes(200 * CHUNK, 2)
            assert await both.send(MemorySource(data)) == DONE
            assert both.bob.disk.whole["notes.bin"] == data

    virtually(scene())


@pytest.mark.parametrize("who", ["alice", "bob"])
@pytest.mark.parametrize("late", [False, True], ids=["in time", "too late"])
def test_a_cancel_comes_in_time_until_a_name_is_given(who: str, late: bool) -> None:
    """Both ends say the same, and it is what the disk says."""

    async def scene() -> None:
        threads = ThreadPoolExecutor(2)
        reached, released = threading.Event(), threading.Event()

        def hold() -> None:
            reached.set()
            assert released.wait(PATIENCE_S)

        async with two(bob={"executor": threads}) as both:
            if late:
                both.bob.disk.while_placing = hold
            else:
                both.bob.disk.before_finish = hold
            sending = asyncio.create_task(both.send(MemorySource(b"x")))
            await until(reached.is_set, "the end")
            end = both.alice if who == "alice" else both.bob
            end.courier.cancel("t", "Not that one.")
            await end.courier.call_off("t")
            assert not (late and sending.done()), "nobody knows yet how it ends"
            released.set()
            ended = {"alice": await sending, "bob": await both.bob.ended_as()}
            for name, how in ended.items():
                cancelled = Ended("cancelled", "cancelled", "Not that one.", here=name == who)
                assert how == (DONE if late else cancelled)
            assert ("notes.bin" in both.bob.disk.whole) is late
        threads.shutdown()

    asyncio.run(scene())


def test_a_transfer_that_is_not_open_is_called_off() -> None:
    async def scene() -> None:
        heard: list[FileCancel] = []
        async with two(bob={"on_called_off": heard.append}) as both:
            await both.alice.courier.call_off("old", "Not that one.")
            assert heard == [FileCancel(transfer="old", reason="Not that one.")]
            assert await both.send(MemorySource(b"x"), "old") == DONE, "and may be offered again"

    virtually(scene())


def test_an_offer_can_be_cancelled_while_the_person_thinks() -> None:
    async def scene() -> None:
        async def ask(_: Offer) -> Answer:
            await asyncio.Event().wait()
            raise AssertionError

        async with two(bob={"on_offer": ask}) as both:
            sending = asyncio.create_task(both.send(MemorySource(b"x")))
            await in_time(lambda: both.bob.offers)
            both.alice.courier.cancel("t", "Never mind.")
            assert (await sending).how == "cancelled"
            assert (await both.bob.ended_as()).reason == "Never mind."

    virtually(scene())


def test_who_stops_waiting_for_an_offer_cancels_it() -> None:
    async def scene() -> None:
        async with two(alice={"rate_limit": CHUNK}) as both:
            sending = asyncio.create_task(both.send(MemorySource(some_bytes(9 * CHUNK))))
            await both.bob.reaches(CHUNK)
            sending.cancel()
            assert (await both.bob.ended_as()).how == "cancelled"

    virtually(scene())


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("whose", ["courier", "transfer"])
def test_a_limit_is_kept(lanes: int, whose: str) -> None:
    async def scene() -> None:
        rate = 100_000
        async with two(lanes=lanes, alice={"rate_limit": rate if whose == "courier" else None}) as both:
            began = asyncio.get_running_loop().time()
            size = 50 * CHUNK
            await both.send(MemorySource(some_bytes(size)), limit=rate if whose == "transfer" else None)
            took = asyncio.get_running_loop().time() - began
            assert size / took == pytest.approx(rate, rel=0.05)
            rates = [each.rate for each in both.bob.told if each.rate]
            assert statistics.median(rates) == pytest.approx(rate, rel=0.2)

    virtually(scene())


def test_a_limit_can_be_lifted_meanwhile() -> None:
    async def scene() -> None:
        async with two(alice={"rate_limit": CHUNK}) as both:
            sending = asyncio.create_task(both.send(MemorySource(some_bytes(500 * CHUNK))))
            await both.bob.reaches(2 * CHUNK)
            both.alice.courier.limit(None)
            assert await sending == DONE
            assert asyncio.get_running_loop().time() < 60

    virtually(scene())


def test_progress_is_told_a_few_times_a_second_and_not_more() -> None:
    async def scene() -> None:
        async with two(alice={"rate_limit": 20 * CHUNK}) as both:
            await both.send(MemorySource(some_bytes(400 * CHUNK)))
            for end in (both.alice, both.bob):
                seconds = end.told_at[-1] - end.told_at[0]
                assert seconds > 15
                assert 2 * seconds < len(end.told) < 5 * seconds + 10
                done = [each.done for each in end.told]
                assert done == sorted(done)

    virtually(scene())


# ── memory ───────────────────────────────────────────────────────────────────────────────────────


def test_no_more_is_under_way_than_was_granted() -> None:
    """The receiver's disk stands still: the sender reads no more than the window and what is ready."""

    async def scene() -> None:
        window = 8 * CHUNK
        async with two(lanes=2, bob={"window": window}) as both:
            source = MemorySource(some_bytes(100 * CHUNK))
            most = 0

            def look(_: int) -> None:
                nonlocal most
                most = max(most, len(source.reads) - len(both.bob.disk.writes))

            both.bob.disk.before_write = look
            assert await both.send(source) == DONE
            assert most * CHUNK <= window

    virtually(scene())


# ── lanes that come and go ───────────────────────────────────────────────────────────────────────


def test_a_lane_that_joins_carries_its_part() -> None:
    async def scene() -> None:
        async with two(delay_s=0.05) as both:
            sending = asyncio.create_task(both.send(MemorySource(some_bytes(200 * CHUNK))))
            await both.bob.reaches(CHUNK)
            _, theirs = both.add_lane()
            assert await sending == DONE
            assert theirs.read_bytes > 20 * CHUNK

    virtually(scene())


def sent_over(both: Two) -> list[float]:
    """Chunks that each lane carried."""
    return [theirs.read_bytes / CHUNK for _, theirs in both.pairs]


@pytest.mark.parametrize("ratio", [1, 3, 50])
def test_lanes_carry_as_much_as_they_are_quick_and_a_slow_one_holds_up_nobody(ratio: int) -> None:
    async def scene() -> None:
        async with two(lanes=2) as both:
            quick = 100 * CHUNK
            both.pairs[0][0].rate, both.pairs[1][0].rate = quick / ratio, quick
            assert await both.send(MemorySource(some_bytes(1_000 * CHUNK))) == DONE
            slow, fast = sent_over(both)
            took = asyncio.get_running_loop().time()
            if ratio == 50:
                assert slow < 12, "it is tried now and then"
                assert took < 10 * 1.1
            else:
                assert fast / slow == pytest.approx(ratio, rel=0.15)
                assert took < 10 / (1 + 1 / ratio) * 1.1

    virtually(scene())


def test_when_the_quick_lane_dies_or_falls_silent_the_slow_one_does_it() -> None:
    async def scene(how: str) -> None:
        async with two(lanes=2) as both:
            quick = 100 * CHUNK
            both.pairs[0][0].rate, both.pairs[1][0].rate = quick / 20, quick
            sending = asyncio.create_task(both.send(MemorySource(some_bytes(200 * CHUNK))))
            await both.bob.reaches(100 * CHUNK)
            if how == "dies":
                both.pairs[1][0].cut()
            else:
                both.pairs[1][1].deaf = True
            assert await sending == DONE
            assert sent_over(both)[0] > 50

    virtually(scene("dies"))
    virtually(scene("falls silent"))


@pytest.mark.parametrize("seed", range(12))
def test_lanes_die_and_others_come_and_everything_arrives(seed: int) -> None:
    async def scene() -> None:
        chance = random.Random(seed)
        async with two(lanes=3, delay_s=0.03, bob={"window": 16 * CHUNK}) as both:
            data = some_bytes(150 * CHUNK - seed)
            sending = asyncio.create_task(both.send(MemorySource(data)))
            for _ in range(8):
                await asyncio.sleep(chance.uniform(0, 0.4))
                chance.choice(both.pairs[1:])[0].cut()
                both.add_lane()
            assert await sending == DONE
            assert both.bob.disk.whole["notes.bin"] == data

    virtually(scene())


def test_of_a_lane_that_dies_in_the_middle_of_a_chunk_nothing_stays_begun() -> None:
    """Whoever hashes the whole file would wait for the rest of it for ever."""

    async def scene() -> None:
        async with two(lanes=2) as both:
            near, far = both.pairs[1]
            both.pairs[0][0].rate, near.rate = 10 * CHUNK, CHUNK
            sending = asyncio.create_task(both.send(MemorySource(some_bytes(20 * CHUNK))))
            await in_time(lambda: far.read_bytes and both.bob.disk.under_way)
            near.cut()
            assert await sending == DONE
            assert not both.bob.disk.under_way

    virtually(scene())


def test_a_lane_that_comes_too_late_is_closed() -> None:
    async def scene() -> None:
        async with two() as both:
            both.alice.courier.close()
            await both.alice.running
            ours, theirs = lane_pair()
            both.alice.courier.add_lane(ours)
            assert await theirs.read(1) == b""

    virtually(scene())


def test_a_silent_lane_is_taken_for_dead_and_its_chunks_go_another_way() -> None:
    async def scene() -> None:
        async with two(lanes=2, delay_s=0.05) as both:
            for end in both.pairs[1]:
                end.deaf = True
            data = some_bytes(60 * CHUNK)
            assert await both.send(MemorySource(data)) == DONE
            assert both.bob.disk.whole["notes.bin"] == data
            assert both.alice.courier.lanes == 1

    virtually(scene())


def test_quiet_lanes_stay() -> None:
    async def scene() -> None:
        async with two(lanes=3) as both:
            await asyncio.sleep(500)
            assert both.alice.courier.lanes == both.bob.courier.lanes == 3
            assert await both.send(MemorySource(b"x")) == DONE

    virtually(scene())


def test_when_the_main_lane_is_lost_the_attempt_is_over_and_what_came_is_kept() -> None:
    async def scene() -> None:
        async with two(lanes=2, alice={"rate_limit": 4 * CHUNK}) as both:
            sending = asyncio.create_task(both.send(MemorySource(some_bytes(20 * CHUNK))))
            await both.bob.reaches(4 * CHUNK)
            both.pairs[0][0].cut()
            with pytest.raises(LaneLost):
                await sending
            await asyncio.gather(both.alice.running, both.bob.running)
            assert isinstance(both.alice.ended, LaneLost)
            assert isinstance(both.bob.ended, LaneLost)
            assert both.bob.disk.abandoned == [True]
            assert both.bob.last().ended is None, "it is interrupted, and not over"
            with pytest.raises(LaneLost):
                await both.send(MemorySource(b"x"), "u")

    virtually(scene())


# ── a kill at every frame ────────────────────────────────────────────────────────────────────────


class Killer:
    """Cuts the lane in the place of the frame with the number `at`."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.seen = 0

    def __call__(self, _: PeerFrame) -> bool:
        self.seen += 1
        return self.at is None or self.seen != self.at + 1


def a_source(kind: str) -> MemorySource:
    if kind == "file":
        data = some_bytes(5 * CHUNK - 9)
        return MemorySource(data[:CHUNK] + bytes(CHUNK) + data[2 * CHUNK :], holes=[Range(1, 1)])
    return folder_of({f"{at}.txt": some_bytes(3_000, at) for at in range(60)})


async def attempt(source: MemorySource, disk: Disk, killers: tuple[Killer, Killer]) -> Ended | None:
    """None: the line was lost."""

    async def ask(offer: Offer) -> Answer:
        return AlreadyHere() if offer.meta.transfer in disk.done else Accept(Path("/"))

    both = Two(disk=disk, watch=killers, bob={"on_offer": ask})
    try:
        return await both.send(source)
    except LaneLost:
        return None
    finally:
        await both.close()


def frames_of(kind: str) -> tuple[int, int]:
    async def count() -> tuple[int, int]:
        killers = (Killer(None), Killer(None))
        assert await attempt(a_source(kind), Disk(), killers) == DONE
        return killers[0].seen, killers[1].seen

    return virtually(count())


@pytest.mark.parametrize("side", ["sender", "receiver"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_kill_at_every_frame_then_resume(kind: str, side: str) -> None:
    """Wherever it breaks, the next attempt brings what is missing, and no more than that."""
    frames = frames_of(kind)[side == "receiver"]
    assert frames > 3

    async def scene(at: int) -> None:
        disk, source = Disk(), a_source(kind)
        killer, other = Killer(at), Killer(None)
        killers = (killer, other) if side == "sender" else (other, killer)
        assert await attempt(source, disk, killers) is None
        kept = len(disk.writes)
        assert await attempt(source, disk, (Killer(None), Killer(None))) == DONE
        assert disk.whole == {source.name: source.data}
        assert not disk.parts
        assert len(disk.writes) == len(set(disk.writes)), "nothing was written twice"
        assert kept <= len(disk.writes)

    for at in range(frames):
        virtually(scene(at))


def test_killed_at_each_frame_in_turn_it_gets_there() -> None:
    async def scene() -> None:
        disk, source = Disk(), a_source("file")
        at = 0
        while await attempt(source, disk, (Killer(at), Killer(None))) is None:
            at += 1
        assert disk.whole == {source.name: source.data}
        assert len(disk.writes) == 4

    virtually(scene())


# ── disks ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_full_disk_ends_it_on_both_sides_and_what_came_is_kept(lanes: int) -> None:
    async def scene() -> None:
        async with two(lanes=lanes) as both:

            def full(index: int) -> None:
                if index == 3:
                    raise OSError(28, "No space left on device")

            both.bob.disk.before_write = full
            ended = await both.send(MemorySource(some_bytes(9 * CHUNK)))
            assert (ended.how, ended.here) == ("failed", False)
            assert "No space left" in ended.reason
            assert (await both.bob.ended_as()).how == "failed"
            assert not both.bob.disk.whole
            assert both.bob.disk.abandoned == [True]
            both.bob.disk.before_write = lambda _: None
            assert await both.send(MemorySource(some_bytes(9 * CHUNK))) == DONE, "made room, sent again"
            assert len(both.bob.disk.writes) == 9

    virtually(scene())


def test_a_file_that_changes_while_it_is_read_ends_it_and_nothing_is_kept() -> None:
    class Changed(MeshError):
        code = "changed"

    async def scene() -> None:
        async with two(lanes=2) as both:
            source = MemorySource(some_bytes(9 * CHUNK))

            def change(index: int) -> None:
                if index == 5:
                    raise Changed("It was changed while it was read.")

            source.before_read = change
            ended = await both.send(source)
            assert ended == Ended("failed", "changed", "It was changed while it was read.")
            there = await both.bob.ended_as()
            assert (there.how, there.code, there.reason) == ("failed", "changed", ended.reason)
            assert both.bob.disk.abandoned == [False]
            assert not both.bob.disk.whole

    virtually(scene())


def test_what_cannot_be_put_in_its_place_fails_on_both_sides() -> None:
    async def scene() -> None:
        async with two() as both:

            def read_only() -> None:
                raise OSError(30, "Read-only file system")

            both.bob.disk.before_finish = read_only
            ended = await both.send(MemorySource(b"x"))
            assert (ended.how, ended.here) == ("failed", False)
            assert "Read-only" in ended.reason
            assert not both.bob.disk.whole

    virtually(scene())


# ── wrong bytes ──────────────────────────────────────────────────────────────────────────────────


class Corrupting:
    """A lane that changes a byte of each chunk, or of some."""

    def __init__(self, both: Two, lane: int, chunks: int) -> None:
        both.pairs[lane][1].spoil = self._spoil
        self.left = chunks

    def _spoil(self, data: memoryview) -> memoryview:
        if len(data) < CHUNK // 2 or not self.left:
            return data
        self.left -= 1
        return memoryview(b"\x00" + bytes(data[1:]))


def test_wrong_bytes_cost_the_lane_that_they_came_over_and_no_more() -> None:
    async def scene() -> None:
        async with two(lanes=3, delay_s=0.05) as both:
            Corrupting(both, 2, 1)
            data = some_bytes(60 * CHUNK)
            assert await both.send(MemorySource(data)) == DONE
            assert both.bob.disk.whole["notes.bin"] == data
            await in_time(lambda: both.alice.courier.lanes == both.bob.courier.lanes == 2)

    virtually(scene())


def test_three_wrong_chunks_in_a_row_end_it_over_all_attempts() -> None:
    """Each ends the attempt, as there is but one lane; the last one ends the transfer, on both sides."""

    async def scene() -> None:
        disk, strikes = Disk(), 0

        async def take(_: Offer) -> Answer:
            return Accept(Path("/"), strikes=strikes)

        for attempt in range(1, STRIKES + 1):
            async with two(disk=disk, bob={"on_offer": take}) as both:
                Corrupting(both, 0, 1)
                sending = asyncio.create_task(both.send(MemorySource(some_bytes(4 * CHUNK))))
                if attempt < STRIKES:
                    with pytest.raises(MeshError):
                        await sending
                    assert both.bob.last().ended is None
                else:
                    assert (await sending).code == "peer.hash"
                    assert (await both.bob.ended_as()).code == "peer.hash"
                strikes = both.bob.last().strikes
                assert strikes == attempt
        assert not disk.parts

        async with two(disk=disk, bob={"on_offer": take}) as both:
            strikes = STRIKES - 1
            assert await both.send(MemorySource(some_bytes(4 * CHUNK))) == DONE
            assert both.bob.last().strikes == 0, "a right one is a new beginning"

    virtually(scene())


def test_wrong_bytes_on_the_main_lane_end_the_attempt_on_both_sides() -> None:
    async def scene() -> None:
        async with two() as both:
            Corrupting(both, 0, 1)
            with pytest.raises(MeshError) as raised:
                await both.send(MemorySource(some_bytes(4 * CHUNK)))
            await asyncio.gather(both.alice.running, both.bob.running)
            assert raised.value.code == "peer.hash"
            assert both.alice.ended is not None
            assert both.bob.ended is not None
            assert both.alice.ended.code == both.bob.ended.code == "peer.hash"
            assert not both.bob.disk.whole
            assert both.bob.disk.abandoned == [True]

    virtually(scene())


# ── sizes of frames ──────────────────────────────────────────────────────────────────────────────


def test_a_page_of_the_longest_names_fits_into_a_frame() -> None:
    from mesh_agent.sharing.outgoing import pages
    from protocol.peer import FolderManifest, encode_frame

    name = "\U0001f600" * limits.PATH_CHARS
    entries = [Entry(name, "link", 0, 2**62, 0o7777, name) for _ in range(40)]
    entries += [Entry("a", "file", limits.INTEGER_MAX, 2**62, 0o7777) for _ in range(3_000)]
    told = list(pages(entries))
    assert [entry for page, _ in told for entry in page] == entries
    assert [last for _, last in told] == [False] * (len(told) - 1) + [True]
    for page, last in told:
        frame = encode_frame(FolderManifest(transfer="t" * limits.ID_CHARS, entries=page, last=last))
        assert len(frame) <= limits.PEER_FRAME_BYTES
        assert len(page) <= limits.MANIFEST_ENTRIES
    assert list(pages([])) == [([], True)]


def test_the_window_holds_the_largest_chunk() -> None:
    assert WINDOW_BYTES >= limits.CHUNK_MAX_BYTES
    assert FileChunk.__struct_config__.tag == "FILE_CHUNK"
