"""Bus messages as bytes, for nodes of one version and of its neighbours.

Strategy: an envelope says which node it is from, and of which room's log it tells up to where; the message
itself lies in it undecoded. So what another version says that is not understood here, and what is too large
for the bus, still tells that there is something to read: it becomes a `Look`.
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from mesh_server.bus.base import BusMessage, Look, numbers_of

MESSAGE_BYTES: Final = 8 * 1024 * 1024
"""The largest that is decoded, whatever a bus would carry."""


class _Envelope(Struct, frozen=True, omit_defaults=True):
    node: str
    room_id: str = ""
    rev: int = 0
    body: Raw = Raw()


_encode: Final = msgspec.msgpack.Encoder().encode
_envelope: Final = msgspec.msgpack.Decoder(_Envelope)
_body: Final = msgspec.msgpack.Decoder(BusMessage)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def seal(node: str, message: BusMessage, most: int) -> bytes | None:
    """The bytes of a message from `node`, at most `most`; None where it is larger, and no log tells it."""
    numbers = numbers_of(message)
    room_id, rev = ("", 0) if numbers is None else (numbers[0], numbers[2])
    if isinstance(message, Look):
        room_id, rev = message.room_id, message.rev
    sealed = _encode(_Envelope(node, room_id, rev, Raw(_encode(message))))
    if len(sealed) <= most:
        return sealed
    return _encode(_Envelope(node, room_id, rev)) if room_id else None


def unseal(data: bytes) -> tuple[str, BusMessage] | None:
    """The node that it is from, and the message; None for what says nothing that can be used."""
    if len(data) > MESSAGE_BYTES:
        return None
    try:
        envelope = _envelope.decode(data)
    except _UNREADABLE:
        return None
    try:
        return envelope.node, _body.decode(envelope.body)
    except _UNREADABLE:
        return (envelope.node, Look(envelope.room_id, envelope.rev)) if envelope.room_id else None
