"""A real program in a shared terminal: who watches, who writes, and that nothing of it is left."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_agent.machines.terminal_host import LetIn
from mesh_agent.sharing.rules import Rules
from mesh_agent.terminal.announcing import CONTENT_TYPE, Announced, beginning
from mesh_agent.terminal.errors import CannotStart, NotComparedGuest, TerminalOver
from mesh_agent.terminal.hosting import Guest, Hosted
from mesh_agent.terminal.processes import descendants, process
from mesh_agent.terminal.watching import Watching
from protocol.errors import NotMember
from protocol.peer_terminal import Run
from tests.agent.conftest import SignUp
from tests.support.conditions import PATIENCE_S, until

Shared = Callable[..., Awaitable[Hosted]]

SHELL = ("bash", "--norc", "--noprofile", "-i")


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


@pytest.fixture
async def shared(alice: Agent) -> AsyncIterator[Shared]:
    """Shares a program, and ends it."""
    async with contextlib.AsyncExitStack() as stack:

        async def share(*command: str, let_in: LetIn = "members", record: Path | None = None) -> Hosted:
            hosted = await alice.terminals.share(
                room_of(alice), command or SHELL, 80, 24, let_in=let_in, record=record
            )
            stack.push_async_callback(hosted.end)
            return hosted

        yield share


def room_of(alice: Agent) -> str:
    return alice.room(alice.profile).id


def text(rows: list[list[Run]]) -> str:
    return "\n".join("".join(run.text for run in runs) for runs in rows)


def shows(hosted: Hosted, wanted: str) -> Callable[[], bool]:
    return lambda: hosted.screen is not None and wanted in text(hosted.screen.rows_)


def sees(watching: Watching, wanted: str) -> Callable[[], bool]:
    return lambda: wanted in text(watching.screen.rows_)


async def the_guest(hosted: Hosted, state: str = "watches") -> Guest:
    await until(lambda: [guest for guest in hosted.guests if guest.state == state], f"a guest that {state}")
    return next(guest for guest in hosted.guests if guest.state == state)


async def compared(alice: Agent, bob: Agent) -> None:
    """The two have compared the words, as each sees the other."""
    for one, other in ((alice, bob), (bob, alice)):
        assert other.user is not None
        for device in await one.sharing.words(other.user.id):
            await one.sharing.confirm(other.user.id, device.device_id)


async def announced(bob: Agent, alice: Agent, *, running: bool) -> list[Announced]:
    """What the room was told, once it was told of one that does or does not run."""
    while True:
        told = await bob.terminals.announced(room_of(alice))
        if told and told[0].running == running:
            return told
        await asyncio.sleep(0.01)


def watch(bob: Agent, alice: Agent, hosted: Hosted) -> Awaitable[Watching]:
    return bob.terminals.watch(room_of(alice), alice.profile, hosted.id)


async def test_a_program_runs_is_shown_and_its_end_is_told(alice: Agent, shared: Shared) -> None:
    hosted = await shared()
    assert alice.terminals.hosted() == [hosted]
    hosted.type(b"echo $((6*7)) $MESH_SHARED $TERM; exit 3\r")
    await until(lambda: hosted.phase == "ended", "the end")
    assert shows(hosted, "42 1 xterm-256color")()
    assert hosted.exit_status == 3
    await hosted.wait()
    assert alice.terminals.hosted() == []
    with pytest.raises(TerminalOver):
        hosted.type(b"x")


async def test_the_room_is_told_of_it_and_that_it_is_over(alice: Agent, bob: Agent, shared: Shared) -> None:
    hosted = await shared("cat")
    (told,) = await announced(bob, alice, running=True)
    assert alice.user is not None
    expected = Announced(told.message_id, alice.user.id, alice.profile, hosted.id, "cat", True)
    assert told == expected
    hosted.type(b"\x04")
    await hosted.wait()
    await announced(bob, alice, running=False)
    page = await bob.history(room_of(alice))
    assert "It ended with exit code 0." in page.messages[-1].content


KILLED_HOST = f"""
import asyncio, os, signal, sys
from mesh_agent.agent import Agent

async def main():
    agent = await Agent.open(profile=sys.argv[1])
    await agent.start()
    await agent.wait_connected({PATIENCE_S})
    await agent.wait_current(sys.argv[2])
    await agent.terminals.share(sys.argv[2], ("cat",), 80, 24, let_in="members")
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_what_a_killed_program_shared_is_told_over_by_the_next_one_of_the_device(
    alice: Agent, bob: Agent, shared: Shared
) -> None:
    hosted = await shared("cat")
    command = (sys.executable, "-c", KILLED_HOST, alice.profile, room_of(alice))
    killed = await asyncio.create_subprocess_exec(*command)
    assert await killed.wait() == -signal.SIGKILL
    told = await bob.terminals.announced(room_of(alice))
    while len(told) < 2:
        told = await bob.terminals.announced(room_of(alice))
    assert [each.away for each in told] == [False, False]
    # It looks when it is connected, and whenever it is asked what is shared.
    while sum(each.running for each in told) != 1:
        await alice.terminals.announced(room_of(alice))
        told = await bob.terminals.announced(room_of(alice))
        await asyncio.sleep(0.01)
    assert next(each for each in told if each.running).terminal == hosted.id
    assert next(each for each in told if not each.running).how == "is over."


async def test_a_terminal_whose_host_is_nowhere_is_told_so(
    shared_server: str, sign_up: SignUp, bob: Agent, alice: Agent
) -> None:
    other = await sign_up(shared_server, "alice")
    await other.join(room_of(alice))
    content = beginning("bash", other.profile, "Qm3k9TzA")
    await other.terminals.introductions.tell(room_of(alice), content, CONTENT_TYPE)
    assert [each.away for each in await other.terminals.announced(room_of(alice))] == [False]
    await other.close()

    async def away() -> list[bool]:
        return [each.away for each in await bob.terminals.announced(room_of(alice))]

    async with asyncio.timeout(PATIENCE_S):
        while await away() != [True]:  # noqa: ASYNC110 — presence is told when it is
            await asyncio.sleep(0.02)


async def test_what_cannot_be_run_is_told_at_once_and_to_nobody_else(alice: Agent, shared: Shared) -> None:
    with pytest.raises(CannotStart, match="No such file"):
        await shared("/there/is/no/such/program")
    with pytest.raises(NotMember):
        await alice.terminals.share("nowhere", SHELL, 80, 24)
    assert (await alice.history(room_of(alice))).messages == []


async def test_a_guest_watches_writes_with_a_grant_and_is_told_the_end(
    alice: Agent, bob: Agent, shared: Shared
) -> None:
    hosted = await shared(let_in="ask")
    hosted.type(b"echo be''fore\r")
    await until(shows(hosted, "before"), "the echo")
    async with await watch(bob, alice, hosted) as watching:
        asking = await the_guest(hosted, "asks")
        assert (asking.name, asking.compared, asking.writes) == (bob.profile, False, False)
        assert not sees(watching, "before")()
        hosted.let_in(asking)
        await until(sees(watching, "before"), "the whole screen")

        watching.type(b"echo with''out\r")
        guest = await the_guest(hosted)
        with pytest.raises(NotComparedGuest):
            await hosted.grant(guest)
        await compared(alice, bob)
        await hosted.grant(guest)
        await until(lambda: watching.writes, "the grant")
        watching.type(b"echo wi''th\r")
        await until(sees(watching, "with\n"), "the echo of what the guest typed")
        assert not sees(watching, "without")()

        hosted.take(await the_guest(hosted))
        await until(lambda: not watching.writes, "the end of the grant")
        watching.type(b"echo af''ter\r")
        hosted.type(b"echo la''st\r")
        await until(sees(watching, "last\n"), "what the host typed")
        assert not sees(watching, "after")()
        hosted.type(b"exit 7\r")
        await until(lambda: watching.phase == "ended", "the end")
        assert watching.exit_status == 7


async def test_what_was_decided_is_seen_at_once(alice: Agent, bob: Agent, shared: Shared) -> None:
    """A second key for the same guest is meant as the page looks after the first."""
    hosted = await shared("cat")
    async with await watch(bob, alice, hosted):
        await the_guest(hosted)
        await compared(alice, bob)
        for _ in range(3):
            await hosted.grant(await the_guest(hosted))
            await hosted.lines(0, 1)  # whatever was told before the answer has come
            assert (await the_guest(hosted)).writes
            hosted.take(await the_guest(hosted))
            await hosted.lines(0, 1)
            assert not (await the_guest(hosted)).writes


async def test_who_is_refused_or_kicked_is_told_so(alice: Agent, bob: Agent, shared: Shared) -> None:
    hosted = await shared("cat", let_in="ask")
    async with await watch(bob, alice, hosted) as watching:
        hosted.refuse(await the_guest(hosted, "asks"), "not now")
        await until(lambda: watching.phase == "refused", "the refusal")
    async with await watch(bob, alice, hosted) as watching:
        hosted.let_in(await the_guest(hosted, "asks"))
        hosted.kick(await the_guest(hosted), "enough")
        await until(lambda: watching.phase in ("ended", "refused"), "the kick")
    await until(lambda: hosted.guests == [], "nobody there")


# ── the end of all that was started ──────────────────────────────────────────────────────────────

LINGERING = "sleep 1000 & setsid sleep 1001 & (setsid sleep 1002 >/dev/null 2>&1 &) ; "
STUBBORN = "nohup sleep 1003 >/dev/null 2>&1 & (trap '' HUP TERM; sleep 1004) & "
"""Each ends at once when it is told to hang up; only when it is told to end, or not at all."""


def lingering(mark: str) -> list[int]:
    """Processes that have the mark of that terminal."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError):
                if f"MESH_TERMINAL={mark}".encode() in (path / "environ").read_bytes().split(b"\0"):
                    found.append(int(path.name))
    return [pid for pid in found if process(pid) is not None]


async def lingers(shared: Shared, what: str, count: int) -> Hosted:
    """A shell that has started `what`: at least so many processes with itself."""
    hosted = await shared()
    hosted.type(f"{what} echo rea''dy\r".encode())
    await until(shows(hosted, "ready"), "what stays behind")
    await until(lambda: len(lingering(hosted.id)) >= count, "all of it to run")
    return hosted


async def test_nothing_that_was_started_is_left_at_the_end(shared: Shared) -> None:
    hosted = await lingers(shared, LINGERING + STUBBORN, 6)
    await hosted.end()
    assert lingering(hosted.id) == []
    assert hosted.reason == ""


@pytest.mark.parametrize("who", ["process", "shell"])
async def test_nothing_is_left_where_a_part_is_killed(who: str, shared: Shared) -> None:
    hosted = await lingers(shared, LINGERING, 4)
    os.kill(hosted.pid if who == "shell" else hosted.helper_pid, signal.SIGKILL)
    await asyncio.wait_for(hosted.wait(), PATIENCE_S)
    assert lingering(hosted.id) == []
    assert hosted.exit_status == (-signal.SIGKILL if who == "shell" else None)


async def test_guests_are_told_where_the_process_of_a_terminal_is_killed(
    alice: Agent, bob: Agent, shared: Shared
) -> None:
    """That process has the lines to all of them, and says nothing more."""
    hosted = await shared()
    async with await watch(bob, alice, hosted) as watching:
        hosted.type(b"sleep 1000 & echo rea''dy\r")
        await until(sees(watching, "ready"), "the screen")
        os.kill(hosted.helper_pid, signal.SIGKILL)
        await until(lambda: watching.over, "the end")
        assert (watching.phase, watching.reason) == ("ended", "The terminal is over.")
    await hosted.wait()
    assert lingering(hosted.id) == []
    await until(lambda: not watchers_of_this_process(), "the end of its process")


# ── much of everything ───────────────────────────────────────────────────────────────────────────


def resident(pid: int) -> int:
    """Bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_a_program_that_prints_on_and_on_costs_no_memory(
    alice: Agent, bob: Agent, shared: Shared
) -> None:
    hosted = await shared()
    async with await watch(bob, alice, hosted) as watching:
        sizes = []
        for number in range(3):
            hosted.type(f"yes 'a row of some text' | head -c 6000000; echo do''ne {number}\r".encode())
            await until(shows(hosted, f"done {number}"), "the end of it")
            sizes.append(resident(hosted.helper_pid))
        await until(sees(watching, "done 2"), "the guest to see the latest")
    assert sizes[2] - sizes[0] < 6_000_000


async def test_sizes_that_change_all_the_time_and_cannot_be(alice: Agent, bob: Agent, shared: Shared) -> None:
    hosted = await shared()
    async with await watch(bob, alice, hosted) as watching:
        for number in range(300):
            hosted.resize(number * 7 % 40, number * 11 % 30)
            watching.resize(1 + number % 300, 1 + number % 100)
            await asyncio.sleep(0)
        hosted.resize(10_000, 10_000)
        hosted.resize(0, 0)
        hosted.resize(77, 17)
        hosted.type(b"\x15echo; stty size\r")
        await until(shows(hosted, "17 77"), "the size")
        await until(sees(watching, "17 77"), "the size at the guest")
        assert (watching.screen.columns, watching.screen.rows) == (77, 17)


def watchers_of_this_process() -> list[int]:
    """The processes through which something is watched."""
    found = []
    for one in descendants(os.getpid()):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if b"terminal.watcher" in Path(f"/proc/{one.pid}/cmdline").read_bytes():
                found.append(one.pid)
    return found


async def test_a_guest_that_is_killed_is_gone_and_comes_again_by_itself(
    alice: Agent, bob: Agent, shared: Shared
) -> None:
    hosted = await shared(let_in="ask")
    async with await watch(bob, alice, hosted) as watching:
        hosted.let_in(await the_guest(hosted, "asks"))
        first = await the_guest(hosted)
        for pid in watchers_of_this_process():
            os.kill(pid, signal.SIGKILL)
        await until(
            lambda: [one.key for one in hosted.guests if one.state == "watches"] not in ([first.key], []),
            "it",
        )
        hosted.type(b"echo aga''in\r")
        await until(sees(watching, "again"), "the screen")


def held() -> tuple[int, int, int]:
    """Open descriptors, processes of ours, and tasks."""
    return len(list(Path("/proc/self/fd").iterdir())), len(descendants(os.getpid())), len(asyncio.all_tasks())


async def test_sessions_leave_no_process_no_descriptor_and_no_task(
    alice: Agent, bob: Agent, shared: Shared
) -> None:
    """`scripts/fuzz/terminals` does the same as often as one likes."""

    async def once() -> str:
        hosted = await shared("cat")
        async with await watch(bob, alice, hosted):
            await the_guest(hosted)
        await hosted.end()
        return hosted.id

    await once()
    before = held()
    for _ in range(2):
        assert lingering(await once()) == []
    await until(
        lambda: all(now <= then for now, then in zip(held(), before, strict=True)), "all to be closed"
    )


async def test_who_was_not_compared_is_told_no_address_where_that_is_wanted(
    alice: Agent, bob: Agent, shared: Shared
) -> None:
    alice.sharing.set_rules(Rules(connect="ask"))
    hosted = await shared("cat")
    async with await watch(bob, alice, hosted) as watching:
        assert (await the_guest(hosted)).way == "relay"
        await compared(alice, bob)
        await until(lambda: watching.phase == "open", "the screen")
    async with await watch(bob, alice, hosted):
        await until(lambda: [guest.way for guest in hosted.guests] == ["direct"], "the direct way")
