"""What was typed: a message or a command. Knows no screen.

Strategy: a line whose first word is a slash and a name is a command, known or not, so that a slip of the
finger is never sent to a whole room; `//` sends it all the same. A path such as `/usr/bin` is no name.
"""

import difflib
import re
from typing import Final, NamedTuple

from mesh_tui.slash_commands import COMMANDS, Command
from protocol.errors import MeshError

_COMMAND: Final = re.compile(r"/([A-Za-z][A-Za-z-]*)(?:\s+(.*))?", re.DOTALL)
_BY_NAME: Final = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}

_KEYS_OF_LISTS: Final = "F2 and F3 show and hide the lists, Alt++ and Alt+- make them wider."
_AT_START: Final = "A server is named at the start: mesh-tui --server URL."
_HABITS: Final = {
    "set": "F4, or /settings, has all that can be set.",
    "key": "F4 has the keys too.",
    "bind": "F4 has the keys too.",
    "lastlog": "/search finds messages.",
    "grep": "/search finds messages.",
    "clear": "Ctrl+L paints the screen anew; messages stay.",
    "ignore": "A room is muted by /mute; a person cannot be.",
    "window": _KEYS_OF_LISTS,
    "bar": _KEYS_OF_LISTS,
    "server": _AT_START,
    "connect": _AT_START,
    "disconnect": "/quit ends it; a line that is down comes back by itself.",
    "reconnect": "A line that is down comes back by itself; F5 tries now.",
    "mode": "/role, /visibility, /slow and /retention do that here.",
    "save": "What is set is kept at once.",
}
"""Commands of other clients, and what does that here."""

_NUMBER: Final = re.compile(r"#?[0-9]{1,15}")
_NUMBERED: Final = re.compile(r"#[0-9]{1,15}(\s|$)")


class Typed(NamedTuple):
    """A command as it was typed."""

    name: str
    argument: str


class NoCommand(MeshError):
    """There is no such command, or it was used wrongly; nothing was sent."""

    code = "client.command"


class Elsewhere(NoCommand):
    """Another room is on the screen by now; what was typed is in the draft of its own."""

    def __init__(self) -> None:
        super().__init__("You went to another room before it was done. What you typed is kept in its own.")


def read(text: str) -> str | Typed:
    """The message to send, or the command."""
    if text.startswith("//"):
        return text[1:]
    match = _COMMAND.fullmatch(text)
    return Typed(match[1].lower(), (match[2] or "").strip()) if match else text


def find(name: str) -> Command | None:
    """The command of that name, or that other name."""
    return _BY_NAME.get(name.casefold())


def look_up(name: str) -> Command:
    """The command of that name; raises `NoCommand`, with what may have been meant."""
    if (command := find(name)) is not None:
        return command
    if (hint := _HABITS.get(name.casefold(), "")) == "":
        begun = [known for known in _BY_NAME if known.startswith(name)]
        near = begun or difflib.get_close_matches(name, _BY_NAME, 1)
        hint = f"Did you mean /{near[0]}?" if near else "/help lists them."
    raise NoCommand(f"There is no command /{name}. {hint} To send it as it is, write //{name}.")


def misused(command: Command, why: str = "") -> NoCommand:
    """The error that says how a command is used."""
    return NoCommand(f"{why} It goes like this: {command.line}".strip())


def check(command: Command, argument: str) -> None:
    """Looks at what was typed after a command before anything is done.

    Raises:
        NoCommand: it takes nothing, or needs something, or a number that is none.
    """
    if argument and not command.usage:
        raise misused(command, f"/{command.name} takes nothing after it.")
    if not argument and command.usage and not command.usage.startswith("["):
        raise misused(command, f"{command.usage.split()[0]} is missing.")
    if argument and command.usage == "[#N]" and not _NUMBER.fullmatch(argument):
        raise misused(command, "#N is the number of a message, such as #17.")
    if argument.startswith("#") and command.usage.startswith("[#N] ") and not _NUMBERED.match(argument):
        raise misused(command, f"{argument.split()[0]} is not the number of a message. Such as: #17.")
