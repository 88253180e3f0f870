"""`/api/push`"""

from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from protocol.rest import PushTarget, PushTargetList, PushTargetRequest, PushTest


async def list_targets(services: Services, who: Principal) -> PushTargetList:
    return await services.push.list_mine(who)


async def create(services: Services, who: Principal, body: PushTargetRequest) -> PushTarget:
    return await services.push.create(who, body)


async def delete(services: Services, who: Principal, target_id: str) -> None:
    await services.push.remove(who, target_id)


async def test(services: Services, who: Principal, target_id: str) -> PushTest:
    return await services.push.test(who, target_id)
