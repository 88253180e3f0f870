"""Pictures from one party of a call to others: what is sent is what their cells show."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic

import pytest

from mesh_agent.media import orders
from mesh_agent.media.video import pattern
from mesh_agent.media.video.pictures import UNREAD_BYTES
from mesh_agent.media.video.watching import _Viewed
from tests.agent.media.studio import Studio
from tests.agent.media.studio import connect as connect_studios
from tests.agent.media.video.party import Party, connect, losing
from tests.support.conditions import PATIENCE_S, until

HUGE = b"\x10\x02\x00\x9d\x01\x2a\xff\xff\xff\xff" + bytes(100)
_FIRST = b"\x90\x80\x80\x01"

Make = Callable[[str], Party]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Party] = []

    def begin(name: str) -> Party:
        made.append(Party(name))
        return made[-1]

    yield begin
    await asyncio.gather(*(party.close() for party in made))


async def test_what_one_sends_two_others_recognise_and_it_is_encoded_once(make: Make) -> None:
    alice, bob, carol = make("alice"), make("bob"), make("carol")
    await asyncio.gather(connect(alice, bob), connect(alice, carol))
    bob.view(("alice", 40, 12))
    carol.view(("alice", 80, 40))
    await alice.pictures.show("test")
    assert alice.pictures.problems == []
    begun = monotonic()
    small, large = await asyncio.gather(bob.sees("alice", 15), carol.sees("alice", 15, 80))
    assert small == sorted(set(small))
    assert large == sorted(set(large))
    # twice as many, were they encoded for each
    assert alice.pictures.encoded <= 15 * (monotonic() - begun) * 1.3 + 3
    last = carol.painted("alice", 80)[-1]
    for colour, sent in zip(pattern.bars(last.pixels, 80, 40), pattern.COLOURS, strict=True):
        assert max(abs(a - b) for a, b in zip(colour, sent, strict=True)) <= 24


async def test_a_picture_comes_through_where_five_of_a_hundred_packets_are_lost(make: Make) -> None:
    alice, bob = make("alice"), make("bob")
    await connect(alice, bob, losing(0.05, seed=7))
    bob.view(("alice", 40, 12))
    await alice.pictures.show("test")
    lost_of = 1.0
    async with asyncio.timeout(PATIENCE_S):
        # what was lost was sent again: about two of them can never be had otherwise, and all up to a
        # keyframe; a machine that is held up for longer than is waited for it gives up more
        while lost_of > 1 / 4:
            before = bob.legs["alice"].pictures_seen
            seen = await bob.sees("alice", 40)
            assert seen == sorted(set(seen))
            pictures, lost = (
                now - then for now, then in zip(bob.legs["alice"].pictures_seen, before, strict=True)
            )
            lost_of = lost / pictures


async def test_a_camera_goes_off_and_on_in_the_same_connection(make: Make) -> None:
    alice, bob = make("alice"), make("bob")
    await connect(alice, bob)
    bob.view(("alice", 40, 12))
    alice.view(("", 40, 12))
    await alice.pictures.show("test")
    await bob.sees("alice", 3)
    await alice.sees("", 2)
    await alice.pictures.show("none")
    assert alice.pictures.video_in == "none"
    encoded = alice.pictures.encoded
    await alice.pictures.show("test")
    assert alice.pictures.video_in == "test"
    await bob.sees("alice", 3)
    assert alice.pictures.encoded > encoded
    assert alice.legs["bob"].number == 1


async def test_what_nobody_looks_at_is_neither_sent_nor_decoded(make: Make) -> None:
    alice, bob, carol = make("alice"), make("bob"), make("carol")
    await asyncio.gather(connect(alice, bob), connect(alice, carol))
    bob.view(("alice", 40, 12))
    await alice.pictures.show("test")
    await until(lambda: alice.pictures.unseen == {"carol"}, "what is heard of who looks")
    received = carol.legs["alice"].pictures_in
    await bob.sees("alice", 2)
    before = received.packets
    await bob.sees("alice", 4)
    assert received.packets == before
    assert carol.told == []
    # who looks now sees something soon: a keyframe is asked for
    carol.view(("alice", 40, 12))
    await carol.sees("alice", 3)
    # and where nobody looks any more, nothing is encoded
    carol.view()
    bob.view()
    await until(lambda: alice.pictures.unseen == {"bob", "carol"}, "that nobody looks")
    alice.view(("", 40, 12))
    await alice.sees("", 1)
    encoded = alice.pictures.encoded
    await alice.sees("", 4)
    assert alice.pictures.encoded == encoded


async def test_a_leg_that_is_made_anew_shows_pictures_again(make: Make) -> None:
    alice, bob = make("alice"), make("bob")
    await connect(alice, bob)
    bob.view(("alice", 40, 12))
    await alice.pictures.show("test")
    await bob.sees("alice", 2)
    await connect(alice, bob, number=2)
    await bob.sees("alice", 3)


async def test_an_agent_that_reads_nothing_is_told_nothing_more(make: Make) -> None:
    bob = make("bob")
    bob.view(("", 40, 12))
    await bob.pictures.show("test")
    await bob.sees("", 2)
    bob.unread = UNREAD_BYTES + 1
    have = len(bob.told)
    await until(lambda: bob.pictures.left_out >= 3, "pictures that are not told")
    assert len(bob.told) == have
    assert bob.pictures.encoded == 0  # nobody is connected
    bob.unread = 0
    await bob.sees("", 2)


async def test_what_is_no_picture_costs_those_until_the_next_whole_one(make: Make) -> None:
    alice, bob = make("alice"), make("bob")
    await connect(alice, bob)
    bob.view(("alice", 40, 12))
    await alice.pictures.show("test")
    await bob.sees("alice", 3)
    leg = alice.legs["bob"]
    for wrong in ([b"", b"\x90", b"\xff" * 3], [_FIRST + HUGE], [_FIRST + b"\x01\x00", bytes(1_200)]):
        leg.send_picture(wrong, 1, whole=True)
        await bob.sees("alice", 2)
    assert leg.state == "connected"


def test_a_keyframe_that_would_be_huge_is_not_decoded() -> None:
    viewed = _Viewed(orders.Tile("alice", 40, 12))
    assert not viewed.decode(HUGE)
    assert not viewed.decode(HUGE[:6])
    assert viewed.frame is None


async def test_processes_of_a_call_show_each_other_what_they_are_told_to() -> None:
    alice, bob = await asyncio.gather(Studio.begin("alice", video_in="test"), Studio.begin("bob"))
    try:
        await alice.hears(orders.Ready, video_in="test")
        bob.tell(orders.View(tiles=[orders.Tile("alice", 40, 12)]))
        await connect_studios(alice, bob)
        painted = await bob.hears(orders.Painted, party="alice", columns=40, rows=12)
        assert pattern.read(painted.pixels, 40, 12) is not None
        alice.tell(orders.Show(video_in="gone.mkv"))
        off = await alice.hears(
            orders.Ready, video_in="none", problems=["There is no file gone.mkv to be shown."]
        )
        assert off.audio_in == "none"
    finally:
        await asyncio.gather(alice.stop(), bob.stop())


async def test_what_cannot_be_shown_is_a_sentence_and_ends_nothing(make: Make, tmp_path: Path) -> None:
    alice = make("alice")
    (tmp_path / "notes.txt").write_text("no pictures")
    await alice.pictures.show(str(tmp_path / "gone.mkv"))
    assert alice.pictures.problems == [f"There is no file {tmp_path / 'gone.mkv'} to be shown."]
    await alice.pictures.show(str(tmp_path / "notes.txt"))
    assert alice.pictures.problems == [f"{tmp_path / 'notes.txt'} cannot be read as a video."]
    assert alice.pictures.video_in == "none"
    alice.view(("", 40, 12))
    await alice.pictures.show("test")
    await alice.sees("", 1)
    assert alice.pictures.problems == []
    assert not any(isinstance(report, orders.Problem) for report in alice.told)
