"""Starting work that waits, so that no screen does."""

from collections.abc import Awaitable, Callable
from typing import Final

from textual.dom import DOMNode
from textual.worker import WorkType

SENDING: Final = "sending"
"""The group of workers that must end before the program does; they belong to the app, not to a screen."""


def begin(
    node: DOMNode,
    call: Callable[..., Awaitable[object]],
    *arguments: object,
    group: str = "default",
    exclusive: bool = False,
) -> None:
    """Runs `call(*arguments)` in a worker that ends with `node`; `exclusive` ends others of its group.

    Textual takes a coroutine too, but one whose worker is cancelled before it began is then never awaited.
    """

    async def work() -> None:
        await call(*arguments)

    task: WorkType[None] = work
    node.run_worker(task, group=group, exclusive=exclusive)
