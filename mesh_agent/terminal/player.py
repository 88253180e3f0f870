"""Playing a recording: what stands on the screen at a moment. No IO; the time is an argument.

Strategy: the recording is fed to an emulator up to where it is, and never to a terminal of a person. Going
back is beginning anew. No call feeds more than `STEP_BYTES`, so that whoever paints is not held up: while
`behind`, the next call goes on. Pauses longer than `longest_pause` are cut to it, for who looks.
"""

from collections.abc import Callable
from typing import Final, Protocol

from mesh_agent.terminal.cast import Cast, Event, size_of

STEP_BYTES: Final = 256 * 1024

SPEEDS: Final = (0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0)
SPEED_MIN: Final = 0.05
SPEED_MAX: Final = 100.0


class Fed(Protocol):
    """Of an emulator, what is used here."""

    def feed(self, data: bytes) -> bytes: ...
    def resize(self, columns: int, rows: int) -> None: ...
    def close(self) -> None: ...


class Player:
    """`now`: seconds, of any clock that only grows.

    Attributes:
        emulator: what is shown. Another one after going back: `restarts` counts that.
        duration: seconds, pauses cut.
        paused; speed.
        marks: the seconds of the marks.
        exit_status: of the program, as recorded; None where it is not, or not yet.
    """

    def __init__(
        self,
        cast: Cast,
        make: Callable[[int, int], Fed],
        *,
        now: float,
        speed: float = 1.0,
        longest_pause: float | None = None,
    ) -> None:
        """`make(columns, rows)`: a new emulator."""
        self._cast, self._make = cast, make
        self._events = _shortened(cast.events, longest_pause)
        self.duration = self._events[-1].at if self._events else 0.0
        self.marks = [event.at for event in self._events if event.kind == "m"]
        self.paused = False
        self.speed = _speed(speed)
        self.restarts = 0
        self._position, self._now = 0.0, now
        self._begin()

    def _begin(self) -> None:
        self.emulator = self._make(self._cast.columns, self._cast.rows)
        self.columns, self.rows = self._cast.columns, self._cast.rows
        self.exit_status: int | None = None
        self._next = 0

    # ── where it is ──────────────────────────────────────────────────────────────────────────────

    @property
    def position(self) -> float:
        """Seconds since the beginning, as of the last `advance`."""
        return self._position

    @property
    def behind(self) -> bool:
        """More is to be fed before the screen is that of `position`: `advance` at once."""
        return self._next < len(self._events) and self._events[self._next].at <= self._position

    @property
    def at_end(self) -> bool:
        return self._next >= len(self._events) and self._position >= self.duration

    def due(self, now: float) -> float | None:
        """Seconds until the screen may change; None: it does not by itself."""
        if self.behind:
            return 0.0
        if self.paused or self._next >= len(self._events):
            return None
        return max((self._events[self._next].at - self._at(now)) / self.speed, 0.0)

    def _at(self, now: float) -> float:
        passed = 0.0 if self.paused else max(now - self._now, 0.0) * self.speed
        return min(self._position + passed, self.duration)

    # ── going on ─────────────────────────────────────────────────────────────────────────────────

    def advance(self, now: float) -> bool:
        """Feeds what has come by now; whether that was anything."""
        self._position, self._now = self._at(now), now
        fed = 0
        while self.behind and fed < STEP_BYTES:
            event = self._events[self._next]
            self._next += 1
            fed += 1 + self._show(event)
        return fed > 0

    def _show(self, event: Event) -> int:
        if event.kind == "o":
            data = event.data.encode(errors="replace")
            self.emulator.feed(data)
            return len(data)
        if event.kind == "r" and (size := size_of(event.data)) is not None:
            self.columns, self.rows = size
            self.emulator.resize(*size)
        elif event.kind == "x" and event.data.removeprefix("-").isdecimal():
            self.exit_status = int(event.data[:8])
        return 0

    def pause(self, paused: bool, now: float) -> None:
        self._position, self._now = self._at(now), now
        self.paused = paused

    def set_speed(self, speed: float, now: float) -> None:
        self._position, self._now = self._at(now), now
        self.speed = _speed(speed)

    def faster(self, steps: int, now: float) -> None:
        """The next speed of `SPEEDS`, up or down."""
        slower = [speed for speed in SPEEDS if speed < self.speed]
        quicker = [speed for speed in SPEEDS if speed > self.speed]
        if steps > 0 and quicker:
            self.set_speed(quicker[0], now)
        elif steps < 0 and slower:
            self.set_speed(slower[-1], now)

    def seek(self, seconds: float, now: float) -> None:
        """Goes to that moment; `advance` shows it, once it is no more `behind`."""
        wanted = max(0.0, min(seconds, self.duration))
        if self._next and wanted < self._events[self._next - 1].at:
            self.emulator.close()
            self._begin()
            self.restarts += 1
        self._position, self._now = wanted, now

    def skip(self, seconds: float, now: float) -> None:
        self.seek(self._at(now) + seconds, now)

    def next_mark(self, now: float, *, back: bool = False) -> None:
        """To the next mark, or the one before; without one nothing happens."""
        at = self._at(now)
        marks = [mark for mark in self.marks if (mark < at - 1.0 if back else mark > at)]
        if marks:
            self.seek(marks[-1] if back else marks[0], now)


def _speed(speed: float) -> float:
    return max(SPEED_MIN, min(speed, SPEED_MAX))


def _shortened(events: list[Event], longest: float | None) -> list[Event]:
    if longest is None:
        return events
    result, last, cut = [], 0.0, 0.0
    for event in events:
        cut += max(event.at - last - longest, 0.0)
        last = event.at
        result.append(Event(event.at - cut, event.kind, event.data))
    return result
