"""Two ends that are to meet: what each knows, and a line of signals between them in memory."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh_agent.net.certificates import Certificate, make_certificate
from mesh_agent.net.identity import Identity
from mesh_agent.net.meeting import Meeting, Options, Setup, meet
from protocol.capability import Grant, SigningKey, mint

SERVER = SigningKey(Ed25519PrivateKey.from_private_bytes(b"s" * 32))
ALICE, BOB, MALLORY = Identity(b"a" * 32), Identity(b"b" * 32), Identity(b"m" * 32)
GRANT = Grant(
    kind="file",
    room_id="room",
    user_id="alice",
    device_id="laptop",
    session_id="5b8d3f0e-6a1c-4e27-9b54-c07d1e2f8a93",
    peer_id="bob",
    peer_device_id="phone",
)


class Line:
    """One end's signals; `said` is all that it has sent, `change` what a server makes of it."""

    def __init__(self) -> None:
        self.change: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        self.inbox: asyncio.Queue[str] = asyncio.Queue()
        self.other: Line = self
        self.said: list[str] = []

    async def send(self, payload: str) -> None:
        self.said.append(payload)
        if self.change is not None:
            payload = json.dumps(self.change(json.loads(payload)))
        self.other.inbox.put_nowait(payload)

    async def receive(self) -> str:
        return await self.inbox.get()


def line() -> tuple[Line, Line]:
    one, other = Line(), Line()
    one.other, other.other = other, one
    return one, other


def token(grant: Grant = GRANT, *, now: int | None = None, jti: str = "jti") -> str:
    return mint(grant, SERVER, jti=jti, now=time.time_ns() // 1_000_000 if now is None else now)


class Two:
    """Alice, who asks, and Bob, who is asked. Change their setups before they `meet`."""

    def __init__(self, **options: Any) -> None:
        self.certificates = make_certificate(time.time()), make_certificate(time.time())
        self.lines = line()
        self.alice = self._setup("asker", options)
        self.bob = self._setup("asked", options)

    def _setup(self, role: Any, options: dict[str, Any]) -> Setup:
        asks = role == "asker"
        mine, theirs = self.certificates if asks else self.certificates[::-1]
        me, you = (("alice", "laptop"), ("bob", "phone"))[:: 1 if asks else -1]
        return Setup(
            role=role,
            session_id=GRANT.session_id or "",
            kind="file",
            room_id="room",
            user_id=me[0],
            device_id=me[1],
            peer_user_id=you[0],
            peer_device_id=you[1],
            session_token=token() if asks else "",
            server_keys=[SERVER.public],
            identity_seed=(ALICE if asks else BOB).seed,
            certificate_der=mine.der,
            certificate_key=mine.key,
            peer_certificate_fingerprint=theirs.fingerprint,
            peer_key_fingerprint=(BOB if asks else ALICE).fingerprint,
            options=Options(**{"relay": False, **options}),
        )

    def change(self, who: str, **changes: Any) -> None:
        setattr(self, who, msgspec.structs.replace(getattr(self, who), **changes))

    def certificate(self, who: str) -> Certificate:
        return self.certificates[0 if who == "alice" else 1]

    async def meet(self) -> tuple[Meeting, Meeting]:
        """Both meetings. Raises: what the first of them raised."""
        alice, bob = await self.outcomes()
        for outcome in (alice, bob):
            if isinstance(outcome, BaseException):
                for other in (alice, bob):
                    if isinstance(other, Meeting):
                        await other.close()
                raise outcome
        assert isinstance(alice, Meeting)
        assert isinstance(bob, Meeting)
        return alice, bob

    async def outcomes(self) -> list[Meeting | BaseException]:
        """What became of either, in the order alice, bob."""
        return list(
            await asyncio.gather(
                meet(self.alice, self.lines[0]), meet(self.bob, self.lines[1]), return_exceptions=True
            )
        )
