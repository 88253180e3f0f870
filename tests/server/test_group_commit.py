"""What shares a transaction, and what does not fit into one."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh_server.bus.memory import MemoryBus
from mesh_server.ids import id_maker, system_clock
from mesh_server.services import messages as messages_module
from mesh_server.services.messages import BATCH_CHARS, MessageService
from mesh_server.services.presence import PresenceService
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import RoomService
from mesh_server.store.base import DeviceRecord, RefreshRecord, UserRecord
from mesh_server.store.sqlite import SqliteStore
from protocol import limits
from protocol.errors import MeshError, RateLimited
from protocol.events import MessageAck, SendMessage
from protocol.rest import CreateRoomRequest
from tests.support.conditions import PATIENCE_S

ALICE = Principal(user_id="alice", username="alice", display_name="alice", role="user", device_id="laptop")
LONGEST = "x" * limits.CONTENT_CHARS


class Log:
    """A message service over a file of its own; `commits` counts its transactions."""

    def __init__(self, store: SqliteStore) -> None:
        bus, new_id = MemoryBus(), id_maker()
        self.rooms = RoomService(
            store.rooms,
            bus,
            PresenceService(bus, clock=time.monotonic),
            find_user=store.accounts.get_user_by_key,
            clock=system_clock,
            new_id=new_id,
        )
        self.messages = MessageService(
            store.messages, self.rooms, bus, clock=system_clock, new_id=new_id, on_commit=self._count
        )
        self.commits = 0
        self.room_id = ""
        self.acks: list[MessageAck | MeshError] = []

    def _count(self, _seconds: float) -> None:
        self.commits += 1

    def send(self, number: int, content: str) -> None:
        request = SendMessage(room_id=self.room_id, nonce=f"n{number}", content=content)
        self.messages.send(ALICE, request, self.acks.append)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    store = SqliteStore.open(tmp_path)
    user = UserRecord(
        id=ALICE.user_id,
        username=ALICE.username,
        username_key=ALICE.username,
        display_name=ALICE.display_name,
        role="user",
        password_hash=b"",
        created_at=0,
    )
    device = DeviceRecord(
        id=ALICE.device_id, user_id=user.id, name="", created_at=0, signed_in_at=0, last_seen_at=0
    )
    token = RefreshRecord(token_hash=b"token", device_id=device.id, issued_at=0, expires_at=1)
    await store.accounts.create_user(user, device, token, registration="open")
    log = Log(store)
    log.room_id = (await log.rooms.create(ALICE, CreateRoomRequest(name="Test Chat"))).id
    yield log
    await store.close()


async def test_what_comes_at_once_shares_a_transaction(log: Log) -> None:
    for number in range(messages_module.BATCH_MAX):
        log.send(number, "short")
    await log.messages.idle()
    assert log.commits == 1
    assert [ack.seq for ack in log.acks if isinstance(ack, MessageAck)] == list(range(1, 513))


async def test_long_messages_share_fewer(log: Log) -> None:
    """Or one batch of them would be more than a reader's whole queue."""
    fit = -(-BATCH_CHARS // limits.CONTENT_CHARS)
    for number in range(2 * fit + 1):
        log.send(number, LONGEST)
    await log.messages.idle()
    assert log.commits == 3
    assert [ack.seq for ack in log.acks if isinstance(ack, MessageAck)] == list(range(1, 2 * fit + 2))


async def test_what_waits_is_bounded_in_characters(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages_module, "WAITING_CHARS", 3 * limits.CONTENT_CHARS)
    for number in range(3):
        log.send(number, LONGEST)
    with pytest.raises(RateLimited):
        log.send(3, "one too many")
    await log.messages.idle()
    log.send(3, "room again")
    await asyncio.wait_for(log.messages.idle(), PATIENCE_S)
    assert [ack.seq for ack in log.acks if isinstance(ack, MessageAck)] == [1, 2, 3, 4]
