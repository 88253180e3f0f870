"""What goes wrong at one end is said at both: whoever sends and whoever receives each see why."""

import asyncio
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from mesh_agent.agent import Agent
from mesh_agent.files.errors import NoSpace, SinkError, SourceChanged
from mesh_agent.sharing import attempt
from mesh_agent.sharing.errors import at_peer
from mesh_agent.sharing.process import CARRIER
from mesh_agent.sharing.rules import Rules
from protocol.errors import PeerHashWrong
from tests.agent.conftest import OpenAgent
from tests.agent.sharing.carriers import LASTING, SLOW, Watch, over, quicker, room
from tests.support.disk import SmallDisk

UNHURRIED: Final = SLOW // 4
"""Bytes a second at which the end is far, whatever holds a test up meanwhile."""

ONE_LINE: Final = Rules(lanes=0, limit=UNHURRIED)
"""For whoever sends: over several lines at once nothing would be there for a while."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is read last comes last by its name, and far behind what is read ahead."""
    folder = tmp_path / "trip"
    folder.mkdir()
    (folder / "a.bin").write_bytes(os.urandom(LASTING))
    (folder / "z.txt").write_text("the end")
    return folder


def all_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")]


async def test_an_offer_whose_names_lead_out_is_told_to_both_and_asks_nobody(
    alice: Agent, bob: Agent, folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it was fetched: whoever waits for it learns that it does not come."""
    monkeypatch.setattr(attempt, "CARRIER", replace(CARRIER, module="tests.agent.sharing.lying_worker"))
    bob.sharing.set_rules(Rules(downloads=into))
    received = Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [folder])
    mine = await over(alice, transfer.id)
    theirs = await received.wait("failed")
    assert mine.phase == "declined"
    assert (theirs.direction, theirs.title, theirs.peer_name) == ("receive", "trip", alice.profile)
    assert mine.reason == theirs.reason != ""
    assert {state.phase for state in received.states} == {"failed"}, "nobody is asked"

    await alice.sharing.receive("a test")
    await alice.sharing.share(room(alice), folder)
    wanted = await bob.sharing.fetch(room(alice), alice.profile, "trip", "", into)
    fetched = await over(bob, wanted.id)
    assert (fetched.phase, fetched.reason) == ("failed", mine.reason)
    assert all_in(into) == []


async def test_bytes_that_are_not_what_they_should_be_are_told_to_both(
    alice: Agent, bob: Agent, big: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "CARRIER", replace(CARRIER, module="tests.agent.sharing.lying_worker"))
    wrong = await asyncio.to_thread(big.rename, big.with_name("wrong"))
    received = Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [wrong])
    mine, theirs = await over(alice, transfer.id), await received.wait("failed")
    assert mine.phase == "failed"
    assert mine.reason == theirs.reason == PeerHashWrong.text
    assert all_in(into) == [], "what came of it will never be of use"


async def test_a_source_that_is_gone_when_it_would_go_on_is_told_to_both(
    alice: Agent, bob: Agent, big: Path, into: Path, open_agent: OpenAgent
) -> None:
    alice.sharing.set_rules(ONE_LINE)
    sent, received = Watch(alice), Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big])
    coming = await received.wait("running", fits=lambda state: state.done > 0)
    await bob.close()
    await sent.wait("interrupted")
    await asyncio.to_thread(big.unlink)

    again = await open_agent(bob.profile)
    await again.start()
    again.sharing.set_rules(Rules(downloads=into))
    await again.sharing.receive("a test")
    mine, theirs = await asyncio.gather(over(alice, transfer.id), over(again, coming.id))
    assert (mine.phase, theirs.phase) == ("failed", "failed")
    assert str(big) in mine.reason
    assert theirs.reason == "What was to be sent is gone.", "no path of another machine"
    assert not (into / big.name).exists()
    await again.close()


async def test_a_file_of_a_folder_that_vanishes_is_told_to_both(
    alice: Agent, bob: Agent, folder: Path, into: Path
) -> None:
    alice.sharing.set_rules(ONE_LINE)
    received = Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [folder])
    coming = await received.wait("running", fits=lambda state: state.done > 0)
    (folder / "z.txt").unlink()
    await quicker(alice, bob, folder)
    mine, theirs = await over(alice, transfer.id), await over(bob, coming.id)
    assert (mine.phase, theirs.phase) == ("done", "done")
    assert mine.reason == theirs.reason == "1 file could not be read and is missing."
    assert all_in(into) == ["trip", "a.bin"]


async def test_a_disk_that_can_only_be_read_is_told_to_both(
    alice: Agent, bob: Agent, folder: Path, disk: SmallDisk
) -> None:
    bob.sharing.set_rules(Rules(downloads=disk.folder, accept="all"))
    received = Watch(bob)
    remount(disk, "ro")
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [folder / "z.txt"])
    mine, theirs = await over(alice, transfer.id), await received.wait("failed")
    assert mine.phase == theirs.phase == "failed"
    assert theirs.reason == "This disk can only be read. Choose another folder."
    assert mine.reason.startswith(f"{bob.profile}'s disk can only be read. Ask them to choose another folder")

    remount(disk, "rw")
    await alice.sharing.retry(transfer.id)
    assert (await over(alice, transfer.id)).phase == "done"
    assert (disk.folder / "z.txt").read_text() == "the end"


def remount(disk: SmallDisk, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", disk.folder], check=True)


async def test_what_is_not_shared_any_more_does_not_go_on(
    alice: Agent, bob: Agent, folder: Path, into: Path
) -> None:
    alice.sharing.set_rules(ONE_LINE)
    bob.sharing.set_rules(ONE_LINE)
    share = await bob.sharing.share(room(alice), folder)
    wanted = await alice.sharing.fetch(room(alice), bob.profile, "trip", "", into)
    await Watch(alice).wait("running", fits=lambda state: state.done > 0)
    await bob.sharing.unshare(share.id)
    ended = await over(alice, wanted.id)
    assert (ended.phase, ended.reason) == ("cancelled", "It is not shared any more.")
    (served,) = bob.sharing.transfers()
    assert (await over(bob, served.id)).phase == "cancelled"
    assert not (into / "trip").exists()


@pytest.mark.parametrize("kind", SinkError.__subclasses__())
def test_a_sender_is_not_asked_for_what_only_the_receiver_can_do(kind: type[SinkError]) -> None:
    told = at_peer("bob", kind.code, kind.text, sent=True)
    assert "make room" not in told.casefold()
    assert at_peer("bob", kind.code, kind.text, sent=False) == kind.text, "this disk is one's own"
    assert "Choose" not in told


def test_how_much_room_is_missing_is_said_to_the_sender_too() -> None:
    missing = "It needs 9.0 MiB more on the disk, which has room for 3.0 MiB."
    told = at_peer("bob", NoSpace.code, missing, sent=True)
    assert told == f"bob's disk has too little room. {missing}"
    assert at_peer("bob", NoSpace.code, missing, sent=False) == missing


def test_a_receiver_is_not_asked_to_send_again_what_was_changed() -> None:
    told = at_peer("alice", SourceChanged.code, SourceChanged.text, sent=False)
    assert told == "The file was changed while it was sent. Ask alice to send it again."
    assert at_peer("bob", SourceChanged.code, SourceChanged.text, sent=True) == SourceChanged.text
