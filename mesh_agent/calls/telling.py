"""What a room is told of calls that were begun here: one message, which is edited when the call is over.

Strategy: whoever began it edits the message when the last party is gone, also where they have left before.
What was told is kept on disk as long as it is to be edited (`terminal.ledger`), so what a killed program has
left is settled by the next one of this device, once it has asked whether the others still talk. Where whoever
began it fell out and never came back, nobody else may edit their message: the last one who goes says in a
message of their own how it ended, and the newest message about a call is what counts.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from mesh_agent.calls import announcing
from mesh_agent.calls.announcing import Announced
from mesh_agent.calls.asking import Asking
from mesh_agent.client.errors import SignInNeeded, Unreachable
from mesh_agent.client.introductions import Introductions
from mesh_agent.machines.call_parts import not_came
from mesh_agent.terminal.ledger import Ledger, Left
from protocol import limits
from protocol.errors import MeshError, RateLimited

if TYPE_CHECKING:
    from mesh_agent.calls.call import Call

ANNOUNCED_PAGES: Final = 2
"""How far back a room is looked through for calls."""

BEGUN_MAX: Final = 16
"""Calls that were begun here and left while others went on, whose end is waited for."""

PENDING_MAX: Final = 64
"""Ends that wait for a line to be told."""

_LATER: Final = (Unreachable, RateLimited, SignInNeeded)
"""Refusals that another time may not meet; any other one is for good."""


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
        self._pending: dict[str, tuple[Left, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._one = asyncio.Lock()

    def has_begun(self, call_id: str) -> bool:
        """Whether it was begun here, and its end is to be told."""
        return call_id in self._begun

    async def begin(self, room_id: str, call_id: str, *, video: bool) -> str:
        """Tells the room; returns the message's id. Raises: Unreachable, or the server's refusal."""
        left = Left(user=self._introductions.user.id, room=room_id, terminal=call_id, command="")
        await asyncio.to_thread(self._ledger.begin, left)
        content = announcing.beginning(call_id, video=video)
        try:
            message = await self._introductions.tell(room_id, content, announcing.CONTENT_TYPE)
        except (Unreachable, asyncio.CancelledError):
            self._settle(left, announcing.end(call_id, None, ()))  # the room may have been told of it
            raise
        except MeshError:
            await asyncio.to_thread(self._ledger.end, call_id)
            raise
        left = replace(left, message=message)
        self._begun[call_id] = _Begun(left)
        await asyncio.to_thread(self._ledger.told, left)
        return message

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
        left = Left(user=self._introductions.user.id, room=room_id, terminal=call_id, command="")
        self._settle(left, announcing.broken(call_id))

    def catch_up(self) -> None:
        """There is a line: tells what waits for that, and what programs that were killed have left."""
        self._spawn(self._catch_up())

    async def announced(self, room_id: str) -> list[Announced]:
        """What the room's last messages say of calls, the newest first.

        Raises: NotMember; Unreachable: nothing of them is held here.
        """
        found: list[Announced] = []
        before: int | None = None
        for _ in range(ANNOUNCED_PAGES):
            page = await self._introductions.messages(room_id, before, limits.PAGE_MAX)
            read = (announcing.read(message) for message in reversed(page.messages))
            found += [each for each in read if each is not None]
            if not page.has_more or not page.messages:
                break
            before = page.messages[0].seq
        return found

    async def close(self) -> None:
        """Returns when all is told that can be."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.to_thread(self._ledger.close)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _settle(self, left: Left, content: str) -> None:
        if len(self._pending) < PENDING_MAX:
            self._pending[left.terminal] = left, content
        self._spawn(self._edit())

    async def _catch_up(self) -> None:
        await self._edit()
        for left in await asyncio.to_thread(self._ledger.abandoned, self._introductions.user.id):
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

    async def _edit(self) -> None:
        async with self._one:
            for call_id, (left, content) in list(self._pending.items()):
                try:
                    await self._edit_one(left, content)
                except _LATER:
                    continue
                except MeshError:
                    pass  # the message, the room or we are no longer there
                self._pending.pop(call_id, None)
                await asyncio.to_thread(self._ledger.end, call_id)

    async def _edit_one(self, left: Left, content: str) -> None:
        message = left.message
        if not message:  # the program was killed before it had heard the message's id
            told = await self.announced(left.room)
            ours = (each for each in told if each.call_id == left.terminal and each.user_id == left.user)
            message = next((each.message_id for each in ours if each.running), "")
        if message:
            await self._introductions.amend(left.room, message, content)

    async def _say_end(self, room_id: str, content: str) -> None:
        with contextlib.suppress(MeshError):  # who calls next finds out by asking
            await self._introductions.tell(room_id, content, announcing.CONTENT_TYPE)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
