"""Doing something at most a few times a second, however often it is asked for.

Strategy: what comes after a pause is done at once, so that a change is seen as soon as it happens; what comes
within one is joined and done at its end. A megabyte more of a file is then no more than a row now and then.
"""

from collections.abc import Callable
from typing import Final

from textual.message_pump import MessagePump
from textual.timer import Timer

PAUSE_S: Final = 0.25


class Pace:
    """Calls `call` for `node`, and no longer once that is gone."""

    def __init__(self, node: MessagePump, call: Callable[[], None], pause_s: float = PAUSE_S) -> None:
        self._node = node
        self._call = call
        self._pause_s = pause_s
        self._timer: Timer | None = None
        self._again = False

    def ask(self) -> None:
        if self._timer is not None:
            self._again = True
            return
        self._timer = self._node.set_timer(self._pause_s, self._over)
        self._call()

    def _over(self) -> None:
        self._timer = None
        if self._again:
            self._again = False
            self.ask()
