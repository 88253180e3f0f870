"""What goes wrong with files on this machine, each in a sentence for the person who reads it.

    MeshError
    ├── SourceError             source.error         what is to be sent
    │   ├── SourceMissing       source.missing
    │   ├── SourceUnreadable    source.unreadable
    │   ├── SourceSpecial       source.special       no file and no folder: a device, a socket, a pipe
    │   ├── SourceTooMuch       source.too_much      more entries or bytes than one offer may have
    │   └── SourceChanged       changed              while it was read
    ├── OfferRefused            offer.refused        a name, size or count that cannot be honest
    └── SinkError               disk.error           where things are received
        ├── NoSpace             disk.full            what has come stays, and is gone on with
        ├── QuotaReached        disk.quota
        ├── ReadOnly            disk.read_only
        ├── DiskDenied          disk.denied
        ├── TooLargeForDisk     disk.file_too_large
        ├── FolderGone          disk.folder_gone
        ├── DiskFailed          disk.failed          the disk itself reports an error
        ├── SinkBusy            disk.busy            the same is being received by another program
        ├── SinkClosed          disk.closed
        └── Incomplete          disk.incomplete

A hash that is wrong, or a chunk that does not fit, is the other end's fault: `protocol.errors.PeerFault`.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from protocol.errors import MeshError


class SourceError(MeshError):
    """The message may have paths of this machine; `text` is what another person may be told."""

    code = "source.error"
    text = "This cannot be sent."


class SourceMissing(SourceError):
    code = "source.missing"
    text = "What was to be sent is gone."


class SourceUnreadable(SourceError):
    code = "source.unreadable"
    text = "What was to be sent cannot be read."


class SourceSpecial(SourceError):
    code = "source.special"
    text = "What was to be sent is neither a file nor a folder."


class SourceTooMuch(SourceError):
    code = "source.too_much"
    text = "There is more of it than can be sent at once."


class SourceChanged(SourceError):
    code = "changed"
    text = "The file was changed while it was sent. Send it again."


class OfferRefused(MeshError):
    """Before a byte is written, and without asking the person."""

    code = "offer.refused"
    text = "What was offered cannot be received safely."


class SinkError(MeshError):
    """What has arrived stays where it is, so that it can be gone on with."""

    code = "disk.error"
    text = "It cannot be written here."


class NoSpace(SinkError):
    code = "disk.full"
    text = "The disk is full. Make room, and have it sent again: what has come is kept."


class QuotaReached(SinkError):
    code = "disk.quota"
    text = "Your quota on this disk is used up. Make room, and have it sent again: what has come is kept."


class ReadOnly(SinkError):
    code = "disk.read_only"
    text = "This disk can only be read. Choose another folder."


class DiskDenied(SinkError):
    code = "disk.denied"
    text = "You may not write here. Choose another folder."


class TooLargeForDisk(SinkError):
    code = "disk.file_too_large"
    text = "This disk cannot hold a file as large as this. Choose another folder."


class FolderGone(SinkError):
    code = "disk.folder_gone"
    text = "The folder for what is received is gone."


class DiskFailed(SinkError):
    code = "disk.failed"
    text = "The disk reports an error. What has come may be damaged, and is checked before it goes on."


class SinkBusy(SinkError):
    code = "disk.busy"
    text = "This is being received already."


class SinkClosed(SinkError):
    code = "disk.closed"
    text = "This is not being received any more."


class Incomplete(SinkError):
    code = "disk.incomplete"
    text = "Not all of it has come."


_BY_ERRNO: Final[dict[int, type[SinkError]]] = {
    errno.ENOSPC: NoSpace,
    errno.EDQUOT: QuotaReached,
    errno.EROFS: ReadOnly,
    errno.EACCES: DiskDenied,
    errno.EPERM: DiskDenied,
    errno.EFBIG: TooLargeForDisk,
    errno.ENOENT: FolderGone,
    errno.ESTALE: FolderGone,
    errno.EIO: DiskFailed,
}


def sink_error(error: OSError) -> SinkError:
    """The error for a person of what the system says about writing."""
    kind = _BY_ERRNO.get(error.errno or 0)
    return kind() if kind else SinkError(f"It cannot be written here: {error.strerror}.")


@contextmanager
def told_as_sink_error() -> Iterator[None]:
    """Raises: SinkError for every OSError within."""
    try:
        yield
    except OSError as error:
        raise sink_error(error) from error
