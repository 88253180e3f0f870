"""Bytes to structs and back, one pair a direction and a format.

Strategy: the size is checked before anything is decoded, types while decoding. Whatever comes in,
only `ProtocolError` goes out, and it names the request's `id` where that could still be read, so that
the asker learns which of its messages was refused.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

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
    UnknownType,
)
from protocol.events import ClientToServer, RequestId, ServerToClient
from protocol.version import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK

T = TypeVar("T")


class _Decoder(Protocol):
    def decode(self, data: bytes, /) -> Any: ...


class _Envelope(msgspec.Struct):
    """What can be read of a message whose type or fields are wrong."""

    type: str
    id: RequestId | None = None


class _IdOnly(msgspec.Struct):
    id: RequestId | None = None


class Format:
    """One wire format: `encode` a message, `decode_request` from a client, `decode_event` from a server.

    Attributes:
        subprotocol: its name in the WebSocket handshake.
        binary: whether its frames are binary frames.
    """

    def __init__(self, subprotocol: str, *, binary: bool, codec: Any) -> None:
        self.subprotocol: Final = subprotocol
        self.binary: Final = binary
        self.encode: Final[Callable[[Any], bytes]] = codec.Encoder().encode
        self._requests: Final[_Decoder] = codec.Decoder(ClientToServer)
        self._events: Final[_Decoder] = codec.Decoder(ServerToClient)
        self._envelope: Final[_Decoder] = codec.Decoder(_Envelope)
        self._id_only: Final[_Decoder] = codec.Decoder(_IdOnly)

    def __repr__(self) -> str:
        return f"Format({self.subprotocol})"

    def decode_request(self, data: bytes) -> ClientToServer:
        """A message from a client.

        Raises:
            FrameTooLarge, FrameMalformed, UnknownType, InvalidMessage: with `re` where it could be read.
        """
        request: ClientToServer = self._decode(self._requests, data, limits.FRAME_BYTES)
        return request

    def decode_event(self, data: bytes) -> ServerToClient:
        """A message from a server; raises as `decode_request`. A client skips an `UnknownType`."""
        event: ServerToClient = self._decode(self._events, data, limits.SERVER_FRAME_BYTES)
        return event

    def _decode(self, decoder: _Decoder, data: bytes, limit: int) -> Any:
        if len(data) > limit:
            raise FrameTooLarge(f"A frame has at most {limit} bytes; this one has {len(data)}.")
        try:
            return decoder.decode(data)
        except msgspec.ValidationError as error:
            raise self._explain(data, error) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise FrameMalformed from None

    def _explain(self, data: bytes, error: msgspec.ValidationError) -> ProtocolError:
        """Which of the three things that a wrong object can be this one is."""
        why = str(error)
        if why.startswith("Expected `object`") and "`$" not in why:
            return FrameMalformed()
        try:
            envelope: _Envelope = self._envelope.decode(data)
        except msgspec.ValidationError:
            return self._with_id(data, InvalidMessage(f"This message is not valid: {why}."))
        unknown = why.endswith("`$.type`")
        refusal = UnknownType() if unknown else InvalidMessage(f"This message is not valid: {why}.")
        refusal.re = envelope.id
        return refusal

    def _with_id(self, data: bytes, refusal: ProtocolError) -> ProtocolError:
        try:
            refusal.re = self._id_only.decode(data).id
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            refusal.re = None
        return refusal


JSON: Final = Format(SUBPROTOCOL_JSON, binary=False, codec=msgspec.json)
MSGPACK: Final = Format(SUBPROTOCOL_MSGPACK, binary=True, codec=msgspec.msgpack)
FORMATS: Final = {format_.subprotocol: format_ for format_ in (JSON, MSGPACK)}


_bodies: dict[type, msgspec.json.Decoder[Any]] = {}
encode_body: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode


def decode_body(data: bytes, kind: type[T], *, limit: int = limits.BODY_BYTES) -> T:
    """A REST body as `kind`, one of the structs of `protocol.rest`.

    Raises:
        BodyTooLarge, BodyMalformed, BodyInvalid
    """
    if len(data) > limit:
        raise BodyTooLarge(f"A body has at most {limit} bytes; this one has {len(data)}.")
    decoder = _bodies.get(kind)
    if decoder is None:
        decoder = _bodies[kind] = msgspec.json.Decoder(kind)
    try:
        body: T = decoder.decode(data)
    except msgspec.ValidationError as error:
        raise BodyInvalid(f"This body is not valid: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BodyMalformed from None
    return body
