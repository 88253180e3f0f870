"""One thread beside the messages of its room, or over them where there is no room beside.

Strategy: a transcript of its own on a timeline of its own, which holds nothing but the thread. What is known
of it already is shown at once; then the agent is asked for the rest, page by page. What the room's screen
hears of the thread it hands on.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, Protocol

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from mesh_agent.client.state import Outgoing, Page
from mesh_tui.layout.cells import Fragment
from mesh_tui.layout.message import Head, Me, answers
from mesh_tui.timeline import Timeline
from mesh_tui.widgets.bar import Bar
from mesh_tui.widgets.transcript import Transcript
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.rest import Message

PAGE: Final = 100
"""Messages of a thread asked for at once."""


class Load(Protocol):
    """Asks for a page of the thread that began with a message; raises `MeshError`."""

    def __call__(
        self, first: str, *, before: int | None = None, after: int | None = None, limit: int
    ) -> Awaitable[Page]: ...


class ThreadPane(Vertical):
    """Shows one thread, or nothing: then it takes no room."""

    def __init__(self, load: Load, outgoing: Callable[[], Iterable[Outgoing]]) -> None:
        """`outgoing`: what of the room is on its way out."""
        super().__init__()
        self.first = ""
        """The id of the message that the thread began with; empty while none is shown."""

        self._load_page = load
        self._outgoing = outgoing
        self._me = Me("", "")
        self._timeline = Timeline()

    def compose(self) -> ComposeResult:
        yield Bar(classes="top esc-told")
        yield Transcript()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    @property
    def root(self) -> Message | None:
        """What the thread began with, if it is held."""
        return self._timeline.message(self.first)

    # ── which thread ─────────────────────────────────────────────────────────────────────────────

    def open(self, first: str, known: Sequence[Message], me: Me) -> None:
        """Shows the thread that began with the message of the id `first`, of which these are known."""
        self.first, self._me = first, me
        self._timeline = Timeline(thread=first)
        self._hold(Page([message for message in known if self._has(message)], has_more=True))
        self._apply_head(Head("loading"))
        self.load()

    def close(self) -> None:
        self.first = ""
        self.workers.cancel_group(self, "thread")
        self._timeline = Timeline()
        self.transcript.show(self._timeline, self._me)

    def load(self) -> None:
        """Asks for the newest of it, again if need be."""
        if self.first:
            begin(self, self._load_newest, exclusive=True, group="thread")

    async def _load_newest(self) -> None:
        try:
            page = await self._load_page(self.first, limit=PAGE)
        except MeshError as error:
            self._apply_head(Head("failed", error=error.message))
            return
        last = page.messages[-1].seq if page.messages else 0
        later = [known for known in self._messages() if known.seq > last]  # came while it was loaded
        self._hold(Page([*page.messages, *later], page.has_more))

    def _hold(self, page: Page) -> None:
        self._timeline.reset(page, [entry for entry in self._outgoing() if entry.thread == self.first], 0)
        self._timeline.set_head(_head(page.has_more))
        self.transcript.show(self._timeline, self._me, at_end=True)
        self._show_count()

    def _messages(self) -> list[Message]:
        return [entry for entry in self._timeline.entries if isinstance(entry, Message)]

    def _has(self, message: Message) -> bool:
        return self.first in (message.id, message.thread)

    # ── more of it ───────────────────────────────────────────────────────────────────────────────

    @on(Transcript.Moved)
    def moved(self, event: Transcript.Moved) -> None:
        event.stop()  # what is read of a thread says nothing of how far the room is read

    @on(Transcript.EarlierWanted)
    def earlier_wanted(self, event: Transcript.EarlierWanted) -> None:
        event.stop()
        if self._timeline.head.state == "earlier":
            self._apply_head(Head("loading"))
            begin(self, self._load_earlier, exclusive=True, group="thread")

    async def _load_earlier(self) -> None:
        try:
            page = await self._load_page(self.first, before=self._timeline.first, limit=PAGE)
        except MeshError as error:
            self._apply_head(Head("failed", error=error.message))
            return
        splices = self._timeline.prepend(page)
        self.transcript.apply([*splices, self._timeline.set_head(_head(page.has_more))])
        self._show_count()

    @on(Transcript.LaterWanted)
    def later_wanted(self, event: Transcript.LaterWanted) -> None:
        event.stop()
        begin(self, self._load_later, exclusive=True, group="thread")

    async def _load_later(self) -> None:
        try:
            page = await self._load_page(self.first, after=self._timeline.last, limit=PAGE)
        except MeshError:
            return  # it is wanted again when the reader moves
        self.transcript.apply(self._timeline.extend(page.messages))
        self._show_count()

    def _apply_head(self, head: Head) -> None:
        self.transcript.apply([self._timeline.set_head(head)])

    # ── what the room hears ──────────────────────────────────────────────────────────────────────

    def receive(self, message: Message, nonce: str | None = None) -> None:
        """A message of the room is new, or has changed."""
        if self.first and self._has(message):
            self.transcript.apply(self._timeline.receive(message, nonce))
            self._show_count()

    def put_outgoing(self, outgoing: Outgoing) -> None:
        if self.first and outgoing.thread == self.first:
            self.transcript.apply([self._timeline.put_outgoing(outgoing)])

    def discard(self, nonce: str) -> None:
        self.transcript.apply(self._timeline.discard(nonce))

    @property
    def failed(self) -> bool:
        """Something of it could not be loaded."""
        return bool(self.first) and self._timeline.head.state == "failed"

    def load_again(self) -> None:
        """Tries what failed once more."""
        if self.failed:
            self._apply_head(Head("loading"))
            self.load()

    def _show_count(self) -> None:
        count = sum(known.id != self.first and not known.deleted for known in self._messages())
        more = self._timeline.head.state != "thread"
        words = answers(count, more) or "no answers yet"
        title = [Fragment(" thread ", "brand"), Fragment(f" {words}", "muted")]
        self.query_one(Bar).put(title, [Fragment("Esc", "key"), Fragment(" closes ", "muted")])


def _head(has_more: bool) -> Head:
    return Head("earlier" if has_more else "thread")
