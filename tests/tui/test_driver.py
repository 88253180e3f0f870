"""The terminal that is slow, and the one that goes away."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mesh_tui.aside import ASK
from mesh_tui.driver import HANG_UP, LOOK_S, SETTLE_S, wait_for
from mesh_tui.writing import WAITING_BYTES, WRITE_BYTES, Writer
from tests.support.conditions import PATIENCE_S
from tests.support.server import ServerProcess, running_server
from tests.support.terminal import Emulator, Terminal, running

# ── the writer, without an app ───────────────────────────────────────────────────────────────────


class Line:
    """A pseudo-terminal that takes only what is read from it, and a writer to it."""

    def __init__(self) -> None:
        self.near, self.far = pty.openpty()
        self.came = ""
        self.drained = threading.Event()
        self.lost = threading.Event()
        self.writer = Writer(self.far, self.drained.set, self.lost.set)
        self.writer.start()

    def read_until(self, text: str) -> str:
        """All up to that text, and it."""
        while text not in self.came:
            assert select.select([self.near], [], [], PATIENCE_S)[0], f"{text[:20]!r} did not come"
            self.came += os.read(self.near, 65536).decode()
        before, found, self.came = self.came.partition(text)
        return before + found


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.writer.stop()
    os.close(line.near)


def test_what_is_written_arrives_in_order(line: Line) -> None:
    for number in range(200):
        line.writer.write(f"{number},")
    line.writer.stop()
    assert line.read_until("199,") == "".join(f"{number}," for number in range(200))


def test_writing_never_waits_for_a_terminal_that_takes_nothing(line: Line) -> None:
    for _ in range(100):
        line.writer.write("x" * 10_000)
    assert line.writer.waiting


def test_it_says_once_when_the_line_is_free_again(line: Line) -> None:
    size = 64 * 1024
    line.writer.write("x" * size)
    assert line.writer.waiting
    assert not line.drained.is_set()
    # A pseudo-terminal takes some on its own, but never all of this.
    data = b""
    while len(data) < size:
        data += os.read(line.near, 65536)
    assert line.drained.wait(PATIENCE_S)
    assert not line.writer.waiting


def test_a_little_that_waits_does_not_count(line: Line) -> None:
    line.writer.write("x" * (WAITING_BYTES - WRITE_BYTES))
    assert not line.writer.waiting


def test_a_terminal_that_is_gone_is_said_and_ends_the_writing(line: Line) -> None:
    os.close(line.near)
    line.writer.write("x" * 1_000_000)
    assert line.lost.wait(PATIENCE_S)
    line.writer.write("more")
    assert not line.writer.waiting
    line.near = os.open(os.devnull, os.O_RDONLY)


def test_the_end_does_not_wait_for_a_terminal_that_takes_nothing(line: Line) -> None:
    line.writer.write("x" * 1_000_000)
    line.writer.stop()
    assert line.writer.is_alive(), "it is left to the end of the process"


def test_what_cannot_be_encoded_does_not_end_the_writing(line: Line) -> None:
    line.writer.write("a\ud800b")
    line.writer.stop()
    assert line.read_until("b") == "a?b"


def test_a_frame_does_not_wait_for_a_picture_that_the_terminal_has_not_read(line: Line) -> None:
    commands = [f"<{number:04}{'p' * 4_000}>" for number in range(100)]
    line.writer.say_aside(commands)
    on_its_way = "".join(command + ASK for command in commands[:2])
    assert line.read_until(on_its_way) == on_its_way
    line.writer.write("a letter")
    assert line.read_until("a letter") == "a letter"
    unanswered = 2
    for command in commands[2:]:
        for _ in range(unanswered):  # all: after a late answer no more than one is on its way
            line.writer.answered()
        line.read_until(f"{command}{ASK}")
        unanswered = 1


def test_who_waits_until_the_terminal_has_read_everything_hears_once_when_it_has(line: Line) -> None:
    told = threading.Event()
    line.writer._caught_up = told.set

    def has_read() -> bool:
        return line.writer.has_read

    assert has_read()
    line.writer.write_asking("sixels")
    assert not has_read()
    assert line.read_until(ASK) == f"sixels{ASK}"
    assert not told.is_set()
    line.writer.answered()
    assert told.wait(PATIENCE_S)
    assert has_read()


def test_at_the_end_a_picture_that_is_half_there_is_ended(line: Line) -> None:
    line.writer.say_aside(["x" * 6_000, "y" * 6_000, "z" * 6_000], "broken off")
    line.writer.say_aside(["removal"])
    line.read_until("x" * 6_000 + ASK)
    line.writer.stop()
    assert line.read_until("removal") == "broken offremoval"


# ── what is typed ────────────────────────────────────────────────────────────────────────────────


def test_a_key_waits_for_the_one_before_it_in_a_slow_app_and_not_in_one_that_ends() -> None:
    assert SETTLE_S > 20 * LOOK_S, "nothing that a busy machine takes for one key"
    settling: Future[None] = Future()
    ended, went_on = threading.Event(), threading.Event()

    def key() -> None:
        wait_for(settling, ended)
        went_on.set()

    threading.Thread(target=key, daemon=True).start()
    assert not went_on.wait(3 * LOOK_S)
    settling.set_result(None)
    assert went_on.wait(PATIENCE_S)
    ended.set()
    wait_for(Future(), ended)


# ── the program ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("driver") / "data") as server:
        yield server


def _environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TEXTUAL")} | more


def _program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mesh_tui", *arguments]


@pytest.fixture
def alice(server: ServerProcess, number: int) -> Iterator[Terminal]:
    """In a room of her own, with something half written."""
    with running(
        Terminal(_program("--server", server.url, "--profile", "alice"), _environment())
    ) as terminal:
        terminal.wait_for("Create account")
        terminal.press("ctrl+t")
        terminal.type(f"alice{number}")
        terminal.press("enter")
        terminal.type("password123")
        terminal.press("enter")
        terminal.wait_for("Your rooms")
        terminal.type("n")
        terminal.wait_for("Name of the new room")
        terminal.type(f"room {number}")
        terminal.press("enter")
        terminal.wait_for(f"Message room {number}")
        terminal.type("half a thought")
        terminal.wait_for("half a thought")
        yield terminal


def _drafts(home: Path) -> str:
    return "".join(path.read_text() for path in home.rglob("drafts.json"))


@pytest.mark.parametrize("number_", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_tidily(number_: signal.Signals, alice: Terminal, home: Path) -> None:
    alice.process.send_signal(number_)
    assert alice.wait() == 128 + number_
    assert "half a thought" in _drafts(home)


def test_a_kill_while_typing_keeps_the_draft(alice: Terminal, server: ServerProcess, home: Path) -> None:
    """All but what was typed in the last `SETTLE_S`, and during one write of the file."""
    for word in ("and", "another", "one"):
        alice.type(f" {word}")
        alice.wait_for(f" {word}")
    alice.wait_for(lambda _: "half a thought and another one" in _drafts(home))
    alice.type(" lost?")
    alice.wait_for("lost?")
    alice.process.kill()
    alice.wait()
    assert "half a thought and another one" in _drafts(home)
    with running(Terminal(_program("--server", server.url, "--profile", "alice"), _environment())) as again:
        again.wait_for("Your rooms")
        again.press("enter")
        again.wait_for("half a thought and another one")


def test_a_folder_that_cannot_be_written_is_told_once(alice: Terminal, home: Path) -> None:
    alice.wait_for(lambda _: "half a thought" in _drafts(home))
    (drafts,) = home.rglob("drafts.json")
    away = drafts.parent.with_name("away")
    drafts.parent.rename(away)
    alice.type(" more")
    alice.wait_for("What you type is not saved for now.")
    alice.type(" and more")
    alice.wait_for("and more")
    assert alice.text.count("is not saved for now") == 1
    away.rename(drafts.parent)
    alice.type(".")
    alice.wait_for(lambda _: "more and more." in _drafts(home))


class Bare:
    """The program in a pseudo-terminal that is read only when asked. `controlling`: it gets SIGHUP too."""

    def __init__(self, *arguments: str, controlling: bool, more: dict[str, str]) -> None:
        self.near, far = pty.openpty()
        self._emulator = Emulator(100, 30)
        self.process = subprocess.Popen(
            _program(*arguments),
            stdin=far,
            stdout=far,
            stderr=far,
            env=_environment(TERM="xterm-256color", LINES="30", COLUMNS="100", **more),
            start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if controlling else None,
        )
        os.close(far)

    def read_until(self, text: str, *, at_once: int = 65536) -> bytes:
        """Reads until `text` is on the screen; what has been read."""
        data = b""
        while text not in self._emulator.text:
            assert select.select([self.near], [], [], PATIENCE_S)[0], self._emulator.text
            piece = os.read(self.near, at_once)
            self._emulator.feed(piece)
            data += piece
        return data

    def type(self, text: str) -> None:
        os.write(self.near, text.encode())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)
        with suppress(OSError):
            os.close(self.near)


@contextmanager
def bare(*arguments: str, controlling: bool = True, more: dict[str, str] | None = None) -> Iterator[Bare]:
    program = Bare(*arguments, controlling=controlling, more=more or {})
    try:
        yield program
    finally:
        program.close()


@pytest.mark.parametrize("controlling", [True, False], ids=["with SIGHUP", "end of input only"])
def test_a_terminal_that_hangs_up_ends_it_and_nothing_is_lost(
    controlling: bool, server: ServerProcess, alice: Terminal, home: Path
) -> None:
    alice.press("ctrl+q")
    alice.wait()
    with bare("--server", server.url, "--profile", "alice", controlling=controlling) as program:
        program.read_until("Your rooms")
        program.type("\r")
        program.read_until("half a thought")
        program.type(" and a bit")
        program.read_until("and a bit")
        os.close(program.near)
        assert program.process.wait(PATIENCE_S) == HANG_UP
    assert "half a thought and a bit" in _drafts(home)


def test_keys_sent_in_one_go_land_where_the_first_leads(alice: Terminal) -> None:
    alice.press("escape")
    alice.wait_for("Your rooms")
    alice.type("/who\r")
    alice.wait_for("/who works in a room")
    alice.press("escape")
    alice.wait_for("✗", gone=True)
    alice.type("nattic\r")
    alice.wait_for("beginning of attic")


def test_ctrl_c_ends_nothing_and_ctrl_q_does(alice: Terminal) -> None:
    alice.press("ctrl+c")
    alice.type("!")
    alice.wait_for("half a thought!")
    alice.press("ctrl+q")
    assert alice.wait() == 0


@pytest.mark.presses("room.bare")
def test_bare_lines_are_whole_and_the_mouse_is_the_terminals(alice: Terminal) -> None:
    words = "word " * 30
    alice.type(f"; {words}")
    alice.press("enter")
    alice.wait_for(lambda text: "▎ half a thought; word" in text)
    alice.press("alt+l")
    text = alice.wait_for("Any key goes back")
    written = f"half a thought; {words}".rstrip()
    assert written in "".join(line.ljust(100) for line in text.split("\n")), text
    assert not {"▎", "│", "╭", "●"} & set(text)
    alice.wait_for_bytes(b"\x1b[?1000l", b"\x1b[?7h", written.encode())
    alice.type("x")
    alice.wait_for(
        lambda text: "▎ half a thought" in text and "● connected" in text and "Any key" not in text
    )
    alice.wait_for_bytes(b"\x1b[?1000h", b"\x1b[?7l")


def _joined(text: str) -> str:
    """The screen with its rows put together: where they break depends on how long a name is."""
    return text.replace("\n", "").replace("▎ ", "")


def test_a_bare_line_longer_than_the_screen_is_read_from_its_beginning(alice: Terminal) -> None:
    pasted = "; " + "".join(f"<{number:04}>" for number in range(600))  # 36 rows of 100 cells, on 30
    alice.type(f"\x1b[200~{pasted}\x1b[201~")
    alice.wait_for(lambda text: "0599>" in _joined(text))
    alice.press("enter")
    alice.wait_for(lambda text: "Message room" in text and "<0599>" in _joined(text))
    alice.press("alt+l")
    text = alice.wait_for(lambda text: "Any key goes back" in text and "<0599>" in _joined(text))
    assert "half a thought;" not in text
    alice.type("\x1b[5~")
    alice.wait_for(lambda text: "half a thought; <0000>" in text and "Any key goes back" in text)
    alice.type("\x1b[6~")
    alice.wait_for(lambda text: "<0599>" in _joined(text))


def test_the_log_holds_no_password_and_no_text(alice: Terminal, home: Path) -> None:
    alice.press("enter")
    alice.wait_for(lambda text: "▎ half a thought" in text)
    alice.press("ctrl+q")
    alice.wait()
    (log,) = home.rglob("tui.log")
    assert log.stat().st_mode & 0o077 == 0
    assert not {"password123", "half a thought"} & set(log.read_text().split("\n"))
    assert "password" not in log.read_text()


def test_a_line_that_takes_nothing_for_a_while_gets_the_last_screen_not_all_of_them(
    server: ServerProcess,
) -> None:
    with bare("--server", server.url, "--profile", "slow") as program:
        program.read_until("Username")
        for count in range(300):
            program.type("x" if count % 30 else "\x15")
            # Time for a frame: a terminal that reads would get one for each key.
            select.select([], [], [], 0.01)
        program.type("\x15the end")
        late = program.read_until("the end")
        print(len(late))
        # What the pseudo-terminal takes by itself, what waits, and a frame; one frame a key is 220,000 bytes.
        assert len(late) < 60_000


def test_nothing_that_was_put_off_is_forgotten(server: ServerProcess) -> None:
    with bare("--server", server.url, "--profile", "halting") as program:
        program.read_until("Username")
        for count in range(40):
            # The help paints the whole screen, which is more than may wait.
            program.type("\x1bOP")
            program.read_until("Keys", at_once=500)
            program.type(f"\x1b[27u\x15round{count}")
            program.read_until("Username", at_once=500)
            # While the line gets free again, a last letter comes.
            program.type(".")
            program.read_until(f"round{count}.", at_once=500)


@pytest.mark.parametrize(("arguments", "more"), [((), {"NO_COLOR": "1"}), (("--color", "none"), {})])
def test_without_colours_no_colour_is_sent(
    arguments: tuple[str, ...], more: dict[str, str], server: ServerProcess
) -> None:
    with bare("--server", server.url, "--profile", "plain", *arguments, more=more) as program:
        data = program.read_until("Username")
        assert not any(code in data for code in (b"[38;", b"[48;", b";38;", b";48;"))
