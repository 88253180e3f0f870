"""Two whole nodes of one server: people at one of them and at the other are as if they were at one."""

import asyncio
import contextlib
import itertools
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from mesh_server.bus.base import PeopleHere, PersonHere
from mesh_server.bus.nats import NatsBus
from mesh_server.store.base import NodeRecord
from mesh_server.store.sqlite import SqliteStore
from protocol.close import CloseCode
from tests.support.conditions import PATIENCE_S, until
from tests.support.nats_server import NatsServer, shared
from tests.support.nodes import Node, running_nodes
from tests.support.push_servers import push_server
from tests.support.tasks import running
from tests.support.wire import PASSWORD, Json, Person, Socket, call, refused, register


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing in it: to make one takes longer than most tests here."""
    folder = tmp_path_factory.mktemp("empty")
    asyncio.run(SqliteStore.open(folder).close())
    return folder


class House(NamedTuple):
    """Alice is at the first node, Bob at the second; both are in the room, and both are connected."""

    nodes: list[Node]
    alice: Person
    bob: Person
    room_id: str
    at_a: Socket
    at_b: Socket


@asynccontextmanager
async def house(empty: Path, folder: Path, bus_url: str, **settings: Any) -> AsyncIterator[House]:
    shutil.copytree(empty, folder, dirs_exist_ok=True)
    async with running_nodes(folder, bus_url, **settings) as nodes, aiohttp.ClientSession() as http:
        alice = await register(http, nodes[0].url, "alice")
        bob = await register(http, nodes[1].url, "bob")
        room_id = await alice.create_room("lobby")
        await bob.join(room_id)
        async with alice.socket() as at_a, bob.socket() as at_b:
            yield House(nodes, alice, bob, room_id, at_a, at_b)


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
    """Whoever asks, at either node, is told that they are as present as that."""
    for asking in (here.alice, here.bob):
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        shown = ""
        while shown != presence:
            assert asyncio.get_running_loop().time() < deadline, f"{shown} in vain of {presence}"
            found = await asking.call("GET", f"/api/rooms/{here.room_id}/members")
            shown = next(one["presence"] for one in found["members"] if one["user_id"] == person.user_id)
            await asyncio.sleep(0.01)


async def test_people_at_two_nodes_talk_as_at_one(empty: Path, tmp_path: Path) -> None:
    async with house(empty, tmp_path, shared().url) as here:
        await sees(here.at_a, here.bob, "online")
        for number in range(5):
            await here.at_a.say(here.room_id, f"a{number}")
            await hears(here.at_b, f"a{number}")
            await here.at_b.say(here.room_id, f"b{number}")
            await hears(here.at_a, f"b{number}")
        await here.at_b.send("chat.typing", room_id=here.room_id)
        await here.at_a.wait("chat.typing")
        room = await here.alice.call("POST", "/api/dms", {"username": "bob"})
        await here.at_b.wait(lambda event: event["type"] == "room.joined" and event["room_id"] == room["id"])
        await here.at_a.say(room["id"], "between us")
        heard = await hears(here.at_b, "between us")
        await here.at_b.ask("chat.read", room_id=room["id"], seq=heard["message"]["seq"])
        await here.at_a.wait(
            lambda event: event["type"] == "chat.read" and event["user_id"] == here.bob.user_id
        )


async def test_who_is_put_out_at_one_node_is_out_at_the_other(empty: Path, tmp_path: Path) -> None:
    async with house(empty, tmp_path, shared().url) as here:
        await here.alice.call("DELETE", f"/api/rooms/{here.room_id}/members/{here.bob.user_id}")
        left = await here.at_b.wait("room.left")
        assert left["reason"] == "kicked"
        refusal = await here.at_b.say(here.room_id, "still here")
        assert refusal["code"] == "room.not_member"


async def test_a_device_that_is_signed_out_at_one_node_is_signed_out_at_the_other(
    empty: Path, tmp_path: Path
) -> None:
    async with house(empty, tmp_path, shared().url) as here:
        first, _ = here.nodes
        body = {"username": "bob", "password": PASSWORD, "device_name": "phone"}
        session = await call(here.bob.http, first.url, "POST", "/api/auth/login", body)
        phone = Person(first.url, here.bob.http, session)
        await phone.call("DELETE", f"/api/auth/devices/{here.at_b.welcome['device']['id']}")
        assert await here.at_b.closed() == CloseCode.REVOKED
        await refused(401, "auth.invalid_token", here.bob.call("GET", "/api/rooms"))


async def test_without_a_bus_everything_in_the_log_still_arrives_and_the_rest_with_the_line(
    empty: Path, tmp_path: Path
) -> None:
    bus = NatsServer()
    bus.start()
    try:
        async with house(empty, tmp_path, bus.url, poll_s=0.05) as here:
            bus.stop()
            await until(lambda: not any(node.bus.is_up for node in here.nodes), "the lines to end")
            await here.at_a.say(here.room_id, "into the dark")
            await hears(here.at_b, "into the dark")
            other = await here.alice.create_room("kitchen")
            await here.alice.call("POST", f"/api/rooms/{other}/members", {"username": "bob"})
            await here.at_b.wait(lambda event: event["type"] == "room.joined" and event["room_id"] == other)
            await here.at_b.say(other, "thanks")
            await hears(here.at_a, "thanks")
            bus.start()
            await until(lambda: all(node.bus.is_up for node in here.nodes), "new lines")
            await here.at_b.ask("presence.update", presence="busy")
            await sees(here.at_a, here.bob, "busy")
    finally:
        bus.stop()


async def test_two_devices_at_two_nodes_find_each_other(empty: Path, tmp_path: Path) -> None:
    async with house(empty, tmp_path, shared().url) as here:
        certificate = "sha256:" + "0" * 64
        asked = {"room_id": here.room_id, "peer": "bob", "kind": "file"}
        mine = await here.at_a.ask("p2p.session.request", certificate_fingerprint=certificate, **asked)
        assert mine["type"] == "p2p.session.created", mine
        await here.at_b.wait("p2p.session.created")
        accepted = {"session_id": mine["session_id"], "certificate_fingerprint": certificate}
        await here.at_b.ask("p2p.session.accept", **accepted)
        await here.at_a.wait("p2p.session.accept")
        await here.at_b.send("p2p.candidate", session_id=mine["session_id"], payload="the way")
        assert (await here.at_a.wait("p2p.candidate"))["payload"] == "the way"
        path = f"/relay/{mine['session_id']}"
        async with relayed(here.alice, path) as hers, relayed(here.bob, path) as his:
            await hers.send_bytes(b"through two nodes")
            assert await his.receive_bytes(timeout=PATIENCE_S) == b"through two nodes"
            await his.send_bytes(b"and back")
            assert await hers.receive_bytes(timeout=PATIENCE_S) == b"and back"


def relayed(
    person: Person, path: str
) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
    bearer = {"Authorization": f"Bearer {person.token}"}
    return person.http.ws_connect(f"{person.url}{path}", headers=bearer)


async def test_people_of_a_node_that_says_no_more_are_gone(empty: Path, tmp_path: Path) -> None:
    async with house(empty, tmp_path, shared().url, heartbeat_s=1) as here:
        first, _ = here.nodes
        carol = await register(here.alice.http, first.url, "carol")
        await carol.join(here.room_id)
        subject = f"mesh.{first.built.store.epoch}"
        ghost = NatsBus([shared().url], node="ghost", subject=subject)

        async def live() -> None:
            person = PersonHere(carol.user_id, "online", room_ids=[here.room_id])
            for number in itertools.count():
                await first.built.store.cluster.beat(NodeRecord(id="ghost", began_at=0, beats=number))
                ghost.publish(PeopleHere("ghost", number, [person]))
                await asyncio.sleep(0.05)

        async with running(ghost.keep(), live()):
            await shows(here, carol, "online")
        await shows(here, carol, "offline")


async def test_one_node_pushes_and_knows_who_is_at_another(empty: Path, tmp_path: Path) -> None:
    async with push_server() as phone, contextlib.AsyncExitStack() as stack:
        push = {"allowed": [f"{phone.url} 127.0.0.0/8"], "delay_s": 0}
        here = await stack.enter_async_context(house(empty, tmp_path, shared().url, push=push))
        store = here.nodes[0].built.store.push
        await store.get_cursor()  # what is said from now on is pushed, whenever a node begins to lead
        carol = await register(here.alice.http, here.nodes[1].url, "carol")
        for person in (here.bob, carol):
            place = {"kind": "gotify", "url": phone.url, "token": "t", "name": person.name}
            await person.call("POST", "/api/push/targets", place)
        await shows(here, here.bob, "online")
        for name in ("bob", "carol"):
            room = await here.alice.call("POST", "/api/dms", {"username": name})
            await here.at_a.say(room["id"], f"for {name}")
        await until(lambda: phone.received, "a push")
        async with asyncio.timeout(PATIENCE_S):
            while await store.count_pushes():  # noqa: ASYNC110 - what it waits for is in the database
                await asyncio.sleep(0.01)
        assert len(phone.received) == 1, "Bob is at the other node, and two nodes are no two pushes"
