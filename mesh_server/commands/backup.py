"""`mesh-server backup`: a verified copy of everything, while the server runs or not."""

import argparse
import shutil
from datetime import datetime
from pathlib import Path

import msgspec

from mesh_server.backups import (
    BackupError,
    Manifest,
    list_backups,
    list_interrupted,
    make_backup,
    place_for,
    utc_now,
)
from mesh_server.config import Config
from mesh_server.errors import CannotStart


def run(config: Config, arguments: argparse.Namespace) -> int:
    """Raises: CannotStart."""
    if config.database:
        raise CannotStart("The database of this server is in PostgreSQL: back it up with pg_dump.")
    now = utc_now()
    destination: Path = arguments.destination
    if arguments.keep is not None and not destination.is_dir():
        raise CannotStart(f"--keep is for a folder of backups, and {destination} is none.")
    place = place_for(destination, now)
    try:
        manifest = make_backup(config.folder, place, now)
    except BackupError as error:
        raise CannotStart(str(error)) from None
    gone = _thin_out(destination, arguments.keep, now) if arguments.keep is not None else []
    _tell(place, manifest, gone, as_json=arguments.json)
    return 0


def _thin_out(folder: Path, keep: int, now: datetime) -> list[Path]:
    """Deletes the oldest backups, those beyond `keep`, and what is left of old ones that were interrupted."""
    gone = list_backups(folder)[:-keep] + list_interrupted(folder, now)
    for old in gone:
        shutil.rmtree(old)
    return gone


def _tell(place: Path, manifest: Manifest, gone: list[Path], *, as_json: bool) -> None:
    if as_json:
        told = {"backup": str(place), "deleted": [str(old) for old in gone]}
        print(msgspec.json.encode(told | msgspec.to_builtins(manifest)).decode())
        return
    rows = manifest.contents.rows
    people, rooms, messages = (rows.get(table, 0) for table in ("users", "rooms", "messages"))
    print(f"Backed up to {place}: {people} people, {rooms} rooms, {messages} messages; verified.")
    for old in gone:
        print(f"Deleted the older backup {old}.")
