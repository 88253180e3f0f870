"""What each verb of `mesh-agent` does with an `Agent`.

Strategy: a verb is a coroutine that prints what it has and raises a `MeshError` for what went wrong; a
table names them. The process around them is the same for all: a signal cancels the verb, the agent is
closed whatever happens, and the error decides the exit code.
"""

import asyncio
import concurrent.futures
import contextlib
import fcntl
import getpass
import logging
import os
import shlex
import signal
import stat
import sys
import threading
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from mesh_agent.agent import Agent, find_room
from mesh_agent.cli import DONE, FAILED, USAGE
from mesh_agent.client.errors import NoServer, ProfileInvalid, SignInNeeded, TimedOut, WrongAddress
from mesh_agent.client.state import Outgoing, SignedOut, Waiting
from mesh_agent.output import Output
from mesh_agent.tail import Tail, last_messages
from protocol import limits
from protocol.errors import ChatError, InvalidMessage, MeshError, NotMember, RoomNotFound
from protocol.rest import Room, Visibility

PASSWORD_BYTES: Final = 8 * 1024
LINE_BYTES: Final = 8 * limits.CONTENT_CHARS
"""A line of stdin is read up to here; one that is longer is refused as too long a message."""

LINES_AHEAD: Final = 64
"""Lines of stdin that are read before the first of them is acknowledged."""


class UsageError(MeshError):
    """The arguments, or a file that they name, cannot be used."""

    code = "client.usage"


class SomeRefused(MeshError):
    """Of several messages, some were refused."""

    code = "client.some_refused"


_USAGE: Final = (UsageError, ProfileInvalid, WrongAddress, NoServer)


def run(options: Namespace) -> int:
    """Runs the verb that `options` names; returns the exit code."""
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.CRITICAL + 1, stream=sys.stderr)
    output = Output(as_json=options.json)
    try:
        if options.verb in {"register", "login"}:
            options.password = _password(options.password_file, twice=options.verb == "register")
        return asyncio.run(_run(options, output))
    except MeshError as error:
        output.error(error)
        return USAGE if isinstance(error, _USAGE) else FAILED


async def _run(options: Namespace, output: Output) -> int:
    caught: list[int] = []
    with _signals(caught):
        try:
            agent = await Agent.open(profile=options.profile, server=options.server)
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(agent.close)
                for warning in agent.warnings:
                    output.note(warning)
                await _VERBS[options.verb](agent, options, output)
        except asyncio.CancelledError:
            if not caught:
                raise
            # To be stopped is how `tail` ends; and whoever closed the pipe has all that they wanted.
            ended = options.verb == "tail" or signal.SIGPIPE in caught
            return DONE if ended else 128 + caught[0]
    return DONE


@contextlib.contextmanager
def _signals(caught: list[int]) -> Iterator[None]:
    """Has a signal, or the end of whoever reads our stdout, cancel this task."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop(number: int) -> None:
        caught.append(number)
        task.cancel()

    def reader_gone() -> None:
        loop.remove_reader(stdout)
        stop(signal.SIGPIPE)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    stdout = sys.stdout.fileno()
    only_written = fcntl.fcntl(stdout, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
    if only_written and stat.S_ISFIFO(os.fstat(stdout).st_mode):
        # Nothing can be read from this end: it becomes readable when the other end is closed.
        loop.add_reader(stdout, reader_gone)
    yield
    loop.remove_reader(stdout)


# ── the account ──────────────────────────────────────────────────────────────────────────────────


async def _register(agent: Agent, options: Namespace, output: Output) -> None:
    output.show(await agent.register(options.username, options.password, invite=options.invite))


async def _login(agent: Agent, options: Namespace, output: Output) -> None:
    output.show(await agent.login(options.username, options.password))


async def _logout(agent: Agent, _: Namespace, output: Output) -> None:
    if agent.user is None:
        raise SignInNeeded
    username = agent.user.username
    await agent.logout()
    output.show({"signed_out": username})


def _password(file: str | None, *, twice: bool) -> str:
    if file is not None:
        return _password_from(file)
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for the password. Use --password-file.")
    password = getpass.getpass("Password: ")
    if twice and getpass.getpass("The same again: ") != password:
        raise UsageError("The two were not the same.")
    return password


def _password_from(file: str) -> str:
    try:
        if file == "-":
            data = sys.stdin.buffer.readline(PASSWORD_BYTES)
        else:
            with Path(file).open("rb") as opened:
                data = opened.readline(PASSWORD_BYTES)
        return data.decode().rstrip("\r\n")
    except OSError as error:
        raise UsageError(f"The password file {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"The password file {file} is not UTF-8 text.") from None


# ── rooms ────────────────────────────────────────────────────────────────────────────────────────


async def _rooms(agent: Agent, options: Namespace, output: Output) -> None:
    rooms = await (agent.public_rooms() if options.public else agent.fetch_rooms())
    for room in rooms:
        output.show(room)
    if not rooms:
        output.note("There are no public rooms yet." if options.public else "You are in no room yet.")


async def _create(agent: Agent, options: Namespace, output: Output) -> None:
    visibility: Visibility = "private" if options.private else "public"
    output.show(await agent.create_room(options.name, topic=options.topic, visibility=visibility))


async def _join(agent: Agent, options: Namespace, output: Output) -> None:
    room = find_room(await agent.public_rooms(), options.room)
    output.show(await agent.join(room.id))


async def _leave(agent: Agent, options: Namespace, output: Output) -> None:
    room = await _my_room(agent, options.room)
    await agent.leave(room.id)
    output.show({"left": room.name, "room_id": room.id})


async def _members(agent: Agent, options: Namespace, output: Output) -> None:
    room = await _my_room(agent, options.room)
    for member in await agent.members(room.id):
        output.show(member)


async def _my_room(agent: Agent, name: str) -> Room:
    """The room of mine that is called `name`; asks the server where the cache does not know it.

    Raises:
        NotMember: there is such a room, but I am not in it.
        RoomNotFound: there is none.
    """
    with contextlib.suppress(RoomNotFound):
        return agent.room(name)
    with contextlib.suppress(RoomNotFound):
        return find_room(await agent.fetch_rooms(), name)
    room = find_room(await agent.public_rooms(), name)
    raise NotMember(f"You are not in {room.name!r}. Join it first: mesh-agent join {shlex.quote(room.name)}")


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


async def _say(agent: Agent, options: Namespace, output: Output) -> None:
    room = await _my_room(agent, options.room)
    await agent.start()
    if options.text != ["-"]:
        outgoing = await agent.send(room.id, " ".join(options.text))
        await _delivered(agent, outgoing, options.timeout, output)
        return
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


async def _history(agent: Agent, options: Namespace, output: Output) -> None:
    room = await _my_room(agent, options.room)
    await agent.start()
    await agent.wait_connected(options.timeout)
    await agent.wait_current(room.id)
    for message in await last_messages(agent, room.id, options.limit, before=options.before):
        output.show(message)


async def _tail(agent: Agent, options: Namespace, output: Output) -> None:
    room = await _my_room(agent, options.room)
    with contextlib.closing(agent.subscribe()) as events:
        await agent.start()
        await Tail(agent, room.id, output.show, output.note).follow(events, options.lines)


_Run = Callable[[Agent, Namespace, Output], Awaitable[None]]
_VERBS: Final[dict[str, _Run]] = {
    "register": _register,
    "login": _login,
    "logout": _logout,
    "rooms": _rooms,
    "room create": _create,
    "join": _join,
    "leave": _leave,
    "members": _members,
    "say": _say,
    "history": _history,
    "tail": _tail,
}
