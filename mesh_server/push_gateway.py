"""Pushes over HTTP, to Gotify (https://gotify.net/api-docs) and ntfy (https://docs.ntfy.sh/publish/).

Strategy: the address was chosen by a user, so it is a stranger's. It has to be on the administrator's list
when it is used, not only when it was stored. Its name is looked up once, here; every address behind it has to
be one that may be reached, and the connection goes to these addresses and no others, so that a name that
changes its mind between the look and the connection gains nothing. No redirect is followed, no cookie kept,
no proxy of the environment asked, and of an answer no more is read than its head.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from mesh_server.services.push_addresses import AllowList, Place
from mesh_server.services.push_targets import Notice, Outcome
from mesh_server.store.base import PushTargetRecord
from protocol.rest import PushKind
from protocol.version import __version__

RETRY_AFTER_MAX_S: Final = 3_600.0
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_GOTIFY_PRIORITY: Final = 5
"""From 4 on its app makes a sound."""

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""The addresses behind a name. Raises: OSError."""


class AddressRefused(OSError):
    """A name leads to where no push may go."""


class _Resolver(AbstractResolver):
    def __init__(self, allowed: AllowList, lookup: Lookup) -> None:
        self._allowed, self._lookup = allowed, lookup

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - either will do
    ) -> list[ResolveResult]:
        found = await self._lookup(host, port)
        if not found or not all(self._allowed.may_reach(host, address) for address in found):
            raise AddressRefused(host)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None: ...


async def system_lookup(host: str, port: int) -> list[str]:
    """As the system does it, on a thread of its own: a slow one holds up nobody, nor the server's end."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def tell(found: list[str], error: OSError | None) -> None:
        if not answer.done():
            answer.set_result(found) if error is None else answer.set_exception(error)

    def look() -> None:
        found, failed = [], None
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            found = list(dict.fromkeys(str(address[0]) for *_, address in infos))
        except (OSError, UnicodeError) as error:
            failed = error if isinstance(error, OSError) else OSError("no name")
        with contextlib.suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(tell, found, failed)

    threading.Thread(target=look, name="push-lookup", daemon=True).start()
    return await answer


class PushGateway:
    """`Notifier` over HTTP."""

    def __init__(self, allowed: AllowList, *, timeout_s: float, lookup: Lookup = system_lookup) -> None:
        self._allowed, self._timeout_s, self._lookup = allowed, timeout_s, lookup
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, target: PushTargetRecord, notice: Notice) -> Outcome:
        place = self._allowed.find(target.url)
        if place is None or not self._is_open(place):
            return Outcome("refused")
        path, headers, body = _REQUESTS[target.kind](target, notice)
        try:
            async with self._http().post(
                place.url + path,
                data=msgspec.json.encode(body),
                headers={"Content-Type": "application/json", **headers},
                allow_redirects=False,
            ) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
                response.close()
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            is_refused = isinstance(getattr(error, "os_error", error), AddressRefused)
            return Outcome("refused") if is_refused else Outcome("unreachable", retry=True)
        return _outcome(status, retry_after)

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _is_open(self, place: Place) -> bool:
        """An address in figures is not looked up, so it is looked at here; any other is, by the resolver."""
        figures = place.host.strip("[]")
        try:
            socket.inet_pton(socket.AF_INET6 if ":" in figures else socket.AF_INET, figures)
        except OSError:
            return True
        return self._allowed.may_reach(place.host, figures)

    def _http(self) -> aiohttp.ClientSession:
        """Made when it is needed first, because it belongs to the loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_Resolver(self._allowed, self._lookup), use_dns_cache=False, force_close=True
                ),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"mesh-server/{__version__}"},
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _outcome(status: int, retry_after: str) -> Outcome:
    if 200 <= status < 300:
        return Outcome("delivered")
    if status in _TRY_AGAIN or status >= 500:
        wait = float(retry_after) if retry_after.isdecimal() else 0.0
        return Outcome("unreachable", retry=True, retry_after=min(wait, RETRY_AFTER_MAX_S))
    return Outcome("refused")


_Request = tuple[str, Mapping[str, str], dict[str, Any]]


def _gotify(target: PushTargetRecord, notice: Notice) -> _Request:
    body: dict[str, Any] = {
        "title": notice.title,
        "message": notice.text,
        "priority": _GOTIFY_PRIORITY,
    }
    if notice.link:
        body["extras"] = {"client::notification": {"click": {"url": notice.link}}}
    return "/message", {"X-Gotify-Key": target.token}, body


def _ntfy(target: PushTargetRecord, notice: Notice) -> _Request:
    """As JSON, which goes to the root, since a header holds no text beyond ASCII."""
    body = {"topic": target.topic, "title": notice.title, "message": notice.text}
    if notice.link:
        body["click"] = notice.link
    return "/", {"Authorization": f"Bearer {target.token}"} if target.token else {}, body


_REQUESTS: Final[dict[PushKind, Callable[[PushTargetRecord, Notice], _Request]]] = {
    "gotify": _gotify,
    "ntfy": _ntfy,
}
