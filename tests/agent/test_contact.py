"""The state of the line before, between and after its links, and what is said to who waits for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import NoReturn

import pytest

from mesh_agent.client.contact import Contact
from mesh_agent.client.errors import ServerDown, SignInNeeded
from mesh_agent.client.folders import Profile
from mesh_agent.client.hub import Hub
from mesh_agent.client.session import ProfileSession
from mesh_agent.client.state import Connecting, SignedOut, Waiting
from protocol.errors import MeshError
from protocol.events import ServerToClient
from tests.support.conditions import until


class Nobody:
    """An account whose server never takes the line. `why`: what each try ends with."""

    def __init__(self, why: Callable[[], MeshError]) -> None:
        self.why = why
        self.tries = 0
        self.told: list[MeshError] = []

    async def dial(self) -> NoReturn:
        self.tries += 1
        raise self.why()

    async def met(self, connection: object) -> None:
        raise AssertionError(connection)

    async def handle(self, event: ServerToClient) -> None:
        raise AssertionError(event)

    def lost(self, error: MeshError) -> None:
        self.told.append(error)


class Silent(Nobody):
    """One whose server never answers at all."""

    def __init__(self, why: Callable[[], MeshError]) -> None:
        super().__init__(why)
        self.dialled = asyncio.Event()
        self.given_up = 0

    async def dial(self) -> NoReturn:
        self.tries += 1
        self.dialled.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.given_up += 1
        raise AssertionError


@pytest.fixture
async def contact() -> AsyncIterator[Contact]:
    session = ProfileSession(Profile.open("default"), "http://127.0.0.1:9", clock=lambda: 0)
    contact = Contact(session, Hub())
    yield contact
    await contact.end()


async def test_who_waits_is_told_why_the_last_try_failed(contact: Contact) -> None:
    served = Nobody(lambda: ServerDown("Nothing listens there."))
    contact.begin(served)
    await until(lambda: isinstance(contact.state, Waiting), "the first try to fail")
    with pytest.raises(ServerDown, match="Nothing listens there"):
        await contact.wait(0)
    assert isinstance(served.told[0], ServerDown)


async def test_a_session_that_ends_ends_the_line_and_the_next_one_is_begun_anew(contact: Contact) -> None:
    served = Nobody(lambda: SignInNeeded("Signed out elsewhere."))
    contact.begin(served)
    with pytest.raises(SignInNeeded, match="Signed out elsewhere"):
        await contact.wait(None)
    await until(lambda: isinstance(contact.state, SignedOut), "the end of the session")
    served.why = lambda: ServerDown("Nothing listens there.")
    await until(lambda: contact._link is None, "the link to be over")
    contact.begin(served)
    await until(lambda: isinstance(contact.state, Waiting), "a try of the next line")


async def test_a_line_that_is_begun_twice_is_one_and_its_end_ends_the_try(contact: Contact) -> None:
    served = Silent(lambda: ServerDown("Nothing listens there."))
    contact.begin(served)
    contact.begin(served)
    await served.dialled.wait()
    await contact.end()
    assert (served.tries, served.given_up) == (1, 1)
    assert contact.state == Connecting(1)
