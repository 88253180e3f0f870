"""Where a server is reached: its addresses, and TLS on them."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from aiohttp import web

from mesh_server.accepting import Door
from mesh_server.caps import TcpCaps
from mesh_server.config import OFF, Config, address_of
from mesh_server.doors.inside import Inside
from mesh_server.errors import CannotStart
from mesh_server.http.guest import HttpGuest
from mesh_server.stun import StunServer
from mesh_server.tls import Certificate, CertificateUnusable

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 75.0
"""How long a connection may stay open between two requests."""

SHUTDOWN_S: Final = 2.0
"""How long requests under way may take once the server stops."""

OPERATORS: Final = 100
"""Connections to the address that is for operators."""

_HANDLING: Final[dict[str, Any]] = {
    "access_log": None,
    "keepalive_timeout": KEEPALIVE_S,
    "auto_decompress": False,  # a body is as large as what came over the line
}


class _Address:
    """One application on one address."""

    def __init__(self, runner: web.AppRunner, door: Door, url: str, make: Callable[..., HttpGuest]) -> None:
        self.runner, self.door, self.url = runner, door, url
        self._make = make

    @classmethod
    async def open(
        cls,
        key: str,
        listen: str,
        application: web.Application,
        caps: TcpCaps,
        certificate: Certificate | None = None,
        *,
        silence_s: float,
    ) -> Self:
        """`key` is the setting that says `listen`. Raises: CannotStart."""
        host, port = address_of(key, listen)
        context = None if certificate is None else certificate.context
        runner = web.AppRunner(application, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        assert runner.server is not None
        make = partial(HttpGuest, runner.server, caps, silence_s=silence_s, **_HANDLING)
        door = Door(make, context, handshake_s=silence_s)
        try:
            port = await door.open(host, port)
        except OSError as error:
            await runner.cleanup()
            raise CannotStart(f"Cannot listen on {listen}: {error.strerror or error}.") from None
        scheme = "http" if certificate is None else "https"
        return cls(runner, door, _url(scheme, host, port), make)

    async def open_inside(self, folder: Path) -> Inside:
        """The same application, for the programs of the server's doors. Raises: CannotStart."""
        return await Inside.open(folder, partial(self._make, inside=True))

    async def close(self) -> None:
        self.door.close()
        await self.runner.cleanup()


class Listeners:
    """The address of the clients, and that of Prometheus where it has one of its own."""

    def __init__(self, public: _Address, metrics: _Address | None, certificate: Certificate | None) -> None:
        self._addresses = [public] if metrics is None else [public, metrics]
        self._certificate = certificate
        self.url = public.url
        self.metrics_url = (metrics or public).url
        self._inside: Inside | None = None

    @classmethod
    async def open(
        cls, config: Config, public: web.Application, metrics: web.Application | None, caps: TcpCaps
    ) -> Self:
        """`caps` are those of the clients. Raises: CannotStart."""
        try:
            certificate = Certificate(config.tls) if config.tls.certificate else None
        except CertificateUnusable as error:
            raise CannotStart(str(error)) from None
        silence_s = config.limits.silence_s
        clients = await _Address.open("listen", config.listen, public, caps, certificate, silence_s=silence_s)
        if metrics is None:
            return cls(clients, None, certificate)
        try:
            own = TcpCaps(OPERATORS, OPERATORS)
            figures = await _Address.open(
                "metrics.listen", config.metrics.listen, metrics, own, silence_s=silence_s
            )
        except CannotStart:
            await clients.close()
            raise
        return cls(clients, figures, certificate)

    async def open_inside(self, folder: Path) -> str:
        """Where the programs of doors reach what clients reach: the path of a socket. Raises: CannotStart."""
        self._inside = await self._addresses[0].open_inside(folder)
        return self._inside.path

    async def reload_certificate(self) -> None:
        """Where there is one; connections stay open. One that cannot be used changes nothing."""
        if self._certificate is None:
            log.info("there is no certificate to read again")
            return
        try:
            await asyncio.to_thread(self._certificate.reload)
        except CertificateUnusable as error:
            log.error("the certificate stays the one before: %s", error)  # noqa: TRY400 - its words are ours
        else:
            log.info("the certificate was read again")

    async def stop_accepting(self) -> None:
        """Clients; Prometheus and `/readyz` are answered for as long as there is anything to tell."""
        self._addresses[0].door.close()

    async def close(self) -> None:
        if self._inside is not None:
            self._inside.close()
        for address in self._addresses:
            await address.close()


async def open_stun(config: Config, stun: StunServer, url: str) -> None:
    """The STUN responder, beside what listens at `url` unless another address is set.

    Nobody has asked for it there, so where that address is taken the server does without it.

    Raises: CannotStart
    """
    wanted = config.rtc.stun_listen
    if wanted == OFF:
        return
    host, port = address_of("rtc.stun_listen", wanted) if wanted else (config.address[0], urlsplit(url).port)
    try:
        await stun.open(host, port or 0)
    except OSError as error:
        why = error.strerror or error
        if wanted:
            raise CannotStart(f"Cannot listen on {wanted} over UDP, for STUN: {why}.") from None
        log.warning("no STUN responder: UDP port %s cannot be had: %s", port, why)


def _url(scheme: str, host: str, port: int) -> str:
    """The address as it became: the port is what port 0 picked."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
