"""Push to talk with a key whose release nobody tells of.

Strategy: a terminal tells that a key is pressed, and again and again while it is held, never that it is let
go. So a tap begins to talk and the next one ends it; where the key comes again within the time after which a
held one begins to repeat, it is held, and who talks ends as soon as the repeats do.
"""

from typing import Final

FIRST_S: Final = 0.8
"""After which a key that is held has come again at the latest: 0.2 to 0.7 s, as keyboards are set."""

HELD_S: Final = 0.35
"""How long after the last repeat it counts as held; 20 to 40 a second come, and a line may hold some back."""


class Push:
    """Times are seconds of any clock."""

    def __init__(self) -> None:
        self.talking = False
        self.ends_at: float | None = None
        """When it ends by itself; None: it does not."""

        self._began = 0.0

    def press(self, now: float) -> None:
        """The key has come."""
        self.look(now)
        if not self.talking:
            self.talking, self._began = True, now
        elif self.ends_at is not None or now - self._began <= FIRST_S:
            self.ends_at = now + HELD_S
        else:
            self.end()

    def look(self, now: float) -> None:
        """Time has passed."""
        if self.ends_at is not None and now >= self.ends_at:
            self.end()

    def end(self) -> None:
        self.talking, self.ends_at = False, None
