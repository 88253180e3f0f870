"""An editor in the place of the program, in a real terminal: what it changes, and what its failure costs."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mesh_tui import editor
from mesh_tui.ring import Ring
from tests.support.terminal import Terminal, running


def test_which_editor_it_is() -> None:
    assert editor.command("vim -f", {"EDITOR": "nano"}) == ["vim", "-f"]
    assert editor.command("", {"EDITOR": "nano", "VISUAL": "emacs -nw"}) == ["emacs", "-nw"]
    assert editor.command("", {"EDITOR": "nano"}) == ["nano"]
    with pytest.raises(editor.EditorFailed):
        editor.command("vim '", {})


def test_what_is_cut_in_one_go_is_one_text() -> None:
    ring = Ring()
    ring.cut("c", before=True, on=False)
    ring.cut("b ", before=True, on=True)
    ring.cut("x", before=False, on=False)
    ring.cut("y", before=False, on=True)
    assert [ring.last, ring.turn(), ring.turn()] == ["xy", "b c", "xy"]


Sit = Callable[[str], Terminal]


@pytest.fixture
def sit(shared_server: str, number: int, tmp_path: Path) -> Iterator[Sit]:
    """Alice in a room of her own, with an editor that is the shell script given."""
    with ExitStack() as stack:

        def sit(script: str) -> Terminal:
            path = tmp_path / "editor"
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o700)
            environment = os.environ | {"EDITOR": str(path), "TMPDIR": str(tmp_path), "SEEN": str(tmp_path)}
            arguments = [sys.executable, "-m", "mesh_tui", "--server", shared_server, "--profile", "alice"]
            terminal = stack.enter_context(running(Terminal(arguments, environment)))
            terminal.wait_for("Create account")
            terminal.press("ctrl+t")
            terminal.type(f"alice{number}")
            terminal.press("enter")
            terminal.type("password123")
            terminal.press("enter")
            terminal.wait_for("Your rooms")
            terminal.type("n")
            terminal.wait_for("Name of the new room")
            terminal.type(f"room {number}")
            terminal.press("enter")
            terminal.wait_for(f"Message room {number}")
            return terminal

        yield sit


def _left(folder: Path) -> list[Path]:
    return list(folder.glob("mesh-*.md"))


def test_a_text_is_changed_there_and_the_file_is_gone(sit: Sit, tmp_path: Path) -> None:
    alice = sit('stat -c %a "$1" > "$SEEN/mode"; cp "$1" "$SEEN/text"; printf "one\\ntwo\\n" >> "$1"')
    alice.type("begun")
    alice.wait_for("begun")
    alice.press("ctrl+x", "ctrl+e")
    alice.wait_for(lambda text: "│ one" in text and "│ two" in text)
    assert (tmp_path / "mode").read_text() == "600\n"
    assert (tmp_path / "text").read_text() == "begun\n"
    assert _left(tmp_path) == []
    alice.press("enter")
    alice.wait_for(lambda text: "▎ begun" in text and "▎ two" in text and "pending" not in text)
    alice.press("up")
    alice.type("E")
    alice.wait_for("✎ Changing")
    alice.wait_for(lambda text: text.count("│ one") == 2)


def test_the_line_stays_up_and_ctrl_c_is_the_editors(sit: Sit, tmp_path: Path) -> None:
    alice = sit('trap "echo caught > $1; exit 0" INT; echo ready; while :; do sleep 0.05; done')
    alice.press("ctrl+x", "ctrl+e")
    alice.wait_for("ready")
    os.killpg(alice.process.pid, signal.SIGINT)  # what a terminal does at Ctrl+C
    alice.wait_for("│ caught")
    alice.wait_for("● connected")
    assert alice.process.poll() is None


@pytest.mark.parametrize(
    ("script", "said", "kept"),
    [
        ("exit 3", "ended with an error (3)", False),
        ('echo changed > "$1"; exit 1', "What you wrote is in", True),
        ('rm "$1"', "cannot be read", False),
        ('head -c 100000 /dev/zero > "$1"', "far more than a message holds", True),
        ("kill -9 $$", "ended with an error", False),
    ],
)
def test_its_failure_loses_nothing(script: str, said: str, kept: bool, sit: Sit, tmp_path: Path) -> None:
    alice = sit(script)
    alice.type("begun")
    alice.wait_for("begun")
    alice.press("ctrl+x", "ctrl+e")
    alice.wait_for(said)
    alice.wait_for("│ begun")
    assert bool(_left(tmp_path)) is kept
    alice.type("!")
    alice.wait_for("│ begun!")


def test_where_it_cannot_be_run_the_program_is_back(sit: Sit, tmp_path: Path) -> None:
    alice = sit("")
    (tmp_path / "editor").unlink()
    alice.press("ctrl+x", "ctrl+e")
    alice.wait_for("could not be run: No such file")
    alice.type("still here")
    alice.wait_for("│ still here")
    assert _left(tmp_path) == []
