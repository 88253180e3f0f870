"""Sessions that end by themselves: the service on a real store, with a clock that the test sets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs

from mesh_server.bus.base import BusMessage, DeviceRevoked, ToUser
from mesh_server.bus.memory import MemoryBus
from mesh_server.ids import id_maker
from mesh_server.services import peering
from mesh_server.services.peering import PeeringService
from mesh_server.services.principal import Principal
from mesh_server.services.signing import Signer
from mesh_server.store.sqlite import SqliteStore
from protocol import limits
from protocol.capability import Grant, SigningKey, SpentTokens, from_jwks, verify
from protocol.errors import CapabilityUsed, SessionNotFound, WrongDevice
from protocol.rest import P2pGrant, P2pSessionRequest
from protocol.signals import AcceptSession, SessionAccepted, SessionClosed
from tests.contracts.people import NOW, add_room, add_user, join
from tests.support.conditions import until

MINUTE = 60_000
HOUR = 60 * MINUTE


def person(name: str) -> Principal:
    return Principal(
        user_id=f"user-{name}", username=name, display_name=name, role="user", device_id=f"{name}-laptop"
    )


ALICE, BOB = person("alice"), person("bob")


@dataclass
class House:
    """A server's part that knows sessions, and what it has said."""

    store: SqliteStore
    now: int = NOW
    connected: set[str] = field(default_factory=set)
    asked: int = 0
    heard: list[BusMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bus = MemoryBus()
        self.bus.subscribe(self.heard.append)
        key = SigningKey(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
        self.keys = from_jwks([key.public])
        signer = Signer([key], clock=self.clock, new_id=id_maker())
        self.service = PeeringService(
            self.store.peering, self.bus, signer, clock=self.clock, connected=self.who_is_here
        )
        self.bus.subscribe(self.service.on_bus)

    def clock(self) -> int:
        return self.now

    def who_is_here(self) -> set[str]:
        self.asked += 1
        return self.connected

    def has_asked(self, times: int) -> bool:
        return self.asked >= times

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While the service's chore runs."""
        keeping = asyncio.create_task(self.service.keep())
        yield
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    async def ask(self) -> P2pGrant:
        ask = P2pSessionRequest(room_id="room-lobby", kind="file", peer="bob")
        return await self.service.request(ALICE, ask)

    async def active(self) -> SessionAccepted:
        return await self.service.accept(BOB, AcceptSession(session_id=(await self.ask()).session_id))

    def closed(self) -> set[tuple[str, str]]:
        """Who was told that a session is over, and why; but for those who did not take it."""
        told = [message for message in self.heard if isinstance(message, ToUser)]
        ends = {(each.user_id, each.event.reason) for each in told if isinstance(each.event, SessionClosed)}
        return {end for end in ends if end[1] != "elsewhere"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    store = SqliteStore.open(tmp_path)
    alice = await add_user(store, "alice")
    bob = await add_user(store, "bob")
    await add_room(store, "lobby", alice)
    await join(store, "room-lobby", bob)
    yield House(store)
    await store.close()


async def test_a_session_that_nobody_accepts_expires_and_both_are_told(house: House) -> None:
    asked = await house.ask()
    house.now += limits.CAPABILITY_S * 1000 - 1
    await house.service.look()
    (waiting,) = await house.service.list_mine(BOB)
    assert (waiting.expires_in, house.closed()) == (0, set())
    house.now += 1
    with pytest.raises(SessionNotFound):
        await house.service.accept(BOB, AcceptSession(session_id=asked.session_id))
    await house.service.look()
    assert house.closed() == {("user-alice", "expired"), ("user-bob", "expired")}
    assert await house.service.list_mine(ALICE) == []


async def test_an_accepted_session_lives_for_as_long_as_a_device_is_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peering, "LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(peering, "TOUCH_EVERY_S", 0.0)
    await house.active()
    house.connected = {"bob-laptop"}
    async with house.kept():
        for _ in range(5):
            house.now += HOUR - MINUTE
            rounds = house.asked + 2  # when it asks again, what it did with the last answer is on disk
            await until(partial(house.has_asked, rounds))
        assert house.closed() == set()
        house.connected = set()
        house.now += HOUR
        await until(house.closed)
    assert house.closed() == {("user-alice", "gone"), ("user-bob", "gone")}


@pytest.mark.parametrize("turns", range(5))
async def test_the_chore_ends_though_something_happens_at_that_moment(house: House, turns: int) -> None:
    keeping = asyncio.create_task(house.service.keep())
    await until(lambda: house.service._look._waiters, "the chore to wait")
    house.service.on_bus(DeviceRevoked(device_id="bob-laptop"))
    for _ in range(turns):
        await asyncio.sleep(0)
    keeping.cancel()
    await until(keeping.done, "the chore to end")


async def test_who_is_out_is_out_without_waiting_for_the_next_look(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peering, "LOOK_EVERY_S", 3_600.0)
    await house.active()
    async with house.kept():
        await house.store.accounts.revoke_device(
            "user-bob",
            "bob-laptop",
            now=house.now,
            on_revoked=lambda device_id: house.bus.publish(DeviceRevoked(device_id=device_id)),
        )
        await until(house.closed)
    assert house.closed() == {("user-alice", "removed"), ("user-bob", "removed")}


async def test_the_time_that_the_server_was_down_counts_for_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peering, "LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(peering, "TOUCH_EVERY_S", 0.0)
    await house.active()
    house.now += 5 * HOUR
    async with house.kept():
        await until(lambda: house.asked >= 2)
        assert house.closed() == set()
        house.now += HOUR
        await until(house.closed)


async def test_the_tokens_of_a_session_verify_at_the_other_end_once(house: House) -> None:
    """As the device of bob does it, when alice's comes with hers."""
    accepted = await house.active()
    grant = await house.service.request(
        ALICE,
        P2pSessionRequest(room_id="room-lobby", kind="file", peer="bob", session_id=accepted.session_id),
    )
    expected = Grant(
        kind="file",
        room_id="room-lobby",
        session_id=accepted.session_id,
        user_id="user-alice",
        device_id="alice-laptop",
        peer_id="user-bob",
        peer_device_id="bob-laptop",
    )
    spent = SpentTokens()
    assert verify(grant.session_token, house.keys, expected, now=house.now, spent=spent) == expected
    with pytest.raises(CapabilityUsed):
        verify(grant.session_token, house.keys, expected, now=house.now, spent=spent)
    other = structs.replace(expected, peer_device_id="bob-phone")
    with pytest.raises(WrongDevice):
        verify(grant.session_token, house.keys, other, now=house.now)
