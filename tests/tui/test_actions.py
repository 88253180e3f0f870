"""The registry: what it says is what works, and what is written about it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from mesh_tui.actions import ACTIONS, PLACES, Action, bindings
from mesh_tui.app import MeshApp
from mesh_tui.commands import ANYWHERE, IN_ROOM
from mesh_tui.key_names import key_label
from mesh_tui.screens.call import CallScreen
from mesh_tui.screens.home import Home
from mesh_tui.screens.login import Login
from mesh_tui.screens.room import RoomScreen
from mesh_tui.screens.ssh_keys import SshKeys
from mesh_tui.slash_commands import COMMANDS, Command
from tests.support import pressed

DOCS = Path(__file__).resolve().parents[2] / "docs" / "tui.md"
OWNERS = {"app": (MeshApp,), "screen": (CallScreen, Home, Login, RoomScreen, SshKeys)}


def _named(action: Action) -> str:
    return f"{action.place} {action.keys}"


@pytest.mark.parametrize("action", [action for action in ACTIONS if action.name], ids=_named)
def test_every_action_exists_where_it_is_bound(action: Action) -> None:
    owner, _, name = action.name.partition(".")
    assert any(hasattr(cls, f"action_{name}") for cls in OWNERS[owner])


@pytest.mark.parametrize("place", PLACES)
def test_no_key_means_two_things_in_one_place(place: str) -> None:
    keys = [
        key
        for action in ACTIONS
        if action.place in (place, "everywhere") and action.name
        for key in action.keys.split(",")
    ]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("action", ACTIONS, ids=_named)
def test_every_key_is_in_the_documentation(action: Action) -> None:
    assert f"| {key_label(action.keys)} |" in DOCS.read_text("utf-8")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_in_the_documentation(command: Command) -> None:
    assert f"| `{command.line}` | {command.told} |" in DOCS.read_text("utf-8")


def test_every_command_does_something_where_it_is_said_to() -> None:
    assert ANYWHERE.keys() == {command.name for command in COMMANDS if command.anywhere}
    assert IN_ROOM.keys() == {command.name for command in COMMANDS if not command.anywhere}


def test_keys_that_terminals_cannot_send_are_not_used() -> None:
    keys = {key for action in ACTIONS for key in action.keys.split(",")}
    assert not keys & {"ctrl+i", "ctrl+m", "ctrl+h", "ctrl+[", "ctrl+shift+c"}


def test_the_footer_shows_only_what_has_a_word() -> None:
    assert [binding.description for binding in bindings("sign-in") if binding.show] == ["Switch"]


@pytest.mark.parametrize(
    ("keys", "label"),
    [
        ("ctrl+q", "^Q"),
        ("f1", "F1"),
        ("alt+enter,ctrl+j", "Alt+Enter ^J"),
        ("pageup", "PgUp"),
        ("ctrl+end", "Ctrl+End"),
        ("alt+1,alt+2,alt+3", "Alt+1…3"),
        ("alt+1,alt+2", "Alt+1 Alt+2"),
        ("f1,f2,f4", "F1 F2 F4"),
    ],
)
def test_keys_as_they_are_written(keys: str, label: str) -> None:
    assert key_label(keys) == label


@cache
def _claimed() -> frozenset[str]:
    """The actions that tests say they press: the arguments of their marks, as they stand in the source."""
    names: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.presses":
                names |= {str(ast.literal_eval(argument)) for argument in node.args}
    return frozenset(names)


@pytest.mark.parametrize("action", ACTIONS, ids=_named)
def test_every_action_is_pressed_in_a_test(action: Action) -> None:
    """That the test really presses its keys where they work is seen to when it runs; see `pressed`."""
    assert pressed.name_of(action) in _claimed()


def test_a_claim_that_is_not_true_is_named() -> None:
    pressed.note("ctrl+a", ["composer"])
    assert "ctrl+e" in pressed.missing("composer ctrl+a,ctrl+e"), "one of two keys"
    pressed.note("ctrl+e", ["home"])
    assert "ctrl+e" in pressed.missing("composer ctrl+a,ctrl+e"), "elsewhere"
    pressed.note("ctrl+e", ["composer"])
    assert not pressed.missing("composer ctrl+a,ctrl+e")
    pressed.note("f2", ["room"])
    assert pressed.missing("room.people"), "nothing was done for it"
    pressed.note_run("screen.people")
    assert not pressed.missing("room.people")
    assert "no action" in pressed.missing("room.nonsense")


@cache
def _sources() -> str:
    return "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_typed_in_a_test(command: Command) -> None:
    assert re.search(rf"""["']/{command.name}[ "']""", _sources())
