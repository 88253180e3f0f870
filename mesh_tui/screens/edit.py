"""A few fields above the screen that asks for them, kept by Enter in the last one."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from mesh_tui.layout.cells import paintable
from mesh_tui.screens.base import Page
from mesh_tui.widgets.form import Field
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.text import clean_line


class Blank(NamedTuple):
    """One field; `hidden` as a password is."""

    label: str
    value: str
    limit: int
    hidden: bool = False


class Edit(Page[None]):
    """`keep` gets what was typed, and raises `MeshError` with what is wrong with it; else the page closes."""

    HERE = ("form", "page")
    CLOSES_OUTSIDE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel")]

    def __init__(
        self,
        title: str,
        blanks: Sequence[Blank],
        keep: Callable[[Sequence[str]], Awaitable[object]],
        *,
        enter: str = "keeps it",
    ) -> None:
        """`enter`: what that key does."""
        super().__init__()
        self._enter = enter
        self._title = title
        self._blanks = blanks
        self._keep = keep

    def compose(self) -> ComposeResult:
        with Vertical(classes="page"):
            yield Static(Content(paintable(self._title)), classes="question")
            for number, blank in enumerate(self._blanks):
                yield Field(f"blank-{number}", blank.label, limit=blank.limit, password=blank.hidden)
            yield Static(Content(f"Enter {self._enter} · Esc cancels"), classes="detail hint")

    def on_mount(self) -> None:
        for field, blank in zip(self._fields, self._blanks, strict=True):
            field.input.value = blank.value
            field.input.cursor_position = len(blank.value)
        self._fields[0].input.focus()

    @property
    def _fields(self) -> list[Field]:
        return list(self.query(Field))

    @on(Input.Submitted)
    def go_on(self, event: Input.Submitted) -> None:
        event.stop()
        inputs: list[Input] = [field.input for field in self._fields]
        place = inputs.index(event.input)
        if place + 1 < len(inputs):
            inputs[place + 1].focus()
        else:
            begin(self, self._try, exclusive=True, group="keeping")

    async def _try(self) -> None:
        try:
            await self._keep([field.value for field in self._fields])
        except MeshError as error:
            self._fields[-1].complain(clean_line(error.message))
        else:
            self.dismiss()
