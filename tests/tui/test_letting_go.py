"""Screens that were left are gone: nothing holds them, their widgets or their rows."""

import gc
import weakref
from typing import TypeVar

import pytest
from textual._styles_cache import StylesCache
from textual.app import App, ComposeResult
from textual.signal import Signal
from textual.widgets import Static

from mesh_tui.letting_go import LooseSignal, let_styles_go, unwatch
from mesh_tui.screens.home import Home
from mesh_tui.screens.room import RoomScreen
from mesh_tui.widgets.composer import Composer
from tests.support.conditions import until
from tests.tui.conftest import SitDown

Kind = TypeVar("Kind")
ROUNDS = 4


def _alive(kind: type[Kind]) -> list[Kind]:
    gc.collect()
    return [thing for thing in gc.get_objects() if isinstance(thing, kind)]


class _Row(Static):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.heard: list[int] = []

    def hear(self, number: int) -> None:
        self.heard.append(number)


class _App(App[None]):
    CSS = "_Row { border: solid red; }"

    def __init__(self) -> None:
        let_styles_go()
        super().__init__()
        self.told: Signal[int] = LooseSignal(self, "told")

    def compose(self) -> ComposeResult:
        yield Static("stays")


@pytest.mark.parametrize("immediate", [False, True])
async def test_who_subscribes_is_told_and_not_held(*, immediate: bool) -> None:
    app = _App()
    async with app.run_test() as pilot:
        for _ in range(ROUNDS):
            row = _Row("goes")
            await app.mount(row)
            app.told.subscribe(row, row.hear, immediate=immediate)
            row.watch(app, "theme", row.hear, init=False)
            app.told.publish(7)
            await pilot.pause()
            assert row.heard == [7]
            await row.remove()
            unwatch(row, app)
            del row
        assert len(_alive(_Row)) <= 1, "but for the last one, which the screen's list of children remembers"
        app.told.publish(8)


async def test_a_room_that_was_left_for_home_is_gone(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    seat = await sit_down("alice", shared_server, size=(120, 30))
    await seat.register(f"alice{number}")
    await seat.create_room(f"a{number}")
    shown: list[weakref.ref[RoomScreen | Composer]] = []
    for _ in range(ROUNDS):
        await seat.press("escape")
        await until(lambda: isinstance(seat.app.screen, Home), "Home")
        await seat.sees("Your rooms")
        await seat.press("enter")
        await seat.sees(f"Message a{number}")
        assert isinstance(seat.app.screen, RoomScreen)
        shown += weakref.ref(seat.app.screen), weakref.ref(seat.app.screen.query_one(Composer))

    def are_gone() -> bool:
        gc.collect()
        # All but the one that is shown, and the one before, whose last task may just have ended.
        return not any(thing() for thing in shown[: -2 * 2])

    await until(are_gone, "what was left to be gone")
    assert all(thing() is not None for thing in shown[-2:])


async def test_what_kept_the_rows_of_a_widget_goes_with_it() -> None:
    app = _App()
    async with app.run_test() as pilot:
        before = len(_alive(StylesCache))
        for number in range(ROUNDS):
            row = _Row(f"goes {number}")
            await app.mount(row)
            await pilot.pause()
            assert row.render_lines(row.size.region), "its edges have been asked for"
            await row.remove()
            del row
        assert len(_alive(StylesCache)) <= before + 1
