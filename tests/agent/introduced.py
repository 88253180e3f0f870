"""Two ends that are to meet, introduced by a real server: its sessions, tokens, signals, and its relay."""

import asyncio
import json
import secrets
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import msgspec

from mesh_agent.net.meeting import Meeting, meet
from protocol.rest import IceServerList, KeyList
from tests.agent.meetings import ALICE, BOB, Two
from tests.support.wire import Person, Socket, register


class Introduced(Two):
    """Two people with a session of a real server; what they signal goes through it."""

    def __init__(self, *, no_direct: bool = False, **options: Any) -> None:
        """`no_direct`: what Bob tells of addresses for QUIC is kept from Alice."""
        super().__init__(**{"relay": True, **options})
        self.no_direct = no_direct
        self.said: dict[str, list[dict[str, Any]]] = {"alice": [], "bob": []}
        self.held = asyncio.Event()
        self.held.set()
        self.sockets: dict[str, Socket] = {}
        self.people: dict[str, Person] = {}

    async def introduce(self, stack: AsyncExitStack, url: str) -> None:
        """Both sign in with their identities, and the session is asked for and accepted."""
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for name, identity in (("alice", ALICE), ("bob", BOB)):
            person = await register(http, url, f"{name}{secrets.token_hex(6)}")
            self.people[name] = person
            socket = person.socket(device_key=identity.fingerprint)
            self.sockets[name] = await stack.enter_async_context(socket)
        alice, bob = self.people["alice"], self.people["bob"]
        room_id = await alice.create_room(alice.name)
        await bob.join(room_id)
        mine, his = self.sockets["alice"], self.sockets["bob"]
        created = await mine.ask(
            "p2p.session.request",
            room_id=room_id,
            kind="file",
            peer=bob.user_id,
            certificate_fingerprint=self.certificate("alice").fingerprint,
        )
        fingerprint = self.certificate("bob").fingerprint
        session_id = created["session_id"]
        answer = await his.ask(
            "p2p.session.accept", session_id=session_id, certificate_fingerprint=fingerprint
        )
        accepted = {"alice": await mine.wait("p2p.session.accept"), "bob": answer}
        for name in ("alice", "bob"):
            await self._set_up(name, accepted[name], room_id)

    async def _set_up(self, name: str, accepted: dict[str, Any], room_id: str) -> None:
        person = self.people[name]
        peers = accepted["peers"] if name == "alice" else accepted["peers"][::-1]
        (mine,), (theirs,) = peers[0]["devices"], peers[1]["devices"]
        keys = msgspec.convert(await person.call("GET", "/api/keys"), KeyList).keys
        ice = msgspec.convert(await person.call("GET", "/api/rtc/ice-servers"), IceServerList)
        self.change(
            name,
            session_id=accepted["session_id"],
            room_id=room_id,
            user_id=peers[0]["user_id"],
            device_id=mine["device_id"],
            peer_user_id=peers[1]["user_id"],
            peer_device_id=theirs["device_id"],
            session_token=accepted["session_token"],
            server_keys=keys,
            peer_certificate_fingerprint=theirs["certificate_fingerprint"],
            peer_key_fingerprint=theirs["key_fingerprint"],
            relay_url=f"{person.url}/relay/{accepted['session_id']}",
            relay_token=person.token,
            ice_servers=ice.ice_servers,
        )

    def end(self, name: str) -> "ServerLine":
        return ServerLine(self, name)

    async def outcomes(self) -> list[Meeting | BaseException]:
        return list(
            await asyncio.gather(
                meet(self.alice, self.end("alice")), meet(self.bob, self.end("bob")), return_exceptions=True
            )
        )


class ServerLine:
    """`Signals` through the server. What Bob's ICE has gathered is held back while `held` is not set."""

    def __init__(self, two: Introduced, name: str) -> None:
        self._two, self._name, self._socket = two, name, two.sockets[name]

    async def send(self, payload: str) -> None:
        said = json.loads(payload)
        self._two.said[self._name].append(said)
        if self._name == "bob" and self._two.no_direct:
            payload = json.dumps(said | {"udp": []})
        if self._name == "bob" and "ice" in said:
            await self._two.held.wait()
        await self._socket.send("p2p.candidate", session_id=self._two.alice.session_id, payload=payload)

    async def receive(self) -> str:
        return str((await self._socket.wait("p2p.candidate"))["payload"])
