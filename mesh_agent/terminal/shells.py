"""What runs in a shared terminal where no command was given: the person's shell, with a mark in its prompt.

Strategy: whoever sits in a shared shell must see in each line that others may look on. The shell reads what
it always does, and then one line of ours; the files for that are part of this package, so that nothing is
left behind. A shell that cannot be told runs without the mark, and `MESH_SHARED` says it to whatever asks.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from mesh_agent.terminal.processes import MARK

_FILES: Final = Path(__file__).with_name("shell")
_FISH: Final = (
    "functions -q fish_prompt; and functions -c fish_prompt _mesh_prompt;"
    " function fish_prompt; echo -n '(shared) '; functions -q _mesh_prompt; and _mesh_prompt; end"
)
_LEFT_OUT: Final = ("TMUX", "TMUX_PANE", "STY", "COLUMNS", "LINES", "TERMCAP")
"""They speak of the terminal in which this program runs, and the shared one is another."""


def shell_of(environment: Mapping[str, str]) -> str:
    """The person's."""
    return environment.get("SHELL") or "/bin/sh"


def described(command: Sequence[str]) -> str:
    """What runs, for people, in one line."""
    return shlex.join([Path(command[0]).name, *command[1:]])


def prepared(
    command: Sequence[str] | None, terminal: str, environment: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """What is to be run, and in which environment."""
    made = {name: value for name, value in environment.items() if name not in _LEFT_OUT}
    made |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "MESH_SHARED": "1", MARK: terminal}
    if command:
        return list(command), made
    shell = shell_of(environment)
    name = Path(shell).name
    if name == "bash":
        return [shell, "--rcfile", str(_FILES / "bashrc")], made
    if name == "fish":
        return [shell, "-C", _FISH], made
    if name == "zsh":
        own = str(_FILES / "zsh")
        made |= {"MESH_ZDOTDIR": environment.get("ZDOTDIR", environment.get("HOME", "/")), "ZDOTDIR": own}
        made["MESH_ZDOTDIR_OWN"] = own
    return [shell], made
