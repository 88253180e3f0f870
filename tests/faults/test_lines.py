"""Lines that stall, trickle, break or die unnoticed: each message once, in order, and nobody signed out.

The senders are the bare wire, which repeats a nonce by itself, and the real client with its outbox.
"""

import asyncio
import contextlib
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from mesh_agent.agent import Agent
from mesh_agent.client.folders import Profile
from mesh_agent.client.state import Connected
from tests.faults.conftest import HEARTBEAT_S
from tests.support.company import LOST
from tests.support.conditions import PATIENCE_S, until
from tests.support.line import Line, line_to
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Json, Person, register

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """It is the lines that break; silence does not matter to it."""
    with running_server(tmp_path_factory.mktemp("calm") / "data", MESH_HEARTBEAT_S="600") as running:
        yield running


@pytest.fixture(scope="module")
def watchful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """It notices who is silent, and so do its clients."""
    folder = tmp_path_factory.mktemp("watchful") / "data"
    with running_server(folder, MESH_HEARTBEAT_S=str(HEARTBEAT_S)) as running:
        yield running


@pytest.fixture
def server(request: pytest.FixtureRequest) -> ServerProcess:
    """The calm one, where a test does not name the other, `indirect`."""
    found: ServerProcess = request.getfixturevalue(getattr(request, "param", "calm"))
    return found


@pytest.fixture
async def line(server: ServerProcess) -> AsyncIterator[Line]:
    """A line of its own to the server."""
    async with line_to(server.url) as made:
        yield made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest.fixture
async def carol(server: ServerProcess, line: Line, room_id: str) -> AsyncIterator[Agent]:
    """The real client, over the line."""
    agent = await Agent.open(profile="carol", server=line.url)
    try:
        await agent.register(f"carol{next(_numbers)}", PASSWORD)
        await agent.wait_connected(PATIENCE_S)
        await agent.join(room_id)
        yield agent
    finally:
        await agent.close()


async def history(person: Person, room_id: str) -> list[tuple[int, str]]:
    page = await person.call("GET", f"/api/rooms/{room_id}/messages", limit=200)
    return [(message["seq"], message["content"]) for message in page["messages"]]


async def is_stored(person: Person, room_id: str, content: str) -> None:
    """Waits until the room has it."""
    async with asyncio.timeout(PATIENCE_S):
        while content not in [said for _, said in await history(person, room_id)]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def refreshes(person: Person) -> float:
    """How many the server has granted."""
    async with person.http.get(f"{person.url}/metrics") as response:
        counted = re.findall(
            r'^mesh_http_requests_total\{.*/auth/refresh.*"200".* (\S+)$', await response.text(), re.M
        )
    return sum(map(float, counted))


def says(content: str) -> Callable[[Json], bool]:
    return lambda m: m["type"] == "chat.message.created" and m["message"]["content"] == content


# ── the bare wire ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", ["cut", "reset", "lose_client", "lose_server"])
async def test_an_ack_that_was_lost_is_given_again(
    line: Line, alice: Person, bob: Person, room_id: str, end: str
) -> None:
    """The message arrives, the answer does not, and then the line ends in one way or another."""
    direct, alice.url = alice.url, line.url
    async with bob.socket() as his:
        async with alice.socket() as hers:
            line.mute()
            await hers.send("chat.message.send", room_id=room_id, nonce="once", content="Hello!")
            first = (await his.wait("chat.message.created"))["message"]
            getattr(line, end)()
            line.heal()
        async with alice.socket() as hers:
            ack = await hers.say(room_id, "Hello!", nonce="once")
            assert (ack["message_id"], ack["seq"]) == (first["id"], first["seq"])
        assert [m for m in await his.settle() if m["type"] == "chat.message.created"] == []
    alice.url = direct
    assert await history(alice, room_id) == [(1, "Hello!")]


async def test_a_line_that_gives_a_byte_at_a_time_is_as_good_as_any(
    line: Line, alice: Person, bob: Person, room_id: str
) -> None:
    line.trickle()
    alice.url = line.url
    async with alice.socket() as hers, bob.socket() as his:
        for number in range(1, 4):
            assert (await hers.say(room_id, f"message {number}"))["seq"] == number
        await his.say(room_id, "And hello to you!")
        await hers.wait("chat.message.created")
    assert [seq for seq, _ in await history(alice, room_id)] == [1, 2, 3, 4]


async def test_what_was_held_up_on_a_line_that_was_given_up_changes_nothing(
    line: Line, alice: Person, bob: Person, room_id: str
) -> None:
    """The same messages come by the new line first, and later by the old one."""
    nonces = [f"n{number}" for number in range(20)]
    direct, alice.url = alice.url, line.url
    async with alice.socket() as old, bob.socket() as his:
        line.stall()
        for nonce in nonces:
            await old.send("chat.message.send", room_id=room_id, nonce=nonce, content=nonce)
        alice.url = direct
        async with alice.socket() as new:
            seqs = [(await new.say(room_id, nonce, nonce=nonce))["seq"] for nonce in nonces]
            line.heal()
            late = [await old.wait(lambda m, n=nonce: m.get("nonce") == n) for nonce in nonces]  # type: ignore[misc]
            assert [ack["seq"] for ack in late] == seqs == list(range(1, 21))
        told = [m["message"]["seq"] for m in await his.settle() if m["type"] == "chat.message.created"]
        assert told == seqs


async def test_a_frame_that_was_cut_in_the_middle_is_no_message(
    line: Line, alice: Person, bob: Person, room_id: str
) -> None:
    direct, alice.url = alice.url, line.url
    async with bob.socket() as his:
        async with alice.socket() as hers:
            line.stop_after(40)
            with pytest.raises(LOST):
                await hers.say(room_id, "x" * 5_000, nonce="cut")
        alice.url = direct
        async with alice.socket() as hers:
            assert (await hers.say(room_id, "whole", nonce="cut"))["seq"] == 1
        assert (await his.wait("chat.message.created"))["message"]["content"] == "whole"


@pytest.mark.long
@pytest.mark.parametrize("server", ["watchful"], indirect=True)
async def test_silent_clients_are_noticed_within_two_heartbeats_and_others_stay(
    server: ServerProcess, http: aiohttp.ClientSession, alice: Person, room_id: str
) -> None:
    """All of them at once: it takes its time."""
    people = [await register(http, server.url, f"dave{next(_numbers)}") for _ in range(3)]
    for person in people:
        await person.join(room_id)
    async with asyncio.TaskGroup() as group:
        for person, end in zip(people, ("stall", "lose_client", "stop reading"), strict=True):
            group.create_task(_goes_and_comes_back(server, alice, person, room_id, end))
        group.create_task(_answers_pings(alice))


async def _goes_and_comes_back(
    server: ServerProcess, alice: Person, person: Person, room_id: str, end: str
) -> None:
    """Guarantee 6, and then 4: a silent peer is noticed, and misses nothing. How soon: `test_silence.py`."""

    def they_are(presence: str) -> Callable[[Json], bool]:
        told = {"type": "presence.update", "user_id": person.user_id, "presence": presence}
        return lambda message: message == message | told

    async with line_to(server.url) as line, alice.socket() as hers:
        direct, person.url = person.url, line.url
        async with person.socket() as theirs:
            (room,) = theirs.welcome["rooms"]
            await hers.wait(they_are("online"))
            if end == "stop reading":
                theirs.wire._conn.transport.pause_reading()  # type: ignore[union-attr]  # a line that died
            else:
                getattr(line, end)()
            await hers.wait(they_are("offline"))
            said = await hers.say(room_id, f"while {person.name} was away")
        person.url = direct
        async with person.socket(resume={room_id: room["rev"]}) as theirs:
            heard = await theirs.wait(says(f"while {person.name} was away"))
            assert heard["message"]["rev"] == said["rev"]


async def _answers_pings(person: Person) -> None:
    """And for three heartbeats sends nothing by itself."""
    async with person.socket() as socket:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3 * HEARTBEAT_S):
                while (await socket.wire.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
        assert not socket.wire.closed
        assert (await socket.ask("system.ping"))["type"] == "system.pong"


# ── the real client ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("server", "end"),
    [("calm", "cut"), ("calm", "reset"), ("calm", "lose_client"), ("watchful", "lose_server")],
    indirect=["server"],
)
async def test_the_outbox_sends_what_was_lost_once_and_in_order(
    line: Line, carol: Agent, bob: Person, room_id: str, end: str
) -> None:
    await carol.send(room_id, "1")
    # The next one is sent once this one is acknowledged, which is not to be lost with the rest.
    await until(lambda: not carol.outgoing(room_id), "the first to be acknowledged")
    line.mute()
    for number in range(2, 8):
        await carol.send(room_id, str(number))
    await is_stored(bob, room_id, "2")
    getattr(line, end)()
    line.heal()
    await is_stored(bob, room_id, "7")
    await until(lambda: not carol.outgoing(room_id), "the outbox to be empty")
    assert await history(bob, room_id) == [(number, str(number)) for number in range(1, 8)]
    held = (await carol.history(room_id)).messages
    assert [message.content for message in held] == [str(number) for number in range(1, 8)]


async def test_a_refresh_whose_answer_is_lost_signs_nobody_out(
    line: Line, server: ServerProcess, carol: Agent, bob: Person, room_id: str
) -> None:
    """The server has spent the token, the client has not heard of the next one."""
    await carol.close()
    path = Profile.open("carol").session_path
    file = json.loads(path.read_text())
    spent = file["accounts"][0]["refresh_token"]
    file["accounts"][0]["expires_at"] = 0  # so that the next thing it does is to refresh
    path.write_text(json.dumps(file))
    line.mute()
    granted = await refreshes(bob)
    again = await Agent.open(profile="carol", server=line.url)
    try:
        await again.start()
        async with asyncio.timeout(PATIENCE_S):
            while await refreshes(bob) == granted:  # noqa: ASYNC110 - what it waits for is at the server
                await asyncio.sleep(0.01)
        line.reset()
        line.heal()
        await again.reconnect_now()
        await until(lambda: isinstance(again.connection, Connected), "the line to be up again")
        assert again.user is not None
        await again.send(room_id, "still here")
        await until(lambda: not again.outgoing(room_id), "the message to be sent")
        account = json.loads(path.read_text())["accounts"][0]
        assert account["refresh_token"] not in {"", spent}
    finally:
        await again.close()
    assert (1, "still here") in await history(bob, room_id)
