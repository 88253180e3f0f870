"""What the objects of a running Python program are: counted by type when it is asked for by a signal.

Strategy: the program itself knows nothing of it. Python imports `sitecustomize` from the first folder of its
path that has one; the one written here answers SIGUSR1 by writing a census beside itself. Two of them, one
late and one later, say by their difference what grows.
"""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SHOWN: Final = 30

_SITE: Final = """
import gc, os, signal, sys
from collections import Counter

def census(*_):
    gc.collect()
    kinds, sizes, seen = Counter(), Counter(), set()
    stack = list(gc.get_objects())
    for thing in stack:
        seen.add(id(thing))
    while stack:
        thing = stack.pop()
        kind = type(thing)
        name = f"{kind.__module__}.{kind.__qualname__}"
        kinds[name] += 1
        sizes[name] += sys.getsizeof(thing, 0)
        for inner in gc.get_referents(thing):
            if not gc.is_tracked(inner) and id(inner) not in seen:
                seen.add(id(inner))
                stack.append(inner)
    del stack, seen
    with open(PLACE + ".part", "w", encoding="utf-8") as file:
        for name, count in kinds.items():
            print(name.replace(" ", "_"), count, sizes[name], file=file)
    os.replace(PLACE + ".part", PLACE)

signal.signal(signal.SIGUSR1, census)
"""
"""Objects that the collector does not track (texts, numbers) are found through those that it does."""


class Census:
    """Taken of programs that are started with `PYTHONPATH` set by this."""

    def __init__(self, folder: Path) -> None:
        """`folder`: is there, and empty."""
        self._place = folder / "census"
        (folder / "sitecustomize.py").write_text(f"PLACE = {str(self._place)!r}\n{_SITE}", encoding="utf-8")
        before = os.environ.get("PYTHONPATH", "")
        os.environ["PYTHONPATH"] = f"{folder}{os.pathsep}{before}" if before else str(folder)

    def ask(self, pid: int) -> None:
        os.kill(pid, signal.SIGUSR1)

    def take(self) -> dict[str, tuple[int, int]] | None:
        """By the type's name, how many there are and their bytes; None where it is not there yet."""
        if not self._place.exists():
            return None
        rows = (line.split() for line in self._place.read_text(encoding="utf-8").splitlines())
        found = {name: (int(count), int(size)) for name, count, size in rows}
        self._place.unlink()
        return found


def growth(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]]) -> list[str]:
    """A line for each type that grew most: bytes and objects more, and how many there are."""
    grown = {
        name: (size - before.get(name, (0, 0))[1], count - before.get(name, (0, 0))[0], count)
        for name, (count, size) in after.items()
    }
    most = sorted(grown, key=lambda name: grown[name], reverse=True)[:SHOWN]
    return [_line(name, *grown[name]) for name in most]


def _line(name: str, size: int, more: int, count: int) -> str:
    return f"{size:>+12,} B {more:>+9,} of {count:>9,}  {name}"
