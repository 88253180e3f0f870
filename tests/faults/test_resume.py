"""Guarantees 4 and 5: who comes back gets what changed, once, in order, before anything live.

And who does not read what comes is sent away, so that coming back is all that is left to do.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from socket import SO_RCVBUF, SOL_SOCKET

import pytest

from protocol import limits
from tests.support.conditions import until
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Json, Person, Socket


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One for all of them; the last one kills it. Silence ends no connection before slowness does."""
    folder = tmp_path_factory.mktemp("resume") / "data"
    with running_server(folder, MESH_LIMITS_ENABLED="false", MESH_HEARTBEAT_S="600") as running:
        yield running


async def say(socket: Socket, room_id: str, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await socket.send("chat.message.send", room_id=room_id, nonce=f"n{number}", content=f"{number}")
    await socket.wait(lambda m: m["type"] == "chat.message.ack" and m["nonce"] == f"n{last}")


def contents(messages: list[Json]) -> list[str]:
    return [m["message"]["content"] for m in messages if m["type"] == "chat.message.created"]


async def test_what_was_missed_comes_in_order_before_live_traffic(
    alice: Person, bob: Person, room_id: str
) -> None:
    async with alice.socket() as hers:
        await say(hers, room_id, 1, 10)
        async with bob.socket(resume={room_id: 4}) as his:
            (room,) = his.welcome["rooms"]
            assert (room["rev"], room.get("gap", False)) == (11, False)
            await say(hers, room_id, 11, 12)
            resumed = await his.wait("room.resumed")
            assert contents(his.seen) == [str(number) for number in range(4, 11)]
            assert (resumed["rev"], resumed["last_seq"], resumed["room"]["id"]) == (11, 10, room_id)
            assert {m["username"] for m in resumed["members"]} == {alice.name, bob.name}
            his.seen.clear()
            await his.wait(lambda m: m["type"] == "chat.message.created" and m["message"]["seq"] == 12)
            assert contents(his.seen) == ["11"]


async def test_nothing_missed_is_nothing_replayed(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers:
        await say(hers, room_id, 1, 3)
    async with bob.socket(resume={room_id: 4}) as his:
        await his.wait("room.resumed")
        assert contents(his.seen) == []


@pytest.mark.parametrize(("changed", "gap"), [(limits.RESUME_MAX, False), (limits.RESUME_MAX + 1, True)])
async def test_past_the_bound_a_gap_says_to_page(
    alice: Person, bob: Person, room_id: str, changed: int, gap: bool
) -> None:
    async with alice.socket() as hers:
        await say(hers, room_id, 1, changed)
    async with bob.socket(resume={room_id: 1}) as his:
        (room,) = his.welcome["rooms"]
        assert room.get("gap", False) is gap
        if gap:
            assert contents(await his.settle()) == []
        else:
            await his.wait("room.resumed")
            assert contents(his.seen) == [str(number) for number in range(1, changed + 1)]


async def test_a_client_ahead_of_the_log_is_told_of_a_gap(bob: Person, room_id: str) -> None:
    async with bob.socket(resume={room_id: 1_000}) as his:
        assert his.welcome["rooms"][0]["gap"] is True


async def test_rooms_that_are_not_mine_are_not_resumed(alice: Person, bob: Person) -> None:
    attic = await alice.create_room("attic", visibility="private")
    async with bob.socket(resume={attic: 0, "nowhere": 0}) as his:
        assert his.welcome["rooms"] == []
        assert await his.settle() == []


async def test_coming_back_again_and_again_misses_and_doubles_nothing(
    alice: Person, bob: Person, room_id: str
) -> None:
    """Bob's line breaks at random moments while alice writes."""
    total = 400
    seen: list[int] = []

    async def follow() -> None:
        rev = 1
        while len(seen) < total:
            async with bob.socket(resume={room_id: rev}) as his:
                assert not his.welcome["rooms"][0].get("gap")
                for _ in range(1 + rev % 17):
                    message = (await his.wait("chat.message.created"))["message"]
                    seen.append(message["seq"])
                    rev = message["rev"]
                    if len(seen) == total:
                        return

    async with alice.socket() as hers:
        following = asyncio.create_task(follow())
        for first in range(1, total, 50):
            await say(hers, room_id, first, first + 49)
            await until(lambda first=first: len(seen) > first - 100, "bob")  # type: ignore[misc]  # a bound default
        await following
    assert seen == list(range(1, total + 1))


async def test_who_does_not_read_is_closed_and_resumes_without_loss(
    alice: Person, bob: Person, room_id: str
) -> None:
    total = 2_500
    before = await _slow_readers(alice)
    async with alice.socket() as hers, bob.socket() as his:
        # Not receiving is not reading: the client library stops when its own small queue is full.
        _keep_the_kernel_from_reading(his)
        for number in range(total):
            ack = await hers.say(room_id, "x" * 7_900, nonce=f"n{number}")
            assert ack["seq"] == number + 1
            hers.seen.clear()
        assert await _slow_readers(alice) == before + 1
        assert await his.closed() in (4408, 1006)
        seen = [m["message"]["seq"] for m in his.seen if m["type"] == "chat.message.created"]
    assert seen == list(range(1, len(seen) + 1))
    async with bob.socket(resume={room_id: 1 + total - 300}) as his:
        await his.wait("room.resumed")
        replayed = [m["message"]["seq"] for m in his.seen if m["type"] == "chat.message.created"]
        assert replayed == list(range(total - 299, total + 1))


def _keep_the_kernel_from_reading(socket: Socket) -> None:
    """Its buffer grows to tens of megabytes where it may."""
    socket.wire.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, 64 * 1024)


async def test_whose_line_breaks_in_a_replay_is_seen_to_go(alice: Person, bob: Person, room_id: str) -> None:
    def bob_is(presence: str) -> Callable[[Json], bool]:
        return lambda m: (
            m["type"] == "presence.update" and m == {**m, "user_id": bob.user_id, "presence": presence}
        )

    async with alice.socket() as hers:
        for number in range(300):
            await hers.say(room_id, "\N{GRINNING FACE}" * 5_000, nonce=f"n{number}")
            hers.seen.clear()
        async with bob.socket(hello=False) as his:
            _keep_the_kernel_from_reading(his)
            await his.send("system.hello", version=1, resume={room_id: 1})
            await hers.wait(bob_is("online"))
            his.wire._conn.transport.abort()  # type: ignore[union-attr]  # a line that breaks
            await hers.wait(bob_is("offline"))


async def _slow_readers(person: Person) -> float:
    async with person.http.get(f"{person.url}/metrics") as response:
        found = re.search(r"^mesh_slow_readers_total (\S+)$", await response.text(), re.MULTILINE)
    assert found
    return float(found[1])


async def test_the_epoch_stays_over_restarts(server: ServerProcess, alice: Person, room_id: str) -> None:
    async with alice.socket() as hers:
        before = hers.welcome["rooms"][0]["epoch"]
    server.kill()
    server.start(server.url.removeprefix("http://"))
    async with alice.socket(resume={room_id: 1}) as hers:
        assert hers.welcome["rooms"][0]["epoch"] == before
