"""What was seen of a room, and where the line "new" stands."""

from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.marks import Marks
from tests.tui.test_rooms import room


def _marks(read: int, unread: int) -> Marks:
    marks = Marks()
    marks.begin(room("lobby", unread, read_seq=read))
    return marks


def _look(marks: Marks, upto: int, newest: int, *, in_front: bool = True) -> bool:
    return marks.look(upto, newest=newest, at_end=upto >= newest, in_front=in_front)


def test_the_line_stands_where_the_reader_had_stopped() -> None:
    assert _marks(7, 2).unread_after == 7
    assert _marks(7, 0).unread_after is None


def test_only_what_is_in_front_and_further_is_seen() -> None:
    marks = _marks(7, 3)
    assert not _look(marks, 9, 10, in_front=False)
    assert _look(marks, 9, 10)
    assert not _look(marks, 8, 10)
    assert marks.seen == 9


def test_what_was_jumped_over_is_not_seen_until_one_is_at_the_end() -> None:
    marks, lobby = _marks(7, 30), room("lobby", 30, read_seq=7)
    marks.jump(lobby, 20)
    assert not _look(marks, 22, 37)
    assert _look(marks, 37, 37)
    marks = _marks(7, 30)
    marks.jump(lobby, 8)  # the first one that is new
    assert _look(marks, 9, 37)


def test_back_where_one_had_stopped_reading_goes_on() -> None:
    marks = _marks(7, 30)
    marks.jump(room("lobby", 30, read_seq=7), 20)
    marks.returned()
    assert _look(marks, 9, 37)


def test_an_empty_screen_shows_nothing() -> None:
    marks = _marks(0, 5)
    marks.jump(room("lobby", 5, read_seq=0), 3)
    assert not marks.look(0, newest=0, at_end=True, in_front=True)
    assert not _look(marks, 4, 5)


def test_the_line_moves_only_for_what_nobody_saw() -> None:
    marks = _marks(7, 0)
    assert (marks.arrived(in_front=True), marks.unread_after) == (False, None)
    assert (marks.arrived(in_front=False), marks.unread_after) == (True, 7)
    marks = _marks(7, 3)
    _look(marks, 10, 10)
    assert marks.unread_after == 7
    assert (marks.arrived(in_front=False), marks.unread_after) == (True, 10)


def test_all_is_read() -> None:
    marks = _marks(7, 3)
    marks.all_read(10)
    assert (marks.unread_after, marks.seen) == (None, 10)


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans())))
def test_seen_never_goes_back_and_nothing_is_seen_unlooked(looks: list[tuple[int, bool]]) -> None:
    marks = _marks(5, 10)
    for upto, in_front in looks:
        before = marks.seen
        assert _look(marks, upto, 50, in_front=in_front) == (in_front and upto > before)
        assert marks.seen == (max(before, upto) if in_front else before)
