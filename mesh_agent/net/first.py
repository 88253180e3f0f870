"""Several connections are tried at once, and the first that is there is taken."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from mesh_agent.net.base import Lane, LaneLost, WrongCertificate

Connect = Callable[[], Awaitable[Lane]]


async def first_of(
    connects: Sequence[Connect], why_not: str, finish: Callable[[Coroutine[Any, Any, None]], None]
) -> tuple[int, Lane]:
    """Which of them was first to connect, and its lane; the others are given up, and closed by `finish`.

    Raises:
        WrongCertificate: nobody was right, and somebody had another certificate.
        LaneLost: nobody answered; `why_not` says so.
    """
    tasks = [asyncio.ensure_future(connect()) for connect in connects]
    won: int | None = None
    try:
        while won is None and (waiting := [task for task in tasks if not task.done()]):
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            good = (place for place, task in enumerate(tasks) if task.done() and task.exception() is None)
            won = next(good, None)
        if won is not None:
            return won, tasks[won].result()
        errors = [task.exception() for task in tasks]
        raise next((error for error in errors if isinstance(error, WrongCertificate)), LaneLost(why_not))
    finally:
        finish(_give_up([task for place, task in enumerate(tasks) if place != won]))


async def _give_up(tasks: Sequence[asyncio.Future[Lane]]) -> None:
    for task in tasks:
        task.cancel()
    lanes = [lane for lane in await asyncio.gather(*tasks, return_exceptions=True) if lane is not None]
    await asyncio.gather(*(lane.close() for lane in lanes if not isinstance(lane, BaseException)))
