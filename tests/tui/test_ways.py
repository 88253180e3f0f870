"""Which sequence reaches which terminal, and that nobody's text can be more than text in it."""

import re
from base64 import b64decode
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.keys import NameListener
from mesh_tui.ways import (
    BODY_BYTES,
    NAME_CHARS,
    TITLE_BYTES,
    Outside,
    Tmux,
    Way,
    Wrap,
    asks_for_name,
    cut,
    has_title,
    outside,
    read_tmux,
    sequence,
    title_sequence,
)

any_text = st.text(st.characters() | st.sampled_from("\x1b\a\x9c\x90\x9d\\;]\x18\x1a\x00\n\u202e\u2066👩‍💻é"))

SSH = {"TERM": "xterm-256color", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
TMUX = {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-1000/default,1,0", "TERM_PROGRAM": "tmux"}


@pytest.mark.parametrize(
    ("environment", "answered", "tmux", "way"),
    [
        ({"TERM": "xterm-kitty"}, "", None, "osc99"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "", None, "osc99"),
        ({"TERM": "foot"}, "", None, "osc777"),
        ({"TERM": "foot-extra"}, "", None, "osc777"),
        ({"TERM": "rxvt-unicode-256color"}, "", None, "osc777"),
        ({"TERM": "xterm-ghostty"}, "", None, "osc9"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "", None, "osc9"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "", None, "osc9"),
        (SSH, "", None, "bell"),
        (SSH | {"LC_TERMINAL": "iTerm2"}, "", None, "osc9"),
        (SSH, "WezTerm 20240203-110809-5046fc22", None, "osc9"),
        (SSH, "kitty(0.36.1)", None, "osc99"),
        (SSH, "XTerm(390)", None, "bell"),
        ({"TERM": "linux"}, "", None, "bell"),
        ({"TERM": "dumb"}, "", None, "bell"),
        ({}, "", None, "bell"),
        # What a shell has inherited says less than what the terminal answers.
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "foot(1.16.2)", None, "osc777"),
        # tmux's environment is of where it was started; it knows itself where it is shown now.
        (TMUX | {"KITTY_WINDOW_ID": "1"}, "", Tmux(True, ("iTerm2 3.5.0", "xterm-256color")), "osc9"),
        (TMUX, "", Tmux(True, ("foot(1.16.2)", "foot")), "osc777"),
        (TMUX, "", Tmux(True, ("", "xterm-kitty")), "osc99"),
        (TMUX, "", Tmux(True, ("xterm-256color",)), "bell"),
        (TMUX, "", Tmux(False, ("xterm-kitty",)), "bell"),
        (TMUX | {"LC_TERMINAL": "iTerm2"}, "", None, "osc9"),
        (TMUX | {"KITTY_WINDOW_ID": "1"}, "", None, "bell"),
        ({"TERM": "screen-256color", "STY": "1.pts-0"}, "", None, "bell"),
        ({"TERM": "screen-256color", "STY": "1.pts-0", "LC_TERMINAL": "iTerm2"}, "", None, "osc9"),
    ],
)
def test_the_way_is_chosen_by_what_is_known(
    environment: dict[str, str], answered: str, tmux: Tmux | None, way: Way
) -> None:
    assert outside(environment, answered, tmux).way == way


@pytest.mark.parametrize(
    ("environment", "answered", "wrap"),
    [
        ({"TERM": "xterm-kitty"}, "kitty(0.36.1)", ""),
        (TMUX, "", "tmux"),
        (TMUX | {"TERM": "screen-256color"}, "", "tmux"),
        ({"TERM": "tmux-256color"}, "", "tmux"),  # from within tmux by ssh to here
        ({"TERM": "screen-256color"}, "tmux 3.3a", "tmux"),
        ({"TERM": "screen-256color"}, "", "screen"),
        ({"TERM": "xterm", "STY": "1.pts-0"}, "", "screen"),
    ],
)
def test_what_lies_between_is_told_to_let_it_through(
    environment: dict[str, str], answered: str, wrap: Wrap
) -> None:
    assert outside(environment, answered).wrap == wrap


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1|xterm-kitty|kitty(0.36.1)\n", Tmux(True, ("kitty(0.36.1)", "xterm-kitty"))),
        ("all|xterm-256color|\n", Tmux(True, ("xterm-256color",))),
        ("on|foot|foot(1.16.2)", Tmux(True, ("foot(1.16.2)", "foot"))),
        ("0|foot|foot(1.16.2)", Tmux(False, ("foot(1.16.2)", "foot"))),
        ("off||", Tmux(False, ())),
        ("|xterm|a|b", Tmux(False, ("a|b", "xterm"))),
        ("", None),
        ("no server running", None),
    ],
)
def test_what_tmux_says(line: str, said: Tmux | None) -> None:
    assert read_tmux(line) == said


@pytest.mark.parametrize(
    ("way", "wrap", "bytes_"),
    [
        ("osc9", "", "\x1b]9;alice: hello, you\x1b\\"),
        ("osc777", "", "\x1b]777;notify;alice;hello, you\x1b\\"),
        ("osc777", "tmux", "\x1bPtmux;\x1b\x1b]777;notify;alice;hello, you\x1b\x1b\\\x1b\\"),
        ("osc777", "screen", "\x1bP\x1b]777;notify;alice;hello, you\a\x1b\\"),
        (
            "osc99",
            "",
            "\x1b]99;i=mesh:e=1:d=0;YWxpY2U=\x1b\\\x1b]99;i=mesh:e=1:p=body;aGVsbG87IHlvdQ==\x1b\\",
        ),
        ("bell", "", "\a"),
        ("bell", "tmux", "\a"),
        ("off", "", ""),
    ],
)
def test_the_bytes(way: Way, wrap: Wrap, bytes_: str) -> None:
    assert sequence(way, wrap, "alice", "hello; you") == bytes_


@pytest.mark.parametrize("title", ["4", "4;3;100", "9 new in lobby"])
def test_no_text_becomes_another_command_of_osc_9(title: str) -> None:
    assert re.match(r"\x1b\]9;Mesh: ", sequence("osc9", "", title, ""))


_COMMANDS: Final[tuple[tuple[Way, str], ...]] = (
    ("osc9", r"9;[^;]*"),
    ("osc777", r"777;notify;[^;]*;[^;]*"),
    ("osc99", r"99;i=mesh:e=1:(?:d=0|p=body);[A-Za-z0-9+/=]*"),
)
_AROUND: Final[tuple[tuple[Wrap, str], ...]] = (
    ("", r"\x1b\]COMMAND\x1b\\"),
    ("tmux", r"\x1bPtmux;\x1b\x1b\]COMMAND\x1b\x1b\\\x1b\\"),
    ("screen", r"\x1bP\x1b\]COMMAND\x07\x1b\\"),
)
FRAMES: Final = {
    (way, wrap): outer.replace("COMMAND", command) for way, command in _COMMANDS for wrap, outer in _AROUND
}
"""The one form that each may have; what stands for text must have no control character."""


@given(st.sampled_from(list(FRAMES)), any_text, any_text)
def test_nothing_in_a_text_can_end_or_split_its_sequence(
    form: tuple[Way, Wrap], title: str, body: str
) -> None:
    written = sequence(*form, title, body)
    text = "[^;\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]*"
    frame = FRAMES[form].replace("[^;]*", text)
    count = 2 if form[0] == "osc99" else 1
    assert re.fullmatch(f"(?:{frame}){{{count}}}", written)


@pytest.mark.parametrize("text", ["x" * 5_000, "é" * 5_000, "👩‍💻" * 5_000, "; " * 5_000])
@pytest.mark.parametrize("form", FRAMES)
def test_the_longest_text_is_not_too_long_for_screen(form: tuple[Way, Wrap], text: str) -> None:
    written = sequence(*form, text, text)
    assert all(len(part.encode()) < 768 for part in re.findall(FRAMES[form], written))
    assert re.sub(FRAMES[form], "", written) == ""


@given(any_text)
def test_a_title_is_one_sequence(title: str) -> None:
    written = title_sequence(title)
    assert re.fullmatch("\x1b\\]2;[^\x00-\x1f\x7f-\x9f]*\x07", written)
    assert len(written.encode()) <= TITLE_BYTES + 5


@given(any_text)
def test_in_base64_no_text_is_lost_or_let_through(text: str) -> None:
    payloads = re.findall(r";([^;\x1b]*)\x1b\\", sequence("osc99", "", text, text))
    title, body = (b64decode(payload).decode() for payload in payloads)
    assert body.startswith(title.removesuffix("…"))
    assert len(body.encode()) <= BODY_BYTES
    assert not re.search("[\x00-\x1f\x7f-\x9f]", title + body)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(3, 50))
def test_a_cut_text_fits_and_is_text(text: str, most: int) -> None:
    short = cut(text, most)
    assert len(short.encode()) <= most
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_where_a_title_and_a_question_are_understood() -> None:
    assert has_title({"TERM": "vte-256color"})
    assert has_title(TMUX)
    assert not any(map(has_title, ({}, {"TERM": "linux"}, {"TERM": "vt100"}, {"TERM": "screen", "STY": "1"})))
    assert asks_for_name(SSH)
    assert not asks_for_name(TMUX)
    assert not asks_for_name({"TERM": "dumb"})


def test_the_way_is_the_bell_where_nothing_is_known() -> None:
    assert Outside(()).way == "bell"


# ── the answer of the terminal, among what is typed ──────────────────────────────────────────────

ANSWERS = ("\x1bP>|kitty(0.36.1)\x1b\\", "\x1bP>|kitty(0.36.1)\x9c")


def _listened(pieces: list[str], *, expects: bool = True, soon: bool = True) -> tuple[str, list[str]]:
    names: list[str] = []
    listener = NameListener(names.append, expects=expects)
    typed = "".join(listener.feed(piece, soon=soon) for piece in pieces)
    return typed + listener.idle(), names


@given(
    st.text(st.sampled_from("abP>|\\")),
    st.text(st.sampled_from("abP>|\\\x1b[")),
    st.sampled_from(ANSWERS),
    st.data(),
)
def test_an_answer_cut_anywhere_is_taken_out(
    before: str, after: str, answer: str, data: st.DataObject
) -> None:
    whole = before + answer + after
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert _listened(pieces) == (before + after, ["kitty(0.36.1)"])


@pytest.mark.parametrize("key", ["\x1b", "\x1bP", "a", "\x1b[A"])
def test_a_key_that_an_answer_could_begin_with_is_one_after_a_moment(key: str) -> None:
    assert _listened([key]) == (key, [])


def test_once_no_answer_is_likely_keys_are_not_held() -> None:
    listener = NameListener(lambda _: None, expects=True)
    assert listener.feed("\x1b", soon=False) == "\x1b"
    assert listener.feed("\x1bP", soon=False) == "\x1bP"


def test_what_nobody_asked_for_is_no_answer() -> None:
    assert _listened([ANSWERS[0]], expects=False) == (ANSWERS[0], [])


def test_what_never_ends_is_given_back() -> None:
    endless = f"\x1bP>|{'x' * (NAME_CHARS + 1)}"
    assert _listened([endless, "y"]) == (f"{endless}y", [])
