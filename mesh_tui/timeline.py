"""What is held of one room's messages: a contiguous window of its log, and the outbox below it.

Strategy: one list of entries (the head, messages in order of `seq`, messages on their way out) that is
only ever changed by splices. Each change returns the splice it made, so that whoever paints the list lays
out what changed and nothing else. The window is bounded: growing at one end drops from the other. Where it
does not reach the newest message it is *detached*, and what arrives live is only counted.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mesh_agent.client.state import Outgoing, Page
from mesh_tui.layout.message import Entry, Head
from protocol.rest import Message

HELD: Final = 4_000
"""Messages held of a room; the rest is paged from the agent's history."""

SLACK: Final = 500
"""How far the window may outgrow `HELD` before it is cut back, so that it is cut rarely."""


SPEAKERS_FROM: Final = 200
"""Messages that are looked through for who spoke lately."""


class Splice(NamedTuple):
    """`removed` entries at `start` were replaced by `entries`."""

    start: int
    removed: int
    entries: Sequence[Entry]


@dataclass(slots=True)
class Timeline:
    """Invariant: `entries[0]` is a `Head`; then `messages` with strictly rising `seq`; then `outgoing`."""

    entries: list[Entry] = field(default_factory=lambda: [Head("loading")])
    newest: int = 0
    """The highest `seq` known to exist."""

    thread: str = ""
    """Set where one thread alone is held, by the id of what began it: its messages have gaps between them."""

    _messages: int = 0

    @property
    def head(self) -> Head:
        head = self.entries[0]
        assert isinstance(head, Head)
        return head

    @property
    def first(self) -> int | None:
        """The `seq` of the first message held."""
        return self._seq(1) if self._messages else None

    @property
    def last(self) -> int | None:
        return self._seq(self._messages) if self._messages else None

    @property
    def detached(self) -> bool:
        """There are newer messages than the last one held."""
        return (self.last or 0) < self.newest

    def message(self, message_id: str) -> Message | None:
        """The message of this id, if it is held."""
        for entry in self.entries[1 : 1 + self._messages]:
            if isinstance(entry, Message) and entry.id == message_id:
                return entry
        return None

    def last_message(self, author_id: str | None = None) -> Message | None:
        """The last message held that was not deleted, or the last of that author."""
        return next((known for known in self.recent() if author_id in (None, known.author.id)), None)

    def recent(self) -> Iterator[Message]:
        """The messages held that were not deleted, the last one first."""
        for index in range(self._messages, 0, -1):
            entry = self.entries[index]
            if isinstance(entry, Message) and not entry.deleted:
                yield entry

    def speakers(self) -> list[str]:
        """The ids of those who said the last `SPEAKERS_FROM` messages held, the last one first."""
        last = self.entries[max(1, 1 + self._messages - SPEAKERS_FROM) : 1 + self._messages]
        said = (entry.author.id for entry in reversed(last) if isinstance(entry, Message))
        return list(dict.fromkeys(said))

    def failed(self) -> list[Outgoing]:
        return [entry for entry in self._outgoing() if entry.state == "failed"]

    def set_head(self, head: Head) -> Splice:
        return self._splice(0, 1, [head])

    def reset(self, page: Page, outgoing: Iterable[Outgoing], newest: int) -> Splice:
        """Forgets what was held and holds `page` instead; `newest` is the room's last `seq`, 0 if unknown."""
        self.newest = max([self.newest, newest, *(message.seq for message in page.messages[-1:])])
        removed = len(self.entries) - 1
        splice = self._splice(1, removed, [*page.messages, *outgoing])
        self._messages = len(page.messages)
        return splice

    def prepend(self, page: Page) -> list[Splice]:
        """Takes in the page before `first`; drops the newest messages where the window is too long."""
        earlier = [message for message in page.messages if self.first is None or message.seq < self.first]
        splices = [self._splice(1, 0, earlier)]
        self._messages += len(earlier)
        if (excess := self._messages - HELD) > SLACK:
            self._messages -= excess
            splices.append(self._splice(1 + self._messages, excess, []))
        return splices

    def extend(self, messages: Iterable[Message]) -> list[Splice]:
        """Takes in messages after `last`, in order."""
        later = [message for message in messages if message.seq > (self.last or 0)]
        splices = [self._splice(1 + self._messages, 0, later)]
        self._messages += len(later)
        self.newest = max(self.newest, self.last or 0)
        return [*splices, *self.trim()]

    def trim(self) -> list[Splice]:
        """Drops the oldest messages where the window is too long."""
        if (excess := self._messages - HELD) <= SLACK:
            return []
        self._messages -= excess
        return [self._splice(0, 1 + excess, [Head("earlier")])]

    def receive(self, message: Message, nonce: str | None = None) -> list[Splice]:
        """A message that is new or has changed; `nonce` names the outgoing entry that it replaces."""
        splices = [] if nonce is None else self.discard(nonce)
        known = self.newest
        self.newest = max(known, message.seq)
        index = bisect_left(self.entries, message.seq, 1, 1 + self._messages, key=_entry_seq)
        if index <= self._messages and self._seq(index) == message.seq:
            splices.append(self._splice(index, 1, [message]))
        elif message.seq == (self.last or known) + 1 or (
            self.thread and (self.last or 0) == known < message.seq
        ):
            splices += self.extend([message])
        return splices

    def put_outgoing(self, outgoing: Outgoing) -> Splice:
        """A message on its way out is new or stands otherwise than before."""
        for index in range(1 + self._messages, len(self.entries)):
            entry = self.entries[index]
            if isinstance(entry, Outgoing) and entry.nonce == outgoing.nonce:
                return self._splice(index, 1, [outgoing])
        return self._splice(len(self.entries), 0, [outgoing])

    def discard(self, nonce: str) -> list[Splice]:
        """Takes the outgoing entry of this nonce away, if there is one."""
        for index in range(1 + self._messages, len(self.entries)):
            entry = self.entries[index]
            if isinstance(entry, Outgoing) and entry.nonce == nonce:
                return [self._splice(index, 1, [])]
        return []

    def _outgoing(self) -> list[Outgoing]:
        return [entry for entry in self.entries[1 + self._messages :] if isinstance(entry, Outgoing)]

    def _seq(self, index: int) -> int:
        return _entry_seq(self.entries[index])

    def _splice(self, start: int, removed: int, entries: Sequence[Entry]) -> Splice:
        self.entries[start : start + removed] = entries
        return Splice(start, removed, entries)


def _entry_seq(entry: Entry) -> int:
    assert isinstance(entry, Message)
    return entry.seq
