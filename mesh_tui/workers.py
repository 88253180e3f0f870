"""Starting work that waits, so that no screen does."""

from collections.abc import Awaitable, Callable
from typing import Final

from textual.css.query import NoMatches
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

    What a screen is made of goes before it and its workers do, and what the app does for a screen may outlive
    it: work that ends then finds nothing to show it in, which is no mistake.

    Textual takes a coroutine too, but one whose worker is cancelled before it began is then never awaited.
    """
    owner = getattr(call, "__self__", node)

    async def work() -> None:
        try:
            await call(*arguments)
        except NoMatches:
            if not goes(owner if isinstance(owner, DOMNode) else node):
                raise

    task: WorkType[None] = work
    node.run_worker(task, group=group, exclusive=exclusive)


def goes(node: DOMNode) -> bool:
    """Whether `node` is being taken away, or is gone: Textual shows it no more, whatever its style says."""
    return not node.display and node.styles.display != "none"
