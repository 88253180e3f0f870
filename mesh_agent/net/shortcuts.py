"""Shortcuts for the packets that a transfer consists of: nothing but the next bytes of the one stream.

Strategy: aioquic handles every kind of packet with the same care, some 50 µs each. Nearly all packets of a
transfer are of one kind, so those are built and read here without what they do not need (buffers, logs, more
streams). Whatever is not exactly so is left to aioquic: the first packet of each batch, which carries all
else that is due, the last one of a stream, packets before the handshake is confirmed, other keys, other
paths, gaps. Both ways leave the same state behind; tests let one end take them and the other not.
"""

from typing import Any, Final

from aioquic import tls
from aioquic.quic import events
from aioquic.quic.connection import (
    QuicConnection,
    QuicConnectionError,
    QuicConnectionState,
    QuicNetworkPath,
    QuicReceiveContext,
)
from aioquic.quic.packet import QuicPacketType, decode_packet_number
from aioquic.quic.packet_builder import QuicPacketBuilder, QuicSentPacket
from aioquic.quic.recovery import MAX_ACK_RANGES
from cryptography.exceptions import InvalidTag

from mesh_agent.net.congestion import MeshCongestion, Pacer

ID_BYTES: Final = 8
_HEADER: Final = 1 + ID_BYTES + 2
_TAG: Final = 16
_EPOCH: Final = tls.Epoch.ONE_RTT
_CONNECTED: Final = QuicConnectionState.CONNECTED
_STREAM: Final = 0x08
_OFFSET: Final = 0x04
_LENGTH: Final = 0x02


def offset_bytes(offset: int) -> bytes:
    """A variable-length integer of at least four bytes (RFC 9000, 16)."""
    if offset < 1 << 30:
        return (offset | 0x8000_0000).to_bytes(4)
    return (offset | 0xC000_0000_0000_0000).to_bytes(8)


class QuickConnection(QuicConnection):
    """aioquic's connection with two shortcuts. Whoever subclasses it sets `pacer` and `congestion`."""

    congestion: MeshCongestion
    pacer: Pacer
    shortcuts = True
    """Whether they are taken; tests compare."""

    # ── out ──────────────────────────────────────────────────────────────────────────────────────

    def _write_application(
        self, builder: QuicPacketBuilder, network_path: QuicNetworkPath, now: float
    ) -> None:
        if not (self.shortcuts and self._handshake_confirmed and network_path.is_validated):
            super()._write_application(builder, network_path, now)
            return
        pacer = self.pacer
        packets, pacer.batch_left = pacer.batch_left, min(1, pacer.batch_left)
        super()._write_application(builder, network_path, now)
        if packets > 1 and pacer.batch_left <= 0:
            self._pacing_at = None
            pacer.batch_left = packets - 1
            self._write_stream_packets(builder, now)

    def _write_stream_packets(self, builder: Any, now: float) -> None:
        """Full packets of the stream, as long as pace, window and data last."""
        stream = self._streams.get(0)
        if stream is None or stream.sender._reset_error_code is not None:
            return
        if builder._packet is not None:
            builder._end_packet()
        sender: Any = stream.sender
        pacer = self.pacer
        crypto = self._cryptos[_EPOCH]
        keys: Any = crypto.send
        encrypt, vector, mask_of = keys.aead._aead.encrypt, keys.aead._iv, keys.hp._mask
        first = 0x40 | (self._spin_bit << 5) | (crypto.key_phase << 2) | 1
        head = bytes((first,)) + self._peer_cid.cid
        tail = head[1:]
        size = self._max_datagram_size
        limit = min(
            sender.highest_offset + self._remote_max_data - self._remote_max_data_used,
            stream.max_stream_data_remote,
        )
        number = builder._packet_number
        room = builder.max_flight_bytes - builder._flight_bytes
        while room >= size:
            self._pacing_at = pacer.next_send_time(now)
            if self._pacing_at is not None or not len(sender._pending):
                break
            ranged = sender._pending[0]
            start = ranged.start
            frame = b"\x0c\x00" + offset_bytes(start)
            stop = start + size - _HEADER - _TAG - len(frame)
            # A packet that is not full, or the last one, is for the other way.
            if stop > ranged.stop or stop > limit or stop == sender._buffer_fin:
                break
            base = sender._buffer_start
            header = head + (number & 0xFFFF).to_bytes(2)
            sealed = encrypt(
                (vector ^ number).to_bytes(12), frame + sender._buffer[start - base : stop - base], header
            )
            mask = mask_of(sealed[2:18])
            builder._datagrams.append(
                b"%c%b%c%c%b"
                % (first ^ mask[0] & 0x1F, tail, header[-2] ^ mask[1], header[-1] ^ mask[2], sealed)
            )
            packet = QuicSentPacket(_EPOCH, True, True, False, number, QuicPacketType.ONE_RTT, None, size)
            packet.delivery_handlers.append((sender.on_data_delivery, (start, stop, False)))
            builder._packets.append(packet)
            if stop == ranged.stop:
                sender._pending.shift()
            else:
                sender._pending._RangeSet__ranges[0] = range(stop, ranged.stop)
            if stop > sender.highest_offset:
                self._remote_max_data_used += stop - sender.highest_offset
                sender.highest_offset = stop
            number += 1
            room -= size
            pacer.update_after_send(now)
        builder._flight_bytes = builder.max_flight_bytes - room
        builder._packet_number = number

    # ── in ───────────────────────────────────────────────────────────────────────────────────────

    def receive_datagram(self, data: bytes, addr: Any, now: float) -> None:
        if not (
            self.shortcuts
            and self._handshake_confirmed
            and self._state is _CONNECTED
            and not data[0] & 0x80
            and data[0] & 0x40
            and len(data) > 40
            and data[1:9] == self.host_cid
            and self._network_paths[0].addr == addr
            and not self._close_pending
            and self._receive_quickly(data, now)
        ):
            super().receive_datagram(data, addr, now)

    def _receive_quickly(self, data: bytes, now: float) -> bool:
        """False: the packet is none for the shortcut, and nothing was changed by it."""
        keys: Any = self._cryptos[_EPOCH].recv
        space: Any = self._spaces[_EPOCH]
        mask = keys.hp._mask(data[13:29])
        first = data[0] ^ mask[0] & 0x1F
        if first & 0x1B != 1 or (first & 4) >> 2 != keys.key_phase:
            return False  # reserved bits, another length of its number, other keys
        low, high = data[10] ^ mask[2], data[9] ^ mask[1]
        number = decode_packet_number(high << 8 | low, 16, space.expected_packet_number)
        header = b"%c%b%c%c" % (first, data[1:9], high, low)
        try:
            plain = keys.aead._aead.decrypt((keys.aead._iv ^ number).to_bytes(12), data[11:], header)
        except InvalidTag:
            return False
        if number in space.received_packets or not plain:
            return False
        if number > space.expected_packet_number:
            space.expected_packet_number = number + 1
        eliciting = self._take_stream(plain)
        if eliciting is None:
            eliciting = self._take_frames(plain, now)
            if self._close_pending or self._state is not _CONNECTED:
                return True
        self._close_at = now + self._idle_timeout()
        self._ack_eliciting_sent_since_receipt = False
        if number > space.largest_received_packet:
            space.largest_received_packet = number
            space.largest_received_time = now
        self._note(space, number)
        if eliciting and space.ack_at is None:
            space.ack_at = now + self._ack_delay
        return True

    def _note(self, space: Any, number: int) -> None:
        """The packet is to be confirmed; most follow the last one."""
        space.received_packets.add(number)
        ranges: list[range] = space.ack_queue._RangeSet__ranges
        if ranges and ranges[-1].stop == number:
            ranges[-1] = range(ranges[-1].start, number + 1)
            return
        space.ack_queue.add(number)
        if len(ranges) > MAX_ACK_RANGES:
            space.ack_queue.shift()

    def _take_stream(self, plain: bytes) -> bool | None:
        """Takes a packet that is just the next bytes of the stream; None: it is not."""
        kind = plain[0]
        if kind & 0xF9 != _STREAM or plain[1]:  # another frame, the last of a stream, another stream
            return None
        at, offset = 2, 0
        if kind & _OFFSET:
            at += 1 << (plain[2] >> 6)
            offset = int.from_bytes(plain[2:at]) & ((1 << ((at - 2) * 8 - 2)) - 1)
        if kind & _LENGTH:
            if plain[at] >> 6 != 1 or (int.from_bytes(plain[at : at + 2]) & 0x3FFF) != len(plain) - at - 2:
                return None  # something follows
            at += 2
        stream = self._streams.get(0)
        if stream is None:
            return None
        receiver: Any = stream.receiver
        end = offset + len(plain) - at
        if (
            offset != receiver._buffer_start
            or receiver._buffer
            or receiver.is_finished
            or receiver._final_size is not None
            or end == offset
            or end < receiver.highest_offset
            or end > stream.max_stream_data_local
        ):
            return None
        used = self._local_max_data.used + end - receiver.highest_offset
        if used > self._local_max_data.value:
            return None
        self._local_max_data.used = used
        receiver._buffer_start = receiver.highest_offset = end
        self._events.append(events.StreamDataReceived(plain[at:], False, 0))
        return True

    def _take_frames(self, plain: bytes, now: float) -> bool:
        """Any other packet of this path and these keys. Whether it is to be confirmed soon."""
        context = QuicReceiveContext(
            epoch=_EPOCH,
            host_cid=self.host_cid,
            network_path=self._network_paths[0],
            quic_logger_frames=None,
            time=now,
            version=None,
        )
        try:
            return self._payload_received(context, plain)[0]
        except QuicConnectionError as fault:
            self.close(fault.error_code, fault.frame_type, fault.reason_phrase)
            return False
