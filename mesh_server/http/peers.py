"""`/api/auth/capability`, `/api/keys`, `/api/p2p`, `/api/rtc`: what two peers need to come together."""

from aiohttp import web

from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from protocol.rest import (
    Capability,
    CapabilityRequest,
    IceServerList,
    KeyList,
    P2pGrant,
    P2pSessionList,
    P2pSessionRequest,
)


async def capability(services: Services, who: Principal, body: CapabilityRequest) -> Capability:
    return await services.capabilities.issue(who, body)


async def keys(services: Services) -> KeyList:
    return KeyList(keys=services.signer.public)


async def request(services: Services, who: Principal, body: P2pSessionRequest) -> P2pGrant:
    return await services.peering.request(who, body)


async def list_sessions(services: Services, who: Principal) -> P2pSessionList:
    return P2pSessionList(sessions=await services.peering.list_mine(who))


async def close(services: Services, who: Principal, session_id: str) -> None:
    await services.peering.close(who, session_id)


async def ice_servers(services: Services, who: Principal, request: web.Request) -> IceServerList:
    return services.ice.servers(who, host=request.host)
