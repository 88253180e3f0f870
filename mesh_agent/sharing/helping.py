"""The life of a helper process, whatever it does: its first order, its work, its end."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

from mesh_agent.sharing.pipes import Logged, Pipes

First = TypeVar("First")


def help_agent(
    next_order: Callable[[asyncio.StreamReader], Awaitable[object]],
    first: type[First],
    work: Callable[[Pipes, First], Awaitable[None]],
    what: str,
) -> NoReturn:
    """Does `work` with the first order, and ends the process: a thread that waits for a dead disk must not
    keep it. What else than `first` comes ends it at once. `what`: is told to have failed, where it does."""
    try:
        asyncio.run(_help(next_order, first, work, what))
    finally:
        os._exit(0)


async def _help(
    next_order: Callable[[asyncio.StreamReader], Awaitable[object]],
    first: type[First],
    work: Callable[[Pipes, First], Awaitable[None]],
    what: str,
) -> None:
    pipes = await Pipes.open()
    order = await next_order(pipes.orders)
    if not isinstance(order, first):
        return
    logging.getLogger().addHandler(Logged(pipes.report))
    logging.getLogger().setLevel(logging.INFO)
    try:
        await work(pipes, order)
    except Exception:
        logging.exception("%s failed", what)
    await pipes.flush()
