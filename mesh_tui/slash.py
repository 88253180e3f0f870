"""What was typed: a message or a command; and what Tab makes of it. Knows no screen.

Strategy: a line whose first word is a slash and a name is a command, known or not, so that a slip of the
finger is never sent to a whole room; `//` sends it all the same. A path such as `/usr/bin` is no name.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from mesh_tui.actions import COMMANDS, Command, Kind
from protocol.errors import MeshError

_COMMAND: Final = re.compile(r"/([A-Za-z][A-Za-z-]*)(?:\s+(.*))?", re.DOTALL)
_BY_NAME: Final = {command.name: command for command in COMMANDS}

SHOWN: Final = 400
"""Completions that are looked through; a directory can be long."""


class Typed(NamedTuple):
    """A command as it was typed."""

    name: str
    argument: str


class NoCommand(MeshError):
    """There is no such command, or it was used wrongly; nothing was sent."""

    code = "client.command"


class Completion(NamedTuple):
    """`candidates` for what stands from `start` on."""

    start: int
    candidates: tuple[str, ...]


def read(text: str) -> str | Typed:
    """The message to send, or the command."""
    if text.startswith("//"):
        return text[1:]
    match = _COMMAND.fullmatch(text)
    return Typed(match[1].lower(), (match[2] or "").strip()) if match else text


def look_up(name: str) -> Command:
    """The command of that name; raises `NoCommand`, with what may have been meant."""
    if (command := _BY_NAME.get(name)) is not None:
        return command
    near = difflib.get_close_matches(name, _BY_NAME, 1) or [
        known for known in _BY_NAME if known.startswith(name)
    ]
    hint = f"Did you mean /{near[0]}?" if near else "/help lists them."
    raise NoCommand(f"There is no command /{name}. {hint} To send it as it is, write //{name}.")


def misused(command: Command, why: str = "") -> NoCommand:
    """The error that says how a command is used."""
    return NoCommand(f"{why} It goes like this: {command.line}".strip())


def complete(text: str, words: Callable[[Kind], Iterable[str]]) -> Completion | None:
    """What the end of `text`, all before the cursor, may become; None where Tab is for something else.

    `words` are the candidates of a kind.
    """
    is_command = text.startswith("/") and not text.startswith("//")
    if is_command:
        name, space, argument = text[1:].partition(" ")
        if not space:
            return Completion(0, _beginning(f"/{name}", (f"/{known}" for known in _BY_NAME)))
        command = _BY_NAME.get(name.lower())
        if command is not None and command.completes:
            return _complete_argument(command, len(text) - len(argument), argument, words)
    start = max(text.rfind(" "), text.rfind("\n")) + 1
    if text.startswith("@", start):
        return Completion(start, _beginning(text[start:], (f"@{name}" for name in words("person"))))
    return Completion(start, ()) if is_command else None


def _complete_argument(
    command: Command, start: int, argument: str, words: Callable[[Kind], Iterable[str]]
) -> Completion:
    place = 0 if command.completes == ("room",) else argument.count(" ")
    if place >= len(command.completes):
        return Completion(start, ())
    kind = command.completes[place]
    if place:
        start += argument.rindex(" ") + 1
        argument = argument.rpartition(" ")[2]
    names = _BY_NAME if kind == "command" else words(kind)
    return Completion(start, _beginning(argument.removeprefix("@") if kind == "person" else argument, names))


def _beginning(begin: str, names: Iterable[str]) -> tuple[str, ...]:
    found = (name for name in names if name.casefold().startswith(begin.casefold()))
    return tuple(sorted(dict.fromkeys(found), key=str.casefold))[:SHOWN]
