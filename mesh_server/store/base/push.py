"""Places where pushes go, and the queue of those on their way."""

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from protocol.rest import PushKind, PushState

PushReason = Literal["mention", "dm", "room"]


class PushTargetRecord(Struct, kw_only=True, frozen=True):
    id: str
    user_id: str
    kind: PushKind
    url: str
    topic: str
    token: str
    name: str
    mentions: bool
    dms: bool
    rooms: bool
    text: bool
    created_at: int
    state: PushState = "untried"


class PushCandidate(Struct, kw_only=True, frozen=True):
    """A message that a target is for, unread by its person; whether they are here is not known yet."""

    target_id: str
    user_id: str
    room_id: str
    seq: int
    reason: PushReason


class NewPush(Struct, kw_only=True, frozen=True):
    target_id: str
    room_id: str
    seq: int
    reason: PushReason
    created_at: int
    due_at: int


class PushDue(Struct, kw_only=True, frozen=True):
    """All that waits of one room for one target, told by the newest of it.

    Attributes:
        pks: the entries of the queue.
        first_at: when the oldest of them was queued.
        attempts: how often the one that was tried most was tried.
    """

    target: PushTargetRecord
    pks: tuple[int, ...]
    reason: PushReason
    first_at: int
    attempts: int
    room_id: str
    room_name: str
    seq: int
    author_name: str
    content: str
    content_type: str


class PushStore(Protocol):
    """The `cursor` is a place in the order of writing over all rooms: up to there messages were looked at."""

    async def create_target(self, new: PushTargetRecord) -> None:
        """Raises: TooManyPushTargets."""
        ...

    async def list_targets(self, user_id: str) -> list[PushTargetRecord]:
        """The oldest first."""
        ...

    async def get_target(self, user_id: str, target_id: str) -> PushTargetRecord | None: ...

    async def remove_target(self, user_id: str, target_id: str) -> bool:
        """With all that waits for it; whether it was there."""
        ...

    async def get_cursor(self) -> int:
        """The one that was stored last; where there is none, the end of the log, which is stored."""
        ...

    async def list_candidates(
        self, cursor: int, limit: int, *, since: int, until: int
    ) -> tuple[int, list[PushCandidate]]:
        """Of at most `limit` messages past `cursor`, and how far that is.

        Messages older than `since` are passed over; it ends before one that is younger than `until`.
        """
        ...

    async def add_pushes(self, cursor: int, new: Sequence[NewPush], *, keep: int) -> int:
        """Queues them and stores the cursor, in one transaction.

        Of each target the newest `keep` stay; how many others were dropped.
        """
        ...

    async def list_due(self, now: int, limit: int) -> list[PushDue]:
        """What is due, by target and room, the longest waiting first.

        What was read, deleted or left since, or belongs to who may not come in any more, is left out.
        """
        ...

    async def drop_stale(self, now: int, before: int) -> tuple[int, int]:
        """Deletes what `list_due` leaves out, and what was queued before `before`; how many of each."""
        ...

    async def next_due(self) -> int | None:
        """When something is due next; None where nothing waits."""
        ...

    async def settle_pushes(
        self, target_id: str, pks: Sequence[int], state: PushState, *, retry_at: int | None = None
    ) -> None:
        """They were tried: `state` is what became of it; they go, or are due again at `retry_at`."""
        ...

    async def set_target_state(self, target_id: str, state: PushState) -> None: ...

    async def count_pushes(self) -> int: ...
