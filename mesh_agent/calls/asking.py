"""Whether anybody is in a call that a room's message tells of: asked before one comes into it.

Strategy: a message says that there is a call until it is edited, also where its author was killed. So the
members are asked: who is in it says so, and by whom it is; who is not says that, too, so that a dead call is
known for one as soon as everybody who is there has denied it, and not only when patience ends. A person with
several devices may deny on one before another affirms; hence the short wait after the last denial.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from mesh_agent.client.errors import Unreachable
from mesh_agent.client.introductions import Introductions
from protocol import calls
from protocol.calls import Absent, Ask, Device, Here
from protocol.rest import Member
from protocol.signals import RtcAnswer, SendRtcAnswer

ASK_S: Final = 6.0
ASK_EVERY_S: Final = 2.0
"""For how long, and how often, those are asked who neither affirm nor deny."""

DENIED_S: Final = 1.0
"""How long is waited after everybody has denied it."""

ALONE_S: Final = 2.0
"""How long is waited where nobody seems to be there: who hides that is there, too."""

ASKED_MAX: Final = 32
"""Members who are asked: those who are there before others."""

DENIALS_BURST: Final = 8
DENIALS_S: Final = 0.5
"""Denials of ours: so many at once, and one more every so many seconds."""


def asked(members: list[Member], starter: str) -> list[Member]:
    """Who is asked about a call: who has begun it (a user's id), those who are there, others."""
    members = sorted(members, key=lambda member: (member.user_id != starter, member.presence == "offline"))
    return members[:ASKED_MAX]


class Question:
    """What became of one question. `until`: when patience ends. `here`: who is in it, once somebody has said
    that. No IO; clocks are given."""

    def __init__(self, there: set[str], now: float) -> None:
        """`there`: users who are there, as far as is known."""
        self.here: list[Device] = []
        self.until = now + (ASK_S if there else ALONE_S)
        self._open = there

    def heard(self, sender: Device, payload: calls.Payload | None, now: float) -> None:
        if isinstance(payload, Here):
            self.here = list(dict.fromkeys((sender, *payload.devices)))
        elif isinstance(payload, Absent) and sender.user_id in self._open:
            self._open.discard(sender.user_id)
            if not self._open:
                self.until = min(self.until, now + DENIED_S)


class Asking:
    """One account's questions, and its answers to those of others."""

    def __init__(self, introductions: Introductions, clock: Callable[[], float] = time.monotonic) -> None:
        self._introductions, self._clock = introductions, clock
        self._questions: dict[str, tuple[Question, asyncio.Event]] = {}
        self._denials_left, self._denied_at = float(DENIALS_BURST), clock()

    async def who_is_in(self, room_id: str, call_id: str, starter: str = "") -> list[Device]:
        """The devices in that call, the one that has answered first; empty: nobody is in it.

        Raises: NotMember; Unreachable: there is no line.
        """
        if not self._introductions.calling.up:
            raise Unreachable("There is no connection to the server now.")
        me = self._introductions.user.id
        people = asked(await self._introductions.members(room_id), starter)
        there = {member.user_id for member in people if member.presence != "offline"} - {me}
        question, news = Question(there, self._clock()), asyncio.Event()
        self._questions[call_id] = question, news
        try:
            ids = [member.user_id for member in people]
            await self._ask(room_id, call_id, ids, question, news)
        finally:
            self._questions.pop(call_id, None)
        return question.here

    async def _ask(
        self, room_id: str, call_id: str, users: list[str], question: Question, news: asyncio.Event
    ) -> None:
        again = 0.0
        while not question.here and (now := self._clock()) < question.until:
            if now >= again:
                again = now + ASK_EVERY_S
                for user in users:  # one who has just left the room would spoil it for others beside them
                    self._say(room_id, call_id, user, Ask())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(again, question.until) - now)):
                    await news.wait()
            news.clear()

    def heard(self, event: RtcAnswer) -> None:
        """Of a call in which this program is not: what somebody says to our question."""
        asked_here = self._questions.get(event.call_id)
        if asked_here is not None:
            question, news = asked_here
            sender = Device(event.sender.user_id, event.sender.device_id)
            question.heard(sender, calls.read(event.payload), self._clock())
            news.set()

    def deny(self, event: RtcAnswer) -> None:
        """Says to who asks that this device is not in that call; not to a flood of questions."""
        now = self._clock()
        self._denials_left = min(DENIALS_BURST, self._denials_left + (now - self._denied_at) / DENIALS_S)
        self._denied_at = now
        if self._denials_left >= 1:
            self._denials_left -= 1
            self._say(event.room_id, event.call_id, event.sender.device_id, Absent())

    def _say(self, room_id: str, call_id: str, to: str, payload: Ask | Absent) -> None:
        with contextlib.suppress(Unreachable):
            self._introductions.calling.say(
                SendRtcAnswer(call_id=call_id, room_id=room_id, to=to, payload=calls.write(payload))
            )
