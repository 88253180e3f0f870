"""What a room is told of calls that were begun here: one message, which is edited when the call is over.

Strategy: as for terminals (`terminal.notices`). Whoever began it edits the message when the last party is
gone, also where they have left before. What a killed program has left is settled by the next one of this
device, once it has asked whether the others still talk. Where whoever began it fell out and never came back,
nobody else may edit their message: the last one who goes says in a message of their own how it ended, and the
newest message about a call is what counts.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mesh_agent.calls import announcing
from mesh_agent.calls.announcing import Announced
from mesh_agent.calls.asking import Asking
from mesh_agent.client.errors import Unreachable
from mesh_agent.client.introductions import Introductions
from mesh_agent.machines.call_parts import not_came
from mesh_agent.terminal.ledger import Ledger, Left
from mesh_agent.terminal.notices import Notices, read_back
from protocol.errors import MeshError

if TYPE_CHECKING:
    from mesh_agent.calls.call import Call

ANNOUNCED_PAGES: Final = 2
"""How far back a room is looked through for calls."""

BEGUN_MAX: Final = 16
"""Calls that were begun here and left while others went on, whose end is waited for."""


@dataclass(slots=True)
class _Begun:
    """A call that was begun here: its message, when, with whom, who is still in it, and who did not come.
    `broken`: by a program that was killed, so that nobody knows how long it was."""

    left: Left
    since: float | None = None
    names: list[str] = field(default_factory=list)
    there: set[str] = field(default_factory=set)
    not_came: str = ""
    broken: bool = False


class Telling:
    """One account's."""

    def __init__(
        self,
        introductions: Introductions,
        ledger: Ledger,
        asking: Asking,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._introductions, self._ledger, self._asking = introductions, ledger, asking
        self._clock = clock
        self._begun: dict[str, _Begun] = {}
        self._notices = Notices(introductions, ledger, announcing.CONTENT_TYPE, self._message_of)
        self._tasks: set[asyncio.Task[None]] = set()

    def has_begun(self, call_id: str) -> bool:
        """Whether it was begun here, and its end is to be told."""
        return call_id in self._begun

    async def begin(self, room_id: str, call_id: str, *, video: bool) -> str:
        """Tells the room; returns the message's id. Raises: Unreachable, or the server's refusal."""
        content, over = announcing.beginning(call_id, video=video), announcing.end(call_id, None, ())
        try:
            left = await self._notices.tell(self._left(room_id, call_id), content, over)
        except (Unreachable, asyncio.CancelledError):
            self._spawn(self._notices.catch_up())
            raise
        self._begun[call_id] = _Begun(left)
        return left.message

    def over(self, call: "Call") -> None:
        """For this device a call is over, whoever had begun it."""
        names = [self._introductions.user.username, *call.names.values()]
        begun = self._begun.get(call.id)
        if begun is None:
            if call.forsaken and not call.left_behind and call.begun is not None:
                content = announcing.end(call.id, self._clock() - call.begun, names)
                self._spawn(self._say_end(call.room_id, content))
            return
        begun.since, begun.names, begun.there = call.begun, names, call.left_behind
        begun.not_came = not_came(call.rung)
        if len(begun.there) < 2:
            self.end(call.id)
        while len(self._begun) > BEGUN_MAX:
            self.end(next(iter(self._begun)))

    def gone(self, call_id: str, device_id: str) -> None:
        """Somebody says that they have left a call in which we are not."""
        begun = self._begun.get(call_id)
        if begun is not None:
            begun.there.discard(device_id)
            if len(begun.there) < 2:
                self.end(call_id)

    def end(self, call_id: str, content: str = "") -> None:
        """The room's message says from now on that it is over; by `content`, or how long it was."""
        begun = self._begun.pop(call_id, None)
        if begun is None:
            return
        seconds = None if begun.since is None else self._clock() - begun.since
        if begun.broken:
            content = content or announcing.broken(call_id)
        content = content or announcing.end(call_id, seconds, begun.names, begun.not_came)
        self._settle(begun.left, content)

    def nobody_there(self, room_id: str, call_id: str) -> None:
        """A call that a message of ours tells of is dead; another program or device of ours has begun it."""
        self._settle(self._left(room_id, call_id), announcing.broken(call_id))

    def catch_up(self) -> None:
        """There is a line: tells what waits for that, and what programs that were killed have left."""
        self._spawn(self._catch_up())

    async def announced(self, room_id: str) -> list[Announced]:
        """What the room's last messages say of calls, the newest first.

        Raises: NotMember; Unreachable: nothing of them is held here.
        """
        found = read_back(self._introductions, room_id, ANNOUNCED_PAGES, announcing.read)
        return [each async for each in found]

    async def close(self) -> None:
        """Returns when all is told that can be."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.to_thread(self._ledger.close)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _left(self, room_id: str, call_id: str) -> Left:
        return Left(user=self._introductions.user.id, room=room_id, terminal=call_id, command="")

    def _settle(self, left: Left, content: str) -> None:
        self._notices.amend(left, content)
        self._spawn(self._notices.catch_up())

    async def _catch_up(self) -> None:
        await self._notices.catch_up()
        for left in await self._notices.abandoned():
            self._spawn(self._settle_abandoned(left))

    async def _settle_abandoned(self, left: Left) -> None:
        """Its program was killed: the others may still be in it."""
        try:
            there = await self._asking.who_is_in(left.room, left.terminal)
        except MeshError:
            there = []
        # Those who are there may not have noticed yet that this device is not.
        devices = {device.device_id for device in there} - {self._introductions.device_id}
        if len(devices) > 1:
            self._begun[left.terminal] = _Begun(left, there=devices, broken=True)
        else:
            self._settle(left, announcing.broken(left.terminal))

    async def _message_of(self, left: Left) -> str:
        told = await self.announced(left.room)
        ours = (each for each in told if each.call_id == left.terminal and each.user_id == left.user)
        return next((each.message_id for each in ours if each.running), "")

    async def _say_end(self, room_id: str, content: str) -> None:
        with contextlib.suppress(MeshError):  # who calls next finds out by asking
            await self._introductions.tell(room_id, content, announcing.CONTENT_TYPE)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
