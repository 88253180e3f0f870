"""When to try the line again: exponential backoff with full jitter.

Strategy: after each failure the bound doubles, up to a cap, and the wait is drawn evenly from zero to
the bound, so that the clients of a server that restarts spread out ("full jitter", AWS Architecture
Blog, 2015). A line that broke soon after it came up counts as one more failure; one that lasted
forgives all before it. No clock and no randomness in here: both are arguments.
"""

from dataclasses import dataclass
from typing import Final

BASE_S: Final = 0.5
CAP_S: Final = 30.0
STABLE_S: Final = 5.0
"""A line that was up for this long forgives the failures before it."""

RETRY_AFTER_MAX_S: Final = 300.0
"""A server's own wish is honoured up to here."""


@dataclass(slots=True)
class Backoff:
    """The failures in a row, and the wait that follows from them."""

    attempt: int = 1
    """The number of the try that is under way or comes next; 1 for the first since the line was up."""
    _failures: int = 0
    _up_since: float | None = None

    def up(self, now: float) -> None:
        """The line is up since `now` (seconds of any steady clock)."""
        self.attempt = 1
        self._up_since = now

    def failed(
        self, now: float, draw: float, *, retry_after: float | None = None, prompt: bool = False
    ) -> float:
        """The try failed, or the line broke, at `now`; returns the seconds to wait before the next.

        Args:
            draw: evenly distributed in [0, 1).
            retry_after: what the server asked for, in seconds; the jitter comes on top.
            prompt: the reason is one that a new connection mends, so the first wait is none.
        """
        if self._up_since is None:
            self.attempt += 1
        elif now - self._up_since >= STABLE_S:
            self._failures = 0
        self._up_since = None
        bound = min(CAP_S, BASE_S * 2 ** min(self._failures, 16))
        self._failures += 1
        wait = 0.0 if prompt and self._failures == 1 else draw * bound
        return wait + min(max(retry_after or 0.0, 0.0), RETRY_AFTER_MAX_S)
