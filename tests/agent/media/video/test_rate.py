"""What is sent fits the worst line, falls at once and grows slowly."""

import itertools
import statistics

import pytest

from mesh_agent.media.video.rate import BEGIN_KBPS, STEPS, UP_MOST_S, UP_S, Rate, Step


def run(rate: Rate, seconds: int, loss: float, *, begin: float = 0.0, party: str = "bob") -> list[int]:
    kbps = []
    for second in range(seconds):
        rate.heard(party, loss, None, begin + second)
        kbps.append(rate.step(begin + second).kbps)
    return kbps


def test_a_good_line_gets_what_is_allowed_and_no_more() -> None:
    kbps = run(Rate(600), 60, 0.0)
    assert kbps[0] <= BEGIN_KBPS
    assert kbps[-1] == 600
    assert kbps == sorted(kbps)
    assert run(Rate(100), 60, 0.0)[-1] == 70


def test_loss_brings_it_down_and_it_comes_back_when_it_is_over() -> None:
    rate = Rate(600)
    run(rate, 30, 0.0)
    bad = run(rate, 15, 0.3, begin=30)
    assert bad[5] < 350
    assert bad[-1] <= 70
    again = run(rate, 60, 0.0, begin=45)
    assert again[-1] == 600


def test_what_was_too_much_is_tried_more_and_more_rarely() -> None:
    rate = Rate(600)
    tried = []
    for second in range(240):
        rate.heard("bob", 0.25 if rate.step(second).kbps >= 350 else 0.0, None, second)
        if rate.step(second).kbps >= 350:
            tried.append(second)
    begun = [second for second in tried if second - 1 not in tried]
    pauses = [late - early for early, late in itertools.pairwise(begun)]
    assert pauses == sorted(pauses)
    assert 2 * pauses[0] <= pauses[-1] <= UP_MOST_S + 20


def test_a_little_loss_as_of_a_wireless_line_changes_nothing() -> None:
    rate = Rate(600)
    before = run(rate, 40, 0.0)[-1]
    assert run(rate, 30, 0.05, begin=40) == [before] * 30


def test_the_worst_line_counts_until_it_is_gone() -> None:
    rate = Rate(600)
    for second in range(40):
        rate.heard("bob", 0.0, None, second)
        rate.heard("carol", 0.25, None, second)
        step = rate.step(second)
    assert step.kbps <= 70
    rate.gone("carol")
    seen = run(rate, 60, 0.0, begin=40)
    assert seen[-1] == 600
    # up, one step after the other
    steps = [step.kbps for step in STEPS if step.kbps <= 600]
    assert [kbps for index, kbps in enumerate(seen) if kbps not in seen[:index]] == steps[
        steps.index(seen[0]) :
    ]
    assert seen.index(600) >= UP_S


def test_what_the_other_end_estimates_counts_where_the_line_is_used() -> None:
    rate = Rate(600)
    run(rate, 40, 0.0)
    rate.estimated("bob", 130, sent_kbps=20)
    assert rate.step(50).kbps == 600
    rate.estimated("bob", 130, sent_kbps=120)
    assert rate.step(51).kbps == 120


def test_an_estimate_counts_where_the_way_has_become_longer_or_loses() -> None:
    for round_trip_s, loss, kbps in ((0.03, 0.0, 600), (0.2, 0.0, 120), (0.03, 0.05, 120)):
        rate = Rate(600)
        for second in range(40):
            rate.heard("bob", 0.0, 0.02, second)
            rate.step(second)
        rate.heard("bob", loss, round_trip_s, 40)
        rate.estimated("bob", 130, sent_kbps=120)
        assert rate.step(50).kbps == kbps


def test_pictures_that_wait_bring_it_down() -> None:
    rate = Rate(600)
    run(rate, 40, 0.0)
    for _ in range(20):
        rate.stuck("bob")
    assert rate.step(50) == STEPS[0]


class Narrow:
    """A line that takes `kbps`, with a queue of a second in front of it; seconds pass as they are told."""

    def __init__(self, kbps: float) -> None:
        self._kbps, self._waiting = kbps, 0.0

    def second(self, rate: Rate, now: float) -> tuple[Step, float]:
        """How pictures are sent in this one, and the part of them that is lost."""
        step = rate.step(now)
        overfilled = max(0.0, self._waiting + step.kbps - 2 * self._kbps)
        loss = overfilled / step.kbps
        arrived = min(self._kbps, self._waiting + step.kbps - overfilled)
        self._waiting += step.kbps - overfilled - arrived
        rate.heard("bob", loss, 0.03 + self._waiting / self._kbps, now)
        if self._waiting:  # as GCC does where packets come later and later
            rate.estimated("bob", 0.85 * arrived, step.kbps)
        return step, loss


@pytest.mark.parametrize(("kbps", "size"), [(60, 90), (100, 90), (150, 120), (250, 180), (2_000, 180)])
def test_on_a_line_that_stays_narrow_pictures_are_smaller_and_are_not_lost(kbps: float, size: int) -> None:
    rate, line = Rate(600), Narrow(kbps)
    run(rate, 40, 0.0)  # it was a good one before
    assert rate.step(40) == Step(600, 180, 15)
    seen = [line.second(rate, 41 + second) for second in range(300)]
    settled = seen[60:]
    assert statistics.mode(step.size for step, _ in settled) == size
    assert statistics.fmean(loss for _, loss in settled) < 0.01
    assert sum(step.kbps <= kbps for step, _ in settled) > 0.9 * len(settled)
