"""`mesh-server` commands that end by themselves, as whole processes."""

import os
import subprocess
import sys
from pathlib import Path


def mesh_server(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What it printed, and its exit code; nothing of Mesh in the environment but what is given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
    return subprocess.run(
        [sys.executable, "-m", "mesh_server", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=inherited | environment,
    )
