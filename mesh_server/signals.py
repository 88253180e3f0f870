"""What the process is told by signals.

SIGTERM and SIGINT ask it to stop; the second one ends it at once. SIGHUP asks it to read its certificate
again, but where a person started it in a terminal it means that the terminal is gone, and so to stop.

From the first request to stop, the process has a limited time: `faulthandler` ends it from a thread of its
own, which needs neither the event loop nor Python's lock, and says on stderr where each thread hung.
"""

import asyncio
import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

_STOP: Final = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Those that came. To be made in the main thread, within the loop."""

    def __init__(self, *, ends_after_s: float, on_reload: Callable[[], None]) -> None:
        """`on_reload` is called on the loop."""
        self.stop = asyncio.Event()
        self._told_to_stop = False
        self._ends_after_s = ends_after_s
        self._on_reload = on_reload
        self._loop = asyncio.get_running_loop()
        # signal.signal rather than the loop's own way: it also reaches a loop that hangs.
        for number in _STOP:
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_stop if _is_terminal() else self._on_hang_up)

    def _on_stop(self, number: int, _frame: FrameType | None) -> None:
        if self._told_to_stop:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._told_to_stop = True
        faulthandler.dump_traceback_later(self._ends_after_s, exit=True, file=sys.__stderr__ or 2)
        self._loop.call_soon_threadsafe(self.stop.set)

    def _on_hang_up(self, _number: int, _frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._on_reload)


def _is_terminal() -> bool:
    return os.isatty(2)
