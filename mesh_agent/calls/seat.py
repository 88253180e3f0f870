"""The one place that a device has in calls: of several programs of one profile, one is in a call at a time.

Strategy: they are one device to everybody else, so two of them in calls would take each other's signals. Who
is in a call holds a lock on a file; the system lets it go with the program, however that ends.
"""

import contextlib
import fcntl
import os
from pathlib import Path

_NAME = "seat.lock"


class Seat:
    """One profile's. Touches files: to be called in a thread. Where there can be no file, it is free."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when it is first needed."""
        self._folder = folder
        self._held: int | None = None

    def take(self) -> bool:
        """Whether it is ours now. It may be only once at a time."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError:  # a file system without locks
            pass
        self.leave()
        self._held = descriptor
        return True

    def leave(self) -> None:
        """Does nothing where it is not ours."""
        descriptor, self._held = self._held, None
        if descriptor is not None:
            os.close(descriptor)

    def taken_beside(self) -> bool:
        """Whether another program of this device is in a call."""
        if self._held is not None:
            return False
        with contextlib.suppress(OSError):
            descriptor = os.open(self._folder / _NAME, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(descriptor)
        return False
