"""A server whose database is elsewhere: the commands that look at it, its keys, and what cannot be."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from mesh_server.config import Config
from mesh_server.doctor import Patient, examine
from mesh_server.keys import ACCESS, HOST, HOST_FILE, SIGNING, host_fingerprint
from tests.server.test_moving import ask
from tests.support.commands import mesh_server
from tests.support.conditions import PATIENCE_S
from tests.support.postgres import postgres_server
from tests.support.server import ServerProcess, running_server
from tests.support.wire import register


async def test_nodes_know_of_each_other_and_commands_look_at_their_database(tmp_path: Path) -> None:
    url = await postgres_server().fresh()
    async with aiohttp.ClientSession() as http:
        with running_server(tmp_path / "a", "--database", url) as node:
            alice = await register(http, node.url, "alice")
            room_id = await alice.create_room("lobby")
            async with alice.socket() as socket:
                await socket.say(room_id, "kept")
    with running_server(tmp_path / "a", "--database", url, MESH_HEARTBEAT_S="2") as node:
        async with aiohttp.ClientSession() as http:
            with running_server(tmp_path / "b", MESH_DATABASE=url, MESH_HEARTBEAT_S="2") as other:
                await figure(http, node.url, "mesh_nodes", 2)
                other.stop()
            await figure(http, node.url, "mesh_nodes", 1)

        async def command(*arguments: str) -> tuple[int, str, str]:
            data = tmp_path / "elsewhere"
            done = await asyncio.to_thread(mesh_server, *arguments, "--data", data, MESH_DATABASE=url)
            return done.returncode, done.stdout, done.stderr

        code, lines, _ = await command("export", "lobby")
        assert (code, [json.loads(line)["content"] for line in lines.splitlines()]) == (0, ["kept"])
        code, people, _ = await command("admin", "users", "list", "--json")
        assert (code, [each["username"] for each in json.loads(people)["accounts"]]) == (0, ["alice"])
        code, found, _ = await command("doctor", "--json")
        levels = {each["organ"]: each["level"] for each in json.loads(found)["findings"]}
        assert [levels[organ] for organ in ("keys", "schema", "numbers", "search index")] == ["ok"] * 4
        await _other_host_keys(url, tmp_path / "elsewhere")
        code, _, why = await command("backup", str(tmp_path / "backup"))
        assert (code, "pg_dump" in why) == (1, True)


async def _other_host_keys(url: str, folder: Path) -> None:
    """The key of the ssh door is that of the database; a node's own that is another one is told of."""
    config = Config(data=str(folder), ssh="127.0.0.1:0", database=url)
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    patient = Patient(config=config, file=None, env={}, now=datetime.now(UTC))

    async def found() -> list[tuple[str, str]]:
        all_ = await asyncio.to_thread(lambda: list(examine(patient)))
        return [(each.level, each.says) for each in all_ if each.organ == "ssh door"]

    (missing,) = await found()
    assert missing[0] == "warning"
    await ask(url, f"INSERT INTO meta VALUES ('{HOST}', '{'ab' * 32}')")
    known_by = ("ok", f"The door is known by {host_fingerprint(bytes.fromhex('ab' * 32))}.")
    assert await found() == [known_by]
    await asyncio.to_thread((folder / HOST_FILE).write_text, "cd" * 32)
    other, same = await found()
    assert (other[0], same) == ("warning", known_by)
    assert "another key than the database has" in other[1]
    await ask(url, f"UPDATE meta SET value = 'no key' WHERE key = '{HOST}'")
    assert [level for level, _ in await found()] == ["error"]


async def figure(http: aiohttp.ClientSession, url: str, name: str, wanted: int) -> None:
    """Waits until it is as wanted."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with http.get(f"{url}/metrics") as response:
                found = re.search(rf"^{name} (\S+)$", await response.text(), re.MULTILINE)
            if found and float(found[1]) == wanted:
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://mesh:unspoken@127.0.0.1:1/mesh", "The database cannot be used"),
        ("mongodb://127.0.0.1/mesh", "database is an address such as postgresql://"),
    ],
)
def test_a_database_that_cannot_be_is_said_without_its_password(tmp_path: Path, url: str, says: str) -> None:
    server = ServerProcess(tmp_path / "data", MESH_DATABASE=url)
    server.spawn("127.0.0.1:0")
    assert server.wait() in (1, 2)
    assert says in server.log_text()
    assert "unspoken" not in server.log_text()


async def test_keys_of_a_folder_are_those_of_all_nodes_and_broken_ones_are_refused(tmp_path: Path) -> None:
    url = await postgres_server().fresh()
    own = tmp_path / "own"
    own.mkdir()
    (own / "secret.key").write_text("ab" * 32 + "\n")
    with running_server(own, MESH_DATABASE=url):
        assert [path.name for path in own.glob("*.key")] == ["secret.key"]
    assert len(await ask(url, f"SELECT FROM meta WHERE key IN ('{ACCESS}', '{SIGNING}')")) == 2
    assert [row["value"] for row in await ask(url, f"SELECT value FROM meta WHERE key = '{ACCESS}'")] == [
        "ab" * 32 + "\n"
    ]
    await ask(url, f"UPDATE meta SET value = 'no key' WHERE key = '{SIGNING}'")
    server = ServerProcess(tmp_path / "b", MESH_DATABASE=url)
    server.spawn("127.0.0.1:0")
    assert server.wait() == 1
    assert f"The row {SIGNING} of the table meta in the database does not hold" in server.log_text()
