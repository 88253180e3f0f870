"""Sending: a message at a time, or each line of stdin as one, until the server has it."""

import asyncio
import concurrent.futures
import contextlib
import sys
import threading
from argparse import Namespace
from collections.abc import AsyncIterator
from typing import Final

from mesh_agent.agent import Agent
from mesh_agent.client.errors import TimedOut
from mesh_agent.client.state import Outgoing, SignedOut, Waiting
from mesh_agent.output import Output
from mesh_agent.verbs.common import Run, UsageError, message_id, my_room
from protocol import limits
from protocol.errors import ChatError, InvalidMessage, MeshError
from protocol.rest import Room

LINE_BYTES: Final = 8 * limits.CONTENT_CHARS
"""A line of stdin is read up to here; one that is longer is refused as too long a message."""

LINES_AHEAD: Final = 64
"""Lines of stdin that are read before the first of them is acknowledged."""


class SomeRefused(MeshError):
    """Of several messages, some were refused."""

    code = "client.some_refused"


async def say(
    agent: Agent,
    room: Room,
    text: str,
    timeout_s: float,
    output: Output,
    *,
    reply_to: str | None = None,
    thread: str | None = None,
) -> None:
    """Sends one message and prints it once the server has it; raises as `_delivered`."""
    await agent.start()
    outgoing = await agent.send(room.id, text, reply_to=reply_to, thread=thread)
    await _delivered(agent, outgoing, timeout_s, output)


async def _say(agent: Agent, options: Namespace, output: Output) -> None:
    room = await my_room(agent, options.room)
    lines = options.text == ["-"]
    if lines and (options.reply_to or options.thread):
        raise UsageError("Lines of stdin are messages of their own: no --reply-to, no --thread.")
    if not lines:
        reply_to = await message_id(agent, options, options.reply_to)
        thread = await message_id(agent, options, options.thread)
        text = " ".join(options.text)
        await say(agent, room, text, options.timeout, output, reply_to=reply_to, thread=thread)
        return
    await agent.start()
    said = _Lines(agent, room.id, options.timeout, output)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(said.send())
            tasks.create_task(said.deliver())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    if said.refused:
        raise SomeRefused(f"{said.refused} lines were refused; the others have arrived.")


class _Lines:
    """The lines of stdin on their way: sent as they are read, printed once the server has them."""

    def __init__(self, agent: Agent, room_id: str, timeout_s: float, output: Output) -> None:
        self.refused = 0
        self._agent = agent
        self._room_id = room_id
        self._timeout_s = timeout_s
        self._output = output
        self._ahead: asyncio.Queue[Outgoing | None] = asyncio.Queue(LINES_AHEAD)

    async def send(self) -> None:
        async for line in _stdin_lines():
            if line.strip():
                try:
                    await self._ahead.put(await self._agent.send(self._room_id, line))
                except ChatError as error:
                    self._refuse(error)
        await self._ahead.put(None)

    async def deliver(self) -> None:
        while (outgoing := await self._ahead.get()) is not None:
            try:
                await _delivered(self._agent, outgoing, self._timeout_s, self._output)
            except (ChatError, InvalidMessage) as error:
                self._refuse(error)

    def _refuse(self, error: MeshError) -> None:
        self._output.error(error)
        self.refused += 1


async def _delivered(agent: Agent, outgoing: Outgoing, timeout_s: float, output: Output) -> None:
    """Waits until the server has it, and prints it.

    Raises:
        TimedOut: it has not, in time; the message is kept.
        MeshError: the server's refusal; the message is not kept.
    """
    try:
        message = await agent.sent(outgoing.nonce, timeout_s)
    except MeshError:
        with contextlib.suppress(MeshError):
            await agent.discard(outgoing.nonce)
        raise
    if message is None:
        state = agent.connection
        why = f"{state.reason} " if isinstance(state, Waiting | SignedOut) else ""
        raise TimedOut(
            f"{why}Not sent within {timeout_s:g} s. It is kept, and sent when Mesh is next connected."
        )
    output.show(message)


async def _stdin_lines() -> AsyncIterator[str]:
    """The lines of stdin without their ends. A thread reads: nothing else can wait for every kind of file."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes] = asyncio.Queue(LINES_AHEAD)

    def read() -> None:
        # Closing the loop ends the thread's wait for it; waiting for stdin itself, it dies with the process.
        with contextlib.suppress(RuntimeError, concurrent.futures.CancelledError):
            while True:
                line = rest = sys.stdin.buffer.readline(LINE_BYTES)
                while len(rest) == LINE_BYTES and not rest.endswith(b"\n"):
                    # Too long for a message, as it will be told: what is left must not pass for another.
                    rest = sys.stdin.buffer.readline(LINE_BYTES)
                asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()
                if not line:
                    return

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while line := await lines.get():
        yield line.decode(errors="replace").rstrip("\r\n")


VERBS: Final[dict[str, Run]] = {"say": _say}
