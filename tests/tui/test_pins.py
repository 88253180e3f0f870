"""Whatever width a terminal gives an emoji, what follows stands in its place."""

import re

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyte import screens
from rich.cells import cell_len

from mesh_tui.pins import pin
from tests.tui.examples import AWKWARD, painted_text

DOUBTFUL = ("👨‍👩‍👧", "👍🏽", "❤️", "🇩🇪", "\ue0b0", "\U0001fae9", "नमस्ते", "#️⃣", "⚡")


def _column(mark: str, output: str, monkeypatch: pytest.MonkeyPatch, wide: int) -> int:
    """Where `mark` stands in a terminal that gives every character outside of ASCII `wide` cells."""
    monkeypatch.setattr(screens, "wcwidth", lambda letter: wide if ord(letter) > 0x2E7F else 1)
    screen = pyte.Screen(40, 2)
    stream = pyte.Stream(screen)
    stream.feed(output)
    return next(column for column in range(40) if screen.buffer[0][column].data == mark)


@pytest.mark.parametrize("wide", [1, 2])
@pytest.mark.parametrize("run", DOUBTFUL)
def test_what_follows_stands_where_it_was_measured_to(
    run: str, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = f"ab{run}|end"
    assert _column("|", pin(row), monkeypatch, wide) == 2 + cell_len(run)


def test_without_pins_the_terminals_disagree(monkeypatch: pytest.MonkeyPatch) -> None:
    row = "ab👨‍👩‍👧|end"
    assert _column("|", row, monkeypatch, 1) != _column("|", row, monkeypatch, 2)


def test_plain_text_borders_and_cjk_are_left_alone() -> None:
    for text in ("plain", "─│╭╮▎●○◐", "日本語 한국어", "… “quoted” — né", "\x1b[1mbold\x1b[0m"):
        assert pin(text) == text


@given(
    st.lists(
        st.one_of(
            painted_text, st.sampled_from(AWKWARD), st.sampled_from(["\x1b[31m", "\x1b[0m", "\x1b[5;9H"])
        )
    )
)
def test_nothing_is_lost_and_no_escape_is_torn(parts: list[str]) -> None:
    output = "".join(parts)
    pinned = pin(output)
    # Taking the pins out again leaves what was there: a pin is DECSC, spaces, DECRC, the run, DECRC, CUF.
    unpinned = re.sub(r"\x1b7(?: *\x1b8\x1b7)?([^\x1b]*)\x1b8(?:\x1b\[\d+C)?", r"\1", pinned)
    assert unpinned == output
