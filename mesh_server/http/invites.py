"""`/api/…/invites`, and the page that an invite's link shows in a browser."""

import html
from typing import Final

from aiohttp import web

from mesh_server.http.bodies import answer, read_body
from mesh_server.http.services import SERVICES
from mesh_server.services.principal import Principal
from protocol.errors import InviteInvalid
from protocol.rest import InviteList, InviteRequest

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
"""The page needs nothing and leads nowhere; its address is a secret, and stays one."""

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<h1>{title}</h1>
{text}
</html>
"""

_HOW: Final = """\
<p>Mesh is a place for a team, in the terminal. To come in:</p>
<ol>
<li>Install Mesh, if you have not yet.</li>
<li>In a terminal, type <code>mesh-tui</code>, a space, and the address of this page, and press Enter.</li>
</ol>
<p>Who has this address can come in, so pass it on with care.</p>"""

_OVER: Final = "<p>It has expired, was used as often as it may be, or was revoked. Ask for a new one.</p>"


async def create(request: web.Request, who: Principal) -> web.Response:
    body = await read_body(request, InviteRequest)
    invite = await request.app[SERVICES].invites.create(who, request.match_info["room_id"], body)
    return answer(invite, status=201)


async def list_invites(request: web.Request, who: Principal) -> web.Response:
    found = await request.app[SERVICES].invites.list_usable(who, request.match_info["room_id"])
    return answer(InviteList(invites=found))


async def revoke(request: web.Request, who: Principal) -> web.Response:
    place = request.match_info
    await request.app[SERVICES].invites.revoke(who, place["room_id"], place["invite_id"])
    return web.Response(status=204)


async def join(request: web.Request, who: Principal) -> web.Response:
    return answer(await request.app[SERVICES].invites.join(who, request.match_info["code"]))


async def page(request: web.Request) -> web.Response:
    """Says how to come in, to a person with a browser; names the server and the room, and nothing else."""
    services = request.app[SERVICES]
    try:
        room = await services.invites.room_name(request.match_info["code"])
    except InviteInvalid:
        return _html("This invite is not valid, or no longer", _OVER, status=404)
    return _html(f"You are invited to {room} on {services.server_name}", _HOW)


def _html(title: str, text: str, *, status: int = 200) -> web.Response:
    body = _PAGE.format(title=html.escape(title), text=text)
    return web.Response(text=body, status=status, content_type="text/html", headers=_HEADERS)
