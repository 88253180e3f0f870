"""Requests with one answer each: it comes, it is a refusal, or the line ends first."""

import asyncio

import pytest

from mesh_agent.client.asking import WAITING_MAX, Asking
from mesh_agent.client.errors import LineLost, Unreachable
from protocol.errors import RoomForbidden
from protocol.events import ClientToServer, DeleteMessage, Error, MarkRead, MessageDeleted, ReadMarked
from tests.agent.rooms import message
from tests.support.conditions import until

REQUEST = DeleteMessage(room_id="r", message_id="m1")


@pytest.fixture
def sent() -> list[ClientToServer]:
    return []


@pytest.fixture
def asking(sent: list[ClientToServer]) -> Asking:
    asking = Asking()
    asking.line_up(sent.append)
    return asking


async def asked(asking: Asking, sent: list[ClientToServer], count: int = 1) -> "asyncio.Task[object]":
    task = asyncio.create_task(asking.ask(REQUEST))
    await until(lambda: len(sent) >= count, "the request")
    return task


async def test_each_gets_the_answer_to_its_own(asking: Asking, sent: list[ClientToServer]) -> None:
    first = await asked(asking, sent)
    second = await asked(asking, sent, 2)
    answers = [MessageDeleted(re=request.id, message=message(1, 2)) for request in sent]
    asking.answered(MessageDeleted(message=message(9, 9)))
    asking.answered(ReadMarked(re=1, room_id="r", user_id="u", seq=1))
    for answer in reversed(answers):
        asking.answered(answer)
    assert [await first, await second] == answers


async def test_a_refusal_is_raised_and_is_no_answer(asking: Asking, sent: list[ClientToServer]) -> None:
    task = await asked(asking, sent)
    asking.answered(Error(re=sent[0].id, code="room.forbidden", message="No."))
    assert not asking.refused("another", RoomForbidden())
    assert asking.refused(sent[0].id, RoomForbidden("No."))
    assert not asking.refused(sent[0].id, RoomForbidden("No."))
    with pytest.raises(RoomForbidden):
        await task


async def test_without_a_line_nothing_is_asked_and_with_its_end_nothing_is_waited_for(
    asking: Asking, sent: list[ClientToServer]
) -> None:
    task = await asked(asking, sent)
    asking.line_lost()
    with pytest.raises(LineLost):
        await task
    with pytest.raises(Unreachable):
        await asking.ask(MarkRead(room_id="r", seq=1))
    assert len(sent) == 1


async def test_only_so_many_wait(asking: Asking, sent: list[ClientToServer]) -> None:
    tasks = [await asked(asking, sent, count) for count in range(1, WAITING_MAX + 1)]
    with pytest.raises(Unreachable):
        await asking.ask(REQUEST)
    asking.line_lost()
    await asyncio.gather(*tasks, return_exceptions=True)
