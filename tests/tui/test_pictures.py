"""Every screen looks as it did, in three sizes and four themes; `scripts/snapshots` takes them anew.

Each size is looked at in one theme and each theme in one size, or all with all where MESH_PICTURES says all.
"""

import os
from pathlib import Path

import pytest

from tests.support.cells import Cell, describe, difference, read
from tests.tui.gallery import FOLDER, SIZES, THEMES, WALKS, files_of, pictures, takes

PAINTED = {
    "dark": [[Cell("a", "bold red on black"), Cell("b", "red on black"), Cell("c", "red on black")]],
    "light": [[Cell("a", "bold red on white"), Cell("b", "red on white"), Cell("c", "red on white")]],
}


def test_a_picture_is_read_as_it_was_described() -> None:
    read_again = read(describe(PAINTED))
    assert read_again.texts == ["│abc│"]
    assert read_again.letters == ["abb"]
    assert read_again.looks["b"] == {"dark": "red on black", "light": "red on white"}


def test_where_a_theme_shows_another_text_that_is_a_part_of_its_look() -> None:
    read_again = read(describe(PAINTED | {"light": [[Cell("x", "red on white")] * 3]}))
    assert read_again.looks["a"] == {"dark": "bold red on black", "light": "'x' red on white"}


def test_a_difference_is_told_in_words() -> None:
    before = describe(PAINTED)
    assert difference(before, before) == []
    other = PAINTED | {
        "light": [[*PAINTED["light"][0][:1], *[Cell("b", "blue on white")], PAINTED["light"][0][2]]]
    }
    assert difference(before, describe(other)) == [
        "row 0, cells 1 to 1, “b”, light: was red on white, is blue on white"
    ]
    worded = {theme: [[*row[0][:2], Cell("d", row[0][2].look)]] for theme, row in PAINTED.items()}
    assert difference(before, describe(worded)) == ["row 0 was │abc│", "   is now │abd│"]


def test_every_size_and_every_theme_is_looked_at() -> None:
    taken = [(size, theme) for size in SIZES for theme in THEMES if takes(size, theme, everything=False)]
    assert {size for size, _ in taken} == set(SIZES)
    assert {theme for _, theme in taken} == set(THEMES)
    assert all(takes(size, theme, everything=True) for size in SIZES for theme in THEMES)


def test_every_picture_that_is_kept_is_still_taken() -> None:
    assert {file.name for file in FOLDER.glob("*.txt")} == set().union(*map(files_of, WALKS))


@pytest.mark.long
@pytest.mark.parametrize("walk", WALKS)
async def test_every_screen_looks_as_it_did(walk: str, tmp_path: Path) -> None:
    wrong: list[str] = []
    names = set()
    everything = os.environ.get("MESH_PICTURES") == "all"
    async for name, described in pictures(walk, tmp_path / "data", everything=everything):
        names.add(name)
        file = FOLDER / name
        others = difference(file.read_text("utf-8"), described) if file.exists() else ["It is new."]
        wrong += [f"── {name}", *others] if others else []
    assert not wrong, "\n".join(
        [*wrong, "Where this is meant: scripts/snapshots, and look at what it changed."]
    )
    assert names == files_of(walk)
