"""A message or a command."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.slash import _HABITS, NoCommand, Typed, check, find, look_up, misused, read
from mesh_tui.slash_commands import COMMANDS


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


def test_commands_have_one_name_each() -> None:
    names = [name for command in COMMANDS for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "argument", "said"),
    [
        ("leave", "now", "/leave takes nothing after it."),
        ("kick", "", "NAME is missing. It goes like this: /kick NAME"),
        ("pin", "that one", "#N is the number of a message"),
        ("reply", "#x hello", "#x is not the number of a message."),
    ],
)
def test_what_is_wrong_with_an_argument_is_named(name: str, argument: str, said: str) -> None:
    with pytest.raises(NoCommand) as error:
        check(look_up(name), argument)
    assert said in error.value.message


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("leave", ""),
        ("kick", "bob"),
        ("pin", ""),
        ("pin", "#17"),
        ("pin", "17"),
        ("reply", "#3"),
        ("reply", "hello #x"),
    ],
)
def test_what_is_right_passes(name: str, argument: str) -> None:
    check(look_up(name), argument)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("part", "leave"), ("J", "join"), ("query", "msg"), ("names", "who"), ("exit", "quit"), ("who", "who")],
)
def test_what_a_command_is_called_elsewhere_is_known(typed: str, name: str) -> None:
    command = find(typed)
    assert command is not None
    assert command.name == name


def test_a_command_of_another_client_is_answered_with_what_does_that_here() -> None:
    with pytest.raises(NoCommand, match="/search finds messages"):
        look_up("lastlog")
    with pytest.raises(NoCommand, match="/settings, has all"):
        look_up("Set")
    assert not [name for name in _HABITS if find(name)], "a hint that nobody reads"
    named = {name for hint in _HABITS.values() for name in re.findall(r"(?<!\w)/([a-z-]+)", hint)}
    assert [name for name in named if find(name) is None] == []
