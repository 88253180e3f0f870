"""What others say of calls, and where it goes: to the call that this device is in, to the bell, or nowhere.

Strategy: signals of the call that this device is in go to it (`call.Call`); others ring, or mean nothing.
When two people call each other in one room at the same time, the call with the smaller id goes on, and both
know which that is. What rings while this device enters a call is looked at once it has entered.
"""

import asyncio
from collections.abc import Awaitable, Callable

from mesh_agent.calls import announcing
from mesh_agent.calls.asking import Asking
from mesh_agent.calls.bell import Bell
from mesh_agent.calls.call import Call
from mesh_agent.calls.ending import Ending
from mesh_agent.calls.ringing import RINGING_MAX
from mesh_agent.calls.seat import Seat
from mesh_agent.calls.state import CallRinging, Ringing
from mesh_agent.calls.telling import Telling
from mesh_agent.client.calling import CallEvent
from mesh_agent.client.introductions import Introductions
from protocol import calls
from protocol.calls import CALL_PARTIES, Device
from protocol.signals import RtcAnswer, RtcHangup, RtcOffer
from protocol.text import clean_line


class Switchboard:
    """One account's; a `calling.CallConsumer`.

    Attributes:
        current: the call that this device is in; None once it is over.
        entering: this device is about to be in one.
    """

    def __init__(
        self,
        introductions: Introductions,
        asking: Asking,
        telling: Telling,
        seat: Seat,
        bell: Bell,
        ending: Ending,
        publish: Callable[[CallRinging], None],
    ) -> None:
        self.current: Call | None = None
        self.entering = False
        self._introductions = introductions
        self._asking, self._telling, self._seat = asking, telling, seat
        self._bell, self._ending, self._publish = bell, ending, publish
        self._early: list[tuple[RtcOffer, calls.Ring]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def hold(self) -> None:
        """This device enters a call: what rings meanwhile waits."""
        self.entering = True

    def go_on(self) -> None:
        """It is in the call (`current`), or has not come into it."""
        self.entering = False
        early, self._early = self._early, []
        for event, ring in early:
            self._rung(event, ring)

    async def close(self) -> None:
        """Returns when all is said that is being said."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # ── what others say ──────────────────────────────────────────────────────────────────────────

    def call_event(self, event: CallEvent) -> None:
        if not event.call_id:
            return
        if self.current is not None and event.call_id == self.current.id:
            if event.room_id == self.current.room_id:  # the server vouches for members of that room alone
                self.current.heard(event)
        elif isinstance(event, RtcHangup):
            self._hung_up(event)
        elif isinstance(event, RtcOffer) and event.sdp is None:
            payload = calls.read(event.payload)
            if isinstance(payload, calls.Ring) and event.sender.user_id != self._introductions.user.id:
                self._rung(event, payload)
        elif isinstance(event, RtcAnswer):
            self._asked(event)

    def call_line_up(self) -> None:
        if self.current is not None:
            self.current.line_up()
        self._telling.catch_up()

    def call_line_lost(self) -> None:
        if self.current is not None:
            self.current.line_lost()

    def call_offline(self, user_id: str) -> None:
        if self.current is not None:
            self.current.offline(user_id)
        self._bell.offline(user_id)

    def _asked(self, event: RtcAnswer) -> None:
        """Whether this device is in a call, or what somebody says to a question of ours."""
        if isinstance(calls.read(event.payload), calls.Ask | calls.Join):
            if not self.entering and event.sender.device_id != self._introductions.device_id:
                self._spawn(self._deny(event))
        else:
            self._asking.heard(event)

    async def _deny(self, event: RtcAnswer) -> None:
        if not await asyncio.to_thread(self._seat.taken_beside):
            self._asking.deny(event)

    def _rung(self, event: RtcOffer, ring: calls.Ring) -> None:
        sender = Device(event.sender.user_id, event.sender.device_id)
        name = clean_line(event.sender.username)
        current = self.current
        if self.entering:  # what it means is clear once we have entered
            self._early = [*self._early, (event, ring)][-RINGING_MAX:]
            return
        if current is not None and current.id == event.call_id:
            return  # said again while we came
        if current is not None and self._crosses(current, event):
            if event.call_id < current.id:
                self._telling.end(current.id, announcing.merged(current.id))
                current.starter = sender.user_id
                current.merge(event.call_id, [sender.device_id])
            return
        if current is not None:
            if self._bell.settle(event.call_id):
                self._ending.refuse(event, "busy")
                self._publish(CallRinging(event.call_id, None, "busy", name))
            return
        people = len({device.user_id for device in ring.devices} | {sender.user_id})
        shown = Ringing(event.call_id, event.room_id, sender.user_id, name, ring.video, people)
        devices = tuple(dict.fromkeys((sender, *ring.devices[:CALL_PARTIES])))
        added = self._bell.ring(shown, devices)
        if added == "busy" or added == "often":
            self._ending.refuse(event, added)

    def _crosses(self, current: Call, event: RtcOffer) -> bool:
        """Whether both ring each other."""
        return (
            current.phase == "ringing"
            and current.room_id == event.room_id
            and any(each.user_id == event.sender.user_id and not each.how for each in current.rung)
        )

    def _hung_up(self, event: RtcHangup) -> None:
        ring = self._bell.get(event.call_id)
        if ring is not None and event.sender.device_id in {device.device_id for device in ring.devices}:
            self._bell.no_longer(event.call_id, "merged" if event.reason == "merged" else "missed")
        elif event.sender.user_id == self._introductions.user.id:
            beside = event.sender.device_id == self._introductions.device_id
            self._bell.settled_by_own(event.call_id, event.reason or "", beside=beside)
        self._telling.gone(event.call_id, event.sender.device_id)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
