"""`/api/auth`"""

from aiohttp import web

from mesh_server.http.bodies import answer, read_body
from mesh_server.http.services import SERVICES
from mesh_server.services.principal import Principal
from protocol.rest import (
    DeviceList,
    LoginRequest,
    PasswordRequest,
    ProfileRequest,
    RefreshRequest,
    RegisterRequest,
)


async def register(request: web.Request) -> web.Response:
    body = await read_body(request, RegisterRequest)
    session = await request.app[SERVICES].accounts.register(body, address=request.remote or "")
    return answer(session, status=201)


async def login(request: web.Request) -> web.Response:
    body = await read_body(request, LoginRequest)
    return answer(await request.app[SERVICES].accounts.login(body, address=request.remote or ""))


async def refresh(request: web.Request) -> web.Response:
    body = await read_body(request, RefreshRequest)
    return answer(await request.app[SERVICES].accounts.refresh(body))


async def logout(request: web.Request, who: Principal) -> web.Response:
    await request.app[SERVICES].accounts.logout(who)
    return web.Response(status=204)


async def get_me(request: web.Request, who: Principal) -> web.Response:
    return answer(await request.app[SERVICES].accounts.me(who))


async def patch_me(request: web.Request, who: Principal) -> web.Response:
    body = await read_body(request, ProfileRequest)
    return answer(await request.app[SERVICES].accounts.set_profile(who, body))


async def password(request: web.Request, who: Principal) -> web.Response:
    body = await read_body(request, PasswordRequest)
    await request.app[SERVICES].accounts.change_password(who, body, address=request.remote or "")
    return web.Response(status=204)


async def devices(request: web.Request, who: Principal) -> web.Response:
    return answer(DeviceList(devices=await request.app[SERVICES].accounts.devices(who)))


async def delete_device(request: web.Request, who: Principal) -> web.Response:
    await request.app[SERVICES].accounts.delete_device(who, request.match_info["device_id"])
    return web.Response(status=204)
