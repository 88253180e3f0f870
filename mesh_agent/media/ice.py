"""aioice's connection, as legs need it: with the machine's own addresses, and telling how packets go.

Strategy: aioice leaves out loopback, so two programs on a machine without a network would never meet; here it
is one of the addresses. Another device's loopback address is only tried where that device has shown that it
is on this machine (`sdp`), so nobody can send us knocking at our own ports. Whether the other end is still
there and wants to be sent to (consent, RFC 7675) is asked more often than aioice does, which also measures
how far away it is, and tells sooner that the network is another one.

aioice also waits 5 s for what a STUN server says to each address, and some of a machine's never reach it (a
bridge of containers, loopback); each end of a leg waits so, one after the other. Here the first answer is
waited for, and others not much longer.
"""

import asyncio
import time
from typing import Any, Final

import aioice
from aioice import stun
from aioice.ice import server_reflexive_candidate

from mesh_agent.net.addresses import is_gone, is_loopback, own_hosts
from mesh_agent.net.base import Way

_DATAGRAMS_WAITING: Final = 2_000
"""What has come and was not taken; what is more is lost, as on any network."""

STUN_S: Final = 3.0
"""How long a STUN server may take to say how an address looks from outside: that is three questions."""

STUN_MORE_S: Final = 0.3
"""How much longer, once it has said that of one address, the others are waited for."""

CONSENT_EVERY_S: Final = 1.0
CONSENT_S: Final = 12.0
"""An end that has not answered for so long is gone."""

ROUND_TRIP_PART: Final = 0.25
"""What a new measurement counts."""


class LocalConnection(aioice.Connection):
    """One that aiortc has made becomes one of these before it gathers."""

    heard_at = 0.0
    round_trip_s: float | None = None
    _way: Way | None = None

    async def get_component_candidates(self, component: int, addresses: list[str], timeout: int = 5) -> Any:  # noqa: ASYNC109
        """With the addresses that we would tell anyone, and as they are seen from outside."""
        del addresses
        stun_server, turn_server = self.stun_server, self.turn_server
        self.stun_server = self.turn_server = None
        try:
            hosts = await super().get_component_candidates(component, own_hosts(), timeout)
        finally:
            self.stun_server, self.turn_server = stun_server, turn_server
        ends = [end for end in self._protocols if end.local_candidate in hosts]
        relayed, seen = await asyncio.gather(
            super().get_component_candidates(component, [], timeout), seen_from_outside(ends, stun_server)
        )
        return [*hosts, *seen, *relayed]

    def data_received(self, data: bytes, component: int) -> None:
        if data and self._queue.qsize() < _DATAGRAMS_WAITING:
            self.heard_at = time.monotonic()
            super().data_received(data, component)

    async def query_consent(self) -> None:
        """Until the other end is gone."""
        assert self.remote_password is not None
        key = self.remote_password.encode()
        answered = time.monotonic()
        while time.monotonic() - answered < CONSENT_S:
            await asyncio.sleep(CONSENT_EVERY_S)
            for pair in list(self._nominated.values()):
                asked = time.monotonic()
                request = self.build_request(pair, nominate=False)
                try:
                    await pair.protocol.request(
                        request, pair.remote_addr, integrity_key=key, retransmissions=1
                    )
                except (stun.TransactionError, ConnectionError, OSError):
                    continue
                answered = self.heard_at = time.monotonic()
                self._measured(answered - asked)
        self._query_consent_task = None
        await self.close()

    def _measured(self, round_trip_s: float) -> None:
        before = self.round_trip_s
        self.round_trip_s = (
            round_trip_s if before is None else before + ROUND_TRIP_PART * (round_trip_s - before)
        )

    @property
    def homeless(self) -> bool:
        """Whether the address that packets leave from is not this machine's any more."""
        pair = self._nominated.get(1)
        if pair is None or pair.local_candidate.type == "relay":
            return False
        return is_gone(pair.protocol.transport.get_extra_info("sockname"))

    @property
    def way(self) -> Way | None:
        """By the kinds of the two ends' candidates that are in use; the last one, after the end."""
        pair = self._nominated.get(1)
        if pair is not None:
            kinds = {pair.local_candidate.type, pair.remote_candidate.type}
            self._way = "relay" if "relay" in kinds else "direct" if kinds == {"host"} else "punched"
        return self._way


async def seen_from_outside(
    ends: list[Any], stun_server: tuple[str, int] | None, patience_s: float = STUN_S
) -> list[aioice.Candidate]:
    """How these ends look to that server, as far as it says so in time; the first answer has `patience_s`."""
    if stun_server is None:
        return []
    waiting = {
        asyncio.ensure_future(server_reflexive_candidate(end, stun_server))
        for end in ends
        if _asks(end.local_candidate.host, stun_server[0])
    }
    found: list[aioice.Candidate] = []
    until = time.monotonic() + patience_s
    while waiting and (left := until - time.monotonic()) > 0:
        done, waiting = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        answers = [task.result()[0] for task in done if task.exception() is None]
        if answers:
            found += answers
            until = min(until, time.monotonic() + STUN_MORE_S)
    for task in waiting:
        task.cancel()
    return found


def _asks(host: str, server: str) -> bool:
    """Whether an end there asks that server: one of IPv4, from which it can be reached."""
    return ":" not in host and (not is_loopback(host) or server in ("127.0.0.1", "localhost"))
