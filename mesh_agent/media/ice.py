"""aioice's connection, as legs need it: with the machine's own addresses, and telling how packets go.

Strategy: aioice leaves out loopback, so two programs on a machine without a network would never meet; here it
is one of the addresses. Another device's loopback address is only tried where that device has shown that it
is on this machine (`sdp`), so nobody can send us knocking at our own ports. Whether the other end is still
there and wants to be sent to (consent, RFC 7675) is asked more often than aioice does, which also measures
how far away it is, and tells sooner that the network is another one.
"""

import asyncio
import time
from typing import Any, Final

import aioice
from aioice import stun

from mesh_agent.net.addresses import own_hosts
from mesh_agent.net.base import Way

_DATAGRAMS_WAITING: Final = 2_000
"""What has come and was not taken; what is more is lost, as on any network."""


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
        """With the addresses that we would tell anyone."""
        del addresses
        return await super().get_component_candidates(component, own_hosts(), timeout)

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
    def way(self) -> Way | None:
        """By the kinds of the two ends' candidates that are in use; the last one, after the end."""
        pair = self._nominated.get(1)
        if pair is not None:
            kinds = {pair.local_candidate.type, pair.remote_candidate.type}
            self._way = "relay" if "relay" in kinds else "direct" if kinds == {"host"} else "punched"
        return self._way
