"""`mesh-agent terminal watch` and `list` as a person has them, in a terminal of their own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from protocol.peer import PeerFrame
from protocol.peer_terminal import (
    APPLICATION_CURSOR,
    BRACKETED_PASTE,
    MOUSE_FORMAT_SHIFT,
    MOUSE_SHIFT,
    Run,
    TermClose,
    TermGrant,
    TermHistory,
    TermInput,
    TermLines,
    TermResize,
)
from tests.agent.terminal.scripted import Host, Stage, opened, state
from tests.agent.test_programs import run
from tests.support.conditions import until
from tests.support.terminal import Terminal, running

MODES = APPLICATION_CURSOR | BRACKETED_PASTE | 2 << MOUSE_SHIFT | 2 << MOUSE_FORMAT_SHIFT
ROWS = [f"row {row} {'-' * 60} end" for row in range(24)]


def command(stage: Stage, *more: str) -> list[str]:
    room = stage.alice.room(stage.room_id).name
    return [
        "--profile",
        stage.bob.profile,
        "terminal",
        "watch",
        f"@{stage.alice.profile}",
        "--room",
        room,
        *more,
    ]


@asynccontextmanager
async def watching(stage: Stage, columns: int, rows: int) -> AsyncIterator[Terminal]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, "-m", "mesh_agent", *command(stage)]
    with running(Terminal(arguments, environment, columns=columns, rows=rows)) as terminal:
        yield terminal


async def sees(terminal: Terminal, wanted: str | Callable[[str], object]) -> str:
    return await asyncio.to_thread(terminal.wait_for, wanted)


def typed(host: Host) -> bytes:
    return b"".join(frame.data for frame in host.of(TermInput))


async def test_a_person_watches_types_and_leaves(stage: Stage) -> None:
    async with watching(stage, 100, 30) as terminal:
        host = await stage.asked()
        before = await sees(terminal, "waiting to be let in")
        assert "Esc Esc leaves" in before
        host.say(opened(), state(1, 0, *ROWS, above=300, kept=300))
        await sees(terminal, lambda text: ROWS[0] in text and ROWS[23] in text)
        await sees(terminal, "read-only, w asks to type")
        terminal.type("\x1b[5;3~")
        await until(lambda: host.of(TermHistory), "the question for lines")
        asked = host.of(TermHistory)[0]
        old = [[Run(f"old {number}")] for number in range(asked.first, 300)]
        host.say(TermLines(request=asked.request, first=asked.first, lines=old))
        await sees(terminal, lambda text: "old 272" in text and "old 299" in text and "28 lines back" in text)
        terminal.type("\x1b[B")
        await sees(terminal, lambda text: "old 272" not in text and "27 lines back" in text)
        terminal.type("w")  # returns, and asks nothing
        await sees(terminal, lambda text: ROWS[0] in text and "lines back" not in text)
        assert not host.of(TermGrant)
        terminal.type("xw")
        await until(lambda: host.of(TermGrant), "the question")
        assert typed(host) == b""
        host.say(TermGrant(write=True), state(2, 1, "$", modes=MODES))
        await sees(terminal, "you may type")
        await asyncio.to_thread(terminal.wait_for_bytes, b"\x1b[?1006h")
        terminal.type("q\x03\x1b[A\x1b[200~a\nb\x1b[201~\x1b[<0;3;1M\x1b[<0;3;30M")
        await until(lambda: typed(host).endswith(b"M"), "what was typed")
        assert typed(host) == b"q\x03\x1bOA\x1b[200~a\rb\x1b[201~\x1b[<0;3;1M"
        host.say(TermGrant(write=False))
        await sees(terminal, "read-only")
        terminal.type("no")
        terminal.resize(90, 20)
        await until(lambda: host.of(TermResize), "the size")
        assert host.of(TermResize)[-1] == TermResize(columns=90, rows=19)
        await sees(terminal, "Esc Esc leaves")
        terminal.type("\x1b\x1b")  # in one go: two that are far apart do not leave
        assert await asyncio.to_thread(terminal.wait) == 0
        assert not typed(host).endswith(b"no")
        assert terminal.modes[3] & 0o2  # lines are edited again (ICANON)
        await until(lambda: host.of(TermClose), "the goodbye")


async def test_a_small_window_shows_the_part_around_the_cursor(stage: Stage) -> None:
    async with watching(stage, 40, 10) as terminal:
        host = await stage.asked()
        host.say(opened(), state(1, 0, *ROWS))
        await sees(terminal, lambda text: "row 0" in text and "row 8" in text and "row 9" not in text)
        terminal.type("\x1b[1;3B")
        await sees(terminal, lambda text: "row 12" in text and "row 0" not in text)
        terminal.type("\x1b[1;3C" * 9)
        await sees(terminal, "- end")
        host.say(TermClose(code="ended", exit_status=3))
        await sees(terminal, "The program ended with exit code 3.")
        assert await asyncio.to_thread(terminal.wait) == 0


async def test_for_scripts(stage: Stage) -> None:
    async def host(*frames: PeerFrame) -> Host:
        before = len(stage.hosts)
        await until(lambda: len(stage.hosts) > before, "the guest")
        host = await stage.asked()
        host.say(opened(), *frames)
        return host

    once = asyncio.create_task(run(*command(stage, "--once")))
    await host(state(1, 0, "one", "", "three"))
    assert (await once).out == "one\n\nthree\n"

    every = asyncio.create_task(run("--json", *command(stage)))
    await host(state(1, 0, "one"), TermClose(code="ended", exit_status=0))
    *states, end = (await every).objects()
    assert {told["host"] for told in states} == {stage.alice.profile}
    assert states[-1]["lines"][0] == "one", "also where the end comes with it"
    assert (end["phase"], end["exit_status"]) == ("ended", 0)

    refused = asyncio.create_task(run("--json", *command(stage, "--once")))
    before = len(stage.hosts)
    await until(lambda: len(stage.hosts) > before, "the guest")
    (await stage.asked()).say(TermClose(code="declined"))
    assert (await refused).error()["code"] == "terminal.refused"

    neither = await run(*command(stage))
    assert neither.code == 2
    assert "--once" in neither.err
