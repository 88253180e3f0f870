"""The stores that every contract suite runs against."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh_server.store.base import Store
from mesh_server.store.sqlite import SqliteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = SqliteStore.open(tmp_path)
    yield opened
    await opened.close()
