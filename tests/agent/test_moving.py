"""A device that is in another network notices that at once, on its line to the server and to others."""

import asyncio
import json
import os
import subprocess
import sys
from typing import cast

import aioice.ice
import pytest
from aioice import Candidate, stun

from mesh_agent.media.ice import LocalConnection, seen_from_outside
from mesh_agent.net.addresses import is_gone
from scripts.fuzz.two_ways import why_not
from tests.support.conditions import PATIENCE_S


@pytest.mark.parametrize(
    ("place", "gone"),
    [
        (("127.0.0.1", 80), False),
        (("192.0.2.1", 80), True),
        (("2001:db8::1", 80, 0, 0), True),
        ("/run/mesh.sock", False),
        (None, False),
    ],
)
def test_an_address_is_gone_where_no_socket_can_have_it(place: object, gone: bool) -> None:
    assert is_gone(place) is gone


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can be tried")
def test_the_line_and_the_hole_know_that_their_address_is_gone() -> None:
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-m", "tests.agent.moved"],
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE_S,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said == {"line": "client.network_changed", "before": [False, False], "after": [True, True]}


class Answers(asyncio.DatagramProtocol):
    """A STUN server that hears only whom it heard first."""

    def __init__(self) -> None:
        self._first: object = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._first = self._first or addr
        if addr != self._first:
            return
        asked = stun.parse_message(data)
        answer = stun.Message(asked.message_method, stun.Class.RESPONSE, asked.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = ("203.0.113.7", 1234)
        self._transport.sendto(bytes(answer), addr)


async def test_an_address_that_no_stun_server_hears_is_not_waited_for() -> None:
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Answers, local_addr=("127.0.0.1", 0))
    ends = []
    for _ in range(2):
        connection = LocalConnection(ice_controlling=True)
        transport, end = await loop.create_datagram_endpoint(
            lambda connection=connection: aioice.ice.StunProtocol(connection),  # type: ignore[misc]
            local_addr=("127.0.0.1", 0),
        )
        host, port = transport.get_extra_info("sockname")
        end.local_candidate = Candidate("1", 1, "udp", 1, host, port, "host")
        ends.append(end)
    async with asyncio.timeout(PATIENCE_S):
        found = await seen_from_outside(ends, server.get_extra_info("sockname"), patience_s=3_600)
    assert [(each.type, each.host) for each in found] == [("srflx", "203.0.113.7")]
    server.close()
    await asyncio.gather(*(end.close() for end in ends))
