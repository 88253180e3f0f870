"""Alice shares her shell, and bob watches in two windows: every program is the one that a person starts."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from mesh_agent.terminal import processes
from tests.e2e.test_story import home_environment
from tests.support.server import running_server
from tests.support.terminal import PATIENCE_S, Terminal, running

COLUMNS, ROWS = 90, 24
ROOM = "ops"


@dataclass
class Person:
    """Somebody with an account, and their home."""

    name: str
    environment: dict[str, str]

    def begin(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "mesh_agent", *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)

    def run(self, *arguments: str | Path) -> str:
        """What a program of theirs prints, which has to succeed."""
        process = self.begin(*arguments)
        out, _ = process.communicate()
        assert process.returncode == 0, out
        return out

    def program(self, *arguments: str | Path, rows: int = ROWS) -> Terminal:
        command = [sys.executable, "-m", "mesh_agent", "terminal", *map(str, arguments)]
        return Terminal(command, self.environment, columns=COLUMNS, rows=rows)


@dataclass
class People:
    alice: Person
    bob: Person
    stack: ExitStack

    def share(self, *more: str | Path) -> Terminal:
        shell = ["bash", "--norc", "--noprofile"]
        terminal = self.alice.program("share", "--room", ROOM, "--let-in", "members", *more, "--", *shell)
        self.stack.enter_context(running(terminal))
        terminal.wait_for(re.compile(r"bash-[\d.]+[$#]").search)
        return terminal

    def watch(self) -> Terminal:
        """A window of bob's with room for the line below the screen."""
        terminal = self.bob.program("watch", "@alice", "--room", ROOM, rows=ROWS + 1)
        self.stack.enter_context(running(terminal))
        terminal.wait_for("Esc Esc leaves")
        return terminal


@pytest.fixture(scope="module")
def persons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Person, Person]]:
    """Alice and bob, in a room."""
    folder = tmp_path_factory.mktemp("terminals")
    with running_server(folder / "data") as server:
        password = folder / "password"
        password.write_text("password123\n")
        alice, bob = (
            Person(name, home_environment(folder / name) | {"TERM": "xterm-256color"})
            for name in ("alice", "bob")
        )
        registering = [
            person.begin("--server", server.url, "register", person.name, "--password-file", password)
            for person in (alice, bob)
        ]
        assert [process.wait() for process in registering] == [0, 0]
        alice.run("room", "create", ROOM)
        bob.run("join", ROOM)
        yield alice, bob


@pytest.fixture
def people(persons: tuple[Person, Person]) -> Iterator[People]:
    with ExitStack() as stack:
        yield People(*persons, stack)


def instead_of(before: str, now: str) -> Callable[[str], bool]:
    """Whether a screen shows the one and no longer the other."""
    return lambda shown: now in shown and before not in shown


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def test_a_shared_shell(people: People, tmp_path: Path) -> None:
    recording = tmp_path / "shell.cast"
    text = tmp_path / "text"
    text.write_text("".join(f"line {number}\n" for number in range(1, 200)))
    alice = people.share("--record", recording)
    bob = people.watch()
    alice.type(f"cd {tmp_path}; echo hel''lo\r")
    bob.wait_for("hello")
    bob.wait_for("● recorded")

    # A program with a screen of its own; who comes late sees it as it is.
    for program, shows, leaves in (("vim -u NONE", "line 12", ":q!\r"), ("less", "line 12", "q")):
        if shutil.which(program.partition(" ")[0]) is None:
            continue
        alice.type(f"{program} {text.name}\r")  # of a long path vim would say so, and wait for a key
        bob.wait_for(instead_of("hello", shows))
        late = people.watch()
        late.wait_for(shows)
        late.type("\x1b\x1b")  # in one go: two that are far apart do not leave
        assert late.wait() == 0
        alice.type(leaves)
        bob.wait_for("hello")

    # Nothing is typed before alice lets him, and nothing any more when she has taken it back.
    bob.type("w")
    alice.wait_for_bytes(b"wants to write")
    alice.type("\x1d")
    alice.wait_for(lambda page: "may write" in page and "bob" in page)
    alice.type("v")
    alice.wait_for("compared them")
    alice.type("y")
    alice.wait_for(lambda page: "compared them" not in page)
    alice.type("w")
    bob.wait_for("you may type")
    alice.press("escape")
    bob.type("echo fr''om bob\r")
    alice.wait_for("from bob")
    alice.type("\x1d")
    alice.wait_for(lambda page: "may write" in page and "bob" in page)
    alice.type("w")
    bob.wait_for("read-only")
    alice.press("escape")
    alice.wait_for("from bob")
    bob.type("x")
    alice.type("echo nothing ca''me\r")
    bob.wait_for("nothing came")
    assert "xecho" not in alice.text

    # The line is cut at bob's end, and is back by itself.
    for helper in children(bob.process.pid):
        os.kill(helper, signal.SIGKILL)
    alice.type("clear; echo meanwhi''le\r")
    bob.wait_for(
        lambda shown: "meanwhile" in shown and "the line is lost" not in shown and "hello" not in shown
    )

    # Whoever is put out is told, and so is everybody when it ends.
    second = people.watch()
    second.wait_for("meanwhile")
    alice.type("\x1d")
    alice.wait_for(lambda page: page.count("bob") == 2)
    alice.type("kk")
    alice.wait_for(lambda page: page.count("bob") == 1)
    alice.press("escape")
    alice.wait_for("meanwhile")
    assert bob.wait() == 1
    assert "put out" in bob.text
    alice.type("exit 3\r")
    assert second.wait() == 0
    assert "exit code 3" in second.text
    assert alice.wait() == 0
    assert people.bob.run("terminal", "list", "--room", ROOM) == ""
    assert "over" in people.bob.run("terminal", "list", "--room", ROOM, "--all")
    assert "meanwhile" in people.alice.run("terminal", "play", recording)


def test_a_host_that_is_killed(people: People) -> None:
    alice, bob = people.share(), people.watch()
    alice.type("echo he''re; sleep 1000\r")
    bob.wait_for("here")
    shell = [pid for helper in children(alice.process.pid) for pid in children(helper)]
    assert shell
    alice.process.send_signal(signal.SIGKILL)
    bob.wait_for(lambda shown: "lost" in shown or "end" in shown)
    if bob.process.poll() is None:
        bob.type("q")
    assert bob.wait() in (0, 1)
    deadline = time.monotonic() + PATIENCE_S
    while left := [pid for pid in shell if processes.process(pid) is not None]:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)
