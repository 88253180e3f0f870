"""Sound that is made up, and sound that is made longer or shorter: it goes on as it was, without a click."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.media.conceal import FADE, JOIN, STEADY, Concealer, lengthened, period, shortened
from mesh_agent.media.opus import FRAME, RATE, Samples

SECONDS = np.arange(RATE) / RATE


def voice(hertz: float) -> Samples:
    """A second of a vowel: a pitch and two of its harmonics."""
    parts = ((1, 0.3), (3, 0.1), (7, 0.05))
    waves = [loud * np.sin(2 * np.pi * hertz * times * SECONDS) for times, loud in parts]
    whole: Samples = np.sum(waves, axis=0).astype(np.float32)
    return whole


def step(samples: Samples) -> float:
    """The largest one from a sample to the next: a click is a large one."""
    return float(np.max(np.abs(np.diff(samples))))


@pytest.mark.parametrize("hertz", [80.0, 120.0, 200.0, 400.0])
def test_a_frame_that_is_missing_in_a_vowel_is_made_up_as_it_was(hertz: float) -> None:
    said = voice(hertz)
    concealer = Concealer()
    before = concealer.played(said[: 10 * FRAME])
    made = concealer.conceal(FRAME)
    after = concealer.played(said[11 * FRAME : 12 * FRAME])
    assert len(made) == len(after) == FRAME
    whole = np.concatenate((before, made, after))
    assert step(whole) < 1.5 * step(said)
    missed = said[10 * FRAME : 11 * FRAME]
    error = np.sqrt(np.mean((made[:STEADY] - missed[:STEADY]) ** 2))
    assert error < 0.25 * np.sqrt(np.mean(missed**2))


def test_what_is_missing_for_long_fades_and_stays_silent() -> None:
    concealer = Concealer()
    concealer.played(voice(150.0)[: 5 * FRAME])
    made = np.concatenate([concealer.conceal(FRAME) for _ in range(6)])
    loud = [float(np.max(np.abs(made[at : at + FRAME]))) for at in range(0, len(made), FRAME)]
    assert loud == sorted(loud, reverse=True)
    assert not np.any(made[STEADY + FADE :])


def test_what_comes_after_is_as_it_came_but_for_its_first_5_ms() -> None:
    said = voice(150.0)
    concealer = Concealer()
    concealer.played(said[: 5 * FRAME])
    concealer.conceal(FRAME)
    after = concealer.played(said[20 * FRAME : 21 * FRAME])
    assert np.array_equal(after[JOIN:], said[20 * FRAME + JOIN : 21 * FRAME])


@pytest.mark.parametrize("hertz", [80.0, 120.0, 200.0, 400.0])
def test_a_pitch_is_found(hertz: float) -> None:
    found = period(voice(hertz)[: 3 * FRAME])
    times = found * hertz / RATE
    assert abs(times - round(times)) < 0.03
    assert times > 0.9


@pytest.mark.parametrize("hertz", [110.0, 150.0, 220.0])
def test_a_vowel_is_made_shorter_and_longer_by_whole_periods(hertz: float) -> None:
    said = voice(hertz)[:FRAME]
    for changed, sign in ((shortened(said, FRAME), -1), (lengthened(said, FRAME), 1)):
        by = sign * (len(changed) - FRAME)
        assert 120 <= by <= FRAME // 2
        assert step(changed) < 1.3 * step(said)
        assert np.array_equal(changed[:30], said[:30])
        assert np.array_equal(changed[-30:], said[-30:])


def test_what_would_be_heard_to_be_missing_stays_where_it_is_not_to_be_heard() -> None:
    vowel = (0.3 * np.sin(2 * np.pi * 200 * np.arange(FRAME) / RATE)).astype(np.float32)
    hiss = (0.1 * np.random.default_rng(2).standard_normal(FRAME)).astype(np.float32)
    assert len(shortened(vowel, 400, unheard=True)) == FRAME - RATE // 200
    assert len(shortened(hiss, 400, unheard=True)) == FRAME
    assert len(shortened(hiss, 400)) < FRAME
    assert len(shortened(0 * hiss, 400, unheard=True)) == FRAME - 400


def test_silence_is_left_out_as_a_whole() -> None:
    assert len(shortened(np.zeros(FRAME, np.float32), FRAME)) == 0
    assert len(shortened(np.zeros(FRAME, np.float32), 300)) == FRAME - 300


@settings(deadline=None)
@given(st.integers(0, 3_000), st.integers(0, 2_000), st.integers(0, 2**32 - 1))
def test_never_by_more_than_was_asked_for(size: int, most: int, seed: int) -> None:
    noise = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    assert max(0, size - most) <= len(shortened(noise, most)) <= size
    assert size <= len(lengthened(noise, most)) <= size + most
