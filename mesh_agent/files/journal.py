"""Which chunks of a part have arrived: a small file beside it, written after the data.

    header   magic, digest of the offer, CRC-32
    record   kind, a, hash, CRC-32     48 bytes each

Strategy: records of one size, each with its checksum, so that whatever a crash cut off or scribbled over is
seen, and what is before it still counts. The journal is only ever a claim: a chunk counts once its bytes
were read from the part again and have the hash that is written here, so that data which the disk lost, or
zeros it made up, are found.
"""

import errno
import os
import struct
import threading
from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

from mesh_agent.files.folders import Folder
from mesh_agent.files.safe_path import SafeName
from protocol.limits import HASH_BYTES

_MAGIC: Final = b"mesh-part 1\n"
_HEADER: Final = struct.Struct(f"<{len(_MAGIC)}s{HASH_BYTES}sI")
_RECORD: Final = struct.Struct(f"<B3xQ{HASH_BYTES}sI")
_BODY: Final = _RECORD.size - 4
_READ_RECORDS: Final = 4_096

CHUNK: Final = 1
"""a: index; hash: its BLAKE3."""
FAULT: Final = 2
"""a: entry; its chunks do not count any more."""
DOUBT: Final = 3
"""What is claimed, or taken for equal, was not what was sent: nothing before this counts."""


class Record(NamedTuple):
    kind: int
    a: int
    hash: bytes


class Journal:
    """An open journal; `append` may be called by several threads."""

    def __init__(self, fd: int, end: int) -> None:
        self._fd = fd
        self._end = end
        self._lock = threading.Lock()

    @classmethod
    def create(cls, folder: Folder, name: SafeName, digest: bytes) -> "Journal":
        """An empty one for the offer of that digest. Raises: OSError."""
        fd = folder.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        header = _HEADER.pack(_MAGIC, digest, crc32(_MAGIC + digest))
        journal = cls(fd, 0)
        journal._put(header)
        return journal

    @classmethod
    def open(cls, folder: Folder, name: SafeName, digest: bytes) -> "tuple[Journal, list[Record]] | None":
        """The one that is there, ready for more, and what it says as far as it can be read.

        None where there is none, or not of this offer. Raises: OSError.
        """
        try:
            fd = folder.open(name, os.O_RDWR)
        except FileNotFoundError:
            return None
        header = os.pread(fd, _HEADER.size, 0)
        if header != _HEADER.pack(_MAGIC, digest, crc32(_MAGIC + digest)):
            os.close(fd)
            return None
        records = list(_records(fd))
        end = _HEADER.size + len(records) * _RECORD.size
        os.ftruncate(fd, end)
        return cls(fd, end), records

    def append(self, kind: int, a: int = 0, digest: bytes = b"") -> None:
        """Raises: OSError: nothing counts as written then, and it can be tried again."""
        body = _RECORD.pack(kind, a, digest, 0)[:_BODY]
        with self._lock:
            self._put(body + crc32(body).to_bytes(4, "little"))

    def _put(self, data: bytes) -> None:
        # In its place and not at the end: a record that was cut off by a full disk is written over.
        if os.pwrite(self._fd, data, self._end) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._end += len(data)

    def flush(self) -> None:
        os.fsync(self._fd)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _records(fd: int) -> Iterator[Record]:
    offset = _HEADER.size
    while data := os.pread(fd, _READ_RECORDS * _RECORD.size, offset):
        for at in range(0, len(data) - _RECORD.size + 1, _RECORD.size):
            body = data[at : at + _BODY]
            kind, a, digest, check = _RECORD.unpack_from(data, at)
            if crc32(body) != check:
                return
            yield Record(kind, a, digest)
        if len(data) % _RECORD.size:
            return
        offset += len(data)
