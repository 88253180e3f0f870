"""Names found by their letters: what fits, what fits better, and which letters are shown as those that do."""

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.fuzzy import (
    BEGINS,
    EXACT,
    LETTERS,
    NAME_CHARS,
    QUERY_CHARS,
    WITHIN,
    WORD,
    Match,
    Names,
    fold,
    fold_query,
    match,
    pieces,
)

LETTER = st.sampled_from("aAbBc é-_ßﬁÄ\u0301İ👩\u200d")
TEXT = st.text(LETTER, max_size=20)


def _match(typed: str, name: str) -> Match | None:
    return match(fold_query(typed), fold(name))


def _found(typed: str, *names: str) -> list[str]:
    return [names[hit.item] for hit in _names(names).find(fold_query(typed), 99)]


def _names(names: Sequence[str]) -> Names:
    return Names([[fold(name)] for name in names])


def _is_subsequence(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


# ── what fits ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "name", "way"),
    [
        ("general", "General", EXACT),
        ("dev ops", "dev-ops", EXACT),
        ("cafe", "Café", EXACT),
        ("CAFÉ", "cafe", EXACT),
        ("strasse", "Straße", EXACT),
        ("gen", "general talk", BEGINS),
        ("general t", "general talk", BEGINS),
        ("talk", "general_talk", WORD),
        ("neral", "general talk", WITHIN),
        ("gt", "general talk", LETTERS),
        ("gntk", "general talk", LETTERS),
    ],
)
def test_the_ways_in_which_a_name_fits(typed: str, name: str, way: int) -> None:
    found = _match(typed, name)
    assert found is not None
    assert found.way == way


@pytest.mark.parametrize(
    ("typed", "name"), [("tg", "general talk"), ("bbb", "bob-a"), ("x", ""), ("é", "bob")]
)
def test_letters_that_are_missing_or_in_another_order_do_not_fit(typed: str, name: str) -> None:
    assert _match(typed, name) is None


@given(TEXT.filter(fold_query), TEXT)
def test_what_fits_has_the_letters_in_their_order(typed: str, name: str) -> None:
    query = fold_query(typed)
    found = match(query, fold(name))
    assert (found is not None) == _is_subsequence(query, fold(name).text)
    if found is not None:
        assert list(found.at) == sorted(set(found.at))
        assert _is_subsequence(query, "".join(fold(name[index]).text for index in found.at))


@given(st.text(max_size=120).filter(fold_query), st.text(max_size=120))
def test_any_text_may_be_typed_and_be_a_name(typed: str, name: str) -> None:
    folded = fold(name)
    assert len(folded.text) == len(folded.origin) <= NAME_CHARS + 1
    assert len(fold_query(typed)) <= QUERY_CHARS
    found = match(fold_query(typed), folded)
    at = found.at if found else ()
    assert "".join(piece for piece, _ in pieces(name, at)) == name
    marked = "".join(piece for piece, fits in pieces(name, at) if fits)
    assert {name[index] for index in at} <= set(marked)


# ── what fits better ─────────────────────────────────────────────────────────────────────────────


def test_a_name_that_begins_so_comes_before_words_and_letters_within() -> None:
    names = ("cars-opera", "shop", "the ops", "operations", "ops")
    assert _found("ops", *names) == ["ops", "the ops", "operations"]
    assert _found("op", *names) == ["operations", "ops", "cars-opera", "the ops", "shop"]


@pytest.mark.parametrize(
    ("typed", "better", "worse"),
    [
        ("gt", "general talk", "getting a lift"),
        ("wd", "web design", "weekend"),
        ("lobch", "lobby chat", "loud obscure birch"),
        ("abd", "abcd", "axbxd"),
        ("rn", "release notes", "random"),
    ],
)
def test_beginnings_of_words_and_letters_side_by_side_count(typed: str, better: str, worse: str) -> None:
    assert _found(typed, worse, better) == [better, worse]


def test_the_best_places_of_scattered_letters_are_shown() -> None:
    found = _match("gt", "getting gt-less; general talk")
    assert found is not None
    assert found.way == WORD
    found = _match("gta", "getting at general talk")
    assert found is not None
    assert found.at == (11, 19, 20)


def test_equal_ones_keep_their_order_and_an_item_is_found_once_by_its_best_name() -> None:
    several = [["bob", "Robert Mann"], ["robin"], ["mona", "rob"]]
    names = Names([[fold(name) for name in of_one] for of_one in several])
    assert [(hit.item, hit.name) for hit in names.find("rob", 9)] == [(2, 1), (1, 0), (0, 1)]
    assert [hit.item for hit in names.find("rob", 2)] == [2, 1]
    assert names.find("zz", 9) == []


@given(st.lists(TEXT, max_size=12), TEXT.filter(fold_query))
def test_typing_letter_by_letter_finds_what_all_at_once_does(names: list[str], typed: str) -> None:
    query = fold_query(typed)
    slowly = _names(names)
    for length in range(1, len(query) + 1):
        found = slowly.find(query[:length], 99)
    assert found == _names(names).find(query, 99)
    assert [hit.item for hit in found] == _indices(query, names)
    assert slowly.find(query[:1], 99) == _names(names).find(query[:1], 99)


def _indices(query: str, names: list[str]) -> list[int]:
    """What is to be found, worked out one by one."""
    fits = {index: match(query, fold(name)) for index, name in enumerate(names)}
    ranks = [(found.way, -found.points, index) for index, found in fits.items() if found is not None]
    return [index for *_, index in sorted(ranks)]


# ── what is shown ────────────────────────────────────────────────────────────────────────────────


def test_a_character_of_several_is_marked_whole() -> None:
    name = unicodedata.normalize("NFD", "Café") + " 👩\u200d👩\u200d👧"
    found = _match("fe", name)
    assert found is not None
    assert list(pieces(name, found.at)) == [("Ca", False), ("fe\u0301", True), (" 👩\u200d👩\u200d👧", False)]
    assert list(pieces("bob", ())) == [("bob", False)]
    assert list(pieces("", ())) == []
