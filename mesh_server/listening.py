"""Where a server is reached: its addresses, and TLS on them."""

import ssl
from typing import Final, Self

from aiohttp import web

from mesh_server.config import Config
from mesh_server.errors import CannotStart

BACKLOG: Final = 1024
KEEPALIVE_S: Final = 75.0
"""How long a connection may stay open between two requests."""

SHUTDOWN_S: Final = 2.0
"""How long requests under way may take once the server stops."""


class Listener:
    """An application on its address."""

    def __init__(self, runner: web.AppRunner, site: web.TCPSite, url: str) -> None:
        self._runner, self._site, self.url = runner, site, url

    @classmethod
    async def open(cls, config: Config, application: web.Application) -> Self:
        """Raises: CannotStart."""
        host, port = config.address
        tls = _tls(config)
        runner = web.AppRunner(
            application,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=KEEPALIVE_S,
            shutdown_timeout=SHUTDOWN_S,
            auto_decompress=False,  # a body is as large as what came over the line
        )
        await runner.setup()
        site = web.TCPSite(runner, host, port, backlog=BACKLOG, reuse_address=True, ssl_context=tls)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            raise CannotStart(f"Cannot listen on {config.listen}: {error.strerror or error}.") from None
        return cls(runner, site, _url("https" if tls else "http", host, runner.addresses[0][1]))

    async def stop_accepting(self) -> None:
        await self._site.stop()

    async def close(self) -> None:
        await self._runner.cleanup()


def _tls(config: Config) -> ssl.SSLContext | None:
    if not config.tls.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.tls.certificate, config.tls.key)
    except (OSError, ssl.SSLError) as error:
        files = f"{config.tls.certificate} and {config.tls.key}"
        raise CannotStart(f"The certificate in {files} cannot be used: {error.strerror or error}.") from None
    return context


def _url(scheme: str, host: str, port: int) -> str:
    """The address as it became: the port is what port 0 picked."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
