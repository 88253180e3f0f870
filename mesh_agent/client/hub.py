"""Events to whoever listens in this process: a screen, a script, a test.

Strategy: each subscriber has a bounded queue of its own and nobody ever waits for one. A subscriber
that falls behind by more than the bound loses its queue and is told so, once, with `EventsDropped`: it
then reads everything anew, which is cheaper than catching up.
"""

import asyncio
from collections import deque
from typing import Final

from mesh_agent.client.state import AgentEvent, EventsDropped

SUBSCRIBER_EVENTS: Final = 2_000
"""Events that wait for one subscriber."""


class Subscription:
    """An async iterator of events; it ends when either side closes it."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._events: deque[AgentEvent] = deque()
        self._wake = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> AgentEvent:
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._events.popleft()

    def close(self) -> None:
        """No more events; what waits is still handed out."""
        self._closed = True
        self._wake.set()
        self._hub.remove(self)

    def put(self, event: AgentEvent) -> None:
        if len(self._events) >= SUBSCRIBER_EVENTS:
            self._events.clear()
            self._events.append(EventsDropped())
        self._events.append(event)
        self._wake.set()


class Hub:
    """The subscribers of one agent."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self) -> Subscription:
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        return subscription

    def remove(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, event: AgentEvent) -> None:
        for subscription in self._subscriptions:
            subscription.put(event)

    def close(self) -> None:
        for subscription in list(self._subscriptions):
            subscription.close()
