"""The audit log is forgotten when it is told to, and not before; times are days or moments."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh_server.bus.memory import MemoryBus
from mesh_server.ids import id_maker
from mesh_server.services.audit import AuditService
from mesh_server.services.presence import PresenceService
from mesh_server.services.rooms import RoomService
from mesh_server.store.base import Actor, AuditQuery, Store
from mesh_server.store.sqlite import SqliteStore
from protocol.errors import QueryInvalid
from protocol.queries import AuditLogQuery
from tests.contracts.people import NOW, add_user

DAY = 86_400_000
STEP = 3


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = SqliteStore.open(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def audit(store: Store, clock: Clock) -> AuditService:
    bus = MemoryBus()
    rooms = RoomService(
        store.rooms,
        bus,
        PresenceService(bus, clock=lambda: 0.0),
        find_user=store.accounts.get_user_by_key,
        clock=clock,
        new_id=id_maker(clock),
    )
    return AuditService(store.audit, rooms, clock=clock, keep_days=7, step=STEP)


async def write(store: Store, at: int, times: int = 1) -> None:
    alice = await store.accounts.get_user_by_key("alice") or await add_user(store, "alice")
    for _ in range(times):
        actor = Actor(id=None, name="console", at=at)
        await store.people.sign_out_user(alice.id, by=actor, on_revoked=lambda _device_id: None)


async def test_what_is_old_enough_is_forgotten_and_nothing_else(
    store: Store, clock: Clock, audit: AuditService
) -> None:
    await write(store, NOW, times=STEP + 1)
    await write(store, NOW + DAY)
    clock.now = NOW + 7 * DAY
    await audit.forget()
    assert len(await store.audit.list_entries(AuditQuery(), STEP * 2)) == STEP + 2
    clock.now += 1
    await audit.forget()
    assert [entry.at for entry in await store.audit.list_entries(AuditQuery(), 10)] == [NOW + DAY]


async def test_a_day_and_a_moment(store: Store, audit: AuditService) -> None:
    """NOW is 2023-11-14T22:13:20Z."""
    await write(store, NOW)
    for query, found in (
        (AuditLogQuery(after="2023-11-14"), 1),
        (AuditLogQuery(after="2023-11-15"), 0),
        (AuditLogQuery(before="2023-11-15"), 1),
        (AuditLogQuery(before="2023-11-14"), 0),
        (AuditLogQuery(after="2023-11-14T22:13:20.000Z"), 1),
        (AuditLogQuery(before="2023-11-14T22:13:20.000Z"), 0),
    ):
        assert len((await audit.everywhere(query)).entries) == found, query


@pytest.mark.parametrize("text", ["", "yesterday", "2023-13-01", "2023-11-14T99:00:00Z", "T"])
async def test_what_is_no_time_is_refused(audit: AuditService, text: str) -> None:
    with pytest.raises(QueryInvalid, match="after is a day"):
        await audit.everywhere(AuditLogQuery(after=text))
