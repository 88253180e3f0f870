"""What every store tells nodes about each other, and about what the bus did not: `ClusterStore`."""

from mesh_server.store.base import NodeRecord, Store
from mesh_server.store.cluster import CHUNK
from tests.contracts.people import NOW, add_room, add_user, join


async def test_rooms_that_are_there_with_their_revs(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    lobby, gone = await add_room(store, "lobby", alice), await add_room(store, "gone", alice)
    for joined in (lobby, gone):
        await join(store, joined.my_room.room.id, bob)
    await store.order.delete_room(gone.my_room.room.id, alice.id, NOW, lambda _: None, lambda _: None)
    known, over = lobby.my_room.room.id, gone.my_room.room.id
    found = await store.cluster.list_revs([known, over, "never", *(str(one) for one in range(2 * CHUNK))])
    assert found == {known: lobby.my_room.room.rev + 1}


async def test_who_came_in_lately(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room_id = (await add_room(store, "lobby", alice)).my_room.room.id
    await join(store, room_id, bob, NOW + 10)
    everyone = [alice.id, bob.id, *(str(one) for one in range(2 * CHUNK))]
    assert await store.cluster.list_joined(everyone, NOW) == [(room_id, bob.id)]
    assert sorted(await store.cluster.list_joined(everyone, NOW - 1)) == [
        (room_id, alice.id),
        (room_id, bob.id),
    ]
    assert await store.cluster.list_joined([alice.id], NOW) == []
    assert await store.cluster.list_joined([], 0) == []


async def test_devices_that_are_signed_out(store: Store) -> None:
    alice = await add_user(store, "alice")
    asked = ["alice-laptop", "unknown"]
    assert await store.cluster.list_revoked(asked) == ["unknown"]
    await store.accounts.revoke_device(alice.id, "alice-laptop", now=NOW, on_revoked=lambda _: None)
    assert await store.cluster.list_revoked(asked) == asked


async def test_nodes_that_live_and_those_that_do_not(store: Store) -> None:
    first, second = (NodeRecord(id=name, began_at=NOW, beats=1) for name in ("first", "second"))
    assert await store.cluster.beat(first) == [first]
    assert sorted(node.id for node in await store.cluster.beat(second)) == ["first", "second"]
    later = NodeRecord(id="first", began_at=NOW, beats=2)
    assert {node.id: node.beats for node in await store.cluster.beat(later)} == {"first": 2, "second": 1}
    await store.cluster.remove_node("first")
    await store.cluster.remove_node("never")
    assert await store.cluster.beat(second) == [second]
