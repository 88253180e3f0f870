"""The two pages of the browser's door: to sign in, and the terminal.

Signing in is a plain form, without a script. Both pages load nothing from anywhere else, run no script but
ours, and stand in no frame.
"""

import html
from dataclasses import dataclass
from typing import Final, Literal

from aiohttp import web

from mesh_server.doors.web.assets import Assets
from protocol import limits

Mode = Literal["sign-in", "register"]

_COMMON: Final = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
_FORM_POLICY: Final = f"{_COMMON}style-src 'self'; font-src 'self'; img-src 'self'"
_TERMINAL_POLICY: Final = (
    f"{_COMMON}script-src 'self'; connect-src 'self'; font-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'"
)
"""The terminal makes style sheets of its own as it runs; nothing that people write gets into them."""

_HEADERS: Final = {
    # Origin would be "null" under no-referrer, and we look at it.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_HEAD: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
<meta name="theme-color" content="#272822">
<title>{title}</title>
<link rel="icon" href="{icon}">
<link rel="preload" href="{font}" as="font" type="font/ttf" crossorigin>
{styles}
</head>
"""

_FORM: Final = """\
<body class="front">
<main>
<h1><span class="mark" aria-hidden="true">◆</span> {server}</h1>
<p class="lead">{lead}</p>
{notice}
<form method="post" action="/web/{mode}">
<label for="username">Name</label>
<input id="username" name="username" value="{username}" required maxlength="{name_chars}"
 autocomplete="username" autocapitalize="none" spellcheck="false"{focus_name}>
<label for="password">Password</label>
<input id="password" name="password" type="password" required
 autocomplete="{autocomplete}"{focus_password}>
{invite}
<button>{action}</button>
</form>
{other}
</main>
<footer>Mesh · a private place for a team</footer>
</body>
</html>
"""

_INVITE: Final = """\
<label for="invite">Invite <span class="note">{hint}</span></label>
<input id="invite" name="invite" value="{invite}" maxlength="{chars}" autocomplete="off"
 autocapitalize="none" spellcheck="false"{required}>"""

_TERMINAL: Final = """\
<body class="inside">
<header>
<strong><span class="mark" aria-hidden="true">◆</span> {server}</strong>
<span id="state" role="status">connecting…</span>
<form id="leave" method="post" action="/web/sign-out"><span class="who">{name}</span>
<button>Sign out</button></form>
</header>
<div id="terminal" class="textual-terminal" data-session-websocket-url="/web/terminal"
 data-font-size="16" data-script="{script}"></div>
<div id="veil" hidden>
<div class="box"><p id="told"></p><button id="again" hidden>Bring it here</button></div>
</div>
<noscript><p class="plain">The terminal in this page needs JavaScript. Without it there is mesh-tui, and ssh
where this server has it.</p></noscript>
</body>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the page to sign in shows.

    Attributes:
        mode: what the form does.
        may_register: a way to the other form.
        needs_invite: nobody gets an account without one.
        notice: a sentence about what went before; `is_wrong`: it was a mistake.
    """

    mode: Mode = "sign-in"
    may_register: bool = False
    needs_invite: bool = False
    username: str = ""
    invite: str = ""
    notice: str = ""
    is_wrong: bool = False


def sign_in_page(server: str, assets: Assets, form: Form, *, status: int = 200) -> web.Response:
    registers = form.mode == "register"
    words = {
        "server": server,
        "lead": "Make an account, and come in." if registers else "Sign in to come in.",
        "mode": form.mode,
        "username": form.username,
        "autocomplete": "new-password" if registers else "current-password",
        "action": "Create account" if registers else "Sign in",
        "name_chars": str(limits.USERNAME_CHARS),
        "focus_name": "" if form.username else " autofocus",
        "focus_password": " autofocus" if form.username else "",
    }
    written = {name: html.escape(text) for name, text in words.items()}
    body = _FORM.format(
        **written, notice=_notice(form), invite=_invite(form) if registers else "", other=_other(form)
    )
    title = f"{words['action']} · {server}"
    return _page(title, assets, body, _FORM_POLICY, status=status)


def _notice(form: Form) -> str:
    if not form.notice:
        return ""
    kind, role = ("wrong", "alert") if form.is_wrong else ("told", "status")
    return f'<p class="notice {kind}" role="{role}">{html.escape(form.notice)}</p>'


def _invite(form: Form) -> str:
    hint = "you need one here" if form.needs_invite else "if you have one"
    return _INVITE.format(
        hint=hint,
        invite=html.escape(form.invite),
        chars=limits.TOKEN_CHARS,
        required=" required" if form.needs_invite else "",
    )


def _other(form: Form) -> str:
    if form.mode == "register":
        return '<p class="other">You have an account? <a href="/">Sign in</a></p>'
    if form.may_register:
        return '<p class="other">New here? <a href="/?register">Create an account</a></p>'
    return ""


def terminal_page(server: str, name: str, assets: Assets) -> web.Response:
    body = _TERMINAL.format(
        server=html.escape(server), name=html.escape(name), script=assets.url("textual.js")
    )
    scripts = f'<script src="{assets.url("door.js")}" defer></script>'
    return _page(server, assets, body, _TERMINAL_POLICY, more=("xterm.css",), scripts=scripts)


def _page(
    title: str,
    assets: Assets,
    body: str,
    policy: str,
    *,
    status: int = 200,
    more: tuple[str, ...] = (),
    scripts: str = "",
) -> web.Response:
    styles = [f'<link rel="stylesheet" href="{assets.url(name)}">' for name in (*more, "door.css")]
    head = _HEAD.format(
        title=html.escape(title),
        icon=assets.url("icon.svg"),
        font=assets.url("mono.ttf"),
        styles="\n".join([*styles, scripts]),
    )
    headers = _HEADERS | {"Content-Security-Policy": policy}
    return web.Response(text=head + body, status=status, content_type="text/html", headers=headers)
