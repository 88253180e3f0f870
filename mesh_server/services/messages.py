"""Messages: into the log, and out of it.

Group commit: what arrives while one transaction is under way waits and shares the next one, and its
fsync. So a lone sender waits for nobody, and fifty senders cost little more than one. What waits is
bounded; past the bound a sender is told to try again, and nothing was stored.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from mesh_server.bus.base import Bus, MessagesCreated
from mesh_server.ids import Clock, NewId
from mesh_server.services.edits import check_content
from mesh_server.services.mentions import named_in
from mesh_server.services.permissions import Deed, roles_that_may
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import RoomService
from mesh_server.services.views import message_view
from mesh_server.store.base import AppendOutcome, MessageRecord, MessageStore, NewMessage
from protocol import limits
from protocol.errors import (
    MeshError,
    QueryInvalid,
    RateLimited,
)
from protocol.events import MessageAck, SendMessage
from protocol.rest import Message, MessagePage

BATCH_MAX: Final = 512
"""Messages in one transaction."""

BATCH_CHARS: Final = 256 * 1024
"""Characters in one transaction, so that what is told of it fits every reader's queue."""

WAITING_MAX: Final = 20_000
"""Messages that wait for a transaction."""

WAITING_CHARS: Final = 32 * 1024 * 1024
"""Characters that wait for a transaction: 128 MiB of memory at most."""

_SEQ_MAX: Final = 2**53
HERALDS: Final = roles_that_may(Deed.MENTION_ROOM)
_UNHURRIED: Final = roles_that_may(Deed.SKIP_SLOW_MODE)

Settled = Callable[[MessageAck | MeshError], None]
"""What a sender is told once its message is on disk, or refused; called on the event loop, exactly once."""


class MessageService:
    def __init__(
        self,
        messages: MessageStore,
        rooms: RoomService,
        bus: Bus,
        *,
        clock: Clock,
        new_id: NewId,
        on_commit: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        """`on_commit` is told how many seconds each transaction took."""
        self._messages, self._rooms, self._bus = messages, rooms, bus
        self._clock, self._new_id = clock, new_id
        self._waiting: deque[tuple[NewMessage, Settled]] = deque()
        self._waiting_chars = 0
        self._committing = False
        self._idle: asyncio.Future[None] | None = None
        self._on_commit = on_commit
        self.stored = 0

    def send(self, who: Principal, request: SendMessage, settled: Settled) -> None:
        """Puts a message on its way; the messages of one caller keep their order.

        Raises:
            ContentTooLong, ContentEmpty, RateLimited: at once, and `settled` is not called.
        """
        check_content(request.content)
        named = named_in(request.content, request.content_type)
        if len(self._waiting) >= WAITING_MAX or self._waiting_chars >= WAITING_CHARS:
            raise RateLimited(retry_after=1.0)
        new = NewMessage(
            id=self._new_id(),
            room_id=request.room_id,
            author_id=who.user_id,
            author_name=who.username,
            device_id=who.device_id,
            nonce=request.nonce,
            content=request.content,
            content_type=request.content_type,
            created_at=self._clock(),
            reply_to=request.reply_to,
            thread=request.thread,
            mentions=tuple(request.mentions),
            named=named.keys,
            calls_room=named.everyone,
        )
        self._waiting.append((new, settled))
        self._waiting_chars += len(new.content)
        if not self._committing:
            self._committing = True
            # Not at once: what the sockets brought in this turn of the loop shall share the transaction.
            asyncio.get_running_loop().call_soon(self._commit)

    async def idle(self) -> None:
        """Waits until nothing is on its way to the disk."""
        while self._committing:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle

    def _commit(self) -> None:
        """Starts the next transaction with what waits; it starts the one after it when it is done."""
        batch = self._take_batch()
        self._committing = True
        began = asyncio.get_running_loop().time()

        def done(outcome: AppendOutcome) -> None:
            self._on_commit(asyncio.get_running_loop().time() - began)
            self._committed(batch, outcome)

        self._messages.append([new for new, _ in batch], done, unhurried=_UNHURRIED, heralds=HERALDS)

    def _take_batch(self) -> list[tuple[NewMessage, Settled]]:
        """What waits, in its order, up to the bounds of a batch."""
        batch: list[tuple[NewMessage, Settled]] = []
        chars = 0
        while self._waiting and len(batch) < BATCH_MAX and chars < BATCH_CHARS:
            new, settled = self._waiting.popleft()
            batch.append((new, settled))
            chars += len(new.content)
        self._waiting_chars -= chars
        return batch

    def _committed(self, batch: list[tuple[NewMessage, Settled]], outcome: AppendOutcome) -> None:
        """Acknowledges first, then tells everyone: both follow the commit."""
        self._committing = False
        if self._waiting:
            self._commit()
        elif self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
        outcomes = outcome if isinstance(outcome, list) else [outcome] * len(batch)
        fresh: dict[str, list[Message]] = {}
        for (_, settled), result in zip(batch, outcomes, strict=True):
            if isinstance(result, MeshError):
                settled(result)
                continue
            record = result.record
            settled(_ack(record))
            if result.new:
                self.stored += 1
                fresh.setdefault(record.room_id, []).append(message_view(record, nonce=True))
        for room_id, messages in fresh.items():
            self._bus.publish(MessagesCreated(room_id=room_id, messages=messages))

    async def page(
        self,
        who: Principal,
        room_id: str,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        thread: str | None = None,
        limit: int = limits.PAGE_DEFAULT,
    ) -> MessagePage:
        """A page of history or of one thread, ascending; the newest one where no place is named.

        Raises:
            QueryInvalid: a limit out of range, or more than one place.
            RoomNotFound, NotMember
        """
        if not 1 <= limit <= limits.PAGE_MAX:
            raise QueryInvalid(f"limit is a whole number from 1 to {limits.PAGE_MAX}.")
        if sum(place is not None for place in (before, after, around)) > 1:
            raise QueryInvalid("Name one of before, after and around, not several.")
        if around is not None and thread is not None:
            raise QueryInvalid("around names a place in a room, not in a thread.")
        await self._rooms.require_member(who, room_id)
        if around is not None:
            return await self._page_around(who, room_id, around, limit)
        records, has_more = await self._messages.list_messages(
            room_id,
            after=0 if after is None else after,
            before=_SEQ_MAX if before is None else before,
            limit=limit,
            newest=after is None,
            thread=thread,
        )
        return _page(who, records, has_more=has_more)

    async def _page_around(self, who: Principal, room_id: str, seq: int, limit: int) -> MessagePage:
        """`seq` in the middle; `has_more` speaks of what is earlier."""
        later, _ = await self._messages.list_messages(
            room_id, after=seq - 1, before=_SEQ_MAX, limit=(limit + 1) // 2, newest=False
        )
        earlier, has_more = await self._messages.list_messages(
            room_id, after=0, before=seq, limit=max(limit - len(later), 1), newest=True
        )
        return _page(who, (earlier + later)[-limit:], has_more=has_more)


def _ack(record: MessageRecord) -> MessageAck:
    return MessageAck(
        room_id=record.room_id,
        nonce=record.nonce,
        message_id=record.id,
        seq=record.seq,
        rev=record.rev,
    )


def _page(who: Principal, records: list[MessageRecord], *, has_more: bool) -> MessagePage:
    return MessagePage(
        messages=[message_view(record, nonce=record.author_id == who.user_id) for record in records],
        has_more=has_more,
    )
