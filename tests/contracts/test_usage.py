"""What every store does for the relay's quotas: `UsageStore`."""

from mesh_server.store.base import RelayUsage, Store


async def test_what_was_set_last_is_what_is_there(store: Store) -> None:
    assert await store.usage.get_usage() == RelayUsage()
    for count in (1, 2**53):
        usage = RelayUsage(day=20_000, users={"alice": count, "bob": 3}, sessions={"one": count})
        await store.usage.set_usage(usage)
        assert await store.usage.get_usage() == usage
