"""aioice's connection, as legs need it: with the machine's own addresses, and telling how packets go.

Strategy: aioice leaves out loopback, so two programs on a machine without a network would never meet; here it
is one of the addresses. Another device's loopback address is only tried where that device has shown that it
is on this machine (`sdp`), so nobody can send us knocking at our own ports.
"""

import time
from typing import Any, Final

import aioice

from mesh_agent.net.addresses import own_hosts
from mesh_agent.net.base import Way

_DATAGRAMS_WAITING: Final = 2_000
"""What has come and was not taken; what is more is lost, as on any network."""


class LocalConnection(aioice.Connection):
    """One that aiortc has made becomes one of these before it gathers."""

    heard_at = 0.0
    _way: Way | None = None

    async def get_component_candidates(self, component: int, addresses: list[str], timeout: int = 5) -> Any:  # noqa: ASYNC109
        """With the addresses that we would tell anyone."""
        del addresses
        return await super().get_component_candidates(component, own_hosts(), timeout)

    def data_received(self, data: bytes, component: int) -> None:
        if data and self._queue.qsize() < _DATAGRAMS_WAITING:
            self.heard_at = time.monotonic()
            super().data_received(data, component)

    @property
    def way(self) -> Way | None:
        """By the kinds of the two ends' candidates that are in use; the last one, after the end."""
        pair = self._nominated.get(1)
        if pair is not None:
            kinds = {pair.local_candidate.type, pair.remote_candidate.type}
            self._way = "relay" if "relay" in kinds else "direct" if kinds == {"host"} else "punched"
        return self._way
