"""Painting that is put off until there is something whole to paint."""

from typing import Any

from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from mesh_tui.screens.base import Patient
from tests.support.conditions import until
from tests.tui.settling import settled


class _Held(Patient[None]):
    def compose(self) -> ComposeResult:
        yield Static("before")


class _Counting(App[None]):
    """Counts the frames that it is asked to show."""

    frames = 0

    def get_default_screen(self) -> Screen[None]:
        return _Held()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        self.frames += 1
        super()._display(screen, renderable)


async def test_what_changes_meanwhile_is_painted_at_the_end_and_at_once() -> None:
    async with _Counting().run_test(size=(20, 4)) as pilot:
        app = pilot.app
        assert isinstance(app, _Counting)
        screen = app.screen
        assert isinstance(screen, _Held)
        await until(lambda: app.frames, "the first frame")
        await settled(app)
        before = app.frames
        with screen.held():
            screen.query_one(Static).update("after")
            await settled(app)
            assert app.frames == before
        assert app.frames == before + 1
        assert "after" in "".join(strip.text for strip in screen._compositor.render_strips())
