"""Slash commands for the account, for rooms elsewhere, and for what was not sent."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mesh_agent.agent import Agent
from mesh_tui.screens.home import Home
from mesh_tui.widgets.composer import Composer
from tests.support.conditions import until
from tests.tui.seat import PASSWORD, Seat


async def test_rooms_are_listed_created_and_closed(alice: Seat, number: int) -> None:
    await alice.say(f"/create other {number}")
    await alice.sees(f"Message other {number}")
    await alice.say(f"/create -private secret {number}")
    await alice.sees(f"Message secret {number}", "private ")
    await alice.say("/list")
    await alice.sees("Rooms that anyone may join", "# ", "/join ROOM opens one.")
    await alice.press("escape")
    await alice.say("/create -private")
    await alice.sees("✗ NAME is missing. It goes like this: /create [-private] NAME")
    await alice.press("ctrl+u")
    await alice.say("/close")
    await until(lambda: isinstance(alice.app.screen, Home), "Home")


async def test_a_room_is_muted_and_is_as_it_was_afterwards(alice: Seat, number: int) -> None:
    await alice.say("/notify")
    await alice.sees("told of what is said to you. /notify all, mentions,", "none, default changes it.")
    await alice.say("/notify Mentions")
    await alice.sees("only what mentions you")
    assert alice.app.settings.notify.rooms == {f"room {number}": "mentions"}
    await alice.say("/mute")
    await alice.sees("This room is muted")
    await alice.say("/mute off")
    await alice.sees("only what mentions you")
    await alice.say("/notify all")
    await alice.sees("you are told of all of it.")
    assert alice.app.settings.notify.rooms == {f"room {number}": "all"}
    await alice.say("/notify default")
    await alice.sees("you are told of what is said to you.")
    assert alice.app.settings.notify.rooms == {}
    await alice.say("/notify loud")
    await alice.sees("LEVEL is one of all, mentions, none, default, or test.")
    await alice.press("ctrl+u")
    await alice.say("/notify test")
    await alice.sees("The bell rang: xterm-256color is not known to show more.")


async def test_other_names_of_commands_work(alice: Seat, bob: Agent, number: int) -> None:
    await alice.say("/names")
    await alice.sees("In room", f"bob{number}")
    await alice.press("escape")
    await alice.say(f"/query bob{number}")
    await alice.sees(f"Message bob{number}")
    await alice.say(f"/j room {number}")
    await alice.sees(f"Message room {number}")
    await alice.say("/part now")
    await alice.sees("✗ /leave takes nothing after it.")
    await alice.press("ctrl+u")
    await alice.say("/part")
    await alice.sees("Leave room")


async def test_the_account(alice: Seat, number: int) -> None:
    await alice.say("/nick Alice Liddell")
    await alice.sees("You are shown as Alice Liddell.")
    await alice.say("/hide-reads on")
    await alice.sees("Others do not see how far you have read.")
    await alice.say("/whoami")
    await alice.sees(f"alice{number}", "Shown as Alice Liddell", "Others do not see")
    await alice.press("escape")
    await alice.say("/hide-reads perhaps")
    await alice.sees("✗ HOW is on or off.")
    await alice.press("ctrl+u")
    await alice.say("/away for a walk")
    await alice.sees("◐ alice")
    await alice.say("/back")
    await alice.sees("● alice")


async def test_devices(alice: Seat, shared_server: str, number: int) -> None:
    other = await Agent.open(profile="elsewhere", server=shared_server)
    await other.login(f"alice{number}", PASSWORD)
    mine = next(device for device in await other.account.devices() if not device.current)
    theirs = next(device for device in await other.account.devices() if device.current)
    await alice.say("/devices")
    await alice.sees("Where you are signed in", "this one", mine.id, theirs.id)
    await alice.press("escape")
    await alice.say(f"/sign-out {mine.id}")
    await alice.sees("✗ That is this device.")
    await alice.press("ctrl+u")
    await alice.say(f"/sign-out {theirs.id}")
    await alice.sees("is signed out.")
    await until(lambda: other.user is None, "the other device to be signed out")
    await other.login(f"alice{number}", PASSWORD)
    await alice.say("/sign-out-others")
    await alice.sees("Sign out all your other devices?")
    await alice.press("y")
    await alice.sees("You are signed in here alone.")
    await until(lambda: other.user is None, "the other device to be signed out")
    await other.close()


async def test_keys_for_ssh(alice: Seat) -> None:
    await alice.say("/ssh-keys")
    await alice.sees("Keys that let you in by ssh", "There is none")
    await alice.press("escape")
    for line, said in (("/ssh-key-add nonsense", "✗ This is no public key"), ("/ssh-key-remove no", "✗")):
        await alice.say(line)
        await alice.sees(said)
        await alice.press("ctrl+u", "x", "backspace")
        await alice.no_longer_sees("✗")
    key = Ed25519PrivateKey.generate().public_key()
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    await alice.say(f"/ssh-key-add {line} laptop")
    await alice.sees("laptop lets you in: SHA256:")
    await alice.say("/ssh-keys")
    await alice.sees("Keys that let you in by ssh", "laptop", "ssh-ed25519", "SHA256:")


async def test_pushes(alice: Seat) -> None:
    await alice.say("/push")
    await alice.sees("Where pushes go while you are away", "This server sends no pushes.")
    await alice.press("escape")
    for line, said in (
        ("/push-add gotify https://push.example.org", "mesh-agent push add gotify URL --token-file"),
        ("/push-add ntfy https://push.example.org alice", "✗"),
        ("/push-test nowhere", "✗"),
        ("/push-remove nowhere", "✗"),
    ):
        await alice.say(line)
        await alice.sees(said)
        await alice.press("ctrl+u", "x", "backspace")
        await alice.no_longer_sees("✗")


async def test_links_into_a_room(alice: Seat) -> None:
    await alice.say("/invite")
    await alice.sees("/invite/")
    await alice.press("escape")
    await alice.say("/invites")
    await alice.sees("Links into room", "used 0")
    (invite,) = await alice.app.agent.order.invites(alice.room.room.id)
    await alice.press("escape")
    await alice.say(f"/revoke {invite.id}")
    await alice.sees("Nobody comes in by this link any more.")
    await alice.say("/invites")
    await alice.sees("None that still works.")


async def test_moderators(alice: Seat, bob: Agent, number: int) -> None:
    await alice.say(f"/op bob{number}")
    await alice.sees(f"bob{number} is a moderator now.")
    await alice.say(f"/deop @bob{number}")
    await alice.sees(f"bob{number} is a member now.")


async def test_messages(alice: Seat) -> None:
    await alice.tell("/shrug who knows")
    await alice.sees("▎ who knows ¯\\_(ツ)_/¯")
    await alice.say("/edit nobody")
    await alice.sees("▎ nobody", "edited")
    await alice.say("/versions 1")
    await alice.sees("What #1 said", "until", "who knows", "now  nobody")
    await alice.press("escape")
    await alice.say("/pin that")
    await alice.sees("✗ #N is the number of a message")
    await alice.press("ctrl+u")
    await alice.say("/pin #1")
    await alice.sees("◆ pinned")
    await alice.say("/unpin")
    await alice.sees("The pin is off #1.")
    await alice.no_longer_sees("◆ pinned")
    await alice.say("/unpin")
    await alice.sees("✗ Nothing is pinned here.")
    await alice.press("ctrl+u")
    await alice.say("/thread #1")
    await alice.sees("What you write goes into the thread")
    await alice.press("escape")
    await alice.say("/editor some words")
    await alice.sees("This terminal cannot be handed to an editor.")
    assert alice.room.query_one(Composer).text == "some words"


async def test_what_was_not_sent(alice: Seat) -> None:
    room_id = alice.room.room.id
    await alice.say("/retry")
    await alice.sees("Everything here was sent")
    for text in ("first", "second"):
        await alice.app.agent.send(room_id, text, reply_to="never-there")
    await alice.sees("▎ first", "▎ second", "Not sent:")
    failed = alice.room.timeline.failed
    await until(lambda: len(failed()) == 2, "both to fail")
    before = failed()
    await alice.say("/retry")
    await alice.sees("2 to be sent again.")
    await until(
        lambda: len(again := failed()) == 2 and not any(one is known for one in again for known in before),
        "both to fail again",
    )
    await alice.say("/drop")
    await alice.sees("Drop 2 messages that were not sent?", "first")
    await alice.press("y")
    await alice.no_longer_sees("Not sent:")
