"""Bytes of a request to structs, structs to bytes of an answer."""

import asyncio
import math
from functools import cache
from types import UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin

from aiohttp import hdrs, web
from msgspec import Struct, structs

from mesh_server import log as logs
from protocol import limits
from protocol.codec import convert_query, decode_body, encode_body
from protocol.errors import BodyMalformed, BodyTooLarge, MeshError, QueryInvalid, UnsupportedContentType
from protocol.rest import ErrorBody, ErrorDetail

T = TypeVar("T", bound=Struct)

JSON: Final = "application/json"
HTML: Final = "text/html"
TEXT: Final = "text/plain"
_MAX_DIGITS: Final = 16
"""No whole number that travels has more (`limits.INTEGER_MAX`)."""

BODY_S: Final = 30.0
"""How long a body may take to arrive."""


async def read_body(request: web.Request, kind: type[T]) -> T:
    """The body as `kind`; no more of it is read than the server takes.

    Nothing is decompressed, here or before (`auto_decompress` in `listening`): a small body stays small.

    Raises:
        UnsupportedContentType, BodyTooLarge, BodyMalformed, BodyInvalid
    """
    if request.content_type != JSON or hdrs.CONTENT_ENCODING in request.headers:
        raise UnsupportedContentType
    if request.content_length is not None and request.content_length > _most(request):
        raise BodyTooLarge
    try:
        async with asyncio.timeout(BODY_S):
            return decode_body(await _read(request), kind)
    except TimeoutError:
        raise BodyMalformed(f"The body did not arrive within {BODY_S:g} seconds.") from None
    except web.RequestPayloadError:
        raise BodyMalformed("The body ends or is cut into chunks other than as announced.") from None


async def _read(request: web.Request) -> bytes:
    data, most = bytearray(), _most(request)
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > most:
            raise BodyTooLarge
    return bytes(data)


def _most(request: web.Request) -> int:
    return min(request.client_max_size, limits.BODY_BYTES)


def read_query(request: web.Request, kind: type[T]) -> T:
    """What stands behind the `?` as `kind`, which need not know all of it. Raises: QueryInvalid."""
    given: dict[str, str | int] = {}
    for field in structs.fields(kind):
        values = request.query.getall(field.encode_name, ())
        if len(values) > 1:
            raise QueryInvalid(f"{field.encode_name} is there more than once.")
        if values:
            given[field.encode_name] = _number(values[0], field) if _is_number(field.type) else values[0]
    return convert_query(given, kind)


def _number(text: str, field: structs.FieldInfo) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        raise QueryInvalid(f"{field.encode_name} is a whole number, not {text[:20]!r}.")
    return int(text)


@cache
def _is_number(kind: Any) -> bool:
    """Whether a field holds a whole number, or none."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return any(one is int or get_args(one)[:1] == (int,) for one in kinds)


def answer(body: Any, *, status: int = 200) -> web.Response:
    return web.Response(body=encode_body(body), status=status, content_type=JSON)


def refusal(error: MeshError) -> web.Response:
    detail = ErrorDetail(
        code=error.code,
        message=error.message,
        request_id=logs.request_id.get(),
        retry_after=error.retry_after,
    )
    response = answer(ErrorBody(error=detail), status=error.status)
    if error.retry_after is not None:
        response.headers[hdrs.RETRY_AFTER] = str(max(1, math.ceil(error.retry_after)))
    if error.status == web.HTTPUnauthorized.status_code:
        response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    return response
