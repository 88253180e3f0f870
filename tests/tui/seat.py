"""Someone who sits before `mesh-tui` and sees only what is on the screen.

Strategy: the app runs headless, with a real agent behind it, in a context of its own, so that several can
run in one test. Keys go through Textual's pilot; what is seen are the cells that would be painted.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path, PurePath
from typing import Any, ClassVar, TypeVar

from rich.cells import cell_len
from textual import events
from textual._context import visible_screen_stack
from textual._time import get_time
from textual.actions import ActionParseResult
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.strip import Strip

from mesh_agent.client.address import parse_link
from mesh_agent.client.state import Outgoing
from mesh_tui import app as mesh_app
from mesh_tui.app import MeshApp
from mesh_tui.powers import Powers
from mesh_tui.screens.base import Patient
from mesh_tui.screens.room import RoomScreen
from mesh_tui.workers import SENDING
from protocol.handover import Handover
from tests.support import pressed
from tests.support.conditions import until
from tests.tui import settling

PASSWORD = "password123"

SEEN_S = 60.0
"""What is seen may be what another device answers, which has to be met first, and tried again where a machine
that is held up misses it."""

_CLICK = (events.MouseDown, events.MouseUp)

Mouse = tuple[type[events.MouseEvent], int, int, int]
"""What is done with it, the column and the row, and the button."""

Answer = TypeVar("Answer")


class Watched(MeshApp):
    """The app, which notes what is pressed in it, where, and what it does for it: `tests.support.pressed`."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [
        Path(mesh_app.__file__).parent / "styles" / name for name in mesh_app.STYLES
    ]

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            screen = self.screen
            pressed.note(event.key, screen.here if isinstance(screen, Patient) else ())
        await super().on_event(event)

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        done = await super().run_action(action, default_namespace, namespaces)
        if done and isinstance(action, str):
            pressed.note_run(action)
        return done


class Seat:
    """One running app."""

    def __init__(self, app: MeshApp, pilot: Pilot[None], context: contextvars.Context) -> None:
        self.app = app
        self.pilot = pilot
        self._context = context

    @property
    def screen(self) -> list[str]:
        """The rows of the screen, as text."""
        if not self.app.screen_stack:
            return []
        return [strip.text.rstrip() for strip in self.strips]

    @property
    def strips(self) -> list[Strip]:
        """The rows of the screen as they would be painted, with what is seen behind a page."""
        return self._context.run(_strips, self.app)

    @property
    def text(self) -> str:
        return "\n".join(self.screen)

    @property
    def at_rest(self) -> bool:
        """Nothing has changed that is still to be laid out or painted."""
        screen = self.app.screen
        wanted = screen._layout_required, screen._scroll_required, screen._repaint_required
        return not (any(wanted) or screen._dirty_widgets)

    async def press(self, *keys: str) -> None:
        await _within(self._context, settling.press(self.app, *keys))

    async def press_twice(self, key: str) -> None:
        """As quickly as can be."""
        await _within(self._context, settling.press_at(self.app, get_time(), key, key))

    async def type(self, text: str) -> None:
        """Puts text in as a paste does, whole."""

        async def paste() -> None:
            await settling.settled(self.app)  # a screen that has just come gives the focus to its first field
            focused = self.app.screen.focused
            assert focused is not None
            focused.post_message(events.Paste(text))
            await settling.settled(self.app)

        await _within(self._context, paste())

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Calls something of the app, as if it did that itself."""
        self._context.run(function, *arguments)

    async def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """What comes of something that the app waits for."""
        return await _within(self._context, work)

    def within(self, look: Callable[[], Answer]) -> Answer:
        """What `look` finds in the app."""
        return self._context.run(look)

    async def pause(self) -> None:
        """Returns when the app has nothing to do for the moment."""
        await _within(self._context, settling.settled(self.app))

    async def click(self, text: str, times: int = 1, left: int = 0) -> None:
        """Clicks on the first letter of `text`, so many times at one moment; or `left` of it by cells."""
        x, y = self._place_of(text)
        x -= left
        # What was clicked before has no part in it, however quick this machine is.
        self.app._click_chain_last_time = None
        await self._mouse(*((kind, x, y, 1) for _ in range(times) for kind in _CLICK))

    async def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Presses the button at a cell, moves to another, and lets go."""
        for kind, place in ((events.MouseDown, start), (events.MouseMove, end), (events.MouseUp, end)):
            await self._mouse((kind, *place, 1))

    async def wheel(self, text: str, notches: int) -> None:
        """Turns the wheel down over the first letter of `text`."""
        x, y = self._place_of(text)
        await self._mouse(*[(events.MouseScrollDown, x, y, 0)] * notches)

    def _place_of(self, text: str) -> tuple[int, int]:
        row = self.row_of(text)
        return cell_len(self.screen[row][: self.screen[row].index(text)]), row

    async def _mouse(self, *done: "Mouse") -> None:
        """As a driver tells of it: what happened, where, and with which button."""
        told = [
            kind(None, x, y, 0, 0, button, shift=False, meta=False, ctrl=False, screen_x=x, screen_y=y)
            for kind, x, y, button in done
        ]

        async def tell() -> None:
            for event in told:
                self.app.post_message(event)
            await settling.settled(self.app)

        await _within(self._context, tell())

    async def resize(self, columns: int, rows: int) -> None:

        async def change() -> None:
            await self.pilot.resize_terminal(columns, rows)
            await settling.settled(self.app)

        await _within(self._context, change())

    async def sees(self, *texts: str) -> None:
        """Waits until all of `texts` are on the screen at once."""

        def are_there() -> bool:
            shown = self.text  # which is painted anew each time
            return all(text in shown for text in texts)

        try:
            await until(are_there, repr(texts), SEEN_S)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen:\n{self.text}") from None

    async def no_longer_sees(self, text: str) -> None:
        try:
            await until(lambda: text not in self.text, f"{text!r} to go", SEEN_S)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen:\n{self.text}") from None

    def row_of(self, text: str) -> int:
        return next(number for number, row in enumerate(self.screen) if text in row)

    # ── what everybody does ──────────────────────────────────────────────────────────────────────

    async def register(self, name: str, password: str = PASSWORD) -> None:
        """Comes in as somebody new, past the form: that is filled in where it is what a test is about."""
        await self.sees("Create account")
        await _within(self._context, self.app.agent.register(name, password))
        self._context.run(partial(self.app.entering.enter_home, tour=True))
        await self.sees("Your rooms", "connected")

    async def register_by_hand(self, name: str, password: str = PASSWORD) -> None:
        await self.sees("Create account")
        await self.press("ctrl+t")
        await self.type(name)
        await self.press("enter")
        await self.type(password)
        await self.press("enter")
        await self.sees("Your rooms")

    @property
    def room(self) -> RoomScreen:
        """The one that is open, also below a page."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, RoomScreen))

    async def create_room(self, name: str) -> None:
        await self.press("n")
        await self.type(name)
        await self.press("enter")
        await self.sees(f"Message {name}", "connected")

    async def say(self, text: str) -> None:
        await self.type(text)
        await self.press("enter")

    async def tell(self, text: str) -> None:
        """Says it in the room that is open, and waits until it is there: before, it cannot be chosen."""
        await self.say(text)
        await until(self._all_is_said, f"{text!r} to be sent")

    def _all_is_said(self) -> bool:
        agent, workers = self.app.agent, self.app.workers
        shown = self.room
        entries = [entry for entry in shown.timeline.entries if isinstance(entry, Outgoing)]
        waiting = [entry for entry in (*agent.outgoing(shown.room.id), *entries) if entry.state == "pending"]
        under_way = any(worker.group in ("commands", SENDING) for worker in workers)
        return not (under_way or waiting) and shown.timeline.newest >= agent.room(shown.room.id).last_seq


@asynccontextmanager
async def seated(
    *,
    server: str | None,
    profile: str,
    size: tuple[int, int] = (80, 24),
    link: str = "",
    handover: Handover | None = None,
) -> AsyncIterator[Seat]:
    """An app that runs until the end of the block; with `handover` it is one of a door's."""
    context = contextvars.copy_context()
    async with AsyncExitStack() as stack:
        invite = parse_link(link) if link else None
        app = context.run(
            Watched,
            server=server,
            link=invite,
            profile=profile,
            powers=Powers.of(handover),
            handover=handover,
        )
        running = app.run_test(size=size, notifications=True)
        pilot = await _within(context, running.__aenter__())

        async def end() -> None:
            await running.__aexit__(None, None, None)

        stack.push_async_callback(lambda: _within(context, end()))
        yield Seat(app, pilot, context)


def _strips(app: MeshApp) -> list[Strip]:
    # Textual says before it paints which screens lie below; each of them is used up by the painting, so that
    # who looks without this sees them or does not, depending on who has looked before.
    visible_screen_stack.set(app._background_screens)
    return app.screen._compositor.render_strips()


async def _within(context: contextvars.Context, work: Coroutine[Any, Any, Answer]) -> Answer:
    return await asyncio.create_task(work, context=context)
