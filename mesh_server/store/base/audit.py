"""The audit log: who did what to whom, when, and from where."""

from typing import Protocol

from msgspec import Struct

from protocol.rest import AuditAction


class Actor(Struct, kw_only=True, frozen=True):
    """Who does something now. `id` is None for whoever owns the data folder; `address` is empty there."""

    id: str | None
    name: str
    at: int
    address: str = ""


class AuditRecord(Struct, kw_only=True, frozen=True):
    """Names are as they were then; what said nothing is empty."""

    id: int
    at: int
    action: AuditAction
    actor_id: str | None
    actor_name: str
    address: str
    room_id: str | None
    target_id: str | None
    target_name: str
    details: dict[str, str]


class AuditQuery(Struct, kw_only=True, frozen=True):
    """What is None does not matter. `cursor`: only entries with a smaller id."""

    room_id: str | None = None
    actor_id: str | None = None
    target_id: str | None = None
    action: str | None = None
    before: int | None = None
    after: int | None = None
    cursor: int | None = None


class AuditStore(Protocol):
    """Entries are written by the acts themselves, each in the transaction of its act."""

    async def list_entries(self, query: AuditQuery, limit: int) -> list[AuditRecord]:
        """The last one first."""
        ...

    async def forget_entries(self, before: int, limit: int) -> int:
        """Removes at most `limit` entries older than that; how many."""
        ...
