"""Pushes: what was said while a person was away, told to their phone.

    log ── unread, and for whom? nobody of theirs here? ──> queue ── due ──> push server ──> gone
                                                              ^── no answer: later ──┘

Strategy: no sender waits for any of this. What is to be pushed is read from the log, behind a cursor that is
stored with what it found, so that neither a crash nor a restart loses a push. Somebody is here while one of
their connections is open and does not say `away`. A message has to be `delay_s` old first, so that who reads
it meanwhile, or comes back from a restart of the server, hears nothing of it.

What waits of one room for one target is told in one push, about the newest. A push server that does not
answer is asked again later and later, for `give_up_s` at most, and holds up nobody else's.
"""

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from mesh_server.bus.base import BusMessage, MessagesCreated
from mesh_server.ids import Clock
from mesh_server.services.push_addresses import parse_place
from mesh_server.services.push_targets import Notice, Notifier, Outcome
from mesh_server.store.base import NewPush, PushCandidate, PushDue, PushStore, PushTargetRecord
from protocol.errors import StorageUnavailable
from protocol.text import clean_text

log = logging.getLogger(__name__)

TICK_S: Final = 0.25
STEP: Final = 2_000
"""Messages that one look into the log reads: a large room is looked at once for all of its own."""

CURSOR_EVERY_S: Final = 5.0
"""How often the cursor is stored where it found nothing to push."""

MAX_AGE_S: Final = 3_600.0
"""A message older than that is news no more, whatever kept the server from looking at it."""

KEEP: Final = 50
"""Pushes that wait for one target; past it the oldest are forgotten."""

DUE: Final = 100
"""Pushes that one look into the queue reads."""

IN_FLIGHT: Final = 16
IN_FLIGHT_HOST: Final = 4
"""Pushes under way at once, in all and to one push server."""

BACKOFF_MAX_S: Final = 1_800.0
HELD_S: Final = 60.0
"""How long a target rests whose push could not be struck off the queue: it would be sent again and again."""

TEXT_CHARS: Final = 300

_WHAT: Final = {"dm": "wrote to you", "mention": "mentioned you", "room": "wrote"}

Random = Callable[[], float]
"""From 0 to 1."""


class Pace(NamedTuple):
    delay_s: float
    retry_s: float
    give_up_s: float


class PushService:
    """`is_here` tells whether somebody need not be pushed; `outcomes` counts what became of pushes."""

    def __init__(
        self,
        store: PushStore,
        notifier: Notifier,
        *,
        is_here: Callable[[str], bool],
        link: Callable[[str, int], str],
        pace: Pace,
        clock: Clock,
        random: Random,
    ) -> None:
        self._store, self._notifier = store, notifier
        self._is_here, self._link, self._pace = is_here, link, pace
        self._clock, self._random = clock, random
        self._cursor = self._stored_cursor = 0
        self._cursor_stored_at = 0.0
        self._look_until = 0.0
        self._looked_at = 0.0
        self._next_due: int | None = 0
        self._in_flight: dict[str, str] = {}
        self._held: dict[str, int] = {}
        self.outcomes: Counter[str] = Counter()
        self.waiting = 0

    def on_bus(self, message: BusMessage) -> None:
        if isinstance(message, MessagesCreated):
            self.look()

    def look(self) -> None:
        """There may be something in the log, which will be old enough in a moment."""
        self._look_until = asyncio.get_running_loop().time() + self._pace.delay_s + 1.0

    async def keep(self) -> None:
        """For ever."""
        try:
            self._cursor = self._stored_cursor = await self._begin()
            self._next_due = 0
            await asyncio.sleep(self._pace.delay_s)
            self.look()
            async with asyncio.TaskGroup() as group:
                while True:
                    with suppress(StorageUnavailable):  # logged where it happened
                        await self._collect()
                        await self._send_due(group)
                    await asyncio.sleep(TICK_S)
        finally:
            await self._notifier.close()

    async def _begin(self) -> int:
        while True:
            with suppress(StorageUnavailable):
                return await self._store.get_cursor()
            await asyncio.sleep(TICK_S)

    # ── from the log into the queue ──────────────────────────────────────────────────────────────

    async def _collect(self) -> None:
        # However late this comes, and if the store could not meanwhile: the last look began late enough.
        now_s = asyncio.get_running_loop().time()
        more = self._looked_at < self._look_until
        while more:
            now = self._clock()
            until, since = now - int(self._pace.delay_s * 1000), now - int(MAX_AGE_S * 1000)
            upto, found = await self._store.list_candidates(self._cursor, STEP, since=since, until=until)
            new = self._new(found, now)
            if new:
                self.outcomes["dropped"] += await self._store.add_pushes(upto, new, keep=KEEP)
                self._stored_cursor, self._next_due = upto, 0
            more, self._cursor = upto != self._cursor, upto
        self._looked_at = now_s
        if self._cursor != self._stored_cursor and now_s - self._cursor_stored_at > CURSOR_EVERY_S:
            await self._store.add_pushes(self._cursor, (), keep=KEEP)
            self._stored_cursor, self._cursor_stored_at = self._cursor, now_s

    def _new(self, found: Sequence[PushCandidate], now: int) -> list[NewPush]:
        """For who is away; of each target no more than may wait for it."""
        by_target: defaultdict[str, deque[NewPush]] = defaultdict(lambda: deque(maxlen=KEEP))
        here = {user_id for user_id in {one.user_id for one in found} if self._is_here(user_id)}
        for one in found:
            if one.user_id in here:
                continue
            waiting = by_target[one.target_id]
            self.outcomes["dropped"] += len(waiting) == KEEP
            waiting.append(
                NewPush(
                    target_id=one.target_id,
                    room_id=one.room_id,
                    seq=one.seq,
                    reason=one.reason,
                    created_at=now,
                    due_at=now,
                )
            )
        return [push for waiting in by_target.values() for push in waiting]

    # ── out of the queue ─────────────────────────────────────────────────────────────────────────

    async def _send_due(self, group: asyncio.TaskGroup) -> None:
        now = self._clock()
        if self._next_due is None or self._next_due > now:
            return
        before = now - int(self._pace.give_up_s * 1000)
        dropped, given_up = await self._store.drop_stale(now, before)
        self.outcomes["dropped"] += dropped
        self.outcomes["given_up"] += given_up
        for due in await self._store.list_due(now, DUE):
            host = _host(due.target)
            if self._may_go(due.target.id, host, now):
                self._in_flight[due.target.id] = host
                group.create_task(self._send(due))
        self._next_due = await self._store.next_due()
        self.waiting = await self._store.count_pushes()

    def _may_go(self, target_id: str, host: str, now: int) -> bool:
        if target_id in self._in_flight or len(self._in_flight) >= IN_FLIGHT:
            return False
        if self._held.get(target_id, 0) > now:
            return False
        return list(self._in_flight.values()).count(host) < IN_FLIGHT_HOST

    async def _send(self, due: PushDue) -> None:
        try:
            outcome = await self._outcome(due)
            with suppress(StorageUnavailable):
                self._held[due.target.id] = self._clock() + int(HELD_S * 1000)
                await self._settle(due, outcome)
                del self._held[due.target.id]
        finally:
            self._in_flight.pop(due.target.id, None)
            self._next_due = 0

    async def _outcome(self, due: PushDue) -> Outcome | None:
        """None where the person is back, and sees for themselves."""
        if self._is_here(due.target.user_id):
            return None
        try:
            return await self._notifier.deliver(due.target, self._notice(due))
        except Exception:
            log.exception("a push failed")
            return Outcome("unreachable", retry=True)

    async def _settle(self, due: PushDue, outcome: Outcome | None) -> None:
        target = due.target
        if outcome is None:
            await self._store.settle_pushes(target.id, due.pks, target.state)
            self.outcomes["dropped"] += len(due.pks)
            return
        retry_at = self._retry_at(due, outcome) if outcome.retry else None
        await self._store.settle_pushes(target.id, due.pks, outcome.state, retry_at=retry_at)
        self.outcomes[_told(outcome, retry_at)] += 1

    def _retry_at(self, due: PushDue, outcome: Outcome) -> int | None:
        """None once that would be too late: what was said is no news then."""
        longest = min(self._pace.retry_s * 2.0 ** min(due.attempts, 30), BACKOFF_MAX_S)
        wait_s = max(longest * (0.5 + self._random() / 2), outcome.retry_after)
        retry_at = self._clock() + int(wait_s * 1000)
        return retry_at if retry_at - due.first_at <= self._pace.give_up_s * 1000 else None

    # ── what it says ─────────────────────────────────────────────────────────────────────────────

    def _notice(self, due: PushDue) -> Notice:
        title = due.author_name if due.reason == "dm" else f"{due.author_name} in {due.room_name}"
        text = _WHAT[due.reason]
        if due.target.text and due.content_type.startswith("text/"):
            text = clean_text(due.content[:TEXT_CHARS]) + ("…" if len(due.content) > TEXT_CHARS else "")
        others = len(due.pks) - 1
        if others:
            text += f" (and {others} more)"
        return Notice(title, text, self._link(due.room_id, due.seq))


def _told(outcome: Outcome, retry_at: int | None) -> str:
    """What counts as what."""
    if not outcome.retry:
        return outcome.state
    return "given_up" if retry_at is None else "retried"


def _host(target: PushTargetRecord) -> str:
    """What counts as one push server."""
    place = parse_place(target.url)
    return "" if place is None else f"{place.host}:{place.port}"
