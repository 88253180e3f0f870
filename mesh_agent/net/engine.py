"""One QUIC connection with one stream, without IO: datagrams and times go in, datagrams and times come out.

Strategy: aioquic's `QuicConnection` does QUIC, in a subclass (`connection`); this is what a lane drives. What
came in is kept until it is taken, packets are built in batches, a silent peer is asked whether it is there,
and larger datagrams are tried as the way allows. Whatever comes in, the worst is that the connection is lost.
"""

import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from aioquic import tls
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicErrorCode
from aioquic.quic.packet_builder import QuicDeliveryState
from aioquic.quic.stream import QuicStream

from mesh_agent.net import mtu
from mesh_agent.net.base import Buffer, LaneLost, WrongCertificate
from mesh_agent.net.certificates import Certificate
from mesh_agent.net.connection import IDLE_S, Address, Connection, configuration
from mesh_agent.net.path import SMALLEST_BYTES
from protocol.version import ALPN

SEND_BYTES: Final = 8 * 2**20
"""What may be written that was not confirmed yet; a writer waits above it."""

BATCH_PACKETS: Final = 64
"""Packets that are built at once; others get a turn between two batches."""

KEEPALIVE_S: Final = 4.0
"""After so long without a word the other end is asked whether it is there."""

SILENCE_S: Final = IDLE_S + KEEPALIVE_S
"""The longest that a connection outlives the last word, however slow its link is taken to be."""

REASON_CHARS: Final = 100

_SILENT: Final = "The other device does not answer any more."
_WRONG_CERTIFICATE: Final = QuicErrorCode.CRYPTO_ERROR + tls.AlertDescription.bad_certificate

logger = logging.getLogger(__name__)


class Engine:
    """A connection and its stream, as a lane drives them.

    Attributes:
        ready: the handshake is done and the other end is who it has to be.
        ended: the other end has said that nothing more comes.
        lost: why the connection is over, once it is.
        incoming: what came and was not taken yet, in order.
    """

    def __init__(self, connection: Connection, limit_bytes: int) -> None:
        """`limit_bytes`: the largest datagram that is tried, if it is more than what it begins with."""
        self._connection = connection
        self._search = mtu.Search(connection.datagram_bytes, limit_bytes)
        self._now = 0.0
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
        limit_bytes: int = SMALLEST_BYTES,
    ) -> "Engine":
        """Begins a connection; the first datagrams can be sent at once."""
        connection = Connection(
            peer_fingerprint=peer_fingerprint,
            configuration=configuration(certificate, client=True, datagram_bytes=datagram_bytes),
        )
        connection.connect(address, now=now)
        return cls(connection, limit_bytes)

    @classmethod
    def server(
        cls,
        settings: QuicConfiguration,
        peer_fingerprint: str | None,
        *,
        destination: bytes,
        limit_bytes: int = SMALLEST_BYTES,
    ) -> "Engine":
        """Answers a connection whose first packet was sent to the id `destination`.

        Without `peer_fingerprint` any client is answered: who it is, its first frame has to say.
        """
        return cls(
            Connection(
                peer_fingerprint=peer_fingerprint,
                configuration=settings,
                original_destination_connection_id=destination,
            ),
            limit_bytes,
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
        self._now = now
        connection.renew_keys()
        connection.pacer.begin_batch(BATCH_PACKETS)
        batch = connection.datagrams_to_send(now)
        if connection.is_settled() and (size := self._search.probe(now)) is not None:
            batch += connection.probe(size, now, self._on_probe)
        connection.pacer.end_batch(sum(len(datagram) for datagram, _ in batch))
        stream = self._stream
        if stream is not None and stream.sender.buffer_is_empty:
            connection.congestion.application_limited()
        self._take_events()
        return batch

    def said_all(self, batch: Sequence[tuple[bytes, Address]]) -> bool:
        """Whether `send`, which gave this batch, would give nothing now: one datagram had room for more.

        So a lane with little to say does not build a packet, in vain, after each that it sends.
        """
        connection, stream = self._connection, self._stream
        return (
            len(batch) == 1
            and self.lost is None
            and stream is not None
            and stream.sender.buffer_is_empty
            and connection.is_settled()
            and len(batch[0][0]) <= connection.datagram_bytes // 2
        )

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
            if connection.silent_timeouts() >= mtu.SILENT_TIMEOUTS and self._search.narrowed(now):
                connection.datagram_bytes = self._search.size
        if self.ready and self._heard_at is not None:
            self._mind_silence(now, self._heard_at)
        self._take_events()

    def _on_probe(self, outcome: QuicDeliveryState, size: int) -> None:
        if outcome == QuicDeliveryState.ACKED:
            self._search.arrived(size)
        else:
            self._search.lost(size, self._now)
        self._connection.datagram_bytes = self._search.size

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
