"""One QUIC connection with one stream, without IO: datagrams and times go in, datagrams and times come out.

Strategy: aioquic's `QuicConnection` does QUIC; what it leaves to others is done here, in a subclass and a
small object around it. Each end's certificate is compared with the fingerprint that came with the session as
soon as it arrives, which is before anything of the stream is sent. Windows are raised by what was taken
out, not by what came in, so a peer can never make this end keep more than `WINDOW_BYTES`. Only the first
stream of the client exists; whoever opens another breaks the contract. Packets are built in batches.

It reaches into aioquic in known places: its version is pinned in pyproject.toml, and tests hold each of them.
"""

import hmac
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from aioquic import tls
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnectionError, QuicReceiveContext
from aioquic.quic.packet import QuicErrorCode, QuicFrameType, QuicProtocolVersion
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from mesh_agent.net import congestion
from mesh_agent.net.base import Buffer, LaneLost, WrongCertificate
from mesh_agent.net.certificates import Certificate
from mesh_agent.net.identity import fingerprint
from mesh_agent.net.path import SMALLEST_BYTES
from mesh_agent.net.shortcuts import QuickConnection
from protocol.version import ALPN

WINDOW_BYTES: Final = 8 * 2**20
"""What the other end may have sent that was not read here yet."""

SEND_BYTES: Final = 8 * 2**20
"""What may be written that was not confirmed yet; a writer waits above it."""

FRAGMENTS: Final = 4_096
"""Pieces of the stream that may wait for what is missing before them."""

BATCH_PACKETS: Final = 64
"""Packets that are built at once; others get a turn between two batches."""

IDLE_S: Final = 15.0
"""After so long without a word the other end is taken to be gone."""
KEEPALIVE_S: Final = 4.0
"""After so long without a word it is asked whether it is there."""

SILENCE_S: Final = IDLE_S + KEEPALIVE_S
"""The longest that a connection outlives the last word, however slow its link is taken to be."""

STREAM: Final = 0
REASON_CHARS: Final = 100

Address = Any
"""The name of the other end on its path; compared, never looked into."""

_SILENT: Final = "The other device does not answer any more."
_WRONG_CERTIFICATE: Final = QuicErrorCode.CRYPTO_ERROR + tls.AlertDescription.bad_certificate

logger = logging.getLogger(__name__)
# Each packet that is dropped would be told; what matters of a connection is said by its lane.
_quiet = logging.getLogger("quic")
_quiet.setLevel(logging.ERROR)


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

    # ── one stream, and windows by what was read ─────────────────────────────────────────────────

    def stream(self) -> QuicStream:
        """The one stream, made where it is not there yet; after the handshake."""
        stream = self._streams.get(STREAM)
        if stream is None:
            if self._is_client:
                stream = self._get_or_create_stream_for_send(STREAM)
            else:
                stream = self._get_or_create_stream(QuicFrameType.STREAM_BASE, STREAM)
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


class Engine:
    """A connection and its stream, as a lane drives them.

    Attributes:
        ready: the handshake is done and the other end is who it has to be.
        ended: the other end has said that nothing more comes.
        lost: why the connection is over, once it is.
        incoming: what came and was not taken yet, in order.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.ready = False
        self.ended = False
        self.lost: LaneLost | None = None
        self.incoming: deque[bytes] = deque()
        self.unread = 0
        self._stream: QuicStream | None = None
        self._heard_at: float | None = None
        self._asked_at = 0.0

    @classmethod
    def client(
        cls,
        certificate: Certificate | None,
        peer_fingerprint: str,
        *,
        address: Address,
        now: float,
        datagram_bytes: int = SMALLEST_BYTES,
    ) -> "Engine":
        """Begins a connection; the first datagrams can be sent at once."""
        connection = Connection(
            peer_fingerprint=peer_fingerprint,
            configuration=configuration(certificate, client=True, datagram_bytes=datagram_bytes),
        )
        connection.connect(address, now=now)
        return cls(connection)

    @classmethod
    def server(
        cls, settings: QuicConfiguration, peer_fingerprint: str | None, *, destination: bytes
    ) -> "Engine":
        """Answers a connection whose first packet was sent to the id `destination`.

        Without `peer_fingerprint` any client is answered: who it is, its first frame has to say.
        """
        return cls(
            Connection(
                peer_fingerprint=peer_fingerprint,
                configuration=settings,
                original_destination_connection_id=destination,
            )
        )

    @property
    def connection(self) -> Connection:
        return self._connection

    @property
    def ids(self) -> set[bytes]:
        """The connection ids under which the other end may send."""
        return {known.cid for known in self._connection._host_cids}

    # ── datagrams and time ───────────────────────────────────────────────────────────────────────

    def receive(self, datagrams: Sequence[bytes], address: Address, now: float) -> None:
        """Takes what arrived. Whatever it is, the worst is that the connection is lost."""
        connection = self._connection
        for datagram in datagrams:
            try:
                connection.receive_datagram(datagram, address, now)
            except Exception as fault:  # noqa: BLE001 - what a stranger sends ends nothing but this connection
                logger.warning("a packet was too much for the engine: %r", fault)
                connection.close(QuicErrorCode.INTERNAL_ERROR, reason_phrase="")
        self._heard_at = now
        self._take_events()

    def send(self, now: float) -> list[tuple[bytes, Address]]:
        """The next batch. Empty: nothing is to be sent before `timer()`, or before something happens."""
        connection = self._connection
        if not connection.heard():
            return []
        connection.pacer.begin_batch(BATCH_PACKETS)
        batch = connection.datagrams_to_send(now)
        connection.pacer.end_batch(sum(len(datagram) for datagram, _ in batch))
        stream = self._stream
        if stream is not None and stream.sender.buffer_is_empty:
            connection.congestion.application_limited()
        self._take_events()
        return batch

    def timer(self) -> float | None:
        """When `on_timer` is to be called."""
        at: float | None = self._connection.get_timer()
        if self.ready and self._heard_at is not None and self.lost is None:
            ask = min(max(self._heard_at, self._asked_at) + KEEPALIVE_S, self._heard_at + SILENCE_S)
            at = ask if at is None else min(at, ask)
        return at

    def on_timer(self, now: float) -> None:
        """Does what is due; `send` follows."""
        connection = self._connection
        at = connection.get_timer()
        if at is not None and now >= at:
            connection.handle_timer(now)
        if self.ready and self._heard_at is not None:
            self._mind_silence(now, self._heard_at)
        self._take_events()

    def _mind_silence(self, now: float, heard_at: float) -> None:
        if now >= heard_at + SILENCE_S:
            self.lose(LaneLost(_SILENT))
        elif now >= max(heard_at, self._asked_at) + KEEPALIVE_S:
            self._asked_at = now
            self._connection.send_ping(0)

    def _take_events(self) -> None:
        connection = self._connection
        while (event := connection.next_event()) is not None:
            handler = _HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)
        # The event of the end comes some round trips after the end itself.
        end = connection.end()
        if end is not None and self.lost is None:
            self._on_terminated(end)

    def _on_handshake(self, event: events.HandshakeCompleted) -> None:
        if event.alpn_protocol != ALPN or not self._connection.knows_peer():
            self.lose(WrongCertificate())
            self._connection.close(_WRONG_CERTIFICATE, reason_phrase="")
            return
        self._stream = self._connection.stream()
        self.ready = True

    def _on_data(self, event: events.StreamDataReceived) -> None:
        if event.data:
            self.incoming.append(event.data)
            self.unread += len(event.data)
        if event.end_stream:
            self.ended = True

    def _on_reset(self, _: events.StreamReset | events.StopSendingReceived) -> None:
        self.close("")
        self.lose(LaneLost())

    def _on_terminated(self, event: events.ConnectionTerminated) -> None:
        if event.error_code == _WRONG_CERTIFICATE:
            self.lose(WrongCertificate())
        elif event.reason_phrase == "Idle timeout":
            self.lose(LaneLost(_SILENT))
        else:
            self.lose(LaneLost())

    def lose(self, why: LaneLost) -> None:
        """It is over; the first reason stays."""
        if self.lost is None:
            self.lost = why

    # ── the stream ───────────────────────────────────────────────────────────────────────────────

    @property
    def unconfirmed(self) -> int:
        """Bytes that were written and are not known to have arrived."""
        if self._stream is None:
            return 0
        sender: Any = self._stream.sender
        return int(sender._buffer_stop - sender._buffer_start)

    @property
    def delivered(self) -> bool:
        """Whether all that was written has arrived, and that nothing more comes."""
        return self._stream is None or self._stream.sender.is_finished

    def write(self, data: Buffer) -> None:
        """Appends to the stream; the caller minds `SEND_BYTES`. After the handshake."""
        assert self._stream is not None
        self._stream.sender.write(data)  # type: ignore[arg-type]

    def finish(self) -> None:
        """Nothing more will be written."""
        if self._stream is not None and self.lost is None:
            sender: Any = self._stream.sender
            if sender._buffer_fin is None:
                sender.write(b"", end_stream=True)

    def took(self, count: int) -> bool:
        """So much of `incoming` was taken; whether the other end should be told that it may send more."""
        self.unread -= count
        self._connection.taken += count
        return self._connection.window_is_due()

    def close(self, reason: str) -> None:
        """Ends the connection; `send` gives what tells the other end. The reason is for its log alone."""
        self._connection.close(QuicErrorCode.NO_ERROR, reason_phrase=reason[:REASON_CHARS])
        self.lose(LaneLost("The line to the other device was closed."))


_HANDLERS: Final[dict[type[events.QuicEvent], Any]] = {
    events.HandshakeCompleted: Engine._on_handshake,
    events.StreamDataReceived: Engine._on_data,
    events.StreamReset: Engine._on_reset,
    events.StopSendingReceived: Engine._on_reset,
    events.ConnectionTerminated: Engine._on_terminated,
}
