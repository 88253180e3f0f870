"""Calls in front of people: real devices, a real server, a tone for a voice, a test picture for a face."""

import re
from functools import partial
from pathlib import Path
from typing import Final

import av
import pytest

from mesh_agent.agent import Agent
from mesh_agent.calls.call import Call
from mesh_agent.calls.state import Media
from mesh_tui.screens.call import CallScreen
from mesh_tui.widgets.tiles import Tile
from tests.support.conditions import until
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import Seat

SETTINGS: Final = {"calls.audio_in": "tone", "calls.audio_out": "none", "calls.camera": "test"}
SOUND: Final = Media(audio_in="tone", audio_out="none")
SIZE: Final = (100, 30)


async def _alice(sit_down: SitDown, server: str, number: int) -> Seat:
    """In a room of her own."""
    seat = await sit_down("alice", server, size=SIZE)
    await seat.register(f"alice{number}")
    await seat.app.save_settings(SETTINGS)
    await seat.create_room(f"talk {number}")
    return seat


async def _bob(sign_up: SignUp, server: str, number: int, alice: Seat) -> Agent:
    """A device without a screen, in the same room."""
    bob = await sign_up(f"bob{number}", server)
    await bob.join(alice.app.agent.room(f"talk {number}").id)
    await alice.sees("online 2")
    return bob


def _in_front(seat: Seat) -> bool:
    return isinstance(seat.app.screen, CallScreen)


def _own(seat: Seat) -> object:
    call = seat.app.calls.call
    assert call is not None
    return call.own


@pytest.mark.presses(
    "rooms.call",
    "rooms.mute_mic",
    "call.back",
    "call.mute_mic",
    "call.deafen",
    "call.camera",
    "call.push_to_talk",
    "call.talk",
    "call.list",
    "call.figures",
    "call.tone",
    "call.record",
    "call.hang_up",
)
async def test_who_calls_is_answered_and_what_one_does_is_seen(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int, tmp_path: Path
) -> None:
    alice = await _alice(sit_down, shared_server, number)
    await alice.app.save_settings({"transfers.folder": str(tmp_path / "mine")})
    bob = await _bob(sign_up, shared_server, number, alice)
    room_id = alice.app.agent.room(f"talk {number}").id
    call = await bob.calls.call(room_id, media=SOUND)
    await alice.sees(f"bob{number} calls", "Alt+C", "it rings · Enter answers")
    await alice.press("alt+c")
    await until(lambda: _in_front(alice), "the call")
    await alice.press("escape")
    await alice.sees("you are in it · Enter goes to it")
    await alice.press("up", "enter")
    await until(lambda: _in_front(alice), "the call again")
    await alice.press("escape")
    await alice.sees("Message talk")
    await alice.press("escape", "alt+c")  # no message is chosen any more
    await until(lambda: _in_front(alice), "the call once more")
    await alice.sees(f"● bob{number}", "speaks", "▮", "direct")
    await alice.press("m")
    await alice.sees("✕ muted")
    await until(lambda: call.parties[0].muted, "bob to be told")
    await alice.press("d")
    await alice.sees("✕ deafened")
    await alice.press("d")
    await alice.no_longer_sees("✕ deafened")
    await alice.sees("✕ muted")  # as before
    await alice.press("m", "p")
    await alice.sees("○ Space to talk")
    await alice.press("space")
    await alice.sees("● you talk")
    await alice.press("p", "i")
    await alice.sees("jitter", "kb/s")
    await alice.press("i", "t", "c")
    await alice.sees("■ camera", "▀▀▀▀▀▀")
    await alice.press("r")
    await alice.sees("Everybody is told that it is recorded")
    await alice.sees("● recording", "records")
    await until(lambda: call.parties[0].records, "bob to be told")
    await alice.press("r")
    await alice.sees("The call is recorded no longer.")
    await until(lambda: not call.parties[0].records, "bob to be told")
    await alice.no_longer_sees("● recording")
    call.record(str(tmp_path / "bob.ogg"))
    await alice.sees(f"bob{number} records this call.")
    call.camera(True, "test")
    await until(lambda: sum(tile.picture is not None for tile in alice.app.screen.query(Tile)) == 2, "both")
    await alice.press("l")
    await alice.no_longer_sees("▀▀▀▀▀▀")
    await alice.press("l", "escape")
    await alice.sees("Message talk", "▀▀▀▀▀▀", f"● bob{number}")
    await until(lambda: re.search(r"☏ \d+:\d\d", alice.text), "how long it lasts")
    await alice.say("I see you here, too.")
    await alice.sees("I see you here, too.", "▀▀▀▀▀▀")
    await alice.app.save_settings({"calls.beside": False})
    await alice.no_longer_sees("▀▀▀▀▀▀")
    await alice.app.save_settings({"calls.beside": True})
    await alice.sees("▀▀▀▀▀▀")
    call.camera(False)
    await alice.no_longer_sees("▀▀▀▀▀▀")
    await alice.press("alt+m")
    await alice.sees("You are muted.", f"bob{number} muted")
    await alice.press("alt+c")
    await until(lambda: _in_front(alice), "the call again")
    await alice.press("q")
    await alice.sees("The call is over")
    await alice.sees("Message talk")
    await alice.sees("☏ Call", "bob")
    (recorded,) = (tmp_path / "mine").iterdir()
    assert recorded.name.startswith("call-")
    assert recorded.read_bytes().startswith(b"OggS")
    assert (tmp_path / "bob.ogg").read_bytes().startswith(b"OggS")


@pytest.mark.presses("rooms.decline_call", "call.share_screen")
async def test_one_is_declined_missed_or_left_with_the_program(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int
) -> None:
    alice = await _alice(sit_down, shared_server, number)
    bob = await _bob(sign_up, shared_server, number, alice)
    room_id = alice.app.agent.room(f"talk {number}").id
    call = await bob.calls.call(room_id, media=SOUND)
    await alice.sees(f"bob{number} calls")
    await alice.press("alt+x")
    await alice.sees("Declined.")
    await alice.sees(f"alice{number} declined")
    await alice.no_longer_sees("Enter")
    await until(lambda: call.phase == "over", "bob to be told")
    missed = await bob.calls.call(room_id, media=SOUND)
    await alice.sees(f"bob{number} calls")
    await missed.leave()
    await alice.sees(f"bob{number} has called.")
    await alice.sees("Missed call", "nobody answered")
    await alice.press("alt+x")
    await alice.sees("Nobody calls you now.")
    await alice.say("/answer")
    await alice.sees("Nobody calls you now.")
    await alice.press("ctrl+u")
    await alice.say(f"/call @bob{number} --video")
    await until(lambda: bob.calls.ringing, "it to ring")
    assert bob.calls.ringing[0].video
    await alice.sees("rings…", "a picture comes…")
    await bob.calls.answer(bob.calls.ringing[0].call_id, media=SOUND)
    await alice.sees("▀▀▀▀▀▀")
    await alice.press("s")
    await alice.sees("Your screen is about to be shown.")
    await alice.press("ctrl+q")
    await alice.sees("Quit, and leave the call?")
    await alice.press("escape")
    await until(lambda: _in_front(alice), "the call to go on")
    assert bob.calls.current is not None
    await alice.press("ctrl+q", "y")
    await until(lambda: not alice.app.is_running, "the end")
    await until(lambda: bob.calls.current is None or not bob.calls.current.parties, "alice to be gone")


def _shows_file(call: Call) -> bool:
    return call.own.file


def _clip(folder: Path) -> Path:
    """A minute of pictures."""
    path = folder / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for _ in range(300):
            container.mux(stream.encode(av.VideoFrame(64, 36, "yuv420p")))
        container.mux(stream.encode(None))
    return path


async def test_commands_do_what_keys_do(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int, tmp_path: Path
) -> None:
    alice = await _alice(sit_down, shared_server, number)
    bob = await _bob(sign_up, shared_server, number, alice)
    for command in ("hangup", "mute-mic", "call-stats"):
        await alice.say(f"/{command}")
        await alice.sees("You are in no call.")
        await alice.press("ctrl+u")
    await bob.calls.call(alice.app.agent.room(f"talk {number}").id, media=SOUND)
    await alice.sees("Enter answers")
    await alice.press("up", "enter")
    await until(lambda: _in_front(alice), "the call")
    await alice.sees(f"● bob{number}", "direct")
    await alice.press("escape")
    await alice.sees("Message talk")
    await alice.press("escape")  # no message is chosen any more
    for line, said in (
        ("/mute-mic", "You are muted."),
        ("/deafen", "You hear nothing, and are not heard."),
        ("/push-to-talk", "once you hear the others again"),
        ("/mute-mic", "You hear the others again."),
        ("/mute-mic", "You are heard again all the time."),
        ("/deafen", "You hear nothing, and are not heard."),
        ("/mute-mic", "You hear the others again, and are heard."),
        ("/push-to-talk", "while you hold Space"),
        ("/talk", "You are heard now."),
        ("/camera", "The camera is being turned on."),
        ("/share-screen", "Your screen is about to be shown."),
        (f"/share-screen {_clip(tmp_path)}", "The file is about to be shown."),
        ("/share-screen", "The file is shown no longer."),
        ("/share-screen nothing.mp4", "There is no file nothing.mp4 to be shown."),
        ("/test-tone", "A tone is played"),
        ("/call-stats", "jitter"),
    ):
        if _in_front(alice):
            await alice.press("escape")
        await alice.say(line)
        await alice.sees(said)
        if said.startswith("The file is about"):
            call = alice.app.calls.call
            assert call is not None
            await until(partial(_shows_file, call), "the file to be shown")
    await alice.press("escape")
    await alice.no_longer_sees("jitter")
    await alice.say("/record-call /")
    await alice.sees("/ is there already.")
    await alice.press("ctrl+u")
    await alice.say("/hangup")
    await alice.sees("The call is over")
    await alice.say("/decline-call")
    await alice.sees("Nobody calls you now.")
