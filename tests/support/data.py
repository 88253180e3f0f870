"""A data folder that no server has used yet."""

from pathlib import Path

from mesh_server.services.signing import load_signing_keys
from mesh_server.services.tokens import load_secret
from mesh_server.store.sqlite import SqliteStore
from tests.contracts.people import add_user


async def make_data(folder: Path) -> None:
    """A whole one, with one account in it."""
    folder.mkdir(mode=0o700)  # noqa: ASYNC240 - nobody waits meanwhile
    store = SqliteStore.open(folder)
    await add_user(store, "alice")
    await store.close()
    load_secret(folder)
    load_signing_keys(folder)
