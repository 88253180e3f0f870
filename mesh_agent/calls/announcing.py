"""What a room is told of a call: one message, which is edited when it is over.

    calls. Join with /call
    call:Qm3k9TzAb2cD

Strategy: the first line is for people, in whatever client; the last one is for programs. A message of this
type that does not look so is nothing but text.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from protocol.rest import Message
from protocol.text import clean_line

CONTENT_TYPE: Final = "text/x-mesh-call"

NAMES_MAX: Final = 8
"""People who are named in the message of a call that is over."""

_RUNNING: Final = "calls. Join with /call"
_VIDEO: Final = "calls with video. Join with /call"
_MISSED: Final = "called, and nobody answered."
_MERGED: Final = "called at the same time as somebody else."
_BROKEN: Final = "called: until the program that had begun the call was ended."
_OVER: Final = re.compile(r"called: (.{1,400})")
_CALL: Final = re.compile(r"call:([A-Za-z0-9_-]{8,64})")


@dataclass(frozen=True, slots=True)
class Announced:
    """A call that somebody has begun. `how` it ended: how long, and with whom, or who declined; empty while
    it is on, where nobody has answered (`missed`), and where another call went on in its place."""

    message_id: str
    user_id: str
    username: str
    call_id: str
    running: bool
    video: bool = False
    missed: bool = False
    how: str = ""


def beginning(call_id: str, *, video: bool) -> str:
    return f"{_VIDEO if video else _RUNNING}\ncall:{call_id}"


def merged(call_id: str) -> str:
    """Two have called each other, and the other's call went on."""
    return f"{_MERGED}\ncall:{call_id}"


def broken(call_id: str) -> str:
    """Whoever began it was killed; how long the others went on, nobody here knows."""
    return f"{_BROKEN}\ncall:{call_id}"


def end(call_id: str, seconds: float | None, names: Sequence[str], why: str = "") -> str:
    """`seconds`: how long it was open; None: nobody came, and `why` says more. `names`: who took part."""
    if seconds is None:
        return f"called: {clean_line(why)}.\ncall:{call_id}" if why else f"{_MISSED}\ncall:{call_id}"
    shown = [clean_line(name) for name in names[:NAMES_MAX]]
    if len(names) > NAMES_MAX:
        shown.append(f"{len(names) - NAMES_MAX} more")
    return f"called: {duration(seconds)}, {', '.join(shown)}.\ncall:{call_id}"


def duration(seconds: float) -> str:
    """`1 h 2 min`, `12 min 3 s`, `8 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def running(announced: Sequence[Announced], dead: Collection[str]) -> Announced | None:
    """The latest call that no message says is over. `announced`: the newest first; what that one tells of
    counts also where it was `dead` before."""
    over: set[str] = set()
    for number, each in enumerate(announced):
        if each.running and each.call_id not in over and (not number or each.call_id not in dead):
            return each
        over.add(each.call_id)
    return None


def read(message: Message) -> Announced | None:
    """What it announces; None where it does not."""
    if message.content_type != CONTENT_TYPE or message.deleted:
        return None
    first, _, below = message.content.partition("\n")
    named = _CALL.fullmatch(below.rpartition("\n")[2])
    if named is None:
        return None
    author, call_id = message.author, named[1]
    if first in (_RUNNING, _VIDEO):
        return Announced(message.id, author.id, author.username, call_id, running=True, video=first == _VIDEO)
    if first == _MISSED:
        return Announced(message.id, author.id, author.username, call_id, running=False, missed=True)
    over = _OVER.fullmatch(first)
    if over is None and first != _MERGED:
        return None
    how = "" if over is None else clean_line(over[1])
    return Announced(message.id, author.id, author.username, call_id, running=False, how=how)
