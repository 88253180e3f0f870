"""What one end does while the other is away, and what it hears when the two meet again."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_agent.client.folders import Profile
from mesh_agent.client.signalling import SessionEvent
from mesh_agent.files.staging import STALE_S
from mesh_agent.net.known import KnownDevices, NotCompared
from mesh_agent.sharing.attempt import shown
from mesh_agent.sharing.route import BACK
from mesh_agent.sharing.rules import Rules
from mesh_agent.sharing.sessions import FILE_KINDS, Sessions
from protocol.signals import SessionAccepted, SessionCreated
from tests.agent.conftest import PASSWORD, OpenAgent
from tests.agent.sharing.carriers import (
    SLOW,
    Watch,
    kill_helpers,
    over,
    quicker,
    room,
    same,
)
from tests.support.conditions import PATIENCE_S, until


class Noted:
    """Notes the certificates with which sessions are asked for and accepted, and hands all on."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.session_id = ""
        self.certificates: list[str | None] = []
        self.accepted: dict[str | None, set[str | None]] = {}

    def session_event(self, event: SessionEvent) -> None:
        if isinstance(event, SessionCreated) and event.re is None:
            self.session_id = event.session_id
            self.certificates.append(shown(event, "asker"))
        elif isinstance(event, SessionAccepted):
            self.accepted.setdefault(shown(event, "asker"), set()).add(shown(event, "asked"))
        self._sessions.session_event(event)

    def line_up(self) -> None:
        self._sessions.line_up()

    def line_lost(self) -> None:
        self._sessions.line_lost()


async def test_a_cancel_by_the_sender_is_told_when_the_receiver_is_back_also_if_it_was_forgotten(
    alice: Agent, bob: Agent, big: Path, into: Path, open_agent: OpenAgent
) -> None:
    sent, received = Watch(alice), Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    coming = await received.wait("running", fits=lambda state: state.done > 0)
    await bob.close()
    await sent.wait("interrupted")
    await alice.sharing.cancel(transfer.id, "Wrong file.")
    assert alice.sharing.transfer(transfer.id).phase == "cancelled"
    await alice.sharing.forget(transfer.id)
    assert alice.sharing.transfers() == []

    again = await open_agent(bob.profile)
    assert again.sharing.transfer(coming.id).phase == "interrupted"
    await again.start()
    again.sharing.set_rules(Rules(downloads=into))
    await again.sharing.receive("a test")
    ended = await over(again, coming.id)
    assert (ended.phase, ended.reason) == ("cancelled", "Wrong file.")
    # Once told, nobody is looked for any more, and the same may be sent again.
    asked = Watch(again)
    (once_more,) = await alice.sharing.send(room(alice), [bob.profile], [big])
    offer = await asked.wait("offered")
    await again.sharing.accept(offer.id)
    assert (await over(alice, once_more.id)).phase == "done"


async def test_a_cancel_is_told_also_by_the_next_program_of_the_sender(
    alice: Agent, bob: Agent, big: Path, open_agent: OpenAgent
) -> None:
    await alice.sharing.receive("a test")
    sent, received = Watch(alice), Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    coming = await received.wait("running", fits=lambda state: state.done > 0)
    await bob.close()
    await sent.wait("interrupted")
    await alice.sharing.cancel(transfer.id, "Wrong file.")
    await alice.close()

    bobs, alices = await open_agent(bob.profile), await open_agent(alice.profile)
    await bobs.start()
    await bobs.sharing.receive("a test")
    await alices.start()
    await alices.sharing.receive("a test")
    ended = await over(bobs, coming.id)
    assert (ended.phase, ended.reason) == ("cancelled", "Wrong file.")
    await alices.close()
    await bobs.close()


async def test_what_the_receiver_cancelled_comes_from_no_program_of_the_sender_until_it_is_sent_anew(
    alice: Agent, bob: Agent, big: Path, into: Path, open_agent: OpenAgent
) -> None:
    """Those that were away, and those to which what was told has been lost with the one that heard it."""
    await alice.sharing.receive("a test")
    received = Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    coming = await received.wait("running", fits=lambda state: state.done > 0)
    await alice.close()
    (kept,) = Profile.open(alice.profile).data.glob("*.transfers.json")
    interrupted = kept.read_bytes()
    await received.wait("interrupted")
    await bob.sharing.cancel(coming.id, "No, thank you.")
    assert bob.sharing.transfer(coming.id).phase == "cancelled"
    await bob.sharing.forget(coming.id)

    async def next_program() -> Agent:
        again = await open_agent(alice.profile)
        await again.start()
        await again.sharing.receive("a test")
        ended = await over(again, transfer.id)
        assert (ended.phase, ended.reason) == ("cancelled", "No, thank you.")
        assert not (into / big.name).exists()
        return again

    again = await next_program()
    held = bob.sharing._board.find(coming.id)
    assert held is not None
    await until(lambda: not held.record.untold, "the receiver to know that it was heard")
    await again.close()
    kept.write_bytes(interrupted)
    again = await next_program()
    (once_more,) = await again.sharing.send(transfer.room_id, [bob.profile], [big])
    assert (await over(again, once_more.id)).phase == "done"
    assert same(into / big.name, big)
    await again.close()


async def test_what_is_cancelled_with_nobody_at_the_other_end_of_the_line_is_over_on_both(
    alice: Agent, bob: Agent, big: Path
) -> None:
    """Both programs run; the line between the devices is lost just then."""
    received = Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    coming = await received.wait("running", fits=lambda state: state.done > 0)
    kill_helpers()
    await alice.sharing.cancel(transfer.id, "Wrong file.")
    mine, theirs = await asyncio.gather(over(alice, transfer.id), over(bob, coming.id))
    assert {mine.phase, theirs.phase} == {"cancelled"}
    assert {mine.reason, theirs.reason} == {"Wrong file."}


async def test_what_one_device_never_began_to_take_goes_to_another(
    alice: Agent, bob: Agent, big: Path, shared_server: str, open_agent: OpenAgent, tmp_path: Path
) -> None:
    bob.sharing.set_rules(Rules(downloads=tmp_path / "in"))
    sent, asked = Watch(alice), Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big])
    offer = await asked.wait("offered")
    phone = await open_agent(f"{bob.profile}-phone", shared_server)
    await phone.login(bob.profile, PASSWORD)
    await phone.wait_connected(PATIENCE_S)
    phone.sharing.set_rules(Rules(downloads=tmp_path / "phone", accept="all"))
    await phone.sharing.receive("a test")
    await sent.wait("offered")
    await bob.close()
    assert (await over(alice, transfer.id)).phase == "done"
    assert same(tmp_path / "phone" / big.name, big)

    # The first one learns it when it is met again.
    await phone.close()
    again = await open_agent(bob.profile)
    await again.start()
    again.sharing.set_rules(Rules(downloads=tmp_path / "in", accept="all"))
    await again.sharing.receive("a test")
    note = tmp_path / "note.txt"
    note.write_text("Hello!")
    await alice.sharing.send(room(alice), [bob.profile], [note])
    ended = await over(again, offer.id)
    assert (ended.phase, ended.reason) == ("cancelled", "Another device has taken it.")
    await again.close()


async def test_a_session_that_is_asked_for_twice_before_it_is_taken_is_taken_once(
    alice: Agent, bob: Agent, big: Path, into: Path, open_agent: OpenAgent
) -> None:
    """Two that took it would each accept with a certificate of their own, and be looked for in vain."""
    received = Watch(bob)
    (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [big], limit=SLOW)
    await received.wait("running", fits=lambda state: state.done > 0)
    await bob.close()

    again = await open_agent(bob.profile)
    heard, answers = Noted(again.sharing._sessions), Noted(alice.sharing._sessions)
    alice.sharing._introductions.signalling.listen(answers, FILE_KINDS)
    signalling = again.sharing._introductions.signalling
    signalling.listen(heard, FILE_KINDS)
    await again.start()
    # Also where only the line that was closing heard that it was asked for: who connects is told once more.
    await until(lambda: heard.certificates, "the session to be asked for")
    first = set(heard.certificates)
    signalling.candidate(heard.session_id, candidate=BACK)
    await until(lambda: set(heard.certificates) - first, "it to be asked for anew")
    again.sharing.set_rules(Rules(downloads=into, accept="all"))
    await again.sharing.receive("a test")
    await quicker(alice, bob, big)
    assert (await over(alice, transfer.id)).phase == "done"
    assert [len(taken) for taken in answers.accepted.values()] == [1] * len(answers.accepted) != []
    await again.close()


async def test_always_is_kept_for_a_compared_device_until_it_is_taken_back(
    alice: Agent, bob: Agent, into: Path, tmp_path: Path, open_agent: OpenAgent
) -> None:
    bob.sharing.set_rules(Rules(downloads=into, largest=1_000))
    notes = [tmp_path / f"note{number}.txt" for number in range(4)]
    for note in notes:
        note.write_text("Hello!")
    asked = Watch(bob)

    async def send(path: Path) -> str:
        (transfer,) = await alice.sharing.send(room(alice), [bob.profile], [path])
        return transfer.id

    first = await send(notes[0])
    offer = await asked.wait("offered")
    with pytest.raises(NotCompared):
        await bob.sharing.accept(offer.id, always=True)
    (device,) = await bob.sharing.words(offer.peer_id)
    await bob.sharing.confirm(offer.peer_id, device.device_id)
    await bob.sharing.accept(offer.id, always=True)
    assert (await over(alice, first)).phase == "done"
    assert (await bob.sharing.words(offer.peer_id))[0].always

    # Now, and after a restart, nobody is asked, but about what is large.
    assert (await over(alice, await send(notes[1]))).phase == "done"
    await bob.close()
    again = await open_agent(bob.profile)
    await again.start()
    again.sharing.set_rules(Rules(downloads=into, largest=1_000))
    await again.sharing.receive("a test")
    assert (await over(alice, await send(notes[2]))).phase == "done"
    asked = Watch(again)
    notes[3].write_bytes(bytes(1_001))
    await send(notes[3])
    large = await asked.wait("offered")
    await again.sharing.decline(large.id)

    # Taken back, also while the two are connected.
    await again.sharing.take_always(offer.peer_id, device.device_id, always=False)
    asked.forget()
    notes[3].write_text("And this?")
    await send(notes[3])
    await again.sharing.decline((await asked.wait("offered")).id)
    await again.close()


async def test_always_ends_with_the_identity_that_was_compared(bob: Agent) -> None:
    known = KnownDevices(Profile.open(bob.profile), clock=lambda: 1)
    old, new = b"\x01" * 32, b"\x02" * 32
    await known.remember("u", "d", old)
    await known.confirm("u", "d", old)
    assert (await known.take_always("u", "d", always=True)).always
    assert (await known.confirm("u", "d", old)).always, "the same words again change nothing"
    with pytest.raises(Exception, match="identity"):
        await known.remember("u", "d", new)
    with pytest.raises(NotCompared):
        await known.take_always("u", "d", always=True)
    assert not (await known.confirm("u", "d", new)).always


async def test_parts_of_long_ago_are_removed_when_receiving_begins(
    bob: Agent, alice: Agent, into: Path, open_agent: OpenAgent
) -> None:
    """In the folder that things go to; one on which something has arrived since stays."""
    await bob.close()
    old, new = into / f".mesh-part-{'0' * 32}", into / f".mesh-part-{'1' * 32}"
    long_ago = time.time() - STALE_S - 60
    for part, when in ((old, long_ago), (new, long_ago + 120)):
        part.mkdir(parents=True)
        for name in ("lock", "journal", "0"):
            (part / name).write_bytes(b"x")
            os.utime(part / name, (when, when))
    mine = into / "mine.txt"
    mine.write_text("mine")
    again = await open_agent(bob.profile)
    await again.start()
    again.sharing.set_rules(Rules(downloads=into))
    await again.sharing.receive("a test")
    await until(lambda: not old.exists(), "the old part to be gone")
    assert new.exists()
    assert mine.exists()
