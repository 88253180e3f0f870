"""The person's shell as it is shared: it reads what it always does, and its prompt has a mark."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Final

import pytest

from mesh_agent.terminal.processes import MARK
from mesh_agent.terminal.pty import Pump, start
from mesh_agent.terminal.shells import prepared
from mesh_agent.terminal.stage import Stage
from mesh_agent.terminal.text import text_of
from tests.support.conditions import until

COLUMNS: Final = 200

OWN: Final = {
    "bash": (".bashrc", "PS1='own> '"),
    "zsh": (".zshrc", "PS1='own> '"),
    "fish": (".config/fish/config.fish", "function fish_prompt; echo -n 'own> '; end"),
}
"""Where each of them reads its prompt, and one."""


class Shell:
    """The person's shell in a pseudo-terminal, read as the process of a shared terminal reads it."""

    def __init__(self, home: Path, name: str, **more: str) -> None:
        shell = shutil.which(name)
        if shell is None:
            pytest.skip(f"there is no {name} here")
        environment = {"HOME": str(home), "SHELL": shell, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        command, made = prepared(None, "t1", environment | more)
        self._started = start(command, made, home, COLUMNS, 24)
        self._stage = Stage(COLUMNS, 24, 100, lambda: None)
        self._pump = Pump(self._started.descriptor, self._stage.take, lambda: None)
        self._pump.begin()

    def __enter__(self) -> "Shell":
        return self

    def __exit__(self, *error: object) -> None:
        os.killpg(self._started.pid, signal.SIGKILL)
        os.waitpid(self._started.pid, 0)
        self._pump.close()
        self._stage.close()

    @property
    def text(self) -> str:
        self._stage.look(time.monotonic(), time.monotonic)
        return "\n".join(text_of(self._stage.screen.rows))

    def type(self, text: str) -> None:
        self._pump.write(text.encode())

    async def shows(self, wanted: str, times: int = 1) -> None:
        await until(lambda: self.text.count(wanted) >= times, f"{wanted!r} {times} times")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("name", OWN)
async def test_the_prompt_is_the_persons_own_with_a_mark(tmp_path: Path, name: str) -> None:
    file, text = OWN[name]
    write(tmp_path / file, f"{text}\n")
    with Shell(tmp_path, name) as shell:
        await shell.shows("(shared) own>")
        shell.type(f"echo $MESH_SHARED ${MARK} is told\r")
        await shell.shows("1 t1 is told")
        await shell.shows("(shared) own>", 2)


@pytest.mark.parametrize("name", OWN)
async def test_there_is_a_mark_also_before_the_shells_own_prompt(tmp_path: Path, name: str) -> None:
    write(tmp_path / ".zshrc", "")  # without any zsh asks a new person what to write there
    with Shell(tmp_path, name) as shell:
        await shell.shows("(shared) ")


async def test_zsh_finds_its_files_where_the_person_has_them(tmp_path: Path) -> None:
    """Named by the environment, or by the file that zsh reads before all others."""
    write(tmp_path / "one" / ".zshrc", "PS1='one> '\n")
    write(tmp_path / "two" / ".zshrc", 'PS1="two $ZDOTDIR> "\n')
    write(tmp_path / ".zshenv", f"ZDOTDIR={tmp_path}/two\n")
    with Shell(tmp_path, "zsh", ZDOTDIR=f"{tmp_path}/one") as shell:
        await shell.shows("(shared) one>")
    with Shell(tmp_path, "zsh") as shell:
        await shell.shows(f"(shared) two {tmp_path}/two>")
