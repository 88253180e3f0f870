"""When each packet of sound is heard: early enough to wait for nothing, late enough to miss little.

Strategy: a pure machine. How late each packet is, compared with the quickest of the last seconds, is kept as
the worst of each tenth of a second of talk; sound is held back by the worst of those where most are nearly as
bad, else by one of the worst (`RANK`), so that a single burst changes nothing, and what is uneven for longer
is waited for, and forgotten as quickly. A place
in the sound belongs to a moment: where its packet is not there then, sound is made up, and the next one that
comes is heard in its own time, so that a loss costs its own length and delays nothing after it. Where sound
is held back too much, or too little, that is mended by shortening or lengthening what is played, in small
steps, and at once in silence; what is far too late is left out. While packets that carry a copy of what was
said before them are lost again and again, one packet more is waited for: it is there when it is of use.

What is heard is decided about every 20 ms, and only then can a packet be too late. So of two moments for it
in the same 20 ms none is safer: sound is held back by whole packets, and what is left over of one packet when
the next is decided about (`left`) is of no use; it is given up. Where nothing has come, only so much is made
up as is needed until the next look: what is missing may be there by then, or the copy of it.

Times are seconds of any one clock; places are samples (1/48000 s), which never wrap here.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from mesh_agent.media.packet import Packet

RATE: Final = 48_000
FRAME: Final = 960
WRAP_TIME: Final = 1 << 32
WRAP_NUMBER: Final = 1 << 16

PACKETS_MAX: Final = 150
"""Held at a time: 3 s."""

BUCKET_S: Final = 0.1
BUCKETS: Final = 15
"""Tenths of a second with talk in them that are looked back upon."""

BUCKETS_S: Final = 3.0
"""What is older is forgotten, also where little was said since."""

RANK: Final = 2
"""Of the worst delays, so many may be worse than what is waited for, where they stand out: bursts."""

STEADY: Final = 0.5
"""The middle one of the worst delays is more than this part of the very worst: the line is uneven as such."""

FLOORS: Final = 10
"""Seconds in which the quickest packet is looked for."""

SLACK_S: Final = 0.002
"""Held back besides, for clocks that are not exact."""

CALM_S: Final = 0.002
"""What is to be waited for may sink by so much before less is waited for: it is never quite the same."""

TARGET_MAX_S: Final = 0.8

EARLY: Final = int(0.004 * RATE)
LATE: Final = int(0.008 * RATE)
"""Sound that is heard so much too early or too late is mended."""

JUMP: Final = int(0.5 * RATE)
"""What would be later than this is not caught up with, but left out."""

CONCEAL_MAX: Final = int(0.1 * RATE)
"""Made up at a time; what is missing for longer is silence."""

COPIES_S: Final = 1.5
"""After the last loss, or the last copy, for so long at least one packet more is waited for."""

AGAIN: Final = 3
"""After the last loss, for so many times as long as the last ones were apart: another one is likely."""

AGAIN_S: Final = 6.0
"""For so long at most, and only where there were two within so long: one is no reason to hold back more."""

LOSSES: Final = 4
"""That are looked back upon."""

STRANGE_S: Final = 4.0
"""A packet that is out of time by more belongs to another stream."""

STRANGERS: Final = 3
"""So many of those in a row are a stream that began anew."""


@dataclass(frozen=True, slots=True)
class Play:
    """`adjust`: how many samples it may be lengthened by, or shortened (below 0).

    To shorten by less than `LATE` is only worth it where nobody hears it.
    """

    packet: Packet
    adjust: int


@dataclass(frozen=True, slots=True)
class Conceal:
    """Something is missing: make up so many samples. `after`: the packet that comes just after them."""

    samples: int
    after: Packet | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing was sent for so many samples. `samples` is `FRAME` at most."""

    samples: int


Next = Play | Conceal | Silence


@dataclass(slots=True)
class Counts:
    """Since the beginning. `lost`: not there in time; `late`: of those, came after.

    `concealed`: samples that were made up, `recovered`: of those, heard from copies.
    """

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicates: int = 0
    concealed: int = 0
    recovered: int = 0


@dataclass(frozen=True, slots=True)
class _Held:
    packet: Packet
    number: int
    place: int
    samples: int
    copies: bool


def length(payload: bytes) -> int:
    """Samples of an Opus packet (RFC 6716 section 3.1); 0 where it is none."""
    if not payload:
        return 0
    config, code = payload[0] >> 3, payload[0] & 3
    if config < 12:
        frame = (480, 960, 1_920, 2_880)[config & 3]
    elif config < 16:
        frame = (480, 960)[config & 1]
    else:
        frame = (120, 240, 480, 960)[config & 3]
    told = payload[1] & 63 if len(payload) > 1 else 0
    samples = frame * (1, 2, 2, told)[code]
    return samples if samples <= 6 * FRAME else 0


class Jitter:
    """Of one stream."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.waited_s = 0.0
        self._held: dict[int, _Held] = {}
        self._buckets: deque[tuple[int, float]] = deque(maxlen=BUCKETS)
        self._floors: deque[tuple[int, float]] = deque(maxlen=FLOORS)
        self._last: _Held | None = None
        self._played: int | None = None
        self._next: int | None = None
        self._missing = 0
        self._strangers = 0
        self._seen: deque[int] = deque(maxlen=PACKETS_MAX)
        self._losses: deque[float] = deque(maxlen=LOSSES)
        self._copied = -math.inf
        self._waits = 0.0

    # ── in ──────────────────────────────────────────────────────────────────────────────────────

    def take(self, packet: Packet, *, copies: bool = False) -> None:
        """One that has come at `packet.at`. What cannot be used is counted and left out.

        `copies`: it carries a copy of what was said before it.
        """
        if copies:
            self._copied = packet.at
        samples = length(packet.payload)
        if not samples:
            return
        held = self._unwrap(packet, samples, copies)
        if held is None:
            return
        self.counts.received += 1
        self._measure(held)
        if held.number in self._seen:
            self.counts.duplicates += 1
            return
        self._seen.append(held.number)
        if held.place in self._held:
            self.counts.duplicates += 1
        elif self._next is not None and held.place + samples <= self._next:
            self.counts.late += 1
        else:
            self._held[held.place] = held
            if len(self._held) > PACKETS_MAX:
                del self._held[min(self._held)]

    def _unwrap(self, packet: Packet, samples: int, copies: bool) -> _Held | None:
        """With a place and a number that do not wrap; None for a stranger."""
        last = self._last
        if last is None:
            held = _Held(packet, packet.number, packet.timestamp, samples, copies)
        else:
            place = last.place + _nearest(packet.timestamp - last.place, WRAP_TIME)
            number = last.number + _nearest(packet.number - last.number, WRAP_NUMBER)
            held = _Held(packet, number, place, samples, copies)
            gone = packet.at - last.packet.at
            if abs((place - last.place) / RATE - gone) > STRANGE_S:
                self._strangers += 1
                if self._strangers < STRANGERS:
                    return None
                self._forget()
                held = _Held(packet, packet.number, packet.timestamp, samples, copies)
        self._strangers = 0
        if self._last is None or held.place > self._last.place:
            self._last = held
        return held

    def _forget(self) -> None:
        """Another stream begins."""
        self._held.clear()
        self._buckets.clear()
        self._floors.clear()
        self._seen.clear()
        self._last, self._next, self._played = None, None, None

    def _measure(self, held: _Held) -> None:
        transit = held.packet.at - held.place / RATE
        second = int(held.packet.at)
        if self._floors and self._floors[-1][0] >= second:
            at, floor = self._floors[-1]
            self._floors[-1] = at, min(floor, transit)
        else:
            self._floors.append((second, transit))
        bucket = int(held.packet.at / BUCKET_S)
        if self._buckets and self._buckets[-1][0] >= bucket:
            at_bucket, worst = self._buckets[-1]
            self._buckets[-1] = at_bucket, max(worst, transit)
        else:
            self._buckets.append((bucket, transit))

    def _floor(self) -> float:
        return min(floor for _, floor in self._floors)

    def target_s(self, now: float) -> float:
        """How long sound is held back after the moment at which the quickest packet would come."""
        oldest = int((now - BUCKETS_S) / BUCKET_S)
        floor = self._floor()
        delays = sorted((transit - floor for at, transit in self._buckets if at >= oldest), reverse=True)
        more = FRAME / RATE if self._awaits_copies(now) else 0.0
        if not delays:
            return SLACK_S + more
        steady = delays[len(delays) // 2] > STEADY * delays[0]
        worst = delays[0 if steady else min(RANK, len(delays) - 1)]
        return min(worst + SLACK_S + more, TARGET_MAX_S)

    def _awaits_copies(self, now: float) -> bool:
        recent = [at for at in self._losses if self._losses[-1] - at < AGAIN_S]
        if len(recent) < 2:
            return False
        apart = (recent[-1] - recent[0]) / (len(recent) - 1)
        likely = min(AGAIN_S, max(COPIES_S, AGAIN * apart))
        return now - recent[-1] < likely and now - self._copied < COPIES_S

    # ── out ─────────────────────────────────────────────────────────────────────────────────────

    def next(self, now: float, ready: int = 0, left: int = 0) -> Next:
        """What comes next, where it is heard `ready` samples (below `FRAME`) after `now`.

        `left`: of those, so many were there before.
        """
        if self._last is None:
            return Silence(FRAME)
        target = self.target_s(now)
        self._waits = max(target, min(self._waits, target + CALM_S))
        held = self._first()
        if self._next is None:
            begin = held or self._last
            if now - self._floor() - begin.place / RATE < self._waits:
                return Silence(FRAME - ready)
            self._next = begin.place
        lag = self._lag(now, ready, left)
        if lag > JUMP:
            self._leave_out(self._next + lag)
            held, lag = self._first(), 0
        if held is None:
            return self._absent(FRAME - ready)
        if held.place > self._next:
            return self._gap(held, lag, now, FRAME - ready)
        return self._play(held, lag, now + ready / RATE)

    def _lag(self, now: float, ready: int, left: int) -> int:
        """How many samples what is next is heard too late; below 0: too early.

        Of what is decided about now, the last has to have been there for `_waits`.
        """
        assert self._next is not None
        assert self._last is not None
        first = self._next - (ready - left)
        last = first + max(0, FRAME - self._last.samples)
        spare = now - self._floor() - last / RATE - self._waits
        frames = math.floor(spare * RATE / FRAME)
        return left + frames * FRAME

    def _leave_out(self, due: int) -> None:
        for place in [place for place, held in self._held.items() if place + held.samples <= due]:
            del self._held[place]
            self.counts.lost += 1
        self._next = due

    def _first(self) -> _Held | None:
        return self._held[min(self._held)] if self._held else None

    def _play(self, held: _Held, lag: int, at: float) -> Next:
        del self._held[held.place]
        self._missing = 0
        if self._played is not None and held.number > self._played + 1:
            self.counts.lost += held.number - self._played - 1
            self._losses.append(at)
        self._played = held.number
        self._next = held.place + held.samples
        self.waited_s += (max(0.0, at - held.packet.at) - self.waited_s) / 16
        if lag < 0:
            return Play(held.packet, EARLY - lag)
        return Play(held.packet, -lag if lag > EARLY else 0)

    def _gap(self, held: _Held, lag: int, now: float, needed: int) -> Next:
        """The next one that is there comes after something that is not."""
        assert self._next is not None
        gap = held.place - self._next
        known_silent = self._played is None or held.number == self._played + 1
        if known_silent and lag < 0:
            return Silence(min(-lag, needed))
        skipped = max(0, min(lag, gap))
        if skipped < gap and held.copies and not known_silent:
            skipped -= skipped % FRAME
        self._next += skipped
        gap -= skipped
        if not gap:
            return self._play(held, lag - skipped, now + (FRAME - needed) / RATE)
        if known_silent or self._missing >= CONCEAL_MAX:
            missing = min(gap, needed)
            self._next += missing
            return Silence(missing)
        if lag <= -needed:
            return self._conceal(needed)
        after = held.packet if gap <= FRAME else None
        missing = gap if after is not None else min(gap - FRAME, needed)
        self._next += missing
        return self._conceal(missing, after)

    def _absent(self, needed: int) -> Next:
        """Nothing is there: lost, late, or not sent. What comes next tells which, and is awaited."""
        if self._missing >= CONCEAL_MAX or self._played is None:
            return Silence(needed)
        return self._conceal(needed)

    def _conceal(self, samples: int, after: Packet | None = None) -> Next:
        self._missing += samples
        self.counts.concealed += samples
        return Conceal(samples, after)


def _nearest(difference: int, wrap: int) -> int:
    """The smallest one, forward or back, that is the same but for wraps."""
    return (difference + wrap // 2) % wrap - wrap // 2
