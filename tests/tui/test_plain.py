"""Plain mode as a program: over pipes, and on a terminal that can do nothing."""

import asyncio
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from mesh_tui.slash_commands import COMMANDS
from tests.support.conditions import PATIENCE_S
from tests.tui.conftest import SignUp
from tests.tui.seat import PASSWORD

PAGE = Path(__file__).parents[2] / "docs" / "plain.md"
COMMAND = [sys.executable, "-m", "mesh_tui", "--plain"]


class Console:
    """A running program; what it has said so far is `text`."""

    def __init__(self, process: subprocess.Popen[bytes], out: int, into: int) -> None:
        self.process = process
        self.text = ""
        self._out = out
        self._into = into
        self._decoder = getincrementaldecoder("utf-8")()  # a piece may end within a letter

    def type(self, *lines: str) -> None:
        for line in lines:
            os.write(self._into, f"{line}\n".encode())

    def sees(self, *texts: str) -> None:
        """Reads until all of `texts` were said."""
        ends = time.monotonic() + PATIENCE_S
        while not all(text in self.text for text in texts):
            ready, _, _ = select.select([self._out], [], [], max(0, ends - time.monotonic()))
            data = os.read(self._out, 65536) if ready else b""
            if not data:
                raise AssertionError(f"waited in vain for {texts}; it said:\n{self.text}")
            self.text += self._decoder.decode(data)

    def end(self) -> int:
        """Closes its input; the code that it ends with."""
        os.close(self._into)
        self._into = -1
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in {self._out, self._into} - {-1}:
            os.close(descriptor)


@contextmanager
def _piped(profile: str, server: str) -> Iterator[Console]:
    out, its_out = os.pipe()
    its_into, into = os.pipe()
    arguments = [*COMMAND, "--profile", profile, "--server", server]
    process = subprocess.Popen(arguments, stdin=its_into, stdout=its_out, stderr=its_out)
    os.close(its_out)
    os.close(its_into)
    console = Console(process, out, into)
    try:
        yield console
    finally:
        console.close()


@contextmanager
def _terminal(profile: str, server: str) -> Iterator[Console]:
    ours, its = pty.openpty()
    arguments = [*COMMAND, "--profile", profile, "--server", server]
    environment = {**os.environ, "TERM": "dumb"}
    process = subprocess.Popen(
        arguments, stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True
    )
    os.close(its)
    console = Console(process, ours, ours)
    try:
        yield console
    finally:
        console.close()


def _forms() -> dict[str, re.Pattern[str]]:
    """As the manual promises them."""
    block = PAGE.read_text("utf-8").split("```")[1]
    rows = (line.split(maxsplit=1) for line in block.splitlines() if line)
    return {name: re.compile(form, re.ASCII) for name, form in rows}


def _holds(said: str, *wanted: str) -> None:
    """The lines have the forms of the manual, and each of `wanted` is among them."""
    forms, lines = _forms(), said.splitlines()
    for name in wanted:
        assert any(forms[name].search(line) for line in lines), f"none is a {name}:\n{said}"
    assert all(forms["message"].search(line) for line in lines if line.startswith("#"))
    assert all(forms["room"].search(line) for line in lines if line.startswith("  ") and " new" in line)


async def _bob(agent: Agent, room: str, *texts: str) -> str:
    made = await agent.create_room(room)
    for text in texts:
        outgoing = await agent.send(made.id, text)
        await agent.sent(outgoing.nonce, PATIENCE_S)
    return made.id


def test_nothing_of_the_screen_is_loaded() -> None:
    code = "import sys, mesh_tui.plain.session; print('textual' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"


async def test_from_an_account_to_what_was_said_over_pipes(
    sign_up: SignUp, shared_server: str, number: int
) -> None:
    bob = await sign_up(f"bob{number}", shared_server)
    room = await _bob(bob, f"plain{number}", "first", "two\nlines \x1b[31mred")
    with _piped("alice", shared_server) as alice:
        alice.sees("Your name")
        alice.type(f"/register alice{number}", PASSWORD)
        alice.sees(f"Signed in as alice{number}")
        alice.type("nowhere")
        alice.sees("You are in no room.")
        alice.type(f"/join plain{number}")
        alice.sees(": first\n", ": two\n  lines ")
        alice.type("hello **there**", "/reply #2 an answer", "/react #2 👍", "/rooms", "/topic", "/who")
        alice.sees(f"alice{number}: hello **there**", "answers: an answer", "It is put there.", "(here)")
        alice.sees("No topic has been set.", f"● bob{number} online, owner")
        alice.type("/nonsense", "/edit #2 mine", "/theme light", "/kick", "/editor x", "/drop")
        alice.sees(
            "There is no command /nonsense",
            "Plain lines have no themes.",
            "It goes like this: /kick",
            "no editor here",
        )
        alice.type("/notify test")
        alice.sees("There is no terminal that could tell the desktop.")
        outgoing = await bob.send(room, "seen at once?")
        await bob.sent(outgoing.nonce, PATIENCE_S)
        alice.sees(f"bob{number}: seen at once?")
        events = bob.subscribe()
        alice.type("/delete", "yes", "the last word")
        assert alice.end() == 0
        alice.sees("It is deleted.")
    assert "\x1b" not in alice.text
    _holds(alice.text, "message", "more", "opened", "room", "signed_in", "ask")
    async with asyncio.timeout(PATIENCE_S):
        while (page := await bob.history(room)).messages[-1].content != "the last word":
            await anext(aiter(events))
    assert [message.deleted for message in page.messages].count(True) == 1


async def test_a_mention_elsewhere_is_a_line_and_rooms_are_counted(
    sign_up: SignUp, shared_server: str, number: int
) -> None:
    bob = await sign_up(f"bob{number}", shared_server)
    room = await _bob(bob, f"here{number}")
    other = await _bob(bob, f"there{number}")
    with _piped("alice", shared_server) as alice:
        alice.sees("Your name")
        alice.type(f"/register alice{number}", PASSWORD, f"/join there{number}", f"/join here{number}")
        alice.sees(f"In here{number}")
        outgoing = await bob.send(other, f"@alice{number} look")
        await bob.sent(outgoing.nonce, PATIENCE_S)
        alice.sees(f"In there{number} #1")
        alice.type("/rooms")
        alice.sees(f"there{number}: 1 new, 1 for you", f"here{number}: 0 new (here)")
        alice.type("/inbox")
        alice.sees(f"\nthere{number}: 1 new, 1 for you\n  for you: #1 ", f"@alice{number} look\n")
        alice.type(f"/join there{number}", "/mute", f"/join here{number}", "/notify mentions", "/rooms")
        alice.sees("This room is muted", "(muted)", "0 new (mentions only) (here)")
        for text in (f"@alice{number} not told", f"@alice{number} seen"):
            outgoing = await bob.send(other if text.endswith("told") else room, text)
            await bob.sent(outgoing.nonce, PATIENCE_S)
        alice.sees(f"@alice{number} seen")
        assert "not told" not in alice.text
        alice.type("/read", "/inbox")
        alice.sees("Nothing is new.")
        assert alice.end() == 0
    _holds(alice.text, "elsewhere", "message", "room")
    assert room != other


async def test_a_room_that_is_left_is_read_where_that_is_wanted(
    sign_up: SignUp, shared_server: str, number: int, home: Path
) -> None:
    settings = home / "xdg_config_home" / "mesh" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[reading]\nmark_read = "leave"\n')
    bob = await sign_up(f"bob{number}", shared_server)
    here = await _bob(bob, f"here{number}")
    with _piped("alice", shared_server) as alice:
        alice.sees("Your name")
        alice.type(f"/register alice{number}", PASSWORD, f"/join here{number}")
        alice.sees(f"In here{number}")
        outgoing = await bob.send(here, "first words")
        await bob.sent(outgoing.nonce, PATIENCE_S)
        alice.sees("first words")
        alice.type("/rooms")
        alice.sees(f"here{number}: 1 new (here)")
        assert alice.end() == 0
    with _piped("alice", shared_server) as alice:
        alice.type("/rooms")
        alice.sees(f"here{number}: 0 new")
        assert alice.end() == 0


async def test_a_terminal_that_can_do_nothing_hides_the_password_and_gets_only_lines(
    sign_up: SignUp, shared_server: str, number: int
) -> None:
    bob = await sign_up(f"bob{number}", shared_server)
    await _bob(bob, f"dumb{number}", "hello")
    with _terminal("alice", shared_server) as alice:
        alice.sees("Your name")
        alice.type(f"/register alice{number}")
        alice.sees("Password:")
        alice.type("short")
        alice.sees("8 to 1024", "account:")
        alice.text = ""
        alice.type(f"/register alice{number}")
        alice.sees("Password:")
        alice.type(PASSWORD)
        alice.sees("Signed in as")
        alice.type(f"/join dumb{number}")
        alice.sees(": hello")
        assert PASSWORD not in alice.text
        alice.type("/notify test")
        alice.sees("The bell rang: dumb is not known to show more.")
        assert alice.text.count("\a") == 1
        assert not re.search(r"[\x1b\x08]", alice.text)
        alice.type("/quit")
        assert alice.process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("number_of_signal", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_while_it_waits_for_a_line(shared_server: str, number_of_signal: int) -> None:
    with _piped("nobody", shared_server) as nobody:
        nobody.sees("Your name")
        nobody.process.send_signal(number_of_signal)
        assert nobody.process.wait(PATIENCE_S) == 128 + number_of_signal


def test_help_names_every_command_and_none_of_them_ends_it(shared_server: str, number: int) -> None:
    """Each is typed bare, in a room; "no" answers those that ask."""
    last = ["archive", "close", "leave", "delete-room"]
    others = [command.name for command in COMMANDS if command.name not in {*last, "quit", "call", "create"}]
    with _piped("alice", shared_server) as alice:
        alice.sees("Your name")
        alice.type(f"/register alice{number}", PASSWORD, "/help", "/settings")
        alice.sees(*(f"  {command.line}  " for command in COMMANDS), "look.theme = ")
        alice.type(f"/create every {number}", "/theme x", "/replay x")
        for name in [*others, *last]:
            alice.type(f"/{name}", "no", f"/after-{name}")
            alice.sees(f"There is no command /after-{name}.")
        alice.type("/rooms", "/whoami")
        alice.sees("Terminals, and recordings of them, need the whole screen", "No key lets you in by ssh.")
        alice.sees("Sign out all your other devices?", f"every {number}: ", f"Shown as alice{number}")
        assert alice.end() == 0


async def test_files_are_sent_offered_and_refused_in_lines(
    sign_up: SignUp, shared_server: str, number: int, home: Path, tmp_path: Path
) -> None:
    settings = home / "xdg_config_home" / "mesh" / "settings.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('[transfers]\nconnect = "ask"\n')
    notes = tmp_path / "my notes.txt"
    notes.write_text("one two three")
    bob = await sign_up(f"bob{number}", shared_server)
    room = await _bob(bob, f"plain{number}")
    with _piped("alice", shared_server) as alice:
        alice.sees("Your name")
        alice.type(f"/register alice{number}", PASSWORD)
        alice.sees(f"Signed in as alice{number}")
        alice.type("/transfers", f"/join plain{number}", f"/send '{notes}'")
        alice.sees("Nothing is on its way.", f"my notes.txt: bob{number} will be asked.")
        alice.type("/transfers", "/transfers cancel 1", "/transfers cancel 1", "/transfers forget 1")
        alice.sees(f"Waiting:\n  1 my notes.txt to bob{number}: waits for bob{number}, 13 B")
        alice.sees("That makes no sense for my notes.txt now.")
        (me,) = [member for member in await bob.members(room) if member.username == f"alice{number}"]
        await bob.sharing.send(room, [me.user_id], [notes])
        asked = f"A device of bob{number}, which you have not compared, wants to connect"
        await asyncio.to_thread(alice.sees, asked)  # bob works meanwhile
        alice.sees("/accept 2 lets it, /decline 2 does not.")
        alice.type("/rooms", "/accept 1", "/decline")
        alice.sees("1 offer", "There is no transfer 1.", "You declined wants to connect.")
        alice.type("/verify", f"/share '{tmp_path}'", "/unshare", f"/send nothing-here.txt @bob{number}")
        alice.sees("No device of", "can be looked through here.", "is shared no longer.", "nothing-here.txt")
        assert alice.end() == 0
