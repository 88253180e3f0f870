"""What plain lines say of who comes and goes."""

from mesh_tui.layout.call import Face
from mesh_tui.plain.calling import changes


def test_a_sentence_for_each_who_comes_goes_or_is_lost() -> None:
    bob, carol = Face("bob", "b"), Face("carol", "c", state="connecting")
    assert changes({}, {"b": bob, "c": carol}) == ["bob is here."]
    lost = bob._replace(state="lost")
    assert changes({"b": bob}, {"b": lost}) == ["bob is lost, and is connected anew."]
    assert changes({"b": lost}, {"b": bob}) == ["bob is back."]
    assert changes({"b": bob, "c": carol}, {"c": carol}) == ["bob has gone."]
    assert changes({"b": bob}, {"b": bob._replace(speaking=True, level=1.0)}) == []
