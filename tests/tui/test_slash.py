"""A message or a command, and what Tab makes of it."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.actions import COMMANDS, Kind
from mesh_tui.slash import Completion, NoCommand, Typed, complete, look_up, misused, read

WORDS: dict[Kind, tuple[str, ...]] = {
    "room": ("Test Chat", "test two", "ops"),
    "person": ("alice", "bob", "bob.b"),
    "role": ("moderator", "member"),
    "state": ("online", "away", "busy", "offline"),
    "off": ("off",),
    "switch": ("on", "off"),
    "visibility": ("public", "private"),
}


def words(kind: Kind) -> Iterable[str]:
    return WORDS[kind]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("hello", "hello"),
        ("//hello", "/hello"),
        ("///", "//"),
        ("/", "/"),
        ("/ hello", "/ hello"),
        ("/usr/bin/env is a path", "/usr/bin/env is a path"),
        ("/1 is no name", "/1 is no name"),
        ("one\n/who", "one\n/who"),
        ("/who", Typed("who", "")),
        ("/WHO  ", Typed("who", "")),
        ("/topic  all  of it ", Typed("topic", "all  of it")),
        ("/me waves\nand goes", Typed("me", "waves\nand goes")),
        ("/delete-room", Typed("delete-room", "")),
        ("/no-such thing", Typed("no-such", "thing")),
    ],
)
def test_what_is_typed_is_a_message_or_a_command(text: str, meant: str | Typed) -> None:
    assert read(text) == meant


@given(st.text())
def test_two_slashes_send_anything(text: str) -> None:
    assert read("//" + text) == "/" + text


@pytest.mark.parametrize(
    ("name", "hint"), [("jion", "/join?"), ("vis", "/visibility?"), ("xyzzy", "/help lists them")]
)
def test_an_unknown_command_is_explained(name: str, hint: str) -> None:
    with pytest.raises(NoCommand) as error:
        look_up(name)
    assert hint in error.value.message
    assert f"write //{name}" in error.value.message


def test_how_a_command_is_used_is_told() -> None:
    assert misused(look_up("role"), "No.").message == "No. It goes like this: /role NAME ROLE"


@pytest.mark.parametrize(
    ("text", "start", "candidates"),
    [
        ("/re", 0, ("/react", "/read", "/receipts", "/rename", "/reply", "/retention")),
        ("/WHOI", 0, ("/whois",)),
        ("/join te", 6, ("Test Chat", "test two")),
        ("/join test t", 6, ("test two",)),
        ("/kick b", 6, ("bob", "bob.b")),
        ("/kick @b", 6, ("bob", "bob.b")),
        ("/role bob m", 10, ("member", "moderator")),
        ("/role bob member x", 6, ()),
        ("/status a", 8, ("away",)),
        ("/help slo", 6, ("slow",)),
        ("/topic @a", 7, ("@alice",)),
        ("ask @bo", 4, ("@bob", "@bob.b")),
        ("one\n@al", 4, ("@alice",)),
        ("/nothing x", 9, ()),
    ],
)
def test_tab_completes(text: str, start: int, candidates: tuple[str, ...]) -> None:
    assert complete(text, words) == Completion(start, candidates)


@pytest.mark.parametrize("text", ["", "hello", "//wh", "mail x@al"])
def test_elsewhere_tab_is_for_something_else(text: str) -> None:
    assert complete(text, words) is None


@given(st.text(alphabet=" /@abjoin\n", max_size=12))
def test_a_completion_begins_with_what_stands_there(text: str) -> None:
    completion = complete(text, words)
    for candidate in completion.candidates if completion else ():
        assert completion is not None
        stands = text[completion.start :]
        assert candidate.casefold().startswith(stands.removeprefix("@").casefold()) or candidate.startswith(
            stands
        )


def test_commands_have_one_name_each() -> None:
    names = [command.name for command in COMMANDS]
    assert len(names) == len(set(names))
