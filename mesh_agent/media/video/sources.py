"""Where pictures come from: the test picture, a file, a camera or a screen.

Strategy: each has a thread that reads it at its own pace and keeps only the newest picture, since what is
late is of no use to anybody. A device that is pulled out, or a file that cannot be read on, ends its source
with a sentence, and nothing else.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import av
from av import VideoFrame

from mesh_agent.media.devices import Unusable
from mesh_agent.media.video import cameras, pattern
from mesh_agent.media.video.slot import Slot

RATE: Final = 15.0
"""Pictures a second, at most."""

LATE_S: Final = 0.25
"""A picture of a file that comes so late is left out."""

PIXELS_MAX: Final = 8192 * 8192
"""Of a picture; larger ones are not taken."""

CLOSE_S: Final = 1.0
"""How long a device may take to end; a thread that it holds up longer is left behind."""


class Frames(Protocol):
    """`name`: as in `orders.Ready`. `screen`: there is writing on it."""

    name: str
    screen: bool

    def read(self, stopped: threading.Event) -> VideoFrame | None:
        """The next one, when it is due; None at the end, or once it is stopped. Raises: Unusable."""

    def close(self) -> None: ...


class Numbered:
    """`pattern`, numbered by the clock from 0."""

    name = "test"
    screen = False

    def __init__(self, rate: float = RATE) -> None:
        self._rate, self._begun, self._number = rate, time.monotonic(), -1

    def read(self, stopped: threading.Event) -> VideoFrame | None:
        self._number = max(self._number + 1, int((time.monotonic() - self._begun) * self._rate))
        if stopped.wait(max(0.0, self._begun + self._number / self._rate - time.monotonic())):
            return None
        return pattern.draw(self._number)

    def close(self) -> None:
        """Nothing is open."""


class Container:
    """What FFmpeg reads: a file, at the pace that it is meant to be seen at, or a device, at its own."""

    def __init__(self, name: str, container: Any, *, paced: bool, screen: bool = False, gone: str) -> None:
        """`gone`: a sentence for when it cannot be read on."""
        self.name, self.screen = name, screen
        self._container, self._paced, self._gone = container, paced, gone
        stream = container.streams.video[0]
        stream.thread_count = 1
        self._frames: Iterator[VideoFrame] = container.decode(stream)
        self._begun: float | None = None

    def read(self, stopped: threading.Event) -> VideoFrame | None:
        while not stopped.is_set():
            try:
                frame = next(self._frames, None)
            except (av.FFmpegError, OSError, ValueError):
                raise Unusable(self._gone) from None
            if frame is None or frame.width * frame.height > PIXELS_MAX:
                if frame is None and self._paced:
                    return None
                raise Unusable(self._gone)
            late = self._late(frame)
            if late < LATE_S:
                return None if stopped.wait(max(0.0, -late)) else frame
        return None

    def _late(self, frame: VideoFrame) -> float:
        """Seconds; negative: it is too early."""
        if not self._paced or frame.time is None:
            return 0.0
        if self._begun is None:
            self._begun = time.monotonic() - frame.time
        return time.monotonic() - self._begun - frame.time

    def close(self) -> None:
        self._container.close()


def _file(name: str) -> Frames:
    """Raises: Unusable."""
    path = Path(name)
    if not path.is_file():
        raise Unusable(f"There is no file {name} to be shown.")
    try:
        # nothing but the file itself: a playlist in it leads nowhere else
        container = av.open(str(path.resolve()), options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError, ValueError):
        raise Unusable(f"{name} cannot be read as a video.") from None
    if not container.streams.video:
        container.close()
        raise Unusable(f"There are no pictures in {name}.")
    return Container(name, container, paced=True, gone=f"{name} cannot be read on, and is shown no more.")


def opened(video_in: str) -> Frames | None:
    """What is asked for (`orders.Begin.video_in`); None where that is nothing. May take a while.

    Raises: Unusable.
    """
    kind, _, name = video_in.partition(":")
    if video_in == "none":
        return None
    if video_in == "test":
        return Numbered()
    if video_in == "screen":
        return _device("screen", cameras.screen(), screen=True)
    if kind == "camera":
        return _device("camera", cameras.camera(name), screen=False)
    return _file(video_in)


def _device(kind: str, device: cameras.Device, *, screen: bool) -> Frames:
    gone = "The screen can be read no more." if screen else f"The camera {device.name} is gone."
    return Container(
        f"{kind}:{device.name}" if device.name else kind,
        cameras.open_device(device),
        paced=False,
        screen=screen,
        gone=gone,
    )


class Feed:
    """A source with its thread.

    `over` is called in that thread when it ends by itself: with a sentence, or an empty one at its end.
    """

    def __init__(self, frames: Frames, over: Callable[["Feed", str], None]) -> None:
        self.name, self.screen = frames.name, frames.screen
        self.slot: Slot[VideoFrame] = Slot()
        self._frames, self._over = frames, over
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        text = ""
        try:
            while (frame := self._frames.read(self._stopped)) is not None:
                self.slot.put(frame)
        except Unusable as error:
            text = error.text
        finally:
            self._frames.close()
        if not self._stopped.is_set():
            self._over(self, text)

    def close(self) -> None:
        """Returns once it has ended, or where it does not."""
        self._stopped.set()
        self.slot.close()
        self._thread.join(CLOSE_S)
