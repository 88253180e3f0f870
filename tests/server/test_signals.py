"""What signals do to a process, also to one whose loop hangs."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.conditions import PATIENCE_S
from tests.support.server import running_server

_HANGS = """
import asyncio, time
from mesh_server.signals import Signals

async def main():
    Signals(ends_after_s=0.2, on_reload=lambda: None)
    print("hanging", flush=True)
    while True:
        pass

asyncio.run(main())
"""


def test_a_loop_that_hangs_does_not_keep_the_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HANGS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "hanging\n"
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "in main" in errors, "it says where it hung"


def test_a_hang_up_without_a_certificate_is_no_reason_to_stop(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        os.kill(server.pid, signal.SIGHUP)
        assert server.stop() == 0
        assert '"event": "stopped"' in server.log_text()


def test_a_terminal_that_is_closed_stops_the_server_in_it(tmp_path: Path) -> None:
    theirs, ours = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "mesh_server",
        "--listen",
        "127.0.0.1:0",
        "--data",
        str(tmp_path / "data"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=ours, start_new_session=True) as process:
        os.close(ours)
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"mesh-server listening")
        process.send_signal(signal.SIGHUP)
        os.close(theirs)
        assert process.wait(PATIENCE_S) == 0
