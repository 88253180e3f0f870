"""What is answered where, at the browser's door.

    GET  /                     the terminal, for who is signed in here; else a form to sign in or to register
    POST /web/sign-in          a form, from a page of ours; then back to /
    POST /web/register         the same
    POST /web/sign-out         the same
    GET  /web/terminal         the terminal's WebSocket, for a page of ours
    GET  /web/static/…         the files of the pages

Strategy: signing in goes through the very service that programs use, with its throttles and limits, and
whatever refuses is told in the page. Nothing else of Mesh can be asked with the cookie: it opens the
terminal.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final
from urllib.parse import parse_qs

from aiohttp import hdrs, web

from mesh_server.config import Config
from mesh_server.doors.launching import Launch
from mesh_server.doors.sessions import Folders, Seats
from mesh_server.doors.web.assets import PATH, Assets
from mesh_server.doors.web.browser import Browser
from mesh_server.doors.web.origins import WrongOrigin, cookie_name, is_own, reached
from mesh_server.doors.web.pages import Form, Mode, sign_in_page, terminal_page
from mesh_server.doors.web.visits import Visit, Visits
from mesh_server.doors.web.wire import SENTENCES, End
from mesh_server.http.address import address_of, stranger
from mesh_server.http.bodies import BODY_S
from mesh_server.http.services import Services
from mesh_server.limits import Kind
from mesh_server.services.principal import Principal
from protocol import limits
from protocol.errors import BodyMalformed, BodyTooLarge, MeshError, UpgradeRequired
from protocol.rest import LoginRequest, RegisterRequest, Session

FORM_BYTES: Final = 16 * 1024
"""The largest form: a name, a password and an invite of the greatest lengths, as a browser writes them."""

FIELD_CHARS: Final = limits.TOKEN_CHARS
SIZE: Final = (80, 24)
"""Of a page that does not say how large its terminal is."""

_FORM: Final = "application/x-www-form-urlencoded"
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"),
    ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
"""What a browser calls itself, the most telling first: each also says that it is those below it."""

Fields = dict[str, str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebDoor:
    """`sign_out` of its visits goes through `services`."""

    def __init__(self, config: Config, services: Services, launch: Launch) -> None:
        self._config, self._services = config, services
        doors = config.doors
        self.visits: Final = Visits(
            seats=Seats.of(doors.sessions, doors.sessions_per_person),
            folders=Folders(config.folder / "doors" / "web"),
            launch=launch,
            sign_out=self._sign_out_device,
            memory_mib=doors.memory_mib,
            away_s=doors.away_s,
        )
        self._assets: asyncio.Future[Assets] | None = None

    def add_to(self, application: web.Application) -> None:
        router = application.router
        router.add_get("/", self._in_page(self._front))
        router.add_post("/web/sign-in", self._in_page(partial(self._enter, mode="sign-in")))
        router.add_post("/web/register", self._in_page(partial(self._enter, mode="register")))
        router.add_post("/web/sign-out", self._in_page(self._leave))
        router.add_get("/web/terminal", self._terminal)
        router.add_get(PATH, self._asset)

    async def open(self, url: str, socket: str) -> None:
        """`url` is where the server listens, `socket` where what it runs reaches it."""
        self.visits.url, self.visits.socket = self._config.public_url.rstrip("/") or url, socket
        await self.visits.clear_up()

    async def close(self) -> None:
        await self.visits.close()

    # ── pages ────────────────────────────────────────────────────────────────────────────────────

    async def _front(self, request: web.Request) -> web.Response:
        self._services.limiter.spend(Kind.OPEN, stranger(request))
        visit = self._visit(request)
        if visit is not None:
            return terminal_page(self._services.server_name, visit.name, await self._load())
        wants = "register" in request.query
        return await self._form(
            Form(
                mode="register" if wants else "sign-in",
                invite=request.query.get("invite", "")[:FIELD_CHARS],
                notice=SENTENCES.get(request.query.get("why", ""), ""),
            )
        )

    async def _form(self, form: Form, *, status: int = 200) -> web.Response:
        registration = await self._services.accounts.registration()
        if form.mode == "register" and registration == "closed" and not form.notice:
            form = Form(notice="Accounts are made by the administrators of this server.")
        form = Form(
            mode=form.mode,
            may_register=registration != "closed",
            needs_invite=registration == "invite",
            username=form.username,
            invite=form.invite,
            notice=form.notice,
            is_wrong=form.is_wrong,
        )
        return sign_in_page(self._services.server_name, await self._load(), form, status=status)

    async def _asset(self, request: web.Request) -> web.Response:
        return await (await self._load()).answer(request)

    async def _load(self) -> Assets:
        if self._assets is None or (self._assets.done() and self._assets.exception() is not None):
            self._assets = asyncio.ensure_future(Assets.load())
        return await asyncio.shield(self._assets)  # one who hangs up must not spoil it for the others

    def _in_page(self, handler: Handler) -> Handler:
        """What is refused is told in a page, since it is a person who asks."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except MeshError as error:
                response = await self._form(Form(notice=error.message, is_wrong=True), status=error.status)
                return _retry_after(response, error)

        return answer

    # ── signing in and out ───────────────────────────────────────────────────────────────────────

    async def _enter(self, request: web.Request, *, mode: Mode) -> web.StreamResponse:
        self._require_own_page(request)
        self._services.limiter.spend(Kind.SIGN_IN, stranger(request))
        fields = await _read(request)
        former = self._visit(request)
        try:
            self.visits.seats.require_one()
            session = await self._session(request, fields, mode)
            cookie = await self.visits.begin(session, address_of(request))
        except MeshError as error:
            form = Form(
                mode=mode,
                username=fields.get("username", "")[: limits.USERNAME_CHARS],
                invite=fields.get("invite", ""),
                notice=error.message,
                is_wrong=True,
            )
            return _retry_after(await self._form(form, status=error.status), error)
        if former is not None:
            self.visits.end(former, End.LEFT)
        response = _to("/")
        secure = reached(request, self._config.public_url).secure
        response.set_cookie(
            cookie_name(secure), cookie, path="/", httponly=True, secure=secure, samesite="Strict"
        )
        return response

    async def _session(self, request: web.Request, fields: Fields, mode: Mode) -> Session:
        accounts, address = self._services.accounts, address_of(request)
        username, password = fields.get("username", ""), fields.get("password", "")
        device_name = browser_name(request.headers.get(hdrs.USER_AGENT, ""))
        if mode == "sign-in":
            body = LoginRequest(username=username, password=password, device_name=device_name)
            return await accounts.login(body, address=address)
        return await accounts.register(
            RegisterRequest(
                username=username,
                password=password,
                device_name=device_name,
                invite=fields.get("invite", "").strip(),
            ),
            address=address,
        )

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        self._require_own_page(request)
        visit = self._visit(request)
        if visit is not None:
            self.visits.end(visit, End.LEFT)
        response = _to(f"/?why={End.LEFT.word}")
        for secure in (False, True):
            response.del_cookie(
                cookie_name(secure), path="/", httponly=True, secure=secure, samesite="Strict"
            )
        return response

    async def _sign_out_device(self, user_id: str, device_id: str) -> None:
        who = Principal(user_id=user_id, username="", display_name="", role="user", device_id=device_id)
        await self._services.devices.logout(who)

    # ── the terminal ─────────────────────────────────────────────────────────────────────────────

    async def _terminal(self, request: web.Request) -> web.StreamResponse:
        self._require_own_page(request)
        self._services.limiter.spend(Kind.CONNECT, stranger(request))
        visit = self._visit(request)
        try:
            browser = await Browser.meet(request, heartbeat_s=self._config.heartbeat_s)
        except web.HTTPBadRequest:
            raise UpgradeRequired from None
        if visit is None:
            browser.end(End.GONE)
        else:
            await self.visits.attend(visit, browser, _size(request))
        await browser.closed()
        return browser.response

    def _visit(self, request: web.Request) -> Visit | None:
        secure = reached(request, self._config.public_url).secure
        return self.visits.of(request.cookies.get(cookie_name(secure)))

    def _require_own_page(self, request: web.Request) -> None:
        """Raises: WrongOrigin."""
        public_url = self._config.public_url
        if not is_own(request.headers.get(hdrs.ORIGIN, ""), reached(request, public_url), public_url):
            raise WrongOrigin


def browser_name(user_agent: str) -> str:
    """How the device is called in the list of one's devices."""
    for sign, name in _BROWSERS:
        if sign in user_agent:
            return f"{name}, in a browser's page"
    return "a browser's page"


async def _read(request: web.Request) -> Fields:
    """The fields of a form, each the first time that it is there. Raises: BodyTooLarge, BodyMalformed."""
    if request.content_type != _FORM:
        raise BodyMalformed("This is not what the form of the page sends.")
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.content.iter_any():
                data += chunk
                if len(data) > FORM_BYTES:
                    raise BodyTooLarge
        found = parse_qs(data.decode("ascii"), keep_blank_values=True, max_num_fields=8, errors="strict")
    except TimeoutError:
        raise BodyMalformed(f"The form did not arrive within {BODY_S:g} seconds.") from None
    except (ValueError, web.RequestPayloadError):
        raise BodyMalformed("The form cannot be understood.") from None
    fields = {name: values[0] for name, values in found.items()}
    if any(len(text) > FIELD_CHARS for text in fields.values()):
        raise BodyTooLarge
    return fields


def _size(request: web.Request) -> tuple[int, int]:
    """What the page says that its terminal has."""
    width, height = (request.query.get(name, "") for name in ("width", "height"))
    if all(text.isascii() and text.isdecimal() and len(text) <= 4 for text in (width, height)):
        return int(width), int(height)
    return SIZE


def _to(place: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: place})


def _retry_after(response: web.Response, error: MeshError) -> web.Response:
    if error.retry_after is not None:
        response.headers[hdrs.RETRY_AFTER] = str(max(1, math.ceil(error.retry_after)))
    return response
