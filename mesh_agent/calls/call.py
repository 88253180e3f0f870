"""One call that this device is in: what screens and scripts hold.

Strategy: who is there is decided by the machine (`machines.call`), sound and pictures by the process
(`media.worker`); here both are driven. What others describe is checked before either sees it, one after the
other, so that an answer never overtakes the offer it belongs to. Whoever paints waits for `changed` and looks
at what there is then.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from mesh_agent.calls import vouching
from mesh_agent.calls.errors import CallOver
from mesh_agent.calls.state import CallPhase, Media, Own, Party, Picture, Statistics
from mesh_agent.client.calling import CallEvent, CallRequest
from mesh_agent.client.errors import Unreachable
from mesh_agent.machines import call as machine
from mesh_agent.machines.call import CallMachine
from mesh_agent.media import orders
from mesh_agent.net.base import Way
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.process import Helper, Program
from mesh_agent.sharing.state import IdentityChanged
from protocol import calls
from protocol.calls import Device, HangUp, Leg, Role, Sends
from protocol.errors import MeshError, PeerChanged
from protocol.signals import (
    RtcAnswer,
    RtcHangup,
    RtcIce,
    RtcOffer,
    SendRtcAnswer,
    SendRtcHangup,
    SendRtcIce,
    SendRtcOffer,
)

if TYPE_CHECKING:
    from mesh_agent.net.known import Known

log = logging.getLogger(__name__)

PROGRAM: Final[Program[orders.Order, orders.Report]] = Program("mesh_agent.media.worker", orders.next_report)

CHECKS_MAX: Final = 64
"""Descriptions of others that wait to be checked; more are left out."""

PROBLEMS_MAX: Final = 6
"""Sentences about devices that are kept."""

_SENDS: Final[dict[str, type[SendRtcOffer] | type[SendRtcAnswer] | type[SendRtcIce]]] = {
    "offer": SendRtcOffer,
    "answer": SendRtcAnswer,
    "ice": SendRtcIce,
}


class Call:
    """Attributes:
    id, room_id: the call's.
    video: it was begun as one with pictures.
    pictures: what parties (and we, by an empty name) show now, of those that are looked at.
    changed_: set whenever something is another; whoever waits for it clears it. See `changed`.
    names: of all who took part, by user.
    starter: the id of who has begun it; empty: we have.
    """

    def __init__(
        self,
        desk: Desk,
        call_machine: CallMachine,
        media: Media,
        *,
        video: bool,
        told: Callable[["Call"], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use `Calls`. `told` is called whenever the phase is another one."""
        self.video: Final = video
        self.pictures: dict[str, Picture] = {}
        self.names: dict[str, str] = {}
        self.starter = ""
        self.microphones: list[str] = []
        self.speakers: list[str] = []
        self._desk, self._machine, self._media, self._told, self._clock = (
            desk,
            call_machine,
            media,
            told,
            clock,
        )
        self._news = asyncio.Event()
        self._own = Own(muted=media.muted)
        self._muted_before = False
        self._levels: dict[str, orders.Level] = {}
        self._statistics: dict[str, orders.LegStatistics] = {}
        self._ways: dict[str, tuple[Way | None, str]] = {}
        self._compared: dict[str, bool] = {}
        self._shown: dict[tuple[str, Role], tuple[int, str]] = {}
        """Numbers and fingerprints of the last offers, ours and theirs, for what answers them."""

        self._helper: Helper[orders.Order, orders.Report] | None = None
        self._checks: asyncio.Queue[Coroutine[Any, Any, None]] = asyncio.Queue(CHECKS_MAX)
        self._timer: asyncio.TimerHandle | None = None
        self._phase: CallPhase = call_machine.phase
        self._last: dict[str, Any] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._over = asyncio.Event()
        self._ended: asyncio.Task[None] | None = None

    # ── what there is to see ─────────────────────────────────────────────────────────────────────

    @property
    def id(self) -> str:
        return self._machine.id

    @property
    def room_id(self) -> str:
        return self._machine.room_id

    @property
    def phase(self) -> CallPhase:
        return self._machine.phase

    @property
    def reason(self) -> str:
        """Why it is over, as a sentence."""
        return self._machine.reason

    @property
    def begun(self) -> float | None:
        """When the first party was heard, on the monotonic clock."""
        return self._machine.begun

    @property
    def departed(self) -> list[str]:
        """Sentences about who is not there any more, the latest last."""
        return self._machine.departed

    @property
    def own(self) -> Own:
        level = self._levels.get("")
        if level is None:
            return self._own
        return replace(self._own, level=level.level, speaking=level.speaking and not self._own.muted)

    @property
    def parties(self) -> list[Party]:
        """Who is there, in the order they came; then who is rung."""
        there = [self._party(peer) for peer in self._machine.peers.values()]
        rung = [
            Party(user_id=each.user_id, name=each.name)
            for each in self._machine.rung.values()
            if not each.how
        ]
        return there + rung

    def _party(self, peer: machine.Peer) -> Party:
        device = peer.device.device_id
        level = self._levels.get(device)
        way, reason = self._ways.get(device, (None, ""))
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
            speaking=level is not None and level.speaking and not peer.sends.muted,
            level=0.0 if level is None else level.level,
            compared=self._compared.get(device, False),
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

    @property
    def last_statistics(self) -> dict[str, Any]:
        """As `statistics`, once it is over as they were before that."""
        return (self.phase == "over" and self._last) or self.statistics()

    def statistics(self) -> dict[str, Any]:
        """All figures, for JSON."""
        return {
            "call": self.id,
            "phase": self.phase,
            "seconds": 0.0 if self.begun is None else round(self._clock() - self.begun, 1),
            "parties": [
                {
                    "user": party.name,
                    "device": party.device_id,
                    "state": party.state,
                    "way": party.way,
                    **asdict(party.statistics),
                    "concealed_ms": told.concealed_ms if told is not None else 0.0,
                    "pictures": told.pictures if told is not None else 0,
                }
                for party in self.parties
                if party.device_id
                for told in (self._statistics.get(party.device_id),)
            ],
        }

    @property
    def left_behind(self) -> set[str]:
        """The devices that were still in it when we left."""
        return self._machine.left_behind

    @property
    def forsaken(self) -> bool:
        """Whether who has begun it fell out and never came back, so that the room hears nothing from them."""
        return self.starter in self._machine.fallen

    def rings(self, user_id: str) -> bool:
        """Whether that person is rung, and has not answered."""
        rung = self._machine.rung.get(user_id)
        return rung is not None and not rung.how

    async def entered(self) -> None:
        """Returns once somebody else is there, or nobody will be."""
        while self.phase != "over" and not self._machine.peers:
            await self.changed()

    async def changed(self) -> None:
        """Returns at the next change; several at once are one."""
        await self._news.wait()
        self._news.clear()

    async def wait(self) -> None:
        """Returns when it is over, and its process gone."""
        await self._over.wait()
        if self._ended is not None:
            await asyncio.shield(self._ended)

    # ── what the person does ─────────────────────────────────────────────────────────────────────

    def mute(self, muted: bool) -> None:
        self._sends(muted=muted)

    def deafen(self, deafened: bool) -> None:
        """Who hears nothing is not heard either; afterwards all is as it was before."""
        if deafened != self._own.deafened:
            before, self._muted_before = self._muted_before, self._own.muted
            self._sends(deafened=deafened, muted=deafened or before)

    def push_to_talk(self, on: bool) -> None:
        """Muted, but while `talk`."""
        self._sends(push_to_talk=on, muted=on, talking=False)

    def talk(self, talking: bool) -> None:
        """With `push_to_talk` alone."""
        if self._own.push_to_talk and talking != self._own.talking:
            self._sends(talking=talking, muted=not talking)

    def camera(self, on: bool, source: str = "camera") -> None:
        """`source`: `camera`, `camera:NAME`, `test` or the path of a file."""
        self.show(source if on else "none")

    def show(self, video_in: str) -> None:
        """What is sent as a picture from now on; `screen` is one, too."""
        self._order(orders.Show(video_in=video_in))

    def use(self, audio_in: str, audio_out: str) -> None:
        """Other devices for sound."""
        self._order(orders.Use(audio_in=audio_in, audio_out=audio_out))

    def test(self) -> None:
        """Plays a tone for a second."""
        self._order(orders.Test())

    def view(self, tiles: list[orders.Tile], rate: float = 15.0) -> None:
        """What is looked at, and how large; nothing else is decoded."""
        wanted = {tile.party for tile in tiles}
        self.pictures = {party: each for party, each in self.pictures.items() if party in wanted}
        self._order(orders.View(tiles=tiles, rate=rate))

    async def leave(self) -> None:
        """Does nothing where it is over."""
        if self.phase != "over":
            self._last = self.statistics()
        self._machine.leave()
        self._act()
        await self.wait()

    def _sends(self, **changes: Any) -> None:
        self._own = replace(self._own, **changes)
        own = self._own
        self._order(orders.Speak(muted=own.muted, deafened=own.deafened))
        self._machine.set_sends(Sends(own.muted, own.deafened, own.camera, own.screen))
        self._act()

    def _order(self, order: orders.Order) -> None:
        if self._helper is None or self.phase == "over":
            raise CallOver
        self._helper.tell(order)

    # ── from beginning to end ────────────────────────────────────────────────────────────────────

    async def begin(self, enter: Callable[[CallMachine, float], None]) -> None:
        """Starts the process, and then what `enter` does with the machine.

        Raises:
            HelperEnded: it does not run.
            Unreachable, or the server's refusal: there is no line.
        """
        servers = await self._desk.introductions.ice_servers()
        helper = await Helper.start(PROGRAM)
        helper.tell(
            orders.Begin(
                ice=[
                    orders.Ice(urls=each.urls, username=each.username, credential=each.credential)
                    for each in servers
                ],
                **asdict(self._media),
            )
        )
        self._helper = helper
        self._machine.sends = Sends(muted=self._own.muted)
        enter(self._machine, self._clock())
        self._tasks = [asyncio.create_task(work) for work in (self._listen(helper), self._check())]
        self._act()

    def merge(self, call_id: str, targets: list[str]) -> None:
        """Both have rung each other: ours goes on as that call."""
        before = self._machine
        before.leave("merged")
        self._carry_out(before)
        self._machine = CallMachine(before.me, call_id, before.room_id, wall_ms=before.wall_ms)
        self._machine.sends = before.sends
        self._machine.join(targets, self._clock())
        self._act()

    def line_up(self) -> None:
        self._machine.line_up()
        self._act()

    async def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while not self._checks.empty():
            self._checks.get_nowait().close()
        helper, self._helper = self._helper, None
        if helper is not None:
            await helper.stop()

    def _act(self) -> None:
        """Does what the machine wants, and tells who is interested."""
        self._carry_out(self._machine)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._machine.next_due()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(due - self._clock(), 0), self._tick)
        self._news.set()
        if self._phase != self.phase:
            self._phase = self.phase
            if self.phase == "over" and self._ended is None:
                self._over.set()
                self._ended = asyncio.create_task(self._end())
            self._told(self)

    def _tick(self) -> None:
        self._machine.tick(self._clock())
        self._act()

    def _carry_out(self, which: CallMachine) -> None:
        while which.effects:
            effects, which.effects = which.effects, []
            for effect in effects:
                self._do(which, effect)
        self.names |= {peer.device.user_id: peer.name for peer in which.peers.values()}

    def _do(self, which: CallMachine, effect: machine.Effect) -> None:
        if isinstance(effect, machine.Say):
            self._say(self._request(which, effect))
        elif isinstance(effect, machine.MakeOffer):
            self._tell(orders.MakeOffer(party=effect.party, number=effect.number))
        elif isinstance(effect, machine.TakeOffer):
            self._tell(orders.TakeOffer(party=effect.party, number=effect.number, sdp=effect.sdp))
        elif isinstance(effect, machine.TakeAnswer):
            self._tell(orders.TakeAnswer(party=effect.party, number=effect.number, sdp=effect.sdp))
        else:
            self._forget(effect.party)

    def _forget(self, party: str) -> None:
        self._tell(orders.Drop(party=party))
        for kept in (self._levels, self._statistics, self._ways, self.pictures):
            kept.pop(party, None)
        self._shown = {key: shown for key, shown in self._shown.items() if key[0] != party}

    def _request(self, which: CallMachine, say: machine.Say) -> CallRequest:
        place = {"call_id": which.id, "room_id": which.room_id, "to": say.to}
        if say.kind == "hangup":
            return SendRtcHangup(**place, reason=say.reason)
        assert say.payload is not None
        return _SENDS[say.kind](**place, payload=calls.write(say.payload))

    def _say(self, request: CallRequest) -> None:
        with contextlib.suppress(Unreachable):  # it is said again when there is a line
            self._desk.introductions.calling.say(request)

    def _tell(self, order: orders.Order) -> None:
        if self._helper is not None:
            self._helper.tell(order)

    # ── what others say ──────────────────────────────────────────────────────────────────────────

    def heard(self, event: CallEvent) -> None:
        """Of this call."""
        device = Device(event.sender.user_id, event.sender.device_id)
        if isinstance(event, RtcHangup):
            self._last = self.statistics()
            self._machine.hung_up(device, event.reason or "left")
            self._act()
            return
        payload = calls.read(event.payload)
        if isinstance(event, RtcIce) and event.candidate is not None:
            self._candidate(device, event.candidate)
        elif isinstance(payload, Leg) and isinstance(event, RtcOffer | RtcAnswer) and event.sdp is not None:
            work = partial(self._described, "offer" if isinstance(event, RtcOffer) else "answer")
            if not self._checks.full():
                self._checks.put_nowait(work(device, event.sender.username, payload, event.sdp))
        elif payload is not None and not isinstance(payload, Leg):
            self._machine.heard(device, event.sender.username, payload, self._clock())
            self._act()
        else:
            log.info("a signal of %s in a call cannot be read", device.device_id)

    def _candidate(self, device: Device, candidate: str | dict[str, Any]) -> None:
        peer = self._machine.peers.get(device.device_id)
        text = candidate if isinstance(candidate, str) else candidate.get("candidate")
        if peer is not None and isinstance(text, str):
            self._tell(orders.TakeCandidate(party=device.device_id, number=peer.number, candidate=text))

    async def _check(self) -> None:
        while True:
            work = await self._checks.get()
            try:
                await work
            except Exception:  # what one party says ends no call
                log.exception("a description could not be checked")

    async def _described(self, role: Role, device: Device, name: str, leg: Leg, sdp: str) -> None:
        me, peer = self._machine.me.device_id, device.device_id
        offered = self._offered(peer, "answer", leg.number) if role == "answer" else ""
        try:
            known = await vouching.check(
                self._desk.known, leg, role, self.id, device.user_id, peer, me, sdp, offered
            )
        except PeerChanged:
            await self._changed(device, name, leg.key)
            self._refuse(peer, "identity", PeerChanged.text)
        except MeshError as error:
            log.info("a description of %s is refused: %s", peer, error.message)
            if peer in self._machine.peers:
                self._refuse(peer, "failed", error.message)
        else:
            self._take(role, device, name, leg.number, sdp, known)

    def _take(self, role: Role, device: Device, name: str, number: int, sdp: str, known: "Known") -> None:
        self._compared[device.device_id] = known.compared
        if role == "offer":
            if self._machine.offered(device, name, number, sdp, self._clock()):
                self._shown[device.device_id, "offer"] = number, vouching.fingerprint(sdp)
        else:
            self._machine.answered(device, number, sdp)
        self._act()

    def _offered(self, party: str, answered_as: Role, number: int) -> str:
        """The fingerprint in the offer of that leg; empty where it is not the last one."""
        last, shown = self._shown.get((party, answered_as), (0, ""))
        return shown if last == number else ""

    def _refuse(self, party: str, reason: HangUp, sentence: str) -> None:
        self._problem(sentence)
        self._machine.refused(party, reason)
        self._act()

    async def _changed(self, device: Device, name: str, key: bytes) -> None:
        from mesh_agent.net.words import safety_words

        words = await asyncio.to_thread(safety_words, self._desk.identity.public, key)
        self._desk.publish(IdentityChanged(device.user_id, name, device.device_id, words))

    # ── what the process says ────────────────────────────────────────────────────────────────────

    async def _listen(self, helper: Helper[orders.Order, orders.Report]) -> None:
        hearers: dict[type, Callable[[Any], None]] = {
            orders.Described: self._vouched,
            orders.LegNow: self._leg,
            orders.Levels: self._leveled,
            orders.Statistics: self._counted,
            orders.Painted: self._painted,
            orders.Ready: self._ready,
            orders.Problem: lambda report: self._problem(report.text),
        }
        while (report := await helper.report()) is not None:
            hearer = hearers.get(type(report))
            if hearer is not None:
                hearer(report)
                self._news.set()
        self._machine.leave("failed", "The process of sound and pictures has ended.")
        self._act()

    def _vouched(self, told: orders.Described) -> None:
        """A description of ours goes out with what vouches for it."""
        peer = self._machine.peers.get(told.party)
        if peer is None or peer.number != told.number:
            return
        shown = vouching.fingerprint(told.sdp)
        offered = ""
        if told.kind == "offer":
            self._shown[told.party, "answer"] = told.number, shown
        else:
            offered = self._offered(told.party, "offer", told.number)
        leg = vouching.vouch(
            self._desk.identity,
            told.kind,
            self.id,
            told.number,
            self._machine.me.device_id,
            told.party,
            shown,
            offered,
        )
        request = SendRtcOffer if told.kind == "offer" else SendRtcAnswer
        self._say(
            request(
                call_id=self.id, room_id=self.room_id, to=told.party, sdp=told.sdp, payload=calls.write(leg)
            )
        )

    def _leg(self, told: orders.LegNow) -> None:
        if told.state == "failed":
            self._last = self.statistics()
        self._ways[told.party] = told.way, told.reason
        self._machine.leg(told.party, told.number, told.state, self._clock())
        self._act()

    def _leveled(self, told: orders.Levels) -> None:
        self._levels |= {level.party: level for level in told.levels}

    def _counted(self, told: orders.Statistics) -> None:
        self._statistics = {leg.party: leg for leg in told.legs}

    def _painted(self, told: orders.Painted) -> None:
        self.pictures[told.party] = Picture(told.party, told.columns, told.rows, told.pixels)

    def _ready(self, told: orders.Ready) -> None:
        self.microphones, self.speakers = told.microphones, told.speakers
        for problem in told.problems:
            self._problem(problem)
        shows: Literal["", "camera", "screen"] = (
            "" if told.video_in == "none" else "screen" if told.video_in == "screen" else "camera"
        )
        self._own = replace(self._own, camera=shows == "camera", screen=shows == "screen")
        own = self._own
        self._machine.set_sends(Sends(own.muted, own.deafened, own.camera, own.screen))
        self._act()

    def _problem(self, text: str) -> None:
        kept = [problem for problem in self._own.problems if problem != text]
        self._own = replace(self._own, problems=tuple([*kept, text][-PROBLEMS_MAX:]))
