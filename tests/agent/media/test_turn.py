"""Calls through a real coturn, with the credentials that a real server of ours hands out (docs/relay.md)."""

import asyncio
import re
import shutil
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import aiohttp
import numpy as np
import pytest
from numpy.typing import NDArray

from mesh_agent.media import orders
from mesh_agent.net.addresses import is_loopback, own_hosts
from tests.agent.media.studio import Studio
from tests.support.conditions import until
from tests.support.server import ServerProcess, running_server
from tests.support.wire import register

SECRET: Final = "a long random text"
PROGRAM: Final = shutil.which("turnserver")
STARTS: Final = 5
"""Another port each: one that was free may be taken by the time that coturn wants it."""

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="coturn is not installed")


class Coturn:
    """A TURN server at `address`, with what docs/relay.md says and no more."""

    def __init__(self, folder: Path, host: str, port: int) -> None:
        assert PROGRAM is not None
        self.address, self.log = f"{host}:{port}", folder / f"{port}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    PROGRAM,
                    *("-n", "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=turn.example"),
                    *(f"--listening-ip={host}", f"--relay-ip={host}", f"--listening-port={port}"),
                    *("--no-cli", "--no-tls", "--no-dtls", "--verbose", "--log-file=stdout"),
                    *(f"--pidfile={folder / f'{port}.pid'}", f"--userdb={folder / f'{port}.db'}"),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def listens(self) -> bool:
        return f"UDP listener opened on: {self.address}" in self.said

    def decided(self) -> bool:
        """Whether it listens, or never will."""
        return self.listens or self.process.poll() is not None

    def ended(self) -> set[str]:
        """Whose allocations there were that are over, by the ids of users."""
        return set(re.findall(r": delete: .*username=<\d+:(\w+)>", self.said))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    host = next((host for host in own_hosts() if not is_loopback(host) and ":" not in host), None)
    if host is None:
        pytest.skip("coturn relays nothing to loopback, and this machine has no other address")
    folder = tmp_path_factory.mktemp("coturn")
    for port in range(34_781, 34_781 + STARTS):
        running = Coturn(folder, host, port)
        asyncio.run(until(running.decided, "coturn"))
        if running.listens:
            yield running
            running.close()
            return
        running.close()
    pytest.fail(f"coturn does not start:\n{running.said}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, coturn: Coturn) -> Iterator[ServerProcess]:
    urls = f"turn:{coturn.address}?transport=udp"
    with running_server(
        tmp_path_factory.mktemp("turn") / "data", MESH_RTC_TURN_URLS=urls, MESH_RTC_TURN_SECRET=SECRET
    ) as running:
        yield running


async def ice_of(server: ServerProcess, name: str) -> list[orders.Ice]:
    async with aiohttp.ClientSession() as http:
        person = await register(http, server.url, name)
        found = await person.call("GET", "/api/rtc/ice-servers")
    return [orders.Ice(**each) for each in found["ice_servers"]]


def relayed(description: str) -> str:
    """As where no other way leads to this end."""
    lines = description.split("\r\n")
    return "\r\n".join(line for line in lines if "a=candidate:" not in line or " typ relay" in line)


def samples(path: Path) -> NDArray[np.int16]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


async def test_two_whom_nothing_else_connects_meet_at_the_turn_server(
    coturn: Coturn, server: ServerProcess, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    ices = [await ice_of(server, name) for name in ("alice", "bob")]
    alice = await Studio.begin("alice", ice=ices[0], audio_in="tone")
    bob = await Studio.begin("bob", ice=ices[1], audio_out=str(heard))
    try:
        alice.tell(orders.MakeOffer(party="bob", number=1))
        offer = await alice.hears(orders.Described, party="bob")
        assert " typ relay" in offer.sdp
        bob.tell(orders.TakeOffer(party="alice", number=1, sdp=relayed(offer.sdp)))
        answer = await bob.hears(orders.Described, party="alice")
        alice.tell(orders.TakeAnswer(party="bob", number=1, sdp=relayed(answer.sdp)))
        for studio in (alice, bob):
            assert (await studio.hears(orders.LegNow, state="connected")).way == "relay"
        await until(lambda: heard.exists() and np.count_nonzero(samples(heard)) > 4_800, "the tone")
    finally:
        await asyncio.gather(alice.stop(), bob.stop())
    users = {each.username.partition(":")[2] for ice in ices for each in ice if each.username}
    assert len(users) == 2
    await until(lambda: users <= coturn.ended(), "the end of what was relayed")


async def test_credentials_that_have_expired_are_of_no_use(coturn: Coturn, server: ServerProcess) -> None:
    (ice,) = [each for each in await ice_of(server, "carol") if each.username]
    assert ice.username is not None
    expired = orders.Ice(
        urls=ice.urls, username="1" + ice.username.partition(":")[1], credential=ice.credential
    )
    alice = await Studio.begin("alice", ice=[expired])
    try:
        alice.tell(orders.MakeOffer(party="bob", number=1))
        offer = await alice.hears(orders.Described, party="bob")
        assert " typ relay" not in offer.sdp
    finally:
        await alice.stop()
