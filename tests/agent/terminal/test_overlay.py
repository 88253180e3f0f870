"""The page on which a host sees who watches: what it shows, and what each key wants."""

from dataclasses import replace

import pytest

from mesh_agent.terminal.hosting import Guest
from mesh_agent.terminal.overlay import KEYS, Overlay, Wish

BOB = Guest("1", "bob", "u1", "d1", "watches", True, False, False, "direct", 120, 40)
CAROL = Guest("2", "carol", "u2", "d2", "asks", False, False, False, "relay", 80, 24)


def shown(overlay: Overlay, guests: list[Guest], columns: int = 80, rows: int = 24) -> list[str]:
    page = overlay.page("bash in ops", "", guests, columns, rows)
    assert len(page) == rows
    assert all(sum(cell.width for cell in row if cell.text) <= columns for row in page)
    return ["".join(cell.text for cell in row).rstrip() for row in page]


def test_who_watches_and_who_waits_is_shown_with_the_keys() -> None:
    lines = shown(Overlay(), [BOB, CAROL])
    assert lines[0] == " bash in ops"
    assert lines[2] == "   bob              watches · 120x40 · direct"
    assert lines[3].startswith(" > carol            wants to watch")
    assert " · not compared · " in lines[3]
    for key, _ in KEYS:
        assert any(f" {key} " in f"{line} " for line in lines[-3:])
    assert "   Nobody watches." in shown(Overlay(), [])


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (20, 5), (80, 24), (500, 200)])
def test_any_size_has_a_page(columns: int, rows: int) -> None:
    overlay = Overlay()
    overlay.words = ("one", "two", "three") * 3
    shown(overlay, [replace(BOB, key=str(number)) for number in range(60)], columns, rows)


@pytest.mark.parametrize(
    ("key", "wish"),
    [
        ("l", Wish("admit", CAROL)),
        ("x", Wish("refuse", CAROL)),
        ("w", Wish("write", CAROL)),
        ("v", Wish("words", CAROL)),
        ("r", Wish("record")),
        ("escape", Wish("back")),
        ("\x1d", Wish("type")),
        ("y", None),
        ("?", None),
    ],
)
def test_a_key_is_about_who_waits(key: str, wish: Wish | None) -> None:
    assert Overlay().pressed(key, [BOB, CAROL]) == wish


def test_another_one_is_chosen_and_stays_so() -> None:
    overlay = Overlay()
    assert overlay.pressed("down", [BOB, CAROL]) is None
    assert overlay.pressed("w", [BOB, CAROL]) == Wish("write", BOB)
    assert overlay.pressed("w", [CAROL, BOB]) == Wish("write", BOB)
    assert overlay.pressed("w", [CAROL]) == Wish("write", CAROL)


@pytest.mark.parametrize(("key", "wish"), [("q", Wish("end")), ("k", Wish("kick", CAROL))])
def test_what_cannot_be_undone_is_pressed_twice(key: str, wish: Wish) -> None:
    overlay = Overlay()
    assert overlay.pressed(key, [BOB, CAROL]) is None
    assert f"Press {key} again" in "\n".join(shown(overlay, [BOB, CAROL]))
    assert overlay.pressed(key, [BOB, CAROL]) == wish
    assert overlay.pressed(key, [BOB, CAROL]) is None
    assert overlay.pressed("r", [BOB, CAROL]) == Wish("record")
    assert overlay.pressed(key, [BOB, CAROL]) is None


def test_who_is_kicked_is_the_one_that_was_asked_about() -> None:
    overlay = Overlay()
    assert overlay.pressed("k", [BOB, CAROL]) is None
    assert overlay.pressed("k", [BOB]) is None
    assert overlay.pressed("k", [BOB]) == Wish("kick", BOB)


def test_words_are_shown_until_they_are_confirmed() -> None:
    overlay = Overlay()
    assert overlay.pressed("v", [CAROL]) == Wish("words", CAROL)
    overlay.words = ("alpha", "beta", "gamma") * 3
    assert "   alpha beta gamma" in shown(overlay, [CAROL])
    assert overlay.pressed("y", [CAROL]) == Wish("confirm", CAROL)
    assert "   alpha beta gamma" not in shown(overlay, [CAROL])
    overlay.words = ("alpha", "beta", "gamma") * 3
    assert overlay.pressed("escape", [CAROL]) is None
    assert overlay.pressed("escape", [CAROL]) == Wish("back")


def test_without_guests_nothing_is_about_anybody() -> None:
    overlay = Overlay()
    for key in "lxwkv":
        assert overlay.pressed(key, []) is None
    assert overlay.said == "Nobody is here yet."
    assert overlay.pressed("up", []) is None
