"""Keys as terminals send them, through the rewriting and Textual's own parser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste

from mesh_tui.keys import KeyRewriter


def _events(*pieces: str) -> list[str]:
    """The keys and pastes that arrive when a terminal sends these pieces."""
    rewriter, parser = KeyRewriter(), XTermParser()
    events = [event for piece in pieces for event in parser.feed(rewriter.feed(piece))]
    return [
        event.key if isinstance(event, Key) else f"paste:{event.text}"
        for event in events
        if isinstance(event, Key | Paste)
    ]


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("\x1b\r", "alt+enter"),
        ("\n", "ctrl+j"),
        ("\x1b[13;2u", "shift+enter"),
        ("\x1b[27;2;13~", "shift+enter"),
        ("\x1ba", "alt+a"),
        ("\x1bd", "alt+d"),
        ("\x1b1", "alt+1"),
        ("\x1b9", "alt+9"),
        ("\x1b-", "alt+minus"),
        ("\x1b+", "alt+plus"),
        ("¡", "inverted_exclamation_mark"),
        ("\x1b[1;3D", "alt+left"),
        ("\x1b\t", "shift+tab"),
        ("\x1bi", "alt+i"),
        ("\x1bOQ", "f2"),
        ("\x1b[1;5F", "ctrl+end"),
        ("\x1b[5~", "pageup"),
        ("\r", "enter"),
        ("\x7f", "backspace"),
    ],
)
def test_what_terminals_send_is_the_key_that_was_pressed(sent: str, key: str) -> None:
    assert _events(sent) == [key]


def test_what_is_typed_right_after_alt_enter_is_not_swallowed() -> None:
    assert _events("\x1b\rabc") == ["alt+enter", "a", "b", "c"]


def test_pasted_text_is_text_whatever_is_in_it() -> None:
    assert _events("\x1b[200~a\x1bb\x1b[31m\x07c\x1b[201~d") == ["paste:ab[31mc", "d"]


@given(st.text(alphabet="ab\x1b[~2\n", max_size=30), st.integers(0, 40))
def test_a_paste_that_arrives_in_two_pieces_is_one(text: str, cut: int) -> None:
    sent = f"\x1b[200~{text.replace('[20', '')}\x1b[201~x"
    cut = max(6, min(cut, len(sent)))
    assert _events(sent[:cut], sent[cut:]) == _events(sent)
