"""`mesh-agent terminal play` as a person has it, and what it leaves of their terminal."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_agent.terminal.cast import CastWriter
from tests.support.terminal import Terminal, running

COMMAND = [sys.executable, "-m", "mesh_agent", "terminal", "play"]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Ten lines, one a minute, which is longer than any test waits; half-way it is marked."""
    now = [0.0]
    path = tmp_path / "shell.cast"
    writer = CastWriter.create(path, 40, 8, title="alice: bash", clock=lambda: now[0])
    for line in range(10):
        now[0] += 60
        writer.output(f"line {line}\x1b]52;c;QQ==\x07\r\n".encode())
        if line == 5:
            writer.mark("half")
    writer.exit(3)
    writer.close()
    return path


@pytest.fixture
def player(recording: Path) -> Iterator[Terminal]:
    with running(Terminal([*COMMAND, str(recording)], ENVIRONMENT, columns=80, rows=12)) as terminal:
        yield terminal


def test_pause_seek_and_leave(player: Terminal) -> None:
    player.wait_for(lambda text: "/ 10:00" in text and "alice: bash" in text)
    player.type(" ")
    player.wait_for("paused")
    player.type("]")
    assert "line 5" in player.wait_for("6:00 / 10:00")
    assert "line 6" not in player.text
    player.type("\x1b[H")
    player.wait_for(lambda text: "0:00 / 10:00" in text and "line" not in text)
    player.type("\x1b[F")
    assert "line 9" in player.wait_for("over")
    assert b"\x1b]52" not in player.last_bytes
    player.type("q")
    assert player.wait() == 0


def test_it_is_given_back_as_it_was_also_when_it_is_ended(player: Terminal) -> None:
    player.wait_for("/ 10:00")
    assert not player.modes[3] & 0o2  # raw: no lines are edited (ICANON)
    player.process.send_signal(signal.SIGTERM)
    assert player.wait() == 128 + signal.SIGTERM
    player.wait_for_bytes(b"\x1b[?1049l", b"\x1b[?2004l")
    assert player.modes[3] & 0o2


def test_where_nobody_looks_its_end_is_text(recording: Path) -> None:
    result = subprocess.run(
        [*COMMAND, str(recording), "--json"], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    told = json.loads(result.stdout)
    assert told["exit_status"] == 3
    assert told["duration"] == 600.0
    assert told["text"].endswith("line 8\nline 9")


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_text("hello")
    result = subprocess.run(
        [*COMMAND, str(path), "--json"], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert json.loads(result.stderr)["error"]["code"] == "terminal.recording"
