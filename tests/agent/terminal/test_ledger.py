"""What this device shares is known to be its own, or left by a program that was killed; never mixed up."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mesh_agent.terminal.ledger import Ledger, Left

LEFT = Left(user="u1", room="r1", terminal="Qm3k9TzA", command="bash")
TOLD = Left(user="u1", room="r1", terminal="Qm3k9TzA", command="bash", message="m1")

KILLED = """
import os, signal, sys
from pathlib import Path
from mesh_agent.terminal.ledger import Ledger, Left
Ledger(Path(sys.argv[1])).begin(Left(user="u1", room="r1", terminal="Qm3k9TzA", command="bash"))
os.kill(os.getpid(), signal.SIGKILL)
"""


def held() -> int:
    """Open descriptors."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "terminals"


def test_what_another_living_program_shares_is_left_alone(folder: Path) -> None:
    mine, other = Ledger(folder), Ledger(folder)
    mine.begin(LEFT)
    assert other.abandoned("u1") == []
    mine.told(TOLD)
    assert other.abandoned("u1") == []
    mine.close()
    assert other.abandoned("u1") == [TOLD]
    assert mine.abandoned("u1") == []
    assert Ledger(folder).abandoned("u1") == []


def test_what_a_killed_program_has_left(folder: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert ended.returncode == -signal.SIGKILL
    ledger = Ledger(folder)
    assert ledger.abandoned("u2") == []
    assert ledger.abandoned("u1") == [LEFT]
    ledger.end(LEFT.terminal)
    ledger.close()
    assert list(folder.iterdir()) == []


def test_what_has_ended_is_gone_and_nothing_is_held(folder: Path) -> None:
    before = held()
    ledger = Ledger(folder)
    assert ledger.abandoned("u1") == []
    ledger.begin(LEFT)
    ledger.end(LEFT.terminal)
    ledger.end(LEFT.terminal)
    assert Ledger(folder).abandoned("u1") == []
    assert held() == before


@pytest.mark.parametrize("content", [b"", b"\xff", b"{}", b'{"user": 1}', b"[" * 5000])
def test_a_file_that_makes_no_sense_is_removed(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "Qm3k9TzA.json").write_bytes(content)
    assert Ledger(folder).abandoned("u1") == []
    assert list(folder.iterdir()) == []


def test_a_file_under_another_name_names_no_other(folder: Path) -> None:
    ledger = Ledger(folder)
    ledger.begin(LEFT)
    ledger.close()
    (folder / "Qm3k9TzA.json").rename(folder / "other.json")
    assert Ledger(folder).abandoned("u1") == []


def test_where_nothing_can_be_written_nothing_is_raised(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    ledger = Ledger(blocked / "terminals")
    ledger.begin(LEFT)
    ledger.told(TOLD)
    assert ledger.abandoned("u1") == []
    ledger.end(LEFT.terminal)
    ledger.close()
