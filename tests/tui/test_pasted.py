"""What is pasted, and `s/old/new/`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui import substitute
from mesh_tui.pasted import code_block, line_count, paths
from mesh_tui.screens.room import RoomScreen
from mesh_tui.substitute import Substitution
from mesh_tui.widgets.composer import Composer
from tests.support.conditions import until
from tests.tui.conftest import SitDown
from tests.tui.seat import Seat


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/home/alice/a.txt", ["/home/alice/a.txt"]),
        ("/home/alice/a\\ b.txt ", ["/home/alice/a b.txt"]),
        ("'/home/alice/a b.txt'", ["/home/alice/a b.txt"]),
        ('"/a b" /c', ["/a b", "/c"]),
        ("file:///home/alice/a%20b.txt", ["/home/alice/a b.txt"]),
        ("file://localhost/a\n", ["/a"]),
        ("file://elsewhere/a", []),
        ("/a and more", []),
        ("'/a", []),
        ("//a", []),
        ("/", []),
        ("a/b", []),
        ("file://[/a", []),
        ("", []),
    ],
)
def test_paths_are_recognised(text: str, found: list[str]) -> None:
    assert paths(text) == found


@given(st.text())
def test_nothing_that_is_pasted_is_too_strange(text: str) -> None:
    paths(text)
    line_count(text)
    assert text.strip("\n") in code_block(text)


def test_a_block_of_code_is_not_ended_by_what_is_in_it() -> None:
    assert code_block("a\n````\nb\n").startswith("`````\n")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("s/a/b/", Substitution("a", "b", False)),
        ("s/a b//g", Substitution("a b", "", True)),
        (r"s/a\/b/c\\d/", Substitution("a/b", "c\\d", False)),
        (r"s/(a|b)+$/\1/", Substitution("(a|b)+$", r"\1", False)),
        ("s/he/she", None),
        ("s//b/", None),
        ("s/a/b/x", None),
        ("s/a/b/c/", None),
        ("so/a/b/", None),
        ("s/a\nb/c/", None),
    ],
)
def test_what_a_substitution_is(text: str, meant: Substitution | None) -> None:
    assert substitute.parse(text) == meant


def test_it_is_made_once_or_everywhere() -> None:
    assert Substitution("a", "b", False).of("banana") == "bbnana"
    assert Substitution("a", "b", True).of("banana") == "bbnbnb"
    assert Substitution("x", "b", True).of("banana") is None


@given(st.text(alphabet="s/\\ab\n", max_size=200))
def test_reading_one_takes_no_time(text: str) -> None:
    substitute.parse(f"s/{text}")


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, number: int) -> Seat:
    seat = await sit_down("alice", shared_server)
    await seat.register(f"alice{number}")
    await seat.create_room(f"room {number}")
    return seat


def _composer(seat: Seat) -> Composer:
    screen = next(screen for screen in seat.app.screen_stack if isinstance(screen, RoomScreen))
    return screen.query_one(Composer)


async def test_a_slip_is_put_right(alice: Seat) -> None:
    await alice.tell("teh cat and teh dog")
    await alice.say("s/teh/the/")
    await alice.sees("▎ the cat and teh dog", "edited")
    await alice.say("s/teh/the/g")
    await alice.sees("▎ the cat and the dog")
    await alice.say("s/cow/ox/")
    await alice.sees("Send this as a message?", "s/cow/ox/")
    await alice.press("n")
    await alice.sees("✗ Your last message does not say that.")
    assert _composer(alice).text == "s/cow/ox/"
    await alice.press("enter")
    await alice.sees("Send this as a message?")
    await alice.press("y")
    await alice.sees("▎ s/cow/ox/")


LINES = "\n".join(f"line {number}" for number in range(1, 6))


async def test_many_lines_are_asked_about(alice: Seat) -> None:
    await alice.type("\n".join(LINES.split("\n")[:4]))
    assert _composer(alice).text.count("\n") == 3
    await alice.press("ctrl+underscore")
    await alice.type(LINES)
    await alice.sees("Paste 5 lines?", "line 1", "Send it as one message (s)")
    await alice.press("escape")
    await alice.no_longer_sees("Paste 5 lines?")
    assert _composer(alice).text == ""
    await alice.type(LINES)
    await alice.sees("Paste 5 lines?")
    await alice.press("w")
    await until(lambda: _composer(alice).text == LINES, "the lines")
    await alice.press("ctrl+underscore")
    await alice.type(LINES)
    await alice.press("down", "enter")
    await until(lambda: _composer(alice).text == f"```\n{LINES}\n```", "the block")
    await alice.press("ctrl+underscore")
    await alice.type(LINES)
    await alice.sees("Paste 5 lines?")
    await alice.press("s")
    await alice.sees("▎ line 1", "▎ line 5")
    assert _composer(alice).text == ""


async def test_from_how_many_lines_on_is_taken_at_once(alice: Seat) -> None:
    await alice.app.preferences.save({"writing.paste_lines": 2})
    await alice.type("one\ntwo")
    await alice.sees("Paste 2 lines?")
    await alice.press("escape")
    await alice.no_longer_sees("Paste 2 lines?")
    await alice.app.preferences.save({"writing.paste_lines": 0})
    await alice.type(LINES)
    assert _composer(alice).text == LINES


async def test_a_question_says_what_dropped_paths_lead_to(alice: Seat) -> None:
    for dropped, question, answer in (
        ("/etc", "Send 1 folder?", "Send it as a folder (f)"),
        ("/etc/passwd /etc/hosts", "Send 2 files?", "Keep the paths as a text (t)"),
        ("/etc/passwd /etc", "Send 2 files and folders?", "Send them (f)"),
    ):
        await alice.type(dropped)
        await alice.sees(question, answer)
        await alice.press("escape")
        await alice.no_longer_sees(question)
        await alice.press("ctrl+u")


async def test_a_path_stays_a_text_and_that_is_said(alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    await alice.type("/etc/hostname-that-is-not")
    await alice.press("ctrl+u")
    await alice.type("/etc/passwd")
    await alice.sees("Send 1 file?", "Keep the path as a text (t)")
    await alice.press("escape")
    assert _composer(alice).text == "/etc/passwd"
    await alice.type(" /etc/hostname")
    assert _composer(alice).text == "/etc/passwd /etc/hostname"
    monkeypatch.setenv("SSH_CONNECTION", "there")
    await alice.press("ctrl+u")
    await alice.type("file:///home/alice/a%20b.txt")
    await alice.sees("A path of the machine in front of you")
    assert _composer(alice).text == "file:///home/alice/a%20b.txt"
