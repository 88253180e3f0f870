"""Slash commands on the screen: what they do, and what is said where they do not."""

import pytest

from mesh_agent.agent import Agent
from mesh_tui.screens.home import Home
from mesh_tui.widgets.composer import Composer
from tests.support.conditions import PATIENCE_S, until
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import Seat


def _composer(seat: Seat) -> Composer:
    return seat.room.query_one(Composer)


async def _say(agent: Agent, seat: Seat, text: str) -> None:
    outgoing = await agent.send(seat.room.room.id, text)
    await agent.sent(outgoing.nonce, PATIENCE_S)
    await seat.sees(text)


# ── what is wrong is said in place ───────────────────────────────────────────────────────────────


async def test_an_unknown_command_is_explained_and_not_sent(alice: Seat) -> None:
    await alice.say("/jion ops")
    await alice.sees("✗ There is no command /jion. Did you mean /join?")
    assert _composer(alice).text == "/jion ops"
    await alice.press("x")
    await alice.no_longer_sees("✗")
    assert alice.room.timeline.newest == 0


async def test_two_slashes_send_one(alice: Seat) -> None:
    await alice.say("//shrug")
    await alice.sees("▎ /shrug")


async def test_a_refusal_stands_above_the_line_that_comes_back(alice: Seat, bob: Agent) -> None:
    await alice.say("/rename " + "x" * 65)
    await alice.sees("✗ A room's name has 1 to 64 visible characters.")
    assert _composer(alice).text.startswith("/rename x")
    await alice.press("ctrl+u")
    await alice.say("/kick nobody")
    await alice.sees("✗ Nobody in this room is called 'nobody'.")
    await alice.press("ctrl+u")
    await alice.say("/slow soon")
    await alice.sees("TIME is such as 30s", "/slow TIME")


async def test_tab_completes_commands_names_and_rooms(alice: Seat, bob: Agent, number: int) -> None:
    await alice.press("slash", "s", "l", "tab")
    assert _composer(alice).text == "/slow "
    await alice.press("o", "tab")
    assert _composer(alice).text == "/slow off "
    await alice.press("ctrl+u", "slash", "r", "e", "tab")
    assert _composer(alice).text == "/react"
    await alice.sees("▌ /react [#N] REACTION", "/rename NAME", "Give the room another name.")
    await alice.press("tab")
    assert _composer(alice).text == "/read"
    await alice.press("shift+tab", "shift+tab")
    assert _composer(alice).text == "/revoke"
    await alice.press("ctrl+u")
    await alice.type(f"hello @bob{number}"[:-1])
    await alice.press("tab")
    assert _composer(alice).text.startswith("hello @bob")
    await alice.press("ctrl+u")
    await alice.type(f"/join room {number}")
    await alice.press("tab")
    assert _composer(alice).text == f"/join room {number} "
    await alice.press("ctrl+u")
    await alice.press("h", "tab")
    assert alice.app.screen.focused is not _composer(alice)


# ── rooms and people ─────────────────────────────────────────────────────────────────────────────


async def test_a_room_is_changed(alice: Seat, number: int) -> None:
    await alice.say("/topic What is on fire")
    await alice.sees("The topic is set.", " What is on fire")
    await alice.say("/slow 30s")
    await alice.sees("slow 30s", "A member waits 30s between two messages now.")
    await alice.say("/retention 7d")
    await alice.sees("kept 7d")
    await alice.say("/visibility private")
    await alice.sees("private ")
    await alice.say("/receipts on")
    await alice.sees("Members can see how far the others have read.")
    await alice.say("/archive")
    await alice.sees("archived ")
    await alice.say("too late")
    await alice.sees("✗ Not sent: This room is archived")
    await alice.say("/archive off")
    await alice.no_longer_sees("archived ")
    await alice.say(f"/rename other {number}")
    await alice.sees(f" other {number} ")
    await alice.say("/delete-room")
    await alice.sees(f"Delete other {number}?")
    await alice.press("y")
    await alice.sees("Your rooms")


async def test_people_are_given_roles_put_out_and_kept_out(alice: Seat, bob: Agent, number: int) -> None:
    name, room_id = f"bob{number}", alice.room.room.id
    await alice.say(f"/role {name} moderator")
    await alice.sees(f"{name} is a moderator now.", "moderator")
    await alice.say("/who")
    await alice.sees("● ", f"{name}  online, moderator")
    await alice.press("escape")
    await alice.say(f"/whois @{name}")
    await alice.sees("In the room since")
    await alice.press("escape")
    await alice.say(f"/kick {name}")
    await alice.sees(f"{name} is out")
    await until(lambda: not bob.rooms(), "bob to be out")
    await alice.say(f"/invite {name}")
    await alice.sees(f"{name} is in the room now.")
    await alice.say(f"/ban {name} too loud")
    await alice.sees(f"{name} is banned.")
    await alice.say("/bans")
    await alice.sees("too loud", f"by alice{number}")
    await alice.press("escape")
    await alice.say(f"/unban {name}")
    await alice.sees("may come in again")
    await bob.join(room_id)
    await alice.say(f"/transfer {name}")
    await alice.sees(f"over to {name}?")
    await alice.press("y")
    await alice.sees(f"{name} is the owner now.")
    await until(lambda: bob.room(room_id).my_role == "owner", "bob to be the owner")


async def test_an_invite_is_a_link_that_works(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, alice: Seat, number: int
) -> None:
    await alice.say("/visibility private")
    await alice.sees("private ")
    await alice.say("/invite")
    await alice.sees(f"{shared_server}/invite/", "It is copied already.")
    link = next(word for word in alice.text.split() if "/invite/" in word)
    assert alice.app.clipboard == link
    await (await sign_up(f"bob{number}", shared_server)).close()
    guest = await sit_down(f"bob{number}", shared_server)
    await guest.sees("Your rooms", "connected")
    await guest.press("slash")
    await guest.type(f"join {link}")
    await guest.press("enter")
    await guest.sees(f"Message room {number}")


async def test_a_room_is_joined_and_left(
    shared_server: str, sign_up: SignUp, alice: Seat, number: int
) -> None:
    bob = await sign_up(f"bob{number}", shared_server)
    await bob.create_room(f"other {number}")
    await alice.say(f"/join OTHER {number}")
    await alice.sees(f"Message other {number}", f"bob{number}")
    await alice.say(f"/join #nowhere {number}")
    await alice.sees("may join is called", f"#nowhere {number}")
    await alice.press("ctrl+u")
    await alice.say(f"/join #room {number}")
    await alice.sees(f"Message room {number}")
    await alice.say("/leave")
    await alice.sees("Leave room")
    await alice.press("y")
    await alice.sees("Your rooms")


async def test_two_people_alone(alice: Seat, bob: Agent, number: int) -> None:
    await alice.say(f"/msg bob{number} Have you got a minute?")
    await alice.sees(f"Message bob{number}", "Have you got a minute?")
    await until(lambda: any(room.kind == "dm" and room.unread for room in bob.rooms()), "the message")


async def test_how_one_is_seen(alice: Seat, bob: Agent) -> None:
    await alice.say("/away Lunch")
    await alice.sees("◐ alice", "Lunch")
    await alice.say("/who")
    await alice.sees("away, owner  Lunch")
    await alice.press("escape")
    await alice.say("/status busy")
    await alice.sees("◼ alice")
    await alice.say("/status asleep")
    await alice.sees("A state is one of online, away, busy, offline.")
    await alice.press("ctrl+u")
    await alice.say("/status online")
    await alice.sees("● alice")


@pytest.mark.presses("home.command")
async def test_what_needs_no_room_works_on_home(alice: Seat, bob: Agent, number: int) -> None:
    await alice.press("escape")
    await until(lambda: isinstance(alice.app.screen, Home), "Home")
    await alice.press("slash")
    await alice.sees("Command")
    await alice.press("w", "h", "o", "enter")
    await alice.sees("✗ /who works in a room.")
    for typed, said in (("notify", "✗ A level is that of a room."), ("notify test", "The bell rang")):
        await alice.press("escape")
        await alice.press("slash")
        await alice.type(typed)
        await alice.press("enter")
        await alice.sees(said)
    await alice.press("escape")
    await alice.press("slash")
    await alice.type(f"msg bob{number}")
    await alice.press("enter")
    await alice.sees(f"Message bob{number}")


async def test_help_tells_of_commands_and_quit_quits(alice: Seat) -> None:
    await alice.say("/help role")
    await alice.sees("/role NAME ROLE", "Make somebody a moderator")
    await alice.press("escape")
    await alice.say("/help")
    await alice.sees("Keys and commands")
    await alice.press("end")
    await alice.sees("/quit")
    await alice.press("escape")
    await alice.say("/quit")
    await until(lambda: not alice.app.is_running, "the end")


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


async def test_messages_are_answered_changed_and_deleted(alice: Seat, bob: Agent, number: int) -> None:
    await alice.tell("/me waves")
    await alice.sees("▎ waves")
    await _say(bob, alice, "shall we?")
    await alice.tell("/reply yes")
    await alice.sees(f"↪ bob{number}: shall we?", "▎ yes")
    await alice.say("/edit Yes, of course")
    await alice.sees("edited", "▎ Yes, of course")
    await alice.say("/edit")
    await alice.sees("✎ Changing", "Esc cancels")
    assert _composer(alice).text == "Yes, of course"
    await alice.press("escape")
    await alice.no_longer_sees("✎")
    assert _composer(alice).text == ""
    await alice.say("/react #2 👍")
    await alice.sees("[👍 1]")
    await bob.conversation.react(alice.room.room.id, alice.room.timeline.entries[2].id, "👍")  # type: ignore[union-attr]
    await alice.sees("[👍 2]")
    await alice.say("/react #2 👍")
    await alice.sees("👍 1")
    await alice.no_longer_sees("[👍")
    await alice.say("/pin #2")
    await alice.sees("◆ pinned")
    await alice.say("/pins")
    await alice.sees("Pinned in room", "#2")
    await alice.press("escape")
    await alice.say("/delete")
    await alice.sees("Delete this message for everyone?", "Yes, of course")
    await alice.press("y")
    await alice.sees("This message was deleted.")
    assert "Yes, of course" not in alice.text


async def test_a_search_leads_to_the_message(alice: Seat, bob: Agent, number: int) -> None:
    for word in range(120):
        await bob.send(alice.room.room.id, f"number {word} of {number}")
    await until(lambda: not bob.outgoing(alice.room.room.id), "all to be sent")
    await alice.say(f'/search "number 17" {number}')
    await alice.sees("Search", f"number 17 of {number}", "#18")
    assert "Drop" not in alice.screen[-1]
    await alice.press("enter")
    await alice.sees("▌ ", f"number 17 of {number}", f"number 16 of {number}", "#18 bob")
    assert alice.room.transcript.chosen is not None
    await alice.press("escape")
    await alice.press("ctrl+end")
    await alice.sees(f"number 119 of {number}")


async def test_going_past_what_is_new_is_not_reading_it(alice: Seat, bob: Agent, number: int) -> None:
    room_id = alice.room.room.id
    await alice.press("escape")
    await until(lambda: isinstance(alice.app.screen, Home), "Home")
    for word in range(160):
        await bob.send(room_id, f"number {word} of {number}")
    await until(lambda: not bob.outgoing(room_id), "all to be sent")
    await alice.press("slash")
    await alice.type(f'search "number 57" {number}')
    await alice.press("enter")
    await alice.sees("Search", f"number 57 of {number}")
    await alice.press("enter")
    await alice.sees("▌ ", f"number 56 of {number}")
    await alice.press("pageup")
    await alice.sees(f"number 30 of {number}")
    assert alice.app.agent.room(room_id).unread == 160
    await alice.press("escape", "ctrl+end")
    await alice.sees(f"number 159 of {number}")
    await until(lambda: not alice.app.agent.room(room_id).unread, "all to be read")


async def test_everything_is_marked_as_read(alice: Seat, bob: Agent) -> None:
    await _say(bob, alice, "new to you")
    await alice.say("/read")
    await alice.sees("marked as read")
    room = alice.room.room.id
    await until(lambda: alice.app.agent.room(room).read_seq == 1, "the marker")


async def test_rooms_are_on_home(sit_down: SitDown, shared_server: str, number: int) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.create_room(f"listed{number}")
    await alice.type("/rooms")
    await alice.press("enter")
    await alice.sees("Your rooms", f"listed{number}")
