"""Copying: by way of the terminal (OSC 52), so that it works through ssh too; inside tmux by way of tmux.

Strategy: a text goes out in one write, between two frames. tmux takes no OSC 52 from programs unless its
`set-clipboard` is `on`, which it is not by itself, but its own command `load-buffer -w` copies always, to
its buffers and to the terminal outside. Through ssh from inside tmux only the former is there.
"""

import asyncio
import os
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from textual.app import App

from mesh_tui.workers import begin

COPIED_BYTES: Final = 74_994
"""Bytes that one copy takes at most: as base64, with what is around them, 100,000, which terminals take."""

TMUX_S: Final = 3.0
"""How long tmux may take to answer."""


def copy(app: App[Any], text: str) -> bool:
    """Copies it by way of `app`'s terminal; where it is too long for that, says so, and False."""
    if len(text.encode(errors="replace")) > COPIED_BYTES:
        words = f"That is too long to be copied at once: {COPIED_BYTES} bytes are the most."
        app.notify(words, severity="warning", markup=False)
        return False
    if inside_tmux(os.environ):
        begin(app, _copy_inside_tmux, app, text, group="copying")
    else:
        _copy_by_terminal(app, text)
    return True


def osc52(text: str) -> str:
    """What tells a terminal to put `text` into its clipboard."""
    return f"\x1b]52;c;{b64encode(text.encode(errors='replace')).decode()}\x07"


def inside_tmux(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is one that tmux shows, and not one that was merely opened from there."""
    return bool(environment.get("TMUX")) and environment.get("TERM", "").startswith(("tmux", "screen"))


def _copy_by_terminal(app: App[Any], text: str) -> None:
    if (driver := app._driver) is not None:  # noqa: SLF001 - there is no public way to the driver
        driver.write(osc52(text))


async def _copy_inside_tmux(app: App[Any], text: str) -> None:
    if not await through_tmux(text, os.environ):
        _copy_by_terminal(app, text)


async def through_tmux(text: str, environment: Mapping[str, str]) -> bool:
    """Gives `text` to tmux and the terminal around it; False where tmux did not take it."""
    return await asyncio.to_thread(_load_buffer, text.encode(errors="replace"), environment)


def _load_buffer(data: bytes, environment: Mapping[str, str]) -> bool:
    command = ("tmux", "load-buffer", "-w", "-")
    nothing = subprocess.DEVNULL
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and nothing of the text among the arguments
            command, input=data, stdout=nothing, stderr=nothing, env=environment, timeout=TMUX_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
