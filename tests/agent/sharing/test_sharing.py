"""`agent.sharing` at a real server: who is asked, who waits, what is refused, and what stays on disk."""

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_agent.output import Output
from mesh_agent.sharing.errors import AlreadyReceiving, SourceMissing, TransferUnknown, WrongMoment
from mesh_agent.sharing.state import TransferChanged
from mesh_agent.verbs.following import Follower
from protocol.errors import MeshError, NotMember, PeerNotMember
from tests.agent.conftest import OpenAgent, SignUp
from tests.agent.events import Listener
from tests.support.conditions import until


@pytest.fixture
async def alice(shared_server: str, sign_up: SignUp) -> Agent:
    """Owner of the room that bears her name."""
    agent = await sign_up(shared_server, "alice")
    await agent.create_room(agent.profile)
    return agent


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, alice: Agent) -> Agent:
    """A member of it."""
    agent = await sign_up(shared_server, "bob")
    await agent.join(alice.room(alice.profile).id)
    return agent


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text("Hello!\n")
    return path


async def test_an_offer_to_who_is_away_waits_and_is_still_there_after_a_restart(
    alice: Agent, bob: Agent, note: Path, open_agent: OpenAgent
) -> None:
    room = alice.room(alice.profile).id
    await alice.sharing.receive("a test")
    heard = Listener(alice)
    (transfer,) = await alice.sharing.send(room, [bob.profile], [note])
    assert (transfer.direction, transfer.peer_name, transfer.title) == ("send", bob.profile, "note.txt")
    assert (transfer.phase, transfer.size, transfer.files) == ("waiting", 7, 1)
    assert await alice.sharing.send(room, [bob.profile], [note]) == [transfer]
    assert heard.of(TransferChanged)[0].transfer == transfer
    await alice.close()

    again = await open_agent(alice.profile)
    assert again.sharing.transfers() == [transfer]
    await again.sharing.receive("a test")
    assert again.sharing.transfer(transfer.id).phase == "waiting"
    await again.sharing.cancel(transfer.id, "too late")
    over = again.sharing.transfer(transfer.id)
    assert (over.phase, over.reason, bool(over.ended_at)) == ("cancelled", "too late", True)
    with pytest.raises(WrongMoment):
        await again.sharing.cancel(transfer.id)
    await again.sharing.forget(transfer.id)
    with pytest.raises(TransferUnknown):
        again.sharing.transfer(transfer.id)
    heard.close()


async def test_what_another_program_began_to_send_goes_on_under_its_name(
    alice: Agent, bob: Agent, note: Path, open_agent: OpenAgent
) -> None:
    """By that name the receiver finds what has arrived."""
    room = alice.room(alice.profile).id
    other = await open_agent(alice.profile)
    await other.start()
    (begun,) = await other.sharing.send(room, [bob.profile], [note])
    await other.close()
    (kept,) = alice.sharing._store.load()
    (again,) = await alice.sharing.send(room, [bob.profile], [note])
    assert again.id == begun.id
    assert [record.wire_id for record in alice.sharing._store.load()] == [kept.wire_id]


async def test_who_follows_is_told_of_each_phase_also_of_those_that_have_passed(
    alice: Agent, bob: Agent, note: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.closing(alice.subscribe()) as events:
        begun = await alice.sharing.send(alice.room(alice.profile).id, [bob.profile], [note])
        await alice.sharing.cancel(begun[0].id, "Wrong file.")
        (ended,) = await Follower(alice, Output(as_json=True)).until_over(begun, events)
    told = [json.loads(line)["phase"] for line in capsys.readouterr().out.splitlines()]
    assert (told[0], told[-1], ended.reason) == ("waiting", "cancelled", "Wrong file.")


async def test_what_cannot_be_sent_is_told_at_once(alice: Agent, bob: Agent, note: Path) -> None:
    room = alice.room(alice.profile).id
    for path, says in (
        (note.parent / "nothing", "No such file"),
        (Path("/dev/null"), "neither a file nor a folder"),
    ):
        with pytest.raises(SourceMissing, match=says):
            await alice.sharing.send(room, [bob.profile], [path])
    with pytest.raises(PeerNotMember, match="carol is not in this room"):
        await alice.sharing.send(room, ["carol"], [note])
    with pytest.raises(NotMember):
        await alice.sharing.send("nowhere", [bob.profile], [note])
    assert alice.sharing.transfers() == []


async def test_one_program_of_a_profile_takes_offers(bob: Agent, open_agent: OpenAgent) -> None:
    await bob.sharing.receive("mesh-tui")
    await bob.sharing.receive("mesh-tui")
    second = await open_agent(bob.profile)
    with pytest.raises(AlreadyReceiving, match="mesh-tui"):
        await second.sharing.receive("mesh-agent receive")
    await bob.close()
    await second.sharing.receive("mesh-agent receive")
    assert second.sharing.receiving


async def test_who_waits_takes_offers_when_the_other_program_ends(bob: Agent, open_agent: OpenAgent) -> None:
    await bob.sharing.receive("mesh-agent receive")
    second = await open_agent(bob.profile)
    told: list[MeshError] = []
    waiting = asyncio.create_task(second.sharing.receive_once_free("mesh-tui", told.append))
    await until(lambda: told, "the word that another program takes offers")
    assert not waiting.done()
    await bob.close()
    await waiting
    assert second.sharing.receiving
    assert len(told) == 1


async def test_who_waits_to_take_offers_ends_with_the_agent(bob: Agent, open_agent: OpenAgent) -> None:
    await bob.sharing.receive("mesh-agent receive")
    second = await open_agent(bob.profile)
    told: list[MeshError] = []
    waiting = asyncio.create_task(second.sharing.receive_once_free("mesh-tui", told.append))
    await until(lambda: told, "the word that another program takes offers")
    await second.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_server_tells_others_the_key_of_this_device(alice: Agent) -> None:
    async def key() -> str | None:
        (device,) = await alice.account.devices()
        return device.key_fingerprint

    told = await key()
    assert told is not None
    assert told.startswith("SHA256:")
