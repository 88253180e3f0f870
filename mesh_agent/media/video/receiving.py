"""What one leg receives of pictures: whole encoded ones in order (in place of aiortc's receiver).

Strategy: what was lost is asked for again (NACK), or a new beginning is (PLI), and the sender is told what
the line takes (REMB). While nobody looks that is nothing, so the sender sends nothing. Nothing is decoded
here.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any, Final

from aiortc.codecs import is_rtx
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rate import RemoteBitrateEstimator
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    pack_remb_fci,
    unwrap_rtx,
)

from mesh_agent.media.rtp import Receiver
from mesh_agent.media.video.reorder import Piece, Reorder

ROUND_TRIP_S: Final = 0.1
"""To the sender and back, as long as it is not known."""


QUIET_S: Final = 1.0
"""Where somebody looks and nothing comes for so long, pictures are asked for again."""


class PictureReceiver(Receiver):
    """`round_trip_s` may be set to what is known of it."""

    def watch(self, seen: Callable[[bytes, int], None]) -> None:
        """`seen`: an encoded picture, and its time in 1/90000 s."""
        self._seen = seen
        self._reorder = Reorder()
        self._rate = RemoteBitrateEstimator()
        self._source: int | None = None
        self._looked_at = False
        self._came_at = float("-inf")
        self._lost_before = 0
        self.pictures = 0
        self.round_trip_s = ROUND_TRIP_S

    @property
    def lost_pictures(self) -> int:
        return self._lost_before + self._reorder.lost

    def look(self, on: bool) -> None:
        """Whether anybody looks; where nobody does, nothing is handed over."""
        if on == self._looked_at:
            return
        self._looked_at = on
        if on:
            self._lost_before = self.lost_pictures
            self._reorder = Reorder()
        # at once; where that is lost on the way, `_say_more` says it again
        self._saying = asyncio.ensure_future(self._say_more())

    def broke(self) -> None:
        """What was handed over cannot be decoded: a keyframe is asked for with the next packet."""
        self._reorder.broke()

    async def ask_keyframe(self) -> None:
        for source in self._sources():
            await self._send(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=self._own, media_ssrc=source))

    def _sources(self) -> list[int]:
        """What pictures come from, as far as that is known."""
        return self._announced if self._source is None else [self._source]

    async def _say_more(self) -> None:
        if not self._looked_at:
            await self._tell_rate(0, self._sources())
        elif time.monotonic() - self._came_at > QUIET_S:
            await self.ask_keyframe()

    async def _tell_rate(self, bits: int, sources: list[int]) -> None:
        if sources:
            fci = pack_remb_fci(bits, sources)
            await self._send(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=self._own, media_ssrc=0, fci=fci))

    async def _came(self, packet: Any, codec: Any, arrival_ms: int) -> None:
        if not self._looked_at:
            return
        self._came_at = time.monotonic()
        await self._estimate(packet, arrival_ms)
        if is_rtx(codec):
            source, kind = self._resent.get(packet.ssrc), codec.parameters.get("apt")
            if source is None or kind not in self._codecs or len(packet.payload) < 2:
                return
            packet = unwrap_rtx(packet, payload_type=kind, ssrc=source)
        piece = _piece(packet)
        if piece is None:
            return
        if packet.ssrc != self._source:
            self._source = packet.ssrc
            self._reorder = Reorder()
        now = time.monotonic()
        for data, timestamp in self._reorder.add(packet.sequence_number, piece, now):
            self.pictures += 1
            self._seen(data, timestamp)
        await self._ask(packet.ssrc, now)

    async def _ask(self, source: int, now: float) -> None:
        if self._reorder.needs_key(now):
            await self.ask_keyframe()
            return
        numbers = self._reorder.wanted(now, self.round_trip_s)
        if numbers:
            missing = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=self._own, media_ssrc=source)
            missing.lost = sorted(numbers)
            await self._send(missing)

    async def _estimate(self, packet: Any, arrival_ms: int) -> None:
        if packet.extensions.abs_send_time is None:
            return
        estimate = self._rate.add(
            abs_send_time=packet.extensions.abs_send_time,
            arrival_time_ms=arrival_ms,
            payload_size=len(packet.payload) + packet.padding_size,
            ssrc=packet.ssrc,
        )
        if estimate is not None:
            await self._tell_rate(*estimate)


def _piece(packet: Any) -> Piece | None:
    """None where it is no VP8."""
    with contextlib.suppress(ValueError, IndexError):
        descriptor, data = VpxPayloadDescriptor.parse(packet.payload)
        first = bool(descriptor.partition_start) and descriptor.partition_id == 0
        return Piece(packet.timestamp, data, first, bool(packet.marker))
    return None
