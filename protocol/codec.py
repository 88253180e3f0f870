"""Bytes to structs and back, one pair a direction and a format.

Strategy: the size is checked before anything is decoded, types while decoding. Whatever comes in,
only `ProtocolError` goes out, and it names the request's `id` where that could still be read, so that
the asker learns which of its messages was refused. A refused message is read a second time, as the
envelope alone and with nothing in it interpreted: that tells broken bytes from a wrong message.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol, TypeVar, get_args

import msgspec

from protocol import limits
from protocol.errors import (
    BodyInvalid,
    BodyMalformed,
    BodyTooLarge,
    FrameMalformed,
    FrameTooLarge,
    InvalidMessage,
    ProtocolError,
    QueryInvalid,
    UnknownType,
)
from protocol.events import ClientToServer, Event, Request, RequestId, ServerToClient
from protocol.version import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK

T = TypeVar("T", bound=msgspec.Struct)


class _Decoder(Protocol):
    def decode(self, data: bytes, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class _Direction:
    """What one end sends: its union's decoder, the types in it, and the size of a frame."""

    decoder: _Decoder
    types: frozenset[str]
    limit: int


class _Envelope(msgspec.Struct):
    """The two fields that a refusal needs, undecoded: whatever is in them, reading it cannot fail."""

    type: msgspec.Raw = msgspec.Raw()
    id: msgspec.Raw = msgspec.Raw()


_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that it cannot take; a `ValidationError` is a `DecodeError`."""

_REASON_HEAD: Final = 120
_REASON_TAIL: Final = 80


def _reason(error: msgspec.ValidationError) -> str:
    """What is wrong and where, bounded: of the asker's bytes it quotes a value, escaped, but in full."""
    why = str(error)
    if len(why) <= _REASON_HEAD + _REASON_TAIL:
        return why
    return f"{why[:_REASON_HEAD]}…{why[-_REASON_TAIL:]}"


def _types(union: Any) -> frozenset[str]:
    return frozenset(member.__struct_config__.tag for member in get_args(union))


_Encode = Callable[[Request | Event], bytes]

_encode_json: Final[_Encode] = msgspec.json.Encoder().encode
_encode_map: Final[Callable[[Any], bytes]] = msgspec.msgpack.Encoder().encode


def _encode_msgpack(message: Request | Event) -> bytes:
    """Each map with the shortest header that fits, whatever fields its struct comes to have.

    msgspec sizes the header of a struct's map by the fields that it could have, not by those that are
    there: the sixteenth field of a struct would change the bytes of each one that leaves it out.
    """
    return _encode_map(msgspec.to_builtins(message))


class Format:
    """One wire format: `encode` a message, `decode_request` from a client, `decode_event` from a server.

    `encode` raises UnicodeEncodeError for a lone surrogate, which no format can carry: what a person typed or
    pasted is cleaned before.

    Attributes:
        subprotocol: its name in the WebSocket handshake.
        binary: whether its frames are binary frames.
    """

    def __init__(self, subprotocol: str, *, binary: bool, codec: Any, encode: _Encode) -> None:
        self.subprotocol: Final = subprotocol
        self.binary: Final = binary
        self.encode: Final = encode
        self._requests: Final = _Direction(
            codec.Decoder(ClientToServer), _types(ClientToServer), limits.FRAME_BYTES
        )
        self._events: Final = _Direction(
            codec.Decoder(ServerToClient), _types(ServerToClient), limits.SERVER_FRAME_BYTES
        )
        self._envelope: Final[_Decoder] = codec.Decoder(_Envelope)
        self._text: Final[_Decoder] = codec.Decoder(str)
        self._request_id: Final[_Decoder] = codec.Decoder(RequestId)

    def __repr__(self) -> str:
        return f"Format({self.subprotocol})"

    def decode_request(self, data: bytes) -> ClientToServer:
        """A message from a client.

        Raises:
            FrameTooLarge, FrameMalformed, UnknownType, InvalidMessage: with `re` where it could be read.
        """
        request: ClientToServer = self._decode(self._requests, data)
        return request

    def decode_event(self, data: bytes) -> ServerToClient:
        """A message from a server; raises as `decode_request`. A client skips an `UnknownType`."""
        event: ServerToClient = self._decode(self._events, data)
        return event

    def _decode(self, direction: _Direction, data: bytes) -> Any:
        if len(data) > direction.limit:
            raise FrameTooLarge(f"A frame has at most {direction.limit} bytes; this one has {len(data)}.")
        try:
            return direction.decoder.decode(data)
        except msgspec.ValidationError as error:
            raise self._explain(direction, data, error) from None
        except _UNREADABLE:
            raise FrameMalformed from None

    def _explain(self, direction: _Direction, data: bytes, error: msgspec.ValidationError) -> ProtocolError:
        """Which of the three things that a refused frame can be this one is."""
        try:
            envelope: _Envelope = self._envelope.decode(data)
        except _UNREADABLE:
            return FrameMalformed()
        kind = self._read(self._text, envelope.type)
        if kind is None or kind in direction.types:
            refusal: ProtocolError = InvalidMessage(f"This message is not valid: {_reason(error)}.")
        else:
            refusal = UnknownType()
        refusal.re = self._read(self._request_id, envelope.id)
        return refusal

    @staticmethod
    def _read(decoder: _Decoder, field: msgspec.Raw) -> Any:
        """A field of the envelope, None where it is absent or not what it should be."""
        try:
            return decoder.decode(bytes(field))
        except _UNREADABLE:
            return None


JSON: Final = Format(SUBPROTOCOL_JSON, binary=False, codec=msgspec.json, encode=_encode_json)
MSGPACK: Final = Format(SUBPROTOCOL_MSGPACK, binary=True, codec=msgspec.msgpack, encode=_encode_msgpack)
FORMATS: Final = {format_.subprotocol: format_ for format_ in (JSON, MSGPACK)}


encode_body: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode


@cache
def _body_decoder(kind: type[msgspec.Struct]) -> _Decoder:
    return msgspec.json.Decoder(kind)


def decode_body(data: bytes, kind: type[T], *, limit: int = limits.BODY_BYTES) -> T:
    """A REST body as `kind`, one of the structs of `protocol.rest`.

    A client that reads answers passes `limits.ANSWER_BYTES`.

    Raises:
        BodyTooLarge, BodyMalformed, BodyInvalid
    """
    if len(data) > limit:
        raise BodyTooLarge(f"A body has at most {limit} bytes; this one has {len(data)}.")
    try:
        body: T = _body_decoder(kind).decode(data)
    except msgspec.ValidationError as error:
        raise BodyInvalid(f"This body is not valid: {_reason(error)}.") from None
    except _UNREADABLE:
        raise BodyMalformed from None
    return body


def convert_query(given: dict[str, str | int], kind: type[T]) -> T:
    """The parameters of an address as `kind`, one of `protocol.queries`. Raises: QueryInvalid."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise QueryInvalid(f"A parameter of the address is not valid: {_reason(error)}.") from None
