"""What one leg sends and receives, as RTP, in place of what aiortc does with it.

Strategy: aiortc makes a sender and a receiver for each kind; ours take their places by becoming their class,
since it offers no other way. A sender is given what is encoded already, cut into packets once for all legs.
A receiver of sound hands over each packet as it comes, and ours alone says when it is heard (aiortc waits
280 ms for a lost one); that of pictures is in `video.receiving`. Nothing is decoded here, so what nobody
looks at costs nothing, and nothing unread is kept.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcrtpreceiver import RTCRtpReceiver, StreamStatistics
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

from mesh_agent.media.packet import Packet

SOUNDS_WAITING: Final = 10
"""Packets of sound that wait to be sent: 0.2 s. Of more, the oldest are of no use any more."""

PICTURES_WAITING: Final = 4
"""Encoded pictures that wait to be sent; of more, none is sent before the next whole one (a keyframe)."""

SOURCES_MAX: Final = 8
"""Streams that one other end may send of a kind; it needs one, and another for what is sent again."""

REPORT_S: Final = 0.5
"""At least so long between two reports to the sender; up to three times as long, by chance (RFC 3550 6.2)."""

HEADER_BYTES: Final = 54
"""What stands around a payload: IPv4, UDP, RTP with extensions, and the tag of SRTP, roughly."""


@dataclass(slots=True)
class Count:
    """Of one direction and kind, since the leg began. `loss`: of what we sent lately, as the other says."""

    packets: int = 0
    bytes: int = 0
    lost: int = 0
    jitter: int = 0
    loss: float = 0.0


class _Nothing(MediaStreamTrack):
    """aiortc sends nothing for a sender without a track, and never reads this one."""

    async def recv(self) -> Any:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Frame:
    """As `RTCEncodedFrame`."""

    payloads: list[bytes]
    timestamp: int
    audio_level: int | None


class Sender(RTCRtpSender):
    """Sends what is put into it."""

    def become(self, waiting: int, wanted: Callable[[], None], estimated: Callable[[int], None]) -> None:
        """`wanted`: a keyframe is. `estimated`: what the other end thinks the line takes, in bits/s."""
        self._frames: asyncio.Queue[_Frame] = asyncio.Queue(waiting)
        self._broken = False
        self._wanted, self._estimated = wanted, estimated
        self.count = Count()
        track = _Nothing()
        track.kind = self.kind
        self.replaceTrack(track)

    def put(self, payloads: list[bytes], timestamp: int, level: int | None) -> None:
        """As soon as it can. `level`: how loud it is, in -dBov (0 to 127)."""
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(_Frame(payloads, timestamp, None if level is None else -level))

    def put_picture(self, payloads: list[bytes], timestamp: int, *, whole: bool) -> bool:
        """False where it was left out: too much waits, or has been left out since the last whole one."""
        if whole and not self._frames.full():
            self._broken = False
        elif self._frames.full():
            self._broken = True
        if self._broken:
            self._wanted()
            return False
        self._frames.put_nowait(_Frame(payloads, timestamp, None))
        return True

    async def _next_encoded_frame(self, codec: Any) -> Any:
        del codec
        frame = await self._frames.get()
        self.count.packets += len(frame.payloads)
        self.count.bytes += sum(map(len, frame.payloads)) + HEADER_BYTES * len(frame.payloads)
        return frame

    def _send_keyframe(self) -> None:
        self._wanted()

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        await super()._handle_rtcp_packet(packet)
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for report in packet.reports:
                if report.ssrc == self._ssrc:
                    self.count.loss = report.fraction_lost / 256
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            with contextlib.suppress(ValueError):
                bitrate, sources = unpack_remb_fci(packet.fci)
                if self._ssrc in sources:
                    self._estimated(bitrate)


class Receiver(RTCRtpReceiver):
    """What both kinds have in common: counting, and telling the other end what came."""

    def become(self) -> None:
        self._codecs: dict[int, Any] = {}
        self._resent: dict[int, int] = {}
        self._announced: list[int] = []
        self._streams: dict[int, Any] = {}
        self._reported: dict[int, tuple[int, float]] = {}
        self._own = 0
        self._task: asyncio.Task[None] | None = None
        self._over = False
        self.count = Count()

    async def receive(self, parameters: Any) -> None:
        if self._task is not None or self._over:
            return
        self._codecs = {codec.payloadType: codec for codec in parameters.codecs}
        self._resent = {each.rtx.ssrc: each.ssrc for each in parameters.encodings if each.rtx}
        self._announced = [each.ssrc for each in parameters.encodings][:SOURCES_MAX]
        self.transport._register_rtp_receiver(self, parameters)
        self._task = asyncio.create_task(self._tell())

    async def stop(self) -> None:
        self._over = True
        if self._task is not None:
            self.transport._unregister_rtp_receiver(self)
            self._task.cancel()
            await asyncio.wait((self._task,))

    def _handle_disconnect(self) -> None:
        """aiortc's has a thread to end."""

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        self._own = ssrc

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        if isinstance(packet, RtcpSrPacket) and packet.ssrc in self._streams:
            middle = (packet.sender_info.ntp_timestamp >> 16) & 0xFFFFFFFF
            self._reported[packet.ssrc] = middle, time.monotonic()
        elif isinstance(packet, RtcpByePacket):
            for source in packet.sources:
                self._streams.pop(source, None)
                self._reported.pop(source, None)

    async def _handle_rtp_packet(self, packet: Any, arrival_time_ms: int) -> None:
        codec = self._codecs.get(packet.payload_type)
        if not self._enabled or codec is None:
            return
        stream = self._streams.get(packet.ssrc)
        if stream is None:
            if len(self._streams) >= SOURCES_MAX:
                return
            stream = self._streams[packet.ssrc] = StreamStatistics(codec.clockRate)
        stream.add(packet)
        self.count.packets += 1
        self.count.bytes += len(packet.payload) + HEADER_BYTES
        await self._came(packet, codec, arrival_time_ms)

    async def _came(self, packet: Any, codec: Any, arrival_ms: int) -> None:
        raise NotImplementedError

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S + 2 * REPORT_S * random.random())  # noqa: S311
            reports = [self._report(source, stream) for source, stream in self._streams.items()]
            self.count.lost = sum(stream.packets_lost for stream in self._streams.values())
            self.count.jitter = max((stream.jitter for stream in self._streams.values()), default=0)
            if reports:
                await self._send(RtcpRrPacket(ssrc=self._own, reports=reports))
            await self._say_more()

    async def _say_more(self) -> None:
        """What else is to be told now and then."""

    def _report(self, source: int, stream: Any) -> Any:
        middle, at = self._reported.get(source, (0, 0.0))
        waited = min(time.monotonic() - at, 65_535.0) if middle else 0.0
        return RtcpReceiverInfo(
            ssrc=source,
            fraction_lost=min(stream.fraction_lost, 255),
            packets_lost=stream.packets_lost,
            highest_sequence=(stream.cycles + stream.max_seq) & 0xFFFFFFFF,
            jitter=min(stream.jitter, 0xFFFFFFFF),
            lsr=middle,
            dlsr=int(waited * 65_536),
        )

    async def _send(self, packet: Any) -> None:
        with contextlib.suppress(ConnectionError):
            await self.transport._send_rtp(bytes(packet))


class SoundReceiver(Receiver):
    """Hands over each packet of sound as it comes, in whatever order."""

    def listen(self, heard: Callable[[Packet], None]) -> None:
        self._heard = heard

    async def _came(self, packet: Any, codec: Any, arrival_ms: int) -> None:
        del codec, arrival_ms
        self._heard(Packet(packet.sequence_number, packet.timestamp, packet.payload, time.monotonic()))
