"""Machines of calls with each other, in virtual time: what they say travels, is late, or is lost."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from mesh_agent.machines.call import CallMachine
from mesh_agent.machines.call_parts import Drop, MakeOffer, Say, TakeAnswer, TakeOffer
from protocol.calls import Device


@dataclass
class Party:
    """A device, its machine, and what would be its process: legs, by the other device, with their numbers."""

    device: Device
    machine: CallMachine
    legs: dict[str, int] = field(default_factory=dict)
    gone: bool = False


@dataclass
class Network:
    """`late`: how many seconds what is said takes; `lost`: whether it arrives at all."""

    random: Random = field(default_factory=lambda: Random(1))
    late: Callable[[Random], float] = lambda _: 0.01
    lost: Callable[[Random, Say], bool] = lambda _random, _say: False
    now: float = 0.0
    parties: dict[str, Party] = field(default_factory=dict)
    underway: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    said: list[tuple[str, Say]] = field(default_factory=list)
    reaches: Callable[[str, str], bool] = lambda _one, _other: True

    def party(self, name: str, call_id: str = "call", *, device: str = "") -> Party:
        me = Device(name, device or f"{name}-1")
        machine = CallMachine(me, call_id, "room", wall_ms=lambda: int(1_000_000 + 1_000 * self.now))
        party = self.parties[me.device_id] = Party(me, machine)
        return party

    # ── what the machines want ──────────────────────────────────────────────────────────────────

    def act(self) -> None:
        """Carries out all effects."""
        for party in list(self.parties.values()):
            effects, party.machine.effects = party.machine.effects, []
            for effect in effects:
                if isinstance(effect, Say):
                    self._say(party, effect)
                elif isinstance(effect, MakeOffer):
                    party.legs[effect.party] = effect.number
                    self._tell(party, effect.party, "offer", effect.number)
                elif isinstance(effect, TakeOffer):
                    party.legs[effect.party] = effect.number
                    self._tell(party, effect.party, "answer", effect.number)
                elif isinstance(effect, TakeAnswer):
                    self._connect(party, self.parties[effect.party], effect.number)
                elif isinstance(effect, Drop):
                    party.legs.pop(effect.party, None)

    def _say(self, party: Party, say: Say) -> None:
        self.said.append((party.device.device_id, say))
        for other in self.parties.values():
            if say.to in (other.device.device_id, other.device.user_id) and other is not party:
                self._send(say, lambda other=other: self._hear(other, party, say))  # type: ignore[misc]

    def _send(self, say: Say, arrive: Callable[[], None]) -> None:
        if not self.lost(self.random, say):
            self.underway.append((self.now + self.late(self.random), len(self.said), arrive))

    def _hear(self, other: Party, sender: Party, say: Say) -> None:
        if other.gone:
            return
        other.machine.alive(sender.device.device_id, self.now)
        if say.kind == "hangup":
            other.machine.hung_up(sender.device, say.reason or "")
        else:
            assert say.payload is not None
            other.machine.heard(sender.device, sender.device.user_id, say.payload, self.now)

    def _tell(self, party: Party, to: str, kind: str, number: int) -> None:
        other, sender = self.parties[to], party.device

        def arrive() -> None:
            if other.gone:
                return
            other.machine.alive(sender.device_id, self.now)
            if kind == "offer":
                other.machine.offered(sender, sender.user_id, number, "v=0", self.now)
            else:
                other.machine.answered(sender, number, "v=0")

        self._send(Say("offer" if kind == "offer" else "answer", to), arrive)

    def _connect(self, one: Party, other: Party, number: int) -> None:
        """Both ends see that they are connected, if they are."""
        stands = not other.gone and self.reaches(one.device.device_id, other.device.device_id)
        if stands and other.legs.get(one.device.device_id) == number:
            for end, peer in ((one, other), (other, one)):
                end.machine.leg(peer.device.device_id, number, "connected", self.now)

    def cut(self, one: Party, other: Party) -> None:
        """Their leg has fallen."""
        for end, peer in ((one, other), (other, one)):
            number = end.legs.get(peer.device.device_id)
            if number is not None and not end.gone:
                end.machine.leg(peer.device.device_id, number, "failed", self.now)

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        self.act()
        while True:
            dues = [due for party in self._live() if (due := party.machine.next_due()) is not None]
            at = min([each[0] for each in self.underway] + dues, default=until + 1)
            if at > until:
                self.now = until
                return
            self.now = max(self.now, at)
            arriving = sorted(
                (*each[:2], index) for index, each in enumerate(self.underway) if each[0] <= self.now
            )
            arrivals = [self.underway[index][2] for *_, index in arriving]
            self.underway = [each for each in self.underway if each[0] > self.now]
            for arrive in arrivals:
                arrive()
            for party in self._live():
                party.machine.tick(self.now)
            self.act()

    def _live(self) -> list[Party]:
        return [party for party in self.parties.values() if not party.gone]

    def whole(self) -> bool:
        """Whether everybody who is in the call is connected with everybody else."""
        there = {party.device.device_id for party in self._live() if party.machine.phase != "over"}
        return all(
            {device for device, peer in self.parties[name].machine.peers.items() if peer.state == "connected"}
            == there - {name}
            for name in there
        )
