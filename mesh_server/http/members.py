"""`/api/rooms/{room_id}/members` and `…/bans`"""

from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from protocol.queries import MembersQuery
from protocol.rest import AddMemberRequest, Ban, BanList, BanRequest, Member, MemberList, RoleRequest


async def list_members(services: Services, who: Principal, room_id: str, query: MembersQuery) -> MemberList:
    return await services.rooms.members(who, room_id, query)


async def add(services: Services, who: Principal, room_id: str, body: AddMemberRequest) -> Member:
    return await services.order.add_member(who, room_id, body)


async def set_role(
    services: Services, who: Principal, room_id: str, user_id: str, body: RoleRequest
) -> Member:
    return await services.order.set_role(who, room_id, user_id, body)


async def kick(services: Services, who: Principal, room_id: str, user_id: str) -> None:
    await services.order.kick(who, room_id, user_id)


async def bans(services: Services, who: Principal, room_id: str) -> BanList:
    return BanList(bans=await services.order.bans(who, room_id))


async def ban(services: Services, who: Principal, room_id: str, body: BanRequest) -> Ban:
    return await services.order.ban(who, room_id, body)


async def lift_ban(services: Services, who: Principal, room_id: str, user_id: str) -> None:
    await services.order.lift_ban(who, room_id, user_id)
