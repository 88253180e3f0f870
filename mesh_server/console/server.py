"""The console of a server that runs: each operation is a POST to its name, in JSON, over the socket."""

import logging
from pathlib import Path
from typing import Final, Self

from aiohttp import web

from mesh_server.console.door import SOCKET_FILE, listen, may_enter, peer_uid
from mesh_server.console.operations import OPERATIONS, Console
from mesh_server.http.bodies import answer, read_body
from mesh_server.http.middleware import errors
from protocol.errors import AdminRequired, NoSuchCall

log = logging.getLogger(__name__)

SHUTDOWN_S: Final = 2.0
_CONSOLE: Final = web.AppKey("console", Console)


async def _handle(request: web.Request) -> web.Response:
    door = None if request.transport is None else request.transport.get_extra_info("socket")
    if door is None or not may_enter(peer_uid(door.fileno())):
        raise AdminRequired
    operation = OPERATIONS.get(request.match_info["operation"])
    if operation is None:
        raise NoSuchCall
    found = await operation.run(request.app[_CONSOLE], await read_body(request, operation.takes))
    return web.Response(status=204) if found is None else answer(found)


class ConsoleListener:
    def __init__(self, runner: web.AppRunner, path: Path) -> None:
        self._runner, self._path = runner, path

    @classmethod
    async def open(cls, folder: Path, console: Console) -> Self | None:
        """None where there can be no such socket, which keeps no server from running."""
        application = web.Application(middlewares=[errors])
        application[_CONSOLE] = console
        application.router.add_post("/{operation}", _handle)
        try:
            door = listen(folder)
        except OSError as error:
            log.warning("there is no console: %s", error.strerror or error)
            return None
        runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S
        )
        await runner.setup()
        await web.SockSite(runner, door).start()
        return cls(runner, folder / SOCKET_FILE)

    async def close(self) -> None:
        await self._runner.cleanup()
        self._path.unlink(missing_ok=True)
