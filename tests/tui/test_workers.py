"""Work that a screen has begun, when the screen goes before it ends."""

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Label
from textual.worker import WorkerFailed

from mesh_tui.workers import begin


class Going(Label):
    """Something in a screen that takes its time to go."""

    def __init__(self) -> None:
        super().__init__("")
        self.gone = asyncio.Event()
        self.last = asyncio.Event()

    async def on_unmount(self) -> None:
        self.gone.set()
        await self.last.wait()


class Shown(Screen[None]):
    looked = False

    def compose(self) -> ComposeResult:
        yield Going()

    async def show(self) -> None:
        going = self.query_one(Going)
        await going.gone.wait()
        self.looked = True
        going.last.set()
        self.query_one("#never")


@pytest.mark.parametrize("whose", ["the screen's", "the app's"])
async def test_what_work_is_to_be_shown_in_may_be_gone_with_its_screen(whose: str) -> None:
    """The screen's own work is cancelled once all that it is made of is gone: in between, work may end."""
    app: App[None] = App()
    async with app.run_test() as pilot:
        screen = Shown()
        await app.push_screen(screen)
        begin(screen if whose == "the screen's" else app, screen.show)
        await app.pop_screen()
        assert screen.looked
        await pilot.pause()


async def test_what_is_missing_in_a_screen_that_stays_is_a_mistake() -> None:
    app: App[None] = App()
    screen = Shown()

    async def look() -> None:
        async with app.run_test():
            await app.push_screen(screen)
            screen.query_one(Going).gone.set()
            begin(screen, screen.show)
            await app.workers.wait_for_complete()

    with pytest.raises(WorkerFailed, match="never"):
        await look()
