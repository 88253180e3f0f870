"""HTTP towards one server: what is never followed or unpacked, and what a failure means in words.

Strategy: everything that `rest` and `socket` share. Redirects are refused, because the next host would
be handed the token; compressed answers are not asked for and not unpacked, so that a small answer cannot
become a large one. A table turns aiohttp's exceptions into the sentences of `client.errors`.
"""

import ssl
from typing import Final

import aiohttp

from mesh_agent.client.errors import (
    CertificateRejected,
    LineLost,
    NameNotFound,
    NotMesh,
    ServerDown,
    TimedOut,
    TlsFailed,
    Unreachable,
    WrongAddress,
)
from mesh_agent.client.hosted import Hosted
from protocol.errors import MeshError
from protocol.version import __version__

CONNECT_S: Final = 10.0
CALL_S: Final = 20.0
"""One REST call, from the name's look-up to the answer's last byte."""

GATEWAY_STATUSES: Final = frozenset({502, 503, 504})
"""What a proxy says when the server behind it does not answer."""


def open_http(*, reuse: bool = True, hosted: Hosted | None = None) -> aiohttp.ClientSession:
    """What calls and lines are made with; to be closed by the caller.

    `reuse`: a connection serves one call after the other. A line must not begin on one of those: whatever
    broke the last line without a word, a suspended laptop or a router that forgot, has broken them as well.
    `hosted` with a socket: everything goes there, in plain HTTP, whatever the address that is asked for says.
    """
    headers = {"User-Agent": f"mesh-agent/{__version__}", "Accept-Encoding": "identity"}
    connector: aiohttp.BaseConnector
    if hosted is None or not hosted.socket:
        connector = aiohttp.TCPConnector(force_close=not reuse)
    else:
        connector = aiohttp.UnixConnector(hosted.socket, force_close=not reuse)
        headers["X-Forwarded-For"] = hosted.address
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=CALL_S, connect=CONNECT_S),
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        middlewares=(_refuse_redirect,),
    )


async def _refuse_redirect(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    response = await handler(request)
    if 300 <= response.status < 400:
        response.close()
        raise NotMesh(
            f"{request.url.origin()} sends elsewhere instead of answering. Use the address that it leads to."
        )
    return response


def explain(error: aiohttp.ClientError | TimeoutError | OSError, server: str) -> Unreachable:
    """The sentence for what aiohttp raised while speaking to `server`."""
    for kind, (meaning, text) in _MEANINGS.items():
        if isinstance(error, kind):
            return meaning(text.format(server=server, why=_certificate_fault(error)))
    return Unreachable(f"{server} cannot be reached.")


def explain_status(status: int, server: str) -> MeshError:
    """The sentence for an answer that carries no error of Mesh's."""
    if status in GATEWAY_STATUSES:
        return ServerDown(f"The proxy at {server} answers, the server behind it does not.")
    return NotMesh(f"{server} answers, but not as a Mesh server does.")


def _certificate_fault(error: BaseException) -> str:
    inner = getattr(error, "certificate_error", error)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message.rstrip(".")
    return "it does not fit"


_MEANINGS: Final[dict[type[BaseException], tuple[type[Unreachable], str]]] = {
    aiohttp.ClientConnectorCertificateError: (
        CertificateRejected,
        "The certificate of {server} is not to be trusted: {why}.",
    ),
    ssl.SSLCertVerificationError: (
        CertificateRejected,
        "The certificate of {server} is not to be trusted: {why}.",
    ),
    aiohttp.ClientConnectorSSLError: (
        TlsFailed,
        "{server} does not speak TLS as it should. If it is meant to be without, use http://.",
    ),
    aiohttp.ClientConnectorDNSError: (
        NameNotFound,
        "No machine is known by the name in {server}. Check the spelling, or the network.",
    ),
    TimeoutError: (TimedOut, "{server} does not answer in time."),
    aiohttp.InvalidURL: (WrongAddress, "{server} is not a server's address."),
    aiohttp.ClientConnectorError: (
        ServerDown,
        "Nothing answers at {server}. Is the server running, and the port right?",
    ),
    aiohttp.ServerDisconnectedError: (LineLost, "{server} closed the connection without an answer."),
    aiohttp.ClientResponseError: (NotMesh, "{server} answers, but not as a Mesh server does."),
    aiohttp.ClientPayloadError: (LineLost, "The answer of {server} broke off."),
    OSError: (LineLost, "The connection to {server} was lost."),
}
"""Most special first: the first kind that fits is the meaning."""
