"""Keeps a database of one schema version for the tests that upgrade it: `tests/server/schemas/REVISION.sql`.
That of the newest is also written without the story: what a new database is made of, `NEW` in `store.schema`.

    .venv/bin/python -m scripts.make_schema            # the newest version, when a migration was added
    .venv/bin/python -m scripts.make_schema 0001 0002  # older ones, by the servers of then

Strategy: the real server of that version (for an older one, of the last commit that had it, in a worktree
that goes away again) is told a story over its own REST and WebSocket, with a bit of everything in it. What
that server does not know yet is left out. A table that the story leaves empty gets one made-up row, which is
worth a look before it is committed: the file is text. It is made once; an upgrade must keep it for ever.
"""

import argparse
import asyncio
import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp

from mesh_server.store import schema
from mesh_server.store.database import make_engine

ROOT: Final = Path(__file__).parents[1]
SCHEMAS: Final = ROOT / "tests" / "server" / "schemas"
MARKER: Final = "mesh_server/store/migrations/__init__.py"
PASSWORD: Final = "password123"  # the story's own
RETENTION_S: Final = 3650 * 86_400
"""So long that nothing of the story is forgotten while anyone tests with it."""

SETTINGS: Final = {
    "MESH_BCRYPT_COST": "4",
    "MESH_LOG_LEVEL": "warning",
    "MESH_PUSH_ALLOWED": "https://ntfy.example.org",
    "MESH_PUSH_DELAY_S": "3600",  # nothing leaves this machine
}
INDEX: Final = "message_search"
"""The full-text index: a virtual table, whose own tables FTS5 makes."""


# ── the server of then ───────────────────────────────────────────────────────────────────────────────


def revision_of(text: str) -> str:
    found = re.search(r'HEAD: Final = "(\w+)"', text)
    return found[1] if found else ""


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True
    ).stdout


def marker_at(commit: str) -> str:
    """Empty where there was no server yet."""
    with contextlib.suppress(subprocess.CalledProcessError):
        return git("show", f"{commit}:{MARKER}")
    return ""


@contextlib.contextmanager
def source_of(revision: str) -> Iterator[Path]:
    """A folder with the source of the server of that version."""
    if revision_of((ROOT / MARKER).read_text()) == revision:
        yield ROOT
        return
    for commit in git("rev-list", "HEAD").split():
        # The newest of them: a version is kept by many commits, and its first one may not be whole yet.
        if revision_of(marker_at(commit)) == revision:
            break
    else:
        raise SystemExit(f"no commit has a database of version {revision}")
    with tempfile.TemporaryDirectory(prefix="mesh-schema-") as folder:
        git("worktree", "add", "--detach", f"{folder}/source", commit)
        try:
            yield Path(folder) / "source"
        finally:
            git("worktree", "remove", "--force", f"{folder}/source")


@contextlib.contextmanager
def server(source: Path, data: Path) -> Iterator[str]:
    """The address of a server from that source, stopped in the end as an operator would."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "mesh_server", "--listen", "127.0.0.1:0", "--data", data],
        cwd=source,
        env=environment | SETTINGS,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("mesh-server listening on "):
            raise SystemExit("the server did not start")
        yield line.split()[-1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


# ── the story ────────────────────────────────────────────────────────────────────────────────────────


class Someone:
    """One device of a person. What the server does not know yet answers None."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url
        self.session: dict[str, Any] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._number = 0

    @property
    def id(self) -> str:
        return str(self.session["user"]["id"])

    async def call(self, method: str, path: str, **body: Any) -> Any:
        token = self.session.get("access_token", "")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self._url + path
        async with self._http.request(method, url, headers=headers, json=body or None) as response:
            if response.status in (404, 405):
                return None
            text = await response.text()
            if response.status >= 400:
                raise SystemExit(f"{method} {path}: {response.status} {text}")
            return await response.json() if response.status != 204 else {}

    async def enter(self, how: str, name: str, device: str) -> None:
        body = {"username": name, "password": PASSWORD, "device_name": device}
        self.session = await self.call("POST", f"/api/auth/{how}", **body)

    async def say(self, type_: str, **fields: Any) -> Any:
        """Asks over the socket; the answer, or None where the type is unknown."""
        if self._socket is None:
            self._socket = await self._http.ws_connect(f"{self._url}/ws", protocols=["mesh.v1.json"])
            token = self.session["access_token"]
            await self.say("system.hello", version=1, token=token, device_key=f"sha256:{self.id}")
        self._number += 1
        await self._socket.send_json({"type": type_, "id": self._number, **fields})
        while True:
            answer = await self._socket.receive_json(timeout=20)
            if answer.get("re") == self._number:
                break
        if answer["type"] != "system.error":
            return answer
        if answer["code"] == "message.unknown_type":
            return None
        raise SystemExit(f"{type_}: {answer}")

    async def message(self, room_id: str, content: str, **more: Any) -> str:
        self._number += 1
        fields = {"room_id": room_id, "nonce": f"nonce-{self.id}-{self._number}", "content": content}
        ack = await self.say("chat.message.send", **fields, **more)
        return str(ack["message_id"])


async def tell_story(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        alice, bob, carol, phone, lost = (Someone(http, url) for _ in range(5))
        await alice.enter("register", "alice", "alice's laptop")
        await bob.enter("register", "bob", "bob's laptop")
        await carol.enter("register", "carol", "carol's laptop")
        await phone.enter("login", "alice", "alice's phone")
        await lost.enter("login", "alice", "a phone that was lost")
        await lost.call("POST", "/api/auth/logout")
        token = phone.session["refresh_token"]
        phone.session = await phone.call("POST", "/api/auth/refresh", refresh_token=token)
        await carol.call("PATCH", "/api/auth/me", display_name="Carol C.")
        general = await _rooms(alice, bob, carol)
        await _messages(alice, bob, carol, general)
        await _order(alice, bob, carol)
        await _later(alice, bob, carol, general)


async def _rooms(alice: Someone, bob: Someone, carol: Someone) -> str:
    general = (await alice.call("POST", "/api/rooms", name="General", topic="All of us"))["id"]
    private = (await alice.call("POST", "/api/rooms", name="Attic", visibility="private"))["id"]
    for person in (bob, carol):
        await person.call("POST", f"/api/rooms/{general}/join")
    await alice.message(private, "Nobody else reads this.")
    dm = await alice.call("POST", "/api/dms", username="bob")
    if dm is not None:
        await bob.message(dm["id"], "Between the two of us.")
    return str(general)


async def _messages(alice: Someone, bob: Someone, carol: Someone, room_id: str) -> None:
    here = {"room_id": room_id}
    first = await alice.message(room_id, "Good morning, everyone!")
    second = await bob.message(room_id, "Good morning, @alice", reply_to=first, mentions=[alice.id])
    await carol.message(room_id, "In the thread", thread=first)
    third = await carol.message(room_id, "To be taken back")
    await bob.message(room_id, "plain", content_type="text/plain")
    await alice.message(room_id, "ciphertext", content_type="application/octet-stream")
    for number in range(5):
        await bob.message(room_id, f"Message {number}: größer, naïve, 日本語, 👍")
    await bob.say("chat.read", seq=4, **here)
    await bob.say("chat.message.edit", message_id=second, content="Good morning, alice", mentions=[], **here)
    await bob.say(
        "chat.message.edit", message_id=second, content="Good day, alice", mentions=[alice.id], **here
    )
    await carol.say("chat.message.delete", message_id=third, **here)
    for person, reaction in ((alice, "👍"), (bob, "👍"), (carol, "🎉")):
        await person.say("chat.reaction.add", message_id=first, reaction=reaction, **here)
    await alice.say("chat.message.pin", message_id=first, **here)
    await alice.call("GET", "/api/search?q=morning")  # which brings the index up to date


async def _order(alice: Someone, bob: Someone, carol: Someone) -> None:
    room = (await alice.call("POST", "/api/rooms", name="Strict"))["id"]
    path = f"/api/rooms/{room}"
    for person in (bob, carol):
        await person.call("POST", f"{path}/join")
    await carol.message(room, "I was here.")
    await alice.call("PATCH", f"{path}/members/{bob.id}", role="moderator")
    await alice.call("PATCH", path, topic="With order", slow_mode_s=5, retention_s=RETENTION_S)
    await alice.call("POST", f"{path}/invites", max_uses=3)
    await alice.call("POST", f"{path}/bans", username="carol", reason="for the story")
    old = (await alice.call("POST", "/api/rooms", name="Old"))["id"]
    await alice.message(old, "All was said.")
    await alice.call("PATCH", f"/api/rooms/{old}", archived=True)


async def _later(alice: Someone, bob: Someone, carol: Someone, room_id: str) -> None:
    """What came with later versions; each line is for a table."""
    await alice.call("POST", f"/api/admin/users/{carol.id}/suspend", reason="for the story")
    await alice.call("POST", f"/api/admin/users/{carol.id}/restore")
    await bob.call("POST", "/api/auth/tokens", name="a script of bob's")
    await alice.call("POST", "/api/admin/invites", max_uses=1)
    await alice.call("POST", "/api/p2p/session", room_id=room_id, kind="file", peer=bob.id)
    place = {"kind": "ntfy", "url": "https://ntfy.example.org", "topic": "bobs", "name": "bob's phone"}
    await bob.call("POST", "/api/push/targets", **place)


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────


def tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    names = [str(row[0]) for row in connection.execute(query)]
    return [name for name in names if not name.startswith(("sqlite_", INDEX))]


def fill(connection: sqlite3.Connection) -> list[str]:
    """Puts a made-up row into each table that is empty; the names of those."""
    empty = [t for t in tables(connection) if not connection.execute(f'SELECT 1 FROM "{t}"').fetchone()]
    for table in empty:
        others = {}
        for row in connection.execute(f'PRAGMA foreign_key_list("{table}")'):
            found = connection.execute(f'SELECT "{row[4]}" FROM "{row[2]}" LIMIT 1').fetchone()
            others[row[3]] = found[0] if found else None
        columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        values = [others.get(column[1], _made_up(column[1], column[2])) for column in columns]
        names = ", ".join(f'"{column[1]}"' for column in columns)
        marks = ", ".join("?" * len(columns))
        connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', values)
    connection.commit()
    return empty


def _made_up(name: str, kind: str) -> object:
    if "INT" in kind:
        return time.time_ns() // 1_000_000 if name.endswith("_at") else 1
    return bytes(range(32)) if kind == "BLOB" else f"example {name}"


def dump(connection: sqlite3.Connection) -> Iterator[str]:
    """SQL that makes this database again, a row a line."""
    made = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    )
    kept = [row for row in made.fetchall() if not row[1].startswith((f"{INDEX}_", "sqlite_"))]
    yield "BEGIN;"
    for kind, _, sql in kept:
        if kind == "table":
            yield f"{sql};"
    for table in tables(connection):
        yield from _rows(connection, table)
    if any(name == INDEX for _, name, _ in kept):
        indexed = "(SELECT value FROM meta WHERE key = 'search_pk')"
        columns = ", ".join(str(row[1]) for row in connection.execute(f"PRAGMA table_info({INDEX})"))
        yield f"INSERT INTO {INDEX}(rowid, {columns}) SELECT pk, {columns} FROM messages"
        yield f"  WHERE pk <= {indexed} AND deleted_at IS NULL AND content_type LIKE 'text/%';"
    for kind, _, sql in kept:
        if kind != "table":
            yield f"{sql};"
    yield "COMMIT;"


def write_new(path: Path) -> None:
    """Writes to `path` what all migrations make of nothing."""
    with tempfile.TemporaryDirectory(prefix="mesh-schema-") as folder:
        made = Path(folder) / "new.db"
        with make_engine(made).connect().execution_options(writes=True) as engine, engine.begin():
            schema.upgrade(engine, None)
        with contextlib.closing(sqlite3.connect(made)) as connection:
            path.write_text(schema.BETWEEN.join(_statements(connection)) + "\n")


def _statements(connection: sqlite3.Connection) -> Iterator[str]:
    """Those that make this database, which has hardly a row, again."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type != 'table', rowid"
    for name, sql in connection.execute(query):
        if not name.startswith((f"{INDEX}_", "sqlite_")):
            yield re.sub(r"\n\s*\n", "\n", sql.strip())
    for table in tables(connection):
        for row in _rows(connection, table):
            yield row.removesuffix(";")


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    columns = [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table}")')]
    quoted = ", ".join(f'quote("{column}")' for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    for row in connection.execute(f'SELECT {quoted} FROM "{table}"'):
        # A line end inside a text would end the line of the file.
        values = ", ".join(str(value).replace("\n", "'||char(10)||'") for value in row)
        yield f'INSERT INTO "{table}" ({names}) VALUES ({values});'


def make(revision: str) -> None:
    with tempfile.TemporaryDirectory(prefix="mesh-schema-") as folder, source_of(revision) as source:
        data = Path(folder) / "data"
        with server(source, data) as url:
            asyncio.run(tell_story(url))
        with contextlib.closing(sqlite3.connect(data / "mesh.db")) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            if found != revision:
                raise SystemExit(f"that server makes databases of version {found}, not {revision}")
            made_up = fill(connection)
            SCHEMAS.mkdir(exist_ok=True)
            path = SCHEMAS / f"{revision}.sql"
            path.write_text("\n".join(dump(connection)) + "\n")
    if source == ROOT:
        write_new(schema.NEW)
    print(f"{path.relative_to(ROOT)}" + (f": made-up rows in {', '.join(made_up)}" if made_up else ""))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision", nargs="*", default=[revision_of((ROOT / MARKER).read_text())])
    for revision in parser.parse_args().revision:
        make(revision)


if __name__ == "__main__":
    main()
