"""Which session of a shared terminal is whose: those asked by us, those asked of us, and what comes early."""

from typing import Any

import pytest

from mesh_agent.agent import Agent
from mesh_agent.terminal.sessions import Owner, candidate_of
from protocol.signals import Candidate, SessionAccepted, SessionCreated
from tests.agent.conftest import SignUp
from tests.support.conditions import until


class Told:
    """An owner that writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def heard(self, event: Any) -> None:
        self.events.append(event)

    def line_up(self) -> None:
        self.events.append("up")

    def line_lost(self) -> None:
        self.events.append("lost")


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


async def test_the_terminal_that_is_named_takes_the_session(alice: Agent, bob: Agent) -> None:
    host, guest = Told(), Told()
    asked: list[tuple[SessionCreated, str]] = []

    def serve(created: SessionCreated, terminal: str) -> Owner | None:
        asked.append((created, terminal))
        return host if terminal == "mine1234" else None

    alice.terminals.sessions.serve(serve)
    room = alice.room(alice.profile).id
    signalling = bob.terminals.introductions.signalling
    created = await signalling.request(room, "terminal", alice.profile, certificate_fingerprint=CERTIFICATE)
    bob.terminals.sessions.own(created.session_id, guest)
    signalling.candidate(created.session_id, candidate=candidate_of("another1"))
    await until(lambda: asked, "the question")
    assert not host.events
    signalling.candidate(created.session_id, candidate=candidate_of("mine1234"))
    await until(lambda: len(asked) == 2, "the second question")
    assert [terminal for _, terminal in asked] == ["another1", "mine1234"]
    assert asked[1][0].session_id == created.session_id

    # What came before, and was for nobody, is told to who has it now; so is all that comes.
    await until(lambda: host.events, "what came before")
    assert [event.candidate for event in host.events] == ["terminal another1"]
    signalling.candidate(created.session_id, payload="x")
    await until(lambda: len(host.events) == 2, "what comes")
    await alice.terminals.introductions.signalling.accept(created.session_id, CERTIFICATE)
    await until(lambda: any(isinstance(event, SessionAccepted) for event in guest.events), "the answer")
    assert not any(isinstance(event, Candidate) for event in guest.events)

    bob.terminals.sessions.disown(guest)
    before = len(guest.events)
    await alice.terminals.introductions.signalling.close(created.session_id)
    closing = await signalling.request(room, "terminal", alice.profile, certificate_fingerprint=CERTIFICATE)
    assert closing.session_id != created.session_id
    assert len(guest.events) == before


async def test_files_hear_nothing_of_terminals(alice: Agent, bob: Agent) -> None:
    await alice.sharing.receive("a test")
    asked: list[str] = []
    alice.terminals.sessions.serve(lambda _created, terminal: asked.append(terminal))
    room = alice.room(alice.profile).id
    signalling = bob.terminals.introductions.signalling
    guest = Told()
    created = await signalling.request(room, "terminal", alice.profile, certificate_fingerprint=CERTIFICATE)
    bob.terminals.sessions.own(created.session_id, guest)
    signalling.candidate(created.session_id, candidate=candidate_of(""))
    await until(lambda: asked == [""], "the question")
    # Were it taken as one for files, this would have been its answer.
    assert [type(event) for event in guest.events] == [SessionCreated]


CERTIFICATE = "SHA256:" + "A" * 43
