"""`mesh-server export`: the messages of a room, one line of JSON each."""

import argparse
import os
import sys
from datetime import date

import msgspec
import sqlalchemy as sa

from mesh_server.config import Config
from mesh_server.errors import CannotStart
from mesh_server.services.names import name_key
from mesh_server.services.views import message_view
from mesh_server.store.database import make_engine
from mesh_server.store.export import Export
from mesh_server.store.folder import DATABASE_FILE
from protocol.times import parse_time


def run(config: Config, arguments: argparse.Namespace) -> int:
    """Raises: CannotStart."""
    engine = _engine(config)
    since = _since(arguments.since)
    try:
        export = Export(engine)
        room_id = export.find_room(name_key(arguments.room.removeprefix("#")), arguments.room)
        if room_id is None:
            raise CannotStart(f"There is no room of the name or id {arguments.room!r}.")
        for record in export.messages(room_id, since):
            sys.stdout.buffer.write(msgspec.json.encode(message_view(record, nonce=False)) + b"\n")
        sys.stdout.buffer.flush()
    except sa.exc.DBAPIError as error:
        raise CannotStart(f"The database cannot be read: {error.orig}.") from None
    except BrokenPipeError:
        # Whoever reads has had enough; Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _engine(config: Config) -> sa.Engine:
    """Of the file, or of the database that is named. Raises: CannotStart."""
    if config.database:
        from mesh_server.store import postgres_database

        return postgres_database.make_engine(config.database)
    database = config.folder / DATABASE_FILE
    if not database.is_file():
        raise CannotStart(f"There is no database in {config.folder}. Name the data folder with --data.")
    return make_engine(database)


def _since(text: str | None) -> int:
    """Milliseconds; a day begins at midnight UTC. Raises: CannotStart."""
    if text is None:
        return 0
    try:
        return parse_time(f"{date.fromisoformat(text)}T00:00:00Z" if len(text) == len("2026-01-31") else text)
    except ValueError:
        raise CannotStart(
            f"--since is a day, like 2026-01-31, or a time, like 2026-01-31T12:00:00Z, not {text!r}."
        ) from None
