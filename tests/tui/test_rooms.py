"""The order of the rooms: groups, levels, numbers, and a row that stays below the reader's eyes."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.rooms import (
    GROUPS,
    NUMBERS,
    Entry,
    Held,
    active,
    arrange,
    counted,
    level_of,
    numbered,
    place_of,
    told_of,
    with_level,
)
from mesh_tui.settings import LEVELS, Level, Settings
from mesh_tui.settings_raw import settings_from
from mesh_tui.widgets.rooms import room_row
from protocol.rest import Room


def room(name: str, unread: int = 0, mentions: int = 0, **others: Any) -> Room:
    described: dict[str, Any] = {
        "id": f"id-{name}",
        "name": name,
        "topic": "",
        "visibility": "public",
        "kind": "room",
        "created_by": "alice",
        "created_at": "2026-01-01T00:00:00Z",
        "last_seq": 0,
        "rev": 0,
        "unread": unread,
        "mentions": mentions,
        **others,
    }
    return msgspec.convert(described, Room)


def dm(name: str, unread: int = 0, **others: Any) -> Room:
    return room(name, unread, kind="dm", visibility="private", **others)


def setting(levels: Mapping[str, str]) -> Settings:
    return settings_from({"notify": {"rooms": levels}})


def listed(*rooms: Room, held: Held | None = None, levels: Mapping[str, str] | None = None) -> list[Entry]:
    settings = setting(levels or {})
    return arrange(rooms, lambda room: level_of(settings, room), held)


def names(entries: list[Entry]) -> list[str]:
    return [entry.room.name for entry in entries]


def test_what_is_new_comes_first_and_mentions_before_the_rest() -> None:
    entries = listed(dm("bob"), dm("eve", 1), room("d", 1), room("c", 5, 1), room("b"), room("A", 2))
    assert names(entries) == ["c", "eve", "A", "d", "b", "bob"]
    assert [entry.place.group for entry in entries] == ["unread"] * 4 + ["rooms", "dms"]


def test_a_muted_room_is_last_in_its_group_and_has_nothing_new() -> None:
    entries = listed(room("a", 9, 9), room("b"), dm("x", 1), dm("y"), levels={"a": "none", "@x": "none"})
    assert names(entries) == ["b", "a", "y", "x"]
    assert not active(entries)


def test_where_only_mentions_count_nothing_else_does() -> None:
    entries = listed(room("a", 9), room("b", 9, 2), levels={"a": "mentions", "b": "mentions"})
    assert names(entries) == ["b", "a"]
    assert [(entry.unread, entry.mentions) for entry in entries] == [(2, 2), (0, 0)]


def test_the_open_room_stays_where_it_was_until_another_is_opened() -> None:
    before = listed(room("a"), room("b"), room("c", 1, 1), room("d", 1))
    assert names(before) == ["c", "d", "a", "b"]
    held = Held("id-c", before[0].place)
    assert names(listed(room("a"), room("b"), room("c"), room("d", 1), held=held)) == ["c", "d", "a", "b"]
    assert names(listed(room("a"), room("b"), room("c"), room("d", 1))) == ["d", "a", "b", "c"]


def test_an_open_room_with_nothing_new_does_not_rise_while_one_reads_it() -> None:
    held = Held("id-b", place_of(room("b"), "all"))
    entries = listed(room("a"), room("b", 3), held=held)
    assert names(entries) == ["a", "b"]
    assert names(active(entries)) == ["b"]
    assert not active(entries, here="id-b")


def test_numbers_do_not_depend_on_what_is_new() -> None:
    rooms = [room("a"), room("b"), dm("x"), room("m")]
    quiet = listed(*rooms, levels={"m": "none"})
    loud = listed(room("a"), room("b", 1), dm("x", 1), room("m", 4), levels={"m": "none"})
    by_name = {entry.room.name: entry.number for entry in quiet}
    assert by_name == {"a": 1, "b": 2, "x": 3, "m": 4}
    assert by_name == {entry.room.name: entry.number for entry in loud}
    assert numbered(loud, 3) == dm("x", 1)
    assert numbered(loud, 5) is None


def test_only_nine_rooms_have_a_number() -> None:
    entries = listed(*(room(f"r{index:02}") for index in range(12)))
    assert [entry.number for entry in entries] == [*range(1, NUMBERS + 1), 0, 0, 0]


def test_a_level_is_found_by_name_whatever_its_case() -> None:
    settings = setting({"Lobby": "none", "@bob": "mentions"})
    assert level_of(settings, room("Lobby")) == "none"
    assert level_of(settings, room("lobby")) == "none"
    assert level_of(settings, dm("bob")) == "mentions"
    assert level_of(settings, room("bob")) == "all"
    assert level_of(Settings(), room("Lobby")) == "all"


def test_what_is_saved_says_only_what_is_otherwise() -> None:
    settings = setting({"Lobby": "none", "other": "mentions"})
    assert with_level(settings, room("lobby"), "mentions") == {"lobby": "mentions", "other": "mentions"}
    assert with_level(settings, room("lobby"), "all") == {"lobby": "all", "other": "mentions"}
    assert with_level(settings, room("lobby"), None) == {"other": "mentions"}


def test_without_a_level_all_counts_and_mentions_are_told() -> None:
    settings = setting({"Lobby": "all"})
    assert (level_of(settings, room("lobby")), told_of(settings, room("lobby"))) == ("all", "all")
    assert (level_of(settings, room("other")), told_of(settings, room("other"))) == ("all", "mentions")


@pytest.mark.parametrize("level", LEVELS)
def test_what_counts_is_never_more_than_there_is(level: Level) -> None:
    assert counted(room("a", 3, 2), level) <= (3, 2)
    assert counted(room("a"), level) == (0, 0)


_ROOMS = st.lists(
    st.builds(
        lambda name, unread, mentioned, is_dm: room(
            name, unread, min(unread, mentioned), kind="dm" if is_dm else "room"
        ),
        st.text("abcABC", min_size=1, max_size=3),
        st.integers(0, 3),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=14,
    unique_by=lambda room: room.id,
)


@given(_ROOMS, st.dictionaries(st.text("abcABC", min_size=1, max_size=3), st.sampled_from(LEVELS)), st.data())
def test_every_room_is_there_once_and_reading_the_open_one_moves_nothing(
    rooms: list[Room], levels: dict[str, str], data: st.DataObject
) -> None:
    before = listed(*rooms, levels=levels)
    assert sorted(entry.room.id for entry in before) == sorted(room.id for room in rooms)
    groups = [GROUPS.index(entry.place.group) for entry in before]
    assert groups == sorted(groups)
    numbers = [entry.number for entry in before if entry.number]
    assert sorted(numbers) == list(range(1, min(NUMBERS, len(rooms)) + 1))
    hot = active(before)
    assert all(entry.mentions for entry in hot[: sum(bool(entry.mentions) for entry in hot)])
    if before:
        opened = data.draw(st.sampled_from(before))
        held = Held(opened.room.id, opened.place)
        read = [room if room.id != opened.room.id else _read(room) for room in rooms]
        assert names(listed(*read, held=held, levels=levels)) == names(before)


def _read(room: Room) -> Room:
    return msgspec.structs.replace(room, unread=0, mentions=0)


def test_where_a_file_is_offered_the_row_has_a_sign_however_wide_it_is() -> None:
    described = room("ops", 3)
    (entry,) = arrange([described], lambda _: "all", offers={described.id: 2})
    assert "↓ 2 offered 3 new" in room_row(described, 90, entry).text
    assert room_row(described, 24, entry).text.rstrip().endswith("↓ 3")
    (quiet,) = arrange([room("ops")], lambda _: "all", offers={described.id: 1})
    assert room_row(quiet.room, 24, quiet).text.rstrip().endswith("↓")
    assert not quiet.active, "it is nothing that reading would end"
