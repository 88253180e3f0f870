"""Backups: a folder with a copy of the database, the key files, and a list of what should be in it.

Strategy: everything is made under a name that nobody takes for a backup, and renamed when it is whole, on
disk and verified; so what has the name of a backup is one. Restoring verifies first, keeps what was there
before aside, and puts each file in its place with one rename, the database last.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from mesh_server.store.copies import CopyFailed, checkpoint, copy_database, renew_epoch, sync, verify
from mesh_server.store.folder import DATABASE_FILE
from mesh_server.store.schema import known_versions
from mesh_server.store.soundness import Contents
from protocol.version import __version__

MANIFEST: Final = "backup.json"
FORMAT: Final = 1
INTERRUPTED_FOR: Final = timedelta(days=1)
"""A backup that has not been touched for as long will not be finished any more."""

_KEYS: Final = "*.key"
_PIECE: Final = 1024 * 1024


class BackupError(Exception):
    """What cannot be backed up or restored, and why; for the operator."""


class Manifest(Struct, frozen=True, kw_only=True):
    """`files`: the SHA-256 of each, by its name."""

    format: int
    made_at: str
    version: str
    contents: Contents
    files: dict[str, str]


class Restored(Struct, frozen=True, kw_only=True):
    """`kept`: where the data from before is, empty where there was none."""

    manifest: Manifest
    epoch: str
    kept: str


# ── making ───────────────────────────────────────────────────────────────────────────────────────


def place_for(destination: Path, now: datetime) -> Path:
    """The folder that a backup becomes: `destination` itself, or a new one in it where it exists."""
    return destination / f"mesh-{now:%Y%m%dT%H%M%SZ}" if destination.is_dir() else destination


def make_backup(folder: Path, place: Path, now: datetime) -> Manifest:
    """Copies the data folder to the new folder `place`; a server may run on it. Raises: BackupError."""
    database = folder / DATABASE_FILE
    if not database.is_file():
        raise BackupError(f"There is no database in {folder}. Name the server's data folder with --data.")
    with _new_folder(place) as scratch:
        try:
            held = copy_database(database, scratch / DATABASE_FILE)
            for key in sorted(folder.glob(_KEYS)):
                _copy(key, scratch / key.name)
        except CopyFailed as error:
            raise BackupError(str(error)) from None
        except sa.exc.DBAPIError as error:
            raise BackupError(f"The database {database} cannot be read: {error.orig}.") from None
        manifest = Manifest(
            format=FORMAT,
            made_at=now.isoformat(timespec="seconds"),
            version=__version__,
            contents=held,
            files={file.name: _sha256(file) for file in sorted(scratch.iterdir())},
        )
        _write(scratch / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    return manifest


@contextmanager
def _new_folder(place: Path) -> Iterator[Path]:
    """A folder under another name that becomes `place`, or goes where making it fails."""
    if place.exists():
        raise BackupError(f"{place} is there already, and a backup never overwrites anything.")
    scratch = place.with_name(f".{place.name}.partial")
    try:
        if scratch.exists():
            shutil.rmtree(scratch)  # of a backup that was interrupted
        scratch.mkdir(mode=0o700, parents=True)
        yield scratch
        sync(scratch)
        scratch.rename(place)
        sync(place.parent)
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise BackupError(f"The backup {place} cannot be made: {error.strerror or error}.") from None
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def list_backups(folder: Path) -> list[Path]:
    """The backups in a folder that were named by their time, the oldest first."""
    return sorted(path for path in folder.glob("mesh-*Z") if (path / MANIFEST).is_file())


def list_interrupted(folder: Path, now: datetime) -> list[Path]:
    """What old backups left that were named by their time and never finished."""
    old = (now - INTERRUPTED_FOR).timestamp()
    return sorted(path for path in folder.glob(".mesh-*Z.partial") if path.stat().st_mtime < old)


# ── restoring ────────────────────────────────────────────────────────────────────────────────────


def read_backup(source: Path) -> Manifest:
    """What is in a backup, once all of it was verified. Raises: BackupError."""
    try:
        manifest = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
    except OSError as error:
        raise BackupError(f"{source} is no backup: {MANIFEST} cannot be read ({error.strerror}).") from None
    except msgspec.MsgspecError as error:
        raise BackupError(f"{source} is no backup: {MANIFEST} is not what it was ({error}).") from None
    if manifest.format != FORMAT or manifest.contents.schema not in known_versions():
        raise BackupError(
            f"The backup {source} was made by mesh-server {manifest.version}, which is newer than this one. "
            "Install that version first."
        )
    for name, expected in manifest.files.items():
        if Path(name).name != name:
            raise BackupError(f"{source} is no backup: it names the file {name!r}.")
        try:
            found = _sha256(source / name)
        except OSError as error:
            raise BackupError(f"The backup {source} is not whole: {name}: {error.strerror}.") from None
        if found != expected:
            raise BackupError(f"The backup {source} is damaged: {name} is not what it was.")
    try:
        held = verify(source / DATABASE_FILE)
    except CopyFailed as error:
        raise BackupError(str(error)) from None
    if held != manifest.contents:
        raise BackupError(f"The backup {source} is damaged: the database does not hold what {MANIFEST} says.")
    return manifest


def restore_backup(source: Path, folder: Path, now: datetime) -> Restored:
    """Puts a backup in the place of what is in `folder`, which no server may use. Raises: BackupError."""
    manifest = read_backup(source)
    aside = folder / f"before-restore-{now:%Y%m%dT%H%M%SZ}"
    scratch = folder / ".restore"
    try:
        if scratch.exists():
            shutil.rmtree(scratch)  # of one that was interrupted
        scratch.mkdir(mode=0o700)
        for name in manifest.files:
            _copy(source / name, scratch / name)
        epoch = renew_epoch(scratch / DATABASE_FILE)
        kept = _keep(folder, aside)
        _give_to_owner(folder, scratch, aside)
        for name in sorted(manifest.files, key=lambda name: (name == DATABASE_FILE, name)):
            (scratch / name).replace(folder / name)
        sync(folder)
        shutil.rmtree(scratch)
    except OSError as error:
        raise BackupError(f"{error.filename or folder}: {error.strerror or error}.") from None
    return Restored(manifest=manifest, epoch=epoch, kept=str(aside) if kept else "")


def _keep(folder: Path, aside: Path) -> bool:
    """Links what is there under other names; whether there was anything."""
    database = folder / DATABASE_FILE
    if database.exists():
        with contextlib.suppress(sa.exc.DBAPIError):  # it is damaged then, and kept as it is
            checkpoint(database)
    logs = [database.with_name(DATABASE_FILE + end) for end in ("-wal", "-shm")]
    files = [file for file in (database, *logs, *sorted(folder.glob(_KEYS))) if file.exists()]
    if not files:
        return False
    aside.mkdir(mode=0o700)
    for file in files:
        os.link(file, aside / file.name)
    sync(aside)
    for log in logs:
        log.unlink(missing_ok=True)  # the log of another database must not meet the restored one
    return True


def _give_to_owner(folder: Path, *made: Path) -> None:
    """Where root restores, the server's own account must be able to use what was made."""
    if os.geteuid() != 0:
        return
    owner = folder.stat()
    for path in made:
        for each in (path, *path.glob("*")):
            if each.exists():
                os.chown(each, owner.st_uid, owner.st_gid)


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as file, _new_file(target) as copy:
        shutil.copyfileobj(file, copy, _PIECE)
        copy.flush()
        os.fsync(copy.fileno())


def _write(target: Path, content: bytes) -> None:
    with _new_file(target) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _new_file(path: Path) -> BinaryIO:
    """Readable for its owner alone."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def utc_now() -> datetime:
    return datetime.now(UTC)
