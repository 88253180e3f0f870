"""The outbox at work: on disk before on the line, sent when the line is up, gone when it is in the room.

Strategy: `outbox` decides, this carries out. A message is on the disk before `add` returns. It leaves the
disk with the server's acknowledgement, after which it is the server's to keep, and leaves the screen when
it comes back as a message of the room, which an acknowledged one always does: live, by a resume, or with
the history. On each new line the disk is read again, for what another process may have left behind.
A room that is being resumed waits: what was sent on the last line may turn up there, and need not go again.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from mesh_agent.client.cache_thread import CacheThread
from mesh_agent.client.changes import Change, OutgoingGone, OutgoingMarked
from mesh_agent.client.errors import FilesUnusable, OutgoingUnknown
from mesh_agent.client.outbox import Entry, Outbox
from mesh_agent.client.state import AgentEvent, Outgoing, OutgoingChanged, OutgoingDiscarded
from protocol.errors import MeshError
from protocol.events import ClientToServer, MessageAck, SendMessage
from protocol.rest import Author, Message

SENT_KEPT: Final = 200
"""Messages remembered after they were sent, for whoever asks a moment later."""

Send = Callable[[ClientToServer], None]


class Sender:
    """The outbox of the account whose messages bear `author`. `may_go`: whether a room is up to date."""

    def __init__(
        self,
        author: Author,
        cache: CacheThread,
        outbox: Outbox,
        publish: Callable[[AgentEvent], None],
        may_go: Callable[[str], bool],
    ) -> None:
        self._author = author
        self._cache = cache
        self._outbox = outbox
        self._publish = publish
        self._may_go = may_go
        self._send: Send | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: dict[str, set[asyncio.Future[Message]]] = {}
        self._sent: OrderedDict[str, Message] = OrderedDict()

    def of_room(self, room_id: str) -> list[Outgoing]:
        return self._outbox.of_room(room_id)

    # ── what the author does ─────────────────────────────────────────────────────────────────────

    async def add(self, entry: Entry) -> None:
        """On return, `entry` is on the disk, and on its way if the line is up.

        Raises:
            OutboxFull, FilesUnusable: it is not kept.
        """
        await self._cache.run(self._cache.cache.add_outgoing, entry)
        if entry.nonce not in self._outbox:
            self._outbox.add(entry)
            self._publish(OutgoingChanged(entry.outgoing))
        self.flush()

    async def retry(self, nonce: str) -> None:
        """Sends a failed message after all.

        Raises:
            OutgoingUnknown: it is no longer there.
        """
        if nonce not in self._outbox:
            raise OutgoingUnknown
        outgoing = self._outbox.retry(nonce)
        if outgoing is not None:
            # Told first: while it is written, it may be sent and refused again, which is then the news.
            self._publish(OutgoingChanged(outgoing))
            await self._write(OutgoingMarked(outgoing))
            self.flush()

    async def discard(self, nonce: str) -> None:
        """Forgets a message; one that was sent a moment ago may still arrive.

        Raises:
            OutgoingUnknown: it is no longer there.
        """
        entry = self._outbox.seen(nonce)
        if entry is None:
            raise OutgoingUnknown
        await self._write(OutgoingGone(nonce))
        self._settle(nonce, OutgoingUnknown("This message was discarded."))
        self._publish(OutgoingDiscarded(entry.outgoing.room_id, nonce))
        self.flush()

    async def wait(self, nonce: str) -> Message:
        """The message as the server keeps it.

        Raises:
            MeshError: the server's refusal.
            OutgoingUnknown: there is no such message in the outbox.
        """
        if nonce in self._sent:
            return self._sent[nonce]
        entry = self._outbox.get(nonce)
        if entry is None:
            raise OutgoingUnknown
        if entry.outgoing.state == "failed":
            raise MeshError(entry.outgoing.error)
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(nonce, set()).add(future)
        try:
            return await future
        finally:
            self._waiting.get(nonce, set()).discard(future)

    # ── what the line brings ─────────────────────────────────────────────────────────────────────

    async def line_up(self, send: Send) -> None:
        self._send = send
        with contextlib.suppress(FilesUnusable):  # it is in the log, and what is in memory can go
            for outgoing in self._outbox.load(await self._cache.run(self._cache.cache.outbox)):
                self._publish(OutgoingChanged(outgoing))
        self.flush()

    def line_lost(self) -> None:
        self._send = None
        self._outbox.line_lost()
        if self._timer is not None:
            self._timer.cancel()

    def acknowledged(self, ack: MessageAck, *, told: bool) -> None:
        """The server has the message. `told`: the room has shown it already."""
        entry = self._outbox.acknowledged(ack.nonce)
        if entry is None:
            return
        self.flush()
        self._settle(ack.nonce, self._as_message(entry, ack))
        if told:
            self._outbox.seen(ack.nonce)
            self._publish(OutgoingDiscarded(entry.outgoing.room_id, ack.nonce))
        self._cache.change([OutgoingGone(ack.nonce)])

    def seen(self, message: Message) -> str | None:
        """A message of the room; returns the nonce under which it left this outbox, if it did."""
        nonce = message.nonce
        if nonce is None or message.author.id != self._author.id or self._outbox.seen(nonce) is None:
            return None
        self.flush()
        self._settle(nonce, message)
        self._cache.change([OutgoingGone(nonce)])
        return nonce

    def refused(self, nonce: str, error: MeshError) -> None:
        """The server did not take it, for now or for good."""
        outgoing = self._outbox.refused(nonce, error, self._now())
        if outgoing is not None:
            self._publish(OutgoingChanged(outgoing))
            if outgoing.state == "failed":
                self._settle(nonce, error)
                self._cache.change([OutgoingMarked(outgoing)])
        self.flush()

    def history_reset(self, room_id: str) -> None:
        """The history that is loaded next has what was acknowledged."""
        for outgoing in self._outbox.forget_acknowledged(room_id):
            self._publish(OutgoingDiscarded(room_id, outgoing.nonce))

    def flush(self) -> None:
        """Sends what is due, and comes back when the next is."""
        if self._send is None:
            return
        for entry in self._outbox.take(self._now(), self._may_go):
            outgoing = entry.outgoing
            self._send(
                SendMessage(
                    id=outgoing.nonce,
                    nonce=outgoing.nonce,
                    room_id=outgoing.room_id,
                    content=outgoing.content,
                    reply_to=entry.reply_to,
                    thread=entry.thread,
                )
            )
        if self._timer is not None:
            self._timer.cancel()
        next_time = self._outbox.next_time()
        if next_time is not None:
            self._timer = asyncio.get_running_loop().call_at(next_time, self.flush)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    async def _write(self, change: Change) -> None:
        await self._cache.run(self._cache.cache.apply, [change])

    def _settle(self, nonce: str, result: Message | MeshError) -> None:
        if isinstance(result, Message):
            self._sent[nonce] = result
            while len(self._sent) > SENT_KEPT:
                self._sent.popitem(last=False)
        for future in self._waiting.pop(nonce, ()):
            if future.done():
                continue
            if isinstance(result, MeshError):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _as_message(self, entry: Entry, ack: MessageAck) -> Message:
        """The acknowledged message; all but `created_at`, which is this machine's, is the server's."""
        return Message(
            id=ack.message_id,
            room_id=ack.room_id,
            seq=ack.seq,
            rev=ack.rev,
            author=self._author,
            content=entry.outgoing.content,
            content_type="text/markdown",
            created_at=entry.outgoing.created_at,
            reply_to=entry.reply_to,
            thread=entry.thread,
            nonce=ack.nonce,
        )

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
