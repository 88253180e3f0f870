"""Going through a tree in the order of its entries, with the folders on the way held open.

Strategy: the folders from the top down to where one is are a stack of descriptors; consecutive entries
mostly lie in the same one. Each step is one component, and no link is followed (`folders.py`).
"""

import os
from collections.abc import Callable
from types import TracebackType
from typing import Self

from mesh_agent.files.folders import Folder
from mesh_agent.files.safe_path import SafePath

Step = Callable[[Folder, SafePath], Folder]
"""How one gets from an open folder to the one at that path, directly in it."""


def _open(above: Folder, path: SafePath) -> Folder:
    return above.child(path.name)


class Descent:
    """`step`: opens, and perhaps makes, a folder. `flush`: each is brought to the disk when it is left."""

    def __init__(self, top: Folder, step: Step = _open, *, flush: bool = False) -> None:
        self._stack: list[tuple[SafePath | None, Folder]] = [(None, Folder(os.dup(top.fd)))]
        self._step = step
        self._flush = flush

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._stack:
            self._leave(flush=self._flush and error is None)

    def at(self, path: SafePath | None) -> Folder:
        """The folder at `path`, which stays open until the next call. Raises: OSError, and what `step`
        does.
        """
        if self._stack[-1][0] is path:
            return self._stack[-1][1]
        way: list[SafePath] = []
        up = path
        while up is not None:
            way.append(up)
            up = up.parent
        way.reverse()
        common = 0
        while common < min(len(way), len(self._stack) - 1) and self._stack[common + 1][0] is way[common]:
            common += 1
        while len(self._stack) > common + 1:
            self._leave(flush=self._flush)
        for each in way[common:]:
            self._stack.append((each, self._step(self._stack[-1][1], each)))
        return self._stack[-1][1]

    def _leave(self, *, flush: bool) -> None:
        _, folder = self._stack.pop()
        try:
            if flush:
                folder.flush()
        finally:
            folder.close()
