"""A server that has a bus: what it tells operators, and that it serves with and without a line to it."""

import asyncio
import re
import time
from pathlib import Path

import aiohttp

from mesh_server.configuring import load
from tests.support.conditions import PATIENCE_S
from tests.support.nats_server import NatsServer
from tests.support.server import running_server

FIGURE = re.compile(r"^(mesh_\w+)(?:\{.*\})? (\S+)$", re.MULTILINE)
CLUSTER = Path(__file__).parents[2] / "docs/cluster.md"


async def test_a_server_finds_its_bus_whenever_that_comes(tmp_path: Path) -> None:
    bus = NatsServer()
    bus.start()
    said: dict[str, float] = {}

    async def is_up(http: aiohttp.ClientSession, url: str, up: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while said.get("mesh_bus_up") != up:
            assert time.monotonic() < deadline, said
            async with http.get(f"{url}/metrics") as response:
                found = FIGURE.findall(await response.text())
            said.update((name, float(value)) for name, value in found)
            await asyncio.sleep(0.01)

    try:
        with running_server(tmp_path / "data", "--bus", bus.url, MESH_POLL_S="0.1") as server:
            async with aiohttp.ClientSession() as http:
                for up in (1, 0, 1):
                    await is_up(http, server.url, up)
                    if up:
                        bus.stop()
                    else:
                        bus.start()
    finally:
        bus.stop()
    named = set(re.findall(r"mesh_(?:bus_|log_|node)\w+", CLUSTER.read_text("utf-8")))
    assert named
    assert named <= said.keys()


def test_several_servers_of_the_bus_are_named_with_commas() -> None:
    config = load(env={"MESH_BUS": "nats://alice:secret@one:4222, tls://two:4222"}, flags={})
    assert config.bus_urls == ["nats://alice:secret@one:4222", "tls://two:4222"]
    assert load(env={}, flags={}).bus_urls == []
