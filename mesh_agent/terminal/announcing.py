"""What a room is told of a shared terminal: one message, which is edited when it is over.

    shares a terminal: bash. Watch it with /watch alice
    terminal:Qm3k9TzA

Strategy: the first line is for people, in whatever client; the last one is for programs. A message of this
type that does not look so is nothing but text.
"""

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Final

from protocol import limits
from protocol.rest import Member, Message
from protocol.text import clean_line

CONTENT_TYPE: Final = "text/x-mesh-terminal"

COMMAND_CHARS: Final = 200

_RUNNING: Final = "shares a terminal: "
_OVER: Final = "shared a terminal: "
_WATCH: Final = ". Watch it with /watch "
_ENDED: Final = ". It "
_TERMINAL: Final = re.compile(r"terminal:([A-Za-z0-9_-]{8,64})")


@dataclass(frozen=True, slots=True)
class Announced:
    """A terminal that somebody shares, or has shared.

    Attributes:
        terminal: its id.
        how: it ended, as in `end`.
        away: its host is seen nowhere now, so that it can hardly be watched, though nobody has told its end.
    """

    message_id: str
    user_id: str
    username: str
    terminal: str
    command: str
    running: bool
    how: str = ""
    away: bool = False


def beginning(command: str, username: str, terminal: str) -> str:
    """The message's content while it is shared."""
    return f"{_RUNNING}{_shown(command)}{_WATCH}{username}\nterminal:{terminal}"


def end(command: str, how: str, terminal: str) -> str:
    """Its content from then on. `how` it ended: "ended with exit code 0."."""
    return f"{_OVER}{_shown(command)}{_ENDED}{how}\nterminal:{terminal}"


def read(message: Message) -> Announced | None:
    """What it announces; None where it does not."""
    if message.content_type != CONTENT_TYPE or message.deleted:
        return None
    first, _, below = message.content.partition("\n")
    named = _TERMINAL.fullmatch(below.rpartition("\n")[2])
    running = first.startswith(_RUNNING)
    if named is None or not (running or first.startswith(_OVER)):
        return None
    shown = first.removeprefix(_RUNNING if running else _OVER)
    command, found, rest = shown.rpartition(_WATCH if running else _ENDED)
    if not found:
        return None
    author = message.author
    how = "" if running else clean_line(rest)
    return Announced(message.id, author.id, author.username, named[1], clean_line(command), running, how)


def how_it_ended(exit_status: int | None, *, closed: bool = False) -> str:
    """For `end`. `exit_status`: None where it is not known; `closed`: the person has ended it."""
    if closed or exit_status is None:
        return "is over."
    if exit_status >= 0:
        return f"ended with exit code {exit_status}."
    return f"was ended by signal {-exit_status}."


def seen(members: Iterable[Member]) -> Set[str] | None:
    """The ids of those who are seen now; None where that is not known.

    Without a line all are held to be gone, ourselves among them; and past the limit some are not told.
    """
    members = list(members)
    here = {member.user_id for member in members if member.presence != "offline"}
    return here if here and len(members) < limits.ROOM_MEMBERS else None


def _shown(command: str) -> str:
    line = clean_line(command)
    return line if len(line) <= COMMAND_CHARS else f"{line[: COMMAND_CHARS - 1]}…"
