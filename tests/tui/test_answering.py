"""Offers that are answered one after the other, whose sender has gone, and whose names are taken here."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_agent.sharing.state import Transfer, TransferChanged
from mesh_tui.bridge import FromAgent
from mesh_tui.screens import shares
from protocol.peer import Entry
from protocol.rest import Room
from tests.support.conditions import next_millisecond, until
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import SEEN_S, Seat


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, number: int) -> Agent:
    return await sign_up(f"bob{number}", shared_server)


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, number: int, tmp_path: Path) -> Seat:
    """Signed in; what she takes goes into `here`."""
    seat = await sit_down("alice", shared_server, size=(100, 40))
    await seat.app.save_settings({"transfers.folder": str(tmp_path / "here")})
    await seat.register(f"alice{number}")
    return seat


@pytest.fixture
async def room(alice: Seat, bob: Agent, number: int) -> Room:
    """Which alice has open, and bob is in."""
    await alice.create_room(f"files {number}")
    room = alice.app.agent.room(f"files {number}")
    await bob.join(room.id)
    await alice.sees("online 2")
    return room


async def _offer(bob: Agent, alice: Seat, room: Room, *paths: Path) -> list[Transfer]:
    """Each of them waits for alice's answer."""
    me = alice.app.agent.user
    assert me is not None
    sent = [(await bob.sharing.send(room.id, [me.id], [path]))[0] for path in paths]
    await alice.sees(*(f"offers you {path.name}" for path in paths))
    return sent


def _files(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).write_text(f"what {name} says")
    return [folder / name for name in names]


def _row(alice: Seat, text: str) -> str:
    return next(row for row in alice.screen if text in row)


async def test_after_an_answer_the_next_offer_is_chosen_and_rows_keep_their_indent(
    alice: Seat, bob: Agent, room: Room, tmp_path: Path
) -> None:
    await _offer(bob, alice, room, *_files(tmp_path, "one.txt", "two.txt", "three.txt"))
    await alice.press("f6")
    await alice.sees("▌   a accept · d decline")
    assert re.match(r"▌   \d", _row(alice, "▌   ")), "a row that is chosen stands where it stood"
    first = _row(alice, "▌ ↓").split()[5]
    await alice.press("d")
    await alice.sees(f"✗ {first}")
    second = _row(alice, "▌ ↓").split()[5]
    assert second != first
    await alice.press("a")
    await alice.sees(f"✓ {second}")
    await alice.press("d")
    await alice.no_longer_sees("offers you")
    await alice.press("h", "i")
    await alice.sees("│ hi")


async def test_what_is_on_its_way_has_its_keys_below_it_while_it_is_chosen(
    alice: Seat, room: Room, tmp_path: Path, number: int
) -> None:
    (path,) = _files(tmp_path, "one.txt")
    await alice.say(f"/send {path} @bob{number}")
    await alice.sees("↑ one.txt")
    assert "p pause" not in alice.text
    await alice.press("f6")
    await alice.sees("▌ ↑ one.txt", "▌   p pause · x cancel · Enter all")
    await alice.press("f6")
    await alice.no_longer_sees("p pause")


async def test_an_offer_whose_sender_has_gone_can_still_be_answered(
    alice: Seat, bob: Agent, room: Room, tmp_path: Path, number: int
) -> None:
    await _offer(bob, alice, room, *_files(tmp_path, "one.txt", "two.txt"))
    await bob.close()
    gone = f"bob{number} is not there now: it comes once they are"
    await until(lambda: alice.text.count(gone) == 2, "both offers to say so", SEEN_S)
    assert "interrupted" not in alice.text
    await alice.sees("2 offers", "F6 to answer")
    await alice.press("f7")
    await alice.sees("Waiting for your answer", f"waits for your answer, bob{number} is not there now")
    assert "On the way" not in alice.text
    await alice.press("escape", "f6", "a")
    await alice.sees(f"waits for bob{number}", "1 offer")
    assert "by itself" not in alice.text
    await alice.press("d")
    await alice.sees("✗ ", "declined")
    assert {known.phase for known in alice.app.agent.sharing.transfers()} == {"interrupted", "declined"}


async def test_a_command_asks_what_becomes_of_names_that_are_taken(
    alice: Seat, bob: Agent, room: Room, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "one.txt").write_text("mine")
    await _offer(bob, alice, room, *_files(tmp_path, "one.txt"))
    await alice.say("/accept")
    await alice.sees("There is a one.txt here already. What then?", "Keep both")
    await alice.press("escape")
    await alice.sees("offers you one.txt")
    assert (tmp_path / "here" / "one.txt").read_text() == "mine"
    await alice.say("/accept")
    await alice.sees("What then?")
    await alice.press("o")
    await alice.sees("✓ one.txt")
    assert (tmp_path / "here" / "one.txt").read_text() == "what one.txt says"


async def test_a_folder_says_which_names_are_taken(
    alice: Seat, bob: Agent, room: Room, tmp_path: Path
) -> None:
    names = [f"{number}.txt" for number in range(5)]
    for folder in (tmp_path / "photos", tmp_path / "here" / "photos"):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text(str(folder))
    await _offer(bob, alice, room, tmp_path / "photos")
    await alice.press("f6", "a")
    await alice.sees("photos: 5 names taken here already.", "photos/0.txt, photos/1.txt", "Overwrite")
    await alice.press("escape", "i")
    await alice.sees("Enter accepts it · Esc cancels")
    await alice.press("escape", "a", "s")
    await alice.sees("✓ photos")
    await alice.press("h", "i")
    await alice.sees("│ hi")


async def test_of_those_that_ended_the_last_ones_are_shown(
    alice: Seat, bob: Agent, room: Room, tmp_path: Path
) -> None:
    paths = _files(tmp_path, "one.txt", "two.txt", "three.txt")
    sent = await _offer(bob, alice, room, *paths)
    sharing = alice.app.agent.sharing
    known = {each.title: each for each in sharing.transfers()}
    assert len(known) == len(sent)
    last = next(iter(known))  # the first of the list ends last
    for title in (*list(known)[1:], last):
        await sharing.decline(known[title].id)
        await next_millisecond()
    await alice.sees(f"✗ {last}")


async def test_what_is_told_of_a_transfer_after_the_agent_has_ended_ends_nothing_else(
    alice: Seat, bob: Agent, room: Room, tmp_path: Path
) -> None:
    """At the end of the program the agent tells of what it interrupts, which is heard after it has ended."""
    await _offer(bob, alice, room, *_files(tmp_path, "one.txt"))
    await alice.press("f7")
    await alice.sees("Files on their way")
    (offer,) = alice.app.agent.sharing.transfers()
    await alice.run(alice.app.agent.close())
    alice.call(alice.app.post_message, FromAgent(TransferChanged(offer)))
    await alice.sees("Nothing is on its way.")


async def test_who_does_not_answer_is_said_to_be_waited_for(
    alice: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "LATE_S", 0.01)
    answers = asyncio.Event()

    async def browse(_share: str, _path: str) -> list[Entry]:
        await answers.wait()
        return [Entry("plans", "folder", 0, 0, 0, "s1")]

    async def fetch(_share: str, _path: str) -> None:
        raise AssertionError("nothing is fetched")

    alice.call(alice.app.push_screen, shares.Shares("bob", browse, fetch))
    await alice.sees("bob has no device here that answers.")
    answers.set()
    await alice.sees("▸ plans", "g gets it")


async def test_what_is_here_already_is_no_name_that_is_taken(
    alice: Seat, bob: Agent, room: Room, tmp_path: Path
) -> None:
    (tmp_path / "photos" / "sea").mkdir(parents=True)
    _files(tmp_path / "photos", "one.txt", "two.txt")
    shutil.copytree(tmp_path / "photos", tmp_path / "here" / "photos")
    (tmp_path / "here" / "photos" / "two.txt").unlink()
    await _offer(bob, alice, room, tmp_path / "photos")
    await alice.sees("1 here already")
    await alice.press("f6", "a")
    await alice.sees("✓ photos", "1 file was here already")
    assert (tmp_path / "here" / "photos" / "two.txt").read_text() == "what two.txt says"


async def test_a_folder_that_cannot_be_is_told_before_the_offer_is_answered(
    alice: Seat, bob: Agent, room: Room, tmp_path: Path
) -> None:
    notes, *_ = _files(tmp_path, "one.txt", "a file")
    await _offer(bob, alice, room, notes)
    await alice.say(f"/accept '{tmp_path}/a file'")
    await alice.sees("✗ ", "is no folder.")
    await alice.press("ctrl+u", "f6", "i", "ctrl+u")
    await alice.type(f"{tmp_path}/a file/in")
    await alice.press("enter")
    await alice.sees("cannot be used: Not a directory.", "Enter accepts it")
    await alice.press("ctrl+u")
    await alice.type(f"{tmp_path}/new/in")
    await alice.press("enter")
    await alice.sees("✓ one.txt")
    assert (tmp_path / "new" / "in" / "one.txt").read_text() == "what one.txt says"
