"""Watching a terminal whose host does what a test wants, between two agents at a real server."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from mesh_agent.sharing.orders import Stop
from mesh_agent.terminal.errors import TerminalOver
from mesh_agent.terminal.text import text_of
from mesh_agent.terminal.watching import Watching
from protocol.errors import PeerNotMember
from protocol.peer_terminal import (
    Run,
    TermAck,
    TermClose,
    TermGrant,
    TermHistory,
    TermInput,
    TermLines,
    TermOpen,
    TermResize,
    TermStatus,
    Watcher,
)
from tests.agent.terminal.scripted import TERMINAL, Stage, opened, state
from tests.support.conditions import until


def watchers() -> list[int]:
    """The processes of this one through which terminals are watched."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"mesh_agent.terminal.watcher" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except (OSError, IndexError, ValueError):
            continue
    return found


def shown(watching: Watching) -> list[str]:
    return [line for line in text_of(watching.screen.rows_) if line]


async def test_seen_typed_into_lost_and_back(stage: Stage) -> None:
    async with await stage.watch() as watching:
        host = await stage.asked()
        assert host.of(TermOpen) == [TermOpen(columns=100, rows=30, terminal=TERMINAL)]
        await until(lambda: watching.phase == "asking", "being asked for")
        host.say(opened(), TermStatus(watchers=[Watcher("bob")], recorded=True), state(1, 0, "$"))
        await until(lambda: shown(watching) == ["$"], "the screen")
        assert (watching.command, watching.recorded, watching.way) == ("bash", True, "direct")
        await until(lambda: host.of(TermAck) == [TermAck(number=1)], "an acknowledgement")

        assert not watching.type(b"too early")
        watching.ask_to_write()
        await until(lambda: host.of(TermGrant), "the question")
        host.say(TermGrant(write=True))
        await until(lambda: watching.writes, "the grant")
        assert watching.type(b"ls")
        watching.resize(90, 20)
        host.say(state(2, 1, "$ ls", echo=1))
        await until(lambda: shown(watching) == ["$ ls"], "the echo")
        await until(lambda: host.of(TermAck)[1:] == [TermAck(number=2)], "its acknowledgement")
        await until(lambda: host.of(TermResize), "the size")
        assert host.of(TermInput) == [TermInput(data=b"ls", stamp=1)]

        asking = asyncio.create_task(watching.lines(5, 10))
        await until(lambda: host.of(TermHistory), "the question for lines")
        request = host.of(TermHistory)[0].request
        host.say(TermLines(request=request, first=6, lines=[[Run("six")], []]))
        assert await asking == (6, [[Run("six")], []])
        unanswered = asyncio.create_task(watching.lines(5, 10))
        await until(lambda: len(host.of(TermHistory)) == 2, "one more question")

        assert host.attempt is not None
        host.attempt.tell(Stop())
        await until(lambda: watching.phase == "lost", "the loss")
        assert shown(watching) == ["$ ls"]
        assert not watching.type(b"x")
        with pytest.raises(TerminalOver):
            await unanswered
        await stage.asked(2)
        assert host.of(TermOpen)[1] == TermOpen(columns=90, rows=20, terminal=TERMINAL)
        host.say(opened(), state(1, 0, "anew"))
        await until(lambda: shown(watching) == ["anew"], "the whole screen")
        assert watching.phase == "open"
        assert not watching.writes

        for process in watchers():
            os.kill(process, signal.SIGKILL)
        await stage.asked(3)
        host.say(opened(), state(1, 0, "again"), TermClose(code="ended", exit_status=3))
        await until(lambda: watching.over, "the end")
        assert (watching.phase, watching.exit_status) == ("ended", 3)
        assert watching.reason == "The program ended with exit code 3."
        assert shown(watching) == ["again"]
    await until(lambda: not watchers(), "the end of the process")


async def test_who_leaves_says_so(stage: Stage) -> None:
    async with await stage.watch("") as watching:
        host = await stage.asked()
        host.say(opened())
        await until(lambda: watching.phase == "open", "being let in")
        assert watching.terminal == TERMINAL
    await until(lambda: host.of(TermClose), "the goodbye")
    await until(lambda: host.over, "the end of the session")
    assert watching.over
    await watching.close()


async def test_who_is_not_wanted_is_told_and_does_not_ask_again(stage: Stage) -> None:
    async with await stage.watch() as watching:
        host = await stage.asked()
        host.say(TermClose(code="declined", reason="Not now."))
        await until(lambda: watching.over, "the refusal")
        assert (watching.phase, watching.reason) == ("refused", "Not now.")
        await until(lambda: host.over, "the end of the session")
        assert len(host.of(TermOpen)) == 1


async def test_a_host_that_makes_no_sense_costs_the_connection_alone(stage: Stage) -> None:
    async with await stage.watch() as watching:
        host = await stage.asked()
        host.say(opened(), state(1, 0, "fine"))
        await until(lambda: shown(watching) == ["fine"], "the screen")
        host.say(state(9, 7, "from nowhere"))
        await until(lambda: watching.phase == "lost", "the fault")
        assert shown(watching) == ["fine"]
        await stage.asked(2)
        host.say(TermOpen(columns=1, rows=1))
        await stage.asked(3)
        host.say(opened(), state(1, 0, "well again"))
        await until(lambda: shown(watching) == ["well again"], "the screen")


async def test_only_members_share(stage: Stage) -> None:
    with pytest.raises(PeerNotMember):
        await stage.bob.terminals.watch(stage.room_id, "nobody")
