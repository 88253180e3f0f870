"""Any text in the composer, and what is offered for it: painted in its place, and sent as it stands."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.strip import Strip
from textual.widgets import Static

from mesh_tui.completing import Completion, Offer
from mesh_tui.themes import MONOKAI, theme
from mesh_tui.widgets.composer import Composer
from mesh_tui.widgets.offers import Offers
from protocol.text import clean_text
from tests.support.conditions import until
from tests.tui.examples import raw_text
from tests.tui.settling import press, settled

COLUMNS, ROWS = 60, 20
SIDE = 5
"""Cells on each side that are somebody else's."""

HOSTILE = (
    "\x1b[2J\x1b[H\x1b]0;owned\x07",
    "[@click=app.quit]x[/] [bold red]y[/] [/nonsense]",
    "a\u202egnp.exe \u2066x\u2069",
    "\u200b\u200d\ufe0f\ufeff",
    "e" + "\u0301" * 30,
    "\t\ttabs\t",
    "👨‍👩‍👧" * 30,
    "words and more" * 5 + "e" + "\u0301" * 31 + "\u200b\u200d",
    "ﷺ꧅𒐫",
    "\x9b31m",
)

text = st.lists(st.one_of(raw_text, st.sampled_from(HOSTILE)), max_size=6).map("".join)


class Fenced(App[None]):
    """A composer, with others' cells on all sides of it. It offers what is written before the cursor."""

    ENABLE_COMMAND_PALETTE = False
    CSS = f"""
    Screen {{ layers: base above; }}
    .side {{ width: {SIDE}; height: 1fr; }}
    .above {{ height: 1fr; }}
    .below {{ height: 1; }}
    Composer {{ height: auto; max-height: 8; border: round $accent; padding: 0 1; }}
    """

    def __init__(self) -> None:
        super().__init__()
        colours = theme("mesh-test", MONOKAI)
        self.register_theme(colours)
        self.theme = colours.name
        self.sent: list[str] = []

    def compose(self) -> ComposeResult:
        rows = "\n".join("|" * SIDE for _ in range(ROWS))
        with Horizontal():
            yield Static(rows, classes="side", markup=False)
            with Vertical():
                yield Static(
                    "\n".join("=" * (COLUMNS - 2 * SIDE) for _ in range(ROWS)), classes="above", markup=False
                )
                yield Offers()
                yield Composer("Say it", self._complete, list)
                yield Static("_" * (COLUMNS - 2 * SIDE), classes="below", markup=False)
            yield Static(rows, classes="side", markup=False)

    def _complete(self, before: str) -> Completion:
        return Completion(len(before), (Offer(before, before, before), Offer("x", before)), before)

    def on_composer_offered(self, event: Composer.Offered) -> None:
        self.query_one(Offers).put(event.offers, event.chosen, event.help)

    def on_composer_sent(self, event: Composer.Sent) -> None:
        self.sent.append(event.text)


def _assert_fenced(app: Fenced) -> None:
    strips: list[Strip] = app.screen._compositor.render_strips()
    assert len(strips) == ROWS
    for number, strip in enumerate(strips):
        assert sum(cell_len(segment.text) for segment in strip) == COLUMNS
        assert strip.crop(0, SIDE).text == "|" * SIDE
        assert strip.crop(COLUMNS - SIDE, COLUMNS).text == "|" * SIDE
        assert not {"\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\n"} & set(strip.text), number
    composer = app.query_one(Composer).region
    inner = slice(SIDE, COLUMNS - SIDE)
    assert strips[composer.bottom].text[inner] == "_" * (COLUMNS - 2 * SIDE)
    offers = app.query_one(Offers)
    top = offers.region.y if offers.display else composer.y
    for strip in strips[:top]:
        assert strip.text[inner] == "=" * (COLUMNS - 2 * SIDE)


async def _write(app: Fenced, said: str) -> None:
    composer = app.query_one(Composer)
    composer.focus()
    composer.load_text("")
    composer.post_message(events.Paste(said))
    await settled(app)
    _assert_fenced(app)
    await press(app, "down")
    _assert_fenced(app)
    await press(app, "escape")
    expected = clean_text(said)
    assert composer.text == expected
    app.sent.clear()
    await press(app, "enter")
    if expected.strip():
        await until(lambda: app.sent, "the message")
        assert app.sent == [expected.strip("\n")]
    else:
        assert not app.sent


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(text, min_size=2, max_size=6))
def test_no_text_leaves_its_place_or_is_changed(texts: list[str]) -> None:
    async def write_all() -> None:
        app = Fenced()
        async with app.run_test(size=(COLUMNS, ROWS)):
            for said in texts:
                await _write(app, said)

    asyncio.run(write_all())


def test_each_of_the_hostile_ones() -> None:
    async def write_all() -> None:
        app = Fenced()
        async with app.run_test(size=(COLUMNS, ROWS)):
            for said in HOSTILE:
                await _write(app, said)

    asyncio.run(write_all())
