"""The real `ssh` on a terminal, as somebody who has nothing else would use it."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from mesh_server.doors.sessions import Program, Running
from tests.support.conditions import PATIENCE_S

SSH: Final = shutil.which("ssh") or ""
needs_ssh: Final = pytest.mark.skipif(not SSH, reason="there is no ssh here: apt install openssh-client")


class Caller:
    """`ssh NAME@127.0.0.1` in a terminal of its own. `text` is all that it has shown."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.text = b""

    @classmethod
    async def start(cls, folder: Path, port: int, name: str, *arguments: str, **options: str) -> "Caller":
        """`arguments` stand before the name; `options` are of `-o`, but `command`, which stands behind."""
        command = options.pop("command", "")
        known = {
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": str(folder / "known_hosts"),
            "IdentitiesOnly": "yes",
            "IdentityFile": "none",
        } | options
        set_ = [part for option, value in known.items() for part in ("-o", f"{option}={value}")]
        program = Program(
            argv=[
                SSH,
                "-F",
                "none",
                "-p",
                str(port),
                *set_,
                *arguments,
                f"{name}@127.0.0.1",
                *command.split(),
            ],
            env={"TERM": "xterm-256color", "PATH": os.environ["PATH"], "HOME": str(folder)},
            cwd=str(folder),
            memory_mib=512,
            width=91,
            height=23,
        )
        return cls(await Running.start(program))

    @property
    def pid(self) -> int:
        """Of the terminal; where that is killed, ssh is too."""
        return self._running.pid

    async def sees(self, words: str) -> str:
        """Reads until these words have come since the last time; what came before them."""
        async with asyncio.timeout(PATIENCE_S):
            while words.encode() not in self.text:
                piece = await self._running.read()
                assert piece, f"{words!r} did not come, and ssh has ended: {self.text!r}"
                self.text += piece
        before, _, self.text = self.text.partition(words.encode())
        return before.decode(errors="replace")

    async def answers(self, question: str, answer: str) -> None:
        await self.sees(question)
        await self.types(f"{answer}\r")

    async def types(self, text: str) -> None:
        await self._running.type(text.encode())

    def resize(self, width: int, height: int) -> None:
        self._running.resize(width, height)

    async def ends(self) -> int:
        """Its exit code, once it has ended by itself."""
        async with asyncio.timeout(PATIENCE_S):
            while piece := await self._running.read():
                self.text += piece
        return await self._running.end()

    async def hangs_up(self) -> None:
        await self._running.end()
