"""`/api/…/invites`, and the page that an invite's link shows in a browser."""

import base64
import hashlib
import html
import re
from typing import Final
from urllib.parse import quote

from aiohttp import web

from mesh_server.http.services import Services
from mesh_server.services.invites import PATH
from mesh_server.services.principal import Principal
from protocol.errors import InviteInvalid
from protocol.rest import Invite, InviteList, InviteRequest, Room

_STYLE: Final = (
    "body{max-width:38em;margin:12vh auto;padding:0 1.2em;background:#272822;color:#f8f8f2;"
    "font:1.05em/1.6 ui-monospace,Menlo,Consolas,monospace}"
    "h1{font-size:1.4em;line-height:1.3;color:#66d9ef;overflow-wrap:anywhere}"
    "pre{padding:.8em 1em;background:#1e1f1c;color:#a6e22e;white-space:pre-wrap;overflow-wrap:anywhere}"
    "code{color:#a6e22e}p.note{color:#a59f85}a{color:#66d9ef}"
)
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
"""The page needs nothing and leads nowhere but to this server; its address is a secret, and stays one."""

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{text}
</body>
</html>
"""

_HOW: Final = """\
<p>Mesh is a place for a team, in the terminal. To come in:</p>
<ol>
<li>Install Mesh, if you have not yet; whoever sent you the link knows where to get it.</li>
<li>In a terminal, type this and press Enter:
<pre>mesh-tui {link}</pre></li>
<li>Choose a name and a password, or sign in; the room opens by itself.</li>
</ol>
<p>From a checkout of Mesh the command is <code>./scripts/mesh tui</code>. Without a screen,
<code>mesh-agent register NAME --invite</code> and <code>mesh-agent join</code> take the address too.</p>"""

_CARE: Final = '<p class="note">Who has this address can come in, so pass it on with care.</p>'

_HERE: Final = """\
<p>Or come in right here, with nothing installed: {ways}. With an account that you have,
<code>/join {link}</code> opens the room once you are inside.</p>"""

_REGISTER: Final = '<a href="/?register&amp;invite={code}">make an account</a>, or '
_SIGN_IN: Final = '<a href="/">sign in</a>'

_OVER: Final = "<p>It has expired, was used as often as it may be, or was revoked. Ask for a new one.</p>"

_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


async def create(services: Services, who: Principal, room_id: str, body: InviteRequest) -> Invite:
    return await services.invites.create(who, room_id, body)


async def list_invites(services: Services, who: Principal, room_id: str) -> InviteList:
    return InviteList(invites=await services.invites.list_usable(who, room_id))


async def revoke(services: Services, who: Principal, room_id: str, invite_id: str) -> None:
    await services.invites.revoke(who, room_id, invite_id)


async def join(services: Services, who: Principal, code: str) -> Room:
    return await services.invites.join(who, code)


async def page(services: Services, code: str, request: web.Request) -> web.Response:
    """Says how to come in, to a person with a browser; names the server and the room, and nothing else."""
    try:
        room = await services.invites.room_name(code)
    except InviteInvalid:
        return _html("This invite is not valid, or no longer", _OVER, status=404)
    link = html.escape(_address(request, code))
    text = "\n".join([_HOW.format(link=link), *await _by_the_browser(services, code, link), _CARE])
    where = services.server_name if room is None else f"{room} on {services.server_name}"
    return _html(f"You are invited to {where}", text)


async def _by_the_browser(services: Services, code: str, link: str) -> list[str]:
    """The way to the browser's door, where it is open."""
    if not services.has_web:
        return []
    registers = await services.accounts.registration() != "closed"
    register = _REGISTER.format(code=quote(code, safe="")) if registers else ""
    return [_HERE.format(ways=f"{register}{_SIGN_IN}", link=link)]


def _address(request: web.Request, code: str) -> str:
    """Of this page, as the browser has it: it names the host, and a proxy says whether it came by TLS.

    Who lies about these deceives only themselves.
    """
    said = request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
    scheme = said if said in {"http", "https"} else request.scheme
    host = request.host if _HOST.fullmatch(request.host) else "chat.example.org"
    return f"{scheme}://{host}{PATH}{code}"


def _html(title: str, text: str, *, status: int = 200) -> web.Response:
    body = _PAGE.format(title=html.escape(title), text=text, style=_STYLE)
    return web.Response(text=body, status=status, content_type="text/html", headers=_HEADERS)
