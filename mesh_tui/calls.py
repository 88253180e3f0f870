"""The call that this program is in, and those that ring: what goes on of them whichever screen is in front.

Strategy: one worker waits until something of the call is another, tells its screen, if there is one, at most
so often in a second, and keeps the words of the status line. The bell rings in pauses while somebody calls;
where nothing of the room is told, or the person wants quiet, it does not, and only the status line says so.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

from textual.signal import Signal

from mesh_agent.calls.doing import news
from mesh_agent.calls.errors import CallOver
from mesh_agent.calls.state import CallChanged, CallRinging
from mesh_agent.client.errors import SignInNeeded, SwitchedOff
from mesh_tui import calling
from mesh_tui.key_names import key_label
from mesh_tui.keymap import keys_by_id
from mesh_tui.layout.announced import NO_CALLS, MyCalls
from mesh_tui.layout.call import NAME_CHARS, over_words, record_words, settled_words, status_words
from mesh_tui.layout.cells import Fragment
from mesh_tui.letting_go import LooseSignal
from mesh_tui.transfers import name_of
from mesh_tui.workers import begin
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.calls.call import Call
    from mesh_agent.calls.calls import Calls
    from mesh_agent.client.state import AgentEvent
    from mesh_agent.media.orders import Tile
    from mesh_tui.app import MeshApp
    from mesh_tui.pictures.live import Live
    from mesh_tui.settings import Settings

BELL_S: Final = 3.0
"""Between two strokes of the bell while somebody calls."""

CLOCK_S: Final = 1.0


class Quality(NamedTuple):
    """How pictures are painted: so many a second, and tiles of at most so many cells across; 0: as fits."""

    rate: float
    columns: int


FULL: Final = Quality(15.0, 0)
SMALL: Final = Quality(5.0, 40)


class OpenCall:
    """Of one app."""

    def __init__(self, app: "MeshApp") -> None:
        self._app = app
        self._followed: Call | None = None
        self._words: Sequence[Fragment] = ()
        self.listener: Callable[[], None] | None = None
        self.beside: Callable[[], None] | None = None
        self._live: Live | None = None
        self._viewer: object = None
        self._asked: tuple[str, Sequence[Tile], float] | None = None
        self.signal: Final[Signal[Sequence[Fragment]]] = LooseSignal(app, "call")
        """Says that `words` are others."""

    @property
    def words(self) -> Sequence[Fragment]:
        """What the status line says."""
        return self._words

    @property
    def call(self) -> "Call | None":
        """The one that we are in."""
        calls = self._calls
        return calls.current if calls is not None else None

    @property
    def mine(self) -> MyCalls:
        """Where we stand to calls."""
        calls = self._calls
        if calls is None:
            return NO_CALLS
        current = "" if calls.current is None else calls.current.id
        return MyCalls(current, frozenset(ringing.call_id for ringing in calls.ringing))

    @property
    def _calls(self) -> "Calls | None":
        """None where nobody is signed in, the agent ends, or the machine is not theirs."""
        try:
            return self._app.agent.calls if self._app.signed_in else None
        except (SignInNeeded, SwitchedOff):
            return None

    @property
    def quality(self) -> Quality | None:
        """None: no pictures are shown."""
        wanted = self._app.settings.calls.pictures
        if wanted == "off" or self._app.current_theme.ansi or self._app.no_color:
            return None
        if wanted == "auto":
            return SMALL if "SSH_CONNECTION" in os.environ else FULL
        return FULL if wanted == "full" else SMALL

    # ── pictures that the terminal shows itself ──────────────────────────────────────────────────

    @property
    def live(self) -> "Live":
        """There from the first call on."""
        if self._live is None:
            from mesh_tui.pictures.live import Live

            pictures = self._app.pictures
            self._live = Live(self._app, pictures.new_number, pictures.cell, self._tell)
            self._app.settings_changed.subscribe(self._app, self._set_otherwise)
        return self._live

    def _set_otherwise(self, _: "Settings") -> None:
        self.live.look()

    def pictures_again(self) -> None:
        """The terminal may have forgotten them, or be another one."""
        if self._live is not None:
            self._live.again()

    def forget_pictures(self) -> None:
        """The terminal is to hold none of them."""
        if self._live is not None:
            self._live.forget()

    # ── what is looked at ────────────────────────────────────────────────────────────────────────

    def show(self) -> None:
        """Its screen, above everything else."""
        from mesh_tui.screens.call import CallScreen

        if not any(isinstance(screen, CallScreen) for screen in self._app.screen_stack):
            self._app.push_screen(CallScreen())

    def look_at(self, viewer: object, tiles: "Sequence[Tile]", rate: float) -> None:
        """What `viewer` looks at, and so many times a second; no tiles: nothing more, and what another viewer
        looks at is left alone."""
        call = self.call
        if call is None or (not tiles and self._viewer is not viewer):
            return
        self._viewer = viewer if tiles else None
        asked = (call.id, tiles, rate)
        if asked != self._asked:
            self._asked = asked
            with suppress(CallOver):
                call.view(list(tiles), rate or 1.0)

    def question_of_leaving(self) -> tuple[str, str] | None:
        """What is asked before the program ends, and what is to be known then; None: nothing."""
        return None if self.call is None else ("Quit, and leave the call?", "The others go on.")

    # ── what the agent tells ─────────────────────────────────────────────────────────────────────

    def heard(self, event: "AgentEvent") -> None:
        if isinstance(event, CallRinging):
            self._ringing(event)
        elif isinstance(event, CallChanged):
            self._changed()

    def _ringing(self, event: CallRinging) -> None:
        ringing = event.ringing
        if ringing is not None:
            if not calling.is_quiet(self._app, ringing.room_id) and self._app.agent.presence != "busy":
                begin(self._app, self._ring, ringing.call_id, group="ringing", exclusive=True)
        elif words := settled_words(event):
            self._app.notify(words, markup=False)
        self._tell()

    async def _ring(self, call_id: str) -> None:
        """The bell, as long as that one calls, and a word on the screen."""
        first = True
        while (calls := self._calls) is not None:
            call = next((each for each in calls.ringing if each.call_id == call_id), None)
            if call is None:
                return
            if first:
                keys = self._app.settings.keys
                go, no = (key_label(keys_by_id(f"rooms.{name}", keys)) for name in ("call", "decline_call"))
                words = f"{name_of(call.name, NAME_CHARS)} calls. {go} answers, {no} declines."
                self._app.notify(words, markup=False)
                first = False
            self._app.bell()
            await asyncio.sleep(BELL_S)

    def _changed(self) -> None:
        call = self.call
        if call is not None and call is not self._followed:
            self._followed = call
            self.live.look()
            begin(self._app, self._follow, call, group="calls")
        self._tell()

    async def _follow(self, call: "Call") -> None:
        told: tuple[str, ...] = ()
        recording: set[str] = set()
        gone = 0
        while call.phase != "over":
            try:
                async with asyncio.timeout(CLOCK_S):
                    await call.changed()
            except TimeoutError:
                pass  # the clock goes on
            wrong, right = news(told, call.own.problems)
            for problem in wrong:
                self._app.notify(clean_line(problem), severity="warning", markup=False)
            for sentence in right:
                self._app.notify(sentence, markup=False)
            told = call.own.problems
            recording, sentences = record_words(recording, calling.here(self._app, call))
            for sentence in sentences:
                self._app.notify(sentence, severity="warning", markup=False)
            departed, gone = call.departed_since(gone)
            for sentence in departed if self.call is call else ():  # else it is said with the end
                self._app.notify(clean_line(sentence), markup=False)
            self._tell()
            quality = self.quality
            await asyncio.sleep(
                1 / (quality.rate if quality and (self.listener or self._viewer) else SMALL.rate)
            )
        seconds = None if call.begun is None else monotonic() - call.begun
        if self._followed is call:
            self._followed = None
        self._app.notify(over_words(call.reason, seconds), markup=False)
        self._tell()

    def _tell(self) -> None:
        for look in (self.listener, self.beside):
            if look is not None:
                look()
        words = self._now()
        if words != self._words:
            self._words = words
            self.signal.publish(words)

    def _now(self) -> Sequence[Fragment]:
        calls = self._calls
        if calls is None:
            return ()
        call, ringing = calls.current, calls.ringing
        key = key_label(keys_by_id("rooms.call", self._app.settings.keys))
        if call is None:
            return status_words(None, (), 0, ringing, key)
        seconds = 0.0 if call.begun is None else monotonic() - call.begun
        return status_words(call.phase, calling.here(self._app, call), seconds, ringing, key)
