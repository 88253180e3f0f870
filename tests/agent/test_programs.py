"""`mesh-agent` as a real process: verbs, exit codes, signals, and being killed at the worst time."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mesh_agent.agent import Agent
from mesh_agent.client.folders import Profile
from protocol import limits
from protocol.version import __version__
from tests.agent.conftest import PASSWORD, OpenAgent, SignUp
from tests.agent.events import Listener
from tests.support import nursery
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess

COMMAND = [sys.executable, "-m", "mesh_agent"]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | more


@dataclass(frozen=True)
class Done:
    """What became of a process."""

    code: int
    out: str
    err: str

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def error(self) -> dict[str, str]:
        (line,) = self.err.splitlines()
        error: dict[str, str] = json.loads(line)["error"]
        return error


ENDS_S = 10 * PATIENCE_S
"""Also a program that writes to the disk hundreds of times, one after another, has ended by then."""


async def run(*arguments: str, stdin: str | bytes = "", **more: str) -> Done:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    wanted = partial(nursery.run, env=environment(**more), stdin=data, timeout=ENDS_S)
    process = await asyncio.to_thread(wanted, "mesh_agent", *arguments)
    assert b"Traceback" not in process.stderr, process.stderr.decode()
    return Done(process.returncode, process.stdout.decode(), process.stderr.decode())


async def done(*arguments: str, stdin: str = "") -> Done:
    """As `run`, for what must work."""
    result = await run(*arguments, stdin=stdin)
    assert result.code == 0, result.err
    return result


class Running:
    """A process whose lines are read as they come."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))

    async def wait_count(self, count: int) -> None:
        await until(lambda: len(self.lines) >= count, f"{count} lines, not {len(self.lines)}")

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            await self._reader
            return await self.process.wait()


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment(),
    )
    try:
        yield Running(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.fixture
async def alice(shared_server: str, sign_up: SignUp) -> str:
    """The profile of somebody signed in, with whom no other program is connected."""
    agent = await sign_up(shared_server, "alice")
    await agent.close()
    return agent.profile


def seqs(result: Done) -> list[int]:
    return [message["seq"] for message in result.objects()]


# ── what needs no server ─────────────────────────────────────────────────────────────────────────


async def test_help_and_version_load_nothing_heavy() -> None:
    assert (await done("--version")).out == f"mesh-agent {__version__}\n"
    for verb in ([], ["say"], ["room", "create"]):
        assert "example" in (await done(*verb, "--help")).out
    loaded = await run("--help", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in loaded.err.splitlines()}
    assert "argparse" in imported
    assert not imported & {"aiohttp", "asyncio", "msgspec", "sqlite3"}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["say", "room"],
        ["room", "paint"],
        ["history", "room", "--limit", "0"],
        ["history", "room", "--limit", "many"],
        ["say", "room", "x", "--timeout", "-1"],
        ["tail", "room", "--lines", "-1"],
        ["--profile", "../elsewhere", "rooms"],
        ["--server", "ftp://example.org", "rooms"],
        ["login", "alice"],
        ["login", "alice", "--password-file", "/nowhere/at/all"],
        ["login", "alice", "--password-file", "-"],
    ],
)
async def test_what_is_impossible_is_told_with_code_2(arguments: list[str]) -> None:
    result = await run(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith(("usage:", "mesh-agent:"))


async def test_a_file_of_a_newer_program_is_one_sentence() -> None:
    Profile.open("alice").session_path.write_text('{"version": 99}')
    result = await run("--profile", "alice", "rooms")
    assert (result.code, len(result.err.splitlines())) == (1, 1)
    assert "newer Mesh" in result.err


# ── the verbs ────────────────────────────────────────────────────────────────────────────────────


async def test_a_person_comes_and_goes(shared_server: str, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\nnot this line\n")
    common = ("--server", shared_server, "--profile", "comer", "--json")
    (user,) = (await done(*common, "register", "comer", "--password-file", str(password))).objects()
    assert user["username"] == "comer"
    assert (await done("rooms", "--profile", "comer")).out == ""
    again = await run("--profile", "comer", "login", "comer", "--password-file", str(password))
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert (await done("--profile", "comer", "logout")).out == "comer\n"
    refused = await run("--profile", "comer", "--json", "rooms")
    assert (refused.code, refused.error()["code"]) == (1, "client.signed_out")
    wrong = await run(
        "--profile", "comer", "login", "comer", "--password-file", "-", "--json", stdin="wrong password\n"
    )
    assert (wrong.code, wrong.error()["code"]) == (1, "auth.invalid_credentials")
    # The profile knows its last server; options stand before the verb or after it.
    back = await done("login", "comer", "--profile", "comer", "--password-file", "-", stdin=PASSWORD)
    assert back.out == "Signed in as comer.\n"


async def test_rooms_and_messages(alice: str, shared_server: str, open_agent: OpenAgent) -> None:
    name = f"Talk of {alice}"
    (room,) = (
        await done("--profile", alice, "--json", "room", "create", name, "--topic", "All\nof it")
    ).objects()
    assert (room["name"], room["topic"], room["visibility"]) == (name, "All of it", "public")
    taken = await run("--profile", alice, "--json", "room", "create", name.upper())
    assert (taken.code, taken.error()["code"]) == (1, "room.name_taken")

    (sent,) = (await done("--profile", alice, "--json", "say", name, "Hello,", "everyone")).objects()
    assert (sent["content"], sent["seq"], sent["room_id"]) == ("Hello, everyone", 1, room["id"])
    await done("--profile", alice, "say", room["id"], "two\nlines")
    shown = (await done("--profile", alice, "history", name)).out.splitlines()
    assert [line.partition("  ")[2] for line in shown] == [
        f"{alice}: Hello, everyone",
        f"{alice}: two",
        "  lines",
    ]

    bob = "bob-of-" + alice
    await done(
        "--server", shared_server, "--profile", bob, "register", bob, "--password-file", "-", stdin=PASSWORD
    )
    for verb in (["say", name, "x"], ["history", name], ["members", name], ["tail", name], ["leave", name]):
        outside = await run("--profile", bob, *verb)
        assert outside.code == 1
        assert f"Join it first: mesh-agent join '{name}'" in outside.err
    unknown = await run("--profile", bob, "--json", "join", "nothing\x1b[31m of the kind")
    assert (unknown.code, unknown.error()["code"]) == (1, "room.not_found")
    listed = (await done("--profile", bob, "--json", "rooms", "--public")).objects()
    assert name in {known["name"] for known in listed}
    await done("--profile", bob, "join", name.upper())
    members = (await done("--profile", bob, "--json", "members", name)).objects()
    assert [(member["username"], member["role"]) for member in members] == [
        (alice, "owner"),
        (bob, "member"),
    ]
    assert f"{alice}  (owner, " in (await done("--profile", bob, "members", name)).out
    (mine,) = (await done("--profile", bob, "--json", "rooms")).objects()
    assert (mine["id"], mine["last_seq"]) == (room["id"], 2)
    assert (await done("--profile", bob, "leave", name)).out == f"{name}\n"
    assert (await done("--profile", bob, "--json", "rooms")).objects() == []


async def test_each_line_of_stdin_is_a_message(alice: str) -> None:
    await done("--profile", alice, "room", "create", alice)
    lines = [f"line {number}" for number in range(200)]
    said = await done("--profile", alice, "--json", "say", alice, "-", stdin="\n\n".join(lines) + "\n")
    assert [message["content"] for message in said.objects()] == lines
    read = await done("--profile", alice, "--json", "history", alice, "--limit", "150")
    assert [message["content"] for message in read.objects()] == lines[-150:]
    older = await done("--profile", alice, "--json", "history", alice, "--limit", "5", "--before", "51")
    assert seqs(older) == [46, 47, 48, 49, 50]


async def test_lines_that_are_refused_are_told_and_the_others_arrive(alice: str) -> None:
    await done("--profile", alice, "room", "create", alice)
    long = "x" * (20 * limits.CONTENT_CHARS)
    said = await run(
        "--profile",
        alice,
        "--json",
        "say",
        alice,
        "-",
        stdin=f"first\n{long}tail\n\x1b\nbad \udcff bytes".encode(errors="surrogateescape"),
    )
    assert said.code == 1
    assert [message["content"] for message in said.objects()] == ["first", "bad \ufffd bytes"]
    codes = [json.loads(line)["error"]["code"] for line in said.err.splitlines()]
    assert codes == ["chat.content_too_long", "chat.content_empty", "client.some_refused"]


async def test_tail_follows_a_room_until_it_is_interrupted(alice: str) -> None:
    await done("--profile", alice, "room", "create", alice)
    await done("--profile", alice, "say", alice, "-", stdin="one\ntwo\nthree")
    async with running("--profile", alice, "tail", alice, "--lines", "2", "--json") as tail:
        await tail.wait_count(2)
        await done("--profile", alice, "say", alice, "four")
        await tail.wait_count(3)
        assert [json.loads(line)["content"] for line in tail.lines] == ["two", "three", "four"]
        assert await tail.end(signal.SIGINT) == 0


async def test_tail_ends_when_nobody_reads_it_any_more(alice: str) -> None:
    await done("--profile", alice, "room", "create", alice)
    await done("--profile", alice, "say", alice, "one")
    command = " ".join([*COMMAND, "--profile", alice, "tail", alice])
    piped = await asyncio.create_subprocess_shell(
        f"set -o pipefail; {command} | head -n 1",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
        executable="/bin/bash",
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await piped.communicate()
    assert out.decode().endswith("one\n")
    assert (piped.returncode, err) == (0, b"")


async def test_a_signal_ends_a_verb_with_the_shells_code(own_server: ServerProcess, sign_up: SignUp) -> None:
    agent = await sign_up(own_server.url, "alice")
    await agent.create_room("Test Chat")
    await agent.close()
    own_server.kill()
    for number in (signal.SIGINT, signal.SIGTERM):
        async with running("--profile", agent.profile, "say", "Test Chat", "x") as say:
            await until(lambda: outbox(agent), "the message on the disk")
            assert await say.end(number) == 128 + number
        clear(agent)


def database(agent: Agent) -> Path:
    (file,) = Profile.open(agent.profile).data.glob("*.db")
    return file


def outbox(agent: Agent) -> list[str]:
    with sqlite3.connect(database(agent)) as db:
        return [row[0] for row in db.execute("SELECT content FROM outbox ORDER BY position")]


def clear(agent: Agent) -> None:
    with sqlite3.connect(database(agent)) as db:
        db.execute("DELETE FROM outbox")


async def test_output_that_a_terminal_cannot_show_does_not_end_the_program(alice: str) -> None:
    await done("--profile", alice, "room", "create", alice)
    await done("--profile", alice, "say", alice, "naïve 😀")
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    plain = await run("--profile", alice, "history", alice, **ascii_only)
    assert plain.out.endswith(f"{alice}: na?ve ?\n")
    assert (await run("--profile", alice, "--json", "history", alice, **ascii_only)).objects()[0][
        "content"
    ] == "naïve 😀"


# ── the line and the worst time ──────────────────────────────────────────────────────────────────


@pytest.fixture
async def chat(own_server: ServerProcess, sign_up: SignUp) -> tuple[Agent, Agent, str]:
    """Alice, whose programs these tests run, bob, who sees what arrives, and their room."""
    alice = await sign_up(own_server.url, "alice")
    bob = await sign_up(own_server.url, "bob")
    room = await alice.create_room("Test Chat")
    await bob.join(room.id)
    await bob.wait_current(room.id)
    await alice.close()
    return alice, bob, room.id


def restart(server: ServerProcess) -> None:
    listen = server.url.removeprefix("http://")
    server.kill()
    server.start(listen)


async def test_what_is_said_without_a_server_is_kept_and_sent_later(
    own_server: ServerProcess, chat: tuple[Agent, Agent, str]
) -> None:
    alice, bob, room_id = chat
    heard = Listener(bob)
    listen = own_server.url.removeprefix("http://")
    own_server.kill()
    said = await run("--profile", alice.profile, "--json", "say", "Test Chat", "later", "--timeout", "0.1")
    assert (said.code, said.error()["code"]) == (1, "client.timeout")
    assert "It is kept" in said.error()["message"]
    assert outbox(alice) == ["later"]
    own_server.start(listen)
    await bob.reconnect_now()
    await done("--profile", alice.profile, "say", "Test Chat", "now")
    await heard.wait_texts(room_id, "later", "now")
    assert outbox(alice) == []


async def test_killed_before_it_could_send_it_arrives_once(
    own_server: ServerProcess, chat: tuple[Agent, Agent, str], open_agent: OpenAgent
) -> None:
    alice, bob, room_id = chat
    heard = Listener(bob)
    listen = own_server.url.removeprefix("http://")
    own_server.kill()
    async with running("--profile", alice.profile, "say", "Test Chat", "typed and killed") as say:
        await until(lambda: outbox(alice) == ["typed and killed"], "the message on the disk")
        await say.end(signal.SIGKILL)
    own_server.start(listen)
    await bob.reconnect_now()
    again = await open_agent(alice.profile)
    assert [waiting.content for waiting in again.outgoing(room_id)] == ["typed and killed"]
    await again.start()
    await heard.wait_texts(room_id, "typed and killed")
    await until(lambda: not outbox(alice), "the outbox to be empty")


async def test_killed_after_sending_and_before_the_answer_it_arrives_once(
    own_server: ServerProcess, chat: tuple[Agent, Agent, str], open_agent: OpenAgent
) -> None:
    alice, bob, room_id = chat
    heard = Listener(bob)
    async with running("--profile", alice.profile, "say", "Test Chat", "-") as say:
        assert say.process.stdin is not None
        say.process.stdin.write(b"first\n")
        await heard.wait_texts(room_id, "first")
        await until(lambda: not outbox(alice), "the answer, which may come after bob has heard it")
        # The server holds still: what is sent now lies in its socket, unanswered.
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            say.process.stdin.write(b"second\n")
            await until(lambda: outbox(alice) == ["second"], "the message on the disk")
            await say.end(signal.SIGKILL)
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
    again = await open_agent(alice.profile)
    mine = Listener(again)
    await again.start()
    await until(lambda: not again.outgoing(room_id) and not outbox(alice), "the outbox to be empty")
    await again.wait_current(room_id)
    outgoing = await again.send(room_id, "third")
    assert await again.sent(outgoing.nonce, PATIENCE_S) is not None
    await heard.wait_texts(room_id, "first", "second", "third")
    mine.close()


async def test_a_server_killed_while_lines_are_said_takes_each_once_and_in_order(
    own_server: ServerProcess, chat: tuple[Agent, Agent, str]
) -> None:
    alice, bob, room_id = chat
    heard = Listener(bob)
    lines = [f"line {number}" for number in range(120)]
    async with running("--profile", alice.profile, "say", "Test Chat", "-") as say:
        assert say.process.stdin is not None
        for number, line in enumerate(lines):
            say.process.stdin.write(f"{line}\n".encode())
            if number % 40 == 20:
                await say.wait_count(number - 20)
                restart(own_server)
                await bob.reconnect_now()
        say.process.stdin.close()
        async with asyncio.timeout(3 * PATIENCE_S):
            assert await say.process.wait() == 0
    await heard.wait_texts(room_id, *lines)


async def test_tail_outlives_its_server_without_losing_or_doubling(
    own_server: ServerProcess, chat: tuple[Agent, Agent, str]
) -> None:
    alice, bob, room_id = chat
    async with running("--profile", alice.profile, "tail", "Test Chat", "--json") as tail:

        async def said(*texts: str) -> None:
            await tail.wait_count(len(texts))
            assert [json.loads(line)["content"] for line in tail.lines] == list(texts)

        await bob.send(room_id, "before")
        await said("before")
        restart(own_server)
        await bob.reconnect_now()
        await bob.send(room_id, "after")
        await said("before", "after")
        own_server.kill()
        await bob.send(room_id, "typed while it was down")
        own_server.start(own_server.url.removeprefix("http://"))
        await bob.reconnect_now()
        await said("before", "after", "typed while it was down")
        assert await tail.end(signal.SIGTERM) == 0


async def test_tail_goes_on_after_an_absence_too_long_to_replay(
    own_server: ServerProcess, chat: tuple[Agent, Agent, str]
) -> None:
    alice, bob, room_id = chat
    count = limits.RESUME_MAX + 20
    async with running("--profile", alice.profile, "tail", "Test Chat", "--json") as tail:
        await bob.send(room_id, "0")
        await tail.wait_count(1)
        tail.process.send_signal(signal.SIGSTOP)
        restart(own_server)  # which ends the stopped program's line
        await bob.reconnect_now()
        for number in range(1, count):
            await bob.send(room_id, str(number))
        await until(lambda: not bob.outgoing(room_id), "all to be sent")
        tail.process.send_signal(signal.SIGCONT)
        await tail.wait_count(count)
        assert [json.loads(line)["content"] for line in tail.lines] == [
            str(number) for number in range(count)
        ]
        assert await tail.end(signal.SIGINT) == 0
