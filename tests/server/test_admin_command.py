"""`mesh-server admin` as a process: over the socket of a server that runs, and without one."""

import json
import os
import socket
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mesh_server.commands.admin_arguments import NOUNS
from mesh_server.console import door
from mesh_server.console.client import CannotAsk, ask
from mesh_server.console.operations import OPERATIONS
from mesh_server.errors import FolderHeld
from tests.support.commands import mesh_server
from tests.support.conditions import PATIENCE_S
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Person, call, refused, register


def admin(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    cheap = {"MESH_BCRYPT_COST": "4"}
    return mesh_server("admin", *arguments, "--data", folder, **(cheap | environment))


def done(folder: Path, *arguments: str, **environment: str) -> Any:
    """The answer of one that must succeed."""
    ran = admin(folder, *arguments, "--json", **environment)
    assert (ran.returncode, ran.stderr) == (0, "")
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("console") / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


# ── the door ─────────────────────────────────────────────────────────────────────────────────────


def test_the_socket_is_for_its_owner_alone(server: ServerProcess) -> None:
    mode = (server.folder / door.SOCKET_FILE).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_the_kernel_tells_who_is_at_the_other_end(server: ServerProcess) -> None:
    with door.connect(server.folder, timeout_s=PATIENCE_S) as line:
        assert door.peer_uid(line.fileno()) == os.geteuid()
    assert door.may_enter(os.geteuid())
    assert not door.may_enter(os.geteuid() + 1)
    assert not door.may_enter(None)


def test_a_folder_may_lie_deeper_than_a_sockets_address_is_long(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 100) / ("b" * 100)
    folder.mkdir(parents=True)
    with door.listen(folder) as listening, door.connect(folder, timeout_s=PATIENCE_S) as line:
        accepted, _ = listening.accept()
        with accepted:
            line.sendall(b"here")
            assert accepted.recv(4) == b"here"


def test_a_socket_that_was_left_behind_is_replaced(tmp_path: Path) -> None:
    door.listen(tmp_path).close()
    with pytest.raises(ConnectionRefusedError):
        door.connect(tmp_path, timeout_s=PATIENCE_S)
    with door.listen(tmp_path), door.connect(tmp_path, timeout_s=PATIENCE_S):
        pass


def test_the_socket_goes_with_the_server(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as running:
        assert running.stop() == 0
        assert not (running.folder / door.SOCKET_FILE).exists()


def post(path: str, body: bytes, kind: str = "application/json") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /stats HTTP/1.1\r\nHost: x\r\n\r\n",
        post("/nothing", b"{}"),
        post("/users.show", b"{}"),
        post("/users.show", b"no!"),
        post("/stats", b"{}", "text/plain"),
        b"\x00\xff\r\n\r\n",
    ],
)
def test_what_is_no_operation_is_refused_and_the_next_is_answered(server: ServerProcess, sent: bytes) -> None:
    with door.connect(server.folder, timeout_s=PATIENCE_S) as line:
        line.sendall(sent)
        assert line.recv(12).startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
        line.shutdown(socket.SHUT_WR)
    assert done(server.folder, "stats")["version"]


# ── while the server runs ────────────────────────────────────────────────────────────────────────


async def test_what_is_done_acts_at_once_on_open_sockets(
    server: ServerProcess, http: aiohttp.ClientSession
) -> None:
    await register(http, server.url, "first")
    bob = await register(http, server.url, "bob")
    async with bob.socket() as socket_:
        account = done(server.folder, "users", "suspend", "bob", "--reason", "spam")
        assert (account["username"], account["state"]) == ("bob", "suspended")
        assert await socket_.closed() == 4403
    login = {"username": "bob", "password": PASSWORD}
    await refused(403, "auth.suspended", call(http, server.url, "POST", "/api/auth/login", login))
    assert done(server.folder, "users", "restore", bob.user_id)["state"] == "active"
    await call(http, server.url, "POST", "/api/auth/login", login)
    entries = done(server.folder, "audit", "--to", "bob")["entries"]
    assert [(entry["action"], entry["actor"]) for entry in entries] == [
        ("account.restore", "console"),
        ("account.suspend", "console"),
    ]
    assert entries[1]["details"] == {"reason": "spam"}
    assert "actor_id" not in entries[0]


async def test_an_invite_for_the_first_people_lets_them_in(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running_server(tmp_path / "data", "--registration", "invite") as running:
        await register(http, running.url, "alice")
        body = {"username": "bob", "password": PASSWORD}
        asking = call(http, running.url, "POST", "/api/auth/register", body)
        await refused(403, "auth.invite_required", asking)
        ran = admin(running.folder, "invites", "create", "--uses", "1", "--expires", "2h")
        link = ran.stdout.splitlines()[0]
        assert link.startswith(f"{running.url}/invite/")
        async with http.get(link) as page:
            assert "You are invited to Mesh" in await page.text()
        bob = await register(http, running.url, "bob", invite=link.rpartition("/")[2])
        assert (await bob.call("GET", "/api/rooms"))["rooms"] == []
        code = link.rpartition("/")[2]
        again = call(
            http, running.url, "POST", "/api/auth/register", {**body, "username": "maker", "invite": code}
        )
        await refused(404, "room.invalid_invite", again)
        assert done(running.folder, "invites", "list")["invites"] == []


async def test_a_token_comes_in_until_it_is_revoked(
    server: ServerProcess, http: aiohttp.ClientSession
) -> None:
    owner = await register(http, server.url, "owner")
    room_id = await owner.create_room("Robots")
    made = done(server.folder, "tokens", "create", "owner", "a robot", "--expires", "30d")
    robot = Person(server.url, http, {**owner.session, "access_token": made["token"]})
    async with robot.socket() as socket_:
        await socket_.say(room_id, "Beep")
        (listed,) = done(server.folder, "tokens", "list", "owner")["tokens"]
        assert (listed["name"], "token" in listed) == ("a robot", False)
        assert done(server.folder, "tokens", "revoke", "owner", made["id"]) == {}
        assert await socket_.closed() == 4403
    await refused(401, "auth.invalid_token", robot.call("GET", "/api/auth/me"))
    gone = admin(server.folder, "tokens", "revoke", "owner", made["id"])
    assert gone.returncode == 1
    assert "no such personal token" in gone.stderr


async def test_rooms_are_looked_after_by_name(server: ServerProcess, http: aiohttp.ClientSession) -> None:
    maker, heir = [await register(http, server.url, name) for name in ("maker", "heir")]
    room_id = await maker.create_room("Kitchen Sink", visibility="private")
    summary = done(server.folder, "rooms", "owner", "kitchen sink", "heir")
    assert summary["owner"] == {"id": heir.user_id, "username": "heir"}
    assert (await heir.call("GET", f"/api/rooms/{room_id}"))["my_role"] == "owner"
    assert (await maker.call("GET", f"/api/rooms/{room_id}"))["my_role"] == "moderator"
    assert done(server.folder, "rooms", "archive", room_id)["archived"]
    assert "archived" not in done(server.folder, "rooms", "reopen", room_id)
    refusal = admin(server.folder, "rooms", "delete", room_id)
    assert refusal.returncode == 2
    assert "--yes" in refusal.stderr
    async with heir.socket() as socket_:
        assert done(server.folder, "rooms", "delete", "Kitchen Sink", "--yes") == {}
        assert (await socket_.wait("room.deleted"))["room_id"] == room_id
    await refused(404, "room.not_found", maker.call("GET", f"/api/rooms/{room_id}"))


async def test_a_password_is_handed_out(server: ServerProcess, http: aiohttp.ClientSession) -> None:
    forgetful = await register(http, server.url, "forgetful")
    password = done(server.folder, "users", "password", "forgetful")["password"]
    await refused(401, "auth.invalid_token", forgetful.call("GET", "/api/auth/me"))
    login = {"username": "forgetful", "password": password}
    session = await call(http, server.url, "POST", "/api/auth/login", login)
    again = call(http, server.url, "POST", "/api/auth/login", login)
    await refused(401, "auth.invalid_credentials", again)
    chosen = Person(server.url, http, session)
    await chosen.call("POST", "/api/auth/password", {"current": password, "new": "my own password"})
    await call(
        http, server.url, "POST", "/api/auth/login", {"username": "forgetful", "password": "my own password"}
    )


# ── what a person sees ───────────────────────────────────────────────────────────────────────────


async def test_a_table_for_people(server: ServerProcess, http: aiohttp.ClientSession) -> None:
    listed = await register(http, server.url, "listed")
    lines = admin(server.folder, "users", "list", "listed").stdout.splitlines()
    assert lines[0].split()[:3] == ["USERNAME", "ROLE", "STATE"]
    assert lines[1].split()[:3] == ["listed", "user", "active"]
    assert lines[1].endswith(listed.user_id)
    assert admin(server.folder, "users", "list", "nobody at all").stdout == "None.\n"
    assert "username" in admin(server.folder, "users", "show", "listed").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["users", "show", "nobody"], 1, "no such person"),
        (["users", "suspend", "nobody"], 1, "no such person"),
        (["rooms", "show", "nowhere"], 1, "no such room"),
        (["invites", "revoke", "nothing"], 1, "no such invite"),
        (["audit", "--before", "yesterday"], 1, "before is a day"),
        (["audit", "--action", "nothing"], 2, "invalid choice"),
        (["invites", "create", "--uses", "0"], 2, "no whole number from 1"),
        (["invites", "create", "--expires", "soon"], 2, "write 90s"),
        (["invites", "create", "--expires", "900w"], 1, "cannot be asked"),
        (["users", "list", "--limit", "1000"], 2, "no whole number from 1"),
        (["users", "role", "bob", "king"], 2, "invalid choice"),
        (["users", "delete", "bob"], 2, "--yes"),
        (["users"], 2, "required"),
        ([], 2, "required"),
        (["nonsense"], 2, "invalid choice"),
    ],
)
def test_what_cannot_be_is_refused(server: ServerProcess, arguments: list[str], code: int, said: str) -> None:
    where = ["--data", str(server.folder)] if len(arguments) > 1 else []
    ran = mesh_server("admin", *arguments, *where)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_every_operation_has_a_command() -> None:
    commands = {f"{name}.{verb}" for name, noun in NOUNS.items() for verb in noun.verbs}
    commands |= {name for name, noun in NOUNS.items() if not noun.verbs}
    assert commands == set(OPERATIONS)


# ── where no server runs ─────────────────────────────────────────────────────────────────────────


async def test_the_same_without_a_server(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    with running_server(tmp_path / "data") as running:
        await register(http, running.url, "alice")
        bob = await register(http, running.url, "bob")
        running.stop()
        folder = running.folder
        assert done(folder, "users", "suspend", "bob")["state"] == "suspended"
        last = admin(folder, "users", "delete", "alice", "--yes")
        assert last.returncode == 1
        assert "last administrator" in last.stderr
        assert done(folder, "stats")["suspended"] == 1
        link = done(folder, "invites", "create", MESH_PUBLIC_URL="https://chat.example.org/")["url"]
        assert link.startswith("https://chat.example.org/invite/")
        running.start()
        login = {"username": "bob", "password": PASSWORD}
        await refused(403, "auth.suspended", call(http, running.url, "POST", "/api/auth/login", login))
        actions = [entry["action"] for entry in done(folder, "audit")["entries"]]
        assert actions == ["server.invite", "account.suspend"]
        assert bob.user_id in {entry.get("target_id") for entry in done(folder, "audit")["entries"]}


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_without_data_is_told_of_and_left_alone(tmp_path: Path, *, there: bool) -> None:
    folder = tmp_path / "data"
    if there:
        folder.mkdir()
    ran = admin(folder, "users", "list")
    assert ran.returncode == 1
    assert str(folder) in ran.stderr
    assert folder.exists() is there
    assert not there or list(folder.iterdir()) == []


def test_a_folder_that_something_else_holds_is_waited_for_and_told_of(tmp_path: Path) -> None:
    (tmp_path / "mesh.db").touch()
    tries = []

    def alone(name: str, _given: object) -> None:
        tries.append(name)
        if len(tries) != 3:
            raise FolderHeld

    assert ask(tmp_path, "stats", {}, alone, patience_s=PATIENCE_S) is None
    assert len(tries) == 3
    with pytest.raises(CannotAsk, match="answers at no console"):
        ask(tmp_path, "stats", {}, alone, patience_s=0)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mesh.db").touch()
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(CannotAsk, match="belongs to somebody else"):
        ask(tmp_path, "stats", {}, lambda _name, _given: None)
