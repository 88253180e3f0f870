"""The desktop that the person sits at, whatever lies between: asks what it is, and writes to it.

Strategy: `ways` knows the sequences; this finds out which. tmux is asked anew each time, because a session is
detached here and attached from another terminal there; it is asked seldom, since bursts are joined.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from mesh_tui import ways
from mesh_tui.settings import Settings
from mesh_tui.ways import BELL, Outside, Tmux, Way

TMUX_S: Final = 10.0
"""How long tmux may take to answer."""

PAUSE_S: Final = 3.0
"""How long after it was asked for a try is shown: many terminals show nothing while they are in front."""

ANSWER_BYTES: Final = 1_000

_SENT: Final[Mapping[Way, str]] = {"osc9": "OSC 9", "osc777": "OSC 777", "osc99": "OSC 99"}
_THROUGH: Final = {"": "", "tmux": " through tmux", "screen": " through screen"}

_SHUT: Final = "tmux lets nothing else through without: set -g allow-passthrough on"
_NEEDS: Final = "If nothing is seen, tmux needs: set -g allow-passthrough on"


class Desktop:
    """`write` puts bytes out to the terminal; `environment` is the program's; `pause_s`: before a try.

    Attributes:
        answered: what the terminal said that it is called; empty where it did not.
    """

    def __init__(
        self, write: Callable[[str], None], environment: Mapping[str, str], *, pause_s: float = PAUSE_S
    ) -> None:
        self._write = write
        self._environment = environment
        self._pause_s = pause_s
        self.answered = ""

    async def tell(self, settings: Settings, title: str, body: str) -> None:
        """Shows a notification, with the bell where that is set."""
        outside = await self.outside()
        self._send(settings, _way(settings, outside), outside, title, body)

    async def test(self, settings: Settings) -> str:
        """Shows one, the bell at once and anything else in a moment, and says in which way."""
        outside = await self.outside()
        way = _way(settings, outside)
        send = partial(self._send, settings, way, outside, "Mesh", "This is how you are told of messages.")
        if way == "bell":
            send()
        else:
            asyncio.get_running_loop().call_later(self._pause_s, send)
        return _said(settings, way, outside, self._pause_s)

    async def outside(self) -> Outside:
        """The terminal in front of the person, as far as anybody says."""
        tmux = await _ask_tmux(self._environment) if self._environment.get("TMUX") else None
        return ways.outside(self._environment, self.answered, tmux)

    def _send(self, settings: Settings, way: Way, outside: Outside, title: str, body: str) -> None:
        if way == "off":
            return
        self._write(ways.sequence(way, outside.wrap, title, body))
        if way != "bell" and settings.notify.bell:
            self._write(BELL)


def _way(settings: Settings, outside: Outside) -> Way:
    return outside.way if settings.notify.how == "auto" else settings.notify.how


def _said(settings: Settings, way: Way, outside: Outside, pause_s: float) -> str:
    """What the person reads after a test."""
    name = outside.names[0] if outside.names else "this terminal"
    shut = outside.wrap == "tmux" and outside.passes is False
    if way == "off":
        return "Nothing goes to the desktop: notify.how is off."
    if way == "bell":
        if settings.notify.how == "bell":
            return "The bell rang, as notify.how says."
        why = _SHUT if shut else f"{name} is not known to show more. notify.how can be osc9, osc777 or osc99."
        return f"The bell rang: {why}"
    bell = " and the bell" if settings.notify.bell else ""
    words = (
        f"In {pause_s:g} s: {_SENT[way]}{bell}{_THROUGH[outside.wrap]} to {name}. "
        "Look at another window: many terminals show nothing in front."
    )
    if shut:
        return f"{words} But {_SHUT}"
    return f"{words} {_NEEDS}" if outside.wrap == "tmux" and outside.passes is None else words


async def _ask_tmux(environment: Mapping[str, str]) -> Tmux | None:
    """What tmux says of the terminal it is shown on; None where it does not."""
    pane = environment.get("TMUX_PANE", "")
    target = ("-t", pane) if pane else ()
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux", "display-message", "-p", *target, ways.TMUX_FORMAT,
            stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, env=dict(environment),
        )  # fmt: skip
    except OSError:
        return None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(TMUX_S):
            line = await process.stdout.read(ANSWER_BYTES)
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    return ways.read_tmux(line.decode(errors="replace"))
