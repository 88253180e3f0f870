"""The command: what it loads, what it refuses, what it tells Textual."""

import os
import subprocess
import sys

import pytest

from mesh_tui.cli import COLORS, USAGE, prepare
from protocol.version import __version__

_CODE = """
import sys
from mesh_tui.cli import main
try:
    code = main(sys.argv[1:])
finally:
    THEN
sys.exit(code)
"""


def _run(*arguments: str, then: str = "pass") -> subprocess.CompletedProcess[str]:
    code = _CODE.replace("THEN", then)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_next_to_nothing(option: str) -> None:
    heavy = "{'textual', 'rich', 'aiohttp', 'aiortc', 'msgspec', 'sqlite3'}"
    answer = _run(option, then=f"print(sorted({heavy} & sys.modules.keys()))")
    assert answer.returncode == 0
    assert answer.stdout.endswith("[]\n")


def test_who_only_chats_loads_nothing_that_meets_other_devices() -> None:
    code = "import sys, mesh_agent.agent, mesh_tui.app, mesh_tui.screens.room; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"aioice", "aioquic", "aiortc", "av", "blake3", "cryptography", "numpy"}
    assert heavy & set(loaded.stdout.split()) == set()


def test_version_says_which() -> None:
    assert _run("--version").stdout == f"mesh-tui {__version__}\n"


def test_an_option_that_there_is_not_is_a_usage_error() -> None:
    answer = _run("--nonsense")
    assert answer.returncode == USAGE
    assert "--nonsense" in answer.stderr


def test_without_a_terminal_it_says_what_there_is_instead() -> None:
    answer = _run("--server", "http://127.0.0.1:9")
    assert answer.returncode == USAGE
    assert "mesh-agent" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["https://chat.example.org"], "not the link of an invite"),
        (["https://chat.example.org/invite/0123456789", "--server", "http://127.0.0.1:9"], "names another"),
        (["https://chat.example.org/invite/0123456789", "--server", "ftp://x"], "not a server's address"),
    ],
)
def test_a_link_that_is_none_is_a_usage_error(arguments: list[str], said: str) -> None:
    answer = _run(*arguments)
    assert answer.returncode == USAGE
    assert said in answer.stderr


def test_through_ssh_it_paints_less_often() -> None:
    near: dict[str, str] = {}
    far = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
    prepare(near, "auto")
    prepare(far, "auto")
    assert int(near["TEXTUAL_FPS"]) > int(far["TEXTUAL_FPS"])
    assert near["TEXTUAL_ANIMATIONS"] == far["TEXTUAL_ANIMATIONS"] == "none"


def test_what_the_person_has_set_is_left_alone() -> None:
    environment = {"TEXTUAL_FPS": "7"}
    prepare(environment, "auto")
    assert environment["TEXTUAL_FPS"] == "7"


@pytest.mark.parametrize("color", COLORS)
def test_the_number_of_colours_is_what_was_asked_for(color: str) -> None:
    environment = {"NO_COLOR": "1"}
    prepare(environment, color)
    assert ("NO_COLOR" in environment) == (color in ("auto", "none"))
    assert environment.get("TEXTUAL_COLOR_SYSTEM") == {
        "16": "standard",
        "256": "256",
        "true": "truecolor",
    }.get(color)


@pytest.mark.parametrize(
    ("environment", "system"),
    [
        ({"TERM": "foot"}, "truecolor"),
        ({"TERM": "xterm-ghostty"}, "truecolor"),
        ({"TERM": "mlterm"}, "256"),
        ({"TERM": "foot", "TEXTUAL_COLOR_SYSTEM": "standard"}, "standard"),
        ({"TERM": "foot", "COLORTERM": "truecolor"}, None),
        ({"TERM": "xterm"}, None),
        ({}, None),
    ],
)
def test_terminals_that_say_too_little_by_their_name_are_known(
    environment: dict[str, str], system: str | None
) -> None:
    prepare(environment, "auto")
    assert environment.get("TEXTUAL_COLOR_SYSTEM") == system


@pytest.mark.parametrize("color", ["16", "none"])
def test_what_was_asked_for_goes_before_what_a_name_says(color: str) -> None:
    environment = {"TERM": "foot"}
    prepare(environment, color)
    assert environment.get("TEXTUAL_COLOR_SYSTEM") in (None, "standard")


def test_preparing_changes_no_other_environment() -> None:
    before = dict(os.environ)
    prepare({}, "256")
    assert dict(os.environ) == before
