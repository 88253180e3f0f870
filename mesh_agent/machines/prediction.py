"""What a person has typed into a distant program, shown before the program's answer is here.

Strategy: the rule of Mosh, as its authors published it ("Mosh: An Interactive Remote Shell for Mobile
Clients", 2012). Only what an editor of lines does is guessed: a printable character, Backspace, Left and
Right in the row of the cursor. Guesses belong to an epoch. None of an epoch is shown before one of it has
proven true, that is, before the program was seen to write what was typed here; so where a password is typed,
nothing ever shows. Any other key, and a cursor that is not where it was left, begins a new epoch. When a
guess proves wrong, all are dropped. What is painted once everything is confirmed is the host's screen.

The host tells which input the program was given before a state, and the program may not have answered it by
then: a guess is wrong only where it still does not fit `GRACE_S` later.
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol
from unicodedata import combining, east_asian_width

from msgspec.structs import replace

from protocol.peer_terminal import ALTERNATE_SCREEN, Cursor, Run

GRACE_S: Final = 0.15
"""How long a program has to answer what it was given."""

SLOW_S: Final = 0.03
"""From this time between key and echo on guesses are shown; below, the answer comes as quickly."""

VERY_SLOW_S: Final = 0.1
"""From this time on they are underlined until they are confirmed."""

CALM: Final = 0.7
"""Both end only at this part of it."""

GUESSES_MAX: Final = 500
"""Nobody types that far ahead of a line; what is more is a paste, and not guessed."""

STAMPS_MAX: Final = 1_000
"""Inputs whose answer is timed."""

_KEYS: Final = re.compile(r"\x1b[\[O]([CD])|(\x7f|\x08)|([^\x00-\x1f\x7f-\x9f])|(.)", re.DOTALL)


class Shown(Protocol):
    """Of a `GuestScreen`, what is looked at."""

    columns: int
    rows: int
    cursor: Cursor
    modes: int
    echo: int

    @property
    def rows_(self) -> Sequence[Sequence[Run]]: ...


@dataclass(slots=True)
class _Epoch:
    """`first`, `last`: the columns that were written in it, the second one not included."""

    row: int
    first: int
    last: int
    proven: bool = False


class Guess(NamedTuple):
    """That `text` will stand in this cell."""

    row: int
    column: int
    text: str


@dataclass(slots=True)
class _Made:
    guess: Guess
    stamp: int
    epoch: _Epoch
    before: str
    """What stood there; only a change proves anything."""


class Prediction:
    """One guest's view of one terminal. `now`: seconds, of any clock that only grows.

    Attributes:
        echo_s: how long the echo of a key takes, smoothed; 0 before the first.
    """

    def __init__(self) -> None:
        self.echo_s = 0.0
        self._made: dict[tuple[int, int], _Made] = {}
        self._epoch: _Epoch | None = None
        self._at: tuple[int, int] | None = None
        self._left_at: tuple[int, int] | None = None
        self._moved_by = 0
        self._unknown_until = 0
        self._pending: list[tuple[int, re.Match[str]]] = []
        self._typed_at: dict[int, float] = {}
        self._echoed = 0
        self._echoed_at: dict[int, float] = {}
        self._about: tuple[int, int, int] | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._slow = self._very_slow = False

    # ── what is shown ────────────────────────────────────────────────────────────────────────────

    @property
    def guesses(self) -> list[Guess]:
        """To be painted over the screen."""
        return [made.guess for made in self._made.values() if made.epoch.proven] if self._slow else []

    @property
    def underlined(self) -> bool:
        """They are to be told from what is certain."""
        return self._very_slow

    def cursor(self, screen: Shown) -> Cursor:
        """Where it is to be painted."""
        proven = self._epoch is not None and self._epoch.proven
        at = self._at if proven else self._left_at if self.guesses else None
        if at is None or not self._slow:
            return screen.cursor
        return replace(screen.cursor, row=at[0], column=at[1])

    @property
    def due(self) -> float | None:
        """When `look` has to be called, though no state has come."""
        waiting = [made.stamp for made in self._made.values()] + ([self._moved_by] if self._at else [])
        times = [self._echoed_at[stamp] for stamp in waiting if stamp in self._echoed_at]
        return min(times) + GRACE_S if times else None

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    def typed(self, data: bytes, stamp: int, screen: Shown, now: float) -> None:
        """These bytes were sent as the input of that `stamp`."""
        self.look(screen, now)
        if len(self._typed_at) < STAMPS_MAX:
            self._typed_at[stamp] = now
        keys = list(_KEYS.finditer(self._decoder.decode(data)))
        if len(keys) + len(self._made) + len(self._pending) > GUESSES_MAX:
            self._lose_track(stamp)
            return
        for key in keys:
            self._key(key, stamp, screen)

    def look(self, screen: Shown, now: float) -> None:
        """A state has come, or a guess is due."""
        about = (screen.columns, screen.rows, screen.modes & ALTERNATE_SCREEN)
        if about != self._about:
            self._about = about
            self._drop()
        self._time(screen.echo, now)
        for place, made in list(self._made.items()):
            if made.stamp > screen.echo:
                continue
            if _text_at(screen, *place) == made.guess.text:
                made.epoch.proven |= made.guess.text not in (made.before, " ")
                del self._made[place]
            elif now >= self._echoed_at.setdefault(made.stamp, now) + GRACE_S:
                self._drop()
                break
        self._judge_cursor(screen, now)
        waiting = {made.stamp for made in self._made.values()} | {self._moved_by}
        self._echoed_at = {stamp: at for stamp, at in self._echoed_at.items() if stamp in waiting}
        if self._pending and self._unknown_until <= screen.echo:
            pending, self._pending = self._pending, []
            for stamp, key in pending:
                if stamp > screen.echo:
                    self._key(key, stamp, screen)

    def _judge_cursor(self, screen: Shown, now: float) -> None:
        if self._at is None or self._moved_by > screen.echo or self._made:
            return
        if (screen.cursor.row, screen.cursor.column) == self._at:
            self._moved_by = 0
        elif self._moved_by == 0 or now >= self._echoed_at.setdefault(self._moved_by, now) + GRACE_S:
            self._drop()

    def _time(self, echo: int, now: float) -> None:
        """Which inputs have their answer now, and how long that took."""
        if echo <= self._echoed:
            return
        self._echoed = echo
        answered = [stamp for stamp in self._typed_at if stamp <= echo]
        for stamp in answered:
            took = now - self._typed_at.pop(stamp)
            self.echo_s = took if self.echo_s == 0 else self.echo_s + (took - self.echo_s) / 8
            self._echoed_at[stamp] = now
        self._slow = self.echo_s > SLOW_S * (CALM if self._slow else 1)
        self._very_slow = self.echo_s > VERY_SLOW_S * (CALM if self._very_slow else 1)

    # ── guessing ─────────────────────────────────────────────────────────────────────────────────

    def _key(self, key: "re.Match[str]", stamp: int, screen: Shown) -> None:
        if self._unknown_until > screen.echo:
            self._pending.append((stamp, key))
            return
        if self._at is None or self._epoch is None:
            self._at = row, column = screen.cursor.row, screen.cursor.column
            self._epoch = _Epoch(row, column, column)
        if self._moves(key, self._epoch, self._at, stamp, screen):
            self._moved_by = stamp
        else:
            self._lose_track(stamp)

    def _moves(
        self, key: "re.Match[str]", epoch: _Epoch, at: tuple[int, int], stamp: int, screen: Shown
    ) -> bool:
        """Whether it is known what this key does."""
        moved, erased, character, _ = key.groups()
        row, column = at
        if character is not None and self._can_write(character, screen):
            self._guess(epoch, column, character, stamp, screen)
            epoch.last = max(epoch.last, column + 1)
            column += 1
        elif erased is not None and column > epoch.first and self._is_blank_from(screen, row, column):
            column -= 1
            self._guess(epoch, column, " ", stamp, screen)
            epoch.last = column
        elif moved == "D" and column > epoch.first:
            column -= 1
        elif moved == "C" and column < epoch.last:
            column += 1
        else:
            return False
        self._at = row, column
        return True

    def _guess(self, epoch: _Epoch, column: int, text: str, stamp: int, screen: Shown) -> None:
        place = epoch.row, column
        old = self._made.get(place)
        before = _text_at(screen, *place) if old is None else old.before
        self._made[place] = _Made(Guess(*place, text), stamp, epoch, before)

    def _can_write(self, character: str, screen: Shown) -> bool:
        """In a row's last cell it may wrap or not; before other text it may be inserted or not."""
        assert self._at is not None
        row, column = self._at
        narrow = east_asian_width(character) not in "WF" and not combining(character)
        inside = row < screen.rows and column < screen.columns - 1
        return narrow and character.isprintable() and inside and self._is_blank_from(screen, row, column)

    def _is_blank_from(self, screen: Shown, row: int, column: int) -> bool:
        texts = _texts(screen, row)
        for at in range(column, screen.columns):
            made = self._made.get((row, at))
            text = made.guess.text if made is not None else texts[at] if at < len(texts) else " "
            if text != " ":
                return False
        return True

    def _lose_track(self, stamp: int) -> None:
        """What the program does with this key, nobody knows: until it has it, nothing is guessed."""
        # Until its last guesses are confirmed, the cursor is shown where they have left it.
        proven = self._epoch is not None and self._epoch.proven
        self._left_at = self._at if proven else self._left_at if self._made else None
        self._at = self._epoch = None
        self._unknown_until = stamp
        self._pending.clear()

    def _drop(self) -> None:
        self._made.clear()
        self._pending.clear()
        self._at = self._epoch = self._left_at = None
        self._unknown_until = max(self._typed_at, default=0)


def _text_at(screen: Shown, row: int, column: int) -> str:
    texts = _texts(screen, row)
    return texts[column] if column < len(texts) else " "


def _texts(screen: Shown, row: int) -> list[str]:
    """What stands in each cell; the second one of a wide character is empty."""
    texts: list[str] = []
    for run in screen.rows_[row] if row < len(screen.rows_) else ():
        for text in (run.text,) if run.cluster else run.text:
            texts += [text, *[""] * (run.width - 1)]
    return texts
