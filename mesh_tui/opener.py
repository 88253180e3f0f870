"""Opening an address outside the terminal, in the browser of the machine in front of the person.

Strategy: there is one only where there is a desktop. Through ssh a browser would open on the other machine,
and a browser in the terminal would take the screen, so neither is tried. The program that opens is started
without our terminal, so that whatever it says stays off the screen.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from mesh_agent.client.errors import LocalError

OPEN_S: Final = 5.0
"""How long it is waited for to hear that it failed; some of them stay as long as the browser does."""

_ON_DESKTOPS: Final = (("xdg-open",), ("gio", "open"), ("wslview",))


class NotOpened(LocalError):
    """The browser could not be asked."""

    code = "client.not_opened"
    text = "It could not be opened."


def opener(environment: Mapping[str, str], platform: str = sys.platform) -> Sequence[str] | None:
    """The command that opens an address given after it; None where nothing here should."""
    if environment.get("SSH_CONNECTION"):
        return None
    path = environment.get("PATH")
    if platform == "darwin":
        return ("open",) if shutil.which("open", path=path) else None
    if not any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")):
        return None
    return next((command for command in _ON_DESKTOPS if shutil.which(command[0], path=path)), None)


async def open_address(command: Sequence[str], address: str, environment: Mapping[str, str]) -> None:
    """Opens it; raises `NotOpened`."""
    if await asyncio.to_thread(_run, [*command, address], environment):
        raise NotOpened


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code, 0 also where it goes on after `OPEN_S`."""
    nothing = subprocess.DEVNULL
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell: the address is an argument of its own
            command, stdin=nothing, stdout=nothing, stderr=nothing, env=environment, start_new_session=True
        )
    except OSError:
        return 1
    with suppress(subprocess.TimeoutExpired):
        return process.wait(OPEN_S)
    return 0
