"""Frames are few where much happens; what is typed is painted at once; and no frame is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._compositor import CompositorUpdate
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static, TextArea

from mesh_tui.pacing import LETTER_MAX_S, REST, REST_MAX_S, Evenly, Pacing
from mesh_tui.painted import _pieces
from mesh_tui.screens.base import Patient
from mesh_tui.terminal_app import TerminalApp
from tests.support.conditions import until

# ── the pacing alone ─────────────────────────────────────────────────────────────────────────────


def test_what_is_done_evenly_is_done_twice_at_once_after_a_pause() -> None:
    evenly = Evenly(0.5)
    assert [evenly.wait(now) for now in (10.0, 10.1)] == [0, 0]
    assert [evenly.wait(now) for now in (10.2, 10.5, 11.0)] == pytest.approx([0.3, 0.5, 0.5])
    assert [evenly.wait(now) for now in (20.0, 20.0, 20.0)] == [0, 0, 0.5]


@given(st.lists(st.floats(0.0, 2.0), max_size=50))
def test_it_is_done_once_in_that_time_and_once_more_at_most(pauses: list[float]) -> None:
    evenly, now, times = Evenly(0.5), 0.0, []
    for pause in pauses:
        now += pause
        now += evenly.wait(now)
        times.append(now)
    for first, begin in enumerate(times):
        assert all(last <= (end - begin) / 0.5 + 1.001 for last, end in enumerate(times[first:]))


def test_the_first_frame_waits_for_nothing() -> None:
    assert Pacing().may_paint(0.0)
    assert Pacing().may_paint(-1e9), "the clock may begin anywhere"


def test_a_frame_is_followed_by_a_rest_that_depends_on_what_it_took() -> None:
    pacing = Pacing()
    pacing.painted(10.0, 10.01)
    rest = 10.01 + REST * 0.01
    assert not pacing.may_paint(10.01)
    assert not pacing.may_paint(rest - 0.0001)
    assert pacing.may_paint(rest + 0.0001)


def test_a_slow_frame_stops_painting_for_a_moment_only() -> None:
    pacing = Pacing()
    pacing.painted(10.0, 15.0)
    assert not pacing.may_paint(15.0 + REST_MAX_S - 0.0001)
    assert pacing.may_paint(15.0 + REST_MAX_S + 0.0001)


def test_where_nothing_was_painted_nothing_waits() -> None:
    pacing = Pacing()
    pacing.painted(10.0, 10.0)
    assert pacing.may_paint(10.0)


@given(st.lists(st.floats(0.0001, REST_MAX_S / REST), min_size=20, max_size=200))
def test_painting_takes_a_third_of_the_time_at_most(frames: list[float]) -> None:
    """Who always wants to paint, with frames of any length that is not beyond all measure."""
    pacing, now, painting = Pacing(), 0.0, 0.0
    for took in frames:
        while not pacing.may_paint(now):
            now += 0.0005
        pacing.painted(now, now + took)
        painting += took
        now += took
    assert painting - frames[-1] <= now / (1 + REST) + 1e-6


def test_while_a_letter_is_on_its_way_no_other_frame_begins() -> None:
    pacing = Pacing()
    pacing.typed(10.0)
    assert not pacing.may_paint(10.0)
    assert not pacing.may_paint(10.0 + LETTER_MAX_S - 0.0001)
    pacing.letter_painted()
    assert pacing.may_paint(10.0)


def test_a_letter_that_changes_nothing_holds_nothing_up_for_long() -> None:
    pacing = Pacing()
    pacing.typed(10.0)
    pacing.typed(10.0 + LETTER_MAX_S / 2)
    assert pacing.may_paint(10.0 + LETTER_MAX_S + 0.0001), "nor do more of them"
    pacing.typed(11.0)
    assert not pacing.may_paint(11.0), "but the next one counts again"


def test_what_another_key_has_changed_waits_for_no_rest() -> None:
    pacing = Pacing()
    pacing.painted(10.0, 10.01)
    pacing.answer()
    assert pacing.may_paint(10.01)
    pacing.painted(10.01, 10.02)
    assert not pacing.may_paint(10.02), "the frame after that does"


# ── a screen ─────────────────────────────────────────────────────────────────────────────────────


class _Talk(Patient[None]):
    """What others say, and a place to write."""

    def compose(self) -> ComposeResult:
        yield Static("before", id="said")
        field = TextArea(id="written")
        field.cursor_blink = False
        yield field

    def hear(self, text: str) -> None:
        """Others say it; that changes what is painted, but not where."""
        self.query_one("#said", Static).update(text, layout=False)

    @property
    def heard(self) -> bool:
        """What changed has come as far as it does before it is painted."""
        return bool(self._dirty_widgets or self._compositor._dirty_regions or self._layout_required)

    @property
    def written(self) -> TextArea:
        return self.query_one("#written", TextArea)


class _Watched(TerminalApp):
    """Notes each frame that reaches the terminal, and those that would not."""

    CSS = "TextArea { height: 1; border: none; } TextArea.tall { height: 3; }"

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[str] = []
        self.lost: list[str] = []

    def get_default_screen(self) -> Screen[None]:
        return _Talk()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        if isinstance(renderable, CompositorUpdate):
            text = "|".join(strip.text.strip() for _, _, strip in _pieces(renderable))
            (self.lost if self._batch_count else self.frames).append(text)
        super()._display(screen, renderable)

    @property
    def talk(self) -> _Talk:
        assert isinstance(self.screen, _Talk)
        return self.screen


@asynccontextmanager
async def _running() -> AsyncIterator[tuple[_Watched, Pilot[None]]]:
    """An app that has painted all of its first screen, and has nothing to do."""
    app = _Watched()
    async with app.run_test(size=(20, 6)) as pilot:
        app.talk.written.focus()
        await until(lambda: app.frames and app.talk.focused and not app.talk.heard, "the first frame")
        await pilot.pause()
        app.frames.clear()
        app.lost.clear()
        yield app, pilot


class _Eager(Pacing):
    """Counts how often it was asked whether to paint."""

    asked = 0

    def may_paint(self, now: float) -> bool:
        self.asked += 1
        return super().may_paint(now)


class _Tired(_Eager):
    """Rests for ever."""

    def may_paint(self, now: float) -> bool:
        super().may_paint(now)
        return False


async def test_what_others_say_waits_for_the_rest_to_end() -> None:
    async with _running() as (app, _):
        app.talk.pacing = tired = _Tired()
        app.talk.hear("after")
        await until(lambda: tired.asked > 3, "it to want to paint")
        assert app.frames == []
        app.talk.pacing = Pacing()
        await until(lambda: "after" in "".join(app.frames), "what was said")


async def test_a_frame_tells_the_pacing_what_it_took() -> None:
    async with _running() as (app, _):
        told: list[tuple[float, float]] = []

        class Told(Pacing):
            def painted(self, began: float, ended: float) -> None:
                told.append((began, ended))

        app.talk.pacing = Told()
        app.talk.hear("after")
        await until(lambda: "after" in "".join(app.frames), "what was said")
        assert any(ended > began for began, ended in told)


async def test_what_is_typed_does_not_wait_and_is_painted_alone() -> None:
    async with _running() as (app, pilot):
        app.talk.pacing = tired = _Tired()
        app.talk.hear("after")
        await until(lambda: tired.asked > 3, "it to want to paint")
        await pilot.press("x")
        await until(lambda: "x" in "".join(app.frames), "the letter")
        assert "after" not in "".join(app.frames)
        app.talk.pacing = Pacing()
        await until(lambda: "after" in "".join(app.frames), "what was said is not forgotten over it")


async def test_a_letter_comes_before_other_frames_and_these_after_it() -> None:
    """As the driver does it: what was read is told first, and then handed on."""
    async with _running() as (app, pilot):
        app.typed()
        letter_at = app.talk.pacing._letter_at
        assert not app.talk.pacing.may_paint(letter_at)
        await pilot.press("x")
        await until(lambda: "x" in "".join(app.frames), "the letter")
        assert app.talk.pacing._letter_at < letter_at, "it is painted, so the others may be"


async def test_a_key_that_is_no_letter_ends_the_rest_once_it_has_had_its_effect() -> None:
    async with _running() as (app, _):
        app.talk.pacing.painted(0.0, 1e9)
        assert not app.talk.pacing.may_paint(1e9)
        await app.settled()
        assert app.talk.pacing.may_paint(1e9)


async def test_what_is_typed_waits_for_a_new_layout() -> None:
    """Painted in its old place it would stand where another widget is in a moment."""
    async with _running() as (app, pilot):
        app.talk.pacing = tired = _Tired()
        app.talk.written.add_class("tall")
        await until(lambda: tired.asked, "it to want to paint")
        await pilot.press("x")
        asked = tired.asked
        await until(lambda: app.talk.written.text == "x" and tired.asked > asked + 3, "the letter to arrive")
        assert app.frames == []
        app.talk.pacing = Pacing()
        await until(lambda: "x" in "".join(app.frames), "the letter")


async def test_what_is_held_does_not_go_on_asking() -> None:
    """Its timer stops: it is painted when it is let go, not by looking sixty times a second."""
    async with _running() as (app, _):
        app.talk.pacing = eager = _Eager()
        with app.talk.held():
            app.talk.hear("after")
            await until(lambda: eager.asked, "it to want to paint")
            assert not app.talk._dirty_widgets, "with these its timer would go on"
            assert app.frames == []
        assert "after" in "".join(app.frames)


# ── batches ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_terminal_that_catches_up_within_a_batch_loses_no_frame() -> None:
    async with _running() as (app, _):
        with app.batch_update():
            app.talk.hear("after")
            await until(lambda: app.talk.heard, "what was said to arrive")
            app.paint_again()
            assert app.frames == []
            assert app.lost == []
        await until(lambda: "after" in "".join(app.frames), "what was said")


async def test_painting_that_was_held_and_ends_within_a_batch_is_not_lost() -> None:
    async with _running() as (app, _):
        with app.batch_update():
            with app.talk.held():
                app.talk.hear("after")
                await until(lambda: app.talk.heard, "what was said to arrive")
            assert app.lost == []
        await until(lambda: "after" in "".join(app.frames), "what was said")


async def test_what_is_typed_within_a_batch_is_painted_after_it() -> None:
    async with _running() as (app, pilot):
        with app.batch_update():
            await pilot.press("x")
            await until(lambda: app.talk.heard, "the letter to arrive")
            assert app.frames == []
            assert app.lost == []
        await until(lambda: "x" in "".join(app.frames), "the letter")


async def test_a_new_layout_within_a_batch_is_painted_after_it() -> None:
    async with _running() as (app, _):
        rows = app.talk.written.region.height
        with app.batch_update():
            app.talk.written.add_class("tall")
            await until(lambda: app.talk.heard, "the layout to be wanted")
            assert app.talk.written.region.height == rows
        await until(lambda: app.frames and app.talk.written.region.height == 3, "the new layout")


async def test_batches_within_one_another_end_with_the_last() -> None:
    async with _running() as (app, pilot):
        with app.batch_update():
            with app.batch_update():
                app.talk.hear("after")
                await until(lambda: app.talk.heard, "what was said to arrive")
            app.paint_again()
            await pilot.pause()
            assert app.frames == []
            assert app.lost == []
        await until(lambda: "after" in "".join(app.frames), "what was said")
