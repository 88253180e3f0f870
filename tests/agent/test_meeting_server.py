"""Two ends meet with the help of a real server: its signals, its tokens, its STUN, and its relay."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from mesh_agent.machines.hello import HelloRefused
from mesh_agent.net.base import LaneLost
from mesh_agent.net.meeting import Meeting, NoWay, Options
from mesh_agent.net.relay import RelayPath
from protocol.errors import WrongIdentity
from tests.agent.introduced import Introduced
from tests.agent.meetings import ALICE, BOB, MALLORY, Two
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("meeting") / "data") as running:
        yield running.url


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def met(stack: AsyncExitStack, two: Introduced) -> tuple[Meeting, Meeting]:
    alice, bob = await two.meet()
    stack.push_async_callback(alice.close)
    stack.push_async_callback(bob.close)
    return alice, bob


async def talk(alice: Meeting, bob: Meeting, size: int) -> None:
    """So many bytes each way at once, all of them as they were."""
    data = bytes(range(256)) * (size // 256)
    buffers = bytearray(size), bytearray(size)
    await asyncio.gather(
        alice.main.write(data),
        bob.main.write(data),
        alice.main.read_into(memoryview(buffers[0])),
        bob.main.read_into(memoryview(buffers[1])),
    )
    assert buffers[0] == buffers[1] == data


async def test_what_the_server_signs_and_tells_is_enough_to_meet(server: str, stack: AsyncExitStack) -> None:
    two = Introduced()
    await two.introduce(stack, server)
    alice, bob = await met(stack, two)
    assert (alice.way, bob.way) == ("direct", "direct")
    assert (alice.peer_identity, bob.peer_identity) == (BOB.public, ALICE.public)


async def test_whoever_tells_no_address_meets_through_the_relay_alone(
    server: str, stack: AsyncExitStack
) -> None:
    two = Introduced(direct=False)
    await two.introduce(stack, server)
    alice, bob = await met(stack, two)
    assert (alice.way, bob.way) == ("relay", "relay")
    await talk(alice, bob, 256 * 1024)
    for said in (*two.said["alice"], *two.said["bob"]):
        assert said.keys() == {"nonce", "relay"}


async def test_one_who_tells_no_address_is_enough_for_the_relay(server: str, stack: AsyncExitStack) -> None:
    """Alice would connect directly, and may; Bob neither tells where he is nor asks where she is."""
    two = Introduced()
    await two.introduce(stack, server)
    two.change("bob", options=Options(direct=False))
    alice, bob = await met(stack, two)
    assert (alice.way, bob.way) == ("relay", "relay")
    assert [said.keys() for said in two.said["bob"]] == [{"nonce", "relay"}]


async def test_a_hole_is_punched_where_no_address_answers(server: str, stack: AsyncExitStack) -> None:
    two = Introduced(no_direct=True, relay=False, quic_only=True)
    await two.introduce(stack, server)
    alice, bob = await met(stack, two)
    assert (alice.way, bob.way) == ("punched", "punched")
    await talk(alice, bob, 256 * 1024)
    arrived: list[Any] = []
    bob.on_lane(arrived.append)
    lanes = await alice.open_lanes(2)
    await until(lambda: len(arrived) == 2, "two lanes through the same hole")
    for lane in lanes:
        await lane.write(b"chunk")
    assert [await asyncio.wait_for(lane.read(100), PATIENCE_S) for lane in arrived] == [b"chunk"] * 2


async def test_a_better_way_that_comes_later_is_told(server: str, stack: AsyncExitStack) -> None:
    two = Introduced(no_direct=True)
    two.held.clear()
    await two.introduce(stack, server)
    alice, bob = await met(stack, two)
    assert (alice.way, bob.way) == ("relay", "relay")
    assert not alice.better.is_set()
    two.held.set()
    await asyncio.wait_for(alice.better.wait(), PATIENCE_S)
    assert alice.better_way == "punched"
    await talk(alice, bob, 1024)


async def test_the_stun_server_is_ours(server: str, stack: AsyncExitStack) -> None:
    two = Introduced()
    await two.introduce(stack, server)
    (ours,) = two.alice.ice_servers
    assert ours.urls == [server.replace("http://", "stun:")]


async def test_a_server_that_lies_about_an_identity_is_caught(server: str, stack: AsyncExitStack) -> None:
    """Bob's device has another key than the one it told the server."""
    two = Introduced()
    await two.introduce(stack, server)
    two.change("bob", identity_seed=MALLORY.seed)
    alice, _ = await two.outcomes()
    assert isinstance(alice, WrongIdentity)


async def test_a_token_of_another_server_is_refused(server: str, stack: AsyncExitStack) -> None:
    two = Introduced()
    await two.introduce(stack, server)
    stranger = Two()
    two.change("alice", session_token=stranger.alice.session_token)
    alice, bob = await two.outcomes()
    assert isinstance(alice, HelloRefused)
    assert alice.reason == "p2p.invalid_token"
    assert isinstance(bob, Exception)


async def test_why_the_relay_refuses_is_said(server: str, stack: AsyncExitStack) -> None:
    two = Introduced(direct=False)
    await two.introduce(stack, server)
    with pytest.raises(LaneLost, match="asks to sign in"):
        await RelayPath.open(two.alice.relay_url, "guessed")
    with pytest.raises(LaneLost, match="session is over"):
        await RelayPath.open(f"{server}/relay/5b8d3f0e-6a1c-4e27-9b54-c07d1e2f8a93", two.alice.relay_token)
    with pytest.raises(LaneLost, match="Nothing answers"):
        await RelayPath.open(f"http://127.0.0.1:9/relay/{two.alice.session_id}", two.alice.relay_token)


async def test_a_session_that_is_closed_ends_what_is_relayed(server: str, stack: AsyncExitStack) -> None:
    two = Introduced(direct=False)
    await two.introduce(stack, server)
    alice, bob = await met(stack, two)
    await two.people["bob"].call("DELETE", f"/api/p2p/session/{two.bob.session_id}")
    for end in (alice, bob):
        with pytest.raises(LaneLost, match=r"session is over|was lost"):
            await asyncio.wait_for(end.main.read(1), PATIENCE_S)


async def test_why_there_is_no_way_is_said_at_either_end(server: str, stack: AsyncExitStack) -> None:
    two = Introduced(direct=False)
    await two.introduce(stack, server)
    for name in ("alice", "bob"):
        two.change(name, relay_token="guessed")
    for outcome in await two.outcomes():
        assert isinstance(outcome, NoWay)
        assert outcome.message == (
            "No way to the other device was found."
            " Tried through the server: the server asks to sign in again."
        )
