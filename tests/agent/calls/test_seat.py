"""Of several programs of one device one is in a call at a time."""

import signal
import subprocess
import sys
from pathlib import Path

from mesh_agent.calls.seat import Seat

KILLED = """
import os, signal, sys
from pathlib import Path
from mesh_agent.calls.seat import Seat
assert Seat(Path(sys.argv[1])).take()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_one_has_it_at_a_time_and_the_others_know(tmp_path: Path) -> None:
    mine, other = Seat(tmp_path / "calls"), Seat(tmp_path / "calls")
    assert not other.taken_beside()
    assert mine.take()
    assert (mine.taken_beside(), other.taken_beside()) == (False, True)
    assert not other.take()
    mine.leave()
    mine.leave()
    assert not other.taken_beside()
    assert other.take()
    assert mine.taken_beside()
    other.leave()


def test_who_was_killed_has_it_no_more(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    seat = Seat(tmp_path)
    assert not seat.taken_beside()
    assert seat.take()
    seat.leave()


def test_where_there_can_be_no_file_it_is_free(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    seat = Seat(tmp_path / "file" / "calls")
    assert seat.take()
    assert not seat.taken_beside()
    seat.leave()
