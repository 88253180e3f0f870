"""What `mesh-agent` prints: lines for people, or one JSON object a line.

Strategy: every string of other people was cleaned as it arrived, so no line here can act on a terminal. A
message of several lines is indented from its second line on, so that none of them can pass for another
message. JSON is written as UTF-8 whatever the terminal's encoding; other lines say with a `?` what it
cannot show.
"""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from mesh_agent.spans import show_span
from protocol.errors import MeshError
from protocol.rest import (
    Ban,
    Device,
    Invite,
    Member,
    Message,
    MessageVersion,
    PushTarget,
    Room,
    SearchHit,
    SshKey,
    User,
)
from protocol.times import parse_time

_CONTINUED: Final = "\n    "


class Output:
    """Prints results on stdout and troubles on stderr."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")

    @property
    def as_json(self) -> bool:
        """One object a line."""
        return self._as_json

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

    def show_all(self, results: Sequence[Any], *, none: str) -> None:
        """Each of them; where there is none, that sentence for a person."""
        for result in results:
            self.show(result)
        if not results:
            self.note(none)

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
    content = message.content.replace("\n", _CONTINUED)
    # Before the colon stands nothing that its author could have written.
    facts = _facts(message)
    who = f"{message.author.username} ({', '.join(facts)})" if facts else message.author.username
    return f"{_at(message.created_at)} #{message.seq}  {who}: {content}".rstrip()


def _facts(message: Message) -> list[str]:
    if message.deleted:
        return ["deleted"]
    facts = ["edited"] if message.edited_at else []
    facts += ["pinned"] if message.pinned else []
    facts += ["reply"] if message.reply_to else []
    facts += ["thread"] if message.thread else []
    return facts + [f"{reaction.reaction} {len(reaction.users)}" for reaction in message.reactions]


def _at(time: str) -> str:
    return f"{datetime.fromtimestamp(parse_time(time) / 1000).astimezone():%Y-%m-%d %H:%M}"


def _room(room: Room) -> str:
    facts = [room.id]
    if room.mentions:
        facts.append(f"{room.mentions} mention{'s' if room.mentions != 1 else ''}")
    if room.unread:
        facts.append(f"{room.unread} unread")
    if room.member_count is not None:
        facts.append(f"{room.member_count} member{'s' if room.member_count != 1 else ''}")
    facts += [word for word, so in _words(room) if so]
    if room.slow_mode_s:
        facts.append(f"slow mode {show_span(room.slow_mode_s)}")
    if room.retention_s:
        facts.append(f"kept {show_span(room.retention_s)}")
    if room.topic:
        facts.append(room.topic)
    return f"{room.name}  ({', '.join(facts)})"


def _words(room: Room) -> tuple[tuple[str, bool], ...]:
    dm = room.kind == "dm"
    private = room.visibility == "private" and not dm
    receipts = ("shows receipts", room.receipts and not dm)
    return ("dm", dm), ("private", private), ("archived", room.archived), receipts


def _member(member: Member) -> str:
    status = f"  {member.status_text}" if member.status_text else ""
    return f"{member.username}  ({member.role}, {member.presence}){status}"


def _ban(ban: Ban) -> str:
    reason = f": {ban.reason}" if ban.reason else ""
    return f"{ban.username}  (by {ban.banned_by.username}, {_at(ban.created_at)}){reason}"


def _invite(invite: Invite) -> str:
    uses = f"used {invite.uses} of {invite.max_uses}" if invite.max_uses else f"used {invite.uses}"
    return f"{invite.id}  (by {invite.created_by.username}, {uses}, until {_at(invite.expires_at)})"


def _device(device: Device) -> str:
    this = ", this one" if device.current else ""
    return f"{device.name}  ({device.id}, last seen {_at(device.last_seen_at)}{this})"


def _version(version: MessageVersion) -> str:
    return f"until {_at(version.until)}: {version.content.replace(chr(10), _CONTINUED)}"


def _hit(hit: SearchHit) -> str:
    return f"{hit.room_name}  {_message(hit.message)}"


def _user(user: User) -> str:
    facts = [f"shown as {user.display_name}"] if user.display_name != user.username else []
    facts += ["hides how far they have read"] if user.hides_reads else []
    return f"Signed in as {user.username}{' (' + ', '.join(facts) + ')' if facts else ''}."


def _target(target: PushTarget) -> str:
    of = (("mentions", target.mentions), ("DMs", target.dms), ("rooms", target.rooms), ("text", target.text))
    facts = [target.kind, target.state, *(word for word, so in of if so)]
    topic = f" {target.topic}" if target.topic else ""
    return f"{target.id}  {target.name}: {target.url}{topic}  ({', '.join(facts)})"


def _ssh_key(key: SshKey) -> str:
    return f"{key.id}  {key.name}  ({key.kind}, {key.fingerprint})"


_LINES: Final[dict[type, Callable[[Any], str]]] = {
    Message: _message,
    Room: _room,
    Member: _member,
    Ban: _ban,
    Invite: _invite,
    Device: _device,
    PushTarget: _target,
    SshKey: _ssh_key,
    MessageVersion: _version,
    SearchHit: _hit,
    User: _user,
    dict: lambda result: f"{next(iter(result.values()))}",
}
