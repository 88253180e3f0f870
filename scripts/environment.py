"""Makes `.venv` what the lock files say, and knows at once when there is nothing to do.

Strategy: `.venv/mesh-stamp` says what the environment was last made from. It is written before the first
package (as "incomplete") and again after the last, so a set-up that was interrupted at any point is seen
as such and made anew, and a complete one is recognised without asking an installer. One set-up runs at a
time: the others wait for `.venv.lock`, a lock that the kernel takes back from a process that dies.

Run by whichever Python 3.11 or newer was found, before anything is installed: standard library only.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NoReturn, TextIO

ROOT: Final = Path(__file__).resolve().parent.parent
LEVELS: Final[dict[str, tuple[str, ...]]] = {
    "run": ("requirements.lock", "requirements-build.lock"),
    "test": ("requirements.lock", "requirements-build.lock", "requirements-test.lock"),
}
"""The lock files that each level installs; a later level holds all that an earlier one does."""
STAMP: Final = "mesh-stamp"
INCOMPLETE: Final = "incomplete"


class State(Enum):
    """What `.venv` is good for, as the exit code of `--ready`; any other code means that it does not run."""

    READY = 0
    STALE = 10
    """Sound, and made from other lock files or at a lower level: install into it."""
    BROKEN = 11
    """Half made, moved, or of another Python: make it anew."""


class SetupFailed(Exception):
    """The set-up cannot go on; the text says what the person can do."""


def digest(root: Path, level: str) -> str:
    """Names what decides an environment's content: the level's lock files and the project's metadata."""
    inputs = hashlib.sha256()
    for name in (*LEVELS[level], "pyproject.toml"):
        content = (root / name).read_bytes()
        inputs.update(f"{name} {len(content)}\n".encode() + content)
    return inputs.hexdigest()


def stamp(root: Path, level: str) -> str:
    """What `mesh-stamp` holds once an environment is complete, seen from that environment's own Python."""
    facts = {
        "root": str(root),
        "python": sys.implementation.cache_tag,
        "level": level,
        "inputs": digest(root, level),
    }
    return json.dumps(facts, indent=1) + "\n"


def own_state(root: Path, wanted: str) -> State:
    """Judges the environment whose Python runs this."""
    try:
        found = (root / ".venv" / STAMP).read_text()
    except FileNotFoundError:
        return State.STALE if sys.version_info >= (3, 11) else State.BROKEN
    names = list(LEVELS)
    if found in (stamp(root, level) for level in names[names.index(wanted) :]):
        return State.READY
    try:
        facts = json.loads(found)
        same = facts["root"] == str(root) and facts["python"] == sys.implementation.cache_tag
    except (ValueError, KeyError, TypeError):
        return State.BROKEN
    return State.STALE if same else State.BROKEN


def state(root: Path, wanted: str) -> State:
    """Asks the environment's own Python, which also shows whether that still runs."""
    try:
        code = ask(root, "--ready", wanted).returncode
    except OSError:
        return State.BROKEN
    return State(code) if code in {each.value for each in State} else State.BROKEN


def ask(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs this file with the environment's Python, without its packages."""
    command: list[str | Path] = [root / ".venv/bin/python", "-I", "-S", __file__, *words]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


@contextmanager
def alone(root: Path) -> Iterator[int]:
    """Waits for other set-ups of this folder and keeps them waiting; gives the lock's descriptor."""
    with (root / ".venv.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up of this folder is under way; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


class Installer:
    """Makes one environment and fills it: with uv where it runs, else with venv and pip."""

    def __init__(self, venv: Path, held: Sequence[int] = ()) -> None:
        """Installers inherit `held`, the lock's descriptor: one that outlives this process still holds it."""
        self._venv = venv
        self._held = held
        self._python = venv / "bin/python"
        self._uv = working_uv()
        self.name = "uv" if self._uv else "pip"

    def create(self) -> None:
        """Makes the environment, empty but for pip, in a folder that may exist.

        Raises:
            SetupFailed: this Python cannot make one.
        """
        if self._uv:
            options = ("--quiet", "--no-project", "--allow-existing", "--python", sys.executable)
            self._run(self._uv, "venv", *options, self._venv)
        else:
            require_venv()
            self._run(sys.executable, "-m", "venv", self._venv)

    def install(self, *what: str | Path) -> None:
        """Installs what these options and names of pip stand for.

        Raises:
            SetupFailed: the installer says why.
        """
        quiet = ("--quiet",) if self._uv else ("--quiet", "--no-input", "--disable-pip-version-check")
        self._run(*self._pip("install"), *quiet, *what)

    def check(self) -> None:
        """Whether each installed package has what it requires.

        Raises:
            SetupFailed: the installer says which has not.
        """
        self._run(*self._pip("check"))

    def _pip(self, verb: str) -> tuple[str | Path, ...]:
        if self._uv:
            return (self._uv, "pip", verb, "--python", self._python)
        has_pip = subprocess.run([self._python, "-I", "-c", "import pip"], capture_output=True)
        if has_pip.returncode:  # uv made it, and is gone since
            self._run(self._python, "-I", "-m", "ensurepip")
        return (self._python, "-I", "-m", "pip", verb)

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            env=os.environ | {"PIP_USER": "0"},
            pass_fds=self._held,
        )
        if done.returncode:
            words = " ".join(str(word) for word in command)
            raise SetupFailed(f"status {done.returncode} from: {words}\nRun this again once that is mended.")


def working_uv() -> str | None:
    """The path of a uv that runs; a shim that only says why it does not counts as none."""
    path = shutil.which("uv")
    if path is None:
        return None
    return path if subprocess.run([path, "--version"], capture_output=True).returncode == 0 else None


def require_venv() -> None:
    """Some systems ship Python without what makes an environment.

    Raises:
        SetupFailed: and names the package to install.
    """
    for module in ("venv", "ensurepip"):
        if find_spec(module) is None:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise SetupFailed(
                f"{sys.executable} has no module {module}, which makes virtual environments.\n"
                f"Install it (Debian, Ubuntu: apt install python{version}-venv) or uv, and run this again."
            )


def discard(venv: Path) -> None:
    """Removes an environment so that no half of it can be taken for a whole one."""
    if venv.exists() or venv.is_symlink():
        venv.rename(venv.with_name(f".venv.old.{os.getpid()}"))
    for old in venv.parent.glob(".venv.old.*"):
        old.unlink() if old.is_symlink() else shutil.rmtree(old)


def set_up(root: Path, level: str) -> None:
    """Makes `.venv` complete at this level.

    Raises:
        SetupFailed: something is missing, or an installer failed.
        OSError: the folder cannot be written.
    """
    digest(root, level)  # a lock file that is missing is told before anything is touched
    with alone(root) as held:
        found = state(root, level)
        if found is State.READY:
            return
        installer = Installer(root / ".venv", [held])
        say(f"Setting up .venv with {installer.name}; later runs start at once.")
        locks = ["--require-hashes", *(f"--requirement={root / lock}" for lock in LEVELS[level])]
        if found is State.BROKEN:
            discard(root / ".venv")
            write_stamp(root, INCOMPLETE)
            installer.create()
        else:  # what is there goes on working where no network is, say
            installer.install("--dry-run", *locks)
            write_stamp(root, INCOMPLETE)
        installer.install(*locks)
        installer.install("--no-deps", "--no-build-isolation", "--editable", root)
        finished = ask(root, "--stamp", level)
        if finished.returncode:
            raise SetupFailed(f"the new environment does not run:\n{finished.stderr}")
        write_stamp(root, finished.stdout)


def write_stamp(root: Path, text: str) -> None:
    """Puts the stamp in place in one step: a full disk leaves the old one."""
    venv = root / ".venv"
    venv.mkdir(exist_ok=True)
    fresh = venv / f"{STAMP}.new"
    fresh.write_text(text)
    fresh.replace(venv / STAMP)


def say(text: str, to: TextIO = sys.stderr) -> None:
    print(text, file=to, flush=True)


def main() -> NoReturn:
    parser = argparse.ArgumentParser(
        prog="environment.py", description="Makes .venv what the lock files say."
    )
    parser.add_argument("level", choices=LEVELS)
    parser.add_argument("--ready", action="store_true", help="only say by the exit code whether it is")
    parser.add_argument("--stamp", action="store_true", help="only print what a complete one is stamped with")
    asked = parser.parse_args()
    if asked.ready:
        sys.exit(own_state(ROOT, asked.level).value)
    if asked.stamp:
        say(stamp(ROOT, asked.level).removesuffix("\n"), sys.stdout)
        sys.exit(0)
    try:
        set_up(ROOT, asked.level)
    except (SetupFailed, OSError) as failed:
        say(f"The set-up failed: {failed}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("The set-up was interrupted; the next run repairs it.")
        sys.exit(130)
    sys.exit(0)


if __name__ == "__main__":
    main()
