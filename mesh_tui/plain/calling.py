"""Calls in plain lines: who calls, who comes and goes, and the end.

Strategy: of the call that is on, the people are looked at whenever something of it changes, and a line is
written only where somebody has come, has gone, or is lost; how loud they are is nothing for lines.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Final

from mesh_agent.calls.shown import SHOWS, shown
from mesh_agent.calls.state import CallChanged, CallRinging
from mesh_tui import calling
from mesh_tui.layout.call import NAME_CHARS, Face, over_words, record_words, settled_words
from mesh_tui.transfers import name_of
from protocol.errors import MeshError

if TYPE_CHECKING:
    from mesh_agent.calls.call import Call
    from mesh_agent.client.state import AgentEvent
    from mesh_tui.plain.desk import Desk

LOOK_S: Final = 0.5
"""How often people are looked at, at most."""

NAMES_MAX: Final = 4
"""People who are named when they are called."""


class PlainCalling:
    """Of one desk; `put` writes one line."""

    def __init__(self, desk: "Desk", put: Callable[[str], None]) -> None:
        self._desk, self._put = desk, put
        self._followed: Call | None = None
        self._work: asyncio.Task[None] | None = None

    def heard(self, event: "AgentEvent") -> None:
        if isinstance(event, CallRinging):
            self._ringing(event)
        elif isinstance(event, CallChanged):
            call = self._desk.agent.calls.current
            if call is not None and call is not self._followed:
                self._followed = call
                self._work = asyncio.create_task(self._follow(call))

    def _ringing(self, event: CallRinging) -> None:
        ringing = event.ringing
        if ringing is None:
            if words := settled_words(event):
                self._put(words)
            return
        if calling.is_quiet(self._desk, ringing.room_id):
            return
        try:
            room = f" in {name_of(self._desk.agent.room(ringing.room_id).name)}"
        except MeshError:
            room = ""
        video = " with video" if ringing.video else ""
        name = name_of(ringing.name, NAME_CHARS)
        self._put(f"{name} calls{video}{room}. /answer takes it, /decline-call does not.")

    async def _follow(self, call: "Call") -> None:
        known: Mapping[str, Face] = {}
        recording: set[str] = set()
        told, entered = 0, False
        if call.phase == "ringing":
            self._put(calls_words(calling.here(self._desk, call)))
        while call.phase != "over":
            if call.phase != "ringing" and not entered:
                entered = True
                self._put("In the call. /mute-mic, /deafen, /talk, /call-stats, /hangup.")
            now = {face.device_id: face for face in calling.here(self._desk, call) if face.device_id}
            recording, sentences = record_words(recording, now.values())
            departed, told = call.departed_since(told)
            for words in (*departed, *changes(known, now), *sentences):
                self._put(words)
            known = now
            await call.changed()
            await asyncio.sleep(LOOK_S)
        seconds = None if call.begun is None else monotonic() - call.begun
        self._put(over_words(call.reason, seconds))
        self._followed = None


def calls_words(people: Sequence[Face]) -> str:
    """Who is called."""
    names = [face.name for face in people if face.state == "ringing"]
    who = f"{', '.join(names[:NAMES_MAX])}{' and others' if len(names) > NAMES_MAX else ''}" or "The room"
    return f"{who} {'is' if len(names) < 2 else 'are'} called. /hangup takes it back."


def changes(before: Mapping[str, Face], now: Mapping[str, Face]) -> list[str]:
    """A sentence for each who has come, is lost or is back, or shows something else, by device; that somebody
    has gone, and why, the call says itself."""
    said = []
    for device, face in now.items():
        was = before[device].state if device in before else ""
        if face.state == "connected" and was != "connected":
            said.append(f"{face.name} is {'back' if was == 'lost' else 'here'}.")
        elif face.state == "lost" and was != "lost":
            said.append(f"{face.name} is lost, and is connected anew.")
        if not face.mine and (shows := shown(face)) != (shown(before[device]) if device in before else ""):
            said.append(f"{face.name} {SHOWS[shows]}.")
    return said
