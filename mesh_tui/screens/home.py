"""Home: my rooms with what is new in them, public rooms to join, and a room made in place."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from mesh_agent.client.state import Connected, ConnectionChanged, EventsDropped, RoomsChanged, Waiting
from mesh_agent.sharing.state import TransferChanged
from mesh_tui import actions, commands, slash
from mesh_tui.actions import Place
from mesh_tui.layout.cells import Fragment, paintable
from mesh_tui.rooms import Entry
from mesh_tui.screens.among import Among
from mesh_tui.screens.ask import Ask
from mesh_tui.screens.base import Handlers
from mesh_tui.screens.touring import Touring
from mesh_tui.slash import Typed
from mesh_tui.slash_commands import Command
from mesh_tui.widgets.bar import Bar
from mesh_tui.widgets.form import Field
from mesh_tui.widgets.keybar import KeyBar
from mesh_tui.widgets.rooms import Failed, Loaded, RoomList
from mesh_tui.widgets.status import StatusLine
from mesh_tui.widgets.tour import TourCard
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.limits import CONTENT_CHARS, NAME_CHARS
from protocol.rest import Room
from protocol.text import clean_line


class Home(Touring, Among):
    """The first screen of a session; rooms lie above it. `tour`: it begins with the tour."""

    HERE = ("home", "rooms")
    BINDINGS: ClassVar[list[BindingType]] = [
        *actions.bindings("home"),
        *actions.bindings("rooms"),
        *actions.bindings("tour"),
        *actions.bindings("everywhere"),
        Binding("escape", "cancel", "Cancel", show=False),
    ]

    def __init__(self, *, tour: bool = False) -> None:
        super().__init__()
        self._tour = tour

    def compose(self) -> ComposeResult:
        yield Bar(classes="top")
        yield Field("new-room", "Name of the new room", limit=NAME_CHARS, classes="-hidden")
        yield Field("command", "Command", limit=CONTENT_CHARS, classes="-hidden")
        yield RoomList()
        yield TourCard()
        yield StatusLine()
        yield KeyBar()

    def on_mount(self) -> None:
        agent = self.mesh.agent
        name = agent.user.username if agent.user else ""
        self.query_one(Bar).put(
            [Fragment(" mesh ", "brand"), Fragment(" "), Fragment(clean_line(agent.server), "muted")],
            [Fragment(f"{paintable(name)} ", "own")],
        )
        self._field.input.placeholder = "Enter creates it · Esc cancels"
        self._command.input.placeholder = "/join ROOM · /msg NAME · /search WORDS · Esc cancels"
        self.show_entries(self.mesh.entries())
        self._show_state()
        self.action_again()
        self.query_one(RoomList).focus()
        if self._tour:
            self.show_tour()

    @property
    def here(self) -> Sequence[Place]:
        return ("tour", *self.HERE) if self.tours else self.HERE

    @property
    def room_id(self) -> str:
        return ""

    @property
    def _field(self) -> Field:
        return self.query_one("#new-room", Field)

    @property
    def _command(self) -> Field:
        return self.query_one("#command", Field)

    # ── what the agent tells ─────────────────────────────────────────────────────────────────────

    def _rooms_changed(self, _: RoomsChanged) -> None:
        self.show_entries(self.mesh.entries())

    def _connection_changed(self, event: ConnectionChanged) -> None:
        self._show_state()
        rooms = self.query_one(RoomList)
        if isinstance(event.state, Connected) and not isinstance(rooms.public, Loaded):
            self.action_again()

    def _dropped(self, _: EventsDropped) -> None:
        self.show_entries(self.mesh.entries())
        self.show_transfer_state()
        self._show_state()

    EVENTS: ClassVar[Handlers] = {
        RoomsChanged: _rooms_changed,
        ConnectionChanged: _connection_changed,
        TransferChanged: Among.transfer_changed,
        EventsDropped: _dropped,
    }

    def show_entries(self, entries: Sequence[Entry]) -> None:
        super().show_entries(entries)
        self.query_one(RoomList).put(mine=entries)

    def came_to_front(self) -> None:
        self.show_entries(self.mesh.entries())  # the room that was open no longer holds its place

    def _show_state(self) -> None:
        self.query_one(StatusLine).put_state(self.mesh.agent.connection)

    # ── the directory ────────────────────────────────────────────────────────────────────────────

    def action_again(self) -> None:
        if isinstance(self.mesh.agent.connection, Waiting):
            self.entrust(self.mesh.agent.reconnect_now)
        rooms = self.query_one(RoomList)
        if not isinstance(rooms.public, Loaded):
            rooms.put(public="loading")
        begin(self, self._load_public, exclusive=True, group="directory")

    async def _load_public(self) -> None:
        rooms = self.query_one(RoomList)
        try:
            rooms.put(public=Loaded(await self.mesh.directory.list()))
        except MeshError as error:
            rooms.put(public=Failed(clean_line(error.message)))

    # ── opening, joining, making ─────────────────────────────────────────────────────────────────

    @on(RoomList.Chosen)
    def choose(self, event: RoomList.Chosen) -> None:
        if event.mine:
            self.mesh.open_room(event.room.id)
        else:
            begin(self, self._join, event.room, exclusive=True, group="enter")

    async def _join(self, room: Room) -> None:
        if joined := await self.attempt(self.mesh.agent.join, room.id):
            self.mesh.open_room(joined.id)

    def action_create(self) -> None:
        self._field.remove_class("-hidden")
        self._field.input.focus()

    def action_command(self) -> None:
        self._ask_for_command("/")

    def _ask_for_command(self, begun: str) -> None:
        self._command.remove_class("-hidden")
        self._command.input.value = begun
        self._command.input.cursor_position = len(begun)
        self._command.input.focus()

    def take_command(self, command: Command) -> None:
        self._ask_for_command(f"/{command.name} " if command.usage else command.line)
        if not command.usage:
            begin(self, self._run, Typed(command.name, ""), exclusive=True, group="enter")

    def action_cancel(self) -> None:
        for field in (self._field, self._command):
            field.input.value = ""
            field.complain("")
            field.add_class("-hidden")
        self.query_one(RoomList).focus()

    @on(Input.Submitted, "#command Input")
    def run(self, event: Input.Submitted) -> None:
        event.stop()
        typed = slash.read(event.value.strip())
        if isinstance(typed, Typed):
            begin(self, self._run, typed, exclusive=True, group="enter")
        else:
            self._command.complain("A command begins with a slash; a message is written in a room.")

    async def _run(self, typed: Typed) -> None:
        try:
            await commands.run_anywhere(self, typed)
        except MeshError as error:
            self._command.complain(clean_line(error.message))
        else:
            self.action_cancel()

    @on(Input.Submitted, "#new-room Input")
    def create(self, event: Input.Submitted) -> None:
        name = event.value.strip()
        if name:
            begin(self, self._create, name, exclusive=True, group="enter")
        else:
            self._field.complain("A room needs a name.")

    async def _create(self, name: str) -> None:
        self._field.input.disabled = True
        try:
            room = await self.mesh.agent.create_room(name)
        except MeshError as error:
            self._field.input.disabled = False
            self._field.complain(clean_line(error.message))
            self._field.input.focus()
            return
        self._field.input.disabled = False
        self.action_cancel()
        self.query_one(RoomList).choose_room(room.id)
        self.mesh.open_room(room.id)

    # ── leaving ──────────────────────────────────────────────────────────────────────────────────

    def action_sign_out(self) -> None:
        waiting = sum(len(self.mesh.agent.outgoing(room.id)) for room in self.mesh.agent.rooms())
        lost = f" {waiting} messages that wait to be sent are lost." if waiting else ""
        question = Ask("Sign out?", f"This device forgets the session.{lost}", yes="Sign out")
        self.mesh.push_screen(question, self._sign_out)

    def _sign_out(self, yes: bool | None) -> None:
        if yes:
            begin(self.mesh, self.mesh.sign_out, exclusive=True, group="enter")
