"""Listening to an agent: what it has said so far, and waiting for what it is to say."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from mesh_agent.agent import Agent
from mesh_agent.client.state import AgentEvent, MessageReceived
from tests.support.conditions import until

E = TypeVar("E", bound=AgentEvent)


class Listener:
    """Everything that `agent` publishes from now on, in order."""

    def __init__(self, agent: Agent) -> None:
        self.events: list[AgentEvent] = []
        self._subscription = agent.subscribe()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self._subscription:
            self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def wait(self, kind: type[E], fits: Callable[[E], object] = lambda _: True) -> E:
        """The first event of that kind that fits, among those heard and those to come."""
        await until(lambda: any(fits(event) for event in self.of(kind)), f"a {kind.__name__}")
        return next(event for event in self.of(kind) if fits(event))

    def texts(self, room_id: str) -> list[str]:
        """What was received in a room, in the order told."""
        received = self.of(MessageReceived)
        return [event.message.content for event in received if event.message.room_id == room_id]

    async def wait_texts(self, room_id: str, *texts: str) -> None:
        """Waits for as many messages as `texts`, which must then be these, in this order."""
        await until(lambda: len(self.texts(room_id)) >= len(texts), f"{texts}, not {self.texts(room_id)}")
        assert self.texts(room_id) == list(texts)

    def close(self) -> None:
        self._subscription.close()
