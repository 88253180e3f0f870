"""A small project with Mesh's own scripts, which sets itself up without a network.

It depends on one package, `anchor`, and is built by a backend of its own; both wheels are made here.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.environment import LEVELS, working_uv

ROOT: Final = Path(__file__).resolve().parents[2]
INSTALLERS: Final = ("uv", "pip") if working_uv() else ("pip",)
BASE_PYTHON: Final = Path(sys.base_prefix, "bin/python3")
TOOLS: Final = ("sh", "dirname", "readlink", "cat")
"""What the scripts call besides Python and uv."""

PYPROJECT: Final = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "mesh-chat"
version = "1"
"""

BACKEND: Final = '''
"""Builds an editable wheel: a .pth file and one program; waits at a gate where there is one."""
import zipfile
from pathlib import Path

def build_editable(folder, config_settings=None, metadata_directory=None):
    if Path("gate").is_fifo():
        Path("gate").read_text()
    name = "mesh_chat-1-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder, name), "w") as wheel:
        wheel.writestr("mesh_chat.pth", f"{Path.cwd()}\\n")
        info = "mesh_chat-1.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: mesh-chat\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\nmesh-agent = program:main\\n")
        wheel.writestr(info + "RECORD", "")
    return name
'''

PROGRAM: Final = """
import sys

def main():
    import anchor
    print("agent", anchor.NAME, *sys.argv[1:])
"""


QUICK_VENV: Final = '''
"""`python -m venv`, with the pip that another environment was given by it: to unpack it takes seconds."""
import os
import shutil
import sys
from pathlib import Path

here = Path(__file__).parent
sys.path.remove(str(here))
import venv

(folder,) = sys.argv[1:]
venv.create(folder, symlinks=True)
(packages,) = Path(folder).glob("lib/python*/site-packages")
shutil.copytree(here / "packages", packages, copy_function=os.link, dirs_exist_ok=True)
'''


def prepare_pip(folder: Path) -> None:
    """Makes `folder` what, as `PYTHONPATH`, makes environments at once; several may ask for one at a time."""
    with folder.with_name(f"{folder.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return
        fresh = folder.with_name(f"{folder.name}.new")
        subprocess.run([BASE_PYTHON, "-m", "venv", fresh / "venv"], check=True, stdin=subprocess.DEVNULL)
        (packages,) = (fresh / "venv").glob("lib/python*/site-packages")
        packages.rename(fresh / "packages")
        (fresh / "venv.py").write_text(QUICK_VENV)
        fresh.rename(folder)


def copy_tree(old: Path, new: Path) -> None:
    """A copy for a test to change; installed packages, which nobody writes into, are the same files."""

    def copy(source: str, to: str) -> None:
        (os.link if "/site-packages/pip/" in source else shutil.copy2)(source, to)

    shutil.copytree(old, new, symlinks=True, copy_function=copy)


def write_wheel(folder: Path, name: str) -> str:
    """A wheel of one module that holds its own name; gives its line for a lock file."""
    path = folder / f"{name}-1-py3-none-any.whl"
    info = f"{name}-1.dist-info/"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", f"NAME = {name!r}\n")
        wheel.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(info + "RECORD", "")
    return f"{name}==1 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A project folder, and a folder that is the whole PATH of what runs in it."""

    root: Path
    path: Path
    quick: Path | None = None
    """What `prepare_pip` made; without it an environment is made as everywhere."""

    @classmethod
    def make(cls, folder: Path, installer: str, quick: Path | None = None) -> "Checkout":
        """A fresh checkout below `folder`, on a machine that has Python and, perhaps, uv."""
        checkout = cls(folder / "a checkout", folder / "bin", quick)
        wheels = folder / "wheels"
        for each in (checkout.root / "scripts", checkout.path, wheels):
            each.mkdir(parents=True)
        for script in ("mesh", "environment.sh", "environment.py"):
            shutil.copy(ROOT / "scripts" / script, checkout.root / "scripts")
        (checkout.root / "pyproject.toml").write_text(PYPROJECT)
        (checkout.root / "backend.py").write_text(BACKEND)
        (checkout.root / "program.py").write_text(PROGRAM)
        for lock in LEVELS["test"]:
            (checkout.root / lock).write_text("")
        (checkout.root / "requirements.lock").write_text(write_wheel(wheels, "anchor"))
        (checkout.root / "requirements-test.lock").write_text(write_wheel(wheels, "rope"))
        for tool in TOOLS:
            (checkout.path / tool).symlink_to(str(shutil.which(tool)))
        checkout.put("python3", f'exec "{BASE_PYTHON}" "$@"')
        if installer == "uv":
            checkout.put("uv", f'PATH="{os.environ["PATH"]}" exec uv "$@"')
        return checkout

    def put(self, program: str, script: str) -> None:
        """Makes a program of these lines of shell."""
        path = self.path / program
        path.write_text(f"#!{shutil.which('sh')}\n{script}\n")
        path.chmod(0o755)

    def start(self, *command: str, cwd: Path | None = None, **more: str) -> subprocess.Popen[str]:
        wheels = str(self.path.with_name("wheels"))
        uv_settings = self.path.with_name("uv.toml")
        uv_settings.write_text(f"no-index = true\nfind-links = [{json.dumps(wheels)}]\n")
        offline = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": wheels,
            "PIP_CONFIG_FILE": os.devnull,
            "UV_CONFIG_FILE": str(uv_settings),
            "UV_CACHE_DIR": str(self.path.with_name("cache")),
        }
        if self.quick:
            offline["PYTHONPATH"] = str(self.quick)
        inherited = {
            name: os.environ[name] for name in ("HOME", "PYENV_VERSION", "PYENV_ROOT") if name in os.environ
        }
        return subprocess.Popen(
            [str(self.root / command[0]), *command[1:]],
            cwd=cwd or self.root,
            env=inherited | offline | {"PATH": str(self.path)} | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        with self.start(*command, cwd=cwd, **more) as process:
            output, errors = process.communicate()
            return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def level(self) -> str:
        """The level at which the environment is complete."""
        return str(json.loads((self.root / ".venv/mesh-stamp").read_text())["level"])

    def forget_installers(self) -> None:
        """Takes from the machine, and from the environment, all that could install or make one."""
        for program in ("python3", "uv"):
            (self.path / program).unlink(missing_ok=True)
        for pip in self.root.glob(".venv/lib/python*/site-packages/pip"):
            shutil.rmtree(pip)
