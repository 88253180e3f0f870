"""How many files this process may have open: each connection is one, and so is each of the database's."""

import contextlib
import resource
from typing import Final

KEPT: Final = 128
"""Files that connections leave alone: the database's, the log's, those of a backup."""


def allow_many() -> None:
    """As many as the process may ask for: what is usual is 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def for_connections(wanted: int) -> int:
    """So many, or as many as there may be."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if allowed == resource.RLIM_INFINITY else max(1, min(wanted, allowed - KEPT))
