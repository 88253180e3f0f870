"""What stands above an entry, and what an entry looks like."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_agent.calls import announcing as calls
from mesh_agent.client.state import Outgoing
from mesh_agent.terminal import announcing
from mesh_tui.layout.announced import NO_CALLS, MyCalls, place_in
from mesh_tui.layout.cells import width
from mesh_tui.layout.message import GUTTER, Around, Entry, Head, Lead, lay_out, lead, moment
from mesh_tui.theme import ROLES
from protocol.rest import Author, Message
from tests.tui.examples import ALICE, BOB, message, outgoing, painted_text

CALL = "Qm3k9TzAb2cD"


def _text(entry: Entry, above: Lead | None = None, cells: int = 60) -> list[str]:
    return [line.text for line in lay_out(entry, above or lead(None, entry, ALICE), cells, ALICE)]


def _above(previous: Entry, entry: Entry, unread_after: int | None = None) -> Lead:
    return lead(previous, entry, ALICE, unread_after)


# ── what stands above ────────────────────────────────────────────────────────────────────────────


def test_the_first_message_has_a_day_and_an_author() -> None:
    above = lead(Head("beginning"), message(1), ALICE)
    assert above.day is not None
    assert above.header


def test_messages_of_one_author_close_together_share_a_header() -> None:
    assert _above(message(1), message(2)) == Lead(header=False, gap=False)


@pytest.mark.parametrize(
    "second",
    [
        message(2, by=ALICE),
        message(2, minutes=10),
        message(2, edited_at="2025-11-24T16:00:00.000Z"),
        message(2, reply_to="m1"),
        outgoing("n"),
    ],
    ids=["another author", "later", "edited", "a reply", "on its way"],
)
def test_these_have_a_header_of_their_own(second: Entry) -> None:
    assert _above(message(1), second).header


def test_long_messages_of_one_author_have_a_gap_between_them() -> None:
    assert _above(message(1), message(2, "one\ntwo")) == Lead(header=False, gap=True)


def test_a_new_day_is_said_once() -> None:
    assert _above(message(1), message(2, minutes=1 + 24 * 60)).day is not None
    assert _above(message(1), message(2)).day is None


def test_the_line_new_stands_above_the_first_unread_message_only() -> None:
    assert _above(message(3), message(4), unread_after=3).unread
    assert not _above(message(4), message(5), unread_after=3).unread
    assert not _above(message(2), message(3), unread_after=3).unread


def test_a_time_that_is_none_is_left_out() -> None:
    assert moment("yesterday") is None
    assert "bob" in _text(message(1, created_at="yesterday"))[1]


# ── what it looks like ───────────────────────────────────────────────────────────────────────────


def test_own_messages_have_a_bar_and_say_you() -> None:
    assert [row[:GUTTER] for row in _text(message(1, by=ALICE))[-2:]] == ["▎ ", "▎ "]
    assert "alice you" in _text(message(1, by=ALICE))[-2]
    assert [row[:GUTTER] for row in _text(message(1, by=BOB))[-2:]] == ["  ", "  "]


def test_a_message_that_mentions_me_says_so() -> None:
    assert "mentions you" in _text(message(1, "@alice!", mentions=[ALICE.id]))[-2]


def test_what_waits_and_what_failed_say_so() -> None:
    assert "pending" in _text(outgoing("n"))[-2]
    slow = replace(outgoing("n"), error="This room is in slow mode.")
    assert "This room is in slow mode. It is sent by itself." in _text(slow, cells=80)[-1]
    failed = _text(outgoing("n", error="You are not a member."), cells=80)[-1]
    assert "Not sent: You are not a member." in failed
    assert "F5 try again · F8 drop" in failed


def test_edited_deleted_and_replies() -> None:
    assert "edited" in _text(message(1, edited_at="2025-11-24T16:00:00.000Z"))[-2]
    deleted = _text(message(1, "secret", deleted=True))
    assert "This message was deleted." in deleted[-1]
    assert "secret" not in "".join(deleted)
    reply = message(2, "yes", reply_to="m1")
    rows = lay_out(reply, lead(None, reply, ALICE), 60, ALICE, Around(message(1, "shall we?")))
    assert "↪ bob: shall we?" in rows[-2].text


def _announcement(content: str, **more: Any) -> Message:
    return message(1, content, content_type=announcing.CONTENT_TYPE, **more)


def test_the_end_of_a_shared_terminal_is_no_edit_of_its_person() -> None:
    over = announcing.end("bash", "ended with exit code 3.", "Qm3k9TzA")
    rows = "\n".join(_text(_announcement(over, edited_at="2025-11-24T16:00:00.000Z")))
    assert "it ended with exit code 3" in rows
    assert "edited" not in rows
    assert "edited" in "\n".join(_text(_announcement("other words", edited_at="2025-11-24T16:00:00.000Z")))


def test_the_end_of_a_call_is_no_edit_of_its_person() -> None:
    over = calls.end("Qm3k9TzAb2cD", 63, ["alice", "bob"])
    edited = message(1, over, content_type=calls.CONTENT_TYPE, edited_at="2025-11-24T16:00:00.000Z")
    rows = "\n".join(_text(edited))
    assert "1 min 3 s, alice, bob" in rows
    assert "edited" not in rows


@pytest.mark.parametrize(
    ("content", "mine", "wanted"),
    [
        (calls.beginning(CALL, video=True), NO_CALLS, ("Call with video", "Enter joins it, or /call")),
        (calls.beginning(CALL, video=False), MyCalls(CALL), ("Call", "you are in it · Enter goes to it")),
        (
            calls.beginning(CALL, video=False),
            MyCalls("", frozenset({CALL})),
            ("Call", "it rings · Enter answers"),
        ),
        (
            calls.beginning(CALL, video=False),
            MyCalls("another1", frozenset({"another2"})),
            ("Call", "it is on · you are in another call"),
        ),
        (calls.end(CALL, 63, ["alice", "bob"]), MyCalls(CALL), ("Call", "1 min 3 s, alice, bob")),
        (calls.end(CALL, None, ()), NO_CALLS, ("Missed call", "nobody answered")),
        (calls.end(CALL, None, (), "bob declined"), NO_CALLS, ("Call", "bob declined")),
        (calls.merged(CALL), NO_CALLS, ("Call", "another call went on in its place")),
        (calls.broken(CALL), NO_CALLS, ("Call", "until the program that had begun the call was ended")),
    ],
)
def test_the_card_of_a_call_says_what_can_be_done(
    content: str, mine: MyCalls, wanted: tuple[str, str]
) -> None:
    told = message(1, content, content_type=calls.CONTENT_TYPE)
    around = Around(place=place_in(calls.read(told), mine))
    rows = [row.text for row in lay_out(told, lead(None, told, ALICE), 80, ALICE, around)]
    assert rows[-2:] == [f"  ☏ {wanted[0]}", f"    {wanted[1]}"]


def test_whoever_called_has_missed_nothing() -> None:
    over = calls.end(CALL, None, ())
    assert "Missed call" in "\n".join(_text(message(1, over, content_type=calls.CONTENT_TYPE)))
    mine = "\n".join(_text(message(1, over, content_type=calls.CONTENT_TYPE, by=ALICE)))
    assert "Missed call" not in mine
    assert "nobody answered" in mine


def test_a_shared_terminal_is_a_card() -> None:
    begun = announcing.beginning("make *all*", "bob", "Qm3k9TzA")
    assert _text(_announcement(begun))[-2:] == ["  ▣ make *all*", "    a shared terminal · Enter watches it"]
    assert _text(_announcement(begun, by=ALICE))[-1] == "▎   a shared terminal · Enter goes back to it"
    over = announcing.end("bash", "ended with exit code 0.", "Qm3k9TzA")
    assert _text(_announcement(over))[-2:] == [
        "  ▢ bash",
        "    a terminal that was shared; it ended with exit code 0",
    ]
    deleted = _text(_announcement(begun, deleted=True))
    assert "deleted" in deleted[-1]
    assert "make" not in "".join(deleted)


def test_the_card_of_a_terminal_whose_host_is_away_says_so() -> None:
    begun = announcing.beginning("bash", "bob", "Qm3k9TzA")
    away = Around(away=True)
    shown = _announcement(begun)
    rows = [row.text for row in lay_out(shown, lead(None, shown, ALICE), 80, ALICE, away)]
    assert rows[-1] == "    a shared terminal · bob is seen nowhere now · Enter tries to watch it"
    for other in (
        _announcement(begun, by=ALICE),
        _announcement(announcing.end("bash", "is over.", "Qm3k9TzA")),
    ):
        above = lead(None, other, ALICE)
        assert lay_out(other, above, 80, ALICE, away) == lay_out(other, above, 80, ALICE)


def test_a_message_of_that_type_that_tells_of_none_is_text() -> None:
    assert "look at *this*" not in "".join(_text(_announcement("look at *this*")))
    assert "look at this" in "".join(_text(_announcement("look at *this*")))


def test_a_deleted_message_is_not_quoted() -> None:
    reply = message(2, "yes", reply_to="m1")
    rows = lay_out(reply, lead(None, reply, ALICE), 60, ALICE, Around(message(1, "secret", deleted=True)))
    assert "secret" not in "".join(row.text for row in rows)


@pytest.mark.parametrize("state", ["loading", "earlier", "failed", "beginning"])
def test_each_state_of_the_head_has_its_words(state: str) -> None:
    head = Head(state, "Test Chat", "topic", "no line")  # type: ignore[arg-type]
    words = " ".join(_text(head))
    expected = {
        "loading": "loading",
        "earlier": "earlier",
        "failed": "no line F5",
        "beginning": "beginning of Test Chat",
    }
    assert expected[state] in words


def test_a_dm_begins_between_two_and_needs_no_topic() -> None:
    words = " ".join(_text(Head("beginning", "bob", dm=True)))
    assert "beginning of what you and bob say Nobody else is in this room." in " ".join(words.split())


entries = st.one_of(
    st.builds(
        lambda content, mine, more: message(1, content, by=ALICE if mine else BOB, **more),
        painted_text,
        st.booleans(),
        st.fixed_dictionaries({}, optional={"reply_to": st.just("m0"), "deleted": st.booleans()}),
    ),
    st.builds(
        lambda command, how, over: _announcement(
            announcing.end(command, how, "Qm3k9TzA")
            if over
            else announcing.beginning(command, how, "Qm3k9TzA")
        ),
        painted_text,
        painted_text,
        st.booleans(),
    ),
    st.builds(lambda content, error: outgoing("n", content, error=error), painted_text, painted_text),
    st.builds(lambda room, topic: Head("beginning", room, topic), painted_text, painted_text),
)
leads = st.builds(
    Lead, st.none() | st.just(moment("2025-11-24T16:00:00.000Z")), st.booleans(), st.booleans(), st.booleans()
)


# texts of every kind of character are slow to make; that check fails by the clock of a busy machine
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(entries, leads, st.integers(15, 60))
def test_nothing_leaves_its_place(entry: Message | Outgoing | Head, above: Lead, cells: int) -> None:
    lines = lay_out(entry, above, cells, ALICE)
    assert lines
    for line in lines:
        assert width(line.text) <= cells
        assert line.decoration <= len(line.text)
        assert {word for fragment in line.fragments for word in fragment.role.split()} <= ROLES.keys()


def test_a_name_cannot_be_wider_than_the_screen() -> None:
    long = message(1, author=Author(id="x", username="w" * 64))
    assert all(width(row) <= 30 for row in _text(long, cells=30))
