"""A STUN responder (RFC 8489): tells who asks over UDP from which address it is seen, and nothing else.

Strategy: bytes and an address in, bytes or nothing out; the shell around it only moves datagrams. Anybody can
put another's address on a question, so this must be no good for an attack on them: an answer is never larger
than `ANSWER_FACTOR` times its question, each network gets few of them and all together not many, and whatever
is not a well-formed Binding request is met with silence (section 6.3).
"""

import asyncio
import binascii
import ipaddress
import logging
import struct
from collections.abc import Callable, Iterator
from typing import Final, cast

from mesh_server.limits import Buckets, Rate
from mesh_server.services.addresses import network

log = logging.getLogger(__name__)

Address = tuple[str, int]

MAGIC: Final = 0x2112A442
BINDING_REQUEST: Final = 0x0001
BINDING_SUCCESS: Final = 0x0101
BINDING_ERROR: Final = 0x0111

XOR_MAPPED_ADDRESS: Final = 0x0020
ERROR_CODE: Final = 0x0009
UNKNOWN_ATTRIBUTES: Final = 0x000A
FINGERPRINT: Final = 0x8028
_FINGERPRINT_XOR: Final = 0x5354554E
_COMPREHENSION_OPTIONAL: Final = 0x8000

_UNDERSTOOD: Final = frozenset(
    {0x0001, 0x0006, 0x0008, 0x0009, 0x000A, 0x0014, 0x0015, 0x001C, 0x001D, 0x001E, 0x0020}
)
"""What RFC 8489 defines and a server without accounts may ignore, such as USERNAME and MESSAGE-INTEGRITY."""

_HEADER: Final = struct.Struct("!HHI12s")
_ATTRIBUTE: Final = struct.Struct("!HH")
_UNKNOWN: Final = b"\x00\x00\x04\x14Unknown attribute"
"""The value of ERROR-CODE for 420 (section 14.8)."""

QUESTION_BYTES: Final = 1_280
"""No question needs more; a larger one is not read."""

ANSWER_FACTOR: Final = 3
NETWORK_RATE: Final = Rate(60, 3.0)
"""Answers to one address, or one network of IPv6: a client asks once a session and a few times more."""

TOTAL_RATE: Final = Rate(4_000, 2.0)


# ── one question ─────────────────────────────────────────────────────────────────────────────────


def answer(question: bytes, source: Address) -> bytes | None:
    """The answer to one datagram; None where it is none that is to be answered."""
    if not _HEADER.size <= len(question) <= QUESTION_BYTES:
        return None
    kind, length, magic, transaction = _HEADER.unpack_from(question)
    if kind != BINDING_REQUEST or magic != MAGIC or length % 4 or len(question) != _HEADER.size + length:
        return None
    try:
        attributes = list(_attributes(question))
    except ValueError:
        return None
    needed = [type_ for type_, _ in attributes if type_ < _COMPREHENSION_OPTIONAL]
    unknown = [type_ for type_ in needed if type_ not in _UNDERSTOOD]
    if unknown:
        types = b"".join(struct.pack("!H", type_) for type_ in dict.fromkeys(unknown))
        said = _attribute(ERROR_CODE, _UNKNOWN) + _attribute(UNKNOWN_ATTRIBUTES, types)
        told = _message(BINDING_ERROR, transaction, said)
    else:
        told = _message(BINDING_SUCCESS, transaction, _xor_mapped(source, transaction))
    if attributes and attributes[-1][0] == FINGERPRINT:
        told = with_fingerprint(told)
    return told if len(told) <= ANSWER_FACTOR * len(question) else None


def _attributes(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Types and values. Raises: ValueError, where they are cut off, or FINGERPRINT is wrong or not last."""
    at = _HEADER.size
    while at < len(message):
        type_, length = _ATTRIBUTE.unpack_from(message, at)
        end = at + _ATTRIBUTE.size + length
        if end > len(message):
            raise ValueError("an attribute is cut off")
        if type_ == FINGERPRINT:
            expected = struct.pack("!I", _crc(message[:at]))
            if message[at + _ATTRIBUTE.size :] != expected:
                raise ValueError("the fingerprint is wrong")
        yield type_, message[at + _ATTRIBUTE.size : end]
        at = end + -length % 4


def with_fingerprint(message: bytes) -> bytes:
    """The same with a FINGERPRINT at its end (section 14.7), which its length counts."""
    kind, length, magic, transaction = _HEADER.unpack_from(message)
    counted = _HEADER.pack(kind, length + 8, magic, transaction) + message[_HEADER.size :]
    return counted + _attribute(FINGERPRINT, struct.pack("!I", _crc(counted)))


def _crc(message: bytes) -> int:
    return binascii.crc32(message) ^ _FINGERPRINT_XOR


def _message(kind: int, transaction: bytes, attributes: bytes) -> bytes:
    return _HEADER.pack(kind, len(attributes), MAGIC, transaction) + attributes


def _attribute(type_: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(type_, len(value)) + value + bytes(-len(value) % 4)


def _xor_mapped(source: Address, transaction: bytes) -> bytes:
    """XOR-MAPPED-ADDRESS (section 14.2): disguised from boxes on the way that rewrite what looks like one."""
    address = ipaddress.ip_address(source[0].partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    mask = struct.pack("!I", MAGIC) + transaction
    disguised = bytes(byte ^ other for byte, other in zip(address.packed, mask, strict=False))
    family = 1 if address.version == 4 else 2
    return _attribute(
        XOR_MAPPED_ADDRESS, struct.pack("!BBH", 0, family, source[1] ^ (MAGIC >> 16)) + disguised
    )


# ── how many ─────────────────────────────────────────────────────────────────────────────────────


class Responder:
    """Answers within its rates; `now` is in seconds of any one clock that never runs back."""

    def __init__(self) -> None:
        self._networks = Buckets(NETWORK_RATE)
        self._total = Buckets(TOTAL_RATE)
        self.answered = 0
        self.dropped = 0

    def answer(self, question: bytes, source: Address, now: float) -> bytes | None:
        """What is no question is told apart first: it spends nothing."""
        told = answer(question, source)
        if told is None or self._networks.take(network(source[0]), now) or self._total.take("", now):
            self.dropped += 1
            return None
        self.answered += 1
        return told


# ── on the network ───────────────────────────────────────────────────────────────────────────────


class _Shell(asyncio.DatagramProtocol):
    def __init__(self, responder: Responder, clock: Callable[[], float]) -> None:
        self._responder, self._clock = responder, clock
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are DatagramTransports in all but their ancestry.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        source = str(addr[0]), int(addr[1])
        told = self._responder.answer(data, source, self._clock())
        if told is not None and self._transport is not None:
            self._transport.sendto(told, addr)


class StunServer:
    """The responder on an address."""

    def __init__(self) -> None:
        self.responder = Responder()
        self._transport: asyncio.BaseTransport | None = None

    @property
    def address(self) -> Address | None:
        """Where it listens; None where it does not."""
        if self._transport is None:
            return None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return str(host), int(port)

    async def open(self, host: str, port: int) -> None:
        """Raises: OSError."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Shell(self.responder, loop.time), local_addr=(host, port)
        )

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None
