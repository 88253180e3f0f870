"""A server with the browser's door in the process of the test, and people whose browsers have no screen."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp import CookieJar, WSMsgType

from mesh_server.building import build
from mesh_server.bus.memory import MemoryBus
from mesh_server.chores import Chores
from mesh_server.configuring import load
from mesh_server.doors.launching import Guest, Launch
from mesh_server.doors.sessions import Program
from mesh_server.doors.web.door import WebDoor
from mesh_server.ids import Clock, system_clock
from mesh_server.keys import load_keys
from mesh_server.listening import Listeners
from mesh_server.serving import Built
from mesh_server.store.sqlite import SqliteStore
from protocol.rest import Session
from tests.support.conditions import PATIENCE_S, until

PASSWORD: Final = "password123"

PROGRAM: Final = r"""
import os, select, signal, sys, tty
tty.setraw(0)
def tell(*_): os.write(1, b"size %dx%d.\r\n" % tuple(os.get_terminal_size()))
signal.signal(signal.SIGWINCH, tell)
os.write(1, b"\x1b[?1049h\x1b[?25l\x1b[?1000;1004h\x1b[?1000lhello ")
tell()
while True:
    typed = os.read(0, 65536)
    if typed == b"Q": sys.exit(0)
    if typed == b"X": sys.exit(3)
    if typed == b"F":
        for number in range(4096):
            # A terminal that takes anything takes 256 bytes; of more, a part, and the rest would wait unseen.
            if not select.select([], [1], [], 0.2)[1]:
                open("stuck", "a").write("%d\n" % (number * 256))
                select.select([], [1], [])
            os.write(1, b"." * 256)
    os.write(1, b"typed " + typed.hex().encode() + b"!")
"""
"""Stands in for the client: tells its size, and what was typed; Q and X end it, F writes a million
bytes and notes where it had to wait."""


class House:
    """`guests` are those for whom a program was started."""

    def __init__(self, url: str, built: Built, door: WebDoor) -> None:
        self.url, self.built, self.door = url, built, door
        self.guests: list[Guest] = []

    @asynccontextmanager
    async def browser(self, **headers: str) -> AsyncIterator["Browser"]:
        """A browser of its own, with its own cookies; `headers` are what its proxy adds."""
        jar = CookieJar(unsafe=True, treat_as_secure_origin=[self.url])
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with aiohttp.ClientSession(self.url, cookie_jar=jar, headers=sent) as http:
            yield Browser(self, http)

    async def is_signed_in(self, session: Session) -> bool:
        headers = {"Authorization": f"Bearer {session.access_token}"}
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.url}/api/auth/me", headers=headers) as me,
        ):
            return me.status == 200

    async def gone(self, session: Session) -> None:
        """Returns once the device of a session is signed out."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while await self.is_signed_in(session):
            assert asyncio.get_running_loop().time() < deadline, "it is still signed in"


class Browser:
    """What a person does in a browser."""

    def __init__(self, house: House, http: aiohttp.ClientSession) -> None:
        self._house, self.http = house, http
        self.own = {"Origin": house.url}

    async def see(self, path: str = "/") -> str:
        async with self.http.get(path) as page:
            return await page.text()

    async def send(self, path: str, origin: str | None = "", **fields: str) -> tuple[int, str, Any]:
        """A form of the page; the status, the text and the headers of the answer. `origin` None: without."""
        headers = self.own if origin == "" else {} if origin is None else {"Origin": origin}
        async with self.http.post(path, data=fields, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.text(), answer.headers

    async def comes_in_time(self) -> "AsyncExitStack":
        """Signs in, and has the terminal before that is over, where so little time is given that it may be.

        The stack holds the page.
        """
        while True:
            await self.come_in(how="sign-in")
            stack = AsyncExitStack()
            terminal = await stack.enter_async_context(self.terminal())
            if await terminal.hear():
                return stack
            await stack.aclose()

    async def come_in(self, name: str = "alice", how: str = "register") -> None:
        status, text, _ = await self.send(f"/web/{how}", username=name, password=PASSWORD)
        assert status == 303, text

    @asynccontextmanager
    async def terminal(self, width: int = 91, height: int = 23) -> AsyncIterator["Terminal"]:
        path = f"/web/terminal?width={width}&height={height}"
        async with self.http.ws_connect(path, headers=self.own, max_msg_size=0) as line:
            yield Terminal(line)


class Terminal:
    """The page's end of a terminal's line."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self.line = line
        self.seen = b""
        self.words: list[Any] = []

    async def says(self, *packet: Any) -> None:
        await self.line.send_str(msgspec.json.encode(packet).decode())

    async def hear(self, *, acknowledges: bool = True) -> bool:
        """Takes what comes next; False at the end."""
        async with asyncio.timeout(PATIENCE_S):
            message = await self.line.receive()
        if message.type is WSMsgType.BINARY:
            self.seen += message.data
            if acknowledges:
                await self.says("ack", len(self.seen))
        elif message.type is WSMsgType.TEXT:
            self.words.append(message.json())
        else:
            return False
        return True

    async def shows(self, words: bytes) -> None:
        """Returns once all of these were shown, and forgets what was before them."""
        while words not in self.seen:
            assert await self.hear(), f"{self.line.close_code} after {self.seen!r}"

    async def ended(self) -> tuple[int | None, str]:
        """Waits for the end; its code and reason."""
        while True:
            async with asyncio.timeout(PATIENCE_S):
                message = await self.line.receive()
            if message.type is WSMsgType.CLOSE:
                return message.data, message.extra or ""
            if message.type in (WSMsgType.CLOSED, WSMsgType.ERROR):
                return self.line.close_code, ""


@asynccontextmanager
async def running_house(
    folder: Path,
    code: str = PROGRAM,
    launch: Launch | None = None,
    clock: Clock = system_clock,
    **settings: Any,
) -> AsyncIterator[House]:
    """`code` is what runs for people, or what `launch` says; the rest is the server's."""
    given = {"listen": "127.0.0.1:0", "data": str(folder), "bcrypt_cost": 4, "web": True, **settings}
    config = load(env={}, flags=given)
    guests: list[Guest] = []

    def run(guest: Guest, memory_mib: int) -> Program:
        guests.append(guest)
        if launch is not None:
            return launch(guest, memory_mib)
        argv = [sys.executable, "-I", "-S", "-c", code]
        width, height = guest.size
        where = str(guest.folder)
        return Program(argv=argv, env={}, cwd=where, memory_mib=memory_mib, width=width, height=height)

    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    store = SqliteStore.open(folder)
    built = build(config, store, MemoryBus(), load_keys(config), clock=clock, launch=run)
    chores = Chores(built.chores)
    listeners = await Listeners.open(config, built.application, built.metrics, built.tcp)
    try:
        (door,) = built.doors
        assert isinstance(door, WebDoor)
        house = House(listeners.url, built, door)
        house.guests = guests
        await door.open(listeners.url, await listeners.open_inside(folder))
        yield house
    finally:
        for each in built.doors:
            await each.close()
        await built.gateway.drain(1.0)
        await listeners.close()
        await chores.stop()
        built.gateway.accounts.close()
        await store.close()


async def emptied(folder: Path) -> None:
    """Returns once no session has anything there any more."""
    await until(lambda: not list((folder / "doors" / "web").iterdir()), "the folders to be gone")
