"""What systemd is told (https://www.freedesktop.org/software/systemd/man/sd_notify.html).

Strategy: one datagram a message to the socket that systemd names; without one, nothing. The watchdog is
fed by the event loop, so that one that hangs is started again.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Mapping
from typing import Final

NEVER_S: Final = 3600.0


class Notifier:
    def __init__(self, env: Mapping[str, str]) -> None:
        address = env.get("NOTIFY_SOCKET", "")
        # An "@" stands for the zero byte of an abstract address.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog_s = _watchdog_s(env)

    def ready(self, status: str) -> None:
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Until `ready`."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        self._tell("STOPPING=1", f"STATUS={status}")

    async def feed_watchdog(self) -> None:
        """For ever."""
        while True:
            if self._watchdog_s:
                self._tell("WATCHDOG=1")
            # Half of what systemd allows is what it recommends; a busy machine is given a little more.
            await asyncio.sleep(self._watchdog_s / 3 or NEVER_S)

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        # That systemd does not listen is no reason not to serve.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_systemd:
            to_systemd.setblocking(False)
            to_systemd.sendto("\n".join(lines).encode(), self._address)


def _watchdog_s(env: Mapping[str, str]) -> float:
    """0 where nobody watches this process."""
    if env.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    text = env.get("WATCHDOG_USEC", "")
    return int(text) / 1_000_000 if text.isdecimal() else 0.0
