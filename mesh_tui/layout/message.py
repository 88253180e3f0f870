"""One entry of a transcript as rows: a message, one on its way out, or what stands above the first.

Strategy: an entry owns the rows above it that depend on its predecessor (day, "new", author), as its
`Lead`, so a list of entries is a list of independent blocks, and `lead` alone looks at a neighbour.
"""

import zlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final, Literal

from mesh_agent.calls import announcing as calls
from mesh_agent.client.state import Outgoing
from mesh_agent.terminal import announcing
from mesh_tui.layout.announced import Place, call_card, card
from mesh_tui.layout.cells import Fragment, Line, clip, fit, paintable, width, wrap
from mesh_tui.layout.markdown import rows
from protocol.rest import EVERYONE, Message
from protocol.text import clean_line
from protocol.times import parse_time

AUTHOR_ROLES: Final = 6
"""Colours that other people's names are told apart by."""

GROUP_S: Final = 300
"""Messages of one author this close together stand under one name."""

LONG_CHARS: Final = 120
GUTTER: Final = 2
MARGIN: Final = 1
WIDEST: Final = 120
"""Cells that text is broken at however wide the terminal is; longer lines are hard to read."""

NARROWEST: Final = 12
"""Cells that a message is laid out for at least, whatever the terminal's width."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the first message that is held: whether there is more, and whether it is coming.

    Attributes:
        room: of a DM, the name of the other one.
    """

    state: Literal["loading", "earlier", "failed", "beginning", "thread"]
    room: str = ""
    topic: str = ""
    error: str = ""
    dm: bool = False


Entry = Message | Outgoing | Head


@dataclass(frozen=True, slots=True)
class Me:
    id: str
    username: str


@dataclass(frozen=True, slots=True)
class Lead:
    """The rows above an entry.

    Attributes:
        day: set where a new day begins.
        unread: the line below which everything is new.
        header: author and time.
        gap: an empty row.
    """

    day: date | None = None
    unread: bool = False
    header: bool = True
    gap: bool = True

    @property
    def height(self) -> int:
        return self.gap + 2 * (self.day is not None) + self.unread + self.header


def lead(previous: Entry | None, entry: Entry, me: Me, unread_after: int | None = None) -> Lead:
    """What stands above `entry` when `previous` is above it; messages past `unread_after` are new."""
    if isinstance(entry, Head):
        return Lead(header=False, gap=False)
    at = moment(entry.created_at)
    before = None if previous is None or isinstance(previous, Head) else moment(previous.created_at)
    day = at.date() if at and (before is None or before.date() != at.date()) else None
    unread = _begins_unread(previous, entry, unread_after)
    grouped = (
        _voice(previous, me) == _voice(entry, me)
        and at is not None
        and before is not None
        and abs((at - before).total_seconds()) < GROUP_S
        and not (isinstance(entry, Message) and (entry.edited_at or entry.reply_to or entry.pinned))
    )
    header = bool(day) or unread or not grouped
    return Lead(day, unread, header, gap=header or _long(previous) or _long(entry))


def estimate(entry: Entry, above: Lead, cells: int) -> int:
    """About how many rows `entry` takes, from the length of its text alone."""
    if isinstance(entry, Head):
        return 2
    content = entry.content
    body = content.count("\n") + 1 + len(content) // min(WIDEST, max(NARROWEST, cells - GUTTER - MARGIN))
    more = bool(refers_to(entry)) + (isinstance(entry, Message) and bool(entry.reactions))
    return above.height + body + more + (isinstance(entry, Outgoing) and entry.state == "failed")


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of other messages that an entry shows.

    Attributes:
        quoted: what `refers_to` names, if it is held.
        thread: the id of the thread that alone is shown, where one is.
        answers: what is told of how much was said in the thread that it began.
        away: whose terminal it tells of is seen nowhere now.
        place: ours, to the call that it tells of.
    """

    quoted: Message | None = None
    thread: str = ""
    answers: str = ""
    away: bool = False
    place: Place = "outside"


ALONE: Final = Around()


def lay_out(entry: Entry, above: Lead, cells: int, me: Me, around: Around = ALONE) -> tuple[Line, ...]:
    """The rows of `entry`, each at most `cells` wide."""
    room = min(WIDEST, max(NARROWEST, cells - GUTTER - MARGIN))
    if isinstance(entry, Head):
        return tuple(_head(entry, cells))
    lines: list[Line] = [Line(())] if above.gap else []
    if above.day:
        lines += [_divider(f"{above.day:%A} {above.day.day} {above.day:%B %Y}", "day", cells), Line(())]
    if above.unread:
        lines.append(_divider("new", "unread", cells))
    mark = _gutter(entry, me)
    if above.header:
        lines.append(_header(entry, me, mark, room + GUTTER))
    if refers_to(entry, around.thread):
        lines.append(_quote(entry, around.quoted, room, mark))
    lines += [_indent(line, mark) for line in _body(entry, room, me, around)]
    if isinstance(entry, Message) and entry.reactions:
        lines += [_indent(line, mark) for line in wrap(_reactions(entry, me), room)]
    if around.answers:
        text = clip(f"↳ {around.answers}", room)
        lines.append(Line((mark, Fragment(text, "answers")), decoration=GUTTER + len(text)))
    if isinstance(entry, Outgoing) and (why := _why_here(entry)):
        lines += [_indent(line, mark) for line in wrap(why, room)]
    return tuple(lines)


def _why_here(entry: Outgoing) -> list[Fragment]:
    """Why a message is not in the room, where the server said so, and what becomes of it."""
    if entry.state == "failed":
        why = Fragment(f"✗ Not sent: {_one_line(entry.error) or 'refused'} ", "failed")
        return [why, Fragment("F5 try again · F8 drop", "muted")]
    if entry.error:
        return [Fragment(f"{_one_line(entry.error)} ", "pending"), Fragment("It is sent by itself.", "muted")]
    return []


@lru_cache(maxsize=8_192)
def moment(text: str) -> datetime | None:
    """The local time of `text` (RFC 3339); None where it is no time."""
    try:
        return datetime.fromtimestamp(parse_time(text) / 1000).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def author_role(user_id: str) -> str:
    """The role that a person's name is painted with, the same on every screen."""
    return f"author-{zlib.crc32(user_id.encode()) % AUTHOR_ROLES}"


def _voice(entry: Entry | None, me: Me) -> tuple[str, str, str | None]:
    """Whose words these are, how they stand and where; entries of one voice share a header."""
    if isinstance(entry, Message):
        return entry.author.id, "sent", entry.thread
    if isinstance(entry, Outgoing):
        return me.id, entry.state, entry.thread
    return "", "", None


def _long(entry: Entry | None) -> bool:
    """Long enough that an empty row tells it from its neighbours better."""
    return isinstance(entry, Message | Outgoing) and (
        len(entry.content) > LONG_CHARS or "\n" in entry.content
    )


def _begins_unread(previous: Entry | None, entry: Entry, unread_after: int | None) -> bool:
    if unread_after is None or not isinstance(entry, Message) or entry.seq <= unread_after:
        return False
    return not isinstance(previous, Message) or previous.seq <= unread_after


def _calls(message: Message, me: Me) -> bool:
    """Whether it mentions me, or everyone."""
    return me.id in message.mentions or (EVERYONE in message.mentions and message.author.id != me.id)


def _gutter(entry: Message | Outgoing, me: Me) -> Fragment:
    if isinstance(entry, Outgoing):
        return Fragment("▎ ", entry.state)
    if entry.author.id == me.id:
        return Fragment("▎ ", "own-bar")
    return Fragment("▎ ", "mention-bar") if _calls(entry, me) else Fragment("  ")


def _header(entry: Message | Outgoing, me: Me, mark: Fragment, cells: int) -> Line:
    at = moment(entry.created_at)
    fragments = [mark]
    if isinstance(entry, Outgoing) or entry.author.id == me.id:
        fragments += [Fragment(me.username, "own"), Fragment(" you", "muted")]
    else:
        fragments.append(Fragment(paintable(entry.author.username), author_role(entry.author.id)))
    fragments.append(Fragment(f"  {at:%H:%M}" if at else "", "muted"))
    if isinstance(entry, Outgoing) and entry.state == "pending":
        fragments.append(Fragment("  ◌ pending", "pending"))
    if isinstance(entry, Message):
        fragments.append(Fragment("  edited" if _changed(entry) else "", "muted"))
        fragments.append(Fragment("  ◆ pinned" if entry.pinned else "", "pinned"))
        fragments.append(Fragment("  mentions you" if _calls(entry, me) else "", "mention-me"))
    return Line(tuple(fit((fragment for fragment in fragments if fragment.text), cells)), decoration=GUTTER)


def _changed(message: Message) -> bool:
    """Whether its author has put other words; that a terminal or a call is over is told by a program."""
    return bool(message.edited_at) and not message.deleted and not by_program(message)


def by_program(message: Message) -> bool:
    """Whether it tells of a terminal or a call: its first line is for people, its last one for programs."""
    return any(read(message) is not None for read in (announcing.read, calls.read))


def _body(entry: Message | Outgoing, room: int, me: Me, around: Around) -> list[Line]:
    if isinstance(entry, Message) and entry.deleted:
        return list(wrap([Fragment("This message was deleted.", "deleted")], room))
    announced = announcing.read(entry) if isinstance(entry, Message) else None
    if announced is not None:
        return list(card(announced, room, mine=announced.user_id == me.id, away=around.away))
    call = calls.read(entry) if isinstance(entry, Message) else None
    if call is not None:
        return list(call_card(call, room, around.place, mine=call.user_id == me.id))
    lines = list(rows(paintable(entry.content), room, me.username))
    if isinstance(entry, Outgoing):
        role = "pending" if entry.state == "pending" else "refused"
        lines = [_tint(line, role) for line in lines]
    return lines


def _tint(line: Line, role: str) -> Line:
    fragments = tuple(Fragment(text, f"{own} {role}".strip()) for text, own in line.fragments)
    return Line(fragments, line.decoration, line.joiner, line.fill)


def _indent(line: Line, mark: Fragment) -> Line:
    return Line((mark, *line.fragments), line.decoration + GUTTER, line.joiner, line.fill)


def refers_to(entry: Entry, within: str = "") -> str:
    """The id of the message that is quoted above `entry`: what it answers, or what its thread began with.

    Where one thread alone is shown, the one `within`, nothing in it need say so.
    """
    if isinstance(entry, Head) or (isinstance(entry, Message) and entry.deleted):
        return ""
    reply_to = entry.reply_to if isinstance(entry, Message) else None
    return reply_to or (entry.thread if entry.thread != within else "") or ""


def answers(count: int, more: bool) -> str:
    """`3 answers`, or `3+ answers` where there may be more; nothing for none."""
    if more:
        return f"{count}+ answers"
    return f"{count} {'answer' if count == 1 else 'answers'}" if count else ""


def first_line(message: Message) -> str:
    """`alice: its first line`, to tell it from others."""
    first = next((line for line in paintable(message.content).split("\n") if line.strip()), "")
    return f"{paintable(message.author.username)}: {first}"


def _quote(entry: Entry, quoted: Message | None, room: int, mark: Fragment) -> Line:
    text = first_line(quoted) if quoted and not quoted.deleted else "an earlier message"
    sign = "↪" if isinstance(entry, Message) and entry.reply_to else "↳ in the thread of"
    text = clip(f"{sign} {text}", room)
    return Line((mark, Fragment(text, "quoted")), decoration=GUTTER + len(text))


def _reactions(message: Message, me: Me) -> list[Fragment]:
    """Each with the number of people; mine in brackets, so that colour is not the only sign."""
    fragments: list[Fragment] = []
    for reaction in message.reactions:
        mine = me.id in reaction.users
        text = f"{_one_line(reaction.reaction)} {len(reaction.users)}"
        fragments += [Fragment(f"[{text}]" if mine else f" {text} ", "reaction-mine" if mine else "reaction")]
        fragments.append(Fragment(" "))
    return fragments


def _divider(label: str, role: str, cells: int) -> Line:
    room = cells - GUTTER - MARGIN
    label = f" {clip(label, room - 4)} "
    left = (room - width(label)) // 2
    right = room - width(label) - left
    rules = Fragment("─" * left, f"{role}-rule"), Fragment(label, role), Fragment("─" * right, f"{role}-rule")
    return Line((Fragment("  "), *rules), decoration=GUTTER + left + len(label) + right)


_HEADS: Final = {
    "loading": Fragment("loading messages…", "muted"),
    "earlier": Fragment("↑ earlier messages", "muted"),
    "thread": Fragment("the beginning of the thread", "muted"),
}


def _one_line(text: str) -> str:
    return paintable(clean_line(text))


def _head(head: Head, cells: int) -> list[Line]:
    room = max(NARROWEST, cells - GUTTER - MARGIN)
    if short := _HEADS.get(head.state):
        text = clip(short.text, room)
        before = " " * ((cells - width(text)) // 2)
        return [Line(()), Line((Fragment(before), Fragment(text, short.role)), decoration=len(before + text))]
    if head.state == "failed":
        why = Fragment(f"Messages could not be loaded: {_one_line(head.error)} ", "failed")
        lines = list(wrap([why, Fragment("F5 tries again.", "muted")], room))
    else:
        between = f"of what you and {_one_line(head.room)} say" if head.dm else f"of {_one_line(head.room)}"
        lines = list(wrap([Fragment(f"This is the beginning {between}", "strong")], room))
        without = "Nobody else is in this room." if head.dm else "No topic has been set."
        lines += wrap([Fragment(_one_line(head.topic) or without, "muted")], room)
    return [Line(()), *(_indent(line, Fragment("  ")) for line in lines)]
