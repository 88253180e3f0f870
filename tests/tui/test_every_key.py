"""Keys that no story needs, each pressed where it works; with these, all of the registry is in a test."""

from functools import partial

import pytest

from mesh_tui.layout.cells import Fragment
from mesh_tui.screens.finder import Finder, FoundList
from mesh_tui.screens.react import REACTIONS
from mesh_tui.screens.tell import Told
from protocol.rest import UpdateRoomRequest
from tests.support.conditions import PATIENCE_S, until
from tests.tui.conftest import SitDown
from tests.tui.seat import Seat


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, number: int) -> Seat:
    """In a room of her own."""
    seat = await sit_down("alice", shared_server)
    await seat.register(f"alice{number}")
    await seat.create_room(f"keys {number}")
    return seat


@pytest.mark.presses("everywhere tab,shift+tab", "home up,down", "everywhere.redraw", "everywhere.quit")
async def test_on_home(shared_server: str, sit_down: SitDown, number: int) -> None:
    seat = await sit_down("alice", shared_server)
    await seat.sees("Create account")
    await seat.press("tab")
    before = seat.app.focused
    await seat.press("tab")
    assert seat.app.focused is not before
    await seat.press("shift+tab")
    assert seat.app.focused is before
    await seat.press("shift+tab")
    await seat.register(f"alice{number}")
    names = [f"{name} {number}" for name in ("one", "two")]
    for name in names:
        await seat.app.agent.create_room(name)
    await seat.sees(*names)
    await seat.press("home", "down")
    second = next(row for row in seat.screen if "▌" in row)
    await seat.press("up")
    assert "▌" in seat.screen[seat.row_of(second.replace("▌", " ").strip()) - 1]
    await seat.press("ctrl+l")
    await seat.sees("Your rooms", *names)
    await seat.press("ctrl+q")
    await until(lambda: not seat.app.is_running, "the end")


SHELL = (
    ("one two", ["ctrl+a", "x", "ctrl+e", "y"], "xone twoy"),
    ("one two", ["ctrl+b", "x", "ctrl+a", "ctrl+f", "y"], "oyne twxo"),
    ("one two", ["alt+b", "x", "ctrl+a", "alt+f", "y"], "oney xtwo"),
    ("one two", ["backspace", "ctrl+a", "ctrl+d"], "ne tw"),
    ("one two", ["ctrl+w", "x", "alt+backspace"], "one "),
    ("one two", ["ctrl+a", "alt+d"], " two"),
    ("one two", ["alt+b", "ctrl+k", "x"], "one x"),
    ("one two", ["alt+b", "ctrl+u"], "two"),
    ("one two", ["ctrl+w", "ctrl+a", "alt+d", "ctrl+y"], "one "),
    ("one two", ["ctrl+w", "ctrl+a", "alt+d", "ctrl+y", "alt+y"], "two "),
    ("one two", ["ctrl+b", "ctrl+t"], "one tow"),
    ("one two", ["ctrl+w", "ctrl+underscore"], "one two"),
)


@pytest.mark.presses(
    "composer ctrl+a,ctrl+e",
    "composer ctrl+b,ctrl+f",
    "composer alt+b,alt+f",
    "composer backspace,ctrl+d",
    "composer ctrl+w,alt+backspace",
    "composer alt+d",
    "composer ctrl+u",
    "composer ctrl+k",
    "composer ctrl+y,alt+y",
    "composer ctrl+t",
    "composer ctrl+underscore",
)
async def test_the_keys_of_a_shell(alice: Seat) -> None:
    composer = alice.room.composer
    for text, keys, expected in SHELL:
        composer.load_text("")
        await alice.type(text)
        await alice.press(*keys)
        assert composer.text == expected, keys


@pytest.mark.presses("composer tab,shift+tab", "composer ctrl+x ctrl+e", "selected.edit_outside")
async def test_what_is_offered_and_an_editor(alice: Seat) -> None:
    composer = alice.room.composer
    await alice.press(*"/re", "tab")
    first = composer.text
    await alice.press("tab")
    assert composer.text != first
    await alice.press("shift+tab")
    assert composer.text == first
    await alice.press("ctrl+u", "ctrl+x", "ctrl+e")
    await alice.sees("This terminal cannot be handed to an editor.")
    await alice.tell("mine")
    await alice.press("up")
    await alice.sees("▌ mine")
    await alice.no_longer_sees("This terminal")
    await alice.press("E")
    await alice.sees("This terminal cannot be handed to an editor.")


@pytest.mark.presses("room pageup,pagedown", "reading up,down", "reading home,end", "list up,down")
async def test_reading(alice: Seat) -> None:
    room = alice.room
    for count in range(60):
        outgoing = await alice.app.agent.send(room.room.id, f"line {count}.")
    await alice.app.agent.sent(outgoing.nonce, PATIENCE_S)
    transcript = room.transcript
    await until(lambda: room.timeline.newest == 60 and transcript.scroll_y, "all of them")
    end = transcript.scroll_y
    await alice.press("pageup")
    page = transcript.scroll_y
    assert page < end - 5
    await alice.press("pagedown")
    await until(lambda: transcript.scroll_y == end, "the end again")
    room.set_focus(transcript)
    await alice.press("up")
    assert transcript.scroll_y == end - 1
    await alice.press("down")
    assert transcript.scroll_y == end
    await alice.press("home")
    assert transcript.scroll_y == 0
    await alice.press("end")
    await until(lambda: transcript.scroll_y == end, "the end once more")
    await alice.press("a", "ctrl+u")
    await alice.say("/search line")
    await alice.sees("Search")
    await until(lambda: alice.app.screen.query_one(FoundList).chosen, "something to be found")
    assert isinstance(alice.app.screen, Finder)
    found = alice.app.screen.query_one(FoundList)
    await alice.press("down", "down", "up")
    assert found.index == 1


def _scrolled(told: Told, moved: bool) -> bool:
    return bool(told.scroll_y) is moved


@pytest.mark.presses(
    "room.inbox", "question left,right,up,down", "reaction 1,2,3,4,5,6,7,8", "page up,down,pageup,pagedown"
)
async def test_pages(alice: Seat) -> None:
    await alice.press("alt+i")
    await alice.sees("Nothing is new.")
    await alice.press("escape")
    await alice.press("f9")
    await alice.sees("Leave keys")
    careful = alice.app.focused
    for key in ("left", "right", "up", "down"):
        before = alice.app.focused
        await alice.press(key)
        assert alice.app.focused is not before
    assert alice.app.focused is careful
    await alice.press("escape")
    await alice.tell("mine")
    await alice.press("up")
    for number, sign in enumerate(REACTIONS, 1):
        await alice.press("a", str(number))
        await alice.sees(f"[{sign} 1]")
    lines = [[Fragment(f"line {count}")] for count in range(50)]
    alice.call(alice.room.show, "Many lines", lines)
    await alice.sees("Many lines")
    told = alice.app.screen.query_one(Told)
    await until(lambda: told.show_vertical_scrollbar, "a page that scrolls")
    for key, moved in (("pagedown", True), ("pageup", False), ("down", True), ("up", False)):
        await alice.press(key)
        await until(partial(_scrolled, told, moved), f"what {key} does")


NINE = tuple(f"alt+{number}" for number in range(1, 10))


@pytest.mark.presses("rooms.number")
async def test_nine_rooms_by_number(shared_server: str, sit_down: SitDown, number: int) -> None:
    seat = await sit_down("alice", shared_server)
    await seat.register(f"alice{number}")
    for count in range(1, 10):
        await seat.app.agent.create_room(f"n{count} {number}")
    await seat.sees(f"n9 {number}")
    for count, key in enumerate(NINE, 1):
        await seat.press(key)
        await seat.sees(f"Message n{count} {number}")


@pytest.mark.presses("unsent.copy", "unsent.resend", "unsent.rewrite", "unsent.discard")
async def test_what_was_not_sent(alice: Seat) -> None:
    room = alice.room
    for _ in range(2):
        await alice.app.agent.send(room.room.id, "an answer", reply_to="never-there")
    await until(lambda: len(room.timeline.failed()) == 2, "both to be refused")
    await alice.press("up")
    await alice.sees("This message was not sent.")
    await alice.press("c")
    assert alice.app.clipboard == "an answer"
    before = room.timeline.failed()[-1]
    await alice.press("r")
    await until(
        lambda: len(refused := room.timeline.failed()) == 2 and refused[-1] is not before,
        "it to be refused again",
    )
    await alice.press("up", "e")
    assert room.composer.text == "an answer"
    await until(lambda: len(room.timeline.failed()) == 1, "one to be left")
    await alice.press("ctrl+u", "up", "d")
    await alice.sees("Drop this message?")
    await alice.press("y")
    await until(lambda: not room.timeline.failed(), "none to be left")


async def test_an_answer_that_was_not_sent_is_taken_back_as_an_answer(alice: Seat) -> None:
    room, agent = alice.room, alice.app.agent
    room_id = room.room.id
    await alice.tell("a question")
    question = room.timeline.last_message()
    assert question is not None
    await agent.order.update(room_id, UpdateRoomRequest(archived=True))
    await agent.send(room_id, "an answer", reply_to=question.id)
    await agent.send(room_id, "to the same thread", thread=question.id)
    await until(lambda: len(room.timeline.failed()) == 2, "both to be refused")
    await alice.press("up", "e")
    await alice.sees("↳ In the thread of “alice")
    assert room.composer.text == "to the same thread"
    await until(lambda: len(room.timeline.failed()) == 1, "the other to be left")
    await alice.press("escape", "ctrl+u", "up", "e")
    await alice.sees("↪ Answering “alice")
    assert room.composer.text == "an answer"
    await until(lambda: not room.timeline.failed(), "none to be left")
    await agent.order.update(room_id, UpdateRoomRequest(archived=False))
    await alice.press("enter")
    await until(
        lambda: (last := room.timeline.last_message()) and last.content == "an answer", "it to be sent"
    )
    sent = room.timeline.last_message()
    assert sent is not None
    assert sent.reply_to == question.id


@pytest.mark.presses("list enter", "list c,y", "page c,y")
async def test_copying_from_pages(alice: Seat) -> None:
    await alice.tell("pin this")
    await alice.press("up", "p")
    await alice.sees("◆ pinned")
    await alice.press("escape")
    for key in ("c", "y"):
        await alice.say("/pins")
        await until(lambda: isinstance(alice.app.screen, Finder), "the pins")
        await until(lambda: alice.app.screen.query_one(FoundList).chosen, "it to be listed")
        await alice.press(key)
        assert alice.app.clipboard == "pin this"
        await alice.press("enter")
        await alice.sees("▌ pin this")
        await alice.press("escape")
    for key in ("c", "y"):
        await alice.say("/who")
        await alice.sees("In keys")
        await alice.press(key)
        await alice.sees("Copied.")
        await alice.press("escape")
