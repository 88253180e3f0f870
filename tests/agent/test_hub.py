"""Events to subscribers: in order, bounded, and nobody waits for a slow one."""

import asyncio

import pytest

from mesh_agent.client.hub import SUBSCRIBER_EVENTS, Hub
from mesh_agent.client.state import AgentEvent, EventsDropped, RoomGone


async def test_each_subscriber_gets_every_event_in_order() -> None:
    hub = Hub()
    first, second = hub.subscribe(), hub.subscribe()
    for number in range(3):
        hub.publish(RoomGone(str(number)))
    hub.close()
    expected = [RoomGone("0"), RoomGone("1"), RoomGone("2")]
    assert [event async for event in first] == expected
    assert [event async for event in second] == expected


async def test_a_waiting_subscriber_wakes() -> None:
    hub = Hub()
    subscription = hub.subscribe()
    waiting = asyncio.create_task(anext(subscription))
    await asyncio.sleep(0)
    hub.publish(RoomGone("r"))
    assert await waiting == RoomGone("r")


async def test_closing_wakes_and_ends_a_waiting_subscriber() -> None:
    hub = Hub()
    subscription = hub.subscribe()
    waiting = asyncio.create_task(anext(subscription))
    await asyncio.sleep(0)
    subscription.close()
    with pytest.raises(StopAsyncIteration):
        await waiting
    hub.publish(RoomGone("nobody hears"))


async def test_one_that_falls_behind_is_told_so_once_and_goes_on() -> None:
    hub = Hub()
    slow = hub.subscribe()
    for number in range(SUBSCRIBER_EVENTS + 2):
        hub.publish(RoomGone(str(number)))
    slow.close()
    events: list[AgentEvent] = [event async for event in slow]
    assert events == [
        EventsDropped(),
        RoomGone(str(SUBSCRIBER_EVENTS)),
        RoomGone(str(SUBSCRIBER_EVENTS + 1)),
    ]
