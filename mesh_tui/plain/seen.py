"""What was shown of a room in plain lines: the messages that commands may be about."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from mesh_agent.client.state import Outgoing
from protocol.rest import Message

KNOWN: Final = 500
"""Messages among which the last one is looked for."""


class Seen:
    """The messages that were shown, and what was not sent."""

    def __init__(self, outgoing: Callable[[], Sequence[Outgoing]] = tuple) -> None:
        self._outgoing = outgoing
        self._messages: deque[Message] = deque(maxlen=KNOWN)

    def add(self, message: Message) -> None:
        self._messages.append(message)

    def last_message(self, author_id: str | None = None) -> Message | None:
        """The last one that is not deleted, perhaps of one person."""
        return next((known for known in self.recent() if author_id in (None, known.author.id)), None)

    def recent(self) -> Iterator[Message]:
        """Those that are not deleted, the last one first."""
        return (known for known in reversed(self._messages) if not known.deleted)

    def failed(self) -> list[Outgoing]:
        return [known for known in self._outgoing() if known.state == "failed"]
