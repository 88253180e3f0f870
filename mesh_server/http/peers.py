"""`/api/auth/capability`, `/api/keys`: what two peers need to come together."""

from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from protocol.rest import Capability, CapabilityRequest, KeyList


async def capability(services: Services, who: Principal, body: CapabilityRequest) -> Capability:
    return await services.capabilities.issue(who, body)


async def keys(services: Services) -> KeyList:
    return KeyList(keys=services.signer.public)
