"""Nodes as they are run: processes with a data folder each, one PostgreSQL, and one NATS or none."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from protocol.close import CloseCode
from tests.support.conditions import PATIENCE_S
from tests.support.nats_server import NatsServer, shared
from tests.support.postgres import fresh_database, postgres_server
from tests.support.server import ServerProcess, running_server
from tests.support.tasks import running
from tests.support.wire import PASSWORD, Json, Person, Socket, call, refused, register

POLL_S = "0.1"
HEARTBEAT_S = "1"
LOST = (ConnectionError, aiohttp.ClientError, TimeoutError, OSError)
"""What happens to who is at a node that is killed."""

_numbers = itertools.count(1)


class Nodes(NamedTuple):
    """`one` and `two` have a line to `bus`; `third` knows of none. They share nothing but the database."""

    bus: NatsServer
    one: str
    two: str
    third: str


def node(
    folder: Path, database: str, *arguments: str, **more: str
) -> contextlib.AbstractContextManager[ServerProcess]:
    settings = {"MESH_POLL_S": POLL_S, "MESH_LIMITS_ENABLED": "false", "MESH_DATABASE": database}
    return running_server(folder, *arguments, **settings, **more)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    folder, database, bus = tmp_path_factory.mktemp("nodes"), fresh_database(), NatsServer()
    with ExitStack() as stack:
        bus.start()
        stack.callback(bus.stop)
        urls = [
            stack.enter_context(node(folder / name, database, *line)).url
            for name, line in (("one", ("--bus", bus.url)), ("two", ("--bus", bus.url)), ("third", ()))
        ]
        yield Nodes(bus, *urls)


class House(NamedTuple):
    """Alice, at one node, and Bob, at another, are in the room."""

    alice: Person
    bob: Person
    room_id: str


@asynccontextmanager
async def house(at: str, other: str) -> AsyncIterator[House]:
    """Both register at the first node, which made no secret of its own that the other would not know."""
    number = next(_numbers)
    async with aiohttp.ClientSession() as http:
        alice = await register(http, at, f"alice{number}")
        bob = await register(http, at, f"bob{number}")
        bob.url = other
        room_id = await alice.create_room(f"lobby {number}")
        await bob.join(room_id)
        yield House(alice, bob, room_id)


@asynccontextmanager
async def at_two_nodes(at: str, other: str) -> AsyncIterator[tuple[House, Socket, Socket]]:
    """And both are connected, Alice first."""
    async with house(at, other) as here, here.alice.socket() as hers, here.bob.socket() as his:
        yield here, hers, his


async def hears(socket: Socket, content: str) -> Json:
    return await socket.wait(
        lambda event: event["type"] == "chat.message.created" and event["message"]["content"] == content
    )


async def sees(socket: Socket, person: Person, presence: str) -> None:
    await socket.wait(
        lambda event: (
            event["type"] == "presence.update"
            and (event["user_id"], event["presence"]) == (person.user_id, presence)
        )
    )


async def shows(here: House, person: Person, presence: str) -> None:
    """Alice, who asks at her node, is told in the end that they are as present as that."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await here.alice.call("GET", f"/api/rooms/{here.room_id}/members")
            if {"user_id": person.user_id, "presence": presence} in [
                {key: one[key] for key in ("user_id", "presence")} for one in found["members"]
            ]:
                return
            await asyncio.sleep(0.02)


async def tells(http: aiohttp.ClientSession, url: str, figure: str) -> None:
    """Until the node tells operators so, such as `mesh_bus_up 1.0`."""
    async with asyncio.timeout(PATIENCE_S):
        said = ""
        while f"\n{figure}\n" not in said:
            async with http.get(f"{url}/metrics") as response:
                said = await response.text()
            await asyncio.sleep(0.02)


async def _stays(person: Person) -> None:
    """Connected for ever, at whichever node their `url` names."""
    while True:
        with contextlib.suppress(*LOST):
            async with person.socket() as socket:
                await socket.closed()
        await asyncio.sleep(0.02)


# ── with a line ──────────────────────────────────────────────────────────────────────────────────


async def test_people_at_two_nodes_hear_and_see_each_other(nodes: Nodes) -> None:
    async with at_two_nodes(nodes.one, nodes.two) as (here, at_one, at_two):
        await sees(at_one, here.bob, "online")
        for number in range(3):
            await at_one.say(here.room_id, f"a{number}")
            await hears(at_two, f"a{number}")
            await at_two.say(here.room_id, f"b{number}")
            await hears(at_one, f"b{number}")
        await at_two.ask("presence.update", presence="busy")
        await sees(at_one, here.bob, "busy")


async def test_a_device_that_is_revoked_at_one_node_is_put_out_of_the_other(nodes: Nodes) -> None:
    async with house(nodes.one, nodes.two) as here, here.bob.socket() as at_two:
        body = {"username": here.bob.name, "password": PASSWORD, "device_name": "phone"}
        session = await call(here.bob.http, nodes.one, "POST", "/api/auth/login", body)
        phone = Person(nodes.one, here.bob.http, session)
        await phone.call("DELETE", f"/api/auth/devices/{at_two.welcome['device']['id']}")
        assert await at_two.closed() == CloseCode.REVOKED
        await refused(401, "auth.invalid_token", here.bob.call("GET", "/api/rooms"))


async def test_what_two_write_at_once_is_told_once_and_in_order_at_every_node(nodes: Nodes) -> None:
    async with house(nodes.one, nodes.two) as here:
        carol = await register(here.alice.http, nodes.third, f"carol{next(_numbers)}")
        await carol.join(here.room_id)
        async with here.alice.socket() as at_one, here.bob.socket() as at_two, carol.socket() as at_third:
            for number in range(20):
                for socket, name in ((at_one, "a"), (at_two, "b"), (at_third, "c")):
                    nonce = f"{name}{number}"
                    await socket.send(
                        "chat.message.send", id=nonce, nonce=nonce, room_id=here.room_id, content=nonce
                    )
            told = [await _told(socket, 60) for socket in (at_one, at_two, at_third)]
    assert [[seq for seq, _ in one] for one in told] == [list(range(1, 61))] * 3
    assert told[0] == told[1] == told[2]
    for name in "abc":
        assert [content for _, content in told[0] if content[0] == name] == [f"{name}{n}" for n in range(20)]


async def _told(socket: Socket, count: int) -> list[tuple[int, str]]:
    """Messages that a member is told, in the order in which that happens."""
    messages = [(await socket.wait("chat.message.created"))["message"] for _ in range(count)]
    return [(message["seq"], message["content"]) for message in messages]


# ── without one ──────────────────────────────────────────────────────────────────────────────────


async def test_a_node_that_has_no_bus_looks_into_the_database(nodes: Nodes) -> None:
    async with at_two_nodes(nodes.one, nodes.third) as (here, at_one, at_third):
        await at_one.say(here.room_id, "a word")
        await hears(at_third, "a word")
        await at_third.say(here.room_id, "and another")
        await hears(at_one, "and another")
        await here.alice.call("DELETE", f"/api/rooms/{here.room_id}/members/{here.bob.user_id}")
        await at_third.wait("room.left")


async def test_while_nats_is_stopped_the_database_tells_and_afterwards_nats_does_again(nodes: Nodes) -> None:
    async with at_two_nodes(nodes.one, nodes.two) as (here, at_one, at_two):
        nodes.bus.stop()
        try:
            for url in (nodes.one, nodes.two):
                await tells(here.alice.http, url, "mesh_bus_up 0.0")
            await at_one.say(here.room_id, "into the dark")
            await hears(at_two, "into the dark")
            await at_two.say(here.room_id, "out of the dark")
            await hears(at_one, "out of the dark")
        finally:
            nodes.bus.start()
        for url in (nodes.one, nodes.two):
            await tells(here.alice.http, url, "mesh_bus_up 1.0")
        await at_two.ask("presence.update", presence="busy")
        await sees(at_one, here.bob, "busy")


# ── a node dies ──────────────────────────────────────────────────────────────────────────────────


async def test_people_of_a_node_that_is_killed_go_offline_and_are_back_at_another(tmp_path: Path) -> None:
    """It is the node that leads, and no one node is needed for anything."""
    database = await postgres_server().fresh()
    more = {"MESH_BUS": shared().url, "MESH_HEARTBEAT_S": HEARTBEAT_S}
    with node(tmp_path / "doomed", database, **more) as doomed:
        await leads_alone(doomed.url)
        with node(tmp_path / "other", database, **more) as other:
            async with house(other.url, doomed.url) as here:
                async with running(_stays(here.bob)):
                    await shows(here, here.bob, "online")
                    doomed.kill()
                    await shows(here, here.bob, "offline")
                await tells(here.alice.http, other.url, "mesh_node_leads 1.0")
                here.bob.url = other.url
                async with running(_stays(here.bob)):
                    await shows(here, here.bob, "online")


async def leads_alone(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        await tells(http, url, "mesh_node_leads 1.0")
