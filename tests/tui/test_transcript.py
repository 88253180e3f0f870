"""The transcript: what is being read stays where it is, whatever happens around it."""

from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.selection import SELECT_ALL, Selection

from mesh_agent.client.state import Outgoing, Page
from mesh_agent.terminal.announcing import CONTENT_TYPE, beginning
from mesh_tui.layout.message import Head
from mesh_tui.themes import MONOKAI, theme
from mesh_tui.timeline import Timeline
from mesh_tui.widgets.transcript import Transcript
from protocol.rest import Message
from tests.support.conditions import until
from tests.tui.examples import ALICE, message, outgoing, page, painted_text

LONG = "a line of some length that has to be broken more than once, for it is longer than the screen is wide"


class OneTranscript(App[None]):
    """A transcript, and what it has asked for."""

    CSS = "Transcript { height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(theme("monokai", MONOKAI))
        self.theme = "mesh-monokai"
        self.timeline = Timeline()
        self.seen = 0
        self.wanted: list[str] = []
        self.chosen: list[Outgoing] = []

    def compose(self) -> ComposeResult:
        yield Transcript()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    def on_transcript_moved(self, event: Transcript.Moved) -> None:
        self.seen = max(self.seen, event.seen)

    def on_transcript_earlier_wanted(self) -> None:
        self.wanted.append("earlier")

    def on_transcript_later_wanted(self) -> None:
        self.wanted.append("later")

    def on_transcript_past_end(self) -> None:
        self.wanted.append("past the end")

    def on_transcript_chosen(self, event: Transcript.Chosen) -> None:
        if event.unsent is not None:
            self.chosen.append(event.unsent)

    def rows(self) -> list[str]:
        return [self.transcript.render_line(y).text.rstrip() for y in range(self.transcript.size.height)]

    def show(self, held: Page, *, newest: int = 0, unread_after: int | None = None) -> None:
        self.timeline.reset(held, [], newest)
        self.timeline.set_head(Head("earlier" if held.has_more else "beginning", "Test Chat"))
        self.transcript.show(self.timeline, ALICE, unread_after)


@asynccontextmanager
async def running(columns: int = 40, rows: int = 20) -> AsyncIterator[OneTranscript]:
    app = OneTranscript()
    async with app.run_test(size=(columns, rows)):
        await until(lambda: app.transcript.size.height == rows)
        yield app


def _long_page(first: int, last: int, *, has_more: bool = True) -> Page:
    return Page([message(seq, f"{seq}: {LONG}") for seq in range(first, last + 1)], has_more)


def _where(app: OneTranscript, text: str) -> int:
    """The row of the screen that begins with `text`."""
    return next(y for y, row in enumerate(app.rows()) if row.strip().startswith(text))


# ── where the reader is ──────────────────────────────────────────────────────────────────────────


async def test_a_short_conversation_stands_at_the_bottom() -> None:
    async with running() as app:
        app.show(page(1, 2))
        assert app.rows()[-2:] == ["  message 1", "  message 2"]
        assert app.rows()[0] == ""


async def test_a_reader_at_the_bottom_stays_there() -> None:
    async with running() as app:
        app.show(_long_page(1, 50))
        app.transcript.apply(app.timeline.receive(message(51, "and this")))
        assert app.rows()[-1] == "  and this"


async def test_a_reader_at_the_bottom_stays_there_when_the_last_message_gets_shorter() -> None:
    async with running() as app:
        app.show(_long_page(1, 30))
        app.transcript.apply(app.timeline.receive(message(30, "short", rev=31)))
        assert app.transcript.following
        assert "short" in app.rows()[-1]


async def test_what_tells_of_a_terminal_says_whether_its_host_is_seen_and_the_end_stays() -> None:
    told = message(20, beginning("top", "bob", "Qm3k9TzA"), content_type=CONTENT_TYPE)
    async with running(columns=50) as app:

        def rows(here: Set[str] | None) -> str:
            app.transcript.know_here(here)
            shown = app.rows()
            assert shown[-1] == "  and this"
            return " ".join("\n".join(shown).split())

        app.show(Page([*_long_page(1, 19).messages, told, message(21, "and this")], False))
        assert "Enter watches it" in rows(None)
        assert "bob is seen nowhere now · Enter tries" in rows({ALICE.id})
        assert "Enter watches it" in rows({ALICE.id, "u-bob"})
        app.transcript.know_here({ALICE.id})
        app.show(Page([told], False))
        assert "seen nowhere" in "\n".join(app.rows())


async def test_a_reader_at_the_bottom_stays_there_though_less_was_there_than_it_seemed() -> None:
    async with running() as app:
        app.show(Page([message(seq, f"```\ncode {seq}\n```\n\n\n\n") for seq in range(1, 30)], True))
        assert app.transcript.following
        app.transcript.apply(app.timeline.receive(message(30, "and this")))
        await until(lambda: app.rows()[-1] == "  and this")
        assert app.transcript.following


async def test_a_reader_further_up_is_not_moved_by_what_comes_below() -> None:
    async with running() as app:
        app.show(_long_page(1, 50))
        app.transcript.scroll_relative(y=-15, animate=False)
        before = app.rows()
        for seq in range(51, 60):
            app.transcript.apply(app.timeline.receive(message(seq, LONG)))
        assert app.rows() == before
        assert not app.transcript.following


async def test_scrolling_back_to_nearly_the_end_follows_again() -> None:
    async with running() as app:
        app.show(_long_page(1, 50))
        app.transcript.scroll_relative(y=-15, animate=False)
        app.transcript.scroll_relative(y=14, animate=False)
        app.transcript.apply(app.timeline.receive(message(51, "and this")))
        assert app.rows()[-1] == "  and this"


async def test_earlier_history_comes_without_a_jump() -> None:
    async with running() as app:
        app.show(_long_page(100, 150))
        app.transcript.scroll_to(y=6, animate=False)
        # The head and what stands above the first message may change; no message moves.
        text = f"{next(seq for seq in range(100, 151) if any(f'{seq}:' in row for row in app.rows()))}:"
        before = _where(app, text)
        for first in (50, 1):
            splices = app.timeline.prepend(_long_page(first, 99 if first == 50 else 49))
            app.transcript.apply([*splices, app.timeline.set_head(Head("loading"))])
            assert _where(app, text) == before


async def test_the_very_top_does_not_jump_either() -> None:
    async with running() as app:
        app.show(_long_page(100, 150))
        app.transcript.scroll_home(animate=False)
        before = _where(app, "100:")
        app.transcript.apply(app.timeline.prepend(_long_page(1, 99)))
        assert _where(app, "100:") == before


async def test_turning_pages_reads_every_message_once_in_order() -> None:
    async with running() as app:
        app.show(Page([message(seq, f"{seq}: {LONG * (seq % 3)}") for seq in range(1, 80)], False))
        read: list[str] = app.rows()
        while app.transcript.scroll_y > 0:
            app.transcript.scroll_relative(y=-5, animate=False)
            read = app.rows()[:5] + read if app.transcript.scroll_y else read
        seqs = [int(row.split(":")[0]) for row in read if row.strip()[:1].isdigit() and ":" in row]
        assert seqs == sorted(set(seqs))


async def test_a_change_of_width_keeps_the_place() -> None:
    app = OneTranscript()
    async with app.run_test(size=(60, 20)) as pilot:
        await until(lambda: app.transcript.size.height == 20)
        app.show(_long_page(1, 100))
        app.transcript.scroll_to(y=100, animate=False)
        first = next(row for row in app.rows() if ":" in row).split(":")[0]
        await pilot.resize_terminal(30, 20)
        await until(lambda: app.transcript.size.width < 40)
        assert any(row.startswith(f"{first}:") for row in app.rows())


async def test_what_is_new_and_does_not_fit_begins_at_the_top() -> None:
    async with running() as app:
        app.show(_long_page(1, 60), unread_after=20)
        assert "new" in "".join(app.rows()[:4])
        assert _where(app, "21:") < 6
        await until(lambda: app.seen > 0)
        assert app.seen < 60


async def test_what_is_new_and_fits_is_seen_at_once() -> None:
    async with running() as app:
        app.show(page(1, 30), unread_after=28)
        await until(lambda: app.seen == 30)
        assert "new" in "".join(app.rows())


# ── what it asks for ─────────────────────────────────────────────────────────────────────────────


async def test_near_the_top_it_asks_for_more_if_there_is_more() -> None:
    async with running() as app:
        app.show(_long_page(1, 200, has_more=False))
        app.transcript.scroll_home(animate=False)
        await until(lambda: not app.wanted)
        app.show(_long_page(1, 200))
        app.transcript.scroll_home(animate=False)
        await until(lambda: "earlier" in app.wanted)


async def test_a_detached_window_asks_for_what_follows_and_is_no_end() -> None:
    async with running() as app:
        app.show(_long_page(1, 20), newest=100)
        app.transcript.scroll_end(animate=False)
        await until(lambda: "later" in app.wanted)
        assert not app.transcript.following


async def test_a_click_on_what_was_not_sent_chooses_it() -> None:
    app = OneTranscript()
    async with app.run_test(size=(60, 20)) as pilot:
        await until(lambda: app.transcript.size.height == 20)
        app.show(page(1, 3))
        app.transcript.apply([app.timeline.put_outgoing(outgoing("n", error="No."))])
        await pilot.pause()
        await pilot.click(Transcript, offset=(5, 18))
        await until(lambda: app.chosen)
        assert app.chosen[0].nonce == "n"


# ── painting ─────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(painted_text, min_size=1, max_size=6), st.integers(20, 50))
def test_every_row_is_exactly_as_wide_as_the_screen(texts: list[str], columns: int) -> None:
    import asyncio

    async def paint() -> None:
        async with running(columns, 15) as app:
            app.show(Page([message(seq, text) for seq, text in enumerate(texts, 1)], False))
            for y in range(15):
                strip = app.transcript.render_line(y)
                assert strip.cell_length == app.transcript.size.width
                assert sum(cell_len(segment.text) for segment in strip) == strip.cell_length
                assert "\x1b" not in strip.text

    asyncio.run(paint())


async def test_only_what_is_visible_is_laid_out() -> None:
    async with running() as app:
        app.show(Page([message(seq, "**x** " * 50) for seq in range(1, 2_000)], False))
        blocks = app.transcript._blocks
        assert sum(blocks[index].exact for index in range(len(blocks))) < 30


# ── copying ──────────────────────────────────────────────────────────────────────────────────────


async def test_copying_gives_back_what_was_written() -> None:
    async with running() as app:
        written = f"{LONG}\n- a list\n```\ncode  with   spaces\n```"
        app.show(Page([message(1, written, by=ALICE)], False))
        copied = app.transcript.get_selection(SELECT_ALL)
        assert copied is not None
        lines = copied[0].split("\n")
        assert LONG in lines
        assert "a list" in lines
        assert "code  with   spaces" in lines
        assert "▎" not in copied[0]


async def test_a_part_of_a_row_can_be_copied_and_is_painted_as_chosen() -> None:
    async with running() as app:
        app.show(page(1, 3))
        y = _where(app, "message 2")
        row = round(app.transcript.scroll_y) + y - app.transcript._padding - app.transcript._origin
        chosen = Selection(Offset(2 + 0, row), Offset(2 + len("message"), row))
        assert app.transcript.get_selection(chosen) == ("message", "\n")
        app.screen.selections = {app.transcript: chosen}
        painted = [segment.text for segment in app.transcript.render_line(y)]
        assert painted[1] == "message"


async def test_a_selection_stays_on_its_text_when_history_comes() -> None:
    async with running() as app:
        app.show(_long_page(100, 120))
        app.transcript.scroll_to(y=10, animate=False)
        y = _where(app, "102:")
        row = round(app.transcript.scroll_y) + y - app.transcript._origin
        chosen = Selection(Offset(2, row), Offset(6, row))
        before = app.transcript.get_selection(chosen)
        app.transcript.apply(app.timeline.prepend(_long_page(1, 99)))
        assert before == ("102:", "\n")
        assert app.transcript.get_selection(chosen) == before


@pytest.mark.parametrize("count", [0, 1])
async def test_no_message_and_one_message(count: int) -> None:
    async with running() as app:
        app.show(Page([message(seq) for seq in range(1, count + 1)], False))
        assert sum("Hello!" in row for row in app.rows()) == count
        assert isinstance(app.timeline.entries[-1], Message if count else Head)


# ── choosing ─────────────────────────────────────────────────────────────────────────────────────


async def test_what_was_not_sent_is_chosen_like_any_other_and_what_waits_is_not() -> None:
    async with running() as app:
        app.timeline.reset(page(1, 2), [outgoing("a", "refused", error="No."), outgoing("b", "waits")], 0)
        app.transcript.show(app.timeline, ALICE)
        app.transcript.choose_last()
        assert app.transcript.chosen is None
        assert app.transcript.chosen_unsent == app.timeline.failed()[0]
        assert any(row.startswith("▌ refused") for row in app.rows())
        app.transcript.step(-1)
        assert app.transcript.chosen == app.timeline.message("m2")
        app.transcript.step(1)
        app.transcript.step(1)
        await until(lambda: "past the end" in app.wanted)
        app.transcript.apply([app.timeline.put_outgoing(outgoing("a", "refused"))])
        assert not app.transcript.has_chosen
        assert not any(row.startswith("▌") for row in app.rows())
