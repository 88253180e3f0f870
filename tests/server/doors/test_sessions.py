"""Programs that run for a door: on a terminal, within bounds, and gone at the end with all that they had."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from mesh_server.doors.sessions import Folders, Program, Running, Seats, bounded, client
from protocol.errors import RateLimited
from tests.support.conditions import until

Run = Callable[..., Awaitable[Running]]


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Starts a program of Python's; each is over at the end of the test."""
    started: list[Running] = []

    async def start(code: str, *, told: str = "", memory_mib: int = 512) -> Running:
        program = Program(
            argv=[sys.executable, "-I", "-S", "-c", code],
            env={},
            cwd=str(tmp_path),
            memory_mib=memory_mib,
            width=91,
            height=23,
            told=told,
        )
        started.append(await Running.start(program))
        return started[-1]

    yield start
    for one in started:
        await one.end()


async def said(running: Running, words: bytes) -> bytes:
    """All that it wrote until these words came, or until it ended."""
    text = b""
    while words not in text and (piece := await running.read()):
        text += piece
    return text


async def test_a_program_has_a_terminal_of_the_size_that_was_said_and_finds_its_orders_in_a_pipe(
    run: Run, tmp_path: Path
) -> None:
    code = (
        "import os; print(os.isatty(0), *os.get_terminal_size(), os.read(3, 99).decode(), os.getcwd(), '.')"
    )
    assert f"True 91 23 hello {tmp_path} .".encode() in await said(await run(code, told="hello"), b" .")


async def test_what_is_typed_reaches_it_and_its_size_changes(run: Run) -> None:
    code = """
import os, signal
def tell(*_): os.write(1, b"size %d %d\\r\\n" % tuple(os.get_terminal_size()))  # print is not for signals
signal.signal(signal.SIGWINCH, tell)
print("ready", flush=True)
while True: print("typed", input(), flush=True)
"""
    running = await run(code)
    await said(running, b"ready")
    await running.type(b"abc\r")
    assert b"typed abc" in await said(running, b"typed abc")
    running.resize(60, 10)
    assert b"size 60 10" in await said(running, b"size 60 10")
    running.resize(60, 10)
    assert b"size 60 10" in await said(running, b"size 60 10"), "it is to paint all of its screen again"


async def test_who_does_not_read_stops_the_program_and_nothing_piles_up(run: Run, tmp_path: Path) -> None:
    code = """
import os, select
total = 0
while True:
    os.write(1, b"x" * 256); total += 256  # of more it might take a part
    open("total", "w").write(str(total))
    if not select.select([], [1], [], 0.2)[1]: open("stuck", "w").close(); select.select([], [1], [])
"""
    running = await run(code)
    await until((tmp_path / "stuck").exists, "a program that has to wait")
    assert int((tmp_path / "total").read_text()) < 512 * 1024
    assert await running.read()


async def test_a_program_gets_no_more_memory_than_it_may_have(run: Run) -> None:
    code = "try:\n bytearray(300 << 20)\nexcept MemoryError: print('refused.')\nelse: print('taken.')"
    assert b"refused." in await said(await run(code, memory_mib=200), b".")
    assert b"taken." in await said(await run(code, memory_mib=600), b".")


async def test_at_the_end_a_program_hears_that_its_terminal_hung_up(run: Run, tmp_path: Path) -> None:
    code = """
import signal, sys
def leave(*_): open("left", "w").close(); sys.exit(7)
signal.signal(signal.SIGHUP, leave)
print("ready", flush=True)
while True: signal.pause()
"""
    running = await run(code)
    await said(running, b"ready")
    assert await running.end() == 7
    assert (tmp_path / "left").exists()


async def test_one_that_does_not_listen_is_ended_with_what_it_started(run: Run) -> None:
    code = """
import os, signal
for number in (signal.SIGHUP, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)
os.fork()
print("pid", os.getpid(), "!", flush=True)
while True: signal.pause()
"""
    running = await run(code)
    text = await said(running, b"!")
    while text.count(b"!") < 2:
        text += await said(running, b"!")
    pids = [int(word) for word in text.split() if word.isdigit()]
    assert await running.end() == 128 + 9
    await until(lambda: not any(map(_runs, pids)), "the end of both")


async def test_a_program_that_cannot_be_started_says_so_and_ends(tmp_path: Path) -> None:
    program = Program(argv=["/nowhere"], env={}, cwd=str(tmp_path), memory_mib=64, width=80, height=24)
    running = await Running.start(program)
    assert b"cannot be started" in await said(
        running, b"and then nothing more"
    )  # it has ended by itself then
    assert await running.end() == 127


def _runs(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    return False


# ── without a process ────────────────────────────────────────────────────────────────────────────


def test_the_client_gets_nothing_of_the_servers_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_RTC_TURN_SECRET", "hidden")
    monkeypatch.setenv("NOTIFY_SOCKET", "hidden")
    program = client(tmp_path, "told", memory_mib=300, size=(5, 9000))
    assert "hidden" not in program.env.values()
    assert program.env["HOME"] == program.cwd == str(tmp_path)
    assert "told" not in program.argv
    assert (program.width, program.height) == (20, 200)


def test_a_size_is_bounded() -> None:
    assert bounded(80, 24) == (80, 24)
    assert bounded(-1, 10**9) == (20, 200)


def test_there_are_so_many_places_and_so_many_for_each() -> None:
    seats = Seats.of(3, 2)
    seats.take("alice")
    seats.take("alice")
    with pytest.raises(RateLimited, match="2 times"):
        seats.take("alice")
    seats.take("bob")
    with pytest.raises(RateLimited, match="All places"):
        seats.require_one()
    seats.leave("alice")
    seats.take("alice")


def test_what_a_killed_server_left_is_told_once_and_gone(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "sessions")
    assert folders.left() == []
    (folders.make("alice", "first") / "file").write_text("secret")
    made = folders.make("bob", "second")
    assert made.stat().st_mode & 0o077 == 0
    assert sorted(folders.left()) == [("alice", "first"), ("bob", "second")]
    assert folders.left() == []
    assert not made.exists()
