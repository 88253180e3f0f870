"""`mesh-server` on a day that is always the same, with ids in order: `python -m tests.support.still_server`.

Strategy: for pictures that are compared with earlier ones. Its clock begins at `DAY` and goes on as fast as
any, so that what is done in a minute happened in that minute. The ids count up; those are passed over that
would give a person another colour than `COLOUR`, or colours would change with how many ids anything takes.
"""

import sys
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Final

from mesh_server import configuring
from mesh_server.app import run

DAY: Final = datetime(2035, 3, 14, 9, 0, tzinfo=UTC)
"""In the future, so that no client takes what this server issues for expired."""

COLOURS: Final = 6
COLOUR: Final = 3


def _ids() -> Iterator[str]:
    names = (f"{number:020d}" for number in count(1))
    return (name for name in names if zlib.crc32(name.encode()) % COLOURS == COLOUR)


def main(arguments: list[str]) -> None:
    """`--listen ADDRESS --data FOLDER`"""
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    flags: dict[str, object] = {"listen": given["--listen"], "data": given["--data"]}
    late = int(DAY.timestamp() * 1000) - time.time_ns() // 1_000_000
    ids = _ids()
    run(
        configuring.load(None, flags=flags),
        clock=lambda: time.time_ns() // 1_000_000 + late,
        new_id=lambda: next(ids),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
