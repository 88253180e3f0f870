"""The rooms with something new, in a few cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.layout.cells import width
from mesh_tui.layout.hotlist import hotlist
from mesh_tui.rooms import active
from tests.tui.test_rooms import dm, listed, room


def _text(cells: int, *rooms: str) -> str:
    """As it is written, of rooms such as `lobby 3 1`: a name, new messages, mentions."""
    made = [
        dm(name[1:], int(unread), mentions=int(mentions))
        if name.startswith("@")
        else room(name, int(unread), int(mentions))
        for name, unread, mentions in (text.split() for text in rooms)
    ]
    return "".join(fragment.text for fragment in hotlist(active(listed(*made)), cells))


def test_it_says_number_name_count_and_what_names_me() -> None:
    assert _text(60, "a 0 0", "lobby 2 1", "tea 12 0", "@bob 1 0") == "[2:lobby(2!) 4:bob(1) 3:tea(12)] "


def test_nothing_new_is_nothing() -> None:
    assert _text(60, "a 0 0") == ""


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (33, "[2:lobby(2!) 4:bob(1) 3:tea(12)] "),
        (32, "[2:lobby(2!) 4:bob(1) +1] "),
        (26, "[2:lobby(2!) 4:bob(1) +1] "),
        (25, "[2:lobby(2!) +2] "),
        (10, "[+3] "),
    ],
)
def test_what_does_not_fit_is_counted(cells: int, text: str) -> None:
    assert _text(cells, "a 0 0", "lobby 2 1", "tea 12 0", "@bob 1 0") == text


def test_long_names_and_large_numbers_are_cut() -> None:
    assert _text(60, "abcdefghijklmnopq 12345 0") == "[1:abcdefghijklm…(999+)] "


@pytest.mark.parametrize(("mentions", "role"), [(0, "count"), (1, "mention-me")])
def test_what_names_me_has_a_colour_of_its_own(mentions: int, role: str) -> None:
    fragments = hotlist(active(listed(room("a", 1, mentions))), 40)
    assert [fragment.role for fragment in fragments if "(" in fragment.text] == [role]


@given(st.lists(st.text(min_size=1, max_size=20), max_size=12, unique=True), st.integers(10, 80))
def test_it_never_takes_more_than_it_may(names: list[str], cells: int) -> None:
    entries = active(listed(*(room(name, 7, index % 2) for index, name in enumerate(names))))
    fragments = hotlist(entries, cells)
    assert sum(width(fragment.text) for fragment in fragments) <= cells
    assert bool(fragments) == bool(names)
