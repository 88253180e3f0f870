"""The program in a pseudo-terminal: what comes out of it when somebody is spoken to and looks elsewhere."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from tests.support.conditions import PATIENCE_S, until
from tests.support.terminal import Terminal, running
from tests.tui.conftest import SignUp
from tests.tui.seat import PASSWORD

PLAIN = re.compile(rb"(?:\x1b\[[0-?]*[ -/]*[@-~]|\x1b[78]|[^\x00-\x1f\x7f])*")
"""What paints a screen: movements and colours, saved cursors, and text."""

BELL = b"\x07"
TITLE = b"\x1b]2;(1) mesh\x07"
FOCUS_OUT = "\x1b[O"
KITTY = re.compile(rb"\x1b\]99;i=mesh:e=1:d=0;[\w+/=]+\x1b\\\x1b\]99;i=mesh:e=1:p=body;[\w+/=]+\x1b\\")
FOOT = re.compile(rb"\x1b\]777;notify;bob\d+ in [\w ]+;@\w+ are you there\?\x1b\\")
INSIDE_TMUX = re.compile(rb"\x1bPtmux;\x1b\x1b\]9;bob\d+ in [\w ]+: @\w+ are you there\?\x1b\x1b\\\x1b\\")


@pytest.fixture
async def room(shared_server: str, number: int) -> str:
    """Alice has an account, which is kept in her profile, and a room."""
    alice = await Agent.open(profile="alice", server=shared_server)
    await alice.register(f"alice{number}", PASSWORD)
    await alice.wait_connected(PATIENCE_S)
    room = await alice.create_room(f"room {number}")
    await alice.close()
    return room.id


@pytest.fixture
async def bob(sign_up: SignUp, shared_server: str, number: int, room: str) -> Agent:
    bob = await sign_up(f"bob{number}", shared_server)
    await bob.join(room)
    return bob


@contextmanager
def _running(term: str, more: dict[str, str], *command: str | Path) -> Iterator[Terminal]:
    """Alice's program, or what `command` makes of it, in a terminal."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TEXTUAL")}
    program = [*command, sys.executable, "-m", "mesh_tui", "--profile", "alice"]
    with running(Terminal(program, environment | more, columns=80, rows=24, term=term)) as terminal:
        yield terminal


async def _look_away(terminal: Terminal) -> None:
    await asyncio.to_thread(terminal.wait_for, lambda text: "connected" in text and "▌" in text)
    terminal.type(FOCUS_OUT)
    await asyncio.to_thread(terminal.wait_for, "▌", gone=True)  # the mark of what has the focus


async def _written(
    terminal: Terminal, bob: Agent, room: str, number: int, wanted: re.Pattern[bytes]
) -> bytes:
    """What the program writes once alice looks elsewhere and bob speaks to her: whole sequences."""
    await asyncio.to_thread(terminal.wait_for_bytes, b"\x1b]2;mesh\x07")
    await _look_away(terminal)
    terminal.forget_bytes()
    await bob.send(room, f"@alice{number} are you there?")
    await until(lambda: wanted.search(terminal.last_bytes), "the notification")
    await until(lambda: TITLE in terminal.last_bytes, "the title")
    await until(lambda: _besides(terminal.last_bytes, wanted).count(BELL), "the bell")
    await until(lambda: _is_plain(_besides(terminal.last_bytes, wanted)), "the end of a frame, and no more")
    return terminal.last_bytes


def _besides(written: bytes, wanted: re.Pattern[bytes]) -> bytes:
    """What is neither the notification nor the first title."""
    return wanted.sub(b"", written).replace(TITLE, b"", 1)


def _is_plain(written: bytes) -> bool:
    return PLAIN.fullmatch(written.replace(BELL, b"")) is not None


@pytest.mark.parametrize(
    ("term", "more", "wanted"),
    [
        ("xterm-kitty", {}, KITTY),
        ("foot", {}, FOOT),
        ("tmux-256color", {"TMUX": "/nowhere,1,0", "LC_TERMINAL": "iTerm2"}, INSIDE_TMUX),
    ],
    ids=["kitty", "foot", "tmux"],
)
async def test_a_mention_reaches_the_desktop_and_nothing_else_is_written(
    term: str, more: dict[str, str], wanted: re.Pattern[bytes], bob: Agent, room: str, number: int
) -> None:
    with _running(term, more) as terminal:
        written = await _written(terminal, bob, room, number, wanted)
        assert len(wanted.findall(written)) == 1
        assert _besides(written, wanted).count(BELL) == 1


async def test_a_terminal_that_says_its_name_needs_no_environment(bob: Agent, room: str, number: int) -> None:
    with _running("xterm-256color", {}) as terminal:
        await asyncio.to_thread(terminal.wait_for_bytes, b"\x1b[>q")
        terminal.type("\x1bP>|foot(1.16.2)\x1b\\")
        written = await _written(terminal, bob, room, number, FOOT)
        assert b"1.16.2" not in written
        assert "1.16.2" not in terminal.text


async def test_the_title_and_alt_are_given_back_while_stopped_and_at_the_end(room: str) -> None:
    with _running("xterm-256color", {}) as terminal:
        begins = (b"\x1b[22;2t\x1b]2;mesh\x07", b"\x1b[?1036s\x1b[?1036h")
        await asyncio.to_thread(terminal.wait_for_bytes, *begins)
        await asyncio.to_thread(terminal.wait_for, "connected")
        for number, set_again in ((signal.SIGTSTP, True), (signal.SIGTERM, False)):
            terminal.forget_bytes()
            terminal.process.send_signal(number)
            await asyncio.to_thread(terminal.wait_for_bytes, b"\x1b[23;2t", b"\x1b[?1036r")
            if not set_again:
                await asyncio.to_thread(terminal.wait)
                await asyncio.to_thread(terminal.wait_for_bytes, b"\x1b[?1004l")
            assert terminal.last_bytes.count(b"\x1b[23;2t") == 1
            if set_again:
                await asyncio.to_thread(os.waitpid, terminal.process.pid, os.WUNTRACED)
                terminal.process.send_signal(signal.SIGCONT)
                await asyncio.to_thread(terminal.wait_for_bytes, *begins)


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str | Path]]:
    """A tmux of the test's own, that lets sequences through."""
    program = shutil.which("tmux")
    if program is None:
        pytest.skip("there is no tmux")
    settings = tmp_path / "tmux.conf"
    settings.write_text("set -g allow-passthrough on\nset -g focus-events on\nset -g status off\n")
    command: list[str | Path] = [program, "-S", tmp_path / "tmux", "-f", settings]
    yield [*command, "new-session"]
    subprocess.run([*command, "kill-server"], check=False, stderr=subprocess.DEVNULL)


async def test_through_tmux_it_reaches_the_terminal_that_tmux_is_shown_on(
    tmux: list[str | Path], bob: Agent, room: str, number: int
) -> None:
    with _running("xterm-256color", {}, *tmux) as terminal:
        await asyncio.to_thread(terminal.wait_for_bytes, b"\x1b[>q")
        terminal.type("\x1bP>|foot(1.16.2)\x1b\\")
        await _look_away(terminal)
        await bob.send(room, f"@alice{number} are you there?")
        await until(lambda: FOOT.search(terminal.last_bytes), "the notification")
