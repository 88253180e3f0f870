"""Paths as they are typed: words with quotes, and what the end of one may become."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.completing import Name, complete
from mesh_tui.paths import escaped, expanded, fitting, folder_of, last_name, last_word, listing, split

TEXT = st.text(alphabet=st.characters(exclude_categories=["C"]), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("text", "start", "said"),
    [
        ("", 0, ""),
        ("one", 0, "one"),
        ("one two", 4, "two"),
        ("one ", 4, ""),
        ("a\\ b", 0, "a b"),
        ("x 'my notes", 2, "my notes"),
        ("x 'my notes' ", 13, ""),
        ('x "a \\" b', 2, 'a " b'),
        ("don\\'t", 0, "don't"),
        ("a'b c'd", 0, "ab cd"),
        ("a \\", 2, "\\"),
    ],
)
def test_the_word_before_the_cursor(text: str, start: int, said: str) -> None:
    assert last_word(text) == (start, said)


@given(st.text(max_size=60))
def test_whatever_is_typed_ends_in_a_word_or_in_none(text: str) -> None:
    start, said = last_word(text)
    assert 0 <= start <= len(text)
    assert len(said) <= len(text) - start


@given(TEXT)
def test_a_path_that_was_put_in_is_the_same_when_it_is_entered(path: str) -> None:
    assert split(escaped(path)) == [path]
    assert last_word(f"before {escaped(path)}") == (7, path)


def test_of_a_folder_what_can_be_typed_is_listed(tmp_path: Path) -> None:
    for name in ("b.txt", "A.txt", ".hidden", "two\nlines", "\x1b[2J"):
        (tmp_path / name).touch()
    (tmp_path / "inner").mkdir()
    names = listing(str(tmp_path))
    assert names == [".hidden", "A.txt", "b.txt", "inner/"]
    assert fitting("x/", names) == ["x/A.txt", "x/b.txt", "x/inner/"]
    assert fitting("x/.h", names) == ["x/.hidden"]
    assert fitting("a", names) == ["A.txt"]
    assert listing(str(tmp_path / "b.txt")) == []
    assert listing("~nobody-at-all/") == []


@pytest.mark.parametrize(
    ("typed", "folder", "last"),
    [("a", "", "a"), ("a/b", "a/", "b"), ("/", "/", "/"), ("~/x/", "~/x/", "x/"), ("~", "", "~")],
)
def test_where_the_end_of_a_path_is_looked_for(typed: str, folder: str, last: str) -> None:
    assert folder_of(typed) == folder
    assert last_name(typed) == last


def test_home_is_written_out_and_nobodys_is_not() -> None:
    assert expanded("~/x") == Path.home() / "x"
    assert expanded("~nobody-at-all/x") == Path("~nobody-at-all/x")
    assert fitting("~", []) == ["~/"]


def _people(kind: str) -> list[Name]:
    return [Name("bob")] if kind == "person" else []


def _folder(folder: str) -> list[str]:
    return {"": ["my notes.txt", "more/"], "more/": ["b.txt"]}.get(folder, [])


@pytest.mark.parametrize(
    ("text", "start", "offers"),
    [
        ("/send m", 6, ["my\\ notes.txt", "more/"]),
        ("/send 'my n", 6, ["my\\ notes.txt"]),
        ("/send x.txt more/", 12, ["more/b.txt"]),
        ("/send ", 6, ["my\\ notes.txt", "more/"]),
        ("/send x.txt ", 12, []),
        ("/send x.txt @b", 12, ["@bob"]),
        ("/share mo", 7, ["more/"]),
        ("/send nothing", 6, []),
    ],
)
def test_after_send_paths_are_offered_and_after_a_sign_people(
    text: str, start: int, offers: list[str]
) -> None:
    found = complete(text, _people, _folder)
    assert found is not None
    assert found.start == start
    assert [offer.text for offer in found.offers] == offers
