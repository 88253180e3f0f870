"""Every REST call in one table."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from mesh_server.http import accounts, invites, members, rooms, search, system
from mesh_server.http.services import SERVICES, Services
from mesh_server.services.principal import Principal
from mesh_server.services.tokens import bearer_token
from protocol.errors import AuthRequired

Open = Callable[[web.Request], Awaitable[web.Response]]
SignedIn = Callable[[web.Request, Principal], Awaitable[web.Response]]

OPEN: Final[tuple[tuple[str, str, Open], ...]] = (
    ("POST", "/api/auth/register", accounts.register),
    ("POST", "/api/auth/login", accounts.login),
    ("POST", "/api/auth/refresh", accounts.refresh),
    ("GET", "/api/version", system.version),
    ("GET", "/invite/{code}", invites.page),
    ("GET", "/livez", system.live),
    ("GET", "/readyz", system.ready),
    ("GET", "/metrics", system.metrics),
)
"""Calls that anyone may make."""

SIGNED_IN: Final[tuple[tuple[str, str, SignedIn], ...]] = (
    ("POST", "/api/auth/logout", accounts.logout),
    ("GET", "/api/auth/me", accounts.get_me),
    ("PATCH", "/api/auth/me", accounts.patch_me),
    ("POST", "/api/auth/password", accounts.password),
    ("GET", "/api/auth/devices", accounts.devices),
    ("DELETE", "/api/auth/devices/{device_id}", accounts.delete_device),
    ("POST", "/api/rooms", rooms.create),
    ("GET", "/api/rooms", rooms.list_rooms),
    ("GET", "/api/rooms/{room_id}", rooms.get),
    ("PATCH", "/api/rooms/{room_id}", rooms.update),
    ("DELETE", "/api/rooms/{room_id}", rooms.delete),
    ("POST", "/api/rooms/{room_id}/join", rooms.join),
    ("POST", "/api/rooms/{room_id}/leave", rooms.leave),
    ("GET", "/api/rooms/{room_id}/members", members.list_members),
    ("POST", "/api/rooms/{room_id}/members", members.add),
    ("PATCH", "/api/rooms/{room_id}/members/{user_id}", members.set_role),
    ("DELETE", "/api/rooms/{room_id}/members/{user_id}", members.kick),
    ("GET", "/api/rooms/{room_id}/bans", members.bans),
    ("POST", "/api/rooms/{room_id}/bans", members.ban),
    ("DELETE", "/api/rooms/{room_id}/bans/{user_id}", members.lift_ban),
    ("GET", "/api/rooms/{room_id}/invites", invites.list_invites),
    ("POST", "/api/rooms/{room_id}/invites", invites.create),
    ("DELETE", "/api/rooms/{room_id}/invites/{invite_id}", invites.revoke),
    ("POST", "/api/invites/{code}/join", invites.join),
    ("GET", "/api/rooms/{room_id}/messages", rooms.messages),
    ("GET", "/api/rooms/{room_id}/messages/{message_id}/versions", rooms.versions),
    ("GET", "/api/rooms/{room_id}/pins", rooms.pins),
    ("POST", "/api/dms", rooms.dm),
    ("GET", "/api/search", search.search),
)
"""Calls that need an access token; who asks is the handler's second argument."""


def add_routes(application: web.Application, services: Services) -> None:
    application[SERVICES] = services
    for method, path, handler in OPEN:
        application.router.add_route(method, path, handler)
    for method, path, for_someone in SIGNED_IN:
        application.router.add_route(method, path, _signed_in(for_someone))


def _signed_in(handler: SignedIn) -> Open:
    async def with_principal(request: web.Request) -> web.Response:
        token = bearer_token(request.headers.get(hdrs.AUTHORIZATION, ""))
        if not token:
            raise AuthRequired
        who = await request.app[SERVICES].accounts.authenticate(token)
        return await handler(request, who)

    return with_principal
