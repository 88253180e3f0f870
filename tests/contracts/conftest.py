"""The stores that every contract suite runs against."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh_server.store.base import Store
from mesh_server.store.postgres import PostgresStore
from mesh_server.store.sqlite import SqliteStore
from tests.support.postgres import postgres_server


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store
    if request.param == "sqlite":
        opened = SqliteStore.open(tmp_path)
    else:
        opened = PostgresStore.open(await postgres_server().swept())
    yield opened
    await opened.close()
