"""One call as this device has it: who is in it, who is rung, which legs are made. No IO; clocks are given.

    call    ringing ──somebody joins──> connecting ──a leg stands──> open ──left, or nobody there──> over
    join                                connecting ──nobody answers──────────────────────────────> over

Strategy: each pair of devices has one leg. Of the two the one with the lower id makes the offers, so that two
never cross. A leg has a number that only grows (it begins at the time of day, so also over a restart): what
is said of an older one is nothing. A leg that does not come to stand, or falls, is made anew after a pause, a
few times; then that device is out of the call, and nobody else notices. One that has come, and of which
nothing was heard since, is out sooner (`call_silence`). Everything that a device says of
itself may come twice or late, and is said again when the line to the server is back, so all come to agree
on who is there without anybody who keeps a list. Every member of the room may join: the server vouches for
that. Whoever vouches for the keys behind a description is outside (`calls.vouching`): what comes in here as
an offer or an answer has been made sure of.
"""

from collections.abc import Callable, Iterable, Sequence

from mesh_agent.machines.call_gone import Gone
from mesh_agent.machines.call_joining import Joining
from mesh_agent.machines.call_legs import LOST_S, Legs
from mesh_agent.machines.call_parts import (
    FULL,
    NOBODY,
    REASONS,
    Drop,
    Effect,
    LegState,
    Peer,
    Phase,
    Rung,
    Say,
    TakeAnswer,
    TakeOffer,
)
from mesh_agent.machines.call_rings import Rings
from mesh_agent.machines.call_silence import Silence
from protocol.calls import (
    CALL_PARTIES,
    Absent,
    Again,
    Ask,
    Device,
    HangUp,
    Here,
    Join,
    Payload,
    Ring,
    Sends,
    State,
)


class CallMachine:
    """Attributes:
    id, room_id: the call's.
    phase, reason: where it stands, and why it is over, as a sentence.
    peers: by device.
    gone: who is not there any more.
    effects: what is to be done; whoever calls takes them out.
    sends: what this device sends.
    begun: when the first leg stood.
    """

    def __init__(self, me: Device, call_id: str, room_id: str, *, wall_ms: Callable[[], int]) -> None:
        """`wall_ms`: milliseconds since 1970, of which the first number of a leg is made."""
        self.me, self.id, self.room_id, self.wall_ms = me, call_id, room_id, wall_ms
        self.phase: Phase = "connecting"
        self.reason = ""
        self.peers: dict[str, Peer] = {}
        self.gone = Gone()
        self.effects: list[Effect] = []
        self.sends, self._sends_changed = Sends(), False
        self.begun: float | None = None
        self._rings, self._joining, self._silence, self._legs = Rings(), Joining(), Silence(), Legs(wall_ms)

    # ── what the person does ─────────────────────────────────────────────────────────────────────

    def call(self, rung: Iterable[tuple[str, str]], now: float, *, video: bool, message: str | None) -> None:
        """Rings these users (id, name); with none, waits for whoever comes."""
        self.phase = "ringing"
        ring = Ring(video=video, devices=[self.me], message=message)
        self.effects += self._rings.begin(rung, ring, now)

    def join(self, targets: Sequence[str], now: float) -> None:
        """Comes into a call that is on; `targets`: devices or users who may be in it."""
        self._joining.begin(targets, now)
        self._ask_in()

    def set_sends(self, sends: Sends) -> None:
        if sends != self.sends:
            self.sends, self._sends_changed = sends, True
            self.effects += [Say("ice", device, State(sends=sends)) for device in self.peers]

    def leave(self, reason: HangUp = "left", sentence: str = "") -> None:
        """For us it is over."""
        if self.phase == "over":
            return
        self._say_goodbye(reason)
        missed: HangUp = "merged" if reason == "merged" else "missed"
        self.effects += self._rings.taken_back(missed)
        self._over(sentence or "You have left.")

    # ── what others say ──────────────────────────────────────────────────────────────────────────

    def alive(self, device_id: str, now: float) -> None:
        """Something has come from that device, whatever it was."""
        if device_id in self.peers:
            self._silence.heard(device_id, now)

    def heard(self, device: Device, name: str, payload: Payload, now: float) -> None:
        """Of another device, for which the server vouches; but for legs."""
        if self.phase == "over" or device.device_id == self.me.device_id:
            return
        if isinstance(payload, Ask):
            here = Here(devices=self.devices, sends=self.sends)
            self.effects.append(Say("answer", device.device_id, here))
        elif isinstance(payload, Join):
            self._joined(device, name, payload, now)
        elif isinstance(payload, Here):
            self._is_here(device, name, payload, now)
        elif isinstance(payload, State):
            if (peer := self.peers.get(device.device_id)) is not None:
                peer.sends = payload.sends
        elif isinstance(payload, Absent):
            peer = self.peers.get(device.device_id)
            if peer is not None and peer.state != "connected":
                self._out(peer, "left")
        elif isinstance(payload, Again):
            self._asked_again(device, name, payload, now)

    def offered(self, device: Device, name: str, number: int, sdp: str, now: float) -> bool:
        """Somebody begins a leg. Returns whether it is taken."""
        peer = self._known(device, name, now)
        if peer is None or not self._legs.takes(peer, number, now):
            return False
        self.effects.append(TakeOffer(device.device_id, number, sdp))
        return True

    def answered(self, device: Device, number: int, sdp: str) -> None:
        peer = self.peers.get(device.device_id)
        if self.phase != "over" and peer is not None and peer.offers and number == peer.number:
            self.effects.append(TakeAnswer(device.device_id, number, sdp))

    def hung_up(self, device: Device, reason: str) -> None:
        """`reason`: as it came; what is none that is known counts as `left`."""
        if self.phase == "over":
            return
        known = REASONS.get(reason, "left")
        peer = self.peers.get(device.device_id)
        if peer is not None:
            self._out(peer, known)
        elif known == "full" and self.begun is None and self._joining.asks(device):
            self._leave_for(FULL)
        elif (rung := self._rings.ended(device.user_id, known)) is not None:
            self.gone.add(known, rung.name)
            self._look_who_is_left()

    # ── what the process of sound and pictures says ──────────────────────────────────────────────

    def leg(self, party: str, number: int, state: LegState, now: float) -> None:
        peer = self.peers.get(party)
        if peer is None or number != peer.number or self.phase == "over":
            return
        if state == "connected":
            peer.state, peer.tries, peer.due = "connected", 0, 0.0
            self.phase = "open"
            self.begun = now if self.begun is None else self.begun
        elif state == "lost":
            peer.state, peer.due = "lost", now + LOST_S
        elif state == "failed":
            self._fallen(peer, now)

    def refused(self, party: str, reason: HangUp) -> None:
        """This device is not who it was, or what it describes cannot be used: it is out."""
        peer = self.peers.get(party)
        if peer is not None and self.phase != "over":
            self.effects.append(Say("hangup", party, reason=reason))
            self._out(peer, reason)

    def offline(self, user_id: str) -> None:
        """No device of theirs has a line: who was to come does not; who is in it may be between networks."""
        for peer in list(self.peers.values()):
            if peer.device.user_id == user_id and peer.state == "connecting":
                self._give_up(peer)

    # ── time, and the line ───────────────────────────────────────────────────────────────────────

    def tick(self, now: float) -> None:
        """Does what is due."""
        if self.phase == "over":
            return
        if self._joining.is_late(now):
            self._leave_for(NOBODY)
            return
        if self._joining.due_again(now):
            self._ask_in()
        self._look_for_silent(now)
        for peer in list(self.peers.values()):
            if peer.retry_at is not None and now >= peer.retry_at:
                self._try(peer, now)
            elif peer.retry_at is None and peer.due and now >= peer.due:
                self._fallen(peer, now)
        if self._rings.ringing():
            self._go_on_ringing(now)

    def next_due(self) -> float | None:
        """When to `tick` next."""
        if self.phase == "over":
            return None
        times = [peer.retry_at if peer.retry_at is not None else peer.due for peer in self.peers.values()]
        times = [at for at in times if at]
        times += [*self._joining.times(), *self._rings.times(), *self._silence.times(self._to_come)]
        return min(times, default=None)

    def line_up(self, now: float) -> None:
        """The server is there again: whatever was said meanwhile may be lost."""
        if self.phase == "over":
            return
        self._joining.forget_told()
        self._silence.line_up(now)
        self.effects += [Say("answer", device, Join(sends=self.sends)) for device in self.peers]
        self._try_all(now)
        self.effects += self._rings.again()
        self._ask_in()

    def begin_anew(self, now: float) -> None:
        """Our ends of all legs are gone, and can be made again."""
        for peer in self.peers.values():
            if peer.state == "connected":
                peer.state = "lost"
        self._try_all(now)

    def line_lost(self) -> None:
        """Nothing is heard over the server now."""
        self._silence.line_lost()

    # ── inside: who is there ─────────────────────────────────────────────────────────────────────

    @property
    def devices(self) -> list[Device]:
        """All that are in the call, as far as this one knows."""
        return [self.me, *(peer.device for peer in self.peers.values())]

    @property
    def _here(self) -> set[str]:
        return {*self.peers, self.me.device_id}

    @property
    def rung(self) -> dict[str, Rung]:
        """By user."""
        return self._rings.rung

    def _go_on_ringing(self, now: float) -> None:
        if self._rings.is_late(now):
            self.effects += self._rings.taken_back("missed")
            for each in self._rings.over():
                self.gone.add("missed", each.name)
            self._look_who_is_left()
        elif self._rings.due_again(now):
            self.effects += self._rings.again()

    @property
    def _to_come(self) -> list[str]:
        """Devices that have come in, and were never connected."""
        return [device for device, peer in self.peers.items() if peer.state == "connecting"]

    def _look_for_silent(self, now: float) -> None:
        for device in self._to_come:
            if self._silence.is_gone(device, now):
                self._give_up(self.peers[device])
            elif self._silence.due(device, now):
                self.effects.append(Say("answer", device, Ask()))

    def _ask_in(self) -> None:
        self.effects += self._joining.say(self._here, self.sends)

    def _joined(self, device: Device, name: str, join: Join, now: float) -> None:
        known = device.device_id in self.peers
        peer = self._known(device, name, now)
        if peer is None:
            self.effects.append(Say("hangup", device.device_id, reason="full"))
            return
        peer.sends = join.sends
        self.effects.append(Say("answer", device.device_id, Here(devices=self.devices, sends=self.sends)))
        if known and join.fresh and peer.state != "connecting":
            # It was there before, and has begun anew: its end of the leg is gone.
            peer.tries = 0
            self._try(peer, now)

    def _is_here(self, device: Device, name: str, here: Here, now: float) -> None:
        if device.device_id not in self.peers and not self._joining.waits_for(device.device_id):
            return
        peer = self._known(device, name, now)
        if peer is None:
            return
        peer.sends = here.sends
        if self._sends_changed:  # it may have been asked before that
            self.effects.append(Say("ice", device.device_id, State(sends=self.sends)))
        self.effects += self._joining.ask_told(here.devices, self._here, self.sends)

    def _known(self, device: Device, name: str, now: float) -> Peer | None:
        """The peer, which is one from now on; None where there is no room, or the call is over."""
        if self.phase == "over" or device.device_id == self.me.device_id:
            return None
        peer = self.peers.get(device.device_id)
        if peer is None:
            if len(self.peers) + 1 >= CALL_PARTIES:
                return None
            peer = Peer(device, name, self.me.device_id < device.device_id, offered_at=now)
            self.peers[device.device_id] = peer
            self._silence.heard(device.device_id, now)
            self.gone.fallen.discard(device.user_id)
            self._joining.end()  # who is there tells of the others
            self._rings.came(device.user_id)
            if self.phase == "ringing":
                self.phase = "connecting"
            self._try(peer, now)
        return peer

    def _asked_again(self, device: Device, name: str, again: Again, now: float) -> None:
        before = self.peers.get(device.device_id)
        if before is None:  # who waits for an offer is in the call, though its joining was lost
            self._known(device, name, now)
        elif before.offers and again.number in (0, before.number):
            self._fallen(before, now)

    # ── inside: legs ─────────────────────────────────────────────────────────────────────────────

    def _try(self, peer: Peer, now: float) -> None:
        self.effects += self._legs.begin(peer, now)

    def _try_all(self, now: float) -> None:
        for peer in self.peers.values():
            if peer.state != "connected":
                peer.tries = 1  # nobody has heard of those before
                self._try(peer, now)

    def _fallen(self, peer: Peer, now: float) -> None:
        if not self._legs.fell(peer, now):
            self._give_up(peer)
        elif peer.state != "connecting":
            peer.state = "lost"

    def _give_up(self, peer: Peer) -> None:
        self.effects.append(Say("hangup", peer.device.device_id, reason="failed"))
        self._out(peer, "failed")

    def _out(self, peer: Peer, reason: HangUp) -> None:
        self.peers.pop(peer.device.device_id, None)
        self._silence.forget(peer.device.device_id)
        self.effects.append(Drop(peer.device.device_id))
        self.gone.add(reason, peer.name)
        if self.begun is None:
            self._rings.went(peer.device.user_id, reason)
        if reason == "failed":
            self.gone.fallen.add(peer.device.user_id)
        if reason == "full" and not self.peers:
            self._leave_for(FULL)
            return
        self._look_who_is_left()

    # ── inside: the end ──────────────────────────────────────────────────────────────────────────

    def _look_who_is_left(self) -> None:
        if not self.peers and not self._rings.ringing() and not self._joining.on:
            self._leave_for(self.gone.why(self.rung.values(), begun=self.begun is not None))

    def _leave_for(self, sentence: str) -> None:
        self._say_goodbye("left")
        self._over(sentence)

    def _say_goodbye(self, reason: HangUp) -> None:
        """Also to those whom we have asked to let us in."""
        hearing = dict.fromkeys([*self.peers, *self._joining.asked])
        self.effects += [Say("hangup", each, reason=reason) for each in hearing]

    def _over(self, sentence: str) -> None:
        self.effects += [Drop(device) for device in self.peers]
        self.gone.leave(self.peers.values())
        self.phase, self.reason = "over", sentence
        self.peers.clear()
        self._rings.over()
