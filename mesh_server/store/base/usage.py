"""What the relay has carried, as far as it counts against somebody's quota."""

from typing import Protocol

from msgspec import Struct


class RelayUsage(Struct, frozen=True, kw_only=True):
    """Bytes that were relayed.

    Attributes:
        day: days since 1970, in UTC.
        users: of that day, by who sent them.
        sessions: in all, of those that are not over.
    """

    day: int = 0
    users: dict[str, int] = {}
    sessions: dict[str, int] = {}


class UsageStore(Protocol):
    async def get_usage(self) -> RelayUsage:
        """What all nodes have relayed, as far as they have told."""
        ...

    async def add_usage(self, news: RelayUsage) -> RelayUsage:
        """Counts what one node has relayed since it told last, and says what is known then.

        People begin anew with each day, and a day that is over counts no more. Sessions that are over are
        left out.
        """
        ...
