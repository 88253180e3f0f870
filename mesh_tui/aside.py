"""Pictures on their way to the terminal, a little at a time, so that no frame waits behind all of one.

Strategy: what a terminal is told of a picture is many commands of a few kilobytes. Each goes out when nothing
else waits, and what is painted meanwhile goes between two of them. But a line may be slow where nobody sees
it: ssh takes a megabyte from the program at once. So each command is followed by a question that every
terminal answers when it has read that far (DSR, ECMA-48 8.3.35), and only so much is on its way as was
answered quickly before, as TCP finds out what a line takes. A terminal that does not answer is not asked
again. Of a picture that moves, one that has not begun when a newer one comes is left out. Nothing here asks
for the time or writes, so that it can be tried without waiting.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

ASK: Final = "\x1b[5n"
ANSWER: Final = "\x1b[0n"

FIRST_BYTES: Final = 8 * 1024
LEAST_BYTES: Final = 4 * 1024
MOST_BYTES: Final = 256 * 1024
"""On their way and not answered, at first, at least and at most; one command goes in any case."""

QUICK_S: Final = 0.1
SLOW_S: Final = 0.3
"""After an answer that came sooner, more may be on its way; after a later one, less."""

WAITING_BYTES: Final = 16 * 1024 * 1024
"""Where more waits, what waits for longest is left out: its picture left the screen long ago, or is blank."""

SILENT_S: Final = 10.0
"""Who does not answer for so long never will."""


class _Group(NamedTuple):
    commands: deque[bytes]
    end: bytes
    key: int


class Aside:
    """What waits, in groups of commands, and how much of it may go. Times are seconds of any clock."""

    def __init__(self) -> None:
        self._groups: deque[_Group] = deque()
        self._begun = False
        """Of the first group something went out already."""
        self._unanswered: deque[tuple[float, int]] = deque()
        self._most = FIRST_BYTES
        self._answers = True

    def put(self, commands: Sequence[str], end: str = "", key: int = 0) -> None:
        """A group of commands that nothing of another group may come between. `end`: what ends it where it
        is broken off. `key`, if any: it takes the place of one with the same, which has not begun.
        """
        if commands:
            self._place(_Group(deque(map(_bytes, commands)), _bytes(end), key))
        while len(self._groups) > 1 + self._begun and self._waiting_bytes > WAITING_BYTES:
            del self._groups[self._begun]

    def _place(self, group: _Group) -> None:
        waiting = range(self._begun, len(self._groups))
        same = next((at for at in waiting if group.key and self._groups[at].key == group.key), None)
        if same is None:
            self._groups.append(group)
        else:
            self._groups[same] = group

    @property
    def _waiting_bytes(self) -> int:
        return sum(len(command) for group in self._groups for command in group.commands)

    def wrote(self, size: int, now: float) -> None:
        """So much was written past all groups, and the question after it."""
        self._unanswered.append((now, size))

    def has_read(self, now: float) -> bool:
        """Whether the terminal has read all that it was asked about; one that does not answer, for all that
        anybody knows."""
        if self._unanswered and self._unanswered[0][0] + SILENT_S <= now:
            self._answers = False
        return not self._answers or not self._unanswered

    @property
    def asked(self) -> bool:
        """An answer is still to come."""
        return bool(self._unanswered)

    def wait_s(self, now: float) -> float | None:
        """How long the next command has to wait at most, if no answer comes; None where nothing waits."""
        if not self._groups:
            return None
        if not self._answers or self._on_their_way + len(self._groups[0].commands[0]) <= self._most:
            return 0.0
        return max(0.0, self._unanswered[0][0] + SILENT_S - now) if self._unanswered else 0.0

    @property
    def _on_their_way(self) -> int:
        return sum(size for _, size in self._unanswered)

    def take(self, now: float) -> bytes:
        """The next command, and the question that follows it; `wait_s` has said that it may go."""
        self.has_read(now)  # what it says after all is taken out of what is typed all the same
        commands = self._groups[0].commands
        command = commands.popleft()
        self._begun = bool(commands)
        if not commands:
            self._groups.popleft()
        if not self._answers:
            return command
        self._unanswered.append((now, len(command)))
        return command + ASK.encode()

    def answered(self, now: float) -> None:
        """The terminal has read what was asked about first."""
        if not self._unanswered:
            return
        asked_at, _ = self._unanswered.popleft()
        if now - asked_at <= QUICK_S:
            self._most = min(2 * self._most, MOST_BYTES)
        elif now - asked_at > SLOW_S:
            self._most = max(self._most // 2, LEAST_BYTES)

    def break_off(self) -> bytes:
        """What still has to be written at the end: of a picture that is half there, that it ends; of whole
        ones that have not begun, nothing; and what is a command by itself.
        """
        rest = b""
        if self._begun:
            rest = self._groups.popleft().end
        rest += b"".join(group.commands[0] for group in self._groups if len(group.commands) == 1)
        self._groups.clear()
        self._begun = False
        return rest


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")
