"""The messages of a room as bare lines, as they were written, for the terminal's own selection.

Strategy: nothing is broken here that fits on the screen. A line goes to the terminal whole, which breaks it
itself and so knows that it is one line when it is copied. Only how many rows that takes is worked out, to
show what fits; one that is longer than the screen is shown in parts, or its beginning would be scrolled away.
"""

from collections.abc import Iterable, Iterator, Sequence

from mesh_agent.client.state import Outgoing
from mesh_tui.layout.cells import Fragment, paintable, width, wrap
from mesh_tui.layout.message import Entry, Head, Lead, Me, lead, moment
from protocol.rest import Message
from protocol.text import clean_line, clean_text


def bare_lines(entries: Iterable[Entry], me: Me) -> Iterator[list[str]]:
    """The lines of each entry, without anything that could move the cursor; none of a head."""
    previous: Entry | None = None
    for entry in entries:
        yield [] if isinstance(entry, Head) else _lines(entry, lead(previous, entry, me), me)
        previous = entry


def parted(lines: Iterable[str], columns: int, rows: int) -> Iterator[list[str]]:
    """Each line in parts of at most `rows` rows, which together are the line; most are one part."""
    for line in lines:
        if rows_of(line, columns) < rows:
            yield [line]  # surely: wide characters may take a row more than their cells
            continue
        broken = [row.text for row in wrap([Fragment(line)], max(2, columns), words=False)]
        yield ["".join(broken[start : start + rows]) for start in range(0, len(broken), rows)]


def first_shown(lines: Sequence[str], end: int, columns: int, rows: int) -> int:
    """The first line of the screenful that ends before line `end`; at least one line is on it."""
    first = end
    while first > 0 and (first == end or rows_of(lines[first - 1], columns) <= rows):
        first -= 1
        rows -= rows_of(lines[first], columns)
    return first


def end_shown(lines: Sequence[str], first: int, columns: int, rows: int) -> int:
    """The line after the last one of the screenful that begins with line `first`; at least one is on it."""
    end = first
    while end < len(lines) and (end == first or rows_of(lines[end], columns) <= rows):
        rows -= rows_of(lines[end], columns)
        end += 1
    return end


def rows_of(line: str, columns: int) -> int:
    """How many rows the terminal makes of it."""
    return max(1, -(-width(line) // max(1, columns)))


def _lines(entry: Message | Outgoing, above: Lead, me: Me) -> list[str]:
    lines = [""] if above.gap else []
    if above.day:
        lines += [f"{above.day:%A} {above.day.day} {above.day:%B %Y}", ""]
    if above.header:
        lines.append(_header(entry, me))
    if isinstance(entry, Message) and entry.deleted:
        return [*lines, "This message was deleted."]
    return lines + paintable(clean_text(entry.content)).split("\n")


def _header(entry: Message | Outgoing, me: Me) -> str:
    at = moment(entry.created_at)
    name = entry.author.username if isinstance(entry, Message) else me.username
    state = f"  {entry.state}" if isinstance(entry, Outgoing) else ""
    return f"{paintable(clean_line(name))}{f'  {at:%H:%M}' if at else ''}{state}"
