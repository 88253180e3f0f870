"""What may become of whoever receives, with a real disk and a real terminal: full, and asked."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_agent.sharing.rules import Rules
from tests.agent.conftest import SignUp
from tests.agent.sharing.carriers import MEGABYTES, SLOW, Watch, over, quicker, room, same
from tests.agent.test_programs import COMMAND, environment
from tests.support.disk import SmallDisk
from tests.support.terminal import Terminal
from tests.support.terminal import running as shown


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(MEGABYTES))
    return path


async def test_a_disk_that_runs_full_is_told_on_both_sides_and_gone_on_with(
    alice: Agent, bob: Agent, big: Path, disk: SmallDisk
) -> None:
    bob.sharing.set_rules(Rules(downloads=disk.folder, accept="all"))
    received = Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW // 4)
    coming = await received.wait("running", fits=lambda state: state.done > 0)
    other = disk.folder / "other"
    with contextlib.suppress(OSError):  # what arrives meanwhile takes some of what was free
        await asyncio.to_thread(other.write_bytes, bytes(disk.free_bytes))
    mine, theirs = await over(alice, transfer.id), await over(bob, coming.id)
    assert (mine.phase, theirs.phase) == ("failed", "failed")
    assert "full" in mine.reason
    assert "full" in theirs.reason
    assert not (disk.folder / big.name).exists()

    other.unlink()
    received.forget()
    await alice.sharing.retry(transfer.id)
    resumed = await received.wait("running", fits=lambda state: state.lanes > 0)
    assert resumed.done > 0, "what had arrived is not sent again"
    await quicker(alice, bob, big)
    assert (await over(alice, transfer.id)).phase == "done"
    assert same(disk.folder / big.name, big)


async def test_too_much_for_the_disk_is_told_before_anything_is_sent(
    alice: Agent, bob: Agent, disk: SmallDisk, tmp_path: Path
) -> None:
    bob.sharing.set_rules(Rules(downloads=disk.folder, accept="all"))
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.write(os.urandom(1024))
        file.seek(17 * 1024 * 1024)
        file.write(os.urandom(17 * 1024 * 1024))
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [large])
    failed = await over(alice, transfer.id)
    assert failed.phase == "failed"
    assert failed.reason.startswith(f"{bob.profile}'s disk has too little room. It needs ")
    assert "more on the disk, which has room for" in failed.reason


async def test_a_person_at_a_terminal_is_asked_about_each_offer(
    alice: Agent, shared_server: str, sign_up: SignUp, tmp_path: Path, into: Path
) -> None:
    bob = await sign_up(shared_server, "bob")
    await bob.join(room(alice))
    await bob.close()
    notes = [tmp_path / "wanted.txt", tmp_path / "unwanted.txt"]
    for note in notes:
        note.write_text("Hello!")
    verb: list[str | Path] = [*COMMAND, "--profile", bob.profile, "receive", "--into", into]
    with shown(Terminal(verb, environment())) as bobs:
        await asyncio.to_thread(bobs.wait_for, "Waiting for what is sent to you.")
        (wanted,) = await alice.sharing.send(room(alice), [bob.profile], notes[:1])
        asked = await asyncio.to_thread(bobs.wait_for, "Take it? [y/N]")
        assert f"{alice.profile} (not verified) offers the file wanted.txt, 6 B:" in asked
        assert "wanted.txt  (6 B)" in asked
        assert "are free where it would go." in asked
        bobs.type("perhaps\n")
        await asyncio.to_thread(bobs.wait_for, lambda text: text.count("Take it? [y/N]") == 2)
        bobs.type("y\n")
        assert (await over(alice, wanted.id)).phase == "done"
        await asyncio.to_thread(bobs.wait_for, f"wanted.txt from {alice.profile}: done")

        (unwanted,) = await alice.sharing.send(room(alice), [bob.profile], notes[1:])
        await asyncio.to_thread(bobs.wait_for, "unwanted.txt, 6 B:")
        await asyncio.to_thread(bobs.wait_for, lambda text: text.count("Take it? [y/N]") == 3)
        bobs.type("\n")
        assert (await over(alice, unwanted.id)).phase == "declined"
    assert (into / "wanted.txt").read_text() == "Hello!"
    assert not (into / "unwanted.txt").exists()
