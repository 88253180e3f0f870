"""A call in front: who is in it, what they show, and keys for what one does there.

Strategy: the call goes on when this screen is put away. Only what is looked at is decoded, so the agent is
told which tiles there are and how large, whenever they are others; nothing, once this screen is not in front.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from mesh_agent.calls.state import Own, Picture
from mesh_agent.media.orders import Tile as Wanted
from mesh_tui import actions, calling
from mesh_tui.layout.call import SIGN, Box, Face, grid, own_words, phase_words, still_true
from mesh_tui.layout.cells import Fragment
from mesh_tui.pushing import Push
from mesh_tui.screens.base import MeshScreen
from mesh_tui.transfers import name_of
from mesh_tui.widgets.bar import Bar
from mesh_tui.widgets.keybar import KeyBar
from mesh_tui.widgets.tiles import Faces, Tile
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.text import clean_line


class CallScreen(MeshScreen[None]):
    """Shows the call that we are in, and goes when it is over."""

    HERE = ("call",)
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("call"), *actions.bindings("everywhere")]
    CSS = (
        "CallScreen Container { height: 1fr; display: none; } CallScreen.-tiles Container { display: block; }"
    )

    def __init__(self) -> None:
        super().__init__()
        self._figures = False
        self._list_wanted = False
        self._push = Push()

    def compose(self) -> ComposeResult:
        yield Bar(classes="top")
        yield Container()
        yield Faces()
        yield KeyBar()

    def on_mount(self) -> None:
        self.mesh.calls.listener = self._look
        self.call_after_refresh(self._look)

    def on_unmount(self) -> None:
        if self.mesh.calls.listener == self._look:
            self.mesh.calls.listener = None

    def on_resize(self, _: events.Resize) -> None:
        self.call_after_refresh(self._look)

    def on_screen_suspend(self) -> None:
        self._ask([], 0.0)

    def came_to_front(self) -> None:
        self._look()

    # ── what is shown ────────────────────────────────────────────────────────────────────────────

    def _look(self) -> None:
        """Shows the call as it is now."""
        if not self.is_mounted or not self.is_current:
            return
        call = self.mesh.calls.call
        if call is None:
            self.dismiss()
            return
        people = calling.here(self.mesh, call)
        seconds = 0.0 if call.begun is None else monotonic() - call.begun
        self._head(phase_words(call.phase, seconds, call.reason), call.room_id, call.own)
        boxes = self._boxes(people)
        self.set_class(bool(boxes), "-tiles")
        faces = self.query_one(Faces)
        faces.display = not boxes
        if boxes:
            self._tiles(people, boxes, call.pictures)
        else:
            gone = still_true(call.departed, people)
            sentences = [clean_line(text) for text in (*call.own.problems, *gone[-2:])]
            faces.put(people, sentences, figures=self._figures)
        self._view()

    def _head(self, phase: str, room_id: str, own: Own) -> None:
        try:
            room = name_of(self.mesh.agent.room(room_id).name, 40)
        except MeshError:
            room = ""
        left = [
            Fragment(f" {SIGN} ", "brand"),
            Fragment(room or "Call", "title"),
            Fragment(f"  {phase}", "state-up"),
        ]
        self.query_one(Bar).put(left, own_words(own))

    def _boxes(self, people: Sequence[Face]) -> list[Box]:
        """Where tiles go; none: a list is shown."""
        quality = self.mesh.calls.quality
        if quality is None or self._list_wanted or self._figures or not any(face.shows for face in people):
            return []
        columns, rows = self.size.width, self.size.height - 2
        if quality.columns:
            across = quality.columns * min(len(people), 2)
            columns = min(columns, across)
        return grid(len(people), columns, rows)

    def _tiles(self, people: Sequence[Face], boxes: Sequence[Box], pictures: Mapping[str, Picture]) -> None:
        container = self.query_one(Container)
        tiles = list(container.query(Tile))
        if [tile.face.device_id for tile in tiles] != [face.device_id for face in people]:
            container.remove_children()
            tiles = [Tile(face) for face in people]
            container.mount_all(tiles)
        for tile, face, box in zip(tiles, people, boxes, strict=True):
            tile.place(box)
            tile.update(face, pictures.get(face.device_id))

    def _view(self) -> None:
        """Asks for what is looked at."""
        quality = self.mesh.calls.quality
        if quality is None or not self.has_class("-tiles"):
            self._ask([], 0.0)
            return
        wanted = self.mesh.calls.live.wanted
        tiles = [
            wanted(tile.face.device_id, *tile.picture_size, whole=tile.face.screen)
            for tile in self.query(Tile)
            if tile.face.shows and all(tile.picture_size)
        ]
        self._ask(tiles, quality.rate)

    def _ask(self, tiles: list[Wanted], rate: float) -> None:
        self.mesh.calls.look_at(self, tiles, rate)

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────

    def _do(self, deed: Callable[[], object]) -> None:
        try:
            deed()
        except MeshError as error:
            self.complain(error)
        self.call_after_refresh(self._look)

    def action_mute_mic(self) -> None:
        self._do(lambda: calling.mute(self.mesh))

    def action_deafen(self) -> None:
        self._do(lambda: calling.deafen(self.mesh))

    def action_camera(self) -> None:
        self._do(lambda: self.tell(calling.camera(self.mesh)))

    def action_share_screen(self) -> None:
        self._do(lambda: self.tell(calling.share(self.mesh)))

    def action_push_to_talk(self) -> None:
        self._push.end()
        self._do(lambda: self.tell(calling.push_to_talk(self.mesh)))

    def action_talk(self) -> None:
        call = self.mesh.calls.call
        if call is None:
            return
        if call.own.deafened or not call.own.push_to_talk:
            always = "You are heard all the time; p makes this the key to talk."
            self.tell(calling.DEAFENED if call.own.deafened else always)
            return
        self._push.press(monotonic())
        self._do(lambda: call.talk(self._push.talking))
        if self._push.ends_at is not None:
            begin(self, self._let_go, group="talking", exclusive=True)

    async def _let_go(self) -> None:
        """Ends to talk once the key that was held comes no more."""
        while (ends := self._push.ends_at) is not None:
            await asyncio.sleep(max(0.0, ends - monotonic()))
            self._push.look(monotonic())
        call = self.mesh.calls.call
        if call is not None and not self._push.talking:
            self._do(lambda: call.talk(False))

    def action_figures(self) -> None:
        self._figures = not self._figures
        self._look()

    def action_list(self) -> None:
        self._list_wanted = not self._list_wanted
        self._look()

    def action_tone(self) -> None:
        self._do(lambda: self.tell(calling.test_tone(self.mesh)))

    def action_record(self) -> None:
        begin(self, self.attempt, self._record, group="calls")

    async def _record(self) -> None:
        self.tell(await calling.record(self.mesh))

    def action_hang_up(self) -> None:
        call = self.mesh.calls.call
        if call is not None:
            begin(self.mesh, self.attempt, call.leave, group="calls")

    def action_back(self) -> None:
        self.dismiss()
