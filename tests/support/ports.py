"""Ports of 127.0.0.1 that nobody else takes, so that a server finds its own free when it starts anew.

Strategy: what the system picks for port 0 it also picks for outgoing connections (Linux: 32768 to 60999), so
whoever stops and starts again may find its port taken by anybody's connection. These come from below that
range. Each process that runs tests has a block of its own, whose first port it holds as long as it lives,
and gives out one after the other: each comes again only after all the others.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from itertools import cycle, islice
from typing import Final

_BLOCKS: Final = range(10_000, 32_000, 250)


def _bound(kind: socket.SocketKind, port: int) -> socket.socket:
    """Raises: OSError where somebody has it."""
    found = socket.socket(socket.AF_INET, kind)
    try:
        found.bind(("127.0.0.1", port))
    except OSError:
        found.close()
        raise
    return found


@cache
def _ours() -> tuple[socket.socket, Iterator[int]]:
    for first in _BLOCKS:
        try:
            held = _bound(socket.SOCK_STREAM, first)
        except OSError:
            continue
        return held, cycle(range(first + 1, first + _BLOCKS.step))
    raise AssertionError("every block of ports is taken")


def free_port() -> int:
    """A port that is free for TCP and for UDP."""
    for port in islice(_ours()[1], _BLOCKS.step):
        with ExitStack() as both:
            try:
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    both.enter_context(_bound(kind, port))
            except OSError:
                continue
            return port
    raise AssertionError("every port of the block is taken")
