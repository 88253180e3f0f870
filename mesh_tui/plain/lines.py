"""Lines from the person, one at a time and only when asked for.

Strategy: a thread of its own reads, since a read of the terminal cannot be cancelled; it begins with the
next line only once that is wanted, so that a password can be read without being shown. On a terminal there
are the keys of readline.
"""

import asyncio
import getpass
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress


class Lines:
    """Standard input. `busy`: somebody waits for a line, and with it the thread."""

    def __init__(self) -> None:
        self.busy = False
        self._wanted: queue.SimpleQueue[tuple[Callable[[], str], asyncio.Future[str]]] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._terminal = sys.stdin.isatty()
        if self._terminal:
            with suppress(ImportError):
                import readline  # noqa: F401 - input() uses it from then on
        threading.Thread(target=self._work, name="lines", daemon=True).start()

    async def line(self) -> str:
        """The next line, without its end. Raises EOFError: there is none."""
        return await self._ask(input if self._terminal else _piped)

    async def secret(self, question: str) -> str:
        """The line after `question`, which a terminal does not show; raises EOFError."""
        if self._terminal:  # it asks once nothing is shown any more
            return await self._ask(lambda: getpass.getpass(f"{question}\n"))
        print(question, flush=True)
        return await self._ask(_piped)

    async def _ask(self, read: Callable[[], str]) -> str:
        answer: asyncio.Future[str] = self._loop.create_future()
        self.busy = True
        self._wanted.put((read, answer))
        try:
            return await answer
        finally:
            self.busy = not answer.done() or answer.cancelled()

    def _work(self) -> None:
        while True:
            read, answer = self._wanted.get()
            try:
                text: str | None = read()
            except (EOFError, OSError, UnicodeDecodeError):
                text = None
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(_answer, answer, text)


def _answer(answer: asyncio.Future[str], text: str | None) -> None:
    if answer.done():
        return
    if text is None:
        answer.set_exception(EOFError())
    else:
        answer.set_result(text)


def _piped() -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.removesuffix("\n")
