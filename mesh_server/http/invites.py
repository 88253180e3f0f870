"""`/api/…/invites`, and the page that an invite's link shows in a browser."""

import html
from typing import Final

from aiohttp import web

from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from protocol.errors import InviteInvalid
from protocol.rest import Invite, InviteList, InviteRequest, Room

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


async def create(services: Services, who: Principal, room_id: str, body: InviteRequest) -> Invite:
    return await services.invites.create(who, room_id, body)


async def list_invites(services: Services, who: Principal, room_id: str) -> InviteList:
    return InviteList(invites=await services.invites.list_usable(who, room_id))


async def revoke(services: Services, who: Principal, room_id: str, invite_id: str) -> None:
    await services.invites.revoke(who, room_id, invite_id)


async def join(services: Services, who: Principal, code: str) -> Room:
    return await services.invites.join(who, code)


async def page(services: Services, code: str) -> web.Response:
    """Says how to come in, to a person with a browser; names the server and the room, and nothing else."""
    try:
        room = await services.invites.room_name(code)
    except InviteInvalid:
        return _html("This invite is not valid, or no longer", _OVER, status=404)
    return _html(f"You are invited to {room} on {services.server_name}", _HOW)


def _html(title: str, text: str, *, status: int = 200) -> web.Response:
    body = _PAGE.format(title=html.escape(title), text=text)
    return web.Response(text=body, status=status, content_type="text/html", headers=_HEADERS)
