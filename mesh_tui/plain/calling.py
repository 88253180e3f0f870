"""Calls in plain lines: who calls, who comes and goes, and the end.

Strategy: of the call that is on, the people are looked at whenever something of it changes, and a line is
written only where somebody has come, has gone, or is lost; how loud they are is nothing for lines.
"""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Final

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
            if event.how in ("missed", "busy"):
                self._put(f"{name_of(event.name, NAME_CHARS) or 'Somebody'} has called.")
            elif words := settled_words(event):
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
        self._put("In the call. /mute-mic, /deafen, /talk, /call-stats, /hangup.")
        known: Mapping[str, Face] = {}
        recording: set[str] = set()
        while call.phase != "over":
            now = {face.device_id: face for face in calling.here(self._desk, call) if face.device_id}
            recording, sentences = record_words(recording, now.values())
            for words in (*changes(known, now), *sentences):
                self._put(words)
            known = now
            await call.changed()
            await asyncio.sleep(LOOK_S)
        seconds = None if call.begun is None else monotonic() - call.begun
        self._put(over_words(call.reason, seconds))
        self._followed = None


def changes(before: Mapping[str, Face], now: Mapping[str, Face]) -> list[str]:
    """A sentence for each who has come, has gone, is lost or is back; by device."""
    said = [f"{face.name} has gone." for device, face in before.items() if device not in now]
    for device, face in now.items():
        was = before[device].state if device in before else ""
        if face.state == "connected" and was != "connected":
            said.append(f"{face.name} is {'back' if was == 'lost' else 'here'}.")
        elif face.state == "lost" and was != "lost":
            said.append(f"{face.name} is lost, and is connected anew.")
    return said
