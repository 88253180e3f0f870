"""Where pushes go while I am away: places at Gotify or ntfy servers that the administrator allows."""

from mesh_agent.client.network import Network
from protocol.rest import PushTarget, PushTargetList, PushTargetRequest, PushTest


class Pushes:
    """Every call raises `Unreachable` or a kind of it where there is no answer, else the server's refusal."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def targets(self) -> PushTargetList:
        """My places, and what addresses may begin with here."""
        return await (await self._network.rest()).push_targets()

    async def add(self, target: PushTargetRequest) -> PushTarget:
        return await (await self._network.rest()).add_push_target(target)

    async def test(self, target_id: str) -> PushTest:
        """Sends one there now, and waits for what becomes of it."""
        return await (await self._network.rest()).test_push_target(target_id)

    async def remove(self, target_id: str) -> None:
        await (await self._network.rest()).remove_push_target(target_id)
