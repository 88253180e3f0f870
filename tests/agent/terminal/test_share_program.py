"""`mesh-agent terminal share` as a person has it: the program in their own terminal, and the page over it."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from tests.agent.conftest import SignUp
from tests.agent.terminal.test_hosting import SHELL, announced, lingering, room_of, sees
from tests.agent.test_programs import run
from tests.support.conditions import until
from tests.support.terminal import Terminal, running


@pytest.fixture
async def alice(shared_server: str, sign_up: SignUp) -> Agent:
    """Owner of the room that bears her name."""
    agent = await sign_up(shared_server, "alice")
    await agent.create_room(agent.profile)
    return agent


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, alice: Agent) -> Agent:
    """A member of it."""
    agent = await sign_up(shared_server, "bob")
    await agent.join(room_of(alice))
    return agent


def arguments(alice: Agent, *more: str) -> list[str]:
    room = alice.room(alice.profile).name
    return ["--profile", alice.profile, "terminal", "share", "--room", room, *more]


@asynccontextmanager
async def sharing(alice: Agent, *more: str) -> AsyncIterator[Terminal]:
    program = [sys.executable, "-m", "mesh_agent", *arguments(alice, *more)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with running(Terminal(program, environment, columns=90, rows=20)) as terminal:
        yield terminal


async def shows(terminal: Terminal, wanted: str | Callable[[str], object]) -> str:
    return await asyncio.to_thread(terminal.wait_for, wanted)


async def test_a_host_works_as_ever_lets_somebody_in_and_gets_the_screen_back(
    alice: Agent, bob: Agent, tmp_path: Path
) -> None:
    recording = tmp_path / "shell.cast"
    async with sharing(alice, "--record", str(recording), "--", *SHELL) as terminal:
        await shows(terminal, "bash-")
        terminal.type("echo be''fore; stty size\r")
        await shows(terminal, lambda text: "before" in text and "20 90" in text)
        # A question of a program is answered by the emulator: the person's terminal never hears it.
        terminal.type("printf 'a\\e[6n'; read -rsd R answer; echo \"got ${answer#?}\"\r")
        await shows(terminal, re.compile(r"got \[\d+;2").search)
        assert b"\x1b[6n" not in terminal.last_bytes

        async with await bob.terminals.watch(room_of(alice), alice.profile) as watching:
            await asyncio.to_thread(terminal.wait_for_bytes, b"wants to watch: Ctrl+]")
            assert "wants to watch" not in terminal.text
            terminal.type("\x1d")
            told = ("wants to watch: l lets in", f"Recorded into {recording}"[:60])
            await shows(terminal, lambda page: all(each in page for each in told) and "before" not in page)
            terminal.type("l")
            await shows(terminal, "watches")
            await until(sees(watching, "before"), "the screen")
            await shows(terminal, lambda text: "lets in" not in text)
            terminal.type("v")
            await shows(terminal, "y: yes, we have compared them")
            terminal.type("y")
            await shows(terminal, lambda text: "compared them" not in text)
            terminal.type("w")
            await until(lambda: watching.writes, "the grant")
            watching.type(b"echo from'' the guest\r")
            await until(sees(watching, "from the guest"), "the echo")
            assert "from the guest" not in terminal.text
            terminal.press("escape")
            wanted = ("before", "from the guest")
            await shows(
                terminal, lambda back: all(each in back for each in wanted) and "may write" not in back
            )

            terminal.resize(70, 15)
            terminal.type("stty size\r")
            await shows(terminal, "15 70")
            terminal.type("\x1b[200~\x1decho pas''ted\x1b[201~\x15")
            terminal.type("exit 4\r")
            await until(lambda: watching.phase == "ended", "the end")
            assert watching.exit_status == 4
        assert await asyncio.to_thread(terminal.wait) == 0
        assert "ended with exit code 4." in terminal.text.replace("\n", "")  # it may not fit into one row
        assert terminal.modes[3] & 0o2  # lines are edited again (ICANON)
    assert recording.stat().st_mode & 0o777 == 0o600
    assert "from the guest" in recording.read_text()


async def test_nothing_is_left_where_the_program_of_the_host_is_killed(alice: Agent, bob: Agent) -> None:
    async with sharing(alice, "--let-in", "members", "--", *SHELL) as terminal:
        await shows(terminal, "bash-")
        (told,) = await announced(bob, alice, running=True)
        async with await bob.terminals.watch(room_of(alice), alice.profile, told.terminal) as watching:
            terminal.type("sleep 1000 & setsid sleep 1001 & echo rea''dy\r")
            await until(sees(watching, "ready"), "what it has started")
            assert len(lingering(told.terminal)) >= 3
            terminal.process.send_signal(signal.SIGKILL)
            await until(lambda: lingering(told.terminal) == [], "the end of all of it")
            await until(lambda: watching.phase in ("lost", "ended"), "the guest to be told")


async def test_without_a_terminal_nobody_can_be_asked(alice: Agent) -> None:
    ended = await run(*arguments(alice, "--", "true"))
    assert ended.code == 2
    assert "--let-in members" in ended.err
    ended = await run("--json", *arguments(alice, "--let-in", "compared", "--", "sh", "-c", "exit 5"))
    assert ended.code == 0
    assert json.loads(ended.out.splitlines()[-1])["exit_status"] == 5
