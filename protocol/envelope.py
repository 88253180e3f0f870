"""What every WebSocket message has: its type, and what ties an answer to its request.

`protocol.events` and `protocol.signals` are made of these.
"""

from typing import Annotated

from msgspec import Meta, Struct

from protocol import limits

RequestId = (
    Annotated[str, Meta(max_length=limits.ID_CHARS)]
    | Annotated[int, Meta(ge=-limits.INTEGER_MAX, le=limits.INTEGER_MAX)]
)
Id = Annotated[str, Meta(min_length=1, max_length=limits.ID_CHARS)]
Nonce = Annotated[str, Meta(min_length=1, max_length=limits.ID_CHARS)]


class Request(Struct, kw_only=True, omit_defaults=True, frozen=True, tag_field="type"):
    """What a client sends; `id` comes back as `re`."""

    id: RequestId | None = None


class Event(Struct, kw_only=True, omit_defaults=True, frozen=True, tag_field="type"):
    """What a server sends."""


class Answer(Event, frozen=True, kw_only=True):
    """What a server sends to the one connection that asked."""

    re: RequestId | None = None
