"""The ssh door: where it listens, who is in, and how it is opened and closed."""

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final, TypeVar

import asyncssh
from asyncssh.kex import get_kex_algs
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh_server.accepting import BACKLOG, listen_at
from mesh_server.bus.base import BusMessage, DeviceRevoked
from mesh_server.caps import TcpCaps
from mesh_server.config import Config, address_of
from mesh_server.doors.launching import Launch
from mesh_server.doors.sessions import Folders, Seats
from mesh_server.doors.ssh.line import COMPRESSION, Line, bound_compression
from mesh_server.doors.ssh.reception import Reception
from mesh_server.doors.ssh.visit import WINDOW_BYTES
from mesh_server.errors import CannotStart
from mesh_server.http.services import Services
from mesh_server.keys import host_fingerprint
from mesh_server.services.principal import Principal
from protocol.errors import MeshError
from protocol.rest import Session

log = logging.getLogger(__name__)

SIGN_IN_S: Final = 60.0
"""How long somebody may take to sign in, or to fill in the form of an account."""

WAITING: Final = 100
WAITING_PER_ADDRESS: Final = 10
"""Connections that have not signed in yet: in all, and from one place."""

ALIVE_S, ALIVE_TIMES = 30, 3
"""How often a silent line is asked whether it is there, and how often in vain before it counts as broken."""

_KEX: Final = (
    b"mlkem768x25519-sha256", b"sntrup761x25519-sha512@openssh.com", b"curve25519-sha256",
    b"curve25519-sha256@libssh.org", b"ecdh-sha2-nistp256",
)  # fmt: skip
"""Those that cost little: a stranger could have the server compute with large primes for nothing."""

T = TypeVar("T")


class SshDoor:
    """`url` and `socket`, where the server is reached, are known once it listens."""

    def __init__(self, config: Config, services: Services, host_key: bytes, launch: Launch) -> None:
        self._config, self._host_key = config, host_key
        doors = config.doors
        self.services, self.launch, self.memory_mib = services, launch, doors.memory_mib
        self.idle_s = doors.idle_s
        self.seats: Final = Seats.of(doors.sessions, doors.sessions_per_person)
        self.folders: Final = Folders(config.folder / "doors" / "ssh")
        self.waiting: Final = TcpCaps(WAITING, WAITING_PER_ADDRESS)
        self.receptions: Final[set[Reception]] = set()
        self.url = self.socket = ""
        self.port = 0
        self.is_open = False
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    # ── opening and closing ──────────────────────────────────────────────────────────────────────

    async def open(self, url: str, socket: str) -> None:
        """Raises: CannotStart."""
        self.url, self.socket = self._config.public_url.rstrip("/") or url, socket
        for user_id, device_id in await asyncio.to_thread(self.folders.left):
            await self._sign_out(user_id, device_id)
        bound_compression()
        logging.getLogger("asyncssh").setLevel(logging.WARNING)  # it tells of each channel
        make = partial(Line, asyncio.get_running_loop(), self._options(_host_key(self._host_key)))
        host, port = address_of("ssh", self._config.ssh)
        try:
            listening = await listen_at(host, port)
        except OSError as error:
            why = error.strerror or error
            raise CannotStart(f"Cannot listen on {self._config.ssh} for ssh: {why}.") from None
        self.is_open = True
        loop = asyncio.get_running_loop()
        self._servers = [await loop.create_server(make, sock=each, backlog=BACKLOG) for each in listening]
        self.port = int(listening[0].getsockname()[1])
        log.info("ssh", extra={"port": self.port, "host_key": host_fingerprint(self._host_key)})

    def _options(self, key: asyncssh.SSHKey) -> asyncssh.SSHServerConnectionOptions:
        return asyncssh.SSHServerConnectionOptions(
            server_factory=partial(Reception, self),
            server_host_keys=[key],
            server_version="Mesh",
            kex_algs=[name.decode() for name in _KEX if name in get_kex_algs()],
            compression_algs=[COMPRESSION.decode(), "none"],
            login_timeout=SIGN_IN_S,
            keepalive_interval=ALIVE_S,
            keepalive_count_max=ALIVE_TIMES,
            window=WINDOW_BYTES,
            max_pktsize=WINDOW_BYTES // 2,
            encoding=None,
            line_editor=False,
            line_echo=False,
            allow_scp=False,
            agent_forwarding=False,
            x11_forwarding=False,
            gss_auth=False,
            gss_kex=False,
            host_based_auth=False,
        )

    async def close(self) -> None:
        """Everybody is told, and signed out; every program has ended then."""
        self.is_open = False
        for server in self._servers:
            server.close()
        self._servers.clear()
        for reception in tuple(self.receptions):
            reception.end("The server stops. Come again in a moment.")
        while self._tasks or self.receptions:
            if self._tasks:
                await asyncio.wait(self._tasks)
            else:
                await asyncio.sleep(0)

    def on_bus(self, message: BusMessage) -> None:
        """Whose device was signed out, here or elsewhere, is gone at once."""
        if isinstance(message, DeviceRevoked):
            for reception in self.receptions:
                if reception.session is not None and reception.session.device.id == message.device_id:
                    reception.end("You were signed out.")

    # ── what receptions need ─────────────────────────────────────────────────────────────────────

    async def clear(self, session: Session) -> None:
        """Signs out whoever has gone, and removes what their program kept."""
        user_id, device_id = session.user.id, session.device.id
        if await self._sign_out(user_id, device_id):
            await asyncio.to_thread(self.folders.remove, self.folders.of(user_id, device_id))

    async def _sign_out(self, user_id: str, device_id: str) -> bool:
        """Whether that could be stored; if not, the next start of the server does it."""
        who = Principal(user_id=user_id, username="", display_name="", role="user", device_id=device_id)
        try:
            await self.services.devices.logout(who)
        except MeshError as error:
            log.warning("a device of the ssh door could not be signed out: %s", error.message)
            return False
        return True

    def do(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Goes on whatever becomes of whoever asked for it; its failure is told in the log."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("what an ssh session needs has failed", exc_info=error)


def _host_key(seed: bytes) -> asyncssh.SSHKey:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return asyncssh.import_private_key(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
