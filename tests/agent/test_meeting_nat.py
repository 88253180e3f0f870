"""Two ends in two networks, each behind a router that translates addresses: a hole, or else the relay."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from protocol.rest import IceServer
from tests.agent.introduced import Introduced
from tests.agent.meetings import Two
from tests.support.conditions import PATIENCE_S
from tests.support.nat import enter
from tests.support.server import running_server

OUTER: Final = f"mesh-outer-{os.getpid()}"
INNER: Final = {"alice": f"mesh-alice-{os.getpid()}", "bob": f"mesh-bob-{os.getpid()}"}
ADDRESSES: Final = {"alice": ("10.1.0.2", "203.0.113.10"), "bob": ("10.2.0.2", "203.0.113.20")}
STUN: Final = "203.0.113.1"
BYTES: Final = 256 * 1024


def ip(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ip", *arguments], check=check, capture_output=True)


def why_not() -> str:
    """Why this machine cannot; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need Linux and root"
    try:
        made = ip("netns", "add", OUTER, check=False)
    except FileNotFoundError:
        return "there is no ip"
    if made.returncode != 0:
        return f"no network namespace can be made: {made.stderr.decode().strip()}"
    ip("netns", "del", OUTER)
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        return f"there is no TUN device: {error}"
    return ""


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@asynccontextmanager
async def program(namespace: str, module: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python program in a namespace; killed at the end."""
    process = await asyncio.create_subprocess_exec(
        "ip",
        *("netns", "exec", namespace, sys.executable, "-m", module, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line_of(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(3 * PATIENCE_S):  # the relay is the last way that is tried
        return await process.stdout.readline()


@pytest.fixture(params=[("home", "home"), ("symmetric", "open")], ids=["home", "symmetric"])
async def networks(request: pytest.FixtureRequest) -> AsyncIterator[AsyncExitStack]:
    """The outer network with STUN, and the two behind their routers of such kinds."""
    kinds = dict(zip(INNER, request.param, strict=True))
    async with AsyncExitStack() as stack:
        for namespace in (OUTER, *INNER.values()):
            ip("netns", "add", namespace)
            stack.callback(ip, "netns", "del", namespace, check=False)
        for address in (STUN, *(outer for _, outer in ADDRESSES.values())):
            ip("-n", OUTER, "addr", "add", f"{address}/32", "dev", "lo")
        ip("-n", OUTER, "link", "set", "lo", "up")
        stun = await stack.enter_async_context(program(OUTER, "tests.support.stun", STUN, "3478"))
        assert await line_of(stun) == b"ready\n"
        for name, namespace in INNER.items():
            nat = await stack.enter_async_context(
                program(OUTER, "tests.support.nat", namespace, *ADDRESSES[name], kinds[name])
            )
            assert await line_of(nat) == b"ready\n"
        yield stack


async def outcome(mine: asyncio.subprocess.Process, other: asyncio.subprocess.Process) -> dict[str, Any]:
    """What one end says in the end; what it signals goes to the other one."""
    assert other.stdin is not None
    while line := await line_of(mine):
        said: dict[str, Any] = json.loads(line)
        if "signal" not in said:
            return said
        other.stdin.write(json.dumps(said["signal"]).encode() + b"\n")
    raise AssertionError("it ended without a word")


async def meet_behind(stack: AsyncExitStack, two: Two) -> list[dict[str, Any]]:
    ends = {
        name: await stack.enter_async_context(program(namespace, "tests.support.meeting_end", str(BYTES)))
        for name, namespace in INNER.items()
    }
    for name, end in ends.items():
        assert end.stdin is not None
        end.stdin.write(msgspec.json.encode(getattr(two, name)) + b"\n")
    alice, bob = ends["alice"], ends["bob"]
    return list(await asyncio.gather(outcome(alice, bob), outcome(bob, alice)))


async def test_a_hole_is_punched_through_two_routers(networks: AsyncExitStack) -> None:
    """A symmetric one shows itself to the other end by another port than STUN has seen."""
    two = Two()
    for name in ("alice", "bob"):
        two.change(name, ice_servers=[IceServer(urls=[f"stun:{STUN}:3478"])])
    assert await meet_behind(networks, two) == [{"met": "punched", "same": True}] * 2


def listen_within(namespace: str, port: int) -> socket.socket:
    """At 127.0.0.1 of a namespace: the thread that goes there does nothing else."""

    def listen() -> socket.socket:
        there = os.open(Path("/run/netns", namespace), os.O_RDONLY)
        try:
            enter(there)
        finally:
            os.close(there)
        return socket.create_server(("127.0.0.1", port))

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(listen).result()


async def lead_to_server(stack: AsyncExitStack, url: str) -> None:
    """The server answers by TCP in both inner networks where it does here: to its relay there is a way."""
    host, _, port = url.removeprefix("http://").partition(":")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(reader, to_server[1]), pump(to_server[0], writer))

    for namespace in INNER.values():
        server = await asyncio.start_server(carry, sock=listen_within(namespace, int(port)))
        stack.callback(server.close)


@pytest.mark.parametrize("networks", [("symmetric", "symmetric")], ids=["both"], indirect=True)
async def test_through_two_symmetric_routers_goes_the_relay_alone(
    networks: AsyncExitStack, tmp_path: Path
) -> None:
    """Neither knows by which port the other one will come, and none of their routers lets a stranger in."""
    server = networks.enter_context(running_server(tmp_path / "data"))
    await lead_to_server(networks, server.url)
    two = Introduced()
    await two.introduce(networks, server.url)
    for name in ("alice", "bob"):
        two.change(name, ice_servers=[IceServer(urls=[f"stun:{STUN}:3478"])])
    assert await meet_behind(networks, two) == [{"met": "relay", "same": True}] * 2
