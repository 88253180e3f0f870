"""What is one message to many: as each of them may see it, in the format that each reads."""

from collections.abc import Iterable
from typing import Any

from msgspec import structs

from mesh_server.bus.base import MessagesCreated
from mesh_server.ws.frames import encode_frame
from mesh_server.ws.outbound import Outbound
from protocol.codec import Format
from protocol.events import MessageCreated


def by_format(readers: Iterable[Outbound]) -> Iterable[tuple[Format, list[Outbound]]]:
    found: dict[Format, list[Outbound]] = {}
    for outbound in readers:
        found.setdefault(outbound.format, []).append(outbound)
    return found.items()


def seen_by(user_id: str | None, message: Any) -> Any:
    """A message as this user may see it: a nonce is for its author only."""
    return message if message.author.id == user_id else structs.replace(message, nonce=None)


def created_frames(format_: Format, created: MessagesCreated, user_id: str | None) -> bytes:
    return b"".join(
        [
            encode_frame(
                format_.encode(MessageCreated(message=seen_by(user_id, message))), binary=format_.binary
            )
            for message in created.messages
        ]
    )
