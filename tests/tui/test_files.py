"""Files on their way on the screen: the cards of a room, the list, one of them, what is typed for them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from rich.color import ColorSystem

from mesh_agent.agent import Agent
from mesh_agent.sharing.errors import SharingError
from mesh_agent.sharing.people import DeviceWords
from mesh_agent.sharing.state import IdentityChanged, Transfer, TransferChanged
from mesh_tui.bridge import FromAgent
from mesh_tui.pace import Pace
from mesh_tui.pictures.kitty import PLACEHOLDER
from mesh_tui.screens.shares import Shares
from mesh_tui.screens.words import Words
from protocol.peer import Entry
from protocol.rest import Room
from tests.support.conditions import until
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import Seat


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A file to send."""
    path = tmp_path / "my notes.txt"
    path.write_text("one two three")
    return path


async def _together(seat: Seat, number: int, *others: Agent) -> Room:
    """A room of alice, who has it open, and others."""
    await seat.register(f"alice{number}")
    await seat.create_room(f"files {number}")
    room = seat.app.agent.room(f"files {number}")
    for other in others:
        await other.join(room.id)
    members = len(others) + 1
    await seat.sees(f"online {members}")
    return room


def _only(seat: Seat) -> Transfer:
    (transfer,) = seat.app.agent.sharing.transfers()
    return transfer


def _phase(seat: Seat, *phases: str) -> Callable[[], bool]:
    return lambda: _only(seat).phase in phases


MOVING = ("waiting", "connecting")


@pytest.mark.presses(
    "room.cards",
    "room.transfers",
    "transfer up,down",
    "transfer p",
    "transfer x",
    "transfer r",
    "transfer f",
    "transfer o",
    "transfer c",
    "transfer enter",
)
async def test_what_is_sent_is_followed_and_stopped_by_keys(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int, notes: Path
) -> None:
    bob = await sign_up(f"bob{number}", shared_server)  # who takes nothing for now
    alice = await sit_down("alice", shared_server, size=(100, 30))
    await _together(alice, number, bob)
    await alice.say(f"/send '{notes}' @bob{number}")
    await alice.sees("↑ my notes.txt", f"to bob{number}", "will be asked")
    await until(_phase(alice, *MOVING), "it to wait")
    await alice.press("f6")
    await alice.sees("▌ ↑ my notes.txt")
    await alice.press("p")
    await alice.sees("‖ my notes.txt", "paused")
    await alice.press("p")
    await until(_phase(alice, *MOVING), "it to go on")
    await alice.press("enter")
    await alice.sees("not verified", "13 B", f"files {number}", "p pause · x cancel")
    await alice.press("c")
    await alice.press("escape", "f6", "h", "i")
    room = alice.room
    assert room.composer.text == "hi", "the place to write has the keys again"
    await alice.press("f7")
    await alice.sees("Files on their way", "Waiting", "p pause · x cancel")
    await alice.press("x")
    await alice.sees("Over", "✗ my notes.txt", "cancelled")
    await alice.press("r")
    await until(_phase(alice, *MOVING), "it to be tried again")
    await alice.press("x", "o")
    await alice.sees("f forget")
    await alice.press("f")
    await alice.sees("Nothing is on its way.")
    assert not alice.app.agent.sharing.transfers()
    await alice.press("up", "down", "escape")
    await alice.no_longer_sees("my notes.txt")


@pytest.mark.presses("transfer l")
async def test_what_is_offered_is_verified_taken_and_looked_through(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int, tmp_path: Path
) -> None:
    """Two real devices, the bytes between them included."""
    bob = await sign_up(f"bob{number}", shared_server)
    await bob.sharing.receive("bob")
    alice = await sit_down("alice", shared_server, size=(100, 30))
    await alice.app.save_settings({"transfers.folder": str(tmp_path / "here")})
    room = await _together(alice, number, bob)
    me = alice.app.agent.user
    assert me is not None
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("beach.jpg", "dunes.jpg"):
        (photos / name).write_bytes(bytes(3_000))
    await bob.sharing.send(room.id, [me.id], [photos])
    await alice.sees(f"bob{number} offers you photos", "5.9 KiB in 2 files", "not verified", "free here")
    await alice.say("/verify")
    await alice.sees("not verified", "Enter: the words are the same")
    await alice.press("enter", "y")
    await alice.sees("✓ verified")
    await alice.press("escape", "f6", "enter")
    await alice.sees("photos/beach.jpg  2.9 KiB", "v always")
    await alice.press("escape", "i")
    await alice.sees("into…", "Folder that it goes into")
    await alice.press("escape", "v")
    await alice.sees("✓ photos", "received", "photos from")
    assert (tmp_path / "here" / "photos" / "dunes.jpg").read_bytes() == bytes(3_000)
    await alice.press("a", "h")
    assert alice.room.composer.text == "ah", "what was answered has no keys any more"
    await bob.sharing.share(room.id, photos)
    alice.room.composer.load_text("")
    await alice.say(f"/shares bob{number}")
    await alice.sees("▸ photos")
    await alice.press("right")
    await alice.sees("beach.jpg")
    await alice.press("escape")
    await alice.say(f"/get bob{number} photos/dunes.jpg '{tmp_path}'")
    await until((tmp_path / "dunes.jpg").exists, "it to be where it was wanted")
    Image.new("RGB", (60, 40), "red").save(tmp_path / "red.png")
    await bob.sharing.send(room.id, [me.id], [tmp_path / "red.png"])
    await alice.sees("✓ red.png", "▀" * 21)
    await alice.press("f6", "end", "l")
    await alice.sees("60 × 40 pixels", "▀" * 54)
    await alice.press("escape")
    alice.app.console._color_system = ColorSystem.TRUECOLOR
    await alice.app.save_settings({"look.pictures_by": "kitty"})
    await alice.sees(PLACEHOLDER)
    assert "▀▀" not in alice.text
    await alice.app.save_settings({"look.pictures": "off"})
    await alice.no_longer_sees(PLACEHOLDER)


@pytest.mark.presses("home.transfers")
async def test_the_list_is_in_reach_of_home_and_of_a_command(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.press("f7")
    await alice.sees("Nothing is on its way.")
    await alice.press("f7")
    await alice.no_longer_sees("Nothing is on its way.")
    await alice.press("slash", *"transfers", "enter")
    await alice.sees("Nothing is on its way.")


@pytest.mark.presses("people up,down", "people space", "people a", "people enter")
async def test_who_gets_it_is_chosen_where_nobody_is_named(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int, notes: Path
) -> None:
    others = [await sign_up(f"{name}{number}", shared_server) for name in ("bob", "alice-two")]
    alice = await sit_down("alice", shared_server)
    await _together(alice, number, *others)
    await alice.type(str(notes).replace(" ", "\\ "))
    await alice.sees("Send 1 file?", "my notes.txt", "Keep the path as a text (t)")
    await alice.press("t")
    room = alice.room
    assert room.composer.text == str(notes).replace(" ", "\\ ")
    room.composer.load_text("")
    await alice.type(f"'{notes}'")
    await alice.sees("Send 1 file?")
    await alice.press("f")
    await alice.sees("Send to whom?", f"bob{number}", f"alice-two{number}")
    await alice.press("escape")
    await alice.sees("✗ Nothing was sent.")
    assert room.composer.text.startswith("/send /"), "the line is back"
    await alice.press("enter")
    await alice.sees("Send to whom?")
    await alice.press("a", "down", "space", "up")
    await alice.sees("[×] ", "[ ] ")
    await alice.press("a", "a", "a", "enter")
    await alice.sees(f"to bob{number}", f"to alice-two{number}")
    assert len(alice.app.agent.sharing.transfers()) == 2


async def test_tab_completes_paths_and_people(
    shared_server: str, sit_down: SitDown, number: int, tmp_path: Path
) -> None:
    inside = tmp_path / "a folder" / "below"
    inside.mkdir(parents=True)
    (inside / "b c.txt").touch()
    alice = await sit_down("alice", shared_server)
    await _together(alice, number)
    room = alice.room
    await alice.type(f"/send {tmp_path}/a")
    await alice.sees("a folder/")
    await alice.press("tab")
    await alice.sees("below/")
    await alice.press("tab")
    await alice.sees("b c.txt")
    await alice.press("tab")
    assert room.composer.text == f"/send {tmp_path}/a\\ folder/below/b\\ c.txt "
    await alice.press("enter")
    await alice.sees("✗ Nobody else is in this room.")


@pytest.mark.presses("transfer a", "transfer d", "transfer i", "transfer v")
async def test_a_device_that_only_wants_to_connect_is_answered_by_keys_and_by_commands(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int, notes: Path
) -> None:
    bob = await sign_up(f"bob{number}", shared_server)
    alice = await sit_down("alice", shared_server)
    room = await _together(alice, number, bob)
    await alice.app.save_settings({"transfers.connect": "ask"})
    me = alice.app.agent.user
    assert me is not None
    (sent,) = await bob.sharing.send(room.id, [me.id], [notes])
    await alice.sees(f"bob{number} wants to connect", "1 offer", "/accept")
    await alice.press("f6")
    await alice.sees("a accept · d decline")
    await alice.press("v", "i", "d")
    await alice.sees("declined")
    await until(lambda: bob.sharing.transfer(sent.id).phase != "waiting", "bob to know")
    await alice.say("/decline")
    await alice.sees("✗ Nothing is offered to you.")
    await alice.press("ctrl+u")
    await bob.sharing.retry(sent.id)
    await alice.sees(f"bob{number} wants to connect")
    await alice.say("/accept 99")
    await alice.sees("✗ There is no transfer 99.")
    alice.room.composer.load_text("")
    await alice.press("f6", "a")
    await alice.sees("✓ wants to connect")


async def test_what_is_shared_is_known_by_its_name(
    shared_server: str, sit_down: SitDown, number: int, tmp_path: Path
) -> None:
    folder = tmp_path / "the plans"
    folder.mkdir()
    alice = await sit_down("alice", shared_server)
    await _together(alice, number)
    await alice.say("/unshare")
    await alice.sees("✗ You share nothing here.")
    alice.room.composer.load_text("")
    await alice.say(f"/share '{folder}'")
    await alice.sees("the plans can be looked through here.")
    (share,) = alice.app.agent.sharing.shares()
    assert share.place == folder
    await alice.say(f"/share '{folder}")
    await alice.sees("✗ A quote is open.")
    alice.room.composer.load_text("")
    await alice.say("/unshare the plans")
    await alice.sees("the plans is shared no longer.")
    assert not alice.app.agent.sharing.shares()
    await alice.say("/get plans/a.txt")
    await alice.sees("✗ Nobody else is in this room.")
    alice.room.composer.load_text("")
    await alice.say("/get @nobody plans/a.txt")
    await alice.sees("✗ Nobody in this room is called '@nobody'.")


@pytest.mark.presses("shares up,down", "shares right,enter", "shares left", "shares g")
async def test_a_tree_is_opened_folder_by_folder_and_fetched_from(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    asked: list[tuple[str, str]] = []
    fetched: list[tuple[str, str]] = []

    async def browse(share: str, path: str) -> list[Entry]:
        asked.append((share, path))
        if not share:
            return [Entry("plans", "folder", 0, 0, 0, "s1"), Entry("\x1b[2Jmusic", "folder", 0, 0, 0, "s2")]
        if path == "inner":
            raise SharingError("They are gone.")
        return [Entry("b.txt", "file", 2048, 0, 0), Entry("inner", "folder", 0, 0, 0)]

    async def fetch(share: str, path: str) -> None:
        fetched.append((share, path))

    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    alice.call(alice.app.push_screen, Shares("bob", browse, fetch))
    await alice.sees("What bob shares here", "▸ plans", "[2Jmusic", "g gets it")
    await alice.press("down", "right")
    await alice.sees("▾ plans", "▸ inner", "b.txt", "2.0 KiB")
    await alice.press("down", "enter")
    await alice.sees("✗ They are gone.")
    await alice.press("down", "g")
    await alice.sees("b.txt is on its way.")
    await alice.press("up", "g")
    await alice.sees("inner is on its way.")
    await alice.press("left")
    await alice.no_longer_sees("b.txt")
    await alice.press("g")
    await alice.sees("plans is on its way.")
    assert asked == [("", ""), ("s1", ""), ("s1", "inner")]
    assert fetched == [("s1", "b.txt"), ("s1", "inner"), ("s1", "")]


@pytest.mark.presses("words up,down", "words enter", "words v")
async def test_words_are_confirmed_only_after_a_question(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    words = ("amber", "boat", "cedar")
    confirmed: list[str] = []
    taken: list[tuple[str, bool]] = []

    async def ask() -> list[DeviceWords]:
        return [
            DeviceWords(
                name,
                words,
                verified=name in confirmed,
                changed=name == "old",
                always=bool(taken) and taken[-1] == (name, True),
            )
            for name in ("laptop", "old")
        ]

    async def confirm(device_id: str) -> None:
        confirmed.append(device_id)

    async def take_always(device_id: str, always: bool) -> None:
        taken.append((device_id, always))

    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    alice.call(alice.app.push_screen, Words("bob", ask, confirm, take_always))
    await alice.sees("The words for you and bob", "laptop  not verified", "amber  boat", "⚠ not the device")
    await alice.press("v", "enter", "n", "down", "up", "enter")
    await alice.sees("Does bob see the same words?", "amber boat cedar")
    assert not confirmed
    await alice.press("y")
    await alice.sees("laptop  ✓ verified")
    assert confirmed == ["laptop"]
    assert not taken, "of a device that is not verified nothing is taken unasked"
    await alice.press("v")
    await alice.sees("laptop  ✓ verified, what it offers is taken")
    await alice.press("v")
    await alice.no_longer_sees("what it offers is taken")
    assert taken == [("laptop", True), ("laptop", False)]


async def test_a_changed_identity_is_loud_and_refused_unless_it_is_trusted(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    event = IdentityChanged("u2", "bob", "d2", ("amber", "boat", "cedar"))
    alice.call(alice.app.post_message, FromAgent(event))
    await alice.sees("⚠ bob's device is not the one that it was", "amber  boat  cedar", "Refuse it (n)")
    await alice.press("enter")
    await alice.sees("bob's device stays refused.")
    alice.call(alice.app.post_message, FromAgent(event))
    await alice.sees("⚠ bob's device is not the one that it was")
    await alice.press("y")
    await alice.no_longer_sees("⚠ bob's device")


async def test_words_of_somebody_never_met(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int
) -> None:
    bob = await sign_up(f"bob{number}", shared_server)
    alice = await sit_down("alice", shared_server)
    await _together(alice, number, bob)
    await alice.say("/verify")
    await alice.sees(f"The words for you and bob{number}", "has been met yet")
    await alice.press("escape")
    await alice.say("/shares")
    await alice.sees(f"What bob{number} shares here", "Asking their device")
    await alice.press("escape")
    await alice.say("/transfers pause 7")
    await alice.sees("✗ There is no transfer 7.")


async def test_however_often_it_is_asked_for_it_is_done_now_and_at_the_end_of_a_pause(
    shared_server: str, sit_down: SitDown
) -> None:
    done: list[int] = []
    alice = await sit_down("alice", shared_server)
    pace = Pace(alice.app, lambda: done.append(len(done)))
    for _ in range(1_000):
        alice.call(pace.ask)
    assert len(done) == 1
    await until(lambda: len(done) == 2, "the end of the pause")
    alice.call(pace.ask)
    await until(lambda: len(done) == 3, "the next one")


async def test_an_end_that_was_seen_to_come_is_told_and_an_older_one_is_not(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    going = Transfer("t1", "send", "r1", "u2", "bob", "notes.txt", "file", "running", size=100)
    old = replace(going, id="t2", title="old.txt", phase="failed", reason="The disk is full.")
    for known in (going, old, replace(going, phase="done"), replace(going, id="t3"), replace(old, id="t3")):
        alice.call(alice.app.post_message, FromAgent(TransferChanged(known)))
    await alice.sees("bob has notes.txt.", "old.txt to bob failed. The disk is full.")
    assert alice.text.count("old.txt") == 1
