"""aioquic's connection as a lane needs it: certificates pinned, one stream, windows that follow the reader.

Strategy: each end's certificate is compared with the fingerprint that came with the session as soon as it
arrives, which is before anything of the stream is sent. Windows are raised by what was taken out, not by what
came in, so a peer can never make this end keep more than `WINDOW_BYTES`. Only the first stream of the client
exists; whoever opens another breaks the contract.

It reaches into aioquic in known places: its version is pinned in pyproject.toml, and tests hold each of them.
"""

import hmac
import logging
from collections.abc import Callable
from typing import Any, Final

from aioquic import tls
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnectionError, QuicReceiveContext
from aioquic.quic.packet import QuicErrorCode, QuicFrameType, QuicPacketType, QuicProtocolVersion
from aioquic.quic.packet_builder import QuicDeliveryState, QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from mesh_agent.net import congestion
from mesh_agent.net.certificates import Certificate
from mesh_agent.net.identity import fingerprint
from mesh_agent.net.path import SMALLEST_BYTES
from mesh_agent.net.shortcuts import QuickConnection
from mesh_agent.net.unconfirmed import Unconfirmed
from protocol.version import ALPN

WINDOW_BYTES: Final = 8 * 2**20
"""What the other end may have sent that was not read here yet."""

FRAGMENTS: Final = 4_096
"""Pieces of the stream that may wait for what is missing before them."""

IDLE_S: Final = 15.0
"""After so long without a word the other end is taken to be gone."""

KEY_PACKETS: Final = 2**22
"""So many packets are sealed with one key; RFC 9001 allows twice as many."""

STREAM: Final = 0

Address = Any
"""The name of the other end on its path; compared, never looked into."""

# Each packet that is dropped would be told; what matters of a connection is said by its lane.
logging.getLogger("quic").setLevel(logging.ERROR)


def fits(der: bytes, wanted: str) -> bool:
    """Whether a certificate has the fingerprint that is `wanted`."""
    return hmac.compare_digest(fingerprint(der).encode(), wanted.encode())


def configuration(certificate: Certificate | None, *, client: bool, datagram_bytes: int) -> QuicConfiguration:
    """What both ends agree on. `datagram_bytes`: what surely fits through the path."""
    made = QuicConfiguration(
        alpn_protocols=[ALPN],
        congestion_control_algorithm=congestion.NAME,
        idle_timeout=IDLE_S,
        is_client=client,
        max_data=WINDOW_BYTES,
        max_stream_data=WINDOW_BYTES,
        max_datagram_size=max(SMALLEST_BYTES, datagram_bytes),
        supported_versions=[QuicProtocolVersion.VERSION_1],
        verify_mode=0,  # nobody's authority: the fingerprint is compared instead
    )
    if certificate is not None:
        made.certificate = x509.load_der_x509_certificate(certificate.der)
        made.private_key = serialization.load_der_private_key(certificate.key, None)
    return made


class Connection(QuickConnection):
    """aioquic's connection, with certificates pinned, one stream, and windows that follow the reader."""

    def __init__(self, *, peer_fingerprint: str | None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._fingerprint = peer_fingerprint
        self.key_packets = KEY_PACKETS
        self._keys_from = 0
        self.taken = 0
        """Bytes of the stream that were read."""
        streams = 0 if self._is_client else 1
        for limit, count in ((self._local_max_streams_bidi, streams), (self._local_max_streams_uni, 0)):
            limit.value = limit.sent = count
        recovery: Any = self._loss
        self.congestion = recovery._cc
        self.pacer = recovery._pacer = congestion.Pacer(self.congestion)

    # ── who is there ─────────────────────────────────────────────────────────────────────────────

    def _initialize(self, peer_cid: bytes) -> None:
        super()._initialize(peer_cid)
        if self._fingerprint is None:
            return
        wanted: str = self._fingerprint
        context: Any = self.tls
        context._request_client_certificate = not self._is_client
        take_over = context._set_peer_certificate

        def compare(certificate: tls.Certificate) -> None:
            if not fits(certificate.certificates[0][0], wanted):
                raise tls.AlertBadCertificate("not the certificate of this session")
            take_over(certificate)

        context._set_peer_certificate = compare

    def knows_peer(self) -> bool:
        """Whether the other end has shown the certificate that it has to (any, where none is asked for)."""
        context: Any = self.tls
        return self._fingerprint is None or context._peer_certificate is not None

    # ── whether it is ────────────────────────────────────────────────────────────────────────────

    def heard(self) -> bool:
        """Whether there is anybody to send to."""
        return bool(self._network_paths)

    def end(self) -> events.ConnectionTerminated | None:
        """Why it is over, as soon as it is."""
        return self._close_event

    def renew_keys(self) -> None:
        """Changes the keys where they have sealed enough; before a batch is built."""
        if self._packet_number - self._keys_from >= self.key_packets and self._handshake_confirmed:
            self._keys_from = self._packet_number
            self.request_key_update()

    # ── how large ────────────────────────────────────────────────────────────────────────────────

    @property
    def datagram_bytes(self) -> int:
        """The largest datagram that is built."""
        return self._max_datagram_size

    @datagram_bytes.setter
    def datagram_bytes(self, size: int) -> None:
        self._max_datagram_size = self.congestion.datagram_bytes = size

    def probe(
        self, size: int, now: float, outcome: Callable[[QuicDeliveryState, int], None]
    ) -> list[tuple[bytes, Address]]:
        """A datagram of exactly that size, of no other use; while it `is_settled`."""
        builder: Any = QuicPacketBuilder(
            host_cid=self.host_cid,
            is_client=self._is_client,
            max_datagram_size=size,
            packet_number=self._packet_number,
            peer_cid=self._peer_cid.cid,
            spin_bit=self._spin_bit,
            version=self._version or QuicProtocolVersion.VERSION_1,
        )
        builder.start_packet(QuicPacketType.ONE_RTT, self._cryptos[tls.Epoch.ONE_RTT])
        buf = builder.start_frame(QuicFrameType.PING, handler=outcome, handler_args=(size,))
        buf.push_bytes(bytes(builder.remaining_flight_space))
        builder._packet.__dict__["probe"] = True
        path = self._network_paths[0]
        return self._flush_builder(builder=builder, network_path=path, peer_cid=self._peer_cid.cid, now=now)

    def is_settled(self) -> bool:
        """Whether both ends know that the handshake is done, and it is not over."""
        return self._handshake_confirmed and self._close_event is None

    def silent_timeouts(self) -> int:
        """Timeouts in a row without a confirmation."""
        recovery: Any = self._loss
        return int(recovery._pto_count)

    # ── one stream, and windows by what was read ─────────────────────────────────────────────────

    def stream(self) -> QuicStream:
        """The one stream, made where it is not there yet; after the handshake."""
        stream = self._streams.get(STREAM)
        if stream is None:
            if self._is_client:
                stream = self._get_or_create_stream_for_send(STREAM)
            else:
                stream = self._get_or_create_stream(QuicFrameType.STREAM_BASE, STREAM)
            sender: Any = stream.sender
            sender._buffer = Unconfirmed()
        return stream

    def _handle_stream_frame(self, context: QuicReceiveContext, frame_type: int, buf: Any) -> None:
        super()._handle_stream_frame(context, frame_type, buf)
        stream = self._streams.get(STREAM)
        if len(self._streams) > 1 or stream is None:
            raise QuicConnectionError(QuicErrorCode.STREAM_STATE_ERROR, frame_type, "another stream")
        receiver: Any = stream.receiver
        if len(receiver._ranges) > FRAGMENTS:
            raise QuicConnectionError(QuicErrorCode.INTERNAL_ERROR, frame_type, "too many pieces")

    def window_is_due(self) -> bool:
        """Whether enough was read to tell the other end that it may send more."""
        return self.taken + WINDOW_BYTES - self._local_max_data.value >= WINDOW_BYTES // 4

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace) -> None:
        del space
        limit = self._local_max_data
        if self.window_is_due():
            limit.value = self.taken + WINDOW_BYTES
        if limit.value != limit.sent:
            buf = builder.start_frame(
                limit.frame_type,
                capacity=9,
                handler=self._on_connection_limit_delivery,
                handler_args=(limit,),
            )
            buf.push_uint_var(limit.value)
            limit.sent = limit.value

    def _write_stream_limits(
        self, builder: QuicPacketBuilder, space: QuicPacketSpace, stream: QuicStream
    ) -> None:
        del space
        if stream.receiver.is_finished:
            return
        stream.max_stream_data_local = self._local_max_data.value
        if stream.max_stream_data_local_sent != stream.max_stream_data_local:
            buf = builder.start_frame(
                QuicFrameType.MAX_STREAM_DATA,
                capacity=17,
                handler=self._on_max_stream_data_delivery,
                handler_args=(stream,),
            )
            buf.push_uint_var(STREAM)
            buf.push_uint_var(stream.max_stream_data_local)
            stream.max_stream_data_local_sent = stream.max_stream_data_local
