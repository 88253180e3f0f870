"""Guarantees 2, 3 and 7: kills, full disks and restarts."""

import asyncio
import itertools
import resource
import shutil
import signal
from pathlib import Path

import aiohttp
import pytest

from protocol.close import CloseCode
from tests.support.conditions import PATIENCE_S, until
from tests.support.raw_socket import Op, RawSocket
from tests.support.server import ServerProcess
from tests.support.wire import Json, Person, Refused, Socket, call

PATIENT = {"MESH_CLOSE_TIMEOUT_S": str(2 * PATIENCE_S), "MESH_STOP_TIMEOUT_S": str(10 * PATIENCE_S)}
"""Settings of a server that a test may hold up for as long as it may take."""


def address(server: ServerProcess) -> str:
    return server.url.removeprefix("http://")


async def history(person: Person, room_id: str) -> list[Json]:
    """Every message of the room, page by page."""
    messages: list[Json] = []
    while True:
        after = messages[-1]["seq"] if messages else 0
        page = await person.call("GET", f"/api/rooms/{room_id}/messages", after=after, limit=200)
        messages += page["messages"]
        if not page["has_more"]:
            return messages


# ── kill -9 ──────────────────────────────────────────────────────────────────────────────────────


async def test_what_was_acknowledged_survives_kills_exactly_once(
    server: ServerProcess, alice: Person, bob: Person, room_id: str
) -> None:
    """Two people write as fast as they can while the server is killed five times over."""
    acked: dict[str, int] = {}
    target = 60

    async def write(person: Person) -> None:
        number = 0
        while True:
            try:
                async with person.socket() as socket:
                    while True:
                        nonce = f"{person.name}-{number}"
                        ack = await socket.say(room_id, nonce, nonce=nonce)
                        assert ack["type"] == "chat.message.ack", ack
                        acked[nonce] = ack["seq"]
                        socket.seen.clear()
                        number += 1
            except (ConnectionError, aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(0)

    writing = [asyncio.create_task(write(person)) for person in (alice, bob)]
    for _ in range(5):
        goal = len(acked) + target
        await until(lambda goal=goal: len(acked) >= goal, "messages to be acknowledged", 3 * PATIENCE_S)  # type: ignore[misc]  # a bound default
        server.kill()
        server.start(address(server))
    for task in writing:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)

    messages = await history(alice, room_id)
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    stored = {message["content"]: message["seq"] for message in messages}
    assert len(stored) == len(messages), "a message is there twice"
    assert {nonce: stored.get(nonce) for nonce in acked} == acked


async def test_a_nonce_is_remembered_over_a_restart(
    server: ServerProcess, alice: Person, room_id: str
) -> None:
    async with alice.socket() as socket:
        first = await socket.say(room_id, "Hello!", nonce="once")
    server.kill()
    server.start(address(server))
    async with alice.socket() as socket:
        again = await socket.say(room_id, "Hello!", nonce="once")
        assert (again["message_id"], again["seq"]) == (first["message_id"], first["seq"])
    assert len(await history(alice, room_id)) == 1


# ── a full disk ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="only Linux can shrink a running process's limits"
)
async def test_a_full_disk_stops_acks_and_not_the_server(
    server: ServerProcess, alice: Person, bob: Person, room_id: str
) -> None:
    """A limit on the size of files does to the database what a full disk does."""
    limit = resource.RLIMIT_FSIZE
    async with alice.socket() as hers, bob.socket() as his:
        await hers.say(room_id, "before")
        resource.prlimit(server.pid, limit, (4096, resource.RLIM_INFINITY))
        refused = await hers.say(room_id, "too much")
        assert refused["code"] == "storage.unavailable"
        with pytest.raises(Refused) as not_ready:
            await call(alice.http, alice.url, "GET", "/readyz")
        assert not_ready.value.status == 503
        # Everything that only reads goes on.
        assert (await his.ask("system.ping"))["type"] == "system.pong"
        assert [message["content"] for message in await history(bob, room_id)] == ["before"]
        resource.prlimit(server.pid, limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        ack = await hers.say(room_id, "too much")
        assert (ack["type"], ack["seq"]) == ("chat.message.ack", 2)
        await his.wait(lambda m: m["type"] == "chat.message.created" and m["message"]["seq"] == 2)
    assert [message["content"] for message in await history(bob, room_id)] == ["before", "too much"]


# ── restarting ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("server", [PATIENT], ids=["patient"], indirect=True)
async def test_sigterm_says_bye_acknowledges_and_closes_with_1012(
    server: ServerProcess, alice: Person, bob: Person, room_id: str
) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        for number in range(200):
            await hers.send("chat.message.send", room_id=room_id, nonce=f"n{number}", content=f"{number}")
        await hers.wait("chat.message.ack")
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        for socket in (hers, his):
            assert await socket.closed() == 1012
            (bye,) = [message for message in socket.seen if message["type"] == "system.bye"]
            assert bye["retry_after"] > 0
        assert await stopping == 0
        acked = {m["nonce"] for m in hers.seen if m["type"] == "chat.message.ack"} | {"n0"}
        delivered = [m["message"]["seq"] for m in his.seen if m["type"] == "chat.message.created"]
    server.start(address(server))
    messages = await history(alice, room_id)
    assert {f"n{message['content']}" for message in messages} >= acked
    assert delivered == list(range(1, len(delivered) + 1))


@pytest.mark.parametrize("server", [PATIENT], ids=["patient"], indirect=True)
async def test_who_keeps_writing_keeps_no_server_from_stopping(
    server: ServerProcess, alice: Person, bob: Person, room_id: str
) -> None:
    """And hears the bye and the 1012, with all that a busy line holds at that moment.

    A client that a busy machine holds up is waited for.
    """

    async def write(hers: Socket) -> None:
        for number in itertools.count():
            await hers.send("chat.message.send", room_id=room_id, nonce=f"n{number}", content="Hello!")
            if number % 50 == 0:
                await asyncio.sleep(0)

    async with alice.socket() as hers, bob.socket() as his:
        writing = asyncio.create_task(write(hers))
        await his.wait("chat.message.created")
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        ended = asyncio.create_task(his.closed())
        while (frame := await hers.wire.receive()).type is aiohttp.WSMsgType.TEXT:
            hers.seen.append(frame.json())
        assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        assert "system.bye" in [message["type"] for message in hers.seen]
        assert await ended == 1012
        assert await stopping == 0
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


HASTY = {"MESH_HELLO_TIMEOUT_S": "0.1", "MESH_CLOSE_TIMEOUT_S": "0.1"}
"""Nothing but the goodbye's own time can end a line there."""


@pytest.mark.parametrize("server", [HASTY], ids=["hasty"], indirect=True)
async def test_who_says_no_hello_and_answers_no_goodbye_is_let_go(server: ServerProcess) -> None:
    for said in (b"", b'{"type":"system.ping"}'):
        socket = await RawSocket.open(server.url)
        if said:
            socket.send(Op.TEXT, said)
        *answers, last = await socket.frames_to_the_end()
        assert (last.opcode, last.close_code) == (Op.CLOSE, CloseCode.NOT_AUTHENTICATED)
        assert all(b"auth.required" in answer.payload for answer in answers), "perhaps it came in time"
        assert await socket.ended()
        socket.close()


async def test_it_prints_one_line_and_logs_json_without_secrets(
    server: ServerProcess, alice: Person, room_id: str
) -> None:
    async with alice.socket() as socket:
        await socket.say(room_id, "nobody else's business")
    assert server.stop(signal.SIGINT) == 0
    lines = server.log_text().splitlines()
    assert lines
    assert all(line.startswith("{") and line.endswith("}") for line in lines)
    for secret in ("password123", alice.token, alice.session["refresh_token"], "nobody else's"):
        assert secret not in server.log_text()


async def test_a_copied_folder_serves_everyone_again(
    server: ServerProcess, alice: Person, room_id: str, tmp_path: Path
) -> None:
    """What a backup of a stopped server is."""
    async with alice.socket() as socket:
        await socket.say(room_id, "Hello!")
    server.stop()
    copy = ServerProcess(Path(shutil.copytree(server.folder, tmp_path / "copy")))
    copy.start()
    try:
        alice.url = copy.url
        assert [message["content"] for message in await history(alice, room_id)] == ["Hello!"]
    finally:
        copy.stop()
