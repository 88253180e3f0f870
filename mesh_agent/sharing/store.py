"""The transfers of an account on disk: what runs, so that a restart resumes it, and what is over, with why.

Strategy: one JSON file that is replaced as a whole, read and written under a kernel lock, because several
programs of a profile share it; each writes only the records that it has changed itself. Who runs a transfer
holds a lock of the kernel for it (`Claim`), so that no other program runs it too and that it is free again
once its holder dies, however it dies. Everything here is synchronous and called in threads.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from mesh_agent.client.errors import FilesUnusable, FileTooNew
from mesh_agent.client.folders import Profile, read_small, replace_file
from mesh_agent.sharing.errors import AlreadyReceiving, UnderWay
from mesh_agent.sharing.state import OVER, Conflict, Direction, Phase
from protocol.text import clean_line

FILE_VERSION: Final = 1
KEPT_MAX: Final = 500
"""Transfers that are remembered; past it those that were over first are forgotten."""

STORE_BYTES: Final = 16 * 1024 * 1024
"""No file of `KEPT_MAX` transfers is larger."""

HOLDER_CHARS: Final = 200


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a transfer.

    Attributes:
        id: this account's name for it.
        wire_id: the sender's name for it. Each wish to send has its own: see `wire_name`.
        peer_device: whose device it was received from, or the one that has taken it.
        session_id: by which it was received last.
        mtime: of the source, in nanoseconds; with `size` it says whether this is still the same.
        source: the path that is sent; `spooled`: it is a copy of ours, deleted once the transfer is over.
        follow: what links in it lead to is sent, not the links.
        into, conflict, links: what the person answered; empty where nobody has answered yet.
        share, share_path: what was asked of a share; empty for an offer.
        door: nothing was offered; a device asks to connect.
        strikes: wrong chunks in a row, over all attempts.
        untold: the device that does not know yet that it is over for it; empty where each does.
        forgotten: the person wants to see it no more; see `Board.forget`.
        limit: bytes a second that are sent of it; None: what the rules say.
        background: whoever takes offers for this profile goes on with it after a restart.
    """

    id: str
    wire_id: str
    direction: Direction
    room_id: str
    peer_id: str
    peer_name: str
    title: str
    kind: Literal["file", "folder"]
    phase: Phase
    created_at: str
    peer_device: str = ""
    session_id: str = ""
    size: int = 0
    files: int = 1
    done: int = 0
    mtime: int = 0
    source: str = ""
    spooled: bool = False
    follow: bool = False
    into: str = ""
    conflict: Conflict = "rename"
    links: bool = False
    place: str = ""
    reason: str = ""
    ended_at: str = ""
    share: str = ""
    share_path: str = ""
    background: bool = False
    limit: int | None = None
    door: bool = False
    strikes: int = 0
    untold: str = ""
    forgotten: bool = False

    @property
    def over(self) -> bool:
        return self.phase in OVER


class _Versioned(Struct):
    version: int


class _File(Struct, kw_only=True):
    version: int = FILE_VERSION
    transfers: list[Record] = []


def send_id(room_id: str, peer_id: str, path: Path, size: int, mtime: int) -> str:
    """The same for the same file to the same person in the same room, so that it is resumed."""
    return _digest("send", room_id, peer_id, os.fspath(path), str(size), str(mtime))


def receive_id(peer_id: str, device_id: str, wire_id: str) -> str:
    """Two people cannot have transfers of the same name here."""
    return _digest("receive", peer_id, device_id, wire_id)


def fetch_id(room_id: str, peer_id: str, share: str, path: str, into: Path) -> str:
    """The same for the same of a share into the same folder."""
    return _digest("fetch", room_id, peer_id, share, path, os.fspath(into))


def _digest(*parts: str) -> str:
    data = b"".join(len(part.encode(errors="surrogateescape")).to_bytes(4) for part in parts)
    data += b"".join(part.encode(errors="surrogateescape") for part in parts)
    return hashlib.sha256(data).hexdigest()[:32]


class Store:
    """The records of one account. All methods raise `FilesUnusable` and `FileTooNew`."""

    def __init__(self, profile: Profile, account: str) -> None:
        """`account`: a name of the account that can be part of a file's name."""
        self._path = profile.data / f"{account}.transfers.json"
        self._lock_path = profile.data / f"{account}.transfers.lock"
        self.claims_folder: Final = profile.data / f"{account}.transfers"

    def load(self) -> list[Record]:
        """All of them, in the order made."""
        return self._read()

    def save(self, changed: Iterable[Record], forgotten: Iterable[str] = ()) -> None:
        """Takes in what this program has changed; what others wrote stays."""
        with _flock(self._lock_path):
            records = {record.id: record for record in self._read()}
            records |= {record.id: record for record in changed}
            for name in forgotten:
                records.pop(name, None)
            self._write(list(records.values()))

    def _write(self, records: list[Record]) -> None:
        excess = len(records) - KEPT_MAX
        if excess > 0:
            over = sorted((record for record in records if record.over), key=lambda record: record.ended_at)
            gone = {record.id for record in over[:excess]}
            records = [record for record in records if record.id not in gone]
        replace_file(self._path, msgspec.json.encode(_File(transfers=records)))

    def _read(self) -> list[Record]:
        data = read_small(self._path, STORE_BYTES)
        if data is None:
            return []
        try:
            if msgspec.json.decode(data, type=_Versioned).version > FILE_VERSION:
                raise FileTooNew(f"{self._path} was written by a newer Mesh. Update this one.")
            return msgspec.json.decode(data, type=_File).transfers
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Nothing but the list is lost: parts on the disk are found again when they are offered again.
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_name(f"{self._path.name}.damaged"))
            return []


class Claim:
    """One transfer is this program's, until `release` or its end."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    @classmethod
    def take(cls, folder: Path, transfer_id: str) -> "Claim":
        """Raises: UnderWay: another program has it."""
        path = folder / f"{transfer_id}.lock"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            while True:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    # Who had it before may have taken the name away meanwhile: then this lock is of nothing.
                    if _is_still(path, descriptor):
                        return cls(path, descriptor)
                except BlockingIOError:
                    os.close(descriptor)
                    raise UnderWay from None
                os.close(descriptor)
        except OSError as error:
            raise FilesUnusable(f"{path} cannot be used: {error.strerror}.") from None

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


class ReceivingLock:
    """Of all programs of a profile, this one takes what is offered."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, profile: Profile, program: str) -> "ReceivingLock":
        """Raises: AlreadyReceiving: it says which program does."""
        path = profile.data / "receive.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise FilesUnusable(f"{path} cannot be opened: {error.strerror}.") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = (
                clean_line(os.pread(descriptor, HOLDER_CHARS, 0).decode(errors="replace"))
                or "Another program"
            )
            os.close(descriptor)
            raise AlreadyReceiving(
                f"{holder} takes what is sent to the profile {profile.name!r} already. End it, or use it."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{program} (process {os.getpid()})".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


@contextlib.contextmanager
def _flock(path: Path) -> Iterator[None]:
    """Held for one read and one write of a small file, so waiting for it needs no end of its own."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FilesUnusable(f"{path} cannot be opened: {error.strerror}.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def wire_name(before: Record | None) -> str:
    """The name by which something is offered that was sent as `before`, or never.

    What was interrupted, or failed, goes on under its name, by which the receiver finds what has arrived.
    Whatever else is over has had its name: a receiver refuses for good what was called off, and gets it from
    no sender that was told so and lost that. So does a device that was offered it before another one, where
    it failed: what has to be told to it has had its name, too.
    """
    if before is None or (before.over and (before.phase != "failed" or before.untold)):
        return secrets.token_hex(16)
    return before.wire_id


def is_refused(record: Record) -> bool:
    """Whether it was offered to us and called off by either end: that name is not taken any more."""
    offered = record.direction == "receive" and not (record.share or record.door)
    return offered and record.phase in {"declined", "cancelled"}


def is_brought(record: Record) -> bool:
    """Whether it was cancelled here, and it is for us to look for the device that does not know it: we have
    asked for the session. What others send is told to them when they come with it."""
    asked = (
        record.direction == "receive" if record.share else record.direction == "send" and bool(record.source)
    )
    return record.phase == "cancelled" and bool(record.untold) and asked
