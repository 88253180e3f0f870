"""A PostgreSQL server that ends and comes back, under a store that goes on."""

import asyncio
import time
from collections.abc import Iterator

import asyncpg
import pytest
import sqlalchemy as sa

from mesh_server.store.postgres import DatabaseUnusable, PostgresStore
from mesh_server.store.postgres_database import PostgresDatabase, make_engine
from mesh_server.store.tables import meta
from protocol.errors import StorageUnavailable
from tests.contracts.people import add_user
from tests.support.conditions import PATIENCE_S
from tests.support.line import line_to
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    running = PostgresServer()
    running.start()
    yield running
    running.remove()


async def test_while_it_is_away_everyone_is_told_and_afterwards_it_is_used_again(
    server: PostgresServer,
) -> None:
    store = PostgresStore.open(await server.fresh())
    alice = await add_user(store, "alice")
    server.stop()
    with pytest.raises(StorageUnavailable):
        await store.check()
    with pytest.raises(StorageUnavailable):
        await store.accounts.get_user(alice.id)
    server.start()
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            await store.check()
            assert await store.accounts.get_user(alice.id) == alice
            break
        except StorageUnavailable:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    await store.close()


async def test_two_nodes_may_make_the_schema_at_once(server: PostgresServer) -> None:
    url = await server.empty()
    stores = await asyncio.gather(*(asyncio.to_thread(_open, url) for _ in range(2)))
    assert stores[0] == stores[1]


def _open(url: str) -> str:
    store = PostgresStore.open(url)
    asyncio.run(store.close())
    return store.epoch


async def test_a_database_that_is_not_there_is_told_in_a_sentence(server: PostgresServer) -> None:
    with pytest.raises(DatabaseUnusable, match="does not exist"):
        PostgresStore.open(server.url("nowhere"))


async def test_a_commit_that_broke_off_is_not_told_as_stored(server: PostgresServer) -> None:
    database = PostgresDatabase(make_engine(await server.fresh()))
    told: list[None] = []

    def write(connection: sa.Connection) -> None:
        connection.execute(sa.insert(meta).values(key="half", value="way"))
        server.stop()
        server.start()

    with pytest.raises(StorageUnavailable):
        await database.write(write, then=told.append)
    assert told == []
    assert await database.read(_half) is None
    await database.close()


async def test_nor_where_others_have_stored_something_since(server: PostgresServer) -> None:
    """After a crash they are given the numbers of transactions that left no trace."""
    url = await server.fresh()
    database = PostgresDatabase(make_engine(url))
    told: list[None] = []

    def write(connection: sa.Connection) -> None:
        connection.execute(sa.insert(meta).values(key="half", value="way"))
        server.stop()
        server.start()
        asyncio.run(_store_others(url))

    with pytest.raises(StorageUnavailable):
        await database.write(write, then=told.append)
    assert told == []
    assert await database.read(_half) is None
    await database.close()


async def _store_others(url: str) -> None:
    connection = await asyncpg.connect(url)
    for number in range(20):
        await connection.execute("INSERT INTO meta (key, value) VALUES ($1, '')", f"other {number}")
    await connection.close()


async def test_a_commit_whose_answer_was_lost_is_told_as_stored(server: PostgresServer) -> None:
    url = await server.fresh()
    loop = asyncio.get_running_loop()
    async with line_to(url) as line:
        over_line = line.url.replace("http://", "postgresql://postgres@")
        database = PostgresDatabase(make_engine(f"{over_line}/{url.rpartition('/')[2]}"))
        told: list[None] = []

        async def mute() -> None:
            line.mute()

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.insert(meta).values(key="half", value="way"))
            asyncio.run_coroutine_threadsafe(mute(), loop).result()

        writing = asyncio.create_task(database.write(write, then=told.append))
        other = PostgresDatabase(make_engine(url))
        async with asyncio.timeout(PATIENCE_S):
            while await other.read(_half) is None:  # noqa: ASYNC110 - what it waits for is in the database
                await asyncio.sleep(0.01)
        assert told == []
        line.reset()
        line.heal()
        await asyncio.wait_for(writing, PATIENCE_S)
        assert told == [None]
        await database.close()
        await other.close()


def _half(connection: sa.Connection) -> str | None:
    return connection.execute(sa.select(meta.c.value).where(meta.c.key == "half")).scalar()
