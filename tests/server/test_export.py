"""A room as lines of JSON: in order, whole, and while the server runs."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from mesh_server.store.export import PAGE
from protocol.rest import Message
from tests.support.commands import mesh_server
from tests.support.conditions import PATIENCE_S, next_millisecond
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Json, Person, register


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path / "data", MESH_LIMITS_ENABLED="false") as running:
        yield running


@pytest.fixture
async def alice(server: ServerProcess) -> AsyncIterator[Person]:
    async with aiohttp.ClientSession() as http:
        yield await register(http, server.url, "alice")


async def exported(server: ServerProcess, *arguments: str) -> list[Json]:
    done = await asyncio.to_thread(mesh_server, "export", *arguments, "--data", server.folder)
    assert (done.returncode, done.stderr) == (0, "")
    for line in done.stdout.splitlines():
        msgspec.json.decode(line, type=Message)
    return [json.loads(line) for line in done.stdout.splitlines()]


async def test_what_is_exported_is_what_the_room_says(server: ServerProcess, alice: Person) -> None:
    room_id = await alice.create_room("Test Chat")
    async with alice.socket() as socket:
        said = [await socket.say(room_id, text) for text in ("first", "second")]
        await next_millisecond()  # with which what is asked for "since" the third begins
        await socket.say(room_id, "thïrd\nline")
        await socket.ask(
            "chat.message.edit", room_id=room_id, message_id=said[1]["message_id"], content="better"
        )
        await socket.ask("chat.message.delete", room_id=room_id, message_id=said[0]["message_id"])
    lines = await exported(server, "test chat")
    assert lines == await exported(server, room_id) == await exported(server, "#Test Chat")
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert [line["content"] for line in lines] == ["", "better", "thïrd\nline"]
    assert {line["author"]["username"] for line in lines} == {"alice"}
    assert [line.get("deleted", False) for line in lines] == [True, False, False]
    assert [line.get("edited_at") is not None for line in lines] == [False, True, False]
    assert not any(line.get("nonce") for line in lines)

    since = lines[2]["created_at"]
    assert [line["seq"] for line in await exported(server, room_id, "--since", since)] == [3]
    assert len(await exported(server, room_id, "--since", "1999-12-31")) == 3
    assert await exported(server, room_id, "--since", "2999-01-01") == []


async def test_more_than_a_page_comes_without_a_seam(server: ServerProcess, alice: Person) -> None:
    room_id = await alice.create_room()
    async with alice.socket() as socket:
        for number in range(1, PAGE + 3):
            await socket.send("chat.message.send", room_id=room_id, nonce=f"n{number}", content=f"{number}")
        await socket.wait(lambda m: m["type"] == "chat.message.ack" and m["seq"] == PAGE + 2)
    lines = await exported(server, room_id)
    assert [line["seq"] for line in lines] == list(range(1, PAGE + 3))
    assert await asyncio.to_thread(hung_up_on, server, room_id) == (0, b"")


def hung_up_on(server: ServerProcess, room_id: str) -> tuple[int, bytes]:
    """Exit code and complaints of an export whose reader has enough at once."""
    with subprocess.Popen(
        [sys.executable, "-m", "mesh_server", "export", room_id, "--data", server.folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as export:
        assert export.stdout is not None
        assert export.stderr is not None
        export.stdout.close()
        return export.wait(PATIENCE_S), export.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "no room"),
        (["lounge", "--since", "yesterday"], "--since"),
        (["lounge", "--since", "2026-02-31"], "--since"),
        (["lounge", "--data", "/nonexistent"], "no database"),
    ],
)
def test_what_cannot_be_exported_is_said(server: ServerProcess, arguments: list[str], says: str) -> None:
    done = mesh_server("export", "--data", str(server.folder), *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
