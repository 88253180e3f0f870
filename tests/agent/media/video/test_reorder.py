"""Pictures out of packets that come late, twice, in another order or never."""

import random

from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.media.video.reorder import (
    AGAIN_S,
    ASKED_AT_ONCE,
    ASKED_MAX,
    GIVE_UP_S,
    PACKETS_MAX,
    Piece,
    Reorder,
    is_key,
    key_size,
)

KEY, DELTA = b"\x00", b"\x01"
PAUSE_S = 1 / 15


def picture(number: int, *, key: bool, packets: int = 1) -> list[Piece]:
    parts = [(KEY if key else DELTA) + bytes((number % 256, 0)), *[bytes((number % 256, 9))] * (packets - 1)]
    return [Piece(number * 6000, part, index == 0, index == packets - 1) for index, part in enumerate(parts)]


def stream(
    pictures: int, *, packets: int = 1, keys: tuple[int, ...] = (0,), number: int = 0
) -> list[tuple[int, Piece]]:
    pieces = [piece for each in range(pictures) for piece in picture(each, key=each in keys, packets=packets)]
    return [((number + index) & 0xFFFF, piece) for index, piece in enumerate(pieces)]


def numbers(found: list[tuple[bytes, int]]) -> list[int]:
    return [timestamp // 6000 for _, timestamp in found]


def test_a_keyframe_tells_its_size() -> None:
    begin = b"\x10\x02\x00\x9d\x01\x2a"
    assert key_size(begin + b"\x40\x01\xb4\x00") == (320, 180)
    assert key_size(begin + b"\xff\xff\xff\xff") == (16_383, 16_383)
    for wrong in (b"", KEY, begin, b"\x11" + begin[1:] + bytes(4), b"\x10\x02\x00\x9d\x01\x2b" + bytes(4)):
        assert key_size(wrong) is None


def test_pictures_are_given_out_with_their_last_packet() -> None:
    reorder = Reorder()
    sent = stream(2, packets=3)
    assert [numbers(reorder.add(*each, 0.0)) for each in sent] == [[], [], [0], [], [], [1]]
    assert not reorder.wanted(0.0)
    assert reorder.lost == 0


def test_nothing_comes_before_a_keyframe_which_is_asked_for_now_and_then() -> None:
    reorder = Reorder()
    sent = stream(4, keys=(2,))
    assert reorder.add(*sent[0], 0.0) == []
    assert reorder.needs_key(0.0)
    assert not reorder.needs_key(AGAIN_S / 2)
    assert reorder.needs_key(AGAIN_S)
    assert reorder.add(*sent[1], 1.0) == []
    assert numbers(reorder.add(*sent[2], 1.0)) == [2]
    assert not reorder.needs_key(9.0)
    assert numbers(reorder.add(*sent[3], 1.0)) == [3]
    reorder.broke()
    assert reorder.needs_key(9.0)


def test_what_is_missing_is_asked_for_a_few_times_and_fits_in_when_it_comes() -> None:
    reorder = Reorder()
    sent = stream(6)
    reorder.add(*sent[0], 0.0)
    assert reorder.add(*sent[2], 0.0) == []
    assert reorder.wanted(0.0, 0.1) == [1]
    assert reorder.wanted(0.1, 0.1) == []
    assert reorder.wanted(0.16, 0.1) == [1]
    assert reorder.add(*sent[3], 0.2) == []
    assert numbers(reorder.add(*sent[1], 0.2)) == [1, 2, 3]
    assert reorder.wanted(0.5, 0.1) == []
    asked = 0
    reorder.add(*sent[5], 1.0)
    for step in range(50):
        asked += len(reorder.wanted(1.0 + step, 0.1))
    assert asked == ASKED_MAX


def test_what_never_comes_is_given_up_and_a_keyframe_is_asked_for() -> None:
    reorder = Reorder()
    sent = stream(30, keys=(0, 20))
    now, seen = 0.0, []
    for index, each in enumerate(sent):
        now += PAUSE_S
        if index != 5:
            seen += numbers(reorder.add(*each, now))
        if index == 5 + int(GIVE_UP_S / PAUSE_S) + 2:
            assert reorder.needs_key(now)
    assert seen == [*range(5), *range(20, 30)]
    assert reorder.lost == 20 - 5


def test_a_whole_keyframe_ends_the_waiting_at_once() -> None:
    reorder = Reorder()
    sent = stream(8, packets=2, keys=(0, 5))
    seen = []
    for index, each in enumerate(sent):
        if index != 3:
            seen += numbers(reorder.add(*each, 0.0))
    assert seen == [0, 5, 6, 7]
    assert not reorder.needs_key(9.0)


def test_numbers_begin_again_after_the_last_one() -> None:
    reorder = Reorder()
    seen = []
    for each in stream(200, number=65_450):
        seen += numbers(reorder.add(*each, 0.0))
    assert seen == list(range(200))


def test_a_stream_that_begins_anew_needs_a_keyframe() -> None:
    reorder = Reorder()
    for each in stream(3):
        reorder.add(*each, 0.0)
    assert reorder.add(30_000, picture(9, key=False)[0], 0.0) == []
    assert reorder.needs_key(0.0)
    assert numbers(reorder.add(30_001, picture(10, key=True)[0], 0.0)) == [10]


def test_a_flood_that_leaves_a_gap_is_bounded() -> None:
    reorder = Reorder()
    reorder.add(*stream(1)[0], 0.0)
    for number in range(2, 3_000):
        reorder.add(number, Piece(7, DELTA, False, False), 0.0)
        assert len(reorder._pieces) <= PACKETS_MAX + 1
        assert len(reorder._missing) <= PACKETS_MAX + 1
        assert len(reorder.wanted(0.0)) <= ASKED_AT_ONCE


@given(st.data())
def test_whatever_comes_pictures_are_in_order_and_begin_with_a_keyframe(data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 10_000))
    chance = random.Random(seed)
    keys = tuple(sorted({0, *(chance.randrange(40) for _ in range(4))}))
    sent = stream(40, packets=data.draw(st.integers(1, 3)), keys=keys, number=chance.randrange(65_536))
    came = [
        (index + chance.choice((0, 0, 0, 3, 8)) + chance.random() / 2, each)
        for index, each in enumerate(sent)
        for _ in range(chance.choice((0, 1, 1, 1, 1, 1, 2)))
    ]
    reorder, seen, last = Reorder(), [], -1
    for at, each in sorted(came, key=lambda entry: entry[0]):
        for found, timestamp in reorder.add(*each, at * PAUSE_S):
            number = timestamp // 6000
            seen.append(number)
            # each follows the one before it, or begins anew
            assert number == last + 1 or is_key(found)
            assert number > last
            last = number
    assert len(set(seen)) == len(seen)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 65_535), st.integers(0, 9), st.binary(max_size=3), st.booleans(), st.booleans()
        )
    )
)
def test_garbage_is_bounded(came: list[tuple[int, int, bytes, bool, bool]]) -> None:
    reorder = Reorder()
    for index, (number, timestamp, data, first, last) in enumerate(came):
        reorder.add(number, Piece(timestamp, data, first, last), index / 10)
        reorder.wanted(index / 10)
        assert len(reorder._pieces) <= PACKETS_MAX + 1
        assert len(reorder._missing) <= 3_001
