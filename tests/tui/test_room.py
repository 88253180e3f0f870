"""A room: reading, writing, and what becomes of both when something goes wrong."""

import asyncio
from functools import partial

import pytest
from textual import events

from mesh_agent.agent import Agent
from mesh_agent.client.state import MembersChanged, MessageReceived, Outgoing, TypingSeen
from mesh_tui.widgets.composer import Composer
from mesh_tui.widgets.transcript import Transcript
from protocol.limits import CONTENT_CHARS
from protocol.rest import Message
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import Seat


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, number: int) -> Seat:
    """Alone in a room of her own."""
    seat = await sit_down("alice", shared_server)
    await seat.register(f"alice{number}")
    await seat.create_room(f"room {number}")
    return seat


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, alice: Seat, number: int) -> Agent:
    """Someone without a screen, in alice's room."""
    agent = await sign_up(f"bob{number}", shared_server)
    await agent.join(alice.room.room.id)
    return agent


def _composer(seat: Seat) -> Composer:
    return seat.room.query_one(Composer)


async def _say(agent: Agent, seat: Seat, *texts: str) -> None:
    for text in texts:
        outgoing = await agent.send(seat.room.room.id, text)
    await agent.sent(outgoing.nonce, PATIENCE_S)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.presses("composer enter", "composer alt+enter,ctrl+j,shift+enter")
async def test_lines_are_broken_by_three_keys_and_sent_by_enter(alice: Seat) -> None:
    for key, letter in zip(("alt+enter", "ctrl+j", "shift+enter"), "abc", strict=True):
        await alice.press(letter, key)
    await alice.press("d", "enter")
    await alice.sees("▎ a", "▎ b", "▎ c", "▎ d")
    assert _composer(alice).text == ""


async def test_nothing_but_white_space_is_not_sent(alice: Seat) -> None:
    await alice.press("space", "enter", "space")
    await alice.say("word")
    await alice.sees("word", "▎")
    assert len(alice.room.timeline.entries) == 2


async def test_the_keys_of_a_shell(alice: Seat) -> None:
    await alice.type("one two three")
    await alice.press("ctrl+w", "ctrl+w", "ctrl+y", "ctrl+a", "x", "ctrl+e", "y")
    assert _composer(alice).text == "xone two threey"
    await alice.press("ctrl+u", "ctrl+y", "ctrl+a", "ctrl+f", "ctrl+k")
    assert _composer(alice).text == "x"


async def test_pasted_text_is_clean_before_it_is_painted(alice: Seat) -> None:
    await alice.type("a\x1b[31mb\u202ec\r\nd")
    assert _composer(alice).text == "a[31mbc\nd"


async def test_a_paste_that_is_too_long_is_refused_whole(alice: Seat) -> None:
    await alice.type("kept")
    await alice.type("x" * CONTENT_CHARS)
    await alice.sees("That is 8000 characters")
    assert _composer(alice).text == "kept"


async def test_what_is_typed_right_after_enter_is_the_next_message(alice: Seat) -> None:
    composer = _composer(alice)
    for key in ("a", "enter", "b"):
        composer.post_message(events.Key(key, key if len(key) == 1 else "\r"))
    await alice.sees("▎ a")
    assert composer.text == "b"


async def test_a_draft_survives_leaving_the_room_and_the_program(
    shared_server: str, sit_down: SitDown, alice: Seat, number: int
) -> None:
    await alice.type("half a thou")
    await alice.press("escape")
    await alice.sees("Your rooms")
    await alice.press("enter")
    await alice.sees("half a thou")
    await alice.app.action_quit()
    await until(lambda: not alice.app.is_running, "the end")
    again = await sit_down("alice", shared_server)
    await again.sees(f"# room {number}")
    await again.press("enter")
    await again.sees("half a thou")


async def test_a_message_entered_just_before_leaving_is_sent(alice: Seat, bob: Agent) -> None:
    await alice.type("last words")
    await alice.press("enter", "escape")
    room_id = alice.app.agent.rooms()[0].id
    await until(lambda: bob.room(room_id).last_seq == 1, "the message to arrive")


# ── what was not sent ────────────────────────────────────────────────────────────────────────────


async def _refused_again(alice: Seat, before: Outgoing) -> None:
    refused = alice.room.timeline.failed
    await until(lambda: any(known is not before for known in refused()), "it to be refused again")
    await alice.sees("Not sent:")


@pytest.mark.presses("room.again", "room.drop", "page escape")
async def test_a_refused_message_says_why_and_can_be_tried_again_or_dropped(alice: Seat) -> None:
    await alice.app.agent.send(alice.room.room.id, "an answer", reply_to="never-there")
    await alice.sees("Not sent:", "F5 Try again", "F8 Drop")
    (before,) = alice.room.timeline.failed()
    await alice.press("f5")
    await _refused_again(alice, before)
    await alice.press("up")
    await alice.sees("▌ an answer", "This message was not sent.", "r Try again", "e Write anew", "d Drop it")
    await alice.press("c")
    await alice.sees("Copied.")
    assert alice.app.clipboard == "an answer"
    await alice.press("d")
    await alice.sees("Drop this message?")
    await alice.press("n")
    await alice.sees("▌ an answer")
    (before,) = alice.room.timeline.failed()
    await alice.press("r")
    await alice.no_longer_sees("▌ an answer")
    await _refused_again(alice, before)
    await alice.press("up", "e")
    await alice.no_longer_sees("Not sent:")
    await until(lambda: alice.room.composer.text == "an answer", "it back where it was written")
    await alice.press("ctrl+u")
    await alice.app.agent.send(alice.room.room.id, "an answer", reply_to="never-there")
    await alice.sees("Not sent:")
    await alice.press("f8")
    await alice.sees("Drop this message?", "an answer")
    await alice.press("escape")
    await alice.sees("Not sent:")
    await alice.press("f8", "y")
    await alice.no_longer_sees("Not sent:")
    await alice.no_longer_sees("F8 Drop")


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.presses("room.newest")
async def test_a_reader_further_up_is_told_how_many_are_new(alice: Seat, bob: Agent) -> None:
    await _say(bob, alice, *(f"line {count}" for count in range(40)))
    await alice.sees("line 39")
    await alice.press("pageup")
    await alice.no_longer_sees("line 39")
    await _say(bob, alice, "fresh one", "fresh two")
    await alice.sees("↓ 2 new", "Ctrl+End")
    assert "fresh" not in alice.text
    await alice.press("ctrl+end")
    await alice.sees("fresh two")
    await alice.no_longer_sees("↓")


async def test_only_what_was_on_the_screen_is_read(alice: Seat, bob: Agent) -> None:
    await alice.press("escape")
    await alice.sees("Your rooms")
    room = alice.app.agent.rooms()[0]
    for count in range(60):
        outgoing = await bob.send(room.id, f"line {count}")
    await bob.sent(outgoing.nonce, PATIENCE_S)
    await alice.sees("60 new")
    await alice.press("enter")
    await alice.sees("new", "line 0")
    assert "line 59" not in alice.text
    await until(lambda: 0 < (alice.app.agent.room(room.id).unread or 0) < 60, "some to be read")
    await alice.press("ctrl+end")
    await alice.sees("line 59")
    await until(lambda: alice.app.agent.room(room.id).unread == 0, "all to be read")


async def test_nothing_is_read_while_another_window_is_in_front(alice: Seat, bob: Agent) -> None:
    alice.app.post_message(events.AppBlur())
    await until(lambda: not alice.app.app_focus, "the focus to go")
    await _say(bob, alice, "are you there?")
    await alice.sees("are you there?", "new")
    assert alice.app.agent.room(alice.room.room.id).unread == 1
    alice.app.post_message(events.AppFocus())
    await until(lambda: not alice.app.agent.room(alice.room.room.id).unread, "it to be read")


async def _counts_as_read(seat: Seat, when: str) -> None:
    await seat.app.preferences.save({"reading.mark_read": when})


def _unread(seat: Seat) -> int | None:
    (room,) = seat.app.agent.rooms()
    return room.unread


async def test_what_was_seen_is_read_once_the_room_is_left(alice: Seat, bob: Agent) -> None:
    await _counts_as_read(alice, "leave")
    await _say(bob, alice, *(f"line {count}" for count in range(40)))
    await alice.sees("line 39")
    await alice.press("pageup")
    await alice.no_longer_sees("line 39")
    await _say(bob, alice, "below")
    await alice.sees("↓ 1 new")
    await until(lambda: _unread(alice) == 41, "all to be counted")
    await until(lambda: alice.room.marks.seen == 40, "all but the last to be seen")
    await alice.press("escape")
    await until(lambda: _unread(alice) == 1, "what was seen to be read")


async def test_to_quit_is_to_leave_the_room(
    shared_server: str, sit_down: SitDown, alice: Seat, bob: Agent
) -> None:
    await _counts_as_read(alice, "leave")
    await _say(bob, alice, "hello")
    await alice.sees("hello")
    await until(lambda: _unread(alice) == 1, "it to be counted")
    await until(lambda: alice.room.marks.seen == 1, "it to be seen")
    await alice.press("ctrl+q")
    await until(lambda: not alice.app.is_running, "the end")
    again = await sit_down("alice", shared_server)
    await again.sees("Your rooms", "# room")
    assert not _unread(again)


async def test_a_room_is_read_by_a_command_alone(alice: Seat, bob: Agent) -> None:
    await _counts_as_read(alice, "manual")
    await _say(bob, alice, "one", "two")
    await alice.sees("two")
    await alice.press("escape")
    await alice.sees("Your rooms", "2 new")
    await alice.press("enter")
    await alice.sees("two", "new")
    assert _unread(alice) == 2
    await alice.say("/read")
    await alice.sees("Everything here is marked as read.")
    await until(lambda: not _unread(alice), "it to be read")


async def test_when_it_counts_as_read_is_taken_at_once(alice: Seat, bob: Agent) -> None:
    await _counts_as_read(alice, "manual")
    await _say(bob, alice, "hello")
    await alice.sees("hello")
    await until(lambda: _unread(alice) == 1, "it to be counted")
    await _counts_as_read(alice, "seen")
    await until(lambda: not _unread(alice), "it to be read")


def _begins_before(alice: Seat, seq: int | None) -> bool:
    first = alice.room.timeline.first
    return first is not None and (seq is None or first < seq)


async def test_earlier_history_is_loaded_on_the_way_up(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    bob = await sign_up("bob", own_server.url)
    room = await bob.create_room("long")
    for count in range(450):
        outgoing = await bob.send(room.id, f"line {count}.")
    await bob.sent(outgoing.nonce, PATIENCE_S)
    alice = await sit_down("alice", own_server.url)
    await alice.register("alice")
    await alice.press("enter")
    await alice.sees("line 449.")
    transcript = alice.app.screen.query_one(Transcript)
    transcript.focus()
    while (first := alice.room.timeline.first) != 1:
        await alice.press("home")
        await until(partial(_begins_before, alice, first), "earlier ones")
    await alice.press("home")
    await alice.sees("This is the beginning of long", "line 0.")


async def test_who_types_is_said_and_forgotten(alice: Seat, bob: Agent, number: int) -> None:
    bob.typing(alice.room.room.id)
    await alice.sees(f"bob{number} is typing…")
    await _say(bob, alice, "done")
    await alice.no_longer_sees("is typing…")


@pytest.mark.parametrize(
    ("text", "told"), [("", False), ("/who", False), ("Hi", True), ("what /who does", True)]
)
async def test_of_commands_and_of_what_is_gone_already_nobody_is_told(
    alice: Seat, text: str, told: bool
) -> None:
    _composer(alice).text = text
    assert _composer(alice).is_for_others == told


@pytest.mark.parametrize("wanted", [True, False])
async def test_others_are_told_of_typing_where_that_is_wanted(alice: Seat, bob: Agent, wanted: bool) -> None:
    await alice.app.preferences.save({"privacy.typing": wanted})
    heard = bob.subscribe()
    seen = False
    async with asyncio.timeout(PATIENCE_S):
        await alice.press("a")
        while wanted and not seen:  # else the message might come before it
            seen = isinstance(await anext(heard), TypingSeen)
        await alice.press("enter")
        while not isinstance(event := await anext(heard), MessageReceived):
            seen = seen or isinstance(event, TypingSeen)
    assert seen == wanted


async def test_others_see_who_is_here_where_that_is_wanted(alice: Seat, bob: Agent, number: int) -> None:
    members = await bob.members(alice.room.room.id)
    heard = bob.subscribe()
    told = {member.username: member.presence for member in members}
    for shown, presence in ((False, "offline"), (True, "online")):
        assert told[f"alice{number}"] != presence
        await alice.app.preferences.save({"privacy.presence": shown})
        async with asyncio.timeout(PATIENCE_S):
            while told[f"alice{number}"] != presence:
                event = await anext(heard)
                if isinstance(event, MembersChanged):
                    told = {member.username: member.presence for member in event.members}


async def test_who_comes_and_goes(alice: Seat, bob: Agent, number: int) -> None:
    await alice.sees(f"● bob{number}")
    await bob.set_presence("away")
    await alice.sees(f"◐ bob{number}")
    await bob.close()
    await alice.sees(f"○ bob{number}")


@pytest.mark.presses("room.people")
async def test_the_list_of_people_can_be_hidden(alice: Seat) -> None:
    await alice.sees("online 1")
    await alice.press("f2")
    await alice.no_longer_sees("online 1")
    await alice.press("f2")
    await alice.sees("online 1")


HOSTILE = (
    "\x1b[2J\x1b[H\x1b]0;owned\x07 [@click=app.quit]press[/] [/nonsense] [bold red]x[/]",
    "a\u202egnp.exe \u2066x",
    "[b]" * 50,
    "```\n\x1b[31mred\n```",
    "<http://a.example/%1B%5B2J>",
)


async def test_text_from_others_can_style_and_move_nothing(alice: Seat, bob: Agent) -> None:
    await _say(bob, alice, *HOSTILE, "the end")
    await alice.sees("the end", "[@click=app.quit]press[/]")
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(alice.text)
    assert alice.screen[0].startswith(" room")
    await alice.click("press[/]")
    await alice.press("x")
    assert alice.app.is_running
    assert _composer(alice).text == "x" or alice.app.screen.focused is not None


# ── going elsewhere ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.presses("room.leave", "question y,n")
async def test_leaving_asks_first(alice: Seat, number: int) -> None:
    await alice.press("f9")
    await alice.sees(f"Leave room {number}?")
    await alice.press("n")
    await alice.no_longer_sees("Leave room")
    await alice.press("f9", "y")
    await alice.sees("You are in no room yet.")


async def test_a_room_left_elsewhere_closes(alice: Seat) -> None:
    await alice.app.agent.leave(alice.room.room.id)
    await alice.sees("Your rooms")


@pytest.mark.presses("rooms.next_active", "room.back")
async def test_the_next_room_with_something_new(
    shared_server: str, alice: Seat, bob: Agent, number: int
) -> None:
    other = await bob.create_room(f"other {number}")
    await alice.app.agent.join(other.id)
    await bob.send(other.id, "over here")
    await alice.sees(f"[1:other {number}(1)]", "Alt+A Next unread")
    await alice.press("alt+a")
    await alice.sees("over here", f"Message other {number}")
    await alice.press("escape")
    await alice.sees("Your rooms")


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])
async def test_every_size_shows_what_matters(alice: Seat, bob: Agent, size: tuple[int, int]) -> None:
    await alice.say("Hello!")
    await alice.resize(*size)
    await alice.sees("Hello!", "Message room", "connected", "Esc Back")
    assert len(alice.screen) == size[1]


@pytest.mark.presses("everywhere ctrl+c")
async def test_text_is_chosen_with_the_mouse_and_copied_while_writing(alice: Seat) -> None:
    await alice.say("copy *this* please")
    await alice.sees("copy this please")
    row = alice.row_of("copy this please")
    await alice.drag((2, row), (1 + len("copy this"), row))
    await alice.press("ctrl+c")
    await until(lambda: alice.app.clipboard, "the clipboard")
    assert alice.app.clipboard == "copy this"


async def test_what_is_typed_is_written_whatever_has_the_focus(alice: Seat) -> None:
    await alice.say("something to click on")
    await alice.sees("something to click on")
    await alice.click("something")
    assert alice.app.screen.focused is not _composer(alice)
    await alice.press("h", "i")
    assert _composer(alice).text == "hi"


async def test_a_burst_arrives_whole_and_in_order(alice: Seat, bob: Agent) -> None:
    await _say(bob, alice, *(f"{count}." for count in range(300)))
    await alice.sees("299.")
    contents = [entry.content for entry in alice.room.timeline.entries if isinstance(entry, Message)]
    assert contents == [f"{count}." for count in range(300)]


async def test_more_keys_of_a_shell(alice: Seat) -> None:
    composer = _composer(alice)
    await alice.press(*"one two", "ctrl+w", "ctrl+w", "ctrl+y")
    assert composer.text == "one two"
    await alice.press("ctrl+u", "x", "ctrl+w", "ctrl+y", "alt+y")
    assert composer.text == "one two"
    await alice.press("alt+y", "alt+y")
    assert composer.text == "x"
    await alice.press("ctrl+u", *"acb", "left", "ctrl+t")
    assert composer.text == "abc"
    await alice.press("ctrl+t")
    assert composer.text == "acb"
    await alice.press("ctrl+a", "ctrl+d")
    assert composer.text == "cb"
    await alice.press("ctrl+underscore")
    assert composer.text == "acb"
    await alice.press("alt+d", "ctrl+y", "ctrl+y", "home", "alt+f", "x")
    assert composer.text == "acbacbx"


async def test_ctrl_x_alone_says_what_it_begins(alice: Seat) -> None:
    await alice.press("ctrl+x")
    await alice.sees("Ctrl+E opens what you write in your editor.")
    await alice.press("ctrl+e")
    await alice.sees("This terminal cannot be handed to an editor.")


async def test_the_place_to_write_grows_to_a_third_of_the_screen(alice: Seat) -> None:
    await alice.resize(80, 36)
    assert _composer(alice).size.height == 1
    for _ in range(4):
        await alice.press("ctrl+j")
    await until(lambda: _composer(alice).size.height == 5, "five lines")
    for _ in range(20):
        await alice.press("ctrl+j")
    await until(lambda: _composer(alice).outer_size.height == 12, "a third of the screen")
