"""What every store does for the relay's quotas: `UsageStore`."""

import pytest

from mesh_server.store.base import RelayUsage, Store
from tests.contracts.people import add_room, add_user, join
from tests.contracts.test_peering import create

DAY = 20_000


@pytest.fixture
async def session_id(store: Store) -> str:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room_id = (await add_room(store, "lobby", alice)).my_room.room.id
    await join(store, room_id, bob)
    return (await create(store, room_id)).id


def usage(day: int, alice: int, session_id: str, count: int) -> RelayUsage:
    return RelayUsage(day=day, users={"alice": alice}, sessions={session_id: count})


async def test_what_each_node_tells_is_counted(store: Store, session_id: str) -> None:
    assert await store.usage.get_usage() == RelayUsage()
    first = usage(DAY, 2**53, session_id, 3)
    assert await store.usage.add_usage(first) == first
    both = usage(DAY, 2**53 + 1, session_id, 7)
    assert await store.usage.add_usage(usage(DAY, 1, session_id, 4)) == both
    assert await store.usage.get_usage() == both


async def test_people_begin_anew_each_day_and_sessions_do_not(store: Store, session_id: str) -> None:
    await store.usage.add_usage(usage(DAY, 1, session_id, 1))
    assert await store.usage.add_usage(usage(DAY + 1, 5, session_id, 1)) == usage(DAY + 1, 5, session_id, 2)
    late = await store.usage.add_usage(usage(DAY, 7, session_id, 1))
    assert late == usage(DAY + 1, 5, session_id, 3), "of yesterday, by a node whose clock is behind"
    await store.usage.add_usage(usage(DAY + 300, 9, session_id, 1))
    again = await store.usage.add_usage(usage(DAY + 1, 2, session_id, 1))
    assert again == usage(DAY + 1, 2, session_id, 5), "a clock that was far ahead is not believed for ever"


async def test_a_session_that_is_over_is_forgotten(store: Store, session_id: str) -> None:
    await store.usage.add_usage(RelayUsage(day=DAY, sessions={session_id: 1, "over": 2}))
    assert (await store.usage.get_usage()).sessions == {session_id: 1}
