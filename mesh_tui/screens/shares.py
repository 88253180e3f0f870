"""What a member of a room shares there, as a tree: folders are read once opened, anything can be fetched.

Strategy: the tree is a pure list of nodes, each with its depth; a folder that is opened puts its entries
below it. One call to the other device at a time; what it calls its files is painted and never a path here.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_tui.layout.cells import Fragment, Line, fit, width
from mesh_tui.screens.base import Page
from mesh_tui.transfers import name_of, size_words
from mesh_tui.widgets.choices import Block, Choices
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.peer import Entry
from protocol.text import clean_line

Browse = Callable[[str, str], Awaitable[Sequence[Entry]]]
"""A share's id and a path in it -> what is in there; without an id, the shares."""

Fetch = Callable[[str, str], Awaitable[object]]
"""Begins to fetch a path of a share."""

NODES_MOST: Final = 20_000
"""Rows of a tree at most: what is open beyond that is closed first."""

_LOADING: Final = "Asking their device…"
_LATE: Final = "has no device here that answers. What they share is shown once one does. Esc closes"
LATE_S: Final = 3.0
"""After so long without an answer it is said that there is none."""


@dataclass(slots=True)
class Node:
    """`share`: whose tree it is in; `path`: within that, empty for the share itself."""

    share: str
    path: str
    name: str
    is_folder: bool
    size: int
    depth: int
    is_open: bool = False


class Tree:
    """The rows of a tree. Knows no screen."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def begin(self, shares: Sequence[Node]) -> None:
        self.nodes = list(shares)

    def open(self, node: Node, inside: Sequence[Node]) -> int:
        """Puts what is `inside` below; how much was left out."""
        place = self.nodes.index(node)
        room = max(0, NODES_MOST - len(self.nodes))
        self.nodes[place + 1 : place + 1] = inside[:room]
        node.is_open = True
        return max(0, len(inside) - room)

    def close(self, node: Node) -> None:
        place = self.nodes.index(node)
        end = place + 1
        while end < len(self.nodes) and self.nodes[end].depth > node.depth:
            end += 1
        del self.nodes[place + 1 : end]
        node.is_open = False

    def parent(self, node: Node) -> Node | None:
        place = self.nodes.index(node)
        return next((known for known in reversed(self.nodes[:place]) if known.depth < node.depth), None)


class TreeList(Choices, can_focus=True):
    """A row a node."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = Tree()

    @property
    def chosen(self) -> Node | None:
        return self.rows.nodes[self.index] if self.index < len(self.rows.nodes) else None

    def blocks(self, cells: int) -> Iterable[Block]:
        for node in self.rows.nodes:
            mark = ("▾ " if node.is_open else "▸ ") if node.is_folder else "  "
            size = "" if node.is_folder else size_words(node.size)
            row = [
                Fragment("  "),
                Fragment("  " * min(node.depth, 12)),
                Fragment(mark, "muted"),
                Fragment(name_of(node.name, 120), "title" if node.is_folder else ""),
            ]
            row = fit(row, cells - len(size) - 2)
            free = cells - sum(width(fragment.text) for fragment in row) - len(size)
            yield Block([Line((*row, Fragment(" " * max(1, free)), Fragment(size, "muted")))])


class Shares(Page[None]):
    """Of one member of a room."""

    HERE = ("shares", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("right,enter", "open", "Open", show=False),
        Binding("left", "close", "Close folder", show=False),
        Binding("g", "fetch", "Get", show=False),
    ]

    def __init__(self, name: str, browse: Browse, fetch: Fetch) -> None:
        super().__init__()
        self._name = name_of(name, 40)
        self._browse = browse
        self._get = fetch

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide tall"):
            yield Static(Content(f"What {self._name} shares here"), classes="question")
            yield TreeList()
            yield Static(Content(_LOADING), classes="detail below")

    @property
    def _list(self) -> TreeList:
        return self.query_one(TreeList)

    def on_mount(self) -> None:
        self._list.focus()
        begin(self, self._load, None, exclusive=True, group="browse")

    def _tell(self, words: str) -> None:
        self.query_one(".below", Static).update(Content(words))

    async def _load(self, node: Node | None) -> None:
        """What is in a folder, or all that is shared."""
        self._tell(_LOADING)
        share, path = (node.share, node.path) if node else ("", "")
        late = self.set_timer(LATE_S, lambda: self._tell(f"{self._name} {_LATE}"))
        try:
            found = await self._browse(share, path)
        except MeshError as error:
            self._tell(f"✗ {clean_line(error.message)}")
            return
        finally:
            late.stop()
        below = [node_of(entry, node) for entry in found]
        below.sort(key=lambda known: (not known.is_folder, known.name.casefold()))
        left_out = 0
        if node is None:
            self._list.rows.begin(below)
        elif node in self._list.rows.nodes and not node.is_open:
            left_out = self._list.rows.open(node, below)
        self._list.begin_at(self._list.index)
        if not self._list.rows.nodes:
            self._tell(f"{self._name} shares nothing in this room. Esc closes")
        else:
            more = f"{left_out:,} are not shown · " if left_out else ""
            self._tell(f"{more}→ opens a folder · ← closes it · g gets it · Esc closes")

    def action_open(self) -> None:
        node = self._list.chosen
        if node is None:
            return
        if not node.is_folder:
            self.action_fetch()
        elif not node.is_open:
            begin(self, self._load, node, exclusive=True, group="browse")

    def action_close(self) -> None:
        node = self._list.chosen
        if node is not None and not node.is_open:
            node = self._list.rows.parent(node)
        if node is not None:
            self._list.rows.close(node)
            self._list.begin_at(self._list.rows.nodes.index(node))

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        self._list.begin_at(event.index)
        node = self._list.chosen
        if node is not None and node.is_open:
            self.action_close()
        elif node is not None and node.is_folder:
            self.action_open()

    def action_fetch(self) -> None:
        if (node := self._list.chosen) is not None:
            begin(self, self._fetch, node, group="fetch")

    async def _fetch(self, node: Node) -> None:
        try:
            await self._get(node.share, node.path)
        except MeshError as error:
            self._tell(f"✗ {clean_line(error.message)}")
        else:
            self._tell(f"{name_of(node.name, 60)} is on its way. F7 shows how far it is.")


def node_of(entry: Entry, above: Node | None) -> Node:
    """A row for what is in `above`, or for a share, whose id is its target."""
    name = entry.path.rstrip("/").rpartition("/")[2]
    if above is None:
        return Node(entry.target, "", name, is_folder=True, size=0, depth=0)
    inside = f"{above.path}/{name}" if above.path else name
    is_folder = entry.kind == "folder"
    return Node(above.share, inside, name, is_folder, entry.size, above.depth + 1)
