"""`mesh-server` commands that end by themselves, as whole processes."""

import os
import subprocess
from pathlib import Path

from tests.support import nursery


def mesh_server(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What it printed, and its exit code; nothing of Mesh in the environment but what is given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
    done = nursery.run("mesh_server", *arguments, env=inherited | environment)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
