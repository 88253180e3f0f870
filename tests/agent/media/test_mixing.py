"""Voices added up, and how loud they are."""

import numpy as np

from mesh_agent.media.mixing import CEILING, PAUSE_FRAMES, Meter, Mixer, loudness
from mesh_agent.media.opus import FRAME, Samples
from tests.agent.media.sounds import strength, tone


def frames(samples: Samples) -> list[Samples]:
    return [samples[at : at + FRAME] for at in range(0, len(samples), FRAME)]


def test_voices_are_added_up_as_they_are() -> None:
    mixer = Mixer()
    one, other = frames(tone(300, 1, 0.3)), frames(tone(800, 1, 0.2))
    whole = np.concatenate([mixer.mix(pair) for pair in zip(one, other, strict=True)])
    assert abs(strength(whole, 300) - 0.3) < 0.01
    assert abs(strength(whole, 800) - 0.2) < 0.01
    assert not np.any(mixer.mix([]))


def test_what_would_be_too_loud_is_made_quieter_and_not_cut_off() -> None:
    mixer = Mixer()
    voices = [frames(tone(hertz, 1, 0.8)) for hertz in (300, 410, 520, 630, 740)]
    whole = np.concatenate([mixer.mix(each) for each in zip(*voices, strict=True)])
    assert float(np.max(np.abs(whole))) < CEILING + 1e-6
    # each is still there, and as loud as the others; what was cut off would be heard at other pitches
    rest = whole[FRAME * 5 :]
    found = [strength(rest, hertz) for hertz in (300, 410, 520, 630, 740)]
    assert max(found) < 1.2 * min(found)
    assert max(strength(rest, hertz) for hertz in (90, 1_900, 2_345)) < 0.05 * min(found)
    after = [mixer.mix([each]) for each in frames(tone(300, 1, 0.3))]
    assert abs(strength(np.concatenate(after[-10:]), 300) - 0.3) < 0.01


def test_how_loud_it_is_and_who_speaks() -> None:
    meter = Meter()
    assert loudness(np.ones(FRAME, np.float32)) == 1.0
    assert loudness(np.zeros(FRAME, np.float32)) == 0.0
    click = np.zeros(FRAME, np.float32)
    click[0] = 1.0
    meter.take(click)
    quiet = meter.speaking
    for frame in frames(tone(200, 0.1, 0.2)):
        meter.take(frame)
    assert (quiet, meter.speaking) == (False, True)
    assert meter.level > 0.6
    for _ in range(PAUSE_FRAMES - 1):
        meter.take(None)
    assert meter.speaking
    for _ in range(PAUSE_FRAMES):
        meter.take(None)
    assert (meter.speaking, meter.level) == (False, 0.0)
