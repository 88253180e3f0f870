"""`scripts/bench/call_sound`: how late, how whole and how dear the sound of a call is.

`ear`: from what a microphone hears to what a loudspeaker plays, through Opus, DTLS-SRTP and loopback, with
devices of 10 ms blocks made for it (real ones add their own time); undisturbed, and after a line that stood
still for half a second. `lines`: the same over lines that lose and delay. `copies`: how much of what is lost
is heard from copies, and `bits`: what is sent of a voice and of silence; both of Opus and what is around it
alone, in virtual time. `busy`: two processes of a call whose agent stands still again and again. `cpu`: four
processes of a call as an agent starts them, each connected with each other, all speaking.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np

from mesh_agent.media import orders
from mesh_agent.media.opus import FRAME, RATE, Encoder, Samples
from scripts.bench import harness
from tests.agent.media.network import Delay
from tests.agent.media.people import Lateness, Person, bursts, spoken, steady, talk
from tests.agent.media.proxy import Line, is_media
from tests.agent.media.sounds import gap_ms, loudness_by_ms, read_wav, write
from tests.agent.media.spoken import copied, heard, said
from tests.agent.media.studio import Studio, connect

EAR_S: Final = 8.0
STOOD_S: Final = 0.5
BACK_S: Final = 2.0
"""When a delay that a line caused is to be gone."""

PARTIES: Final = ("alice", "bob", "carol", "dave")
CALL_S: Final = 10.0
CASES: Final = ("ear", "lines", "copies", "bits", "busy", "cpu")

COPIES_S: Final = 30.0
PLACE_DB: Final = -58.0
"""How loud a quiet place is."""

STANDS_S: Final = (0.0, 0.05, 0.1, 0.2, 1.0)
"""For so long an agent stands still, again and again."""

BUSY_S: Final = 3.0
PAINTED_S: Final = 0.01
"""Between two times, it does what has waited."""


def losing(part: float) -> Line:
    chance = random.Random(1)
    return lambda data: None if is_media(data) and chance.random() < part else 0.0


def uneven(most_s: float) -> Line:
    chance = random.Random(1)
    return lambda data: most_s * chance.random() if is_media(data) else 0.0


async def _called(line: Line, voice: Any, seconds: float) -> tuple[Person, Person]:
    speaker, listener = Person(voice), Person()
    proxy = await talk(speaker, listener, line)
    await asyncio.sleep(seconds)
    await asyncio.gather(speaker.close(), listener.close())
    proxy.close()
    return speaker, listener


def _spread(delays: Sequence[float]) -> dict[str, float]:
    return {"p50_ms": round(1_000 * float(np.median(delays))), "max_ms": round(1_000 * max(delays))}


async def measure_ear() -> None:
    late = Lateness()
    speaker, listener = await _called(lambda _: 0.0, bursts, EAR_S)
    delays = [delay for _, delay in listener.delays(speaker)]
    more = {**_spread(delays), "machine_late_ms": round(1_000 * late.most_s, 1)}
    harness.report("call_sound", "mouth to ear", 1_000 * float(np.median(delays)), "ms", **more)
    await late.close()

    loop = asyncio.get_running_loop()
    stood = loop.time() + EAR_S / 2

    def stands_still(data: bytes) -> float:
        waits = is_media(data) and stood <= loop.time() < stood + STOOD_S
        return stood + STOOD_S - loop.time() if waits else 0.0

    speaker, listener = Person(bursts), Person()
    proxy = await talk(speaker, listener, stands_still)
    begun = loop.time() - len(listener.played()) / RATE
    await asyncio.sleep(EAR_S)
    delays_at = listener.delays(speaker)
    await asyncio.gather(speaker.close(), listener.close())
    proxy.close()
    over = stood + STOOD_S - begun
    before = [delay for at, delay in delays_at if at < over - 2 * STOOD_S]
    after = [delay for at, delay in delays_at if at > over + BACK_S]
    added = 1_000 * (float(np.median(after)) - float(np.median(before)))
    harness.report(
        "call_sound",
        f"added {BACK_S:g} s after a line stood still for {STOOD_S:g} s",
        added,
        "ms",
        **_spread(after),
    )


async def measure_lines() -> None:
    lines = {
        "2 % lost": losing(0.02),
        "10 % lost": losing(0.1),
        "up to 100 ms late, in any order": uneven(0.1),
    }
    for name, line in lines.items():
        _, listener = await _called(line, steady, EAR_S)
        heard = listener.played()
        begun = int(np.flatnonzero(np.abs(heard) > 0.1)[0])
        hearing = listener.voice.hearing(listener.legs[0])
        assert hearing is not None
        counts = hearing.jitter.counts
        harness.report(
            "call_sound",
            f"{name}: the longest gap in a steady tone",
            gap_ms(heard[begun + RATE : -RATE // 10]),
            "ms",
            lost_percent=round(100 * counts.lost / (counts.lost + counts.received), 1),
            made_up_percent=round(100 * counts.concealed / len(heard), 1),
            waits_ms=round(hearing.delay_ms),
        )


async def measure_spoken() -> None:
    """A voice over lines that lose, in real time: how much of it is heard from copies, and how late."""
    for part in (0.02, 0.1):
        late = Lateness()
        _, listener = await _called(losing(part), spoken, EAR_S)
        hearing = listener.voice.hearing(listener.legs[0])
        assert hearing is not None
        counts = hearing.jitter.counts
        harness.report(
            "call_sound",
            f"a voice, {part:.0%} lost: heard from copies",
            100 * counts.recovered / FRAME / max(1, counts.lost),
            "% of what is lost",
            lost=counts.lost,
            waits_ms=round(hearing.delay_ms),
            machine_late_ms=round(1_000 * late.most_s, 1),
        )
        await late.close()


def _lost(part: float, burst: int, frames: int) -> set[int]:
    """`part` of the packets, from the second second on, `burst` in a row, and none beside another."""
    chance, lost, index = random.Random(1), set[int](), 2 * RATE // FRAME
    while index < frames - 10:
        if chance.random() < part / burst:
            lost |= set(range(index, index + burst))
            index += burst
        index += 1
    return lost


def _without(lost: set[int]) -> Delay:
    return lambda index: None if index in lost else 0.005


def measure_copies() -> None:
    voice = said(COPIES_S)
    frames = len(voice) // FRAME
    power = np.square(voice[: frames * FRAME]).reshape(-1, FRAME).sum(axis=1)
    for burst in (1, 2):
        for part in (0.01, 0.05, 0.1):
            lost, there = _lost(part, burst, frames), copied(voice, part)
            of_use = {index for index in lost if index + 1 not in lost and there.get(index + 1)}
            _, hearing = heard(voice, _without(lost), part)
            heard_copies = hearing.jitter.counts.recovered / FRAME
            harness.report(
                "call_sound",
                f"{part:.0%} lost, {burst} in a row: heard from copies",
                100 * heard_copies / len(lost),
                "% of what is lost",
                of_copies_percent=round(100 * heard_copies / max(1, len(of_use))),
                lost=len(lost),
                copied_percent=round(100 * len(of_use) / len(lost)),
                copied_percent_by_power=round(100 * power[list(of_use)].sum() / power[list(lost)].sum()),
                waits_ms=round(hearing.delay_ms),
            )


def _kbps(samples: Samples, lost: float) -> float:
    encoder = Encoder()
    encoder.lost(lost)
    pieces = [encoder.encode(samples[at : at + FRAME]) for at in range(0, len(samples) - FRAME + 1, FRAME)]
    return 8 * sum(len(piece) for piece in pieces if piece is not None) / (len(samples) / RATE) / 1_000


def measure_bits() -> None:
    voice, silence = said(COPIES_S), np.zeros(int(COPIES_S * RATE), np.float32)
    place = 10 ** (PLACE_DB / 20) * np.random.default_rng(1).standard_normal(len(voice)).astype(np.float32)
    for name, samples, lost in (
        ("a voice", voice, 0.0),
        ("a voice, with copies", voice, 0.05),
        ("a voice, with copies, 20 % lost", voice, 0.2),
        (f"a quiet place ({PLACE_DB:g} dB)", place, 0.0),
        ("silence", silence, 0.0),
    ):
        harness.report("call_sound", f"sent of {name}", _kbps(samples, lost), "kbit/s")


async def measure_busy(folder: Path) -> None:
    """The agent of both stands still, as one that paints; what is heard is a tone."""
    file = folder / "heard.wav"
    one, other = await Studio.begin("alice", audio_in="tone"), await Studio.begin("bob", audio_out=str(file))
    spans: list[tuple[float, float]] = []
    try:
        await connect(one, other)
        await asyncio.sleep(2.0)
        for stands_s in STANDS_S:
            begun = time.monotonic()
            while time.monotonic() < begun + BUSY_S:
                time.sleep(stands_s)  # noqa: ASYNC251 - that is what is measured
                await asyncio.sleep(PAINTED_S)
            spans.append((begun, time.monotonic()))
        await asyncio.sleep(0.5)
        end = time.monotonic()
    finally:
        await asyncio.gather(one.stop(), other.stop())
    played = read_wav(file)
    for stands_s, (begun, over) in zip(STANDS_S, spans, strict=True):
        piece = played[len(played) - int((end - begun) * RATE) : len(played) - int((end - over) * RATE)]
        harness.report(
            "call_sound",
            f"an agent that stands still for {1_000 * stands_s:g} ms again and again: the longest gap",
            gap_ms(piece),
            "ms",
            quietest=round(float(loudness_by_ms(piece).min()), 3),
        )


async def measure_cpu(folder: Path) -> None:
    """Every party speaks all the time."""
    studios = []
    for number, name in enumerate(PARTIES):
        path = folder / f"{name}.flac"
        times = np.arange(int((CALL_S + 10) * RATE)) / RATE
        loud = 0.1 * (1.1 + np.sin(2 * np.pi * 3 * times + number))
        voice = (loud * np.sin(2 * np.pi * (150 + 40 * number) * times)).astype(np.float32)
        await asyncio.to_thread(write, path, voice, rate=RATE, form="flac", codec="flac", layout="mono")
        studios.append(await Studio.begin(name, audio_in=str(path), audio_out=str(folder / f"{name}.wav")))
    try:
        for one, other in combinations(studios, 2):
            await connect(one, other)
        await asyncio.sleep(1.0)
        before = [harness.cpu_seconds(studio.helper.pid) for studio in studios]
        await asyncio.sleep(CALL_S)
        after = [harness.cpu_seconds(studio.helper.pid) for studio in studios]
        last = [report for report in studios[0].told if isinstance(report, orders.Statistics)][-1]
    finally:
        await asyncio.gather(*(studio.stop() for studio in studios))
    spent = [100 * (late - early) / CALL_S for early, late in zip(before, after, strict=True)]
    harness.report(
        "call_sound",
        f"a call of {len(PARTIES)}, all speaking: each process",
        sum(spent) / len(spent),
        "% of a core",
        most=round(max(spent), 1),
        received_kbps=round(max(leg.received_kbps for leg in last.legs)),
    )


async def measure(cases: Sequence[str]) -> None:
    if "ear" in cases:
        await measure_ear()
    if "lines" in cases:
        await measure_lines()
        await measure_spoken()
    if "copies" in cases:
        measure_copies()
    if "bits" in cases:
        measure_bits()
    if "busy" in cases:
        with tempfile.TemporaryDirectory() as folder:
            await measure_busy(Path(folder))
    if "cpu" in cases:
        with tempfile.TemporaryDirectory() as folder:
            await measure_cpu(Path(folder))


def main() -> None:
    parser = argparse.ArgumentParser(prog="call_sound", description=__doc__)
    parser.add_argument("--only", choices=CASES, help="leave out all others")
    only = parser.parse_args().only
    harness.run(measure(CASES if only is None else (only,)))


if __name__ == "__main__":
    main()
