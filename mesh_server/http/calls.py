"""A REST call as one row: enough to route it, to decode what it takes, to encode its answer, to document it.

Strategy: what a call takes and gives is said once, by its handler's signature. A handler gets the `Services`,
and by their names what else it has a parameter for:

    who      the `Principal` that is signed in; without it the call is open to anyone, and its row says so too
    by       instead of `who`, the `Actor` that an administrator is; the call is refused to everyone else
    body     a struct of `protocol.rest`, decoded; where it has a default the body may be left out
    query    a struct of `protocol.queries`, decoded from what stands behind the `?`
    address  where the request came from
    request  the request itself, for the few calls that look at more of it
    any other name is a piece of the path

and returns the struct of the answer, None for an answer without a body, or a `web.Response` of another type.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import hdrs, web
from msgspec import Struct

from mesh_server.http.address import address_of, stranger
from mesh_server.http.bodies import JSON, answer, read_body, read_query
from mesh_server.http.services import SERVICES
from mesh_server.limits import Caller, Kind
from mesh_server.services.principal import Principal
from mesh_server.services.tokens import bearer_token
from protocol.errors import AdminRequired, AuthRequired, MeshError

Handler = Callable[..., Awaitable[Struct | web.Response | None]]

_RESERVED: Final = frozenset({"services", "_services", "who", "by", "body", "query", "address", "request"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One row.

    Attributes:
        summary: one line for whoever reads the document of the API.
        open: whether anyone may make it, without an access token.
        takes: the names of the handler's parameters.
        body: the struct of the body, None where none is read.
        body_needed: whether it must be there.
        query: the struct of the parameters, None where there are none.
        answer: the struct of the answer; None where it has no body, or is not JSON.
        status: of the answer.
        media: the type of the answer.
        counts_as: the rate that it takes from.
        also: further statuses that answer in this type, and not with an `ErrorBody`.
        raises: the errors that this call has, besides those that every call of its kind has.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    open: bool
    takes: frozenset[str]
    body: type[Struct] | None
    body_needed: bool
    query: type[Struct] | None
    answer: type[Struct] | None
    status: int
    media: str
    counts_as: Kind
    also: tuple[int, ...]
    raises: tuple[type[MeshError], ...]

    @property
    def for_admins(self) -> bool:
        return "by" in self.takes

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def call(
    method: str,
    path: str,
    handler: Handler,
    summary: str,
    *raises: type[MeshError],
    status: int | None = None,
    open: bool = False,  # noqa: A002 - as the contract calls it
    media: str = JSON,
    counts_as: Kind | None = None,
    also: tuple[int, ...] = (),
) -> Call:
    """The row of a handler. `status` is 204 for a handler that returns None, else 200, unless it is said.

    Unless it is said, it counts as open where anyone may call it, else as reading or writing by its method.

    Raises: TypeError, where handler and row do not agree; that is found when the server starts.
    """
    signature = inspect.signature(handler)
    parameters = signature.parameters
    given = signature.return_annotation
    _check_row(method, path, handler, set(parameters), is_open=open)
    body, query = parameters.get("body"), parameters.get("query")
    return Call(
        method=method,
        path=path,
        handler=handler,
        summary=summary,
        open=open,
        takes=frozenset(parameters),
        body=None if body is None else body.annotation,
        body_needed=body is not None and body.default is inspect.Parameter.empty,
        query=None if query is None else query.annotation,
        answer=given if isinstance(given, type) and issubclass(given, Struct) else None,
        status=status or (204 if given is None else 200),
        media=media,
        counts_as=counts_as or (Kind.OPEN if open else Kind.READ if method == "GET" else Kind.WRITE),
        also=also,
        raises=(AdminRequired, *raises) if "by" in parameters else raises,
    )


def _check_row(method: str, path: str, handler: Handler, takes: set[str], *, is_open: bool) -> None:
    if takes - _RESERVED != {part[1:-1] for part in path.split("/") if part.startswith("{")}:
        raise TypeError(f"{path} and {handler.__qualname__} do not name the same places.")
    if is_open is bool({"who", "by"} & takes):
        raise TypeError(f"{method} {path} is either open or has a `who` or a `by`.")


def serve(one: Call) -> Callable[[web.Request], Awaitable[web.Response]]:
    """What aiohttp calls for this row: who asks comes first, then the query, then the body.

    What the address may is looked at before anything else, so that a stranger's flood makes no work.
    """

    async def handle(request: web.Request) -> web.Response:
        limiter = request.app[SERVICES].limiter
        limiter.spend(one.counts_as, stranger(request))
        given: dict[str, Any] = dict(request.match_info)
        if not one.open:
            who = await _principal(request)
            limiter.spend(one.counts_as, Caller(device=who.device_id, user=who.user_id))
            given |= _asker(one, request, who)
        if one.query is not None:
            given["query"] = read_query(request, one.query)
        if one.body is not None and (one.body_needed or request.can_read_body):
            given["body"] = await read_body(request, one.body)
        if "address" in one.takes:
            given["address"] = address_of(request)
        if "request" in one.takes:
            given["request"] = request
        found = await one.handler(request.app[SERVICES], **given)
        if isinstance(found, web.Response):
            return found
        return web.Response(status=one.status) if found is None else answer(found, status=one.status)

    return handle


def _asker(one: Call, request: web.Request, who: Principal) -> dict[str, Any]:
    if "by" in one.takes:
        return {"by": request.app[SERVICES].accounts.administrator(who)}
    return {"who": who}


async def _principal(request: web.Request) -> Principal:
    token = bearer_token(request.headers.get(hdrs.AUTHORIZATION, ""))
    if not token:
        raise AuthRequired
    return await request.app[SERVICES].accounts.authenticate(token, address=address_of(request))
