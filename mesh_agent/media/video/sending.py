"""The pictures that we send: taken from their source, shown to ourselves, encoded once.

Strategy: one thread, which takes the newest picture at the pace that the lines take. It encodes only while
somebody is connected, and makes a keyframe only now and then, however often one is asked for. A picture is
left out rather than waited for.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from av import VideoFrame

from mesh_agent.media.video.encoding import Encoded, Encoder
from mesh_agent.media.video.rate import STEPS, Step
from mesh_agent.media.video.slot import Slot
from mesh_agent.media.video.sources import CLOSE_S, Feed

KEY_GAP_S: Final = 0.4
"""At least so long between two keyframes."""

IDLE_S: Final = 0.2
"""How often it looks whether it is to end, where no picture comes."""

SENT_MAX: Final = 4
"""Pictures that were encoded and not taken from here yet; with more, none is encoded."""


class Sending:
    """`encoded` and `shown` (each picture, for ourselves) are called in its thread.

    `step`, `connected` may be set at any time.
    """

    def __init__(self, encoded: Callable[[Encoded], None], shown: Callable[[VideoFrame], None]) -> None:
        self.step: Step = STEPS[0]
        self.connected = False
        self._encoder = Encoder()
        self._encoded, self._shown = encoded, shown
        self._key_wanted = True
        self._key_at = float("-inf")
        self._waiting = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def pictures(self) -> int:
        """How many were encoded, ever."""
        return self._encoder.pictures

    def begin(self, feed: Feed) -> None:
        """Takes from this one until `end`."""
        self._stop = threading.Event()
        self._key_wanted = True
        self._thread = threading.Thread(
            target=self._run, args=(feed.slot, feed.screen, self._stop), name="encoder", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(CLOSE_S)
            self._thread = None

    def want_key(self) -> None:
        self._key_wanted = True

    def taken(self) -> None:
        """One of those that were encoded has been sent."""
        self._waiting -= 1

    def _run(self, slot: "Slot[VideoFrame]", screen: bool, stop: threading.Event) -> None:
        due = time.monotonic()
        while not stop.is_set():
            frame = slot.take(IDLE_S)
            if frame is None:
                continue
            now = time.monotonic()
            step = self.step
            pause = (2.0 if screen else 1.0) / step.rate
            # a source that is a little early is as good as on time
            if now < due - pause / 4:
                continue
            due = max(due + pause, now)
            self._shown(frame)
            if self.connected and self._waiting < SENT_MAX:
                self._encode(frame, now, step, screen)

    def _encode(self, frame: VideoFrame, now: float, step: Step, screen: bool) -> None:
        key = self._key_wanted and now - self._key_at >= KEY_GAP_S
        if key:
            self._key_wanted = False
        found = self._encoder.encode(frame, now, step, screen=screen, key=key)
        if found is None:
            self._key_wanted |= key
            return
        if found.whole:
            self._key_at = now
        self._waiting += 1
        self._encoded(found)
