"""One call that this device is in: what screens and scripts hold.

Strategy: who is there is decided by the machine (`machines.call`), sound and pictures by the process
(`media.worker`); here both are driven. What others describe is checked before either sees it
(`descriptions`), what the process has told of each party is kept (`seen`), and what we bring in ourselves has
a place of its own (`doing`). Whoever paints waits for `changed` and looks at what there is then.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from mesh_agent.calls.descriptions import Described, Descriptions
from mesh_agent.calls.doing import Doing
from mesh_agent.calls.errors import CallOver
from mesh_agent.calls.process import Process
from mesh_agent.calls.requests import request_of
from mesh_agent.calls.seen import Seen
from mesh_agent.calls.state import CallPhase, Media, Own, Party, Picture
from mesh_agent.client.calling import CallEvent, CallRequest
from mesh_agent.client.errors import Unreachable
from mesh_agent.machines import call_parts as machine
from mesh_agent.machines.call import CallMachine
from mesh_agent.media import orders
from mesh_agent.sharing.desk import Desk
from protocol import calls
from protocol.calls import Device, HangUp, Leg, Role, Sends
from protocol.signals import RtcAnswer, RtcHangup, RtcIce, RtcOffer

if TYPE_CHECKING:
    from mesh_agent.net.known import Known

log = logging.getLogger(__name__)


class Call(Doing):
    """Attributes:
    id, room_id: the call's.
    video: it was begun as one with pictures.
    pictures: what parties (and we, by an empty name) show now, of those that are looked at.
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
        super().__init__(Own(muted=media.muted, records=media.record is not None))
        self.video: Final = video
        self.names: dict[str, str] = {}
        self.starter = ""
        self._desk, self._machine, self._media = desk, call_machine, media
        self._told, self._clock = told, clock
        self._news = asyncio.Event()
        self._seen = Seen()
        self._descriptions = Descriptions(desk, lambda: self._machine, self)
        self._process = Process(desk.introductions, media, clock)
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
        return self._machine.gone.sentences

    def departed_since(self, told: int) -> tuple[list[str], int]:
        """Those of them, at most the latest, that are beyond the first `told`, and how many there were."""
        count = self._machine.gone.count
        return self.departed[-(count - told) :] if count > told else [], count

    @property
    def rung(self) -> list[machine.Rung]:
        """All who were rung, and what came of it."""
        return list(self._machine.rung.values())

    @property
    def own(self) -> Own:
        return self._seen.own(self._own)

    @property
    def parties(self) -> list[Party]:
        """Who is there, in the order they came; then who is rung."""
        return self._seen.parties(self._machine.peers.values(), self._machine.rung.values())

    @property
    def pictures(self) -> dict[str, Picture]:
        return self._seen.pictures

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
            "parties": self._seen.rows(self.parties),
        }

    @property
    def left_behind(self) -> set[str]:
        """The devices that were still in it when we left."""
        return self._machine.gone.left_behind

    @property
    def forsaken(self) -> bool:
        """Whether who has begun it fell out and never came back, so that the room hears nothing from them."""
        return self.starter in self._machine.gone.fallen

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

    def view(self, tiles: list[orders.Tile], rate: float = 15.0) -> None:
        """What is looked at, and how large; nothing else is decoded."""
        self._seen.look_at(tile.party for tile in tiles)
        self._order(orders.View(tiles=tiles, rate=rate))

    async def leave(self) -> None:
        """Does nothing where it is over."""
        if self.phase != "over":
            self._last = self.statistics()
        self._machine.leave()
        self._act()
        await self.wait()

    def _order(self, order: orders.Order) -> None:
        if self.phase == "over":
            raise CallOver
        self._process.tell(order)

    def _send(self, sends: Sends) -> None:
        self._machine.set_sends(sends)
        self._act()

    # ── from beginning to end ────────────────────────────────────────────────────────────────────

    async def begin(self, enter: Callable[[CallMachine, float], None]) -> None:
        """Starts the process, and then what `enter` does with the machine.

        Raises:
            HelperEnded: it does not run.
            Unreachable, or the server's refusal: there is no line.
        """
        await self._process.begin()
        self._machine.sends = self.sent
        enter(self._machine, self._clock())
        self._tasks = [
            asyncio.create_task(work)
            for work in (self._listen(), self._descriptions.check(), self._process.keep_servers())
        ]
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
        self._machine.line_up(self._clock())
        self._act()

    def line_lost(self) -> None:
        self._machine.line_lost()
        self._act()

    def offline(self, user_id: str) -> None:
        """The server knows no device of theirs any more."""
        self._machine.offline(user_id)
        self._act()

    async def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._process.stop()

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
            self._say(request_of(which, effect))
        elif isinstance(effect, machine.MakeOffer):
            self._process.tell(orders.MakeOffer(party=effect.party, number=effect.number))
        elif isinstance(effect, machine.TakeOffer):
            self._process.tell(orders.TakeOffer(party=effect.party, number=effect.number, sdp=effect.sdp))
        elif isinstance(effect, machine.TakeAnswer):
            self._process.tell(orders.TakeAnswer(party=effect.party, number=effect.number, sdp=effect.sdp))
        else:
            self._forget(effect.party)

    def _forget(self, party: str) -> None:
        self._process.tell(orders.Drop(party=party))
        self._seen.forget(party)
        self._descriptions.forget(party)

    def _say(self, request: CallRequest) -> None:
        with contextlib.suppress(Unreachable):  # it is said again when there is a line
            self._desk.introductions.calling.say(request)

    # ── what others say ──────────────────────────────────────────────────────────────────────────

    def heard(self, event: CallEvent) -> None:
        """Of this call."""
        device = Device(event.sender.user_id, event.sender.device_id)
        self._machine.alive(device.device_id, self._clock())
        if isinstance(event, RtcHangup):
            self._last = self.statistics()
            self._machine.hung_up(device, event.reason or "left")
            self._act()
            return
        payload = calls.read(event.payload)
        if isinstance(event, RtcIce) and event.candidate is not None:
            self._candidate(device, event.candidate)
        elif isinstance(payload, Leg) and isinstance(event, RtcOffer | RtcAnswer) and event.sdp is not None:
            role: Role = "offer" if isinstance(event, RtcOffer) else "answer"
            said = Described(role, device, event.sender.username, payload, event.sdp)
            self._descriptions.heard(said)
        elif payload is not None and not isinstance(payload, Leg):
            self._machine.heard(device, event.sender.username, payload, self._clock())
            self._act()
        else:
            log.info("a signal of %s in a call cannot be read", device.device_id)

    def _candidate(self, device: Device, candidate: str | dict[str, Any]) -> None:
        peer = self._machine.peers.get(device.device_id)
        text = candidate if isinstance(candidate, str) else candidate.get("candidate")
        if peer is not None and isinstance(text, str):
            self._process.tell(
                orders.TakeCandidate(party=device.device_id, number=peer.number, candidate=text)
            )

    def take(self, described: Described, known: "Known") -> bool:
        """As `descriptions.Taker`."""
        device, number, taken = described.device, described.leg.number, False
        self._seen.compared[device.device_id] = known.compared
        if described.role == "offer":
            taken = self._machine.offered(device, described.name, number, described.sdp, self._clock())
        else:
            self._machine.answered(device, number, described.sdp)
        return taken

    def act(self) -> None:
        """As `descriptions.Taker`."""
        self._act()

    def complain(self, sentence: str) -> None:
        """As `descriptions.Taker`."""
        self._problem(sentence)
        self._news.set()

    def refuse(self, party: str, reason: HangUp, sentence: str) -> None:
        """As `descriptions.Taker`."""
        self._problem(sentence)
        self._machine.refused(party, reason)
        self._act()

    # ── what the process says ────────────────────────────────────────────────────────────────────

    async def _listen(self) -> None:
        hearers: dict[type, Callable[[Any], None]] = {
            orders.Described: self._vouched,
            orders.LegNow: self._leg,
            orders.Levels: self._seen.leveled,
            orders.Statistics: self._seen.counted,
            orders.Painted: self._seen.painted,
            orders.Ready: self._ready,
            orders.Problem: lambda report: self._problem(report.text),
        }
        again = " "
        while again:
            while (report := await self._process.report()) is not None:
                hearer = hearers.get(type(report), lambda _: None)
                try:
                    hearer(report)
                except Exception:  # one report that cannot be used ends no call, nor what comes after it
                    log.exception("a report of the process of a call failed")
                self._news.set()
            if again := await self._process.again():
                self._problem(again)
                self._machine.begin_anew(self._clock())
                self._act()
        self._machine.leave("failed", "The process of sound and pictures has ended.")
        self._act()

    def _vouched(self, told: orders.Described) -> None:
        """A description of ours goes out with what vouches for it."""
        request = self._descriptions.vouched(told)
        if request is not None:
            self._say(request)

    def _leg(self, told: orders.LegNow) -> None:
        if told.state == "failed":
            self._last = self.statistics()
        self._seen.ways[told.party] = told.way, told.reason
        self._machine.leg(told.party, told.number, told.state, self._clock())
        self._act()
