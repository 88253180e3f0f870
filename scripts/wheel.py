"""Builds the wheel, installs it into an empty environment and tries what it brings.

Strategy: what works from the repository may still lack a file or a dependency once it is installed, so this
is tried with nothing but the wheel and the packages of requirements.lock, away from the repository: each
program says its help and version, the server starts, an account is made with the agent. While a program
prints its help, Python lists what it imports: help must not wait for what it does not need.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.environment import Installer, SetupFailed

ROOT: Final = Path(__file__).resolve().parent.parent
UNNEEDED: Final = {
    "mesh-server": {"textual", "mesh_agent", "mesh_tui"},
    "mesh-agent": {"textual", "aiortc", "aioquic", "mesh_server"},
    "mesh-tui": {"aiortc", "aioquic", "mesh_server"},
}
"""What each program must not import in order to print its help or its version."""
ANSWER_S: Final = 60


def build(into: Path) -> Path:
    """The wheel, built from the repository without asking an index for anything.

    Raises:
        SetupFailed: it cannot be built.
    """
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(into), str(ROOT)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SetupFailed(f"the wheel cannot be built:\n{done.stdout}")
    return next(into.glob("*.whl"))


def install(wheel: Path, venv: Path) -> None:
    """Makes an environment that holds what requirements.lock names, and the wheel.

    Raises:
        SetupFailed: the lock lacks something, or the wheel wants something else.
    """
    installer = Installer(venv)
    installer.create()
    installer.install("--require-hashes", "-r", ROOT / "requirements.lock")
    installer.install("--no-deps", wheel)
    installer.check()


def ask(home: Path, *command: str | Path, said: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a program where it finds nothing of the person's who checks; imports are listed on stderr."""
    return subprocess.run(
        command,
        cwd=home,
        env=surroundings(home) | {"PYTHONPROFILEIMPORTTIME": "1"},
        input=said or "",
        capture_output=True,
        text=True,
        timeout=ANSWER_S,
    )


def surroundings(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.defpath}


def words(told: subprocess.CompletedProcess[str]) -> str:
    """What a program said, without the list of what it imported."""
    return told.stdout + re.sub(r"^import time:.*\n", "", told.stderr, flags=re.MULTILINE)


def introduction(program: Path, version: str, home: Path) -> Iterator[str]:
    """What is wrong with how an installed program introduces itself, a sentence each."""
    for option, expected in (("--help", program.name), ("--version", version)):
        told = ask(home, program, option)
        if told.returncode or expected not in told.stdout.split():
            yield f"{program.name} {option} ends with {told.returncode}, without {expected}: {words(told)}"
        imported = set(re.findall(r"^import time:[\d| ]+\| +(\w+)", told.stderr, re.MULTILINE))
        for module in sorted(imported & UNNEEDED[program.name]):
            yield f"{program.name} {option} imports {module}"


def service(programs: Path, home: Path) -> Iterator[str]:
    """What is wrong with the installed server and agent when they work together."""
    command: list[str | Path] = [programs / "mesh-server", "--listen", "127.0.0.1:0", "--data", home / "data"]
    log = home / "log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env=surroundings(home), text=True
        ) as server,
    ):
        assert server.stdout is not None
        try:
            if listening := server.stdout.readline():
                agent = (programs / "mesh-agent", "--server", listening.split()[-1])
                told = ask(home, *agent, "register", "alice", "--password-file", "-", said="password123")
                if told.returncode:
                    yield f"mesh-agent cannot make an account: {words(told)}"
        finally:
            server.terminate()
    if not listening or server.returncode:
        yield f"mesh-server said {listening!r} and ended with {server.returncode}: {log.read_text()}"


def main() -> int:
    programs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    with tempfile.TemporaryDirectory(prefix="mesh-wheel-") as folder:
        home = Path(folder, "home")
        home.mkdir()
        try:
            wheel = build(Path(folder))
            install(wheel, Path(folder, "venv"))
            version = wheel.name.split("-")[1]
            installed = Path(folder, "venv/bin")
            found = [fault for name in programs for fault in introduction(installed / name, version, home)]
            found += service(installed, home)
        except SetupFailed as failed:
            found = [str(failed)]
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
