"""Packets between nodes, over a real NATS."""

import asyncio
import uuid

from mesh_server.bus.packets import NatsPackets
from tests.support.conditions import PATIENCE_S, until
from tests.support.nats_server import NatsServer, shared
from tests.support.tasks import running


class Heard(list[tuple[str, bytes]]):
    """What a node heard, and how often it had a line."""

    def __init__(self, url: str, prefix: str) -> None:
        self.packets = NatsPackets([url], node=uuid.uuid4().hex, prefix=prefix)
        self.packets.on_heard = lambda topic, data: self.append((topic, data))
        self.packets.on_up = self._up
        self.lines = 0

    def _up(self) -> None:
        self.lines += 1


async def test_a_topic_is_heard_by_who_listens_and_by_nobody_else() -> None:
    prefix = f"test.{uuid.uuid4().hex}"
    one, two, three = (Heard(shared().url, prefix) for _ in range(3))
    one.packets.listen("a")
    async with running(one.packets.keep(), two.packets.keep(), three.packets.keep()):
        await until(lambda: one.lines == two.lines == three.lines == 1, "lines")
        two.packets.listen("b")
        two.packets.say("b", b"it is listened to before this is said")
        two.packets.say("a", b"word")
        await until(lambda: one, "a word")
        one.packets.say("b", b"answer")
        await until(lambda: two, "an answer")
        await two.packets.carry("a", bytes(100_000))
        await until(lambda: len(one) == 2, "packets")
        one.packets.ignore("a")
        one.packets.say("b", b"no more of a")  # NATS has been told by then
        await until(lambda: len(two) == 2, "that")
        await two.packets.carry("a", b"for nobody")
        await two.packets.carry("b", b"for nobody, and no echo")
        three.packets.say("b", b"the end")
        await until(lambda: len(two) == 3, "the end")
        one.packets.listen("c")
        one.packets.say("b", b"one listens")
        await until(lambda: len(two) == 4, "that")
        two.packets.say("c", b"what was said before would have come before this")
        await until(lambda: len(one) == 3, "the last word")
    assert [topic for topic, _ in one] == ["a", "a", "c"]
    assert [data for _, data in two] == [b"answer", b"no more of a", b"the end", b"one listens"]
    assert three == []


async def test_without_a_line_nothing_waits_and_a_new_one_listens_to_the_same() -> None:
    server = NatsServer()
    server.start()
    try:
        prefix = f"test.{uuid.uuid4().hex}"
        one, two = Heard(server.url, prefix), Heard(server.url, prefix)
        one.packets.listen("a")
        async with running(one.packets.keep(), two.packets.keep()):
            await until(lambda: one.lines == two.lines == 1, "lines")
            server.stop()
            await until(lambda: not (one.packets.is_up or two.packets.is_up), "no lines")
            two.packets.say("a", b"lost")
            await asyncio.wait_for(two.packets.carry("a", b"lost too"), PATIENCE_S)
            server.start()
            await until(lambda: one.lines == two.lines == 2, "new lines")
            two.packets.say("a", b"here again")
            await until(lambda: one, "a word")
    finally:
        server.stop()
    assert one == [("a", b"here again")]
