"""A shared terminal in front: what stands in it, who is there, and what can be done with it.

Strategy: the terminal has all the room but for a row above and one below, and all the keys but for two. What
else can be done is on a list at the side that Ctrl+] opens: it has its own keys, and nothing of it reaches
the program. The terminal goes on when this screen is put away.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message

from mesh_tui.actions import Place
from mesh_tui.key_names import key_label
from mesh_tui.layout.cells import Fragment, Line, clip
from mesh_tui.screens.ask import Ask
from mesh_tui.screens.base import MeshScreen
from mesh_tui.screens.edit import Blank, Edit
from mesh_tui.terminal_kinds import Open, Own, Theirs
from mesh_tui.transfers import name_of
from mesh_tui.widgets.bar import Bar
from mesh_tui.widgets.choices import Block, Choices
from mesh_tui.widgets.terminal import MENU, TerminalView
from mesh_tui.workers import begin
from protocol.errors import MeshError

if TYPE_CHECKING:
    from mesh_agent.terminal.hosting import Guest

WORDS_CHARS: Final = 200
MENU_CELLS: Final = 38


class NotFound(MeshError):
    code = "client.not_found"
    text = "That is nowhere in what has scrolled away."


class Deed(NamedTuple):
    """Something that a key does while the list is open. `word`: what it is called now; empty: not now."""

    key: str
    name: str
    word: "Callable[[Open, Guest | None], str]"


def _asks(_: Open, guest: "Guest | None") -> bool:
    return guest is not None and guest.state == "asks"


def _write_word(terminal: Open, guest: "Guest | None") -> str:
    if isinstance(terminal, Theirs):
        return "give it back" if terminal.writes else "ask to write" if not terminal.over else ""
    if guest is None or guest.state != "watches":
        return ""
    return "take the keys back" if guest.writes else "let them write"


DEEDS: Final = (
    Deed("l", "let_in", lambda it, guest: "let in" if _asks(it, guest) else ""),
    Deed("d", "decline", lambda it, guest: "decline" if _asks(it, guest) else ""),
    Deed("w", "write", _write_word),
    Deed("k", "kick", lambda it, guest: "put out" if guest is not None and not _asks(it, guest) else ""),
    Deed("r", "record", lambda it, _: ("stop recording" if it.recorded else "record") if it.own else ""),
    Deed("slash", "find", lambda it, _: "find above" if it.screen.kept else ""),
    Deed("c", "copy", lambda _, __: "copy what is selected, or seen"),
    Deed("b", "background", lambda _, __: "to the room, it goes on"),
    Deed("q", "end", lambda it, _: "end it for all" if it.own and not it.over else "leave"),
)


class Menu(Choices, can_focus=True):
    """Who is there, and the keys for what can be done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(deed.key, f"deed('{deed.name}')", show=False) for deed in DEEDS),
        Binding(f"escape,{MENU},enter", "close", show=False),
    ]

    class Closed(Message):
        """The keys go to the program again."""

    class Wanted(Message):
        """A key was pressed for something that can be done now."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, terminal: Open) -> None:
        super().__init__()
        self._terminal = terminal

    @property
    def guest(self) -> "Guest | None":
        """The one that is chosen."""
        guests = self._terminal.guests if isinstance(self._terminal, Own) else ()
        return guests[self.index] if self.index < len(guests) else None

    def blocks(self, cells: int) -> Iterable[Block]:
        yield Block([Line((Fragment(" Who is here", "heading"),)), Line(())], can_be_chosen=False)
        yield from self._people(cells)
        keys = [Line(()), Line((Fragment(" What can be done", "heading"),)), Line(())]
        for deed in DEEDS:
            if word := deed.word(self._terminal, self.guest):
                key = Fragment(f"   {key_label(deed.key)}", "key")
                keys.append(Line((key, Fragment(f"  {clip(word, cells - 7)}"))))
        keys.append(Line((Fragment("   Esc", "key"), Fragment(" back to the terminal"))))
        yield Block(keys, can_be_chosen=False)

    def on_click(self, event: events.Click) -> None:
        """A guest is chosen by it; what can be done is done."""
        event.prevent_default()
        offset = event.get_content_offset(self)
        row = round(self.scroll_y) + offset.y if offset else -1
        told = self.line(row).fragments[:1]
        if told and told[0].role == "key":
            key = told[0].text.strip()
            named = (deed.name for deed in DEEDS if key in (deed.key, key_label(deed.key)))
            name = next(named, "")
            self.action_deed(name) if name else self.action_close()
        elif index := [number for number, rows in enumerate(self._rows) if row in rows]:
            self.begin_at(index[0])

    def _people(self, cells: int) -> Iterable[Block]:
        terminal = self._terminal
        if isinstance(terminal, Own):
            for guest in terminal.guests:
                yield Block([_guest_line(guest, cells), _about_guest(guest)])
            if not terminal.guests:
                yield Block([Line((Fragment("   nobody yet", "muted"),))], can_be_chosen=False)
            return
        names = [f"   {name_of(terminal.who, 24)}, whose it is"]
        names += [
            f"   {name_of(watcher.name, 24)}{', writes' if watcher.writes else ''}"
            for watcher in terminal.watchers
        ]
        yield Block([Line((Fragment(clip(name, cells)),)) for name in names], can_be_chosen=False)

    def step(self, count: int) -> None:
        super().step(count)
        self.remake()

    def action_deed(self, name: str) -> None:
        deed = next(deed for deed in DEEDS if deed.name == name)
        if deed.word(self._terminal, self.guest):
            self.post_message(self.Wanted(name))

    def action_close(self) -> None:
        self.post_message(self.Closed())


def _guest_line(guest: "Guest", cells: int) -> Line:
    signs = {"met": ("◌", "muted"), "asks": ("?", "mention-me"), "watches": ("●", "state-up")}
    sign, role = signs[guest.state]
    name = Fragment(clip(name_of(guest.name, 30), cells - 6), "title")
    return Line((Fragment("  "), Fragment(f"{sign} ", role), name))


def _about_guest(guest: "Guest") -> Line:
    words = {"met": "is here", "asks": "asks to watch", "watches": "watches"}[guest.state]
    if guest.writes:
        words = "writes"
    elif guest.asking:
        words = "asks to write"
    known = "verified" if guest.compared else "not verified"
    return Line((Fragment("    "), Fragment(f"{words}, {known}, {guest.way}", "muted")))


class TerminalScreen(MeshScreen[None]):
    """Shows `terminal`."""

    # The list lies above the terminal, which must not become narrower: its program would notice.
    CSS = f"""
    TerminalScreen Horizontal {{ layers: base above; }}
    TerminalScreen Menu {{
        layer: above; dock: right; width: {MENU_CELLS}; height: 1fr; max-width: 100%;
        border-left: solid $line; background: $surface; display: none;
    }}
    TerminalScreen.-menu Menu {{ display: block; }}
    """

    def __init__(self, terminal: Open) -> None:
        super().__init__()
        self.terminal = terminal
        self._back = 0
        self._searched = ""

    @property
    def here(self) -> Sequence[Place]:
        return ("terminal-menu",) if self._menu.has_focus else ("terminal",)

    def compose(self) -> ComposeResult:
        yield Bar(classes="top")
        with Horizontal():
            yield TerminalView(self.terminal)
            yield Menu(self.terminal)
        yield Bar(classes="top below")

    @property
    def _view(self) -> TerminalView:
        return self.query_one(TerminalView)

    @property
    def _menu(self) -> Menu:
        return self.query_one(Menu)

    def on_mount(self) -> None:
        self.terminal.listener = self._changed
        self._view.focus()
        self._show()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)  # what is a part is known once the view has its size

    def on_unmount(self) -> None:
        self.terminal.listener = None

    # ── what is shown ────────────────────────────────────────────────────────────────────────────

    def _changed(self) -> None:
        if self.is_mounted and self.display:  # its parts go before it is unmounted, and is told no more
            self._view.look()
            self._show()

    def _show(self) -> None:
        terminal = self.terminal
        whose = f"{name_of(terminal.who, 24)}'s terminal" if terminal.who else "Your terminal, shared"
        left = [Fragment(" ▣ ", "brand"), Fragment(terminal.title, "title"), Fragment(f"  {whose}", "muted")]
        right = [Fragment("● recorded ", "failed")] if terminal.recorded else []
        asks = isinstance(terminal, Own) and any(guest.state == "asks" for guest in terminal.guests)
        role = "mention-me" if asks else "failed" if terminal.over else "muted"
        top, below = self.query(Bar)
        top.put(left, [*right, Fragment(f"{terminal.state} ", role)])
        below.put([Fragment(" "), *self._hint()], self._size_words())
        if self._menu.display:
            self._menu.remake()

    def _hint(self) -> list[Fragment]:
        if self.terminal.over:
            return [Fragment("Esc Esc", "key"), Fragment(" closes it", "muted")]
        if self._back:
            words = f" back by {self._back} lines · any other key returns"
            return [Fragment("PgUp PgDn", "key"), Fragment(words, "muted")]
        return [
            Fragment("Esc Esc", "key"),
            Fragment(" to the room · ", "muted"),
            Fragment("^]", "key"),
            Fragment(" who is here, and more · ", "muted"),
            Fragment("Shift+PgUp", "key"),
            Fragment(" back", "muted"),
        ]

    def _size_words(self) -> list[Fragment]:
        screen = self.terminal.screen
        part = " · a part" if self._view.is_part else ""
        return [Fragment(f"{screen.columns}×{screen.rows}{part} ", "muted")]

    # ── what the view tells ──────────────────────────────────────────────────────────────────────

    @on(TerminalView.Moved)
    def moved(self, event: TerminalView.Moved) -> None:
        self._back = event.back
        self._show()

    @on(TerminalView.Refused)
    def refused(self) -> None:
        if not self.terminal.over:
            self.tell("You only watch. Ctrl+] and w asks to write.")

    @on(TerminalView.Left)
    def leave(self) -> None:
        if self.terminal.over:
            self._end()
        else:
            self.dismiss()

    @on(TerminalView.MenuWanted)
    def open_menu(self) -> None:
        self.add_class("-menu")
        self._menu.focus()
        self._menu.begin_at(0)

    @on(Menu.Closed)
    def close_menu(self) -> None:
        self.remove_class("-menu")
        self._view.focus()

    # ── what can be done ─────────────────────────────────────────────────────────────────────────

    @on(Menu.Wanted)
    def wanted(self, event: Menu.Wanted) -> None:
        self._DO[event.name](self)
        self._show()

    def _with_guest(self, do: "Callable[[Own, Guest], object]") -> None:
        guest = self._menu.guest
        if isinstance(self.terminal, Own) and guest is not None:
            try:
                do(self.terminal, guest)
            except MeshError as error:
                self.complain(error)

    def _let_in(self) -> None:
        self._with_guest(lambda own, guest: own.hosted.let_in(guest))

    def _decline(self) -> None:
        self._with_guest(lambda own, guest: own.hosted.refuse(guest))

    def _kick(self) -> None:
        self._with_guest(lambda own, guest: own.hosted.kick(guest))

    def _write(self) -> None:
        if isinstance(self.terminal, Theirs):
            self.terminal.watching.ask_to_write(not self.terminal.writes)
            self.close_menu()
            return

        def change(own: Own, guest: "Guest") -> None:
            if guest.writes:
                own.hosted.take(guest)
            else:
                begin(self, self.attempt, own.hosted.grant, guest)

        self._with_guest(change)

    def _record(self) -> None:
        if isinstance(self.terminal, Own):
            begin(self, self.attempt, self.mesh.terminals.record, self.terminal)

    def _find(self) -> None:
        async def look(values: Sequence[str]) -> None:
            self._searched = values[0]
            if not await self._view.find(values[0]):
                raise NotFound

        self.close_menu()
        blank = Blank("Words", self._searched, WORDS_CHARS)
        self.mesh.push_screen(Edit("Find what has scrolled away", [blank], look, enter="finds it"))

    def _copy(self) -> None:
        if self.copied(self.get_selected_text() or self._view.text()):
            self.clear_selection()
            self.tell("Copied.")
        self.close_menu()

    def _background(self) -> None:
        self.dismiss()

    def _ask_to_end(self) -> None:
        if not isinstance(self.terminal, Own) or self.terminal.over:
            self._end()
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._end()

        count = len(self.terminal.watchers)
        watch = f"{count} {'person watches' if count == 1 else 'people watch'} it." if count else ""
        question = Ask("End this terminal, and what runs in it?", watch, yes="End it")
        self.mesh.push_screen(question, answered)

    def _end(self) -> None:
        begin(self.mesh, self.mesh.terminals.close, self.terminal, group="terminals")
        self.dismiss()

    _DO: ClassVar["dict[str, Callable[[TerminalScreen], None]]"] = {
        "let_in": _let_in,
        "decline": _decline,
        "write": _write,
        "kick": _kick,
        "record": _record,
        "find": _find,
        "copy": _copy,
        "background": _background,
        "end": _ask_to_end,
    }
