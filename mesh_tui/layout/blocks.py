"""Where each entry of a timeline stands: heights, their prefix sums, and rows laid out only when needed.

Strategy: a block an entry. Its height is estimated until someone looks at it, then laid out and exact; rows
are kept for a bounded number of blocks and made again when asked for. Prefix sums are mended from the first
change on, so an append costs nothing and finding the entry of a row is a bisection.
"""

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Final

from mesh_agent.calls import announcing as calls
from mesh_agent.terminal import announcing
from mesh_tui.layout.announced import NO_CALLS, MyCalls, Place, place_in
from mesh_tui.layout.cells import Line
from mesh_tui.layout.message import Around, Entry, Lead, Me, answers, estimate, lay_out, lead, refers_to
from mesh_tui.timeline import Splice, Timeline
from protocol.rest import Message

ROWS_KEPT: Final = 2_000
"""Rows of text that stay laid out; a message has at most a few thousand."""


Here = Set[str] | None
"""The ids of people; None: not known, as without a line."""


@dataclass(slots=True, eq=False)
class Block:
    entry: Entry
    lead: Lead
    height: int
    exact: bool = False


class Blocks:
    """The blocks of `timeline`, `cells` wide; above messages past `unread_after` stands the line "new".

    `here`: who is seen in the room now; a terminal of somebody else is told to be so. `mine`: where we stand
    to calls.
    """

    def __init__(
        self,
        timeline: Timeline,
        me: Me,
        cells: int,
        unread_after: int | None = None,
        *,
        here: Here = None,
        mine: MyCalls = NO_CALLS,
    ) -> None:
        self._timeline = timeline
        self._me = me
        self._unread_after = unread_after
        self._here, self._mine = here, mine
        self.cells = cells
        self._blocks: list[Block] = []
        self._tops = [0]
        self._rows: OrderedDict[Block, tuple[Line, ...]] = OrderedDict()
        self._rows_kept = 0
        self._answers: Counter[str] = Counter()
        """How many of the messages held were said in a thread, by the id of what began it."""

        self.splice(Splice(0, 0, timeline.entries))

    def __len__(self) -> int:
        return len(self._blocks)

    @property
    def height(self) -> int:
        return self.top(len(self._blocks))

    @property
    def unread_index(self) -> int | None:
        """The block that begins with the line "new"."""
        return next((index for index, block in enumerate(self._blocks) if block.lead.unread), None)

    def __getitem__(self, index: int) -> Block:
        return self._blocks[index]

    def top(self, index: int) -> int:
        """The row that block `index` begins at; of the index past the last one, the height of all."""
        for position in range(len(self._tops), index + 1):
            self._tops.append(self._tops[-1] + self._blocks[position - 1].height)
        return self._tops[index]

    def body(self, index: int) -> int:
        """The row at which what an entry itself says begins."""
        return self.top(index) + self._blocks[index].lead.height

    def at(self, row: int) -> int:
        """The block that owns `row`, or the nearest."""
        self.top(len(self._blocks))
        return min(max(0, bisect_right(self._tops, row) - 1), len(self._blocks) - 1)

    def rows(self, index: int) -> tuple[Line, ...]:
        """The rows of a block; laying them out makes its height exact."""
        block = self._blocks[index]
        if (rows := self._rows.get(block)) is not None:
            self._rows.move_to_end(block)
            return rows
        rows = lay_out(block.entry, block.lead, self.cells, self._me, self._around(block.entry))
        block.exact = True
        if block.height != len(rows):
            block.height = len(rows)
            self._stale_from(index)
        self._keep(block, rows)
        return rows

    def rough(self, first: int, last: int) -> list[int]:
        """The blocks from `first` to `last` whose heights are only estimated."""
        return [index for index in range(first, last + 1) if not self._blocks[index].exact]

    def splice(self, change: Splice) -> bool:
        """Follows a change that the timeline has made; whether what began a thread looks otherwise by it."""
        gone = self._blocks[change.start : change.start + change.removed]
        for block in gone:
            self._forget(block)
        counted = self._count((block.entry for block in gone), change)
        if change.removed == len(change.entries):
            self._quote_again(change.entries)
        previous = self._blocks[change.start - 1].entry if change.start else None
        added: list[Block] = []
        for entry in change.entries:
            added.append(self._block(previous, entry))
            previous = entry
        self._blocks[change.start : change.start + change.removed] = added
        self._stale_from(change.start)
        stop = change.start + len(added)
        if 0 < stop < len(self._blocks):
            self._lead_again(stop)
        return counted

    def resize(self, cells: int) -> None:
        """Everything is to be laid out anew, when it is looked at."""
        self.cells = cells
        self._rows.clear()
        self._rows_kept = 0
        for block in self._blocks:
            answered = bool(self._answers_to(block.entry))
            block.height, block.exact = estimate(block.entry, block.lead, cells) + answered, False
        self._stale_from(0)

    def mark_unread(self, unread_after: int | None) -> None:
        """Moves the line "new"."""
        self._unread_after = unread_after
        for index in range(1, len(self._blocks)):
            self._lead_again(index)

    def know(self, here: Here, mine: MyCalls) -> bool:
        """As at the beginning; whether anything that was laid out looks otherwise by it."""
        before = {block: self._outside(block.entry) for block in self._rows}
        self._here, self._mine = here, mine
        stale = [block for block, was in before.items() if self._outside(block.entry) != was]
        for block in stale:
            self._forget(block)
            block.exact = False
        return bool(stale)

    def _outside(self, entry: Entry) -> tuple[bool, Place]:
        """What an entry shows that no message tells."""
        call = calls.read(entry) if isinstance(entry, Message) else None
        return _is_away(entry, self._here), place_in(call, self._mine)

    def _block(self, previous: Entry | None, entry: Entry) -> Block:
        above = lead(previous, entry, self._me, self._unread_after)
        answered = bool(self._answers_to(entry))
        return Block(entry, above, estimate(entry, above, self.cells) + answered)

    # ── threads ──────────────────────────────────────────────────────────────────────────────────

    def _count(self, gone: Iterable[Entry], change: Splice) -> bool:
        """Counts answers anew; whether what began their threads is to be laid out anew."""
        if self._timeline.thread:
            return False
        differs = Counter(thread for entry in change.entries if (thread := _said_in(entry)))
        differs.subtract(thread for entry in gone if (thread := _said_in(entry)))
        changed = {thread for thread, count in differs.items() if count}
        if not changed:
            return False
        before = {thread: self._answers[thread] for thread in changed}
        self._answers.update(differs)
        for index, block in enumerate(self._blocks):
            entry = block.entry
            if isinstance(entry, Message) and entry.id in changed and not entry.deleted:
                block.height += bool(self._answers[entry.id]) - bool(before[entry.id])
                self._forget(block)
                self._stale_from(index)
        for thread in changed:
            if not self._answers[thread]:
                del self._answers[thread]
        return True

    def _answers_to(self, entry: Entry) -> str:
        """How many are held, in words; nothing where there are none."""
        if not isinstance(entry, Message) or entry.deleted or not (count := self._answers[entry.id]):
            return ""
        return answers(count, self._timeline.detached)

    def _lead_again(self, index: int) -> None:
        """A block's predecessor has changed: its own rows stay, those above them may not."""
        block = self._blocks[index]
        above = lead(self._blocks[index - 1].entry, block.entry, self._me, self._unread_after)
        if above != block.lead:
            block.height += above.height - block.lead.height
            block.lead = above
            self._forget(block)
            self._stale_from(index)

    def _around(self, entry: Entry) -> Around:
        thread = self._timeline.thread
        quoted = refers_to(entry, thread)
        message = self._timeline.message(quoted) if quoted else None
        return Around(message, thread, self._answers_to(entry), *self._outside(entry))

    def _quote_again(self, changed: Iterable[Entry]) -> None:
        """Messages have changed: where they are quoted they are to be seen as they are now."""
        ids = {entry.id for entry in changed if isinstance(entry, Message)}
        for block in list(self._rows):
            if refers_to(block.entry) in ids:
                self._forget(block)

    def _stale_from(self, index: int) -> None:
        del self._tops[index + 1 :]

    def _keep(self, block: Block, rows: tuple[Line, ...]) -> None:
        self._rows[block] = rows
        self._rows_kept += len(rows)
        while self._rows_kept > ROWS_KEPT and len(self._rows) > 1:
            self._rows_kept -= len(self._rows.popitem(last=False)[1])

    def _forget(self, block: Block) -> None:
        self._rows_kept -= len(self._rows.pop(block, ()))


def _is_away(entry: Entry, here: Here) -> bool:
    """Whether it tells of a terminal of somebody who is not seen."""
    told = announcing.read(entry) if isinstance(entry, Message) and here is not None else None
    return told is not None and here is not None and told.user_id not in here


def _said_in(entry: Entry) -> str:
    """The id of what began the thread that a message was said in."""
    return (entry.thread or "") if isinstance(entry, Message) and not entry.deleted else ""
