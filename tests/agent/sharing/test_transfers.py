"""Files and folders between two agents at a real server, each with real processes that move the bytes."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_agent.client.folders import Profile
from mesh_agent.net.known import KnownDevices
from mesh_agent.sharing.errors import Removed, SharingError, WrongMoment
from mesh_agent.sharing.rules import Rules
from mesh_agent.sharing.state import IdentityChanged
from tests.agent.conftest import OpenAgent, SignUp
from tests.agent.events import Listener
from tests.agent.sharing.carriers import (
    MEGABYTES,
    SLOW,
    STEP_S,
    Watch,
    goes_on,
    helpers,
    join,
    kill_helpers,
    over,
    quicker,
    room,
    same,
    told_to,
)
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess


async def test_a_person_is_asked_and_a_folder_arrives(alice: Agent, bob: Agent, tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    (folder / "empty").mkdir(parents=True)
    (folder / "note.txt").write_text("Hello!\n")
    (folder / "big.bin").write_bytes(os.urandom(MEGABYTES))
    (folder / "note.txt").chmod(0o640)
    bob.sharing.set_rules(Rules(downloads=tmp_path / "in"))
    sent, received = Watch(alice), Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [folder])

    offer = await received.wait("offered")
    assert (offer.peer_name, offer.title, offer.kind) == (alice.profile, "holiday", "folder")
    assert (offer.size, offer.files, offer.verified) == (MEGABYTES + 7, 2, False)
    shown = {(path.path, path.kind, path.size) for path in offer.paths}
    assert ("holiday/note.txt", "file", 7) in shown
    assert ("holiday/empty", "folder", 0) in shown
    assert (offer.space or 0) > MEGABYTES
    await bob.sharing.accept(offer.id)

    done = await sent.wait("done")
    assert (done.id, done.done, done.files) == (transfer.id, MEGABYTES + 7, 2)
    assert {"connecting", "offered", "running", "finishing"} <= {state.phase for state in sent.states}
    assert "direct" in {state.way for state in sent.states}
    place = (await received.wait("done")).place
    assert place == tmp_path / "in" / "holiday"
    assert (place / "big.bin").read_bytes() == (folder / "big.bin").read_bytes()
    assert (place / "empty").is_dir()
    assert (place / "note.txt").stat().st_mode & 0o777 == 0o640
    assert (place / "note.txt").stat().st_mtime_ns == (folder / "note.txt").stat().st_mtime_ns

    (mine,) = await alice.sharing.words(bob.user.id if bob.user else "")
    (theirs,) = await bob.sharing.words(alice.user.id if alice.user else "")
    assert mine.words == theirs.words
    assert not mine.verified
    await alice.sharing.confirm(bob.user.id if bob.user else "", mine.device_id)
    assert (await alice.sharing.words(bob.user.id if bob.user else ""))[0].verified


async def test_one_to_many_declined_cancelled_and_away(
    alice: Agent, bob: Agent, shared_server: str, sign_up: SignUp, tmp_path: Path, big: Path
) -> None:
    carol = await sign_up(shared_server, "carol")
    await carol.join(room(alice))
    bob.sharing.set_rules(Rules(downloads=tmp_path / "in", accept="ask"))
    note = tmp_path / "note.txt"
    note.write_text("to all")
    told = Watch(bob)
    to_bob, to_carol = await alice.sharing.send(room(alice), [bob.profile, carol.profile], [note])

    await bob.sharing.decline((await told.wait("offered")).id, "Not now.")
    declined = await over(alice, to_bob.id)
    assert (declined.phase, declined.reason) == ("declined", "Not now.")
    assert alice.sharing.transfer(to_carol.id).phase == "waiting"
    assert not (tmp_path / "in" / "note.txt").exists()

    # She comes, and gets it.
    carol.sharing.set_rules(Rules(downloads=tmp_path / "carol", accept="all"))
    await carol.sharing.receive("a test")
    assert (await over(alice, to_carol.id)).phase == "done"
    assert (tmp_path / "carol" / "note.txt").read_text() == "to all"

    # What is under way is cancelled, and leaves nothing under its name.
    bob.sharing.set_rules(Rules(downloads=tmp_path / "in", accept="all"))
    told.forget()
    (slow,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    coming = await told.wait("running", fits=lambda state: state.done > 0)
    await bob.sharing.cancel(coming.id, "Wrong file.")
    ended = await over(alice, slow.id)
    assert (ended.phase, ended.reason) == ("cancelled", "Wrong file.")
    assert not (tmp_path / "in" / "big.bin").exists()

    # Without a word, it is said whose wish it was.
    told.forget()
    await alice.sharing.retry(slow.id)
    coming = await told.wait("running")
    await alice.sharing.cancel(slow.id)
    assert (await over(bob, coming.id)).reason == f"{alice.profile} ended it."
    assert (await over(alice, slow.id)).reason == ""


async def test_a_killed_process_on_either_side_costs_nothing(
    alice: Agent, bob: Agent, big: Path, into: Path
) -> None:
    sent, received = Watch(alice), Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    await received.wait("running", fits=lambda state: state.done >= 1024 * 1024)
    kill_helpers()
    await sent.wait("interrupted")
    await received.wait("interrupted")
    await quicker(alice, bob, big)
    assert not (into / "big.bin").exists()
    received.forget()
    assert (await over(alice, transfer.id)).phase == "done"
    assert same(into / "big.bin", big)
    resumed = [state for state in received.states if state.phase == "running" and state.lanes]
    assert resumed
    assert min(state.done for state in resumed) > 0


async def test_a_pause_holds_and_a_restart_of_the_receiver_goes_on(
    alice: Agent, bob: Agent, big: Path, into: Path, open_agent: OpenAgent
) -> None:
    sent, received = Watch(alice), Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    await received.wait("running", fits=lambda state: state.done > 0)
    await alice.sharing.pause(transfer.id)
    paused = await received.wait("paused")
    assert paused.paused_by_peer
    assert not alice.sharing.transfer(transfer.id).paused_by_peer
    with pytest.raises(WrongMoment, match=f"{alice.profile} has paused it"):
        await bob.sharing.resume(paused.id)
    received.forget()
    await alice.sharing.resume(transfer.id)
    await received.wait("running")
    await bob.close()
    await sent.wait("interrupted")
    await quicker(alice, bob, big)

    again = await open_agent(bob.profile)
    kept = again.sharing.transfer(paused.id)
    assert (kept.phase, kept.place) == ("interrupted", into)
    await again.start()
    # Nobody is asked again, whatever the rules say by now.
    again.sharing.set_rules(Rules(downloads=into.parent / "elsewhere", accept="none"))
    await again.sharing.receive("a test")
    assert (await over(alice, transfer.id)).phase == "done"
    assert same(into / "big.bin", big)


async def test_a_pause_of_the_other_side_is_none_of_ones_own(
    alice: Agent, bob: Agent, big: Path, into: Path
) -> None:
    """Whoever did not pause it does not hold it up after a lost line."""
    sent, received = Watch(alice), Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    running = await received.wait("running", fits=lambda state: state.done > 0)
    await bob.sharing.pause(running.id)
    assert (await sent.wait("paused")).paused_by_peer
    kill_helpers()

    def paused_again() -> bool:
        phases = [state.phase for state in sent.states]
        return "interrupted" in phases and "paused" in phases[phases.index("interrupted") :]

    await goes_on(paused_again, lambda: [state.phase for state in sent.states], "the pause of before", STEP_S)
    assert alice.sharing.transfer(transfer.id).paused_by_peer
    await quicker(alice, bob, big)
    await bob.sharing.resume(running.id)
    assert (await over(alice, transfer.id)).phase == "done"
    assert same(into / "big.bin", big)


async def test_what_its_program_has_left_is_resumed_by_another(
    alice: Agent, bob: Agent, big: Path, open_agent: OpenAgent
) -> None:
    await bob.close()
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big])
    assert not transfer.left
    await alice.close()
    again = await open_agent(alice.profile)
    await again.start()
    await again.sharing.receive("a test")
    left = again.sharing.transfer(transfer.id)
    assert (left.phase, left.left) == ("interrupted", True)
    await again.sharing.resume(transfer.id)
    gone_on = again.sharing.transfer(transfer.id)
    assert gone_on.phase in {"waiting", "connecting"}
    assert not gone_on.left


async def test_the_server_goes_away_in_the_middle(
    own_server: ServerProcess, sign_up: SignUp, big: Path, into: Path
) -> None:
    alice = await sign_up(own_server.url, "alice")
    await alice.create_room(alice.profile)
    bob = await sign_up(own_server.url, "bob")
    await join(bob, alice, into)
    sent, received = Watch(alice), Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    first = await received.wait("running", fits=lambda state: state.done > 0)
    own_server.kill()
    # What runs needs no server.
    await received.wait("running", fits=lambda state: state.done > first.done)
    kill_helpers()
    await sent.wait("interrupted")
    await quicker(alice, bob, big)
    own_server.start(own_server.url.removeprefix("http://"))
    await asyncio.gather(alice.reconnect_now(), bob.reconnect_now())
    assert (await over(alice, transfer.id)).phase == "done"
    assert same(into / "big.bin", big)


async def test_another_identity_is_refused_loudly_until_it_is_trusted(
    alice: Agent, bob: Agent, tmp_path: Path, into: Path, big: Path
) -> None:
    known = KnownDevices(Profile.open(alice.profile), clock=lambda: 1)
    (device,) = await bob.account.devices()
    await known.remember(bob.user.id if bob.user else "", device.id, b"\x01" * 32)
    heard = Listener(alice)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big])
    failed = await over(alice, transfer.id)
    assert failed.phase == "failed"
    assert "another identity" in failed.reason
    changed = await heard.wait(IdentityChanged)
    assert (changed.username, changed.device_id, len(changed.words)) == (bob.profile, device.id, 9)
    heard.close()
    assert not (into / "big.bin").exists()

    await alice.sharing.trust(changed.user_id, changed.device_id)
    await alice.sharing.retry(transfer.id)
    assert (await over(alice, transfer.id)).phase == "done"


async def test_nobody_learns_an_address_before_the_person_agrees(
    alice: Agent, bob: Agent, tmp_path: Path, into: Path
) -> None:
    bob.sharing.set_rules(Rules(downloads=into, accept="all", connect="ask"))
    note = tmp_path / "note.txt"
    note.write_text("Hello!")
    heard = Watch(bob)
    # Whoever gives up is not at the door any more.
    (given_up,) = await alice.sharing.send(room(alice), [bob.profile], [note])
    waits = await heard.wait("offered")
    await alice.sharing.cancel(given_up.id)
    assert (await over(bob, waits.id)).phase == "cancelled"

    heard.forget()
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [note])
    asked = await heard.wait("offered")
    assert (asked.door, asked.title, asked.peer_name, asked.way) == (
        True,
        "wants to connect",
        alice.profile,
        None,
    )
    assert alice.sharing.transfer(transfer.id).phase == "waiting"
    await bob.sharing.accept(asked.id)
    assert (await over(alice, transfer.id)).phase == "done"
    assert (into / "note.txt").read_text() == "Hello!"


async def test_a_shared_folder_is_looked_through_and_fetched_from(
    alice: Agent, bob: Agent, tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf"
    (shelf / "photos").mkdir(parents=True)
    (shelf / "photos" / "one.jpg").write_bytes(b"one")
    (shelf / "secret").symlink_to("/etc")
    (shelf / "read.me").write_text("Read me.")
    await bob.sharing.share(room(alice), shelf)

    (share,) = await alice.sharing.browse(room(alice), bob.profile)
    assert (share.path, share.kind) == ("shelf", "folder")
    listed = await alice.sharing.browse(room(alice), bob.profile, share.target)
    assert [(entry.path, entry.kind, entry.size) for entry in listed] == [
        ("photos", "folder", 0),
        ("read.me", "file", 8),
    ]
    for path in ("secret", "..", "photos/../..", "nothing", "/etc"):
        with pytest.raises(SharingError):
            await alice.sharing.browse(room(alice), bob.profile, share.target, path)

    mine = tmp_path / "mine"
    got = await alice.sharing.fetch(room(alice), bob.profile, "shelf", "photos", mine)
    assert (await over(alice, got.id)).place == mine / "photos"
    await until(lambda: bob.sharing.transfers(), "what is served")
    (served,) = bob.sharing.transfers()
    assert (served.title, served.kind, served.files) == ("photos", "folder", 1)
    assert (await over(bob, served.id)).phase == "done"
    assert (mine / "photos" / "one.jpg").read_bytes() == b"one"
    stolen = await alice.sharing.fetch(room(alice), bob.profile, "shelf", "secret/passwd", mine)
    assert (await over(alice, stolen.id)).phase == "failed"

    await bob.sharing.unshare(bob.sharing.shares()[0].id)
    # The process that serves hears it beside what comes over the line.
    async with asyncio.timeout(PATIENCE_S):
        while await alice.sharing.browse(room(alice), bob.profile):
            pass


async def test_what_is_shared_with_one_room_is_not_there_for_another(
    alice: Agent, bob: Agent, tmp_path: Path
) -> None:
    """Also where the same two people are in both."""
    other = await alice.create_room(f"other {alice.profile}")
    await bob.join(other.id)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "read.me").write_text("Read me.")
    share = await bob.sharing.share(room(alice), shelf)
    assert await alice.sharing.browse(other.id, bob.profile) == []
    for name in ("shelf", share.id):
        with pytest.raises(SharingError):
            await alice.sharing.browse(other.id, bob.profile, name)
        got = await alice.sharing.fetch(other.id, bob.profile, name, "read.me", tmp_path / "mine")
        assert (await over(alice, got.id)).phase == "failed"
    assert len(await alice.sharing.browse(room(alice), bob.profile)) == 1
    assert not (tmp_path / "mine" / "read.me").exists()


async def test_the_processes_know_no_secret_by_their_arguments_and_end_with_their_agent(
    alice: Agent, bob: Agent, big: Path
) -> None:
    received = Watch(bob)
    await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    await received.wait("running", fits=lambda state: state.done > 0)
    assert len(helpers()) == 2
    session = json.loads(Profile.open(alice.profile).session_path.read_bytes())
    token = session["accounts"][0]["access_token"].encode()
    assert token
    for process in helpers():
        assert token not in told_to(process)
    await alice.close()
    await bob.close()
    assert helpers() == []


async def test_who_is_put_out_of_the_room_gets_no_more_of_what_flows(
    alice: Agent, bob: Agent, big: Path, into: Path
) -> None:
    received = Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW // 2)
    coming = await received.wait("running", fits=lambda state: state.done > 0)
    assert bob.user is not None
    await alice.order.kick(room(alice), bob.user.id)
    failed = await over(alice, transfer.id)
    assert (failed.phase, failed.reason) == ("failed", "There is no such person in this room.")
    stopped = await received.wait("interrupted")
    assert (stopped.reason, stopped.done < stopped.size) == (Removed.text, True)
    assert bob.sharing.transfer(coming.id).phase == "interrupted"
    assert not (into / big.name).exists()
