"""The one entrance for what a server sends: everything is cleaned here, once, and nothing after.

Strategy: tables from struct to cleaner (`clean_rest`, `clean_events`, `clean_signals`), which `rest` and
`socket` run over all that they decode. What they do not name carries no text.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

from mesh_agent.client import clean_events, clean_rest, clean_signals

T = TypeVar("T")

OFF_LOOP_BYTES: Final = 128 * 1024
"""What is longer than this is decoded and cleaned in a thread."""

CLEANERS: Final[dict[type, Callable[[Any], Any]]] = (
    clean_rest.CLEANERS | clean_events.CLEANERS | clean_signals.CLEANERS
)


def clean(arrived: T) -> T:
    """`arrived`, a decoded body or event, as the rest of the program may use it.

    Raises:
        InvalidMessage: an id or a token cannot be what it claims.
    """
    cleaner = CLEANERS.get(type(arrived))
    if cleaner is None:
        return arrived
    cleaned: T = cleaner(arrived)
    return cleaned


async def read_in(data: bytes, decode: Callable[[bytes], T]) -> T:
    """Decodes and cleans `data`, off the loop where that takes long.

    Raises:
        ProtocolError: it is not what `decode` reads, or `clean` refuses it.
    """
    if len(data) > OFF_LOOP_BYTES:
        return await asyncio.to_thread(lambda: clean(decode(data)))
    return clean(decode(data))
