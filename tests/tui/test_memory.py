"""What was worked out before is kept as far as it fits, and never mixed up."""

from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.layout.markdown import KEPT, rows
from mesh_tui.layout.memory import Memory


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    memory = Memory[str, int](3)
    for number, key in enumerate("abc"):
        memory.keep(key, number, 1)
    assert memory.get("a") == 0
    memory.keep("d", 3, 1)
    assert [memory.get(key) for key in "abcd"] == [0, None, 2, 3]


def test_a_heavy_one_takes_the_place_of_several() -> None:
    memory = Memory[str, int](4)
    for key in "abcd":
        memory.keep(key, 1, 1)
    memory.keep("e", 1, 3)
    assert [memory.get(key) for key in "abcde"] == [None, None, None, 1, 1]


def test_what_is_too_heavy_alone_puts_nothing_else_out() -> None:
    memory = Memory[str, int](4)
    memory.keep("a", 1, 4)
    memory.keep("b", 2, 5)
    assert memory.get("a") == 1
    assert memory.get("b") is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 6))))
def test_the_limit_holds_whatever_is_kept(kept: list[tuple[int, int]]) -> None:
    memory, weights = Memory[int, int](10), {}
    for key, weight in kept:
        memory.keep(key, weight, weight)
        weights[key] = weight
        assert memory.get(key) == weight, "the newest is there, and as it was kept last"
        assert sum(weights[other] for other in range(10) if memory.get(other) is not None) <= 10


def test_a_message_that_is_asked_for_again_is_not_parsed_again() -> None:
    source = "parsed *once*"
    assert rows(source, 40, "alice") is rows(source, 40, "alice")


def test_width_and_reader_are_not_mixed_up() -> None:
    source = "@alice sees *this* in rows of her own"
    wide, narrow = rows(source, 40, "alice"), rows(source, 12, "alice")
    assert len(narrow) > len(wide)
    roles = [
        {fragment.role for fragment in rows(source, 40, me)[0].fragments} & {"mention", "mention-me"}
        for me in ("alice", "bob")
    ]
    assert roles == [{"mention-me"}, {"mention"}]


def test_messages_of_nothing_but_marks_put_each_other_out() -> None:
    """Each of its stars becomes fragments: what is kept is counted in these, not in messages."""
    first = rows("first *one*", 40)
    for number in range(KEPT // 500):
        rows(f"{number} " + "*a*b" * 290, 40)
    assert rows("first *one*", 40) is not first
