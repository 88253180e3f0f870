"""Going from room to room: back, forward, and through what is new."""

from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.rooms import Entry
from mesh_tui.visits import HOME, KEPT, Visits
from protocol.rest import Room
from tests.tui.test_rooms import dm, listed, room


def _visits(*names: str) -> Visits:
    visits = Visits()
    for name in names:
        visits.opened(f"id-{name}" if name else HOME, [])
    return visits


def _known(names: str) -> set[str]:
    return {f"id-{name}" for name in names}


def test_back_and_forward_are_those_of_a_browser() -> None:
    visits, known = _visits("a", "b", "c"), _known("abcd")
    assert visits.back("id-c", known) == "id-b"
    assert visits.back("id-b", known) == "id-a"
    assert visits.back("id-a", known) is None
    assert visits.forward("id-a", known) == "id-b"
    visits.opened("id-b", [])  # arriving there is no new visit
    assert visits.forward("id-b", known) == "id-c"
    assert visits.forward("id-c", known) is None


def test_going_elsewhere_ends_what_was_forward() -> None:
    visits, known = _visits("a", "b", "c"), _known("abcd")
    visits.back("id-c", known)
    visits.opened("id-d", [])
    assert visits.forward("id-d", known) is None
    assert visits.back("id-d", known) == "id-b"


def test_from_home_back_leads_to_the_room_that_was_left() -> None:
    visits = _visits("a", "b", HOME)
    assert visits.back(HOME, _known("ab")) == "id-b"
    assert visits.back("id-b", _known("ab")) == "id-a"
    assert Visits().back(HOME, _known("ab")) is None


def test_recent_rooms_are_each_there_once_the_last_first() -> None:
    assert _visits("a", "b", "c", "a").recent() == ["id-a", "id-c", "id-b"]
    assert Visits().recent() == []


def test_a_room_that_is_gone_is_passed_over() -> None:
    visits = _visits("a", "b", "c", "b", "a")
    assert visits.back("id-a", _known("ac")) == "id-c"
    assert visits.forward("id-c", _known("ac")) == "id-a"
    assert visits.back("id-a", _known("a")) is None


def test_only_so_many_visits_are_remembered() -> None:
    visits = _visits(*(f"{index}" for index in range(KEPT + 5)))
    known = {f"id-{index}" for index in range(KEPT + 5)}
    here, steps = f"id-{KEPT + 4}", 0
    while (there := visits.back(here, known)) is not None:
        here, steps = there, steps + 1
    assert (here, steps) == ("id-5", KEPT - 1)


def test_the_open_room_holds_its_place_and_home_holds_none() -> None:
    entries = listed(room("a"), room("b", 1, 1))
    visits = Visits()
    visits.opened("id-b", entries)
    assert visits.held == ("id-b", entries[0].place)
    visits.opened(HOME, entries)
    assert visits.held is None


def _tour(visits: Visits, here: str, entries: list[Entry], *, reads: bool) -> list[str]:
    """The rooms that Alt+A leads to until it leads nowhere or twice to where one began."""
    way: list[str] = []
    start = here
    for _ in range(20):
        there = visits.next_active(here, entries)
        if there is None:
            break
        way.append(there.removeprefix("id-"))
        here = there
        if here == start:
            break
        if reads:
            entries = _without_news(entries, here)
    return way


def _without_news(entries: list[Entry], room_id: str) -> list[Entry]:
    return [entry._replace(unread=0, mentions=0) if entry.room.id == room_id else entry for entry in entries]


def test_it_goes_through_mentions_then_dms_then_the_rest_and_back() -> None:
    entries = listed(room("a", 1), room("b", 1), room("c", 2, 1), dm("d", 1), room("here"))
    assert _tour(Visits(), "id-here", entries, reads=True) == ["c", "d", "a", "b", "here"]


def test_it_goes_back_to_home_where_it_began_there() -> None:
    assert _tour(Visits(), HOME, listed(room("a", 1)), reads=True) == ["a", HOME]


def test_what_stays_unread_is_visited_once_in_a_tour_and_again_in_the_next() -> None:
    entries = listed(room("a", 1), room("b", 1), room("here"))
    visits = Visits()
    for _ in range(2):
        assert _tour(visits, "id-here", entries, reads=False) == ["a", "b", "here"]


def test_what_is_said_meanwhile_is_visited_again() -> None:
    visits = Visits()
    assert visits.next_active("id-here", listed(room("a", 1), room("here"))) == "id-a"
    assert visits.next_active("id-a", listed(room("a", 1), room("b", 1), room("here"))) == "id-b"
    again = listed(room("a", 2, last_seq=1), room("b"), room("here"))
    assert visits.next_active("id-b", again) == "id-a"


def test_who_goes_elsewhere_begins_anew_from_there() -> None:
    entries = listed(room("a", 1), room("b", 1), room("c"), room("d"))
    visits = Visits()
    assert visits.next_active("id-c", entries) == "id-a"
    entries = _without_news(entries, "id-a")
    assert visits.next_active("id-d", entries) == "id-b"
    assert visits.next_active("id-b", _without_news(entries, "id-b")) == "id-d"


def test_nothing_new_leads_nowhere_nor_to_a_room_that_is_gone() -> None:
    assert Visits().next_active("id-a", listed(room("a", 3), room("b"))) is None
    visits = Visits()
    assert visits.next_active("id-gone", listed(room("a", 1))) == "id-a"
    assert visits.next_active("id-a", listed(room("a"))) is None


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=70), st.sets(st.sampled_from("abcde")))
def test_forward_undoes_back(path: list[str], left: set[str]) -> None:
    known: set[str] = {f"id-{name}" for name in {*path, "a"} - left}
    visits, here = _visits(*path), f"id-{path[-1]}"
    there = visits.back(here, known)
    if there is not None:
        assert there in known - {here}
        if here in known:
            assert visits.forward(there, known) == here


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 2)), unique_by=lambda pair: pair[0]))
def test_a_tour_visits_each_active_room_once(news: list[tuple[str, int]]) -> None:
    rooms: list[Room] = [room(name, unread) for name, unread in news]
    way = _tour(Visits(), HOME, listed(*rooms), reads=False)
    new = sorted(name for name, unread in news if unread)
    assert way == ([*new, HOME] if new else [])
