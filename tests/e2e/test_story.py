"""Two people chat, each in a terminal of their own, on one real server that is killed in between."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.server import ServerProcess, running_server
from tests.support.terminal import Terminal, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path / "data") as started:
        yield started


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def home_environment(home: Path) -> dict[str, str]:
    """A person of their own: nothing of the developer's settings is seen."""
    home.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {"LANG": "C.UTF-8"} | kept | {"HOME": str(home)}


def open_tui(
    stack: ExitStack, home: Path, server: ServerProcess, *, columns: int = 100, rows: int = 30
) -> Terminal:
    arguments = [sys.executable, "-m", "mesh_tui", "--server", server.url]
    return stack.enter_context(
        running(Terminal(arguments, home_environment(home), columns=columns, rows=rows))
    )


def register(terminal: Terminal, name: str) -> None:
    """Create account, name, password, Home."""
    terminal.wait_for("Create account")
    terminal.press("ctrl+t")
    terminal.type(name)
    terminal.press("tab")
    terminal.type("password123")
    terminal.press("enter")
    terminal.wait_for("Your rooms")


def say(terminal: Terminal, text: str) -> None:
    terminal.type(text)
    terminal.wait_for(text)
    terminal.press("enter")


def count(text: str, line: str) -> int:
    return sum(line in row for row in text.splitlines())


def test_two_people_chat(tmp_path: Path, server: ServerProcess, stack: ExitStack) -> None:
    alice = open_tui(stack, tmp_path / "alice", server)
    register(alice, "alice")
    alice.press("ctrl+n")
    alice.wait_for("Name of the new room")
    alice.type("Test Chat")
    alice.press("enter")
    alice.wait_for("beginning of Test Chat")
    alice.wait_for("online 1")
    alice.wait_for("● alice")
    alice.wait_for("connected")
    say(alice, "Hello!")
    alice.wait_for(lambda text: "Hello!" in text and "Message Test Chat" in text)

    bob = open_tui(stack, tmp_path / "bob", server)
    register(bob, "bob")
    bob.wait_for("Test Chat")
    bob.press("enter")
    bob.wait_for("Hello!")
    alice.wait_for("● bob")
    say(bob, "Hi Alice!")
    for terminal in (alice, bob):
        terminal.wait_for(lambda text: "Hi Alice!" in text and "Message Test Chat" in text)

    server.kill()
    alice.wait_for("connected", gone=True)
    say(alice, "Are you still there?")
    alice.wait_for("Message Test Chat")
    server.start(server.url.removeprefix("http://"))
    for terminal in (alice, bob):
        terminal.wait_for("● connected")
        terminal.wait_for("Are you still there?")
    say(bob, "Yes!")
    for terminal in (alice, bob):
        text = terminal.wait_for(lambda text: "Yes!" in text and "Message Test Chat" in text)
        for line in ("Hello!", "Hi Alice!", "Are you still there?", "Yes!"):
            assert count(text, line) == 1, text

    for terminal in (alice, bob):
        terminal.press("ctrl+q")
        assert terminal.wait() == 0
