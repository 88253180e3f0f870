"""What is told of a message, where, when and in which words; without a screen and a clock."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.notify import (
    IDLE_S,
    NAMED,
    PAUSE_MOST_S,
    PAUSE_S,
    ROOMS_MOST,
    TEXT_CHARS,
    Attention,
    Bursts,
    Level,
    News,
    Notice,
    Shown,
    Situation,
    decide,
    is_to,
    to_me,
)
from protocol.rest import Author, Message, Room
from tests.tui.examples import ALICE, BOB, message

LEVELS: tuple[Level, ...] = ("all", "mentions", "none")


def room(name: str = "lobby", last_seq: int = 0, **others: object) -> Room:
    fields: dict[str, object] = {
        "id": f"r-{name}",
        "name": name,
        "topic": "",
        "visibility": "public",
        "kind": "room",
        "created_by": "u-alice",
        "created_at": "2026-01-01T00:00:00Z",
        "last_seq": last_seq,
        "rev": last_seq,
    }
    return Room(**(fields | others))  # type: ignore[arg-type]


DM = room("bob", kind="dm", dm_with=Author(id=BOB.id, username=BOB.username))


def said(room: Room, seq: int, content: str = "Hello!", **more: Any) -> Message:
    return message(seq, content, room_id=room.id, **more)


# ── whether ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("level", "to_me", "there", "open_", "shown"),
    [
        ("all", True, False, False, "desktop"),
        ("all", False, False, False, "desktop"),
        ("mentions", True, False, False, "desktop"),
        ("mentions", False, False, False, "nothing"),
        ("mentions", True, False, True, "desktop"),  # the room is open, and nobody before it
        ("all", True, True, False, "toast"),
        ("all", False, True, False, "nothing"),  # the list counts it
        ("mentions", True, True, False, "toast"),
        ("mentions", True, True, True, "nothing"),
        ("all", False, True, True, "nothing"),
    ],
)
def test_where_a_message_is_told(level: Level, to_me: bool, there: bool, open_: bool, shown: Shown) -> None:
    now = Situation(level=level, to_me=to_me, busy=False, there=there, open=open_)
    assert decide(now) == shown


@given(st.sampled_from(LEVELS), st.booleans(), st.booleans(), st.booleans())
def test_who_is_busy_or_mutes_a_room_has_quiet(level: Level, to_me: bool, there: bool, open_: bool) -> None:
    assert decide(Situation(level=level, to_me=to_me, busy=True, there=there, open=open_)) == "nothing"
    assert decide(Situation(level="none", to_me=to_me, busy=False, there=there, open=open_)) == "nothing"


def test_what_is_said_to_somebody() -> None:
    lobby = room()
    assert is_to(ALICE.id, said(lobby, 1, mentions=[ALICE.id]), lobby)
    assert is_to(ALICE.id, said(lobby, 1, mentions=["room"]), lobby)
    assert is_to(ALICE.id, said(DM, 1), DM)
    assert not is_to(ALICE.id, said(lobby, 1, mentions=[BOB.id]), lobby)


def test_how_much_waits_for_somebody() -> None:
    assert to_me(room(unread=5, mentions=2), "all") == 2
    assert to_me(room(unread=5, mentions=2), "none") == 0
    assert to_me(room(kind="dm", unread=5, mentions=0), "mentions") == 5
    assert to_me(room(), "all") == 0


def test_without_word_of_the_focus_who_types_nothing_for_long_is_away() -> None:
    attention = Attention(100.0)
    assert attention.is_there(100.0 + IDLE_S - 1)
    assert not attention.is_there(100.0 + IDLE_S)
    attention.active(200.0)
    assert attention.is_there(200.0 + IDLE_S - 1)


def test_a_terminal_that_tells_of_its_focus_is_believed() -> None:
    attention = Attention(0.0)
    attention.focused(False, 1.0)
    assert not attention.is_there(1.0)
    attention.focused(True, 2.0)
    assert attention.is_there(2.0 + 10 * IDLE_S)
    attention.focused(False, 3.0)
    attention.active(4.0)  # no key comes to a window that has no focus
    assert attention.is_there(4.0)


# ── what is new ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def news() -> News:
    """The program has begun, when the lobby had ten messages."""
    news = News()
    news.begin([room(last_seq=10)])
    return news


def test_what_was_said_before_the_program_ran_is_no_news(news: News) -> None:
    assert not news.is_new(said(room(), 10), room(last_seq=10))
    assert news.is_new(said(room(), 11), room(last_seq=11))


def test_a_message_is_new_once_and_not_for_an_edit(news: News) -> None:
    assert news.is_new(said(room(), 11), room(last_seq=11))
    assert not news.is_new(said(room(), 11, edited_at="2026-01-01T00:00:00Z"), room(last_seq=11))
    assert not news.is_new(said(room(), 3, pinned=True), room(last_seq=11))


def test_what_was_missed_without_a_line_is_new(news: News) -> None:
    news.know([room(last_seq=13)])  # what the server says once the line is up again
    assert [news.is_new(said(room(), seq), room(last_seq=13)) for seq in (11, 12, 13)] == [True] * 3


def test_what_is_deleted_or_read_elsewhere_is_not_told(news: News) -> None:
    assert not news.is_new(said(room(), 11, deleted=True, content=""), room(last_seq=11))
    assert not news.is_new(said(room(), 12), room(last_seq=12, read_seq=12))


def test_the_first_message_of_a_room_that_just_came_is_new(news: News) -> None:
    assert news.is_new(said(DM, 1), room("bob", last_seq=1, kind="dm"))
    assert not news.is_new(said(room("attic"), 3, pinned=True), room("attic", last_seq=9))
    news.know([room("cellar", last_seq=4)])
    assert not news.is_new(said(room("cellar"), 4), room("cellar", last_seq=5))
    assert news.is_new(said(room("cellar"), 5), room("cellar", last_seq=5))


def test_a_room_that_begins_anew_may_have_other_numbers(news: News) -> None:
    news.reset(room(last_seq=2))
    assert not news.is_new(said(room(), 2), room(last_seq=2))
    assert news.is_new(said(room(), 3), room(last_seq=3))


def test_rooms_that_are_gone_are_forgotten(news: News) -> None:
    news.know([])
    assert news.is_new(said(room(), 1), room(last_seq=1))


# ── when, and in which words ─────────────────────────────────────────────────────────────────────


def notice(name: str = "lobby", seq: int = 1, content: str = "Hello!", *, to_me: bool = True) -> Notice:
    place = DM if name == "bob" else room(name)
    return Notice.of(said(place, seq, content), place, to_me=to_me)


def told(*notices: Notice, text: bool = True) -> tuple[str, str] | None:
    bursts = Bursts()
    for each in notices:
        bursts.add(each)
    return bursts.take(0.0, lambda _: False, text=text)


@pytest.mark.parametrize(
    ("notices", "with_text", "without"),
    [
        ([notice()], ("bob in lobby", "Hello!"), ("bob in lobby", "mentions you")),
        ([notice(to_me=False)], ("bob in lobby", "Hello!"), ("bob in lobby", "said something")),
        ([notice("bob")], ("bob", "Hello!"), ("bob", "wrote to you")),
        ([notice(), notice(seq=2, content="Bye!")], ("2 new in lobby", "bob: Bye!"), ("2 new in lobby", "")),
        ([notice("bob"), notice("bob", 2)], ("2 new from bob", "bob: Hello!"), ("2 new from bob", "")),
        ([notice(), notice("bob")], ("2 new in lobby, bob", "bob: Hello!"), ("2 new in lobby, bob", "")),
        (
            [notice(name) for name in ("a", "b", "c", "d", "a")],
            ("5 new in a, b, c and more", "bob: Hello!"),
            ("5 new in a, b, c and more", ""),
        ),
        (
            [notice(content="\n\n  first\nsecond")],
            ("bob in lobby", "first"),
            ("bob in lobby", "mentions you"),
        ),
    ],
)
def test_the_words(notices: list[Notice], with_text: tuple[str, str], without: tuple[str, str]) -> None:
    assert told(*notices) == with_text
    assert told(*notices, text=False) == without


@given(st.text())
def test_a_notice_is_one_line_of_bounded_length(content: str) -> None:
    text = notice(content=content).text
    assert "\n" not in text
    assert len(text) <= TEXT_CHARS


def test_the_first_is_told_at_once_and_the_others_joined_after_growing_pauses() -> None:
    bursts, now, told = Bursts(), 1_000.0, []
    for _ in range(600):  # a message a second for ten minutes
        bursts.add(notice())
        due = bursts.due()
        assert due is not None
        if due <= now:
            told.append(now - 1_000.0)
            assert bursts.take(now, lambda _: False, text=True) is not None
        now += 1.0
    assert told == [0.0, 3.0, 9.0, 21.0, 45.0, 93.0, 189.0, 309.0, 429.0, 549.0]


def test_after_quiet_the_next_is_told_at_once_and_the_pause_is_short_again() -> None:
    bursts = Bursts()
    for now in (0.0, 3.0, 9.0):
        bursts.add(notice())
        bursts.take(now, lambda _: False, text=True)
    later = 9.0 + 12.0 + PAUSE_MOST_S + 1
    bursts.add(notice())
    assert (bursts.due() or 0) <= later
    bursts.take(later, lambda _: False, text=True)
    bursts.add(notice())
    assert bursts.due() == later + PAUSE_S


def test_who_comes_back_is_not_told_of_what_they_see() -> None:
    bursts = Bursts()
    bursts.add(notice())
    bursts.take(5.0, lambda _: False, text=True)
    bursts.add(notice(seq=2))
    bursts.calm()
    assert bursts.due() is None
    bursts.add(notice(seq=3))
    assert (bursts.due() or 0) <= 5.0
    assert bursts.take(5.0, lambda _: False, text=True) == ("bob in lobby", "Hello!")


def test_what_was_read_meanwhile_is_not_told() -> None:
    bursts = Bursts()
    bursts.add(notice())
    bursts.add(notice("attic", content="There?"))
    taken = bursts.take(0.0, lambda known: known.room == "lobby", text=True)
    assert taken == ("bob in attic", "There?")
    bursts.add(notice())
    assert bursts.take(1.0, lambda _: True, text=True) is None


def test_however_much_comes_little_is_held() -> None:
    many = [notice(f"room{number}") for number in range(3 * ROOMS_MOST)]
    title, _ = told(*many) or ("", "")
    names = ", ".join(f"room{number}" for number in range(NAMED))
    assert title == f"{3 * ROOMS_MOST} new in {names} and more"
