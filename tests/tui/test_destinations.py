"""Where Ctrl+K leads to: what is listed, in which order, and what a sign leaves of it."""

from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.destinations import (
    SHOWN,
    Destination,
    Destinations,
    commands,
    my_rooms,
    people,
    public_rooms,
    read,
)
from mesh_tui.slash_commands import COMMANDS
from protocol.rest import Author, Member
from tests.tui.examples import raw_text
from tests.tui.test_rooms import dm, listed, room


def _member(name: str, display: str = "") -> Member:
    return Member(
        user_id=f"u-{name}",
        username=name,
        display_name=display or name,
        role="member",
        presence="online",
        joined_at="2026-01-01T00:00:00Z",
    )


BOB = _member("bob", "Robert Mann")
ENTRIES = listed(
    room("alpha"),
    room("beta", unread=3),
    room("gamma", unread=5, mentions=1),
    room("delta", topic="Where it flows"),
    dm("bob", dm_with=Author(id="u-bob", username="bob")),
)


def _all(here: str = "id-alpha", recent: tuple[str, ...] = ("id-alpha", "id-delta")) -> Destinations:
    directory = [room("alpha"), room("lib", member_count=2), room("arts", member_count=9)]
    known = [BOB, _member("carol"), _member("me")]
    return Destinations(
        [
            *my_rooms(ENTRIES, recent, here, known),
            *public_rooms(directory, ENTRIES),
            *people(known, ENTRIES, "u-me"),
            *commands(COMMANDS, in_room=bool(here)),
        ]
    )


def _names(found: Destinations, typed: str) -> list[str]:
    return [offered.to.names[0] for offered in found.find(typed)]


def test_with_nothing_typed_what_is_new_comes_first_then_where_one_was_and_here_last() -> None:
    assert _names(_all(), "") == ["gamma", "beta", "delta", "bob", "alpha"]
    assert _names(_all(here="", recent=()), " ") == ["gamma", "beta", "alpha", "bob", "delta"]


def test_a_muted_room_is_nothing_new() -> None:
    muted = listed(room("alpha"), room("beta", unread=3), levels={"beta": "none"})
    assert [to.names[0] for to in my_rooms(muted, (), "")] == ["alpha", "beta"]


def test_who_is_in_no_room_is_shown_those_to_join() -> None:
    found = Destinations(public_rooms([room("lib", member_count=2), room("arts", member_count=9)], []))
    assert _names(found, "") == ["arts", "lib"]


def test_a_sign_leaves_one_sort_of_things() -> None:
    found = _all()
    assert _names(found, "#") == ["gamma", "beta", "delta", "alpha", "arts", "lib"]
    assert _names(found, "@") == ["bob", "carol"]
    assert _names(found, "@ro") == ["bob", "carol"]
    assert _names(found, "/who") == ["who", "whoami", "whois"]
    assert set(_names(found, "/")) == {command.name for command in COMMANDS}
    assert _names(found, "/part") == ["leave"]
    assert _names(found, "#who") == []


def test_all_sorts_are_found_together_rooms_before_commands() -> None:
    assert [offered.to.kind for offered in _all().find("list")] == ["command"]
    kinds = [offered.to.kind for offered in _all().find("a")]
    assert kinds.index("room") < kinds.index("public") < kinds.index("command")


def test_a_person_has_one_place_and_is_found_by_the_other_name() -> None:
    (found,) = _all().find("mann")
    assert (found.to.kind, found.to.key, found.hit and found.hit.name) == ("dm", "id-bob", 1)


def test_on_home_only_commands_that_need_no_room_are_there() -> None:
    names = [to.key for to in commands(COMMANDS, in_room=False)]
    assert "join" in names
    assert "kick" not in names


def test_the_sign_is_what_is_typed_first() -> None:
    assert [read(typed) for typed in ("#Ops", " @bob", "/ x", "a#b", "")] == [
        ("#", "ops"),
        ("@", "bob"),
        ("/", "x"),
        ("", "a#b"),
        ("", ""),
    ]


def test_what_is_shown_is_bounded() -> None:
    found = Destinations([Destination("room", str(n), (f"room {n}",)) for n in range(3 * SHOWN)])
    assert len(found.find("")) == len(found.find("room")) == SHOWN


@given(st.lists(raw_text, max_size=5), raw_text)
def test_any_names_and_anything_typed_are_taken(names: list[str], typed: str) -> None:
    entries = listed(*(room(f"{n}", topic=name) for n, name in enumerate(names)))
    found = Destinations(
        [*my_rooms(entries, (), ""), *people([_member(name) for name in names], entries, "")]
    )
    for offered in found.prepare().find(typed):
        assert offered.hit is None or max(offered.hit.at) < len(offered.to.names[offered.hit.name])
