"""What the process of a call has said of each party, and what screens and scripts see of that.

Strategy: who is there is the machine's to say; how loud they are, how they are reached and how good the
line is comes from the process, in its own time. Both meet here, when somebody looks.
"""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from mesh_agent.calls.state import Own, Party, Picture, Statistics
from mesh_agent.machines.call_parts import Peer, Rung
from mesh_agent.media import orders
from mesh_agent.net.base import Way


class Seen:
    """Of one call. By device; we have an empty name.

    Attributes:
        pictures: what is shown now, of those that are looked at.
        compared: whether the two persons have compared that device's identity.
        ways: how it is reached, and why not.
    """

    def __init__(self) -> None:
        self.pictures: dict[str, Picture] = {}
        self.compared: dict[str, bool] = {}
        self.ways: dict[str, tuple[Way | None, str]] = {}
        self._levels: dict[str, orders.Level] = {}
        self._statistics: dict[str, orders.LegStatistics] = {}

    def leveled(self, told: orders.Levels) -> None:
        self._levels |= {level.party: level for level in told.levels}

    def counted(self, told: orders.Statistics) -> None:
        self._statistics = {leg.party: leg for leg in told.legs}

    def painted(self, told: orders.Painted) -> None:
        self.pictures[told.party] = Picture(
            told.party, told.columns, told.rows, told.pixels, told.form, told.across, told.down
        )

    def look_at(self, parties: Iterable[str]) -> None:
        """Only these from now on."""
        wanted = set(parties)
        self.pictures = {party: each for party, each in self.pictures.items() if party in wanted}

    def forget(self, party: str) -> None:
        for kept in (self._levels, self._statistics, self.ways, self.pictures):
            kept.pop(party, None)

    def own(self, own: Own) -> Own:
        """With how loud we are."""
        level = self._levels.get("")
        if level is None:
            return own
        return replace(own, level=level.level, speaking=level.speaking and not own.muted)

    def parties(self, peers: Iterable[Peer], rung: Iterable[Rung]) -> list[Party]:
        """Who is there, in the order they came; then who is rung."""
        waited_for = [Party(user_id=each.user_id, name=each.name) for each in rung if not each.how]
        return [self._party(peer) for peer in peers] + waited_for

    def _party(self, peer: Peer) -> Party:
        device = peer.device.device_id
        level = self._levels.get(device)
        way, reason = self.ways.get(device, (None, ""))
        return Party(
            user_id=peer.device.user_id,
            name=peer.name,
            device_id=device,
            state=peer.state,
            reason=reason if peer.state != "connected" else "",
            muted=peer.sends.muted,
            deafened=peer.sends.deafened,
            camera=peer.sends.camera,
            screen=peer.sends.screen,
            file=peer.sends.file,
            records=peer.sends.records,
            speaking=level is not None and level.speaking and not peer.sends.muted,
            level=0.0 if level is None else level.level,
            compared=self.compared.get(device, False),
            way=way,
            statistics=self._figures(device),
        )

    def _figures(self, device: str) -> Statistics:
        told = self._statistics.get(device)
        if told is None:
            return Statistics()
        return Statistics(
            loss=told.loss,
            jitter_ms=told.jitter_ms,
            delay_ms=told.delay_ms,
            round_trip_ms=told.round_trip_ms,
            received_kbps=told.received_kbps,
            sent_kbps=told.sent_kbps,
        )

    def rows(self, parties: Iterable[Party]) -> list[dict[str, Any]]:
        """All figures of those who have a device here, for JSON."""
        return [
            {
                "user": party.name,
                "device": party.device_id,
                "state": party.state,
                "way": party.way,
                **asdict(party.statistics),
                "concealed_ms": told.concealed_ms if told is not None else 0.0,
                "recovered_ms": told.recovered_ms if told is not None else 0.0,
                "pictures": told.pictures if told is not None else 0,
            }
            for party in parties
            if party.device_id
            for told in (self._statistics.get(party.device_id),)
        ]
