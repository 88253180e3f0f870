"""What looks for pushes loses none of them, however long the store keeps it waiting; in virtual time."""

import asyncio
from collections.abc import Sequence
from typing import cast

from mesh_server.services.push_targets import Notice, Outcome
from mesh_server.services.pushes import Pace, PushService
from mesh_server.store.base import NewPush, PushCandidate, PushStore, PushTargetRecord
from protocol.errors import StorageUnavailable
from tests.support.virtual_time import in_time, virtually


class Takes:
    async def deliver(self, _target: PushTargetRecord, _notice: Notice) -> Outcome:
        return Outcome("delivered")

    async def close(self) -> None:
        return None


class Log:
    """A store with `log` messages that takes its time over the queue, or is away."""

    def __init__(self) -> None:
        self.log = 0
        self.looks = 0
        self.away = False
        self.queue_s = 0.0
        self.queued: list[int] = []

    async def get_cursor(self) -> int:
        return 0

    async def list_candidates(
        self, cursor: int, _limit: int, **_times: int
    ) -> tuple[int, list[PushCandidate]]:
        self.looks += 1
        if self.away:
            raise StorageUnavailable
        found = [
            PushCandidate(target_id="phone", user_id="bob", room_id="lobby", seq=seq, reason="room")
            for seq in range(cursor + 1, self.log + 1)
        ]
        return self.log, found

    async def add_pushes(self, _cursor: int, new: Sequence[NewPush], **_keep: int) -> int:
        self.queued += [push.seq for push in new]
        return 0

    async def drop_stale(self, _now: int, _before: int) -> tuple[int, int]:
        await asyncio.sleep(self.queue_s)
        return 0, 0

    async def list_due(self, _now: int, _limit: int) -> list[None]:
        return []

    async def next_due(self) -> int | None:
        return 0

    async def count_pushes(self) -> int:
        return 0


def _service(store: Log) -> PushService:
    return PushService(
        cast("PushStore", store),
        Takes(),
        is_here=lambda _user_id: False,
        link=lambda _room_id, _seq: "",
        pace=Pace(delay_s=0, retry_s=1, give_up_s=60),
        clock=lambda: int(asyncio.get_running_loop().time() * 1000),
        random=lambda: 0.5,
    )


def test_what_is_said_while_the_store_is_slow_is_found_afterwards() -> None:
    async def scenario() -> None:
        store = Log()
        pushes = _service(store)
        keeping = asyncio.create_task(pushes.keep())
        await in_time(lambda: store.looks)
        store.queue_s = 30.0
        await asyncio.sleep(3)
        store.log += 1
        pushes.look()
        await in_time(lambda: store.queued == [1])
        keeping.cancel()

    virtually(scenario())


def test_what_is_said_while_the_store_is_away_is_found_afterwards() -> None:
    async def scenario() -> None:
        store = Log()
        pushes = _service(store)
        keeping = asyncio.create_task(pushes.keep())
        await in_time(lambda: store.looks)
        store.away, store.log = True, 1
        pushes.look()
        await asyncio.sleep(600)
        assert store.queued == []
        store.away = False
        await in_time(lambda: store.queued == [1])
        keeping.cancel()

    virtually(scenario())


def test_where_nothing_is_said_the_log_is_left_alone() -> None:
    async def scenario() -> None:
        store = Log()
        keeping = asyncio.create_task(_service(store).keep())
        await asyncio.sleep(60)
        looks = store.looks
        await asyncio.sleep(600)
        assert looks
        assert store.looks == looks
        keeping.cancel()

    virtually(scenario())
