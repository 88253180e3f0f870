"""What each verb of `mesh-agent` does with an `Agent`.

Strategy: a verb is a coroutine that prints what it has and raises a `MeshError` for what went wrong; tables
name them, one in each module. The process around them is the same for all: a signal cancels the verb, the
agent is closed whatever happens, and the error decides the exit code.
"""

import asyncio
import contextlib
import fcntl
import importlib
import logging
import os
import signal
import stat
import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import Final

from mesh_agent.agent import Agent
from mesh_agent.cli import DONE, FAILED, USAGE
from mesh_agent.client.address import is_link, parse_address, parse_link
from mesh_agent.output import Output
from mesh_agent.verbs.common import USAGE_ERRORS, Run, UsageError
from protocol.errors import MeshError

PARTS: Final = (
    "say",
    "messages",
    "rooms",
    "people",
    "account",
    "push",
    "files",
    "terminal_watch",
    "terminal_share",
    "call",
)
"""The modules that have them, in the order in which they are looked through: large ones last."""


def verbs_of(part: str) -> dict[str, Run]:
    """The verbs of one of the modules, by name."""
    verbs: dict[str, Run] = importlib.import_module(f"mesh_agent.verbs.{part}").VERBS
    return verbs


def find(name: str) -> Run:
    """The verb of that name. What only others need is not loaded: a person waits for it."""
    return next(verbs[name] for verbs in map(verbs_of, PARTS) if name in verbs)


_UNTIL_STOPPED: Final = frozenset(
    {"tail", "presence", "receive", "share", "terminal watch", "terminal share"}
)
"""To be stopped is how these end."""

_LINKS: Final = {"join": "room", "register": "invite"}
"""Verbs whose argument may be an invite's link, which says the server too."""


def run(options: Namespace) -> int:
    """Runs the verb that `options` names; returns the exit code."""
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.CRITICAL + 1, stream=sys.stderr)
    output = Output(as_json=options.json)
    try:
        options.server = _server(options)
        _ask_passwords(options)
        return asyncio.run(_run(options, output))
    except MeshError as error:
        output.error(error)
        return USAGE if isinstance(error, USAGE_ERRORS) else FAILED


def _ask_passwords(options: Namespace) -> None:
    """Before anything runs beside the prompt. Raises: UsageError."""
    if options.verb not in {"register", "login", "account password"}:
        return
    from mesh_agent.verbs.account import ask_password

    if options.verb in {"register", "login"}:
        options.password = ask_password(options.password_file, twice=options.verb == "register")
    elif options.verb == "account password":
        options.password = ask_password(options.password_file, twice=False, which="Current password")
        options.new_password = ask_password(options.new_password_file, twice=True, which="New password")


def _server(options: Namespace) -> str | None:
    """The server that is named, by its address or by a link into it."""
    text = getattr(options, _LINKS.get(options.verb, ""), "")
    if not is_link(text):
        server: str | None = options.server
        return server
    link = parse_link(text)
    if options.server is not None and parse_address(options.server) != link.server:
        raise UsageError(f"This link is for {link.server}, and --server names another.")
    return link.server


async def _run(options: Namespace, output: Output) -> int:
    caught: list[int] = []
    with _signals(caught):
        try:
            agent = await Agent.open(profile=options.profile, server=options.server)
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(agent.close)
                for warning in agent.warnings:
                    output.note(warning)
                await find(options.verb)(agent, options, output)
        except asyncio.CancelledError:
            if not caught:
                raise
            # Whoever closed the pipe has all that they wanted.
            ended = options.verb in _UNTIL_STOPPED or signal.SIGPIPE in caught
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
