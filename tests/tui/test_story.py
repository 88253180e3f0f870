"""The main job, on the screen: two people meet and talk, and a server that dies costs them nothing."""

from mesh_agent.client.state import Connected, Waiting
from tests.support.conditions import until
from tests.support.server import ServerProcess
from tests.tui.conftest import SignUp, SitDown


async def test_alice_and_bob_talk_and_the_server_dies_once(
    own_server: ServerProcess, sit_down: SitDown
) -> None:
    alice = await sit_down("alice", own_server.url)
    await alice.register_by_hand("alice")
    await alice.create_room("Test Chat")
    await alice.sees("● alice you", "connected", "This is the beginning of Test Chat")
    await alice.say("Hello!")
    await alice.sees("▎ Hello!")

    bob = await sit_down("bob", own_server.url)
    await bob.register_by_hand("bob")
    await bob.sees("# Test Chat")
    await bob.press("down", "enter")
    await bob.sees("  Hello!", "● bob you")
    await alice.sees("● bob")
    await bob.say("Hi Alice!")
    for person in (alice, bob):
        await person.sees("Hi Alice!")

    own_server.kill()
    for person in (alice, bob):
        await person.sees("○ offline")
    await alice.say("Are you there?")
    await alice.sees("Are you there?", "pending")
    own_server.start(own_server.url.removeprefix("http://"))
    for person in (alice, bob):
        await person.sees("● connected", "Are you there?")
        await person.no_longer_sees("pending")
        assert person.text.count("Are you there?") == 1


async def test_what_was_missed_arrives_on_return_and_a_key_shortens_the_wait(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    bob = await sign_up("bob", own_server.url)
    room = await bob.create_room("Test Chat")
    alice = await sit_down("alice", own_server.url)
    await alice.register_by_hand("alice")
    await alice.sees("# Test Chat")
    await alice.press("down", "enter")
    await alice.sees("Message Test Chat")
    address = own_server.url.removeprefix("http://")
    own_server.kill()
    await alice.sees("○ offline", "F5")
    for word in ("one", "two", "three"):
        await bob.send(room.id, word)
    own_server.start(address)
    # It may have come back by itself already.
    await until(lambda: isinstance(alice.app.agent.connection, Waiting | Connected), "alice to wait")
    await alice.press("f5")
    await alice.sees("● connected", "one", "two", "three")
    assert alice.row_of("one") < alice.row_of("two") < alice.row_of("three")
