"""Files on their way, in words and in cells."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.sharing.state import OfferedPath, Phase, Transfer
from mesh_tui.layout.cells import width
from mesh_tui.layout.transfers import (
    bar,
    card_lines,
    detail_lines,
    hint_line,
    list_lines,
    row,
    small_line,
)
from mesh_tui.transfers import (
    DEEDS,
    deed_of,
    deeds_words,
    end_words,
    grouped,
    line_of,
    offer_lines,
    open_offers,
    paths_words,
    phase_words,
    rate_words,
    size_words,
    time_words,
    what_words,
)

PHASES: tuple[Phase, ...] = get_args(Phase)
MIB = 1 << 20
GIB = 1 << 30

RUNNING = Transfer(
    "t1", "send", "r1", "u2", "bob", "notes.tar.gz", "file", "running",
    size=200 * MIB, done=90 * MIB, rate=11.5 * MIB, way="direct", lanes=4,
)  # fmt: skip
OFFER = Transfer(
    "t2", "receive", "r1", "u2", "bob", "photos", "folder", "offered",
    size=1_300 * MIB, files=48, space=210 * GIB, verified=True, more_paths=45,
    paths=(
        OfferedPath("photos", "folder", 0),
        OfferedPath("photos/beach.jpg", "file", 2 * MIB),
        OfferedPath("photos/con_.jpg", "file", MIB, renamed="photos/con.jpg"),
        OfferedPath("photos/dunes.jpg", "file", MIB, exists=True),
    ),
)  # fmt: skip


# ── words ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (10_188, "9.9 KiB"),
        (10_239, "10 KiB"),
        (MIB - 1, "1.0 MiB"),
        (3.4 * MIB, "3.4 MiB"),
        (120 * GIB, "120 GiB"),
        (1 << 60, "1024 PiB"),
    ],
)
def test_sizes_are_told_in_few_digits(count: float, words: str) -> None:
    assert size_words(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3_600, "60 min"),
        (7_500, "2 h 5 min"),
        (7_200, "2 h"),
        (90_000, "more than a day"),
    ],
)
def test_what_is_left_is_told_no_closer_than_it_is_known(seconds: float, words: str) -> None:
    assert time_words(seconds) == words


def test_one_on_its_way_is_a_line_of_all_that_is_known() -> None:
    assert line_of(RUNNING) == (
        "notes.tar.gz to bob: sending, 45% of 200 MiB, 12 MiB/s, 10 s left, direct ×4"
    )
    stopped = replace(RUNNING, phase="failed", reason="The disk of the other device is full.")
    assert line_of(stopped).endswith("failed, 200 MiB, The disk of the other device is full.")
    assert rate_words(900.0) == "900 B/s"


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("known", [RUNNING, OFFER])
def test_every_phase_has_words_and_something_that_can_be_done(known: Transfer, phase: Phase) -> None:
    now = replace(known, phase=phase)
    assert phase_words(now)
    assert "{" not in phase_words(now) + line_of(now) + end_words(now)
    assert [key for key, _ in deeds_words(now)][:1] != ["Enter"], "a key besides that for looking"


def test_an_offer_as_lines_has_every_path_and_says_what_is_otherwise_than_sent() -> None:
    assert offer_lines(OFFER, 2) == [
        "bob offers you photos: 1.3 GiB in 48 files. bob is verified.",
        "  photos (folder)",
        "  photos/beach.jpg (2.0 MiB)",
        "  photos/con_.jpg (1.0 MiB, they call it photos/con.jpg)",
        "  photos/dunes.jpg (1.0 MiB, is there already)",
        "  and 45 more",
        "  210 GiB free here",
        "/accept 2 takes it, /decline 2 does not.",
    ]
    assert "compare the words" in offer_lines(replace(OFFER, verified=False), 1)[0]
    assert paths_words(OFFER) == "beach.jpg, con_.jpg and 46 more"


def test_who_has_paused_it_is_told() -> None:
    paused = replace(RUNNING, phase="paused")
    assert phase_words(paused) == "paused"
    assert phase_words(replace(paused, paused_by_peer=True)) == "paused by bob"


def test_what_nobody_runs_does_not_go_on_by_itself() -> None:
    assert "goes on by itself" in phase_words(replace(RUNNING, phase="interrupted"))
    assert phase_words(replace(RUNNING, phase="interrupted", left=True)) == "stopped"


def test_a_folder_that_was_not_read_yet_has_no_size() -> None:
    folder = Transfer("t3", "send", "r1", "u2", "bob", "photos", "folder", "waiting")
    assert what_words(folder) == "a folder"
    assert what_words(replace(folder, phase="offered")) == "0 B in 1 file"
    assert what_words(replace(folder, size=MIB, files=2)) == "1.0 MiB in 2 files"


def test_how_it_ended_is_told_from_both_sides() -> None:
    here = replace(OFFER, phase="done", place=Path("/home/alice/Downloads/photos"))
    assert end_words(here) == "photos from bob is here: /home/alice/Downloads/photos"
    assert end_words(replace(RUNNING, phase="done")) == "bob has notes.tar.gz."
    refused = replace(RUNNING, phase="declined", reason="Too big.")
    assert end_words(refused) == "bob declined notes.tar.gz. Too big."


# ── what may be done ─────────────────────────────────────────────────────────────────────────────


def test_no_key_does_two_things_with_the_same_transfer() -> None:
    for known in (RUNNING, OFFER, replace(OFFER, place=Path("/tmp/x"))):
        for phase in PHASES:
            keys = [key for key, _ in deeds_words(replace(known, phase=phase))]
            assert len(keys) == len(set(keys))
    assert {deed.key for deed in DEEDS} == {*"adivpxrfloc", "enter"}


@pytest.mark.parametrize(
    ("transfer", "key", "name"),
    [
        (OFFER, "a", "accept"),
        (OFFER, "v", "always"),
        (replace(OFFER, verified=False), "v", None),
        (OFFER, "x", None),
        (RUNNING, "a", None),
        (RUNNING, "p", "pause"),
        (replace(RUNNING, phase="paused"), "p", "resume"),
        (replace(RUNNING, phase="paused", paused_by_peer=True), "p", None),
        (replace(RUNNING, phase="interrupted"), "p", "pause"),
        (replace(RUNNING, phase="interrupted", left=True), "p", "resume"),
        (replace(RUNNING, phase="offered"), "x", "cancel"),
        (replace(RUNNING, phase="done"), "x", None),
        (replace(RUNNING, phase="failed"), "r", "retry"),
        (replace(RUNNING, phase="done"), "r", None),
        (replace(RUNNING, phase="done"), "f", "forget"),
        (RUNNING, "f", None),
        (RUNNING, "o", None),
        (replace(RUNNING, phase="done", place=Path("/srv/in/notes.tar.gz")), "c", "copy"),
        (replace(RUNNING, phase="failed", place=Path("/srv/in")), "c", None),
        (replace(RUNNING, phase="failed", place=Path("/srv/in")), "o", "open"),
    ],
)
def test_a_key_does_what_makes_sense(transfer: Transfer, key: str, name: str | None) -> None:
    deed = deed_of(transfer, key)
    assert (deed.name if deed else None) == name


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("known", [RUNNING, OFFER])
def test_its_keys_fit_into_one_row_of_a_small_screen(known: Transfer, phase: Phase) -> None:
    now = replace(known, phase=phase, place=None if phase == "offered" else Path("/srv/in/notes.png"))
    assert width("".join(text for text, _ in hint_line(now)) + " · Esc closes") <= 74


def test_what_needs_an_answer_comes_first_and_what_is_over_last() -> None:
    old = replace(RUNNING, id="old", phase="done", ended_at="2026-01-02T03:04:05Z")
    new = replace(RUNNING, id="new", phase="failed", ended_at="2026-02-02T03:04:05Z")
    waits = replace(RUNNING, id="waits", phase="connecting")
    groups = grouped([old, new, waits, RUNNING, OFFER])
    assert [[known.id for known in group.transfers] for group in groups] == [
        ["t2"],
        ["t1"],
        ["waits"],
        ["new", "old"],
    ]
    assert open_offers([old, RUNNING, OFFER, replace(OFFER, id="t3")]) == {"r1": 2}
    assert grouped([]) == []


# ── cells ────────────────────────────────────────────────────────────────────────────────────────


@given(st.floats(0, 1), st.integers(1, 60), st.booleans())
def test_a_bar_has_as_many_cells_as_it_is_given(part: float, cells: int, plain: bool) -> None:
    text = "".join(fragment.text for fragment in bar(part, cells, plain=plain))
    assert width(text) == cells
    assert text.count("█") == int(part * cells)


def test_a_bar_moves_by_an_eighth_and_in_few_colours_shows_its_end() -> None:
    assert bar(0.5625, 2, plain=False)[0].text == "█▏"
    assert bar(0.5, 4, plain=True)[0].text == "██░░"
    assert bar(7.0, 2, plain=False)[0].text == "██"


def _texts(transfer: Transfer, cells: int) -> list[str]:
    return [line.text for line in list_lines(transfer, cells, "design", plain=True)]


def test_a_wide_row_says_all_and_a_narrow_one_what_matters_most() -> None:
    wide, narrow = _texts(RUNNING, 110), _texts(RUNNING, 42)
    assert wide[0] == "  ↑ notes.tar.gz  to bob  in design  200 MiB"
    assert wide[1].split("%")[1] == "  90 MiB of 200 MiB  12 MiB/s  10 s left  direct ×4"
    assert narrow == ["  ↑ notes.tar.gz  to bob  200 MiB", "    █████░░░░░░░   45%  12 MiB/s"]
    assert small_line(RUNNING, 40, plain=True).text == "  ↑ notes.tar.gz  to bob  ███░░░░░   45%"


def test_why_it_failed_is_below_it() -> None:
    failed = replace(RUNNING, phase="failed", reason="The disk is full.", ended_at="2026-01-02T03:04:05Z")
    assert _texts(failed, 80)[2] == "    The disk is full."
    assert "✗ notes.tar.gz" in _texts(failed, 80)[0]


def test_the_card_of_an_offer_says_who_what_how_much_and_whether_it_fits() -> None:
    lines = [line.text for line in card_lines(OFFER, 90, hint_line(OFFER), plain=True)]
    assert lines == [
        "  ↓ bob offers you photos  1.3 GiB in 48 files  verified",
        "    210 GiB free here  beach.jpg, con_.jpg and 46 more  1 name changed  1 name taken here",
        "    a accept · d decline · i into… · v always · Enter all",
    ]
    full = replace(OFFER, space=MIB, verified=False)
    lines = [line.text for line in card_lines(full, 90, [], plain=True)]
    assert "not verified" in lines[0]
    assert "it does not fit: 1.0 MiB free here" in lines[1]


def test_a_card_says_why_it_ended_below_it_where_that_is_too_long_for_its_row() -> None:
    failed = replace(RUNNING, phase="failed", reason="The disk is full. Make room, and have it sent again.")
    assert len(card_lines(failed, 120, [], plain=True)) == 1
    lines = [line.text for line in card_lines(failed, 60, hint_line(failed), plain=True)]
    assert lines[1] == "    The disk is full. Make room, and have it sent again."
    assert lines[2] == "    r try again · f forget · Enter all"


def test_everything_about_one_has_every_path_whole() -> None:
    long = OfferedPath("photos/" + "x" * 200, "file", 5)
    text = "".join(
        line.text.strip()
        for line in detail_lines(replace(OFFER, paths=(*OFFER.paths, long)), 40, "design", plain=True)
    )
    assert "x" * 200 in text
    assert "photos/con_.jpg" in text
    assert "and 45 more" in text


NASTY = st.text(max_size=60)


@given(NASTY, NASTY, NASTY, st.integers(20, 130), st.sampled_from(PHASES), st.integers(0, 1 << 50))
def test_whatever_they_call_it_no_row_is_too_long_and_nothing_commands_the_terminal(
    title: str, name: str, reason: str, cells: int, phase: Phase, size: int
) -> None:
    path = OfferedPath(title, "file", size, renamed=name)
    nasty = replace(
        OFFER, title=title, peer_name=name, reason=reason, phase=phase, size=size, paths=(path,),
        done=size // 3, rate=float(size % 1000), way="relay",
    )  # fmt: skip
    lines = [
        *list_lines(nasty, cells, name, plain=False),
        *card_lines(nasty, cells, hint_line(nasty), plain=False),
        *detail_lines(nasty, cells, name, plain=False),
    ]
    for line in lines:
        assert width(line.text) <= cells
        assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in line.text)
    told = "".join([line_of(nasty), end_words(nasty), *offer_lines(nasty, 1)])
    assert not any(ord(character) < 32 for character in told)


def test_pieces_of_the_highest_rank_go_first() -> None:
    line = small_line(replace(RUNNING, phase="failed", reason="why " * 30), 50, plain=True)
    assert "why" not in line.text
    assert "failed" in line.text
    assert row([], 10).text == ""
