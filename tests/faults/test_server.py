"""Guarantees 2, 3, 5, 6 and 7: kills, full disks, slow readers, dead lines and restarts."""

import asyncio
import itertools
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from socket import SO_RCVBUF, SOL_SOCKET

import aiohttp
import pytest

from tests.faults.conftest import HEARTBEAT_S
from tests.support.conditions import until
from tests.support.server import ServerProcess
from tests.support.wire import Json, Person, Refused, Socket, call


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
        await until(lambda goal=goal: len(acked) >= goal, "messages to be acknowledged")  # type: ignore[misc]  # a bound default
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


# ── slow and dead readers ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("heartbeat_s", [600.0])  # or silence would end the connection before slowness does
async def test_who_does_not_read_is_closed_and_resumes_without_loss(
    alice: Person, bob: Person, room_id: str
) -> None:
    total = 2_500
    async with alice.socket() as hers, bob.socket() as his:
        # Not receiving is not reading: the client library stops when its own small queue is full.
        _keep_the_kernel_from_reading(his)
        for number in range(total):
            ack = await hers.say(room_id, "x" * 7_900, nonce=f"n{number}")
            assert ack["seq"] == number + 1
            hers.seen.clear()
        metrics = await _metrics(alice)
        assert "mesh_slow_readers_total 1.0" in metrics
        assert await his.closed() in (4408, 1006)
        seen = [m["message"]["seq"] for m in his.seen if m["type"] == "chat.message.created"]
    assert seen == list(range(1, len(seen) + 1))
    async with bob.socket(resume={room_id: 1 + total - 300}) as his:
        await his.wait("room.resumed")
        replayed = [m["message"]["seq"] for m in his.seen if m["type"] == "chat.message.created"]
        assert replayed == list(range(total - 299, total + 1))


def _keep_the_kernel_from_reading(socket: Socket) -> None:
    """Its buffer grows to tens of megabytes where it may."""
    socket.wire.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, 64 * 1024)


async def test_whose_line_breaks_in_a_replay_is_seen_to_go(alice: Person, bob: Person, room_id: str) -> None:
    def bob_is(presence: str) -> Callable[[Json], bool]:
        return lambda m: (
            m["type"] == "presence.update" and m == {**m, "user_id": bob.user_id, "presence": presence}
        )

    async with alice.socket() as hers:
        for number in range(300):
            await hers.say(room_id, "\N{GRINNING FACE}" * 5_000, nonce=f"n{number}")
            hers.seen.clear()
        async with bob.socket(hello=False) as his:
            _keep_the_kernel_from_reading(his)
            await his.send("system.hello", version=1, resume={room_id: 1})
            await hers.wait(bob_is("online"))
            his.wire._conn.transport.abort()  # type: ignore[union-attr]  # a line that breaks
            await hers.wait(bob_is("offline"))


async def _metrics(person: Person) -> str:
    async with person.http.get(f"{person.url}/metrics") as response:
        return await response.text()


async def test_a_silent_client_is_noticed_within_two_heartbeats(
    alice: Person, bob: Person, room_id: str
) -> None:
    loop = asyncio.get_running_loop()
    async with alice.socket() as hers, bob.socket() as his:
        await hers.wait(lambda m: m["type"] == "presence.update" and m["presence"] == "online")
        his.wire._conn.transport.pause_reading()  # type: ignore[union-attr]  # a line that died
        silent_since = loop.time()
        await hers.wait(
            lambda m: (
                m["type"] == "presence.update" and (m["user_id"], m["presence"]) == (bob.user_id, "offline")
            )
        )
        # Generous to a busy machine: what is tested is that it happens at all.
        assert loop.time() - silent_since < 10 * HEARTBEAT_S


async def test_a_client_that_answers_pings_stays(alice: Person, room_id: str) -> None:
    """For three heartbeats it sends nothing by itself."""
    loop = asyncio.get_running_loop()
    async with alice.socket() as hers:
        deadline = loop.time() + 3 * HEARTBEAT_S
        while (left := deadline - loop.time()) > 0:
            try:
                await asyncio.wait_for(hers.wire.receive(), left)
            except TimeoutError:
                break
        assert not hers.wire.closed
        assert (await hers.ask("system.ping"))["type"] == "system.pong"


# ── restarting ───────────────────────────────────────────────────────────────────────────────────


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


async def test_who_keeps_writing_keeps_no_server_from_stopping(
    server: ServerProcess, alice: Person, bob: Person, room_id: str
) -> None:
    """And hears the bye and the 1012, with all that a busy line holds at that moment."""

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


# ── a start that cannot be ───────────────────────────────────────────────────────────────────────


def start(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mesh_server", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_server_on_the_same_folder_is_refused_in_one_sentence(server: ServerProcess) -> None:
    second = start("--listen", "127.0.0.1:0", "--data", str(server.folder))
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith("mesh-server: Another mesh-server already runs")
    assert second.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_refused_in_one_sentence(server: ServerProcess, tmp_path: Path) -> None:
    second = start("--listen", address(server), "--data", str(tmp_path / "other"))
    assert second.returncode == 1
    assert "Cannot listen on" in second.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--listen", "nowhere"], "listen is HOST:PORT"),
        (["--listen", "127.0.0.1:99999"], "listen is HOST:PORT"),
        (["--config", "/nonexistent.toml"], "cannot be read"),
        (["--registration", "perhaps"], "invalid choice"),
        (["--data", "/proc/nowhere"], "data folder"),
    ],
)
def test_what_cannot_be_configured_is_said(arguments: list[str], says: str) -> None:
    result = start(*arguments)
    assert result.returncode in (1, 2)
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_a_key_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mesh.toml"
    file.write_text('listen = "127.0.0.1:0"\nlisten_adress = "typo"\n')
    result = start("--config", str(file))
    assert result.returncode == 2
    assert "listen_adress" in result.stderr


def test_what_is_no_database_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "mesh.db").write_bytes(b"this is not a database" * 1000)
    result = start("--listen", "127.0.0.1:0", "--data", str(tmp_path))
    assert result.returncode == 1
    assert "cannot be opened" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


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
