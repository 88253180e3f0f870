"""What `mesh-agent` prints: lines for people, or one JSON object a line.

Strategy: every string of other people was cleaned as it arrived, so no line here can act on a terminal. A
message of several lines is indented from its second line on, so that none of them can pass for another
message. JSON is written as UTF-8 whatever the terminal's encoding; other lines say with a `?` what it
cannot show.
"""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from protocol.errors import MeshError
from protocol.rest import Member, Message, Room, User
from protocol.times import parse_time

_CONTINUED: Final = "\n    "


class Output:
    """Prints results on stdout and troubles on stderr."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")

    def show(self, result: Any) -> None:
        """One result, a struct of `protocol.rest` or a dict, at once.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        if self._as_json:
            sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
        else:
            print(_LINES[type(result)](result))
        sys.stdout.flush()

    def error(self, error: MeshError) -> None:
        if self._as_json:
            body = {"error": {"code": error.code, "message": error.message}}
            print(json.dumps(body), file=sys.stderr)
        else:
            print(f"mesh-agent: {error.message}", file=sys.stderr)

    def note(self, sentence: str) -> None:
        """Something by the way, for a person."""
        if not self._as_json:
            print(f"mesh-agent: {sentence}", file=sys.stderr, flush=True)


def _message(message: Message) -> str:
    at = datetime.fromtimestamp(parse_time(message.created_at) / 1000).astimezone()
    content = message.content.replace("\n", _CONTINUED)
    return f"{at:%Y-%m-%d %H:%M}  {message.author.username}: {content}"


def _room(room: Room) -> str:
    facts = [room.id]
    if room.unread:
        facts.append(f"{room.unread} unread")
    if room.member_count is not None:
        facts.append(f"{room.member_count} member{'s' if room.member_count != 1 else ''}")
    if room.visibility == "private":
        facts.append("private")
    if room.topic:
        facts.append(room.topic)
    return f"{room.name}  ({', '.join(facts)})"


def _member(member: Member) -> str:
    return f"{member.username}  ({member.role}, {member.presence})"


def _user(user: User) -> str:
    return f"Signed in as {user.username}."


_LINES: Final[dict[type, Callable[[Any], str]]] = {
    Message: _message,
    Room: _room,
    Member: _member,
    User: _user,
    dict: lambda result: f"{next(iter(result.values()))}",
}
