"""What plain lines say of who comes and goes."""

from mesh_agent.calls import announcing
from mesh_tui.layout.call import Face
from mesh_tui.plain.calling import NAMES_MAX, calls_words, changes
from mesh_tui.plain.desk import told
from tests.tui.examples import message


def test_a_sentence_for_each_who_comes_goes_or_is_lost() -> None:
    bob, carol = Face("bob", "b"), Face("carol", "c", state="connecting")
    assert changes({}, {"b": bob, "c": carol}) == ["bob is here."]
    lost = bob._replace(state="lost")
    assert changes({"b": bob}, {"b": lost}) == ["bob is lost, and is connected anew."]
    assert changes({"b": lost}, {"b": bob}) == ["bob is back."]
    assert changes({"b": bob, "c": carol}, {"c": carol}) == [], "the call says who has gone, and why"
    assert changes({"b": bob}, {"b": bob._replace(speaking=True, level=1.0)}) == []
    screen = bob._replace(screen=True)
    assert changes({}, {"b": screen}) == ["bob is here.", "bob shows a screen."]
    assert changes({"b": screen}, {"b": bob._replace(camera=True)}) == ["bob shows pictures."]
    film = bob._replace(camera=True, file=True)
    assert changes({"b": screen}, {"b": film}) == ["bob shows a file."]
    assert changes({"b": film}, {"b": bob._replace(file=True)}) == ["bob shows nothing any more."]
    assert changes({"b": screen}, {"b": bob}) == ["bob shows nothing any more."]
    assert changes({"b": bob}, {"b": bob._replace(mine=True, camera=True)}) == []


def test_who_is_called_is_said_and_not_that_one_is_in_the_call() -> None:
    me, bob, carol = Face("alice", mine=True), Face("bob", state="ringing"), Face("carol", state="ringing")
    assert calls_words([bob, me]) == "bob is called. /hangup takes it back."
    assert calls_words([bob, carol, me]) == "bob, carol are called. /hangup takes it back."
    assert calls_words([me]) == "The room is called. /hangup takes it back."
    assert "and others" in calls_words([bob] * (NAMES_MAX + 1))


def test_what_a_program_tells_of_a_call_is_one_line() -> None:
    content = announcing.end("Qm3k9TzAb2cD", None, (), "bob declined")
    edited = "2025-11-24T16:00:00.000Z"
    line = told(message(7, content, content_type=announcing.CONTENT_TYPE, edited_at=edited))
    assert line.startswith("#7 ")
    assert line.endswith(": called: bob declined.")
    assert told(message(8, content, edited_at=edited)).endswith("call:Qm3k9TzAb2cD (edited)")
