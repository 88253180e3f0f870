"""A call as cells: where tiles go, and what is said of everybody."""

from dataclasses import replace
from itertools import combinations, pairwise
from typing import Final

import pytest

from mesh_agent.calls.state import CallRinging, Own, Party, Ringing, Statistics
from mesh_tui.layout.call import (
    Face,
    beside,
    caption,
    clock,
    faces,
    grid,
    listed,
    over_words,
    own_words,
    record_words,
    settled_words,
    status_words,
    still_true,
)
from mesh_tui.layout.call_figures import sentences, statistics
from mesh_tui.layout.cells import Fragment, width

BOB: Final = Party(
    "b",
    "bob",
    "bob-laptop",
    "connected",
    speaking=True,
    level=0.5,
    way="direct",
    statistics=Statistics(0.021, 4.0, 61.0, 24.4, 38.0, 41.0),
)


def _text(fragments: list[Fragment]) -> str:
    return "".join(fragment.text for fragment in fragments)


@pytest.mark.parametrize("size", [(80, 21), (140, 37), (60, 16), (400, 100), (37, 12)])
@pytest.mark.parametrize("count", range(1, 7))
def test_tiles_lie_inside_and_apart(count: int, size: tuple[int, int]) -> None:
    columns, rows = size
    boxes = grid(count, columns, rows)
    assert len(boxes) in (0, count)
    for box in boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.columns <= columns
        assert box.y + box.rows <= rows
    for one, other in combinations(boxes, 2):
        apart = one.x + one.columns <= other.x or other.x + other.columns <= one.x
        assert apart or one.y + one.rows <= other.y or other.y + other.rows <= one.y


def test_the_grid_is_as_the_screen() -> None:
    assert len({box.y for box in grid(2, 140, 37)}) == 1, "two on a wide screen stand side by side"
    assert len({box.x for box in grid(2, 40, 37)}) == 1, "on a narrow one, one above the other"
    assert len({box.y for box in grid(4, 80, 21)}) == 2
    assert grid(6, 40, 12) == [], "too small to be worth it"
    first, *_ = grid(1, 200, 37)
    assert first.columns < 200, "no wider than a picture of that height"


@pytest.mark.parametrize(("columns", "fit"), [(0, 0), (20, 0), (21, 1), (42, 1), (43, 2), (80, 3), (140, 5)])
def test_beside_the_chat_stand_as_many_as_there_is_room_for(columns: int, fit: int) -> None:
    placed = beside(5, columns)
    assert len(placed) == fit
    assert beside(1, columns) == placed[:1]
    assert all(box.x + box.columns <= columns for box in placed)
    assert all(one.x + one.columns < other.x for one, other in pairwise(placed))


def test_everybody_is_a_face_and_we_are_the_last() -> None:
    rung = Party("c", "ca\u202erol")
    bob, carol, me = faces([BOB, rung], Own(muted=True, level=0.9, speaking=True), "alice")
    assert (bob.speaking, bob.level, carol.name) == (True, 0.5, "carol")
    assert (me.mine, me.level, me.speaking) == (True, 0.0, False), "who is muted is not heard"
    held = faces([], Own(push_to_talk=True, level=0.9), "alice")[0]
    assert held.level == 0.0
    assert faces([], Own(push_to_talk=True, talking=True, level=0.9), "alice")[0].level == 0.9


@pytest.mark.parametrize("cells", [10, 18, 40])
@pytest.mark.parametrize(
    "face",
    [
        Face("bob", level=0.5, speaking=True),
        Face("a name that is longer than tiles are", muted=True, screen=True),
        Face("carol", state="lost"),
        Face("dan", state="ringing"),
    ],
)
def test_a_caption_is_as_wide_as_its_tile(face: Face, cells: int) -> None:
    assert width(caption(face, cells).text) == cells


def test_the_list_says_who_speaks_and_how_they_are_reached() -> None:
    lines = listed(faces([BOB, Party("c", "carol")], Own(deafened=True), "alice"), 78)
    assert lines[0].text.split() == [
        "●",
        "bob",
        "▮▮▮▮▮▯▯▯▯▯",
        "speaks",
        "direct,",
        "24",
        "ms,",
        "not",
        "compared",
    ]
    assert lines[1].text.split() == ["◌", "carol", "▯▯▯▯▯▯▯▯▯▯", "ringing"]
    assert lines[2].text.split() == ["○", "alice", "(you)", "▯▯▯▯▯▯▯▯▯▯", "deafened"]
    assert all(width(line.text) <= 30 for line in listed(faces([BOB], Own(), "alice"), 30))


def test_statistics_are_a_table_of_the_others() -> None:
    heads, bob = statistics(faces([BOB, Party("c", "carol")], Own(), "alice"), 100)
    assert heads.text.split() == ["way", "lost", "jitter", "delay", "there&back", "in", "out"]
    assert bob.text.split() == [
        "bob",
        "direct",
        "2.1",
        "%",
        "4",
        "ms",
        "61",
        "ms",
        "24",
        "ms",
        "38",
        "kb/s",
        "41",
        "kb/s",
    ]
    assert width(bob.text) == width(heads.text)


def test_who_reads_lines_is_told_the_same_in_words() -> None:
    lost = replace(BOB, name="dan", state="lost", reason="The line is gone.")
    quiet = replace(BOB, name="eve", speaking=False, muted=True, camera=True, file=True)
    quiet = replace(quiet, statistics=Statistics(round_trip_ms=None), way=None)
    bob = replace(BOB, compared=True)
    people = faces([bob, lost, quiet, Party("c", "ca\x1brol")], Own(screen=True), "alice")
    figures = "lost 2.1 %, jitter 4 ms, delay 61 ms, there and back 24 ms, in 38 kbit/s, out 41 kbit/s"
    nothing = "lost 0.0 %, jitter 0 ms, delay 0 ms, in 0 kbit/s, out 0 kbit/s"
    assert sentences(people) == [
        f"bob: speaks; direct, {figures}",
        "dan: lost; The line is gone.",
        f"eve: muted, shows a file; no way, {nothing}, not compared",
        "carol: ringing",
        "alice (you): shows a screen",
    ]
    assert sentences(faces([], Own(), "alice")) == ["alice (you): here"]


def test_what_the_status_line_says() -> None:
    people = faces([BOB], Own(muted=True), "alice")
    ringing = [Ringing("i", "r", "b", "bo\x1bb", True, 2)]
    assert _text(status_words(None, [], 0, ringing, "Alt+C")) == "☏ bob calls with video Alt+C "
    assert _text(status_words("open", people, 187, [], "Alt+C")) == "☏ 3:07 ● bob muted "
    shows = faces([], Own(muted=True, deafened=True, camera=True), "alice")
    assert _text(status_words("open", shows, 187, [], "Alt+C")) == "☏ 3:07 deafened your camera "
    screen = faces([], Own(screen=True), "alice")
    assert _text(status_words("open", screen, 187, [], "Alt+C")) == "☏ 3:07 your screen "
    film = faces([], Own(camera=True, file=True), "alice")
    assert _text(status_words("open", film, 187, [], "Alt+C")) == "☏ 3:07 your file "
    assert _text(status_words("ringing", [], 0, [], "Alt+C")) == "☏ rings… "
    assert status_words("over", people, 187, [], "Alt+C") == []


def test_what_is_told_of_us_and_of_the_end() -> None:
    assert _text(own_words(Own(muted=True, push_to_talk=True))) == "○ Space to talk "
    assert _text(own_words(Own(push_to_talk=True, talking=True))) == "● you talk "
    assert _text(own_words(Own(muted=True, deafened=True, camera=True))) == "✕ deafened ■ camera "
    assert _text(own_words(Own(muted=True, camera=True, file=True))) == "✕ muted ■ file "
    assert clock(3723) == "1:02:03"
    assert over_words("bob has left.", 723) == "The call is over, after 12 min 3 s. bob has left."
    assert over_words("", None) == "The call is over."


def test_what_one_did_elsewhere_about_a_call_is_said() -> None:
    assert settled_words(CallRinging("c", None, "elsewhere", "bob")) == (
        "bob has called; you have answered on another device."
    )
    assert settled_words(CallRinging("c", None, "refused", "bo\x1bb", beside=True)) == (
        "bob has called; you have declined in another program of this device."
    )
    assert settled_words(CallRinging("c", None, "refused")).startswith("Somebody has called")
    assert settled_words(CallRinging("c", None, "missed", "bob")) == "bob has called."
    assert settled_words(CallRinging("c", None, "busy", "bob")) == (
        "bob has called while you are in another call."
    )
    for how in ("", "answered", "merged", "declined"):
        assert settled_words(CallRinging("c", None, how, "bob")) == ""


def test_whoever_has_come_after_all_is_not_said_to_have_declined() -> None:
    people = faces([BOB, Party("c", "carol")], Own(), "alice")
    departed = ["bob declined.", "carol declined.", "bobby has left.", "alice has left."]
    assert still_true(departed, people) == departed[1:], "carol only rings"
    assert still_true(departed, []) == departed


def test_ways_stand_below_each_other_whatever_is_said_before_them() -> None:
    muted = replace(BOB, name="dan", muted=True, speaking=False)
    lines = listed(faces([BOB, muted, replace(BOB, camera=True)], Own(), "alice"), 100)
    assert len({line.text.index("direct") for line in lines[:3]}) == 1
    quiet = listed(faces([replace(BOB, speaking=False)], Own(), "alice"), 100)
    assert "▯  direct" in quiet[0].text, "where nothing is said, no room is kept for it"


def test_a_file_that_somebody_shows_is_not_called_a_camera() -> None:
    people = faces([replace(BOB, camera=True, file=True), replace(BOB, camera=True)], Own(), "alice")
    assert all(face.shows for face in people[:2])
    film, camera, _ = listed(people, 100)
    assert ("file" in film.text, "camera" in film.text) == (True, False)
    assert ("file" in camera.text, "camera" in camera.text) == (False, True)
    assert "file" in caption(people[0], 40).text
    assert "camera" not in caption(people[1], 40).text, "in a tile one sees that"


def test_who_records_is_told_to_everybody() -> None:
    bob, me = faces([replace(BOB, records=True)], Own(records=True), "alice")
    assert "records" in caption(bob, 40).text
    assert _text(own_words(Own(records=True))) == "● recording "
    assert _text(status_words("open", [bob, me], 0, [], "Alt+C")) == "☏ 0:00 ● bob recorded "
    begun = record_words(set(), [bob, me])
    assert begun == ({"bob-laptop"}, ["bob records this call."])
    assert record_words(*begun[:1], [bob, me]) == ({"bob-laptop"}, [])
    assert record_words({"bob-laptop"}, faces([BOB], Own(), "alice")) == (
        set(),
        ["bob records this call no longer."],
    )
    assert record_words({"bob-laptop"}, []) == (set(), []), "who has gone is told of otherwise"
