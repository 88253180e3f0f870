"""Brings a database to the schema that this program knows, or refuses one that it does not."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from mesh_server.store.migrations import HEAD

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS: Final = Path(__file__).parent / "migrations"


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
    # Imported here: a start with nothing to migrate should not pay for it.
    from alembic import command

    if version is not None and version not in known_versions():
        raise newer_database(version)
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


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
