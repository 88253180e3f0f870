"""A sound library like `sounddevice`: it calls from threads of its own, and devices can be pulled out."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

RATE: Final = 48_000


class Status(NamedTuple):
    """As `sounddevice.CallbackFlags`."""

    output_underflow: bool

    def __bool__(self) -> bool:
        return self.output_underflow


class LibraryError(Exception):
    """As `sounddevice.PortAudioError`."""


class Library:
    """`heard`: what a microphone hears, by sample number. `played`: what loudspeakers have played.

    `dry`: so many more of the calls say that a loudspeaker has run dry. `silent`: no device makes its first
    call. `goes_on`: while it is not set, no device calls. `late_s`: how much longer than it was to be a rest
    of any device was, which is this machine's doing.
    """

    def __init__(self, *devices: tuple[str, int, int]) -> None:
        self.devices = [
            {"name": name, "max_input_channels": inputs, "max_output_channels": outputs}
            for name, inputs, outputs in devices
        ]
        self.heard: Callable[[Any], Any] = lambda numbers: np.zeros(len(numbers))
        self.played: list[Any] = []
        self.opened: list[Any] = []
        self.refreshed = 0
        self.pulled = False
        self.dry = 0
        self.silent = False
        self.late_s = 0.0
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.InputStream = lambda **settings: Stream(self, output=False, **settings)
        self.OutputStream = lambda **settings: Stream(self, output=True, **settings)

    def query_devices(self) -> list[dict[str, Any]]:
        return self.devices

    def _terminate(self) -> None:
        assert not any(stream.running for stream in self.opened)

    def _initialize(self) -> None:
        self.refreshed += 1


class Stream:
    latency = 0.01

    def __init__(self, library: Library, *, output: bool, **settings: Any) -> None:
        if library.pulled:
            raise LibraryError("Device unavailable [PaErrorCode -9985]")
        assert (settings["samplerate"], settings["channels"], settings["dtype"]) == (48_000, 1, "float32")
        self.device, self.asked = settings["device"], settings["latency"]
        self.source, self.sink = os.environ.get("PULSE_SOURCE"), os.environ.get("PULSE_SINK")
        self._library, self._output, self._settings = library, output, settings
        self.running = False
        library.opened.append(self)

    def start(self) -> None:
        self.running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def active(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        count, at = self._settings["blocksize"], 0
        while self._library.silent and self.running:
            time.sleep(0.01)
        self.begun = time.monotonic()
        while self.running and not self._library.pulled:
            self._library.goes_on.wait()
            # a real device keeps its own time: what it was late with comes at once
            rests = max(0.0, self.begun + at / RATE - (before := time.monotonic()))
            time.sleep(rests)
            self._library.late_s = max(self._library.late_s, time.monotonic() - before - rests)
            data = np.zeros((count, 1), np.float32)
            if not self._output:
                data[:, 0] = self._library.heard(np.arange(at, at + count))
            self._settings["callback"](data, count, None, self._status())
            if self._output:
                self._library.played.append(data[:, 0].copy())
            at += count

    def _status(self) -> Status:
        dry = self._output and self._library.dry > 0
        self._library.dry -= dry
        return Status(dry)

    def abort(self, ignore_errors: bool = True) -> None:
        assert ignore_errors
        self.running = False

    def close(self, ignore_errors: bool = True) -> None:
        assert ignore_errors
        self.running = False
        self._thread.join()
