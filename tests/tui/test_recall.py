"""What was entered before: kept within bounds, and walked through without losing what is being written."""

from pathlib import Path

import pytest

from mesh_tui.recall import KEPT_CHARS, TEXTS, Browse, Recall
from mesh_tui.screens.room import RoomScreen
from mesh_tui.widgets.composer import Composer
from tests.support.conditions import until
from tests.tui.conftest import SitDown
from tests.tui.seat import Seat


async def _reopened(path: Path) -> Recall:
    recall = Recall(path)
    await recall.load()
    return recall


async def test_it_is_there_again_and_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / "entered.json"
    recall = Recall(path)
    for text in ("one", "two", "one"):
        recall.add("r", text)
    recall.add("s", "elsewhere")
    await recall.save()
    again = await _reopened(path)
    assert again.of("r") == ["two", "one"]
    assert again.of("s") == ["elsewhere"]
    assert again.of("t") == []
    assert path.stat().st_mode & 0o077 == 0
    again.forget()
    await again.save()
    assert b"elsewhere" not in path.read_bytes()


async def test_it_has_bounds(tmp_path: Path) -> None:
    recall = Recall(tmp_path / "entered.json")
    for number in range(TEXTS + 5):
        recall.add("r", f"text {number}")
    assert len(recall.of("r")) == TEXTS
    for number in range(60):
        recall.add(f"r{number}", "x" * (KEPT_CHARS // 50))
    assert recall.of("r") == []
    assert recall.of("r0") == []
    assert recall.of("r59")


async def test_what_a_file_brings_back_is_clean(tmp_path: Path) -> None:
    path = tmp_path / "entered.json"
    path.write_bytes(b'{"r": ["a\\u001b[31mb"]}')
    assert (await _reopened(path)).of("r") == ["a[31mb"]


def test_a_walk_leads_back_to_what_was_begun() -> None:
    walk = Browse(["one", "two"], "begun")
    assert walk.step(1, "begun") is None
    assert walk.step(-1, "begun!") == "two"
    assert walk.step(-1, "two, changed") == "one"
    assert walk.step(-1, "one") is None
    assert walk.step(1, "one") == "two, changed"
    assert walk.begun == "begun!"
    assert walk.step(1, "two, changed") == "begun!"
    assert walk.at_end


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, number: int) -> Seat:
    seat = await sit_down("alice", shared_server)
    await seat.register(f"alice{number}")
    await seat.create_room(f"room {number}")
    return seat


def _composer(seat: Seat) -> Composer:
    assert isinstance(seat.app.screen, RoomScreen)
    return seat.app.screen.query_one(Composer)


@pytest.mark.presses("composer ctrl+p,ctrl+n,alt+p,alt+n")
async def test_keys_walk_through_what_was_entered(alice: Seat) -> None:
    for text in ("first", "second", "/who"):
        await alice.say(text)
    await alice.sees("In room")
    await alice.press("escape")
    await alice.press(*"begun", "ctrl+p")
    assert _composer(alice).text == "/who"
    await alice.press("alt+p", "up")
    assert _composer(alice).text == "first"
    room_id = alice.app.agent.rooms()[0].id
    await until(lambda: alice.app.drafts.get(room_id) == "begun", "the draft to be what was begun")
    await alice.press("down", "ctrl+n", "alt+n")
    assert _composer(alice).text == "begun"
    await alice.press("ctrl+p", "ctrl+p")
    await alice.press("!", "enter")
    await alice.sees("▎ second!")
    assert _composer(alice).text == "begun"


async def test_it_outlives_the_program_and_not_the_session(
    shared_server: str, sit_down: SitDown, alice: Seat, number: int
) -> None:
    await alice.say("remember me")
    await alice.sees("▎ remember me")
    await alice.app.action_quit()
    await until(lambda: not alice.app.is_running, "the end")
    again = await sit_down("alice", shared_server)
    await again.sees(f"# room {number}")
    await again.press("enter")
    await again.sees("▎ remember me")
    await again.press("ctrl+p")
    assert _composer(again).text == "remember me"
    await again.press("ctrl+n", "escape")
    await again.sees("Your rooms")
    room_id = again.app.agent.rooms()[0].id
    await again.press("ctrl+o", "y")
    await again.sees("Sign in")
    await until(lambda: again.app.recall.of(room_id) == [], "it to be forgotten")


@pytest.mark.presses("composer up")
async def test_up_with_nothing_written_still_chooses_a_message(alice: Seat) -> None:
    await alice.tell("choose me")
    await alice.press("up")
    await alice.sees("▌ choose me")
