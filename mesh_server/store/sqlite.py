"""The store of one node: a SQLite file in the data folder, held by one server at a time."""

from pathlib import Path
from typing import Self

import sqlalchemy as sa

from mesh_server.store.database import SqliteDatabase, make_engine
from mesh_server.store.folder import DATABASE_FILE
from mesh_server.store.schema import migrate
from mesh_server.store.sql import SqlStore, get_epoch


class SqliteStore(SqlStore):
    """`Store` on `mesh.db` in a folder."""

    def __init__(self, engine: sa.Engine, epoch: str) -> None:
        super().__init__(SqliteDatabase(engine), engine.dialect, epoch)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Opens, migrates or makes the database; blocks, so call it before the loop serves anyone.

        Raises:
            NewerDatabase: made by a newer program.
            sqlalchemy.exc.DBAPIError: not a database, or not to be read or written.
        """
        path = folder / DATABASE_FILE
        path.touch(mode=0o600)
        engine = make_engine(path)
        migrate(engine)
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            epoch = get_epoch(connection)
        return cls(engine, epoch)
