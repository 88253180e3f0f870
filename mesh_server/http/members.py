"""`/api/rooms/{room_id}/members` and `…/bans`"""

from aiohttp import web

from mesh_server.http.bodies import answer, read_body
from mesh_server.http.services import SERVICES
from mesh_server.services.principal import Principal
from protocol.rest import AddMemberRequest, BanList, BanRequest, MemberList, RoleRequest


async def list_members(request: web.Request, who: Principal) -> web.Response:
    found = await request.app[SERVICES].rooms.members(who, request.match_info["room_id"])
    return answer(MemberList(members=found))


async def add(request: web.Request, who: Principal) -> web.Response:
    body = await read_body(request, AddMemberRequest)
    member = await request.app[SERVICES].order.add_member(who, request.match_info["room_id"], body)
    return answer(member, status=201)


async def set_role(request: web.Request, who: Principal) -> web.Response:
    body = await read_body(request, RoleRequest)
    place = request.match_info
    return answer(await request.app[SERVICES].order.set_role(who, place["room_id"], place["user_id"], body))


async def kick(request: web.Request, who: Principal) -> web.Response:
    place = request.match_info
    await request.app[SERVICES].order.kick(who, place["room_id"], place["user_id"])
    return web.Response(status=204)


async def bans(request: web.Request, who: Principal) -> web.Response:
    found = await request.app[SERVICES].order.bans(who, request.match_info["room_id"])
    return answer(BanList(bans=found))


async def ban(request: web.Request, who: Principal) -> web.Response:
    body = await read_body(request, BanRequest)
    banned = await request.app[SERVICES].order.ban(who, request.match_info["room_id"], body)
    return answer(banned, status=201)


async def lift_ban(request: web.Request, who: Principal) -> web.Response:
    place = request.match_info
    await request.app[SERVICES].order.lift_ban(who, place["room_id"], place["user_id"])
    return web.Response(status=204)
