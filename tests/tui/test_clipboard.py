"""Copying: what the terminal is told, and what tmux is."""

import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_tui.clipboard import COPIED_BYTES, inside_tmux, osc52, through_tmux
from mesh_tui.screens.finder import FoundList
from tests.support.conditions import until
from tests.tui.conftest import SitDown

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")


def test_a_terminal_is_told_in_one_sequence() -> None:
    sequence = osc52("zwei\nZeilen ü \x1b[2J")
    assert sequence.startswith("\x1b]52;c;")
    assert sequence.endswith("\x07")
    assert b64decode(sequence[7:-1]).decode() == "zwei\nZeilen ü \x1b[2J"
    assert sequence[1:-1].isprintable()


def test_the_most_that_is_copied_is_what_terminals_take() -> None:
    assert len(osc52("x" * COPIED_BYTES)) == 100_000


@pytest.mark.parametrize(
    ("environment", "inside"),
    [
        ({"TMUX": "/tmp/tmux-1/default,1,0", "TERM": "tmux-256color"}, True),
        ({"TMUX": "/tmp/tmux-1/default,1,0", "TERM": "screen"}, True),
        ({"TMUX": "/tmp/tmux-1/default,1,0", "TERM": "xterm-kitty"}, False),
        ({"TERM": "tmux-256color"}, False),
    ],
)
def test_tmux_is_asked_only_where_it_shows_us(environment: dict[str, str], inside: bool) -> None:
    assert inside_tmux(environment) is inside


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a program in a tmux with no settings at all."""
    socket = tmp_path / "tmux"
    command = ("tmux", "-S", str(socket), "-f", "/dev/null")
    subprocess.run([*command, "new-session", "-d", "sleep 60"], check=True)
    yield dict(os.environ) | {"TMUX": f"{socket},1,0"}
    subprocess.run([*command, "kill-server"], check=True)


@needs_tmux
async def test_tmux_takes_it_without_any_setting(tmux: dict[str, str]) -> None:
    assert await through_tmux("two\nlines ü", tmux)
    assert _shown(tmux) == "two\nlines ü"


def _shown(environment: dict[str, str]) -> str:
    command = ["tmux", "show-buffer"]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()


async def test_a_tmux_that_is_not_there_takes_nothing(tmp_path: Path) -> None:
    assert not await through_tmux("text", {"TMUX": f"{tmp_path}/gone,1,0", "PATH": os.environ["PATH"]})
    assert not await through_tmux("text", {"PATH": "/nowhere"})


async def test_what_is_too_long_is_told_and_lists_are_copied_from(
    shared_server: str, sit_down: SitDown, number: int
) -> None:
    seat = await sit_down("alice", shared_server, size=(100, 30))
    await seat.register(f"alice{number}")
    await seat.create_room(f"copies {number}")
    seat.call(seat.app.copy_to_clipboard, "ü" * (COPIED_BYTES // 2 + 1))
    await seat.sees("That is too long to be copied at once")
    await seat.tell("to be pinned")
    await seat.press("up", "p")
    await seat.sees("◆ pinned")
    await seat.press("escape")
    await seat.say("/pins")
    await seat.sees("c copies")
    await until(lambda: seat.app.screen.query_one(FoundList).chosen, "it to be listed")
    await seat.press("c")
    await seat.sees("Copied.")
    assert seat.app.clipboard == "to be pinned"
    await seat.press("escape")
    await seat.say(f"/whois alice{number}")
    await seat.sees("c copies · Esc closes")
    await seat.press("c")
    await seat.sees("Copied. Esc closes")
    assert f"alice{number}" in seat.app.clipboard
