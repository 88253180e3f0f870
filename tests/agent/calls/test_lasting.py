"""A call outlives the server's restart; and nothing of calls is left when they are over."""

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_agent.calls.call import Call
from mesh_agent.calls.process import AGAIN_MAX, FILES_OVER, Process
from mesh_agent.calls.state import Media
from mesh_agent.client.state import Connected
from tests.agent.conftest import SignUp
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess, running_server

SILENT = Media(audio_in="none", audio_out="none")
CALLS = 3


@pytest.fixture
async def people(own_server: ServerProcess, sign_up: SignUp) -> AsyncIterator[tuple[list[Agent], str]]:
    agents = [await sign_up(own_server.url, name) for name in ("alice", "bob", "carol")]
    room = await agents[0].create_room("ops")
    for agent in agents[1:]:
        await agent.join(room.id)
    yield agents, room.id
    await asyncio.gather(*(agent.close() for agent in agents))


async def connected(*calls: Call) -> None:
    """All of them with all."""
    await until(
        lambda: all(
            [party.state for party in call.parties] == ["connected"] * (len(calls) - 1) for call in calls
        ),
        "the call",
    )


async def two_in_a_call(agents: list[Agent], room_id: str) -> tuple[Call, Call]:
    alice, bob, *_ = agents
    hers = await alice.calls.call(room_id, [bob.profile], media=SILENT)
    await until(lambda: bob.calls.ringing, "the ringing")
    his = await bob.calls.answer(bob.calls.ringing[0].call_id, media=SILENT)
    await connected(hers, his)
    return hers, his


async def test_a_call_goes_on_while_the_server_is_away(
    people: tuple[list[Agent], str], own_server: ServerProcess
) -> None:
    agents, room_id = people
    alice, _bob, carol = agents
    hers, his = await two_in_a_call(agents, room_id)
    address = own_server.url.removeprefix("http://")
    own_server.kill()
    await until(lambda: not isinstance(alice.connection, Connected), "the lost line")
    hers.mute(True)
    await connected(hers, his)
    own_server.start(address)
    for agent in agents:
        await agent.reconnect_now()
        await agent.wait_connected(PATIENCE_S)
    await until(lambda: his.parties[0].muted, "what was said while the line was down")
    third = await carol.calls.call(room_id, media=SILENT)  # the one that is on, as the room's message says
    assert third.id == hers.id
    await connected(hers, his, third)
    assert sorted(party.muted for party in third.parties) == [False, True]


async def die(call: Call) -> None:
    """The process of its sound and pictures is killed."""
    helper = call._process._helper
    assert helper is not None
    helper._process.kill()
    await until(lambda: call._process._helper not in (helper, None) or call.phase == "over", "the next one")


@pytest.mark.parametrize("whose", [0, 1])
async def test_a_call_goes_on_when_the_process_of_its_sound_has_died(
    people: tuple[list[Agent], str], whose: int, tmp_path: Path
) -> None:
    agents, room_id = people
    calls = await two_in_a_call(agents, room_id)
    one, other = calls[whose], calls[1 - whose]
    one._process._clock = lambda: 0.0  # however slow this is, it dies often within a short time
    record = tmp_path / "call.wav"
    one.record(str(record))
    await until(lambda: one.own.records, "the recording")
    one.mute(True)
    one.use("tone", "none")
    await die(one)
    await until(lambda: one.parties[0].state == other.parties[0].state == "connected", "the call to go on")
    assert FILES_OVER in one.own.problems
    await until(lambda: not one.own.records and not other.parties[0].records, "the end of the recording")
    assert one.own.muted
    one.mute(False)
    await until(lambda: other.parties[0].level > 0, "what is said now")
    assert record.stat().st_size > 0, "nothing has been written over it"
    for _ in range(AGAIN_MAX):
        await die(one)
    assert (one.phase, one.reason) == ("over", "The process of sound and pictures has ended.")


async def test_credentials_for_turn_are_asked_for_again_in_time(tmp_path: Path, sign_up: SignUp) -> None:
    turn = {"MESH_RTC_TURN_URLS": "turn:127.0.0.1:9", "MESH_RTC_TURN_SECRET": "s" * 32}
    with running_server(tmp_path / "turn", **turn) as server:
        alice = await sign_up(server.url, "alice")
        process = Process(alice.calls._introductions, SILENT, servers_s=(0.01, 0.05))
        await process.begin()
        keeping = asyncio.create_task(process.keep_servers())
        try:
            first = process._ice[-1].username
            assert first
            await until(lambda: process._ice[-1].username != first, "credentials that are good for longer")
        finally:
            keeping.cancel()
            await asyncio.wait((keeping,))
            await process.stop()
            await alice.close()


def processes() -> int:
    """Those of calls that this process has started."""
    found = 0
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with contextlib.suppress(OSError):
            found += b"mesh_agent.media.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    return found


def left() -> tuple[int, int, int]:
    """Tasks, descriptors, and processes of calls."""
    gc.collect()
    return len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir())), processes()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
async def test_calls_leave_nothing_behind(people: tuple[list[Agent], str]) -> None:
    agents, room_id = people
    hers, his = await two_in_a_call(agents, room_id)  # modules are loaded by the first one
    assert processes() == 2
    await asyncio.gather(hers.leave(), his.leave())
    await until(lambda: processes() == 0, "the end of the processes")
    before = left()
    for _ in range(CALLS):
        hers, his = await two_in_a_call(agents, room_id)
        await his.leave()
        await hers.wait()
    await until(lambda: all(now <= then for now, then in zip(left(), before, strict=True)), "the end of all")
