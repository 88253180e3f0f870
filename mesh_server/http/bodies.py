"""Bytes of a request to structs, structs to bytes of an answer."""

import asyncio
import math
from typing import Any, Final, TypeVar

from aiohttp import hdrs, web
from msgspec import Struct

from mesh_server import log as logs
from protocol import limits
from protocol.codec import decode_body, encode_body
from protocol.errors import BodyMalformed, BodyTooLarge, MeshError, QueryInvalid, UnsupportedContentType
from protocol.rest import ErrorBody, ErrorDetail

T = TypeVar("T", bound=Struct)

_JSON: Final = "application/json"
_MAX_DIGITS: Final = 15
BODY_S: Final = 30.0
"""How long a body may take to arrive."""


async def read_body(request: web.Request, kind: type[T]) -> T:
    """The body as `kind`; no more of it is read than a body may have.

    Raises:
        UnsupportedContentType, BodyTooLarge, BodyMalformed, BodyInvalid
    """
    if request.content_type != _JSON or hdrs.CONTENT_ENCODING in request.headers:
        raise UnsupportedContentType
    if request.content_length is not None and request.content_length > limits.BODY_BYTES:
        raise BodyTooLarge
    try:
        async with asyncio.timeout(BODY_S):
            return decode_body(await _read(request), kind)
    except TimeoutError:
        raise BodyMalformed(f"The body did not arrive within {BODY_S:g} seconds.") from None
    except web.RequestPayloadError:
        raise BodyMalformed("The body ends or is cut into chunks other than as announced.") from None


async def _read(request: web.Request) -> bytes:
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > limits.BODY_BYTES:
            raise BodyTooLarge
    return bytes(data)


def query_number(request: web.Request, name: str) -> int | None:
    """A whole number of the query; None where it is not there. Raises: QueryInvalid."""
    text = request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        raise QueryInvalid(f"{name} is a whole number, not {text[:20]!r}.")
    return int(text)


def answer(body: Any, *, status: int = 200) -> web.Response:
    return web.Response(body=encode_body(body), status=status, content_type=_JSON)


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
