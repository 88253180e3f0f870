"""Signing in and registering, on one screen.

Strategy: one form in two modes. An error stands beside the field that it concerns, by the table `_FIELDS`;
where the server could not be reached, its address becomes a field and the button offers to try again.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from mesh_agent.client.errors import NoServer, Unreachable
from mesh_tui import actions
from mesh_tui.screens.base import MeshScreen
from mesh_tui.screens.opening import BRAND
from mesh_tui.widgets.form import Field, ModeSwitch
from mesh_tui.widgets.keybar import KeyBar
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.limits import PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS, USERNAME_CHARS
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.agent import Agent

FieldName = Literal["server", "invite", "username", "password"]

ADDRESS_CHARS: Final = 300

_FIELDS: Final[dict[str, FieldName]] = {
    "auth.username_taken": "username",
    "auth.invalid_username": "username",
    "auth.invalid_password": "password",
    "auth.invalid_credentials": "password",
    "version.unsupported": "server",
    "client.no_server": "server",
    "client.invite_link": "invite",
    "auth.invite_required": "invite",
    "room.invalid_invite": "invite",
}
"""Code of an error -> the field it stands beside; any other stands below the form."""


_MISSING: Final[dict[FieldName, str]] = {
    "server": "Type the server's address, such as http://127.0.0.1:8000.",
    "username": "Type a name.",
    "password": "Type a password.",
}


@dataclass(frozen=True, slots=True)
class Mode:
    """What the form says while it signs in or registers."""

    button: str
    busy: str
    password: str


MODES: Final = {
    "sign-in": Mode("Sign in", "Signing in…", "Password"),
    "register": Mode(
        "Create account", "Creating the account…", f"Password ({PASSWORD_MIN_CHARS} characters or more)"
    ),
}


class Login(MeshScreen[None]):
    """Ends when the app shows Home."""

    HERE = ("sign-in",)
    LOW = ((23, "-short"), (12, "-squat"))
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("sign-in"), *actions.bindings("everywhere")]

    def __init__(self, *, server: str, fixed: bool, reason: str = "", invite: str = "") -> None:
        """`fixed`: the server was named on the command line and is shown small. `invite`: the code of one."""
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (8, "-broad")]
        self._server = server
        self._fixed = fixed
        self._reason = reason
        self._invite = invite
        self._mode: Literal["sign-in", "register"] = "register" if invite else "sign-in"
        self._username = ""
        self._busy = False
        self._unreached = False
        """The last try found no server."""

    def begin_with(self, username: str, *, register: bool, reason: str) -> None:
        """What the form holds at its first sight; before it is shown."""
        self._username, self._reason = username, reason
        if register:
            self._mode = "register"

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False), Vertical(classes="form"):
            yield Static(Content(BRAND), classes="brand")
            yield Static(Content("a private place for a team"), classes="words")
            with Vertical(classes="card"):
                yield ModeSwitch({name: mode.button for name, mode in MODES.items()})
                yield Field("server", "Server", limit=ADDRESS_CHARS)
                yield Field("invite", "Invite", limit=ADDRESS_CHARS)
                yield Field("username", "Username", limit=USERNAME_CHARS)
                yield Field("password", "Password", limit=PASSWORD_MAX_CHARS, password=True)
                yield Static(Content(""), classes="form-error")
                yield Button("", classes="submit")
        yield KeyBar()

    def on_mount(self) -> None:
        self._field("server").input.value = self._server
        self._field("server").input.placeholder = "http://127.0.0.1:8000"
        self._field("server").set_class(self._fixed and bool(self._server), "-hidden")
        if self._fixed and self._server:
            invited = "you are invited to a room " if self._invite else ""
            self.query_one(".words", Static).update(Content(f"{invited}on {clean_line(self._server)}"))
        self._field("invite").input.value = self._invite
        self._field("invite").input.placeholder = "its link, or the code in it"
        self._field("invite").set_class(not self._invite, "-hidden")
        self._say(self._reason)
        self._show()
        self._field("username").input.value = self._username
        first: FieldName = "password" if self._username else "username"
        self._field(first if self._server else "server").input.focus()

    def on_resize(self) -> None:
        if (focused := self.focused) is not None:
            self.call_after_refresh(focused.scroll_visible, animate=False)

    # ── the form ─────────────────────────────────────────────────────────────────────────────────

    def _field(self, name: FieldName) -> Field:
        return self.query_one(f"#{name}", Field)

    def _show(self) -> None:
        mode = MODES[self._mode]
        self.query_one(ModeSwitch).put_mode(self._mode)
        self._field("password").input.border_title = mode.password
        button = self.query_one(".submit", Button)
        button.label = Content(mode.busy if self._busy else "Try again" if self._unreached else mode.button)
        button.disabled = self._busy

    def _say(self, reason: str) -> None:
        words = self.query_one(".form-error", Static)
        words.update(Content(f"✗ {reason}" if reason else ""))
        words.set_class(bool(reason), "-wrong")

    def action_switch(self) -> None:
        if not self._busy:
            self._unreached = False
            self._mode = "register" if self._mode == "sign-in" else "sign-in"
            for field in self.query(Field):
                field.complain("")
            self._say("")
            self._show()

    @on(ModeSwitch.Pressed)
    def switched(self) -> None:
        self.action_switch()

    @on(Input.Submitted)
    def go_on(self, event: Input.Submitted) -> None:
        fields = [field for field in self.query(Field) if field.display]
        index = next(index for index, field in enumerate(fields) if field.input is event.input)
        if index + 1 < len(fields):
            fields[index + 1].input.focus()
        else:
            self._submit()

    @on(Button.Pressed)
    def press(self) -> None:
        self._submit()

    # ── signing in ───────────────────────────────────────────────────────────────────────────────

    def _submit(self) -> None:
        if self._busy or not self._complete():
            return
        self._busy = True
        self._say("")
        for field in self.query(Field):  # what was wrong with the last try need not be with this one
            field.complain("")
        self._show()
        begin(self, self._enter, exclusive=True)

    def _complete(self) -> bool:
        """Whether every field is filled; the first that is not gets the focus."""
        wrong: list[Field] = []
        for name, reason in _MISSING.items():
            field = self._field(name)
            if not field.value.strip():
                field.complain(reason)
                wrong.append(field)
        if wrong:
            wrong[0].remove_class("-hidden")
            wrong[0].input.focus()
        return not wrong

    async def _enter(self) -> None:
        username, password = self._field("username").value.strip(), self._field("password").value
        room_id = ""
        try:
            code = self._code()
            agent = await self.mesh.use_server(self._field("server").value.strip())
            if self._mode == "register":
                await agent.register(username, password, invite=code)
                if code and (first := await self._first_room(agent)) is not None:
                    code, room_id = "", first
            else:
                await agent.login(username, password)
        except MeshError as error:
            self._refused(error)
        else:
            self.mesh.entering.enter_home(code, room_id=room_id, tour=True)
        finally:
            self._busy = False
            if self.is_attached:
                self._show()

    def _code(self) -> str:
        """That of the invite, if there is one; of a link, its server too. Raises: LinkInvalid."""
        from mesh_agent.client.address import is_link, parse_link

        text = self._field("invite").value.strip()
        if not is_link(text):
            return text
        link = parse_link(text)
        self._field("server").input.value = link.server
        return link.code

    @staticmethod
    async def _first_room(agent: "Agent") -> str | None:
        """The id of the room that an invite led to; empty where it led to the server alone.

        Who registers with one is in its room from the first. None where that cannot be asked now.
        """
        with suppress(MeshError):
            rooms = await agent.fetch_rooms()
            return rooms[0].id if rooms else ""
        return None

    def _refused(self, error: MeshError) -> None:
        reason = clean_line(error.message)
        self._unreached = isinstance(error, Unreachable)
        name = "server" if isinstance(error, Unreachable | NoServer) else _FIELDS.get(error.code)
        if name is None:
            self._say(reason)
            return
        field = self._field(name)
        field.remove_class("-hidden")
        field.complain(reason)
        field.input.focus()
