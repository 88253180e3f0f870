"""What every screen of Mesh does alike: hears the agent, complains, and paints when the line is free."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from textual import events, on
from textual.binding import BindingType
from textual.errors import NoWidget
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from mesh_agent.client.state import AgentEvent
from mesh_tui import actions
from mesh_tui.actions import Place
from mesh_tui.bridge import FromAgent
from mesh_tui.compositing import LeanCompositor
from mesh_tui.driver import MeshDriver
from mesh_tui.hints import key_at
from mesh_tui.layout.cells import Fragment
from mesh_tui.pacing import Pacing
from mesh_tui.workers import SENDING, begin
from protocol.errors import MeshError
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp
    from mesh_tui.layout.call import Face
    from mesh_tui.widgets.status import StatusLine
    from protocol.rest import Message

Answer = TypeVar("Answer")
Result = TypeVar("Result")

_ESC_ALONE: Final = "esc-told"
_TOLD: Final = ("below", "hint", _ESC_ALONE)
"""Classes of what tells of keys; with the last one others have a word in it too, and Esc alone is a key."""

_TABLE_CELLS: Final = 100

Handlers = Mapping[type[AgentEvent], Callable[[Any, Any], None]]
"""Kind of event -> method of a screen."""


class Patient(Screen[Result]):
    """Paints when the terminal takes it and the loop can spare it, but what is typed at once.

    While more waits for the terminal than it takes, and while the app makes one of several changes (a batch),
    painting is put off. After a frame the loop is left alone for a while (`pacing`). A field to write in that
    has the focus is not kept waiting by that; it is painted alone, before what else changed.
    """

    LOW: ClassVar[Sequence[tuple[int, str]]] = (
        (10, "-low"),
        (8, "-lower"),
        (6, "-lowest"),
        (4, "-tiny"),
        (2, "-single"),
    )
    """Classes that the screen has with fewer rows than that; the styles say what gives way then."""

    def __init__(self) -> None:
        super().__init__()
        self.VERTICAL_BREAKPOINTS = list(self.LOW)
        self._compositor = LeanCompositor()
        self.pacing = Pacing()
        self._held = False

    async def _compose(self) -> None:
        # Textual looks how large the screen is after its first layout, and has all widgets styled again then.
        width, height = self.app.size
        across, down = self.HORIZONTAL_BREAKPOINTS or [], self.VERTICAL_BREAKPOINTS or []
        fitting = self._get_breakpoint_classes(width, across) | self._get_breakpoint_classes(height, down)
        self.update_classes({name: name in fitting for _, name in (*across, *down)}, animate=False)
        await super()._compose()

    def _get_breakpoint_classes(self, dimension: int, breakpoints: list[tuple[int, str]]) -> set[str]:
        # Textual gives one of them; what gives way on a low screen does on one that is lower still.
        if breakpoints is self.VERTICAL_BREAKPOINTS:
            return {name for rows, name in breakpoints if dimension < rows}
        return super()._get_breakpoint_classes(dimension, breakpoints)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Puts painting off until the end of the block, which has to come soon."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self.paint_now()

    def _on_timer_update(self) -> None:
        # Textual lays out and paints here. Left early, its timer goes on, and asks again.
        began = time.perf_counter()
        if self.pacing.may_paint(began):
            super()._on_timer_update()
            self.pacing.painted(began, time.perf_counter())

    async def _on_idle(self, event: events.Idle) -> None:  # noqa: ARG002
        # Textual calls this before its own, which has the rest painted when its timer says.
        focused = self.focused
        if not isinstance(focused, Input | TextArea) or focused not in self._dirty_widgets:
            return
        self.pacing.letter_painted()
        if self.is_current and not self._layout_required:
            others = self._dirty_widgets - {focused}
            self._dirty_widgets = {focused}
            self._compositor_refresh()
            self._dirty_widgets = others

    HERE: ClassVar[Sequence[Place]] = ()
    """The places of the registry that are on this screen: its help begins with them."""

    @property
    def here(self) -> Sequence[Place]:
        """Those of them whose keys work at this moment; the first is where one is."""
        return self.HERE

    def below(self, event: events.MouseEvent) -> tuple[Widget, Region]:
        """What is below the mouse, and where; for nothing, as where it has become smaller, this screen."""
        try:
            return self.get_widget_at(*event.screen_offset)
        except NoWidget:
            return self, self.region

    async def press_told(self, key: str) -> None:
        """Does what a key does that was clicked where the screen tells of it."""
        # A key that is made up goes to what has the focus, and past what is bound where nothing has it.
        if not await self.app._check_bindings(key):  # noqa: SLF001 - as Textual does for one that is pressed
            self.app.simulate_key(key)

    async def on_click(self, event: events.Click) -> None:
        """What is told of keys can be clicked too."""
        widget, region = self.below(event)
        if not any(map(widget.has_class, _TOLD)):
            return
        x, y = event.screen_offset - region.offset
        if widget.border_subtitle and y < region.height - 1:
            return  # it is told in the frame alone
        rows = widget.render_lines(Region(0, y, region.width, 1))
        key = key_at(rows[0].text, x) if rows else None
        if key == "escape" or (key is not None and not widget.has_class(_ESC_ALONE)):
            await self.press_told(key)

    def forgotten(self) -> None:
        """A transfer has left the list of them."""

    @property
    def mesh(self) -> "MeshApp":
        from mesh_tui.app import MeshApp

        assert isinstance(self.app, MeshApp)
        return self.app

    def copied(self, text: str) -> bool:
        """Puts it where it can be pasted from; False where it is too long, which is told."""
        return self.mesh.copy(text)

    def _compositor_refresh(self) -> None:
        # Textual paints here and nowhere else; what is put off stays marked as dirty in the compositor.
        # It forgets which widgets are dirty then, so the compositor must know of them first.
        self._compositor.update_widgets(self._dirty_widgets)
        # In a batch the app would drop the frame, and the compositor would take it for painted.
        app = self.app
        driver = app._driver  # noqa: SLF001 - there is no public way to the driver
        batched = app._batch_count  # noqa: SLF001 - nor to this
        if self._held or batched or (isinstance(driver, MeshDriver) and driver.waiting):
            self._dirty_widgets.clear()
            return
        super()._compositor_refresh()

    def paint_now(self) -> None:
        """Paints what was put off."""
        self._compositor_refresh()


class MeshScreen(Patient[Result]):
    """A screen that hears the agent: `EVENTS` says which method takes which event."""

    EVENTS: ClassVar[Handlers] = {}

    @on(FromAgent)
    def take(self, message: FromAgent) -> None:
        if handler := self.EVENTS.get(type(message.event)):
            handler(self, message.event)

    def on_status_line_room_clicked(self, event: "StatusLine.RoomClicked") -> None:
        # By its name: the first paint, which has no status line, needs no module of it.
        self.mesh.open_room(event.room_id)

    @property
    def room_in_front(self) -> str:
        """The id of the room whose messages are seen here; empty where there is none."""
        return ""

    def came_to_front(self) -> None:
        """What is on the screen is seen from now on."""

    def left(self) -> None:
        """The program is about to end: what is still to be kept of this screen is begun."""

    def on_screen_resume(self) -> None:
        self.refresh_bindings()
        self.came_to_front()

    def complain(self, error: MeshError) -> None:
        """Says what went wrong, in the words of the error."""
        self.notify(clean_line(error.message), severity="error", markup=False)

    def tell(self, words: str) -> None:
        """Says that something was done."""
        self.notify(words, markup=False)

    def show(self, title: str, paragraphs: Sequence[Sequence[Fragment]], detail: str = "") -> None:
        """Says more than fits into a line; `detail` says what can be done besides reading."""
        from mesh_tui.screens.tell import Tell

        self.mesh.push_screen(Tell(title, paragraphs, detail))

    def show_people(self, people: "Sequence[Face]") -> None:
        """Who is in the call, and how good the lines to them are."""
        from mesh_tui.layout.call import listed
        from mesh_tui.layout.call_figures import statistics

        lines = [*listed(people, _TABLE_CELLS), *statistics(people, _TABLE_CELLS)]
        self.show("In the call", [line.fragments for line in lines])

    async def search(self, words: str) -> None:
        """Looks for messages in all rooms; what is chosen is shown in its place."""
        from mesh_tui.screens.finder import Batch, Finder, Found

        agent, mesh = self.mesh.agent, self.mesh

        async def source(query: str, following: str | None) -> Batch:
            page = await agent.conversation.search(query, cursor=following)
            found = [Found(hit.message, hit.room_name) for hit in page.hits]
            return Batch(found, page.next if page.has_more else None)

        def found(message: "Message | None") -> None:
            if message is not None:
                mesh.open_room(message.room_id, at=message)

        mesh.push_screen(Finder("Search", source, query=words, empty="Nothing was found."), found)

    def choose_theme(self) -> None:
        """Shows them one by one; the one that is chosen is kept."""
        from mesh_tui.screens.looks import Looks

        preferences = self.mesh.preferences

        async def keep(name: str) -> None:
            await self.attempt(preferences.save, {"look.theme": name})
            preferences.preview(None)

        def chosen(name: str | None) -> None:
            if name is not None:
                begin(self.mesh, keep, name, group="settings")

        self.mesh.push_screen(Looks(), chosen)

    async def show_ssh_keys(self) -> None:
        """The page of the keys that let one in by ssh."""
        from mesh_tui.screens.ssh_keys import SshKeys

        self.mesh.push_screen(SshKeys())

    async def sign_out_others(self) -> None:
        """Every other device, after a question. Raises: MeshError."""
        from mesh_tui.screens.signed_in import ask_about_others

        await ask_about_others(self)

    async def show_inbox(self) -> None:
        """What is new in all rooms; what is chosen is shown in its place."""
        self.action_inbox()

    def action_inbox(self) -> None:
        from mesh_tui.screens.inbox import Goal, Inbox

        mesh = self.mesh

        def chosen(goal: Goal | None) -> None:
            if goal is not None:
                mesh.open_room(goal.room.id, at=goal.message)

        mesh.push_screen(Inbox(), chosen)

    def action_transfers(self) -> None:
        """All files on their way."""
        from mesh_tui.screens.transfers import Transfers

        self.mesh.push_screen(Transfers())

    def show_transfers(self) -> None:
        self.action_transfers()

    def action_terminals(self) -> None:
        """The terminal that is open; of several, the one that is chosen."""
        terminals = self.mesh.terminals
        known = terminals.all()
        if len(known) == 1:
            terminals.show(known[0])
        elif known:
            terminals.choose()
        else:
            self.tell("No terminal is open. /share-terminal shares one, /watch watches one.")

    def show_call(self) -> None:
        """The call that we are in."""
        self.mesh.calls.show()

    def action_call(self) -> None:
        """Answers who calls, or goes to the call that we are in."""
        begin(self.mesh, self._call, group="opening")

    async def _call(self) -> None:
        from mesh_tui import calling

        mesh = self.mesh
        if mesh.agent.calls.ringing and await self.attempt(calling.answer, mesh) is None:
            return
        if mesh.calls.call is None:
            self.tell("You are in no call. /call begins one.")
            return
        mesh.calls.show()

    def action_decline_call(self) -> None:
        from mesh_tui import calling

        self._deed(calling.decline)

    def action_mute_mic(self) -> None:
        from mesh_tui import calling

        self._deed(calling.mute)

    def _deed(self, deed: "Callable[[MeshApp], str]") -> None:
        try:
            self.tell(deed(self.mesh))
        except MeshError as error:
            self.complain(error)

    def entrust(self, call: Callable[..., Awaitable[object]], *arguments: object) -> None:
        """Makes a call to the agent that goes on when this screen is closed."""
        begin(self.mesh, self.attempt, call, *arguments, group=SENDING)

    async def attempt(self, call: Callable[..., Awaitable[Answer]], *arguments: object) -> Answer | None:
        """The answer of a call to the agent; None, and a complaint, where it fails."""
        try:
            return await call(*arguments)
        except MeshError as error:
            self.complain(error)
            return None


class Page(Patient[Result], ModalScreen[Result]):
    """A page above another screen; the settings do not open above it."""

    HERE: ClassVar[Sequence[Place]] = ("page",)
    LOW = ((14, "-low"), (9, "-lower"), (6, "-lowest"), (4, "-tiny"), (2, "-single"))
    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in actions.bindings("everywhere") if binding.action != "app.settings"
    ]

    CLOSES_OUTSIDE: ClassVar[bool] = True
    """Whether a click beside the page is as Esc: not where something is to be read, or would be lost."""

    async def on_click(self, event: events.Click) -> None:
        if self.CLOSES_OUTSIDE and self.below(event)[0] is self:
            await self.press_told("escape")
