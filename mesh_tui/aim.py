"""What Enter does with what was written, where it does not simply send it."""

from dataclasses import dataclass
from typing import Literal

from protocol.rest import Message

AimKind = Literal["reply", "thread", "edit"]


@dataclass(frozen=True, slots=True)
class Aim:
    """Answer this message, write in its thread, or change what it says."""

    kind: AimKind
    message: Message

    @property
    def reply_to(self) -> str | None:
        return self.message.id if self.kind == "reply" else None

    @property
    def thread(self) -> str | None:
        """An answer to what was said in a thread is said there too."""
        return self.message.thread or (self.message.id if self.kind == "thread" else None)
