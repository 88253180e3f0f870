"""Brings a database to the schema that this program knows, or refuses one that it does not.

A new SQLite file is made as all migrations together leave it (`migrations/new.sql`, which
`scripts/make_schema` writes), since to run them one by one on nothing took 200 ms of each first start. What
came after that file was written is migrated as anywhere.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from mesh_server.store.migrations import HEAD

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS: Final = Path(__file__).parent / "migrations"
NEW: Final = _SCRIPTS / "new.sql"
BETWEEN: Final = ";\n\n"
"""What stands between two statements of it: none has an empty line in it."""


class NewerDatabase(Exception):
    """The database was made by a newer program; this one would damage it."""


def migrate(engine: sa.Engine) -> None:
    """Applies what is missing, in one transaction, so that a half-done upgrade cannot be.

    Raises:
        NewerDatabase: with one sentence for the operator.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        migrate_on(connection)


def migrate_on(connection: sa.Connection) -> bool:
    """`migrate` in a transaction that others are kept out of; whether anything was missing.

    Raises: NewerDatabase
    """
    version = _version(connection)
    if version == HEAD:
        return False
    if version is None and _is_empty_file(connection):
        for statement in NEW.read_text("utf-8").split(BETWEEN):
            connection.exec_driver_sql(statement)
        version = _version(connection)
    if version != HEAD:
        upgrade(connection, version)
    return True


def upgrade(connection: sa.Connection, version: str | None) -> None:
    """Runs the migrations that come after `version`, all of them after none. Raises: NewerDatabase"""
    # Imported here: a start with nothing to migrate should not pay for it.
    from alembic import command

    if version is not None and version not in known_versions():
        raise newer_database(version)
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def newer_database(version: str) -> NewerDatabase:
    """What is to be said of one of that version, which this program does not know."""
    return NewerDatabase(
        f"The database is of version {version}, made by a newer mesh-server; this one knows versions "
        f"up to {HEAD}. Start the newer mesh-server, or restore a backup made by this one."
    )


def known_versions() -> set[str]:
    """Those that this program can bring to its own."""
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}


def _alembic() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _is_empty_file(connection: sa.Connection) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    return not connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
