"""The end that was asked: it listens by every way until who asked comes by one of them and says hello."""

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine
from typing import Any

from mesh_agent.machines.hello import LANE_KEY_BYTES, Hello
from mesh_agent.machines.ways import MEET_S, ORDER, RELAY_AFTER_S, tried
from mesh_agent.net.base import Lane, Way
from mesh_agent.net.end import End
from mesh_agent.net.handshake import refuse, say_hello
from mesh_agent.net.quic import QuicServer
from mesh_agent.net.rendezvous import Rendezvous
from mesh_agent.net.setup import NoWay
from protocol.errors import HelloMissing, MeshError
from protocol.peer import P2pHello


class Asked(End):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.better = asyncio.Event()
        self.better_way: Way | None = None
        self._greeting = False
        self._greeted: asyncio.Future[tuple[Lane, Hello]] = asyncio.get_running_loop().create_future()
        self._failed: dict[Way, str] = {}
        self._opening: dict[Way, asyncio.Task[None]] = {}
        self._serving: dict[Way, QuicServer] = {}

    async def run(self) -> tuple[Lane, Hello]:
        """The main lane, once the asker has said hello on it. Raises: MeshError."""
        try:
            async with asyncio.timeout(MEET_S):
                self.spawn(self.hear())
                await self.look()
                udp = await self.listen_udp()
                await self.tell_all(udp=udp, tcp=await self.listen_tcp())
                other = await asyncio.shield(self.other)
                if self.setup.options.direct:
                    self._failed["direct"] = "the other device did not come"
                    self._opening["punched"] = self.spawn(self._serve("punched", self._punched(other)))
                if self.may_relay(other):
                    self._opening["relay"] = self.spawn(self._serve("relay", self._relayed()))
                main, machine = await self._come(bool(udp))
        except TimeoutError:
            raise NoWay(self.why_not()) from None
        await self._let_go(main.way)
        return main, machine

    async def _come(self, listening: bool) -> tuple[Lane, Hello]:
        """Waits for the asker, as long as there is a way by which it could come. Raises: MeshError."""
        opening: set[asyncio.Future[Any]] = set(self._opening.values())
        while opening and not listening and not self._greeted.done():
            _, left = await asyncio.wait({self._greeted, *opening}, return_when=asyncio.FIRST_COMPLETED)
            opening &= left
            listening = bool(self._serving)
        if not listening and not self._greeted.done():
            raise NoWay(self.why_not())
        return await asyncio.shield(self._greeted)

    def why_not(self) -> str:
        if not self.other.done():
            return "The other device did not say where it can be found."
        return tried(self._failed)

    async def _punched(self, other: Rendezvous) -> QuicServer:
        path = await self.punch(other)
        return await QuicServer.over(
            path,
            self.arrived,
            certificate=self.certificate,
            peer_fingerprint=self.setup.peer_certificate_fingerprint,
        )

    async def _relayed(self) -> QuicServer:
        await asyncio.sleep(RELAY_AFTER_S)
        path = await self.relay()
        return await QuicServer.over(
            path,
            self.arrived,
            certificate=self.certificate,
            peer_fingerprint=self.setup.peer_certificate_fingerprint,
        )

    async def _serve(self, way: Way, opening: Coroutine[Any, Any, QuicServer]) -> None:
        try:
            server = await opening
        except MeshError as error:
            self._failed[way] = error.message
            return
        self._failed[way] = "the other device did not come"
        self._serving[way] = server
        self.servers.append(server)

    async def _let_go(self, taken: Way) -> None:
        """The ways that are worse than the one that was taken are closed; a better one may yet be found."""
        for way in ORDER[ORDER.index(taken) + 1 :]:
            if (task := self._opening.get(way)) is not None:
                task.cancel()
            if (server := self._serving.pop(way, None)) is not None:
                self.servers.remove(server)
                await server.close()
        await self.settle(taken)

    async def greeted(self, lane: Lane, first: P2pHello, at: float) -> None:
        if self._greeting:
            await refuse(lane, HelloMissing())
            return
        self._greeting = True
        try:
            other = await asyncio.shield(self.other)
            machine = self.hello(other, now=at, lane_key=secrets.token_bytes(LANE_KEY_BYTES))
            await say_hello(lane, machine, wall=self.wall, first=first)
            self.met(lane, machine)
        except MeshError as error:
            self._greeted.set_exception(error)
        else:
            self._greeted.set_result((lane, machine))

    async def open_lanes(self, count: int) -> list[Lane]:
        """Lanes of TLS towards the asker, where that could open none towards us."""
        if not self.tries_tcp():
            return []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.setup.options.turn_s):
                await self.further.result().arrived.wait()
                return []
        return await self.open_tls(count)
