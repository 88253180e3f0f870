"""What several nodes on one database ask it about each other, and about what the bus did not tell them."""

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct


class NodeRecord(Struct, kw_only=True, frozen=True):
    """A node that runs, or ran and has not been missed yet.

    `beats` grows with each sign of life: who sees it stand still for long sees that the node is dead, without
    a word about clocks. `began_at` and the id make the order of nodes. `keys` is the same for nodes that
    have the same keys.
    """

    id: str
    began_at: int
    beats: int
    keys: str = ""


class NodeStore(Protocol):
    async def beat(self, node: NodeRecord) -> list[NodeRecord]:
        """A sign of life of `node`; every node that is known then, this one included."""
        ...

    async def remove_node(self, node_id: str) -> None:
        """It has stopped, or is dead."""
        ...


class ClusterStore(NodeStore, Protocol):
    async def list_revs(self, room_ids: Collection[str]) -> dict[str, int]:
        """The `rev` of each of these rooms that is there, and not deleted."""
        ...

    async def list_joined(self, user_ids: Collection[str], since: int) -> list[tuple[str, str]]:
        """Room and user of those of these users' memberships that began after `since`."""
        ...

    async def list_revoked(self, device_ids: Collection[str]) -> list[str]:
        """Those of these devices that are signed out, or are no more."""
        ...
