"""How fast a connection sends: by what arrives, not by what is lost.

Strategy: the one that BBR takes. The largest rate at which bytes were confirmed during the last rounds is the
link's; the shortest round trip is its length. Packets leave at that rate, evenly, and what is under way stays
below twice rate times length. Every eighth round a little more is sent to see whether there is more to
have, then a little less so that no queue stays behind. Packets that a link loses by itself (a radio,
half a per cent on a long line) hence cost what was lost and no more, where reno and cubic halve their window.

It is no bully, since it also minds loss that means congestion: if a round loses more than `LOSS_QUEUED` while
the round trip has grown (a queue overflows), or more than `LOSS_BARE` at all, the rate is cut by `CUT` and
held there, round by round as long as it goes on; a clean cycle lifts it by a quarter. Once in ten seconds it
nearly stops for a moment, so that the true round trip is seen and others find room.

No clock and no IO here: `now` comes with what happens.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from aioquic.quic.congestion.base import QuicCongestionControl, register_congestion_control
from aioquic.quic.packet_builder import QuicSentPacket
from aioquic.quic.recovery import QuicPacketPacer

NAME: Final = "mesh"

WINDOW_MAX: Final = 8 * 2**20
"""Bytes under way at the most, whatever the link could take: the sender's memory is bounded by it."""

INITIAL_PACKETS: Final = 10
LEAST_PACKETS: Final = 4

STARTUP_GAIN: Final = 2.77
WINDOW_GAIN: Final = 1.75
PROBE_GAINS: Final = (1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
GROWTH: Final = 1.25
"""The link is found when the rate does not grow by this much during `FULL_ROUNDS` rounds."""
FULL_ROUNDS: Final = 3
RATE_ROUNDS: Final = 10
"""How many rounds a measured rate counts."""

HOST_S: Final = 0.010
"""What both ends may take to work through a batch; so much more may be under way."""

RTT_LIFE_S: Final = 10.0
RTT_PROBE_S: Final = 0.2
RTT_PROBE_GAIN: Final = 0.5

LOSS_QUEUED: Final = 0.005
LOSS_BARE: Final = 0.06
LOSS_QUEUED_PACKETS: Final = 2
LOSS_BARE_PACKETS: Final = 6
"""Fewer lost packets in a round say nothing about a share."""
QUEUE_GROWTH: Final = 1.25
CUT: Final = 0.85
LIFT: Final = 1.25
RATE_LEAST: Final = 4_000.0
"""Bytes a second; below it the rate is never cut."""


class Sent(QuicSentPacket):
    """A packet under way, with what was confirmed when it left."""

    delivered: int
    delivered_at: float
    first_sent_at: float
    app_limited: bool
    probe: bool


class MeshCongestion(QuicCongestionControl):
    """Rate and window of one connection."""

    def __init__(self, *, max_datagram_size: int) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self.datagram_bytes = max_datagram_size
        self.rate: float | None = None
        """Bytes a second that the pacer lets out; None until a round trip was measured."""
        self._delivered = 0
        self._delivered_at = 0.0
        self._first_sent_at = 0.0
        self._limited_until = 0
        self._newest: QuicSentPacket | None = None
        self._smooth_rtt = 0.0
        self._forget()

    def _forget(self) -> None:
        """Nothing is known of the link."""
        self._rates: deque[tuple[int, float]] = deque()
        self._round = 0
        self._round_ends = 0
        self._round_delivered = self._delivered
        self._round_lost = 0
        self._round_lost_packets = 0
        self._full_rate = 0.0
        self._full_rounds = 0
        self._mode = "startup"
        self._cap: float | None = None
        self._phase = 2
        self._phase_at = 0.0
        self._clean = True
        self._rtt_min: float | None = None
        self._rtt_min_at = 0.0
        self._rtt_probe_ends: float | None = None
        self.congestion_window = INITIAL_PACKETS * self.datagram_bytes

    # ── what is known ────────────────────────────────────────────────────────────────────────────

    @property
    def bottleneck(self) -> float:
        """Bytes a second that the link is taken to carry; 0 before anything was measured."""
        best = self._rates[0][1] if self._rates else 0.0
        return best if self._cap is None else min(best, self._cap)

    @property
    def rtt_min(self) -> float | None:
        """Seconds."""
        return self._rtt_min

    def application_limited(self) -> None:
        """There was nothing to send: rates measured of what is under way may be too low."""
        self._limited_until = self._delivered + max(1, self.bytes_in_flight)

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    def on_packet_sent(self, *, packet: QuicSentPacket) -> None:
        sent_at = packet.sent_time
        assert sent_at is not None
        if self.bytes_in_flight == 0:
            self._first_sent_at = self._delivered_at = sent_at
        self.bytes_in_flight += packet.sent_bytes
        # One dictionary for all of them: this runs for every packet.
        packet.__dict__.update(
            delivered=self._delivered,
            delivered_at=self._delivered_at,
            first_sent_at=self._first_sent_at,
            app_limited=self._limited_until > self._delivered,
        )

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        self.bytes_in_flight -= packet.sent_bytes
        self._delivered += packet.sent_bytes
        self._delivered_at = now
        self._newest = packet

    def on_packets_expired(self, *, packets: Iterable[QuicSentPacket]) -> None:
        for packet in packets:
            self.bytes_in_flight -= packet.sent_bytes

    def on_packets_lost(self, *, now: float, packets: Iterable[QuicSentPacket]) -> None:
        del now
        for packet in packets:
            self.bytes_in_flight -= packet.sent_bytes
            if not packet.__dict__.get("probe"):
                self._round_lost += packet.sent_bytes
                self._round_lost_packets += 1

    def on_persistent_congestion(self) -> None:
        self._forget()
        self.congestion_window = LEAST_PACKETS * self.datagram_bytes
        self.rate = None

    def on_rtt_measurement(self, *, now: float, rtt: float) -> None:
        """Comes once for each confirmation of something new, after its packets."""
        packet, self._newest = self._newest, None
        if packet is None:
            return
        self._smooth_rtt += (rtt - self._smooth_rtt) / 8 if self._smooth_rtt else rtt
        self._measure_rtt(now, rtt)
        sent: Sent = packet  # type: ignore[assignment]
        if sent.delivered >= self._round_ends:
            self._begin_round(now)
        self._measure_rate(now, sent)
        self._advance(now)
        self._set_pace()

    # ── measuring ────────────────────────────────────────────────────────────────────────────────

    def _measure_rtt(self, now: float, rtt: float) -> None:
        expired = now > self._rtt_min_at + RTT_LIFE_S
        if self._rtt_min is None or rtt <= self._rtt_min:
            self._rtt_min, self._rtt_min_at = rtt, now
        elif expired and self._mode == "steady" and self._rtt_probe_ends is None:
            self._rtt_probe_ends = now + max(RTT_PROBE_S, self._rtt_min)
            self._rtt_min, self._rtt_min_at = rtt, now
        if self._rtt_probe_ends is not None and now >= self._rtt_probe_ends:
            self._rtt_probe_ends = None
            self._rtt_min_at = now

    def _measure_rate(self, now: float, packet: Sent) -> None:
        assert packet.sent_time is not None
        elapsed = max(packet.sent_time - packet.first_sent_at, now - packet.delivered_at)
        self._first_sent_at = packet.sent_time
        if elapsed <= 0:
            return
        rate = (self._delivered - packet.delivered) / elapsed
        rates = self._rates
        if packet.app_limited and rates and rate < rates[0][1]:
            return
        while rates and rates[0][0] < self._round - RATE_ROUNDS:
            rates.popleft()
        while rates and rates[-1][1] <= rate:
            rates.pop()
        rates.append((self._round, rate))

    def _begin_round(self, now: float) -> None:
        """A packet that was sent after the last round's end is confirmed."""
        arrived = self._delivered - self._round_delivered
        lost, packets = self._round_lost, self._round_lost_packets
        self._round += 1
        self._round_ends = self._delivered
        self._round_delivered = self._delivered
        self._round_lost = self._round_lost_packets = 0
        queued = self._rtt_min is not None and self._smooth_rtt > QUEUE_GROWTH * self._rtt_min + HOST_S / 2
        least, share = (LOSS_QUEUED_PACKETS, LOSS_QUEUED) if queued else (LOSS_BARE_PACKETS, LOSS_BARE)
        if packets >= least and lost > share * (lost + arrived):
            self._cut()
        if self._mode == "startup" and self._rates:
            self._look_whether_full(now)

    def _cut(self) -> None:
        self._clean = False
        if self._mode == "startup":  # it has just found the end of the link: what arrived is what it carries
            self._mode = "drain"
        elif self._rates:
            self._cap = max(RATE_LEAST, self.bottleneck * CUT)

    def _look_whether_full(self, now: float) -> None:
        del now
        rate = self._rates[0][1]
        if rate >= self._full_rate * GROWTH:
            self._full_rate, self._full_rounds = rate, 0
        elif self._limited_until <= self._delivered:
            self._full_rounds += 1
            if self._full_rounds >= FULL_ROUNDS:
                self._mode = "drain"

    # ── deciding ─────────────────────────────────────────────────────────────────────────────────

    def _advance(self, now: float) -> None:
        if self._mode == "drain" and self.bytes_in_flight <= self._product(1.0):
            self._mode, self._phase, self._phase_at = "steady", 2, now
        if self._mode == "steady" and now - self._phase_at > max(self._rtt_min or 0.0, HOST_S):
            self._phase = (self._phase + 1) % len(PROBE_GAINS)
            self._phase_at = now
            if self._phase == 0:
                if self._clean and self._cap is not None:
                    self._cap *= LIFT
                    if self._rates and self._cap > LIFT * self._rates[0][1]:
                        self._cap = None
                self._clean = True

    def _product(self, gain: float) -> float:
        """Bytes that the link holds, times `gain`, and what the two hosts work on."""
        return self.bottleneck * (gain * (self._rtt_min or 0.0) + HOST_S)

    def _set_pace(self) -> None:
        rate = self.bottleneck
        if not rate:
            return
        least = LEAST_PACKETS * self.datagram_bytes
        if self._mode == "startup":
            pace, window = (
                STARTUP_GAIN,
                max(self._product(STARTUP_GAIN), INITIAL_PACKETS * self.datagram_bytes),
            )
        elif self._mode == "drain":
            pace, window = 1 / STARTUP_GAIN, self._product(STARTUP_GAIN)
        elif self._rtt_probe_ends is not None:
            pace, window = 1.0, RTT_PROBE_GAIN * self._product(1.0)
        else:
            pace, window = PROBE_GAINS[self._phase], self._product(WINDOW_GAIN)
        self.rate = pace * rate
        self.congestion_window = int(min(max(window, least), WINDOW_MAX))


class Pacer(QuicPacketPacer):
    """Lets packets out at the rate of the congestion control, in small bursts, and so many a batch.

    Timers of an event loop are a millisecond coarse, so what was due meanwhile may go at once.
    """

    BURST_S: Final = 0.004
    BURST_PACKETS: Final = 10
    QUANTUM_S: Final = 0.001

    def __init__(self, congestion: MeshCongestion) -> None:
        super().__init__(max_datagram_size=congestion.datagram_bytes)
        self._congestion = congestion
        self._tokens = 0.0
        self._filled_at: float | None = None
        self.batch_left = 0
        self._charged = 0

    def begin_batch(self, packets: int) -> None:
        """So many packets may be built before others get a turn."""
        self.batch_left = packets
        self._charged = 0

    def end_batch(self, sent: int) -> None:
        """They came to so many bytes; each was taken to be a full one."""
        self._tokens += self._charged - sent

    def next_send_time(self, now: float) -> float | None:  # type: ignore[override]
        """None if a packet may go now, else when to ask again."""
        if self.batch_left <= 0:
            return now
        rate = self._congestion.rate
        if rate is None:
            return None
        size = self._congestion.datagram_bytes
        burst = max(rate * self.BURST_S, self.BURST_PACKETS * size)
        if self._filled_at is None:
            self._tokens = burst
        else:
            self._tokens = min(burst, self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        if self._tokens >= size:
            return None
        return now + max(self.QUANTUM_S, (size - self._tokens) / rate)

    def update_after_send(self, now: float) -> None:
        del now
        size = self._congestion.datagram_bytes
        self.batch_left -= 1
        self._tokens -= size
        self._charged += size

    def update_rate(self, congestion_window: int, smoothed_rtt: float) -> None:
        """The rate is the congestion control's, not a window's."""


register_congestion_control(NAME, MeshCongestion)
