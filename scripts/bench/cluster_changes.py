"""What changes other than messages cost where nodes share a database: read markers, reactions and edits.

Strategy: so many people, a few in each room, each doing one thing after the other as fast as it is answered;
so the figure is what the database bears, and its latency is that of a full queue.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from scripts.bench import harness
from tests.support.wire import Person, Socket

if TYPE_CHECKING:
    from scripts.bench.cluster_bench import Cluster, Load

MESSAGES: Final = 300
"""In each room: a marker is stored where it goes on, so there has to be somewhere to go to."""

One = Callable[["Member", int], Awaitable[dict[str, Any]]]


class Member:
    """Somebody at a node, in a room, with a message of their own there."""

    def __init__(self, socket: Socket, room_id: str) -> None:
        self.socket, self.room_id = socket, room_id
        self.message_id = ""

    async def begin(self) -> None:
        said = await self.socket.say(self.room_id, "mine", nonce=f"mine-{id(self)}")
        self.message_id = said["message_id"]


async def _mark(member: Member, number: int) -> dict[str, Any]:
    return await member.socket.ask("chat.read", room_id=member.room_id, seq=min(number + 1, MESSAGES))


async def _react(member: Member, number: int) -> dict[str, Any]:
    kind = "chat.reaction.remove" if number % 2 else "chat.reaction.add"
    mine = {"room_id": member.room_id, "message_id": member.message_id}
    return await member.socket.ask(kind, **mine, reaction="+1")


async def _edit(member: Member, number: int) -> dict[str, Any]:
    mine = {"room_id": member.room_id, "message_id": member.message_id}
    return await member.socket.ask("chat.message.edit", **mine, content=f"mine {number}")


KINDS: Final[dict[str, One]] = {"read markers": _mark, "reactions": _react, "edits": _edit}


async def changes(made: "Cluster", load: "Load", people: int, seconds: float) -> None:
    """Each kind in turn, for so many seconds; `people` of all rooms, spread over the nodes."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        members = []
        for number in range(people):
            room_id, inside = load.rooms[number % len(load.rooms)]
            one = inside[number // len(load.rooms)]
            who = Person(made.node_of(number).url, http, {"access_token": one.token})
            members.append(Member(await stack.enter_async_context(who.socket()), room_id))
        firsts = members[: len(load.rooms)]
        for number in range(MESSAGES):
            await asyncio.gather(*(one.socket.say(one.room_id, "x", nonce=f"x-{number}") for one in firsts))
        await asyncio.gather(*(member.begin() for member in members))
        for name, do in KINDS.items():
            await _measure(made, members, name, do, seconds)


async def _measure(made: "Cluster", members: list[Member], name: str, do: One, seconds: float) -> None:
    latencies: list[float] = []
    before = await made.spent()
    end = time.monotonic() + seconds

    async def work(member: Member) -> None:
        number = 0
        while (began := time.monotonic()) < end and not (name == "read markers" and number >= MESSAGES):
            answer = await do(member, number)
            assert answer["type"] != "system.error", answer
            latencies.append(time.monotonic() - began)
            member.socket.seen.clear()
            number += 1

    await asyncio.gather(*map(work, members))
    spent = (await made.spent()).since(before)
    nodes = len(made.nodes)
    harness.report(
        "cluster",
        f"{nodes} node{'s' * (nodes > 1)}, {len(members)} people, {name}",
        len(latencies) / spent.at,
        "changes per second",
        **spent.of(len(latencies)),
        **harness.milliseconds(latencies),
    )
