"""What a person does in a call, whichever program they sit before: screens, commands and plain mode share it.

Strategy: the agent knows one call at a time. What brings sound and pictures into it is what the settings say;
each deed changes one thing of it and returns a sentence about that. Where there is no call, it says how one
begins.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from mesh_agent.calls.state import Media, Ringing
from mesh_tui.layout.call import Face, faces
from mesh_tui.rooms import level_of
from mesh_tui.rules import rules
from mesh_tui.slash import NoCommand
from mesh_tui.transfers import name_of
from protocol.errors import MeshError

if TYPE_CHECKING:
    from mesh_agent.agent import Agent
    from mesh_agent.calls.call import Call
    from mesh_tui.settings import Settings


DEAFENED: Final = "You hear nothing, and so you are not heard. /deafen ends that."
HEARS_AGAIN: Final = "You hear the others again."


class Host(Protocol):
    """The app, or the desk of plain mode."""

    @property
    def agent(self) -> "Agent": ...
    @property
    def settings(self) -> "Settings": ...
    @property
    def talk_words(self) -> str:
        """When one is heard with push to talk."""


def media(host: Host, *, video: bool) -> Media:
    """What is brought into a call from its beginning."""
    settings = host.settings
    return Media(
        audio_in=settings.calls.audio_in,
        audio_out=settings.calls.audio_out,
        video_in=settings.calls.camera if video else "none",
        process=settings.calls.suppress_noise,
        muted=settings.calls.push_to_talk,
    )


def _begun(host: Host, call: "Call") -> "Call":
    if host.settings.calls.push_to_talk and call.phase != "over":
        call.push_to_talk(True)
    return call


def current(host: Host) -> "Call":
    """Raises: NoCommand: there is none."""
    call = host.agent.calls.current
    if call is None:
        raise NoCommand("You are in no call. /call begins one, /answer takes one that rings.")
    return call


async def begin_call(host: Host, room_id: str, users: Sequence[str], *, video: bool) -> "Call":
    """Rings them, or the room; with nobody named, comes into the call that goes on in the room."""
    calls = host.agent.calls
    if calls.current is not None and calls.current.room_id == room_id and not users:
        return calls.current
    brought = media(host, video=video)
    return _begun(host, await calls.call(room_id, users, video=video, media=brought))


async def join(host: Host, room_id: str, call_id: str, *, starter: str = "", video: bool = False) -> "Call":
    """Comes into the call that a message of `starter` tells of; into the one we are in, that is nothing."""
    calls = host.agent.calls
    if calls.current is not None and calls.current.id == call_id:
        return calls.current
    brought = media(host, video=video)
    return _begun(host, await calls.join(room_id, call_id, starter=starter, media=brought, video=video))


def rings(host: Host) -> Ringing:
    """The call that rings, the first of several. Raises: NoCommand: none does."""
    ringing = host.agent.calls.ringing
    if not ringing:
        raise NoCommand("Nobody calls you now.")
    return ringing[0]


async def answer(host: Host, *, video: bool = False) -> "Call":
    """Takes the call that rings; leaves the one that we are in before."""
    call_id = rings(host).call_id
    calls = host.agent.calls
    if calls.current is not None:
        await calls.current.leave()
    return _begun(host, await calls.answer(call_id, media=media(host, video=video)))


def decline(host: Host) -> str:
    call = rings(host)
    host.agent.calls.decline(call.call_id)
    return "Declined."


def is_quiet(host: Host, room_id: str) -> bool:
    """Whether nothing of a room is told, so that it does not ring."""
    try:
        room = host.agent.room(room_id)
    except MeshError:
        return True
    return not host.settings.calls.ring or level_of(host.settings, room) == "none"


def here(host: Host, call: "Call") -> list[Face]:
    """Everybody in it, us at the end."""
    me = host.agent.user
    return faces(call.parties, call.own, me.username if me else "")


# ── what is turned on and off ────────────────────────────────────────────────────────────────────


def mute(host: Host) -> str:
    """Who hears nothing and wants to be heard hears again, too."""
    call = current(host)
    own = call.own
    if own.deafened:
        call.deafen(False)
        if not own.push_to_talk:
            call.mute(False)
        return "You hear the others again, and are heard." if not own.push_to_talk else HEARS_AGAIN
    if own.push_to_talk:
        call.push_to_talk(False)
        return "You are heard again all the time."
    call.mute(not own.muted)
    return "You are muted." if call.own.muted else "You are heard again."


def deafen(host: Host) -> str:
    """Who hears nothing is not heard; once they hear again, they are muted or not as before."""
    call = current(host)
    on = not call.own.deafened
    call.deafen(on)
    return "You hear nothing, and are not heard." if on else HEARS_AGAIN


def camera(host: Host) -> str:
    call = current(host)
    on = not call.own.camera or call.own.file
    call.camera(on, host.settings.calls.camera)
    return "The camera is being turned on." if on else "The camera is off."


def share(host: Host, path: str = "") -> str:
    """The screen, or a file of pictures; again, and it is over."""
    call = current(host)
    if (call.own.screen or call.own.file) and not path:
        call.show("none")
        return f"{'Your screen' if call.own.screen else 'The file'} is shown no longer."
    call.show(path or "screen")
    return "The file is about to be shown." if path else "Your screen is about to be shown."


async def record(host: Host, path: Path | None = None) -> str:
    """Into this new file, or one among the downloads, which everybody is told; again, and it is over."""
    call = current(host)
    if call.own.records and path is None:
        call.record(None)
        return "The call is recorded no longer."
    if path is None:
        folder = rules(host.settings).folder
        path = folder / f"call-{datetime.now().astimezone():%Y-%m-%d-%H%M%S}.ogg"
    why = await asyncio.to_thread(_hindrance, path)
    if why:
        raise NoCommand(why)
    call.record(str(path))
    return f"Everybody is told that it is recorded, into {name_of(str(path))}."


def _hindrance(path: Path) -> str:
    """Why no new file can be there; empty: it can. Blocks; makes the folder."""
    if path.exists():
        return f"{name_of(str(path))} is there already."
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"The folder {name_of(str(path.parent))} cannot be made: {error.strerror or error}."
    return ""


def push_to_talk(host: Host) -> str:
    call = current(host)
    on = not call.own.push_to_talk
    call.push_to_talk(on)
    words = host.talk_words if on else "all the time"
    return f"You are heard {words}{', once you hear the others again' if call.own.deafened else ''}."


def talk(host: Host) -> str:
    """One tap: to talk, or no longer."""
    call = current(host)
    if call.own.deafened:
        raise NoCommand(DEAFENED)
    if not call.own.push_to_talk:
        call.push_to_talk(True)
    call.talk(not call.own.talking)
    return "You are heard now." if call.own.talking else "You are heard no longer."


def test_tone(host: Host) -> str:
    current(host).test()
    return "A tone is played for a second."
