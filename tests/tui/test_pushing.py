"""Push to talk: tapped or held, as far as keys that only come can tell."""

from mesh_tui.pushing import FIRST_S, HELD_S, Push


def test_a_tap_begins_and_the_next_one_ends_it() -> None:
    push = Push()
    push.press(10.0)
    push.look(1000.0)
    assert push.talking
    assert push.ends_at is None
    push.press(1000.0)
    assert not push.talking


def test_a_key_that_is_held_talks_until_it_is_let_go() -> None:
    push = Push()
    at = 10.0
    push.press(at)
    at += FIRST_S - 0.1
    for _ in range(100):
        push.press(at)
        assert push.talking
        at += 0.04
    push.look(at)
    assert push.talking, "let go a moment ago, which may be the line"
    push.look(at + HELD_S)
    assert not push.talking


def test_after_it_was_held_a_tap_is_a_tap() -> None:
    push = Push()
    for at in (0.0, 0.5, 0.54):
        push.press(at)
    push.press(5.0)
    assert push.talking
    assert push.ends_at is None, "begun anew"
