"""Where a profile keeps its files, and how they are written and locked.

Strategy: a profile is a name with two folders of its own, mode 0700, in the places that the platform
names for configuration and for data (XDG on Linux). A small file is replaced as a whole: written beside
the old one with mode 0600, flushed to disk, renamed over it, so that a crash leaves either the old or
the new one. What several processes of one profile must not do at once happens under a lock of the
kernel, which a process that dies gives back.
"""

import asyncio
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesh_agent.client.errors import FilesUnusable, ProfileInvalid

PROFILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SMALL_FILE_BYTES: Final = 1024 * 1024
"""The largest file that `read_small` takes in."""

LOCK_POLL_S: Final = 0.05
LOCK_TIMEOUT_S: Final = 60.0
"""How long to wait for another process of this profile; it holds the lock for one call to the server."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile's name and its two folders, which exist."""

    name: str
    config: Path
    data: Path

    @classmethod
    def open(cls, name: str) -> "Profile":
        """The profile `name`; its folders are made where they are missing.

        Raises:
            ProfileInvalid: the name cannot be the name of a folder.
            FilesUnusable: a folder cannot be made.
        """
        from platformdirs import PlatformDirs

        if not PROFILE_NAME.fullmatch(name):
            raise ProfileInvalid
        places = PlatformDirs("mesh", appauthor=False)
        profile = cls(
            name, Path(places.user_config_dir, "profiles", name), Path(places.user_data_dir, "profiles", name)
        )
        for folder in (profile.config, profile.data):
            _make_private(folder)
        return profile

    @property
    def session_path(self) -> Path:
        return self.config / "session.json"

    @property
    def lock_path(self) -> Path:
        return self.config / "session.lock"

    @property
    def identity_path(self) -> Path:
        return self.config / "identity.key"

    @property
    def known_path(self) -> Path:
        return self.config / "known-devices.json"

    @property
    def known_lock_path(self) -> Path:
        return self.config / "known-devices.lock"

    @property
    def recordings_path(self) -> Path:
        """Where recordings of terminals go, where nobody says another place; not made yet."""
        return self.data / "recordings"

    @property
    def terminals_path(self) -> Path:
        """What rooms were told of terminals that are shared here; not made yet."""
        return self.data / "terminals"

    @property
    def calls_path(self) -> Path:
        """What rooms were told of calls that were begun here, and which program is in one; not made yet."""
        return self.data / "calls"

    def cache_path(self, server: str, user_id: str) -> Path:
        """One database an account. Both names come from elsewhere, so only their hash is in the path."""
        digest = hashlib.sha256(f"{server}\n{user_id}".encode()).hexdigest()
        return self.data / f"{digest[:16]}.db"


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise FilesUnusable(f"The folder {folder} cannot be used: {error.strerror}.") from None


def read_small(path: Path, limit: int = SMALL_FILE_BYTES) -> bytes | None:
    """The whole of a small file; None where there is none.

    Raises:
        FilesUnusable: it cannot be read, or is larger than `limit` bytes.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FilesUnusable(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > limit:
        raise FilesUnusable(f"{path} is far larger than it can be. Move it away and try again.")
    return data


def replace_file(path: Path, data: bytes) -> None:
    """Makes `data` the content of `path`, mode 0600; after a crash it has the old content or the new.

    Raises:
        FilesUnusable: the disk is full, or the folder cannot be written.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        _flush_folder(path.parent)
    except OSError as error:
        raise FilesUnusable(f"{path} cannot be written: {error.strerror}.") from None


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Holds `path`'s lock, alone among all processes and all callers in this one.

    Raises:
        FilesUnusable: nobody gave the lock back within `LOCK_TIMEOUT_S`, or it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FilesUnusable(f"{path} cannot be opened: {error.strerror}.") from None
    try:
        await _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


async def _take(descriptor: int, path: Path) -> None:
    # Tried again and again rather than waited for: a thread that waits in the kernel cannot be cancelled.
    try:
        async with asyncio.timeout(LOCK_TIMEOUT_S):
            while True:
                try:
                    return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    await asyncio.sleep(LOCK_POLL_S)
    except TimeoutError:
        raise FilesUnusable(f"Another program has held {path} for {LOCK_TIMEOUT_S:.0f} s.") from None
