"""Which nodes there are, which of them are dead, and the one that does what only one may do.

Strategy: a node gives a sign of life in the database four times a heartbeat, by counting on in its own row,
and reads the rows of all in the same transaction. Whose count stands still for `DEAD` heartbeats of this
node's own clock is dead: no two clocks are compared, and a node that is only cut off from the bus lives. Its
row is taken away, and it begins anew should it come back.

The node that began first leads: it alone forgets, purges, indexes, and sends pushes. A node that could not
give a sign of life for a heartbeat leads no more, by its own clock, before any other may take it for dead.
No IO; clocks are arguments.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn

from msgspec import structs

from mesh_server.store.base import NodeRecord, NodeStore
from protocol.errors import StorageUnavailable

log = logging.getLogger(__name__)

BEATS: Final = 4
"""Signs of life in a heartbeat."""

DEAD: Final = 1.25
"""Heartbeats: with those until the last sign was seen, and the grace of presence, fewer than two."""

_NEVER: Final = -1

LEADS: Final = 1.0
"""Heartbeats after its last sign of life for which a node may lead."""


class NodeService:
    """`on_dead` is called with the id of each node that is no more, on the event loop.

    `keys` is the same for nodes that have the same keys; `strangers` are those that have others.
    """

    def __init__(
        self,
        store: NodeStore,
        node_id: str,
        *,
        began_at: int,
        now: Callable[[], float],
        heartbeat_s: float,
        on_dead: Callable[[str], None],
        keys: str = "",
    ) -> None:
        self._store, self._now, self._heartbeat_s, self._on_dead = store, now, heartbeat_s, on_dead
        self._me = NodeRecord(id=node_id, began_at=began_at, beats=0, keys=keys)
        self._seen: dict[str, tuple[int, float]] = {}
        self._leader: str | None = None
        self._beat_at = 0.0
        self.strangers: set[str] = set()

    @property
    def alive(self) -> int:
        """Nodes, this one included."""
        return len(self._seen) + 1

    def leads(self) -> bool:
        """Whether this node may do now what only one may do."""
        return self._leader == self._me.id and self._now() - self._beat_at < LEADS * self._heartbeat_s

    async def keep(self) -> NoReturn:
        """For ever."""
        try:
            while True:
                with contextlib.suppress(StorageUnavailable):  # logged where it happened
                    await self.beat()
                await asyncio.sleep(self._heartbeat_s / BEATS)
        finally:
            with contextlib.suppress(StorageUnavailable):
                await self._store.remove_node(self._me.id)  # the others need not wait to see it

    async def beat(self) -> None:
        """A sign of life, and a look at those of the others."""
        began = self._now()
        self._me = structs.replace(self._me, beats=self._me.beats + 1)
        nodes = await self._store.beat(self._me)
        self._beat_at = began
        now = self._now()
        others = {node.id: node for node in nodes if node.id != self._me.id}
        for node in others.values():
            if node.beats != self._seen.get(node.id, (_NEVER, now))[0]:
                self._seen[node.id] = (node.beats, now)
        for node_id in [one for one in self._seen if self._is_dead(one, one in others, now)]:
            del self._seen[node_id]
            if others.pop(node_id, None) is not None:
                await self._store.remove_node(node_id)
            self._on_dead(node_id)
        self._strange(others)
        self._leader = min([self._me, *others.values()], key=lambda node: (node.began_at, node.id)).id

    def _strange(self, others: dict[str, NodeRecord]) -> None:
        """Tells the log once of each node whose tokens this one does not know."""
        strange = {node.id for node in others.values() if node.keys != self._me.keys}
        for _ in strange - self.strangers:
            log.error(
                "another node has other keys: the files of the keys have to be the same in all data folders"
            )
        self.strangers = strange

    def _is_dead(self, node_id: str, has_row: bool, now: float) -> bool:
        """Whose row is gone has stopped, or another saw it dead; one that has none yet is given time."""
        beats, at = self._seen[node_id]
        if not has_row and beats != _NEVER:
            return True
        return now - at > DEAD * self._heartbeat_s

    def heard_of(self, node_id: str) -> None:
        """It says something on the bus, and may be dead before it is seen in the database."""
        self._seen.setdefault(node_id, (_NEVER, self._now()))


def while_leading(
    leads: Callable[[], bool], chore: Callable[[], Coroutine[Any, Any, None]], look_s: float
) -> Callable[[], Coroutine[Any, Any, None]]:
    """A chore that goes on only while `leads` says so, which is looked at every `look_s`."""

    async def keep() -> None:
        task: asyncio.Task[None] | None = None
        try:
            while True:
                if task is None and leads():
                    task = asyncio.get_running_loop().create_task(chore())
                elif task is not None and (task.done() or not leads()):
                    await _end(task)
                    task = None
                await asyncio.sleep(look_s)
        finally:
            if task is not None:
                await _end(task)

    return keep


async def _end(task: "asyncio.Task[None]") -> None:
    """Raises: what it failed with by itself."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
