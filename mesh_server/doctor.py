"""Looks at a server and its surroundings, and finds what is wrong or soon will be.

Strategy: one function an organ, in a table; each only reads, and yields what it finds. What one of them needs
and does not find (a database, say) is another one's to complain about. A server may run meanwhile.
"""

import os
import resource
import socket
import ssl
import stat
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeVar

import sqlalchemy as sa
from cryptography import x509
from msgspec import Struct

from mesh_server.config import Config, address_of
from mesh_server.doubts import doubts, who_else_reads
from mesh_server.keys import HOST, HOST_FILE, ROW, host_fingerprint, parse_host_key, read_host_key
from mesh_server.services.signing import SIGNING_FILE, SigningKeyUnusable, read_signing_keys
from mesh_server.services.tokens import KEY_FILE, SecretUnusable, read_secret
from mesh_server.store.folder import DATABASE_FILE, running_at
from mesh_server.store.migrations import HEAD
from mesh_server.store.schema import known_versions
from mesh_server.store.soundness import (
    Unreadable,
    damage,
    index_behind,
    meta_value,
    miscounted,
    misnumbered,
    newest,
    reading,
    reading_by,
    schema_of,
)
from mesh_server.tls import Certificate, CertificateUnusable

T = TypeVar("T")

MIB: Final = 1024 * 1024
FREE_MIN: Final = 256 * MIB
"""Room on the disk below which something will fail soon."""

FREE_LOW: Final = 1024 * MIB
EXPIRES_SOON: Final = timedelta(days=14)
CLOCK_AHEAD: Final = timedelta(minutes=1)
"""How far ahead of this clock a message may be that another clock wrote."""

OLDEST_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock that says less has never been set."""

ANSWER_S: Final = 8.0
"""How long a server may take to say whether it is ready; it gives its disk 5 s."""

ANSWERS_S: Final = 600.0
"""How long PostgreSQL may take to look through everything."""

BEHIND_MANY: Final = 10_000
FILES_BESIDE: Final = 256
"""Open files that are no connections of clients."""

Level = Literal["ok", "warning", "error"]


class Finding(Struct, frozen=True, kw_only=True):
    """`do`: what mends it; empty where there is nothing to do."""

    organ: str
    level: Level
    says: str
    do: str = ""


class Patient(Struct, frozen=True, kw_only=True):
    config: Config
    file: Path | None
    env: Mapping[str, str]
    now: datetime

    @property
    def database(self) -> Path:
        return self.config.folder / DATABASE_FILE


Symptom = tuple[Level, str, str]
"""How bad it is, what it is, and what to do."""

Look = Callable[[Patient], Iterator[Symptom]]

_UNREADABLE: Final = "Run this as the server's account; if that changes nothing, restore a backup."


def examine(patient: Patient) -> Iterator[Finding]:
    """Everything that was found, organ by organ; those without a finding are said to be well."""
    for organ, look in ORGANS.items():
        try:
            found = list(look(patient))
        except Unreadable as error:
            what = "The database" if patient.config.database else patient.database
            found = [("error", f"{what} cannot be read: {error}.", _UNREADABLE)]
        for level, says, do in found or [("ok", "Nothing is wrong.", "")]:
            yield Finding(organ=organ, level=level, says=says, do=do)


# ── around the server ────────────────────────────────────────────────────────────────────────────


def _settings(patient: Patient) -> Iterator[Symptom]:
    for doubt in doubts(patient.config, patient.file, patient.env):
        yield "warning", doubt, ""


def _folder(patient: Patient) -> Iterator[Symptom]:
    folder = patient.config.folder
    if not folder.is_dir():
        yield "error", f"The data folder {folder} is not there.", "Name it with --data, or start the server."
        return
    owner = folder.stat().st_uid
    for file in sorted(folder.iterdir()):
        found = file.lstat()
        if found.st_uid != owner:
            yield (
                "error",
                f"{file} belongs to another account than the data folder, so the server may not reach it.",
                f"chown --reference={folder} {file}",
            )
        if stat.S_ISREG(found.st_mode) and (readers := who_else_reads(file)):
            yield "warning", f"{file} can be read by {readers}.", f"chmod 600 {file}"


def _disk(patient: Patient) -> Iterator[Symptom]:
    folder = patient.config.folder
    if not folder.is_dir():
        return
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    size = patient.database.stat().st_size if patient.database.exists() else 0
    says = f"{free // MIB} MiB are free on the disk of {folder}; the database has {size // MIB} MiB."
    if free < FREE_MIN or disk.f_favail == 0:
        yield "error", says, "Make room: messages are refused once it is full."
    elif free < max(FREE_LOW, size):
        yield "warning", says, "A backup on this disk, or an upgrade, may not fit."


def _clock(patient: Patient) -> Iterator[Symptom]:
    if patient.now < OLDEST_NOW:
        yield "error", f"The clock says {patient.now:%Y-%m-%d}.", "Set it, and keep it with NTP."
    written = datetime.fromtimestamp((_ask(patient, newest) or 0) / 1000, UTC)
    if written > patient.now + CLOCK_AHEAD:
        yield (
            "error",
            f"The newest message is from {written:%Y-%m-%d %H:%M:%S} UTC, which is still to come.",
            "Compare the clock with another one, and keep it with NTP.",
        )


def _files(patient: Patient) -> Iterator[Symptom]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = patient.config.limits.connections + FILES_BESIDE
    if hard != resource.RLIM_INFINITY and hard < wanted:
        yield (
            "warning",
            f"A process may open {hard} files here, which is too few for limits.connections.",
            f"Set LimitNOFILE={wanted} in the unit, or lower limits.connections.",
        )


def _address(patient: Patient) -> Iterator[Symptom]:
    config = patient.config
    named = [("listen", config.listen), ("metrics.listen", config.metrics.listen), ("ssh", config.ssh)]
    addresses = [(key, listen) for key, listen in named if listen]
    if (url := running_at(config.folder)) is not None:
        yield _readiness(url)
        return
    for key, listen in addresses:
        host, port = address_of(key, listen)
        try:
            _try_address(host, port)
        except OSError as error:
            yield (
                "error",
                f"No server runs on the data folder, and it could not listen on {listen}: {error.strerror}.",
                f"Look who has it with: ss -ltnp 'sport = :{port}'; or set {key}.",
            )


def _readiness(url: str) -> Symptom:
    if not url:
        return "warning", "A server runs on the data folder, and does not listen yet.", "Look at its log."
    anyone = ssl.create_default_context()
    anyone.check_hostname = False  # it is on this machine, under whatever name
    anyone.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=ANSWER_S, context=anyone):  # noqa: S310 - http or https
            return "ok", f"A server runs on the data folder, and is ready at {url}.", ""
    except OSError as error:
        return (
            "error",
            f"A server runs on the data folder, and is not ready at {url}: {error}.",
            "Look at its log, and at the disk: df -h, dmesg.",
        )


def _try_address(host: str, port: int) -> None:
    """Raises: OSError."""
    family, kind, protocol, _, where = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind(where)


def _certificate(patient: Patient) -> Iterator[Symptom]:
    files = patient.config.tls
    if not files.certificate:
        return
    try:
        Certificate(files)
        leaf = x509.load_pem_x509_certificates(Path(files.certificate).read_bytes())[0]
    except (CertificateUnusable, OSError, ValueError) as error:
        yield "error", str(error), "Name the files of a certificate and of its own key, in PEM."
        return
    renew = "Renew it, and send the server SIGHUP (systemctl reload mesh-server)."
    left = leaf.not_valid_after_utc - patient.now
    if left < timedelta(0):
        yield "error", f"The certificate ran out on {leaf.not_valid_after_utc:%Y-%m-%d}.", renew
    elif left < EXPIRES_SOON:
        yield "warning", f"The certificate runs out in {left.days} days.", renew
    if leaf.not_valid_before_utc > patient.now:
        yield (
            "error",
            f"The certificate begins on {leaf.not_valid_before_utc:%Y-%m-%d}.",
            "Look at the clock.",
        )


# ── what the server keeps ────────────────────────────────────────────────────────────────────────


def _keys(patient: Patient) -> Iterator[Symptom]:
    if patient.config.database or not patient.database.exists():
        return
    readers: list[tuple[str, Callable[[Path], object]]] = [
        (KEY_FILE, read_secret),
        (SIGNING_FILE, read_signing_keys),
    ]
    for name, read in readers:
        path = patient.config.folder / name
        try:
            read(path)
        except FileNotFoundError:
            yield (
                "warning",
                f"{path} is missing; the next start makes a new one.",
                "Restore it from a backup.",
            )
        except OSError as error:
            yield "error", f"{path} cannot be read: {error.strerror}.", "Run this as the server's account."
        except (SecretUnusable, SigningKeyUnusable) as error:
            yield "error", str(error), ""


def _ssh(patient: Patient) -> Iterator[Symptom]:
    """What people's ssh knows the server by: that of the database, where nodes share one."""
    if not patient.config.ssh:
        return
    path = patient.config.folder / HOST_FILE
    try:
        row = _ask(patient, partial(meta_value, key=HOST)) if patient.config.database else None
        shared = None if row is None else parse_host_key(row, ROW.format(HOST))
        own = read_host_key(path) if path.exists() else None
    except OSError as error:
        yield "error", f"{path} cannot be read: {error.strerror}.", "Run this as the server's account."
        return
    except SecretUnusable as error:
        yield "error", str(error), ""
        return
    used = shared or own
    if used is None:
        yield (
            "warning",
            f"{path} is missing; the next start makes a new one, and ssh warns whoever knows the old one.",
            "Restore it from a backup, unless the door was never open.",
        )
        return
    if own is not None and own != used:
        yield (
            "warning",
            f"{path} is another key than the database has, which is what nodes use.",
            "Remove the file; or put its text into the database, if people know the server by it.",
        )
    yield "ok", f"The door is known by {host_fingerprint(used)}.", ""


def _schema(patient: Patient) -> Iterator[Symptom]:
    if not (patient.config.database or patient.database.exists()):
        yield "warning", f"There is no database in {patient.config.folder}.", "The first start makes one."
        return
    with _reading(patient) as connection:
        version = schema_of(connection)
    if version not in known_versions():
        yield "error", f"The database is of the newer version {version}.", "Install the newer mesh-server."
    elif version != HEAD:
        yield (
            "warning",
            f"The database is of version {version}; the next start makes it {HEAD}.",
            ("Make a backup before that start."),
        )


def _integrity(patient: Patient) -> Iterator[Symptom]:
    if patient.config.database:
        return  # PostgreSQL looks after itself
    for found in _ask(patient, damage) or ():
        yield "error", found, "Look at the disk, and restore a backup."


def _numbers(patient: Patient) -> Iterator[Symptom]:
    for found in (*(_ask(patient, misnumbered) or ()), *(_ask(patient, miscounted) or ())):
        yield "error", found, "Restore a backup, and report this: it must not happen."


def _index(patient: Patient) -> Iterator[Symptom]:
    behind = _ask(patient, index_behind) or 0
    if behind > BEHIND_MANY:
        yield (
            "warning",
            f"The index of the search is {behind} messages behind.",
            "It catches up by itself while a server runs; searching takes longer until then.",
        )


def _ask(patient: Patient, question: Callable[[sa.Connection], T]) -> T | None:
    """The answer of a database of this program's own version; None without one. Raises: Unreadable."""
    if not (patient.config.database or patient.database.exists()):
        return None
    with _reading(patient) as connection:
        return question(connection) if schema_of(connection) == HEAD else None


def _reading(patient: Patient) -> AbstractContextManager[sa.Connection]:
    """Entering it raises: Unreadable."""
    if not patient.config.database:
        return reading(patient.database)
    from mesh_server.store.postgres_database import make_engine

    return reading_by(make_engine(patient.config.database, answer_s=None, statement_s=ANSWERS_S))


ORGANS: Final[dict[str, Look]] = {
    "settings": _settings,
    "data folder": _folder,
    "disk": _disk,
    "clock": _clock,
    "open files": _files,
    "address": _address,
    "certificate": _certificate,
    "keys": _keys,
    "ssh door": _ssh,
    "schema": _schema,
    "integrity": _integrity,
    "numbers": _numbers,
    "search index": _index,
}
