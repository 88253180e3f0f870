"""When packets of sound are heard, in virtual time: losses, uneven lines, bursts, silence, and nonsense."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.media.jitter import (
    EARLY,
    FRAME,
    PACKETS_MAX,
    RATE,
    SLACK_S,
    Conceal,
    Jitter,
    Play,
    length,
)
from mesh_agent.media.packet import Packet
from tests.agent.media.network import FRAME_S, PAYLOAD, Delay, Heard, hear, sent

BEGUN = 100.0
LINE_S = 0.03
"""How long every packet travels at least."""


def delays(heard: Heard) -> list[float]:
    """From when each packet is sent until it is heard, in seconds, in the order in which they are heard."""
    return [at - BEGUN - number * FRAME_S for number, at in heard.played]


def through(delay: Delay, count: int = 1_000) -> tuple[Jitter, Heard]:
    jitter = Jitter()
    heard = hear(jitter, sent(count, delay), BEGUN + 0.003, BEGUN + count * FRAME_S + 0.2)
    numbers = [number for number, _ in heard.played]
    assert numbers == sorted(set(numbers))
    return jitter, heard


def test_a_line_without_faults_adds_a_frame_at_most() -> None:
    jitter, heard = through(lambda _: LINE_S)
    assert [number for number, _ in heard.played] == list(range(1_000))
    assert max(delays(heard)) <= LINE_S + FRAME_S
    assert jitter.counts.lost == 0
    # after the last packet comes silence, or a loss: nobody knows
    assert all(at > BEGUN + 1_000 * FRAME_S for at, _ in heard.concealed)


@pytest.mark.parametrize("uneven_s", [0.0, 0.001])
def test_a_line_that_is_hardly_uneven_loses_nothing_whenever_its_packets_come(uneven_s: float) -> None:
    """In whatever part of the 20 ms between two looks, and is heard as early as that part allows."""
    chance = random.Random(1)
    packets = sent(300, lambda _: LINE_S + uneven_s * chance.random())
    for phase in range(0, 20, 2):
        heard = hear(Jitter(), packets, BEGUN + phase / 1_000, BEGUN + 5.9)
        assert not heard.concealed, phase
        assert max(delays(heard)[50:]) < LINE_S + uneven_s + FRAME_S + 2 * SLACK_S, phase


def test_one_lost_packet_costs_its_own_20_ms_and_delays_nothing() -> None:
    jitter, heard = through(lambda index: None if index == 500 else LINE_S)
    assert sum(samples for at, samples in heard.concealed if at < BEGUN + 15) == FRAME
    assert jitter.counts.lost == 1
    assert len({round(each, 6) for each in delays(heard)}) == 1


@pytest.mark.parametrize("part", [0.02, 0.10])
def test_losses_cost_what_was_lost_and_no_delay(part: float) -> None:
    chance = random.Random(7)
    jitter, heard = through(lambda _: None if chance.random() < part else LINE_S)
    lost = 1_000 - len(heard.played)
    assert 0.5 * part < lost / 1_000 < 2 * part
    assert jitter.counts.late == 0
    assert sum(samples for _, samples in heard.concealed) <= (lost + 10) * FRAME
    assert max(delays(heard)) <= LINE_S + FRAME_S + 0.005


def test_jitter_of_100_ms_is_waited_for_and_forgotten_within_two_seconds() -> None:
    chance = random.Random(7)
    _, heard = through(lambda index: LINE_S + (chance.random() * 0.1 if index < 500 else 0))
    late = set(range(100, 500)) - {number for number, _ in heard.played}
    assert len(late) <= 8  # 2 % of them, after two seconds of learning
    assert max(delays(heard)) < LINE_S + 0.1 + 0.04
    after = [each for each, (number, _) in zip(delays(heard), heard.played, strict=True) if number > 600]
    assert max(after) <= LINE_S + 2 * FRAME_S


def test_a_burst_is_heard_and_its_delay_is_gone_within_a_second() -> None:
    """Ten packets wait somewhere, and come at once with the eleventh."""
    _, heard = through(lambda index: LINE_S + max(0, 510 - index) * FRAME_S * (index >= 500))
    assert [number for number, _ in heard.played] == list(range(1_000))
    after = [each for each, (number, _) in zip(delays(heard), heard.played, strict=True) if number >= 550]
    assert max(after) <= LINE_S + 2 * FRAME_S


def test_a_line_that_stood_still_for_two_seconds_delays_nothing_two_seconds_later() -> None:
    _, heard = through(lambda index: LINE_S + max(0, 400 - index) * FRAME_S * (index >= 300))
    after = [each for each, (number, _) in zip(delays(heard), heard.played, strict=True) if number >= 500]
    assert len(after) == 500
    assert max(after) <= LINE_S + 2 * FRAME_S


def test_a_longer_way_is_taken_for_what_it_is() -> None:
    _, heard = through(lambda index: LINE_S if index < 300 else LINE_S + 0.1)
    numbers = [number for number, _ in heard.played]
    assert set(range(310, 1_000)) <= set(numbers)
    assert max(delays(heard)) < LINE_S + 0.1 + 0.06


@pytest.mark.parametrize("uneven_s", [0.0, 0.015])
@pytest.mark.parametrize("burst", [1, 2])
def test_the_copy_of_what_is_lost_is_there_whenever_the_packets_come(uneven_s: float, burst: int) -> None:
    """In whatever part of the 20 ms between two looks. Of the first two losses none is known before.

    The last of a burst is in the next packet that comes, and nothing before it is anywhere.
    """
    lost = {index + more for index in range(50, 400, 9) for more in range(burst)}
    chance = random.Random(1)
    packets = sent(500, lambda index: None if index in lost else LINE_S + uneven_s * chance.random())
    for phase in range(0, 20, 3):
        heard = hear(Jitter(), packets, BEGUN + phase / 1_000, BEGUN + 9.5, copies=True)
        later = [index for index in sorted(lost) if index >= 100 and index + 1 not in lost]
        assert [number for number, _, size in heard.copied if number >= 100 and size == FRAME] == later, phase
        made_up = sum(size for at, size in heard.concealed if BEGUN + 2 < at < BEGUN + 8)
        assert made_up == (burst - 1) * FRAME * len(later), phase
        waited = [at - BEGUN - number * FRAME_S for number, at in heard.played if 150 < number < 300]
        assert max(waited) <= LINE_S + uneven_s + 2 * FRAME_S + SLACK_S + EARLY / RATE, phase


def test_what_comes_too_late_to_be_waited_for_is_made_up_only_until_the_next_look() -> None:
    """Of a packet that is heard in the midst of two looks, the last part may come from its copy."""
    jitter = Jitter()
    for packet in sent(100, lambda index: None if index == 99 else LINE_S):
        jitter.take(packet)
    now, left = BEGUN + 99 * FRAME_S + LINE_S + 0.001, FRAME // 4
    for index in range(99):
        jitter.next(BEGUN + index * FRAME_S + LINE_S + 0.006)
    assert jitter.next(now, left, left) == Conceal(FRAME - left)


@pytest.mark.parametrize("part", [2e-4, -2e-4])
def test_a_clock_that_is_faster_or_slower_is_followed(part: float) -> None:
    _, heard = through(lambda index: LINE_S + index * FRAME_S * part + 0.02, count=3_000)
    assert len(heard.played) >= 2_999
    first, last = delays(heard)[0], delays(heard)[-1]
    assert abs(last - first - 3_000 * FRAME_S * part) < FRAME_S


def test_a_pause_in_which_nothing_is_sent_is_silence_and_no_loss() -> None:
    jitter = Jitter()
    before = sent(100, lambda _: LINE_S)
    pause = 150 * FRAME
    after = sent(
        100, lambda _: LINE_S, number=100, timestamp=100 * FRAME + pause, begun=BEGUN + 250 * FRAME_S
    )
    heard = hear(jitter, before + after, BEGUN + 0.003, BEGUN + 7.1)
    assert len(heard.played) == 200
    assert jitter.counts.lost == 0
    assert heard.silent > pause - 8 * FRAME
    at = dict(heard.played)
    assert at[100] - (BEGUN + 250 * FRAME_S) <= LINE_S + FRAME_S


def test_numbers_and_times_wrap() -> None:
    jitter = Jitter()
    packets = sent(300, lambda _: LINE_S, number=65_400, timestamp=(1 << 32) - 100 * FRAME)
    heard = hear(jitter, packets, BEGUN + 0.003, BEGUN + 300 * FRAME_S)
    assert len(heard.played) >= 297
    assert jitter.counts.lost == jitter.counts.late == 0


def test_packets_that_come_twice_or_in_another_order_are_heard_once_and_in_order() -> None:
    chance = random.Random(3)
    packets = sent(500, lambda _: LINE_S + 0.03 * chance.random())
    twice = sorted(packets + packets[::3], key=lambda packet: packet.at)
    jitter = Jitter()
    heard = hear(jitter, twice, BEGUN + 0.003, BEGUN + 11)
    numbers = [number for number, _ in heard.played]
    assert numbers == sorted(set(numbers))
    assert jitter.counts.duplicates == len(packets[::3])


def test_a_stream_that_begins_anew_is_heard() -> None:
    jitter = Jitter()
    first = sent(100, lambda _: LINE_S, number=5, timestamp=1_000)
    second = sent(100, lambda _: LINE_S, number=40_000, timestamp=2_000_000_000, begun=BEGUN + 2)
    heard = hear(jitter, first + second, BEGUN + 0.003, BEGUN + 4.5)
    assert len([number for number, _ in heard.played if number >= 40_000]) >= 97


def test_one_packet_from_nowhere_changes_nothing() -> None:
    packets = sent(200, lambda _: LINE_S)
    strange = Packet(77, 3_000_000_000, PAYLOAD, BEGUN + 1)
    jitter = Jitter()
    heard = hear(
        jitter, sorted([*packets, strange], key=lambda packet: packet.at), BEGUN + 0.003, BEGUN + 4.1
    )
    assert [number for number, _ in heard.played] == list(range(200))


@pytest.mark.parametrize(
    ("payload", "samples"),
    [
        (b"", 0),
        (b"\x00", 480),
        (b"\x08", 960),
        (b"\x79", 1_920),
        (b"\x7a", 1_920),
        (b"\x7b\x03", 2_880),
        (b"\x7b", 0),
        (b"\xe0", 120),
        (b"\x7b\x3f", 0),
    ],
)
def test_how_long_a_packet_is_stands_in_it(payload: bytes, samples: int) -> None:
    assert length(payload) == samples


ANY_PACKET = st.builds(
    Packet,
    number=st.integers(0, 65_535) | st.integers(0, 60),
    timestamp=st.integers(0, (1 << 32) - 1) | st.integers(0, 60).map(lambda each: each * FRAME),
    payload=st.binary(max_size=3) | st.just(PAYLOAD),
    at=st.floats(100, 102),
)


@settings(deadline=None)
@given(st.lists(ANY_PACKET, max_size=80), st.integers(1, 60))
def test_no_packets_whatever_stop_it_or_fill_it(packets: list[Packet], size: int) -> None:
    """Sound never stands still: every frame is made up of a bounded number of steps, each of some length."""
    jitter = Jitter()
    waiting = sorted(packets, key=lambda packet: packet.at)
    now, ready = 100.0, 0
    for _ in range(150):
        while waiting and waiting[0].at <= now:
            jitter.take(waiting.pop(0))
        left = ready
        for _ in range(40):
            if ready >= FRAME:
                break
            step = jitter.next(now, ready, left)
            made = length(step.packet.payload) if isinstance(step, Play) else step.samples
            assert made > 0
            ready += made
        assert ready >= FRAME
        ready -= FRAME
        now += FRAME_S
        assert len(jitter._held) <= PACKETS_MAX


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.none() | st.floats(0, 0.3), min_size=100, max_size=100),
    st.integers(0, 65_535),
    st.integers(0, (1 << 32) - 1),
)
def test_whatever_a_line_does_is_over_two_seconds_later(
    late: list[float | None], number: int, timestamp: int
) -> None:
    """Two seconds of anything, then a line without faults: what is heard then is as if nothing had been."""
    count = 400
    packets = sent(
        count, lambda index: LINE_S if index >= 100 else late[index], number=number, timestamp=timestamp
    )
    heard = hear(Jitter(), packets, BEGUN + 0.003, BEGUN + count * FRAME_S)
    numbers = [(each - number) % 65_536 for each, _ in heard.played]
    assert numbers == sorted(set(numbers))
    after = [at for each, (_, at) in zip(numbers, heard.played, strict=True) if each >= 205]
    assert len(after) >= 190
    held = [at - BEGUN - each * FRAME_S for each, (_, at) in zip(numbers, heard.played, strict=True)][-190:]
    assert max(held) <= LINE_S + 3 * FRAME_S
