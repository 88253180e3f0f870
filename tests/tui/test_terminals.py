"""The program under what terminals call themselves: it works, loses nothing, and leaves them as they were."""

import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.server import ServerProcess, running_server
from tests.support.terminal import Terminal, running

TERMS: Final = ("xterm", "tmux-256color", "screen", "linux", "vt100")
LEFT: Final = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l", b"\x1b[?7h")
"""What gives a terminal back: its own screen, the cursor, the mouse, pasting, wrapped lines."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("terminals") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


SHELL: Final = ("setsid", "--ctty", "--wait", "bash", "--norc", "-i", "-c")


@contextmanager
def started(
    server: ServerProcess, home: Path, term: str = "xterm-256color", *, shell: str = ""
) -> Iterator[Terminal]:
    """The program; with `shell`, as a job of a shell that does that afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TEXTUAL")}
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        environment[f"XDG_{kind}_HOME"] = str(home / kind.lower())
    arguments = [sys.executable, "-m", "mesh_tui", "--server", server.url, "--profile", "alice"]
    if shell:
        arguments = [*SHELL, f"set -m; {shlex.join(arguments)}; {shell}"]
    with running(Terminal(arguments, environment, columns=80, rows=24, term=term)) as terminal:
        yield terminal


@pytest.fixture(scope="module")
def room(server: ServerProcess, home: Path) -> str:
    """Alice has an account and one room, which is kept in her profile."""
    with started(server, home) as terminal:
        terminal.wait_for("Create account")
        terminal.press("ctrl+t")
        for text in ("alice", "password123"):
            terminal.type(text)
            terminal.press("enter")
        terminal.wait_for("Your rooms")
        terminal.type("n")
        terminal.wait_for("Name of the new room")
        terminal.type("attic")
        terminal.press("enter")
        terminal.wait_for("Message attic")
        terminal.press("ctrl+q")
        terminal.wait()
    return "attic"


def _enter(terminal: Terminal) -> None:
    terminal.wait_for("Your rooms")
    terminal.press("enter")
    terminal.wait_for("beginning of attic")


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.usefixtures("room")
def test_it_works_and_leaves_the_terminal_as_it_was(term: str, server: ServerProcess, home: Path) -> None:
    with started(server, home, term) as terminal:
        before = terminal.modes
        _enter(terminal)
        terminal.press("ctrl+u")
        terminal.type(f"a thought on {term}")
        terminal.wait_for(f"a thought on {term}")
        for size in ((200, 50), (80, 24), (80, 24)):
            terminal.resize(*size)
            terminal.wait_for(f"a thought on {term}")
            terminal.wait_for("connected")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == 128 + signal.SIGTERM
        assert terminal.modes == before
        terminal.wait_for_bytes(*LEFT)
    assert any(f"a thought on {term}" in path.read_text() for path in home.rglob("drafts.json"))


@pytest.mark.usefixtures("room")
def test_after_a_suspension_everything_is_painted_again(server: ServerProcess, home: Path) -> None:
    with started(server, home) as terminal:
        before = terminal.modes
        _enter(terminal)
        terminal.press("ctrl+u")
        terminal.type("half a thought")
        terminal.wait_for("half a thought")
        terminal.process.send_signal(signal.SIGTSTP)
        _, status = os.waitpid(terminal.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert terminal.modes == before
        terminal.wipe()
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_for(lambda text: "half a thought" in text and "beginning of attic" in text)
        terminal.type(" goes on")
        terminal.wait_for("half a thought goes on")


@pytest.mark.usefixtures("room")
@pytest.mark.presses("everywhere.suspend")
def test_ctrl_z_goes_to_the_shell_which_brings_it_back(server: ServerProcess, home: Path) -> None:
    with started(server, home, shell="echo this is the shell; read; fg") as terminal:
        _enter(terminal)
        terminal.press("ctrl+u")
        terminal.type("half a thought")
        terminal.wait_for("half a thought")
        terminal.press("ctrl+z")
        terminal.wait_for("this is the shell")
        terminal.press("enter")
        terminal.wait_for(lambda text: "half a thought" in text and "beginning of attic" in text)
        terminal.type(" goes on")
        terminal.wait_for("half a thought goes on")


@pytest.mark.usefixtures("room")
def test_emoji_that_are_joined_stay_so_when_typed(server: ServerProcess, home: Path) -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    with started(server, home) as terminal:
        _enter(terminal)
        terminal.press("ctrl+u")
        terminal.type(f"the {family} is here")
        terminal.wait_for("is here")
        terminal.press("ctrl+q")
        terminal.wait()
    drafts = [json.loads(path.read_text()) for path in home.rglob("drafts.json")]
    assert f"the {family} is here" in json.dumps(drafts, ensure_ascii=False)


@pytest.mark.usefixtures("room")
def test_without_a_shell_ctrl_z_says_so(server: ServerProcess, home: Path) -> None:
    with started(server, home) as terminal:
        _enter(terminal)
        terminal.press("ctrl+z")
        terminal.wait_for("There is no shell behind Mesh")
        terminal.press("ctrl+u")
        terminal.type("still here")
        terminal.wait_for("still here")


@pytest.mark.usefixtures("room")
def test_ctrl_l_paints_over_what_somebody_else_wrote(server: ServerProcess, home: Path) -> None:
    with started(server, home) as terminal:
        _enter(terminal)
        terminal.wipe()
        terminal.press("ctrl+l")
        terminal.wait_for("beginning of attic")
