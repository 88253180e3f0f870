"""Choosing a microphone, a loudspeaker or a camera from what there is, and trying it.

Strategy: while this page is open, a process like that of a call has the microphone and the loudspeaker of the
settings, so what moves the bar is what others would hear. Enter keeps the one that is chosen at once, also
for the call that goes on, and the page stays, to try it. What is in no list is typed.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final, Literal, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_tui.layout.call import BAR, bar
from mesh_tui.layout.cells import Fragment, Line, fit, wrap
from mesh_tui.screens.base import Page
from mesh_tui.screens.edit import Blank, Edit
from mesh_tui.settings import Calls
from mesh_tui.transfers import name_of
from mesh_tui.widgets.choices import Block, Choices
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.calls.trying import Trial

Kind = Literal["audio_in", "audio_out", "camera"]
"""The settings under `calls` that name a device."""

LOOK_S: Final = 0.1
"""How often the bar moves, at most."""

TEXT_CHARS: Final = 500
NAME_CHARS: Final = 100


class Device(NamedTuple):
    """`value`: what the setting says for it."""

    value: str
    words: str


class _Words(NamedTuple):
    title: str
    usual: Device
    last: Device


_WORDS: Final[dict[Kind, _Words]] = {
    "audio_in": _Words("Microphone", Device("mic", "The usual one"), Device("none", "None: you only listen")),
    "audio_out": _Words(
        "Loudspeaker", Device("speaker", "The usual one"), Device("none", "None: you hear nothing")
    ),
    "camera": _Words("Camera", Device("camera", "The first one"), Device("test", "A test picture")),
}


def devices(kind: Kind, names: Sequence[str] | None, now: str) -> list[Device]:
    """What can be chosen: the usual one, those of these names, and what is set where it is something else."""
    usual, last = _WORDS[kind].usual, _WORDS[kind].last
    found = [usual, *(Device(f"{usual.value}:{name}", name) for name in names or ()), last]
    if now not in [device.value for device in found]:
        found.append(Device(now, now))
    return found


def tried(audio_out: str) -> str:
    """Where the tone is played; a file that a call writes is left alone here."""
    return audio_out if audio_out == "speaker" or audio_out.startswith("speaker:") else "none"


class DeviceList(Choices, can_focus=True):
    """A row each; the one that is in use has a mark. Below them how loud it is, and what is wrong."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self._kind = kind
        self.devices: list[Device] = []
        self._now = ""
        self._level = 0.0
        self._problems: Sequence[str] = ()

    @property
    def chosen(self) -> Device | None:
        return self.devices[self.index] if self.index < len(self.devices) else None

    def put(self, found: Sequence[Device], now: str, level: float, problems: Sequence[str]) -> None:
        """The same device stays chosen, wherever it is now."""
        chosen = self.chosen
        self.devices = list(found)
        self._now, self._level, self._problems = now, level, problems
        values = [device.value for device in found]
        wanted = now if chosen is None else chosen.value
        self.index = values.index(wanted) if wanted in values else 0
        self.remake()

    def blocks(self, cells: int) -> Iterable[Block]:
        for device in self.devices:
            mark = Fragment("● " if device.value == self._now else "○ ", "state-up")
            row = [Fragment("  "), mark, Fragment(name_of(device.words, NAME_CHARS))]
            yield Block([Line(tuple(fit(row, cells)))])
        below = [Line(())]
        if self._kind == "audio_in":
            words = Fragment("  Level  ", "muted")
            below += [Line(tuple(fit([words, *bar(self._level, 2 * BAR)], cells)))]
        for sentence in self._problems:
            rows = wrap([Fragment(clean_line(sentence), "pinned")], max(2, cells - 4))
            below += [Line((Fragment("  "), *row.fragments)) for row in rows]
        yield Block(below, can_be_chosen=False)


class Devices(Page[None]):
    """Of one kind."""

    HERE = ("devices", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("enter", "take", "Take it", show=False),
        Binding("t", "tone", "Tone", show=False),
        Binding("e", "edit", "Another", show=False),
    ]

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self._kind = kind
        self._trial: Trial | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide tall"):
            yield Static(Content(_WORDS[self._kind].title), classes="question")
            yield DeviceList(self._kind)
            yield Static(Content("Looking what there is…"), classes="detail below")

    def on_mount(self) -> None:
        self.query_one(DeviceList).focus()
        self._show()
        begin(self, self._try, group="devices")

    @property
    def _set(self) -> Calls:
        return self.mesh.settings.calls

    async def _try(self) -> None:
        """Has the devices for as long as the page is open."""
        from mesh_agent.calls.trying import Trial

        wanted = self._set
        try:
            trial = await Trial.begin(wanted.audio_in, tried(wanted.audio_out), process=wanted.suppress_noise)
        except MeshError as error:
            self._tell(f"✗ {clean_line(error.message)}")
            return
        self._trial = trial
        try:
            while not trial.over:
                await trial.changed()
                self._show()
                await asyncio.sleep(LOOK_S)
            self._tell("✗ What plays sound has ended. Esc closes")
        finally:
            self._trial = None
            await asyncio.shield(trial.close())

    def _show(self) -> None:
        trial, now = self._trial, getattr(self._set, self._kind)
        names = None
        if trial is not None:
            names = {
                "audio_in": trial.microphones,
                "audio_out": trial.speakers,
                "camera": trial.cameras,
            }[self._kind]
        level, problems = (trial.level, trial.problems) if trial is not None else (0.0, ())
        self.query_one(DeviceList).put(devices(self._kind, names, now), now, level, problems)
        if names is not None:
            self._tell("Enter takes it · t plays a tone · e types another · Esc closes")

    def _tell(self, words: str) -> None:
        self.query_one(".below", Static).update(Content(words))

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        self.query_one(DeviceList).begin_at(event.index)

    def action_take(self) -> None:
        device = self.query_one(DeviceList).chosen
        if device is not None:
            begin(self, self._take, device.value, group="settings")

    async def _take(self, value: str) -> None:
        try:
            await self._keep(value)
        except MeshError as error:
            self._tell(f"✗ {clean_line(error.message)}")

    def action_tone(self) -> None:
        if tried(self._set.audio_out) == "none":
            self.notify("There is no loudspeaker in the settings to play a tone on.", markup=False)
        elif self._trial is not None:
            self._trial.test()
            self.notify("A tone is played for a second.", markup=False)

    def action_edit(self) -> None:
        async def keep(values: Sequence[str]) -> None:
            await self._keep(values[0].strip())

        words = _WORDS[self._kind]
        now = getattr(self._set, self._kind)
        self.mesh.push_screen(Edit(words.title, [Blank(words.title, now, TEXT_CHARS)], keep))

    async def _keep(self, value: str) -> None:
        await self.mesh.preferences.save({f"calls.{self._kind}": value})
        wanted = self._set
        if self._trial is not None:
            self._trial.use(wanted.audio_in, tried(wanted.audio_out))
        call = self.mesh.calls.call
        if call is not None:
            with suppress(MeshError):  # it has ended meanwhile
                if self._kind != "camera":
                    call.use(wanted.audio_in, wanted.audio_out)
                elif call.own.camera:
                    call.camera(True, wanted.camera)
        self._show()


KINDS: Final[dict[str, Kind]] = {f"calls.{kind}": kind for kind in _WORDS}
"""By the setting's key."""
