"""A shared terminal in front of its host and of a guest: two real devices, and a real shell between them."""

import asyncio
import json
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_agent.terminal.announcing import CONTENT_TYPE, beginning
from mesh_tui.screens.replay import Replay
from mesh_tui.screens.terminal import TerminalScreen
from mesh_tui.terminal_kinds import Open, ended_words
from tests.support.conditions import until
from tests.tui.conftest import SitDown
from tests.tui.seat import Seat

SIZE = (100, 30)
MENU = "ctrl+right_square_bracket"


async def _two(sit_down: SitDown, server: str, number: int) -> tuple[Seat, Seat]:
    """Alice and bob in a room that both have open."""
    alice, bob = [await sit_down(name, server, size=SIZE) for name in ("alice", "bob")]
    await alice.register(f"alice{number}")
    await alice.create_room(f"shells {number}")
    await bob.register(f"bob{number}")
    room = await bob.app.agent.join(alice.app.agent.room(f"shells {number}").id)
    bob.call(bob.app.open_room, room.id)
    await bob.sees(f"Message shells {number}")
    await alice.sees("online 2")
    return alice, bob


def _open(seat: Seat) -> Open:
    (terminal,) = seat.app.terminals.all()
    return terminal


def _has_none(seat: Seat) -> bool:
    return not seat.app.terminals.all()


def _in_front(seat: Seat) -> bool:
    return isinstance(seat.app.screen, TerminalScreen)


async def _changes_all_the_time(seat: Seat, terminal: Open) -> None:
    """Its screen is told so in each turn of the loop, also while it goes."""
    while True:
        if terminal.listener is not None:
            seat.call(terminal.listener)
        await asyncio.sleep(0)


async def _compare(one: Agent, other: Agent) -> None:
    """The two persons have compared the words of their devices."""
    assert other.user is not None
    for device in await one.sharing.words(other.user.id):
        await one.sharing.confirm(other.user.id, device.device_id)


@pytest.mark.presses(
    "terminal escape",
    "terminal ctrl+right_square_bracket",
    "terminal shift+pageup,shift+pagedown",
    "terminal-menu l",
    "terminal-menu w",
    "terminal-menu k",
    "terminal-menu r",
    "terminal-menu slash",
    "terminal-menu c",
    "terminal-menu b",
    "terminal-menu q",
    "terminal-menu escape",
    "terminal-menu up,down",
    "rooms.terminals",
)
async def test_a_shell_is_shared_watched_and_written_in(
    shared_server: str, sit_down: SitDown, number: int, tmp_path: Path
) -> None:
    alice, bob = await _two(sit_down, shared_server, number)
    await alice.app.save_settings({"transfers.folder": str(tmp_path / "here")})
    await alice.say("/share-terminal sh")
    await alice.sees("Your terminal, shared", "nobody watches", "Esc Esc")
    await alice.type("seq 100 140; echo on$((0))e")
    await alice.press("enter")
    await alice.sees("on0e", "140")

    await bob.sees("▣ sh", "Enter watches it")
    await bob.say(f"/watch alice{number}")
    await bob.sees("is asked whether you may watch")
    await alice.sees("1 asks to watch")
    await alice.press(MENU)
    await alice.sees("Who is here", f"bob{number}", "asks to watch", "l  let in")
    await alice.press("l")
    await bob.sees("on0e", "you watch", "100×28")
    await alice.sees("1 watches")

    await bob.press("x")
    await bob.sees("You only watch.")
    await alice.press("w")
    await alice.sees("Compare the safety words")
    await _compare(alice.app.agent, bob.app.agent)
    await alice.press("down", "up", "w")
    await alice.sees("writes, verified")
    await bob.sees("you may write")
    await bob.type("echo tw$((0))o")
    await bob.press("enter")
    await bob.sees("tw0o")
    await alice.press("escape")
    await alice.sees("tw0o")
    await alice.press(MENU, "w")
    await bob.sees("you watch")

    await bob.press("shift+pageup")
    await bob.sees("100", "back by", "any other key returns")
    await bob.press("shift+pagedown", "x")
    await bob.sees("Esc Esc")
    await bob.press(MENU)
    await bob.sees("whose it is", "/  find above")
    await bob.press("slash", *"101", "enter")
    await bob.sees("back by", "101")
    await bob.press("x", MENU, "c")
    await bob.sees("Copied.")

    await alice.press("r")
    await alice.sees("● recorded")
    await bob.sees("● recorded")
    await alice.press("escape")
    await alice.type("echo recor$((0))ded")
    await alice.press("enter")
    await alice.sees("recor0ded")
    await alice.press(MENU, "r")
    await bob.no_longer_sees("● recorded")
    (recording,) = (tmp_path / "here").glob("*.cast")
    assert "recor0ded" in recording.read_text()

    await bob.press_twice("escape")
    await until(lambda: not _in_front(bob), "the room to be in front")
    await bob.sees("connected", "▣ terminal")
    await bob.press("alt+t")
    await bob.sees("recor0ded")
    await alice.press("k")
    await bob.sees("You were put out.")
    changing = asyncio.create_task(_changes_all_the_time(alice, _open(alice)))
    await alice.press("b")
    await until(lambda: not _in_front(alice), "the room to be in front")
    await until(lambda: _open(alice).listener is None, "its screen to be gone")
    changing.cancel()
    with suppress(asyncio.CancelledError):
        await changing
    alice.call(alice.app.terminals.show, _open(alice))
    await alice.press(MENU, "q", "y")
    await until(lambda: not alice.app.terminals.all(), "it to be gone")
    await alice.sees("▢ sh", "a terminal that was shared; it is over")
    await alice.no_longer_sees("▣")


@pytest.mark.presses("terminal-menu d")
async def test_who_is_declined_is_told_and_an_end_is_seen_by_all(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    alice, bob = await _two(sit_down, shared_server, number)
    await alice.say("/share-terminal sh -c 'read x; exit 3'")
    await alice.sees("Your terminal, shared")
    await bob.sees("Enter watches it")
    await bob.press("up", "enter")
    await alice.sees("1 asks to watch")
    await alice.press(MENU, "d")
    await bob.sees("You were not let in.")
    await alice.no_longer_sees("asks to watch")
    await bob.press_twice("escape")
    await alice.press("b")
    await alice.sees("Enter goes back to it", "▣ terminal")
    await bob.say("/watch")
    await alice.sees("Alt+T", "▣ 1 asks")
    await alice.press("up", "o")
    await until(lambda: _in_front(alice), "it to be in front again")
    await alice.press(MENU, "l", "escape")
    await bob.sees("you watch")
    await alice.press("enter")
    for seat in (alice, bob):
        await seat.sees("it ended with exit code 3", "closes it")
        assert seat.screen[0].endswith("it ended with exit code 3")
        await seat.press_twice("escape")
        await until(partial(_has_none, seat), "it to be closed")
    await bob.sees("▢ sh -c", "it ended with exit code 3")


@pytest.mark.presses("selected.open_link")
async def test_of_several_one_is_chosen(shared_server: str, sit_down: SitDown, number: int) -> None:
    alice = await sit_down("alice", shared_server, size=SIZE)
    await alice.register(f"alice{number}")
    await alice.create_room(f"shells {number}")
    for word in ("first", "second"):
        await alice.say(f"/share-terminal sh -c 'echo {word}; read x'")
        await alice.sees("Your terminal, shared", word)
        await alice.press(MENU, "b")
        await alice.sees("Message shells")
    await alice.sees("▣ 2 terminals")
    await alice.press("alt+t")
    await alice.sees("Which terminal?", "yours, nobody watches (1)", "(2)")
    await alice.press("1")
    await alice.sees("first", "Your terminal, shared", "100×28")
    await alice.no_longer_sees("a part")
    await alice.press_twice("escape")
    await alice.say("/terminals 2")
    await alice.sees("second", "Your terminal, shared")
    await alice.press_twice("escape")
    await alice.press("up", "up", "o")
    await alice.sees("first", "Your terminal, shared")

    await alice.press_twice("escape")
    await alice.sees("Message shells")
    await alice.press("ctrl+q")
    await alice.sees("Quit, and end the 2 terminals that you share?", "Nobody watches them")
    await alice.press("n")
    await alice.sees("Message shells", "▣ 2 terminals")
    await alice.press("escape")
    await alice.say("/quit")
    await alice.sees("Quit, and end the 2 terminals")
    await alice.press("ctrl+q")
    await until(lambda: not alice.app.is_running, "the end")


async def test_what_cannot_be_started_or_watched_is_said(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    alice, bob = await _two(sit_down, shared_server, number)
    await alice.say("/watch")
    await alice.sees("Nobody shares a terminal here now.")
    await alice.press("ctrl+u")
    await alice.say("/share-terminal /nothing/there")
    await alice.sees("/nothing/there")
    assert not _in_front(alice)
    await alice.press("ctrl+u")
    await alice.say("/terminals")
    await alice.sees("No terminal is open.")
    await alice.press("ctrl+u")

    agent = bob.app.agent
    content = beginning("top", f"bob{number}", "Qm3k9TzA")
    room_id = alice.app.agent.room(f"shells {number}").id
    await agent.terminals.introductions.tell(room_id, content, CONTENT_TYPE)
    await alice.sees("▣ top", "a shared terminal · Enter watches it")
    await agent.set_presence("offline")
    await alice.sees(f"a shared terminal · bob{number} is seen nowhere now · Enter tries to watch it")
    await agent.set_presence("online")
    await alice.sees("a shared terminal · Enter watches it")


@pytest.mark.presses(
    "replay space",
    "replay left,right",
    "replay up,down",
    "replay home,end",
    "replay comma,full_stop",
    "replay escape,q",
)
async def test_a_recording_is_played(
    shared_server: str, sit_down: SitDown, number: int, tmp_path: Path
) -> None:
    events = [(0.0, "o", "one\r\n"), (60.0, "m", ""), (60.0, "o", "two\r\n"), (3_600.0, "o", "three\r\n")]
    header = {"version": 3, "term": {"cols": 40, "rows": 10}}
    lines = [json.dumps(header), *(json.dumps(event) for event in events)]
    (tmp_path / "demo.cast").write_text("\n".join(lines) + "\n")
    alice = await sit_down("alice", shared_server, size=SIZE)
    await alice.register(f"alice{number}")
    await alice.press("slash", "backspace")
    await alice.type(f"/replay {tmp_path / 'demo.cast'}")
    await alice.press("enter")
    await alice.sees("demo.cast", "one", "of 0:09", "40×10")
    await alice.press("space")
    await alice.sees("‖")
    await alice.press("full_stop")
    await alice.press("right")
    await alice.sees("two")
    await alice.press("left", "comma", "end")
    await alice.sees("three", "■")
    await alice.press("home")
    await alice.no_longer_sees("three")
    await alice.press("up")
    await alice.sees("1.5×")
    await alice.press("down", "end", "space")
    await alice.no_longer_sees("three")
    for key in ("q", "escape"):
        await alice.press(key)
        await until(lambda: not isinstance(alice.app.screen, Replay), "it to be closed")
        await alice.press("slash", "backspace")
        await alice.type(f"/replay {tmp_path / ('demo.cast' if key == 'q' else 'none.cast')}")
        await alice.press("enter")
        await alice.sees("a recording" if key == "q" else "No such file")


def test_how_it_ended_is_said_in_a_sentence() -> None:
    assert ended_words(3, "") == "it ended with exit code 3"
    assert ended_words(-9, "") == "it was ended by signal 9"
    assert ended_words(None, "The line was lost.") == "it is over: The line was lost."
