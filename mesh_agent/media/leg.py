"""One connection to one other device of the call: sound and pictures both ways, by aiortc.

Strategy: both kinds are agreed on from the beginning (`sendrecv`), so that a camera is switched on and off by
sending pictures or none. Whatever goes wrong in a leg ends that leg with a sentence, and no other one. What
is sent is encoded, and cut into packets, once for all legs.

For pictures:
    `leg.send_picture(payloads, timestamp, whole=…)` takes what `Vp8Encoder._packetize` (or the like) made of
    one encoded VP8 picture: RTP payloads below `PAYLOAD_BYTES`, its time in 1/90000 s (one clock for all
    legs), and whether it is a keyframe. It never waits; False: left out, and `house.keyframe_wanted(leg)`.
    `leg.look(on)`: whether anybody looks at the pictures of that party; where nobody does, none is asked for.
    `house.picture(leg, data, timestamp)` is called in the loop for each whole encoded VP8 picture of that
    party, in order, beginning with a keyframe, while somebody looks. `leg.picture_broke()`: it cannot be
    decoded, so no more are handed over before the next keyframe, which is asked for (PLI).
    `house.keyframe_wanted(leg)`: that party (or this leg, just connected) needs a keyframe; may come often.
    `house.estimated(leg, bits)`: what that party thinks the line to it takes (REMB), in bits a second.
    `leg.pictures_out.loss`: the part of packets of pictures that it misses, as of its last report.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcicetransport import parse_stun_turn_uri
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from mesh_agent.media import sdp
from mesh_agent.media.ice import LocalConnection
from mesh_agent.media.orders import Ice
from mesh_agent.media.packet import Packet
from mesh_agent.media.rtp import (
    PICTURES_WAITING,
    SOUNDS_WAITING,
    Count,
    Sender,
    SoundReceiver,
)
from mesh_agent.media.video.receiving import ROUND_TRIP_S, PictureReceiver
from mesh_agent.net.base import Way

log = logging.getLogger(__name__)

PAYLOAD_BYTES: Final = 1_200
"""Of a packet of pictures; with what stands around it, it goes through every tunnel."""

CLOSE_S: Final = 2.0
"""How long a goodbye may take."""

GOODBYE_S: Final = 0.5
"""Whoever leaves says so by way of the server, which takes longer than the end of the connection: for so long
that end is no loss."""

LegState = Literal["connecting", "connected", "lost", "failed"]

_CODECS: Final = {
    "audio": [RTCRtpCodecCapability(mimeType="audio/opus", clockRate=48_000, channels=2)],
    "video": [
        RTCRtpCodecCapability(mimeType="video/VP8", clockRate=90_000),
        RTCRtpCodecCapability(mimeType="video/rtx", clockRate=90_000),
    ],
}


def _servers(ice: Sequence[Ice]) -> list[Any]:
    """Those that aiortc understands; none of its own choice ever."""
    found = []
    for each in ice:
        for url in each.urls:
            with contextlib.suppress(ValueError):
                parse_stun_turn_uri(url)
                found.append(RTCIceServer(url, each.username, each.credential))
    return found


class LegFailed(Exception):
    """`text`: a sentence."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class House(Protocol):
    """What a leg tells, in the loop; see above for pictures."""

    def leg_changed(self, leg: "Leg", state: LegState, reason: str) -> None: ...
    def sound(self, leg: "Leg", packet: Packet) -> None: ...
    def picture(self, leg: "Leg", data: bytes, timestamp: int) -> None: ...
    def keyframe_wanted(self, leg: "Leg") -> None: ...
    def estimated(self, leg: "Leg", bits: int) -> None: ...


class Leg:
    """`party` and `number` as in `media.orders`. Make one in a loop; `close` it when it is done with."""

    def __init__(self, house: House, party: str, number: int, ice: Sequence[Ice]) -> None:
        self.party, self.number, self._house = party, number, house
        self.state: LegState = "connecting"
        self._closed = self._answered = False
        self._goodbye: asyncio.TimerHandle | None = None
        self._role: Literal["offer", "answer"] | None = None
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=_servers(ice), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._hearing: SoundReceiver
        self._watching: PictureReceiver
        self._sound, self._hearing = self._add("audio", SoundReceiver, SOUNDS_WAITING)
        self._pictures, self._watching = self._add("video", PictureReceiver, PICTURES_WAITING)
        self._hearing.listen(lambda packet: house.sound(self, packet))
        self._watching.watch(lambda data, timestamp: house.picture(self, data, timestamp))
        found: Any = self._hearing.transport.transport._connection
        found.__class__ = LocalConnection
        self._ice: LocalConnection = found
        self._connection.on("connectionstatechange", self._changed)

    def _add(self, kind: str, receiver: type[Any], waiting: int) -> tuple[Sender, Any]:
        transceiver: Any = self._connection.addTransceiver(kind, direction="sendrecv")
        transceiver.setCodecPreferences(_CODECS[kind])
        transceiver.receiver.__class__ = receiver
        transceiver.receiver.become()
        transceiver.receiver._set_rtcp_ssrc(transceiver.sender._ssrc)
        transceiver.sender.__class__ = Sender
        transceiver.sender.become(
            waiting, lambda: self._house.keyframe_wanted(self), lambda bits: self._house.estimated(self, bits)
        )
        return transceiver.sender, transceiver.receiver

    # ── describing ──────────────────────────────────────────────────────────────────────────────

    async def offer(self) -> str:
        """Our description, with all candidates; up to 5 s. Raises: LegFailed."""
        self._begun("offer")
        return str(await self._guarded(self._describe()))

    async def answer(self, description: str) -> str:
        """Ours to that one. Raises: LegFailed."""
        self._begun("answer")
        await self._take("offer", description)
        return str(await self._guarded(self._describe()))

    async def answered(self, description: str) -> None:
        """The answer to our offer; a second one changes nothing. Raises: LegFailed."""
        if self._role != "offer":
            raise LegFailed("The other device answers what nobody asked.")
        if self._answered:
            return
        self._answered = True
        await self._take("answer", description)

    def _begun(self, role: Literal["offer", "answer"]) -> None:
        """Each leg is described once; what is to be otherwise is another leg."""
        if self._role is not None:
            raise LegFailed("The connection is described already.")
        self._role = role

    async def add_candidate(self, text: str) -> None:
        """One that came by itself. What cannot be used is left out."""
        candidate = sdp.candidate(text)
        if candidate is not None and len(self._ice.remote_candidates) < sdp.CANDIDATES_MAX:
            with contextlib.suppress(LegFailed):
                await self._guarded(self._connection.addIceCandidate(candidate))

    async def _take(self, kind: Literal["offer", "answer"], text: str) -> None:
        try:
            checked = sdp.checked(text)
        except sdp.Refused as error:
            raise LegFailed(error.text) from None
        description = RTCSessionDescription(checked, kind)
        await self._guarded(self._connection.setRemoteDescription(description))

    async def _describe(self) -> str:
        await self._connection.setLocalDescription()
        return sdp.told(self._connection.localDescription.sdp)

    async def _guarded(self, work: Any) -> Any:
        """What aiortc raises for what it cannot use is of many kinds, and not always on purpose."""
        try:
            return await work
        except Exception as error:  # noqa: BLE001
            log.info("leg to %s: %r", self.party, error)
            if self._closed:
                raise LegFailed("The connection was ended.") from None
            raise LegFailed("The other device describes its end in a way that cannot be used.") from None

    # ── being connected ─────────────────────────────────────────────────────────────────────────

    def _changed(self) -> None:
        state = self._connection.connectionState
        if self._closed or self.state == "failed":
            return
        if state == "connected":
            self.tell("connected")
            self._house.keyframe_wanted(self)
        elif state == "failed":
            self.tell("failed", "The other device could not be reached.")
        elif state == "closed":
            self._goodbye = asyncio.get_running_loop().call_later(GOODBYE_S, self._ended)

    def _ended(self) -> None:
        if not self._closed and self.state != "failed":
            self.tell("failed", "The other device has ended the connection.")

    def tell(self, state: LegState, reason: str = "") -> None:
        if state != self.state:
            self.state = state
            self._house.leg_changed(self, state, reason)

    @property
    def way(self) -> Way | None:
        """How packets go now; None before they do."""
        return self._ice.way

    @property
    def heard_at(self) -> float:
        """When the last packet came, of whatever kind (monotonic seconds)."""
        return self._ice.heard_at

    @property
    def round_trip_s(self) -> float | None:
        """To the other end and back; None before it is known."""
        return self._ice.round_trip_s

    @property
    def homeless(self) -> bool:
        """This device has left the network that the leg is made through."""
        return self._ice.homeless

    # ── sound and pictures ──────────────────────────────────────────────────────────────────────

    def send_sound(self, payload: bytes, timestamp: int, level: int) -> None:
        """An Opus packet and its time in 1/48000 s. `level`: in -dBov, 0 to 127."""
        if self.state in ("connected", "lost"):
            self._sound.put([payload], timestamp, level)

    def send_picture(self, payloads: list[bytes], timestamp: int, *, whole: bool) -> bool:
        """See above."""
        if self.state not in ("connected", "lost"):
            return True
        return self._pictures.put_picture(payloads, timestamp, whole=whole)

    def look(self, on: bool) -> None:
        """See above."""
        self._watching.look(on)

    def asks_again_after(self, round_trip_s: float | None) -> None:
        """How long what was asked for again takes to come; None: nobody knows."""
        self._watching.round_trip_s = ROUND_TRIP_S if round_trip_s is None else round_trip_s

    def picture_broke(self) -> None:
        """See above."""
        self._watching.broke()

    @property
    def pictures_seen(self) -> tuple[int, int]:
        """Whole pictures that came since the leg began, and those that can never be had."""
        return self._watching.pictures, self._watching.lost_pictures

    @property
    def sound_in(self) -> Count:
        return self._hearing.count

    @property
    def pictures_in(self) -> Count:
        return self._watching.count

    @property
    def pictures_out(self) -> Count:
        return self._pictures.count

    @property
    def sound_out(self) -> Count:
        return self._sound.count

    async def close(self) -> None:
        """Never raises; quick where nothing answers."""
        self._closed = True
        if self._goodbye is not None:
            self._goodbye.cancel()
        closing = asyncio.ensure_future(self._connection.close())
        done, _ = await asyncio.wait((closing,), timeout=CLOSE_S)
        if not done:
            closing.cancel()
            await asyncio.wait((closing,))
        if not closing.cancelled() and (error := closing.exception()) is not None:
            log.info("leg to %s, closing: %r", self.party, error)
