"""A call in terminals that show pixels: whole programs, and what such a terminal is told."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mesh_agent.media.video import pattern
from tests.e2e.test_calls import ROOM, SETTINGS, Person, end, until
from tests.e2e.test_calls import persons as persons
from tests.e2e.test_story import say
from tests.support.pictured import PictureTerminal, Sent
from tests.support.terminal import PATIENCE_S, running

CELL = (9, 18)  # its screen is 100 columns and 30 rows
Shown = Callable[[PictureTerminal], dict[tuple[int, ...], Sent]]


def by_kitty(terminal: PictureTerminal) -> dict[tuple[int, ...], Sent]:
    """The picture that it shows last of each number."""
    return {sent.place: sent for sent in terminal.by_kitty()}


def by_sixels(terminal: PictureTerminal) -> dict[tuple[int, ...], Sent]:
    sent = terminal.last_sixels()
    return {} if sent is None else {sent.place: sent}


def number(sent: Sent) -> int | None:
    """That of the test picture."""
    rows = sent.down // 2
    return pattern.read(sent.pixels[: 2 * rows * sent.across * 3], sent.across, rows)


def newest(terminal: PictureTerminal, shown: Shown, *, after: int = -1) -> dict[tuple[int, ...], Sent]:
    """What is shown, once one of them has a number after this."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = shown(terminal)
        numbers = [number(sent) for sent in found.values()]
        if any(each is not None and each > after for each in numbers):
            return found
        assert time.monotonic() < deadline, (len(found), numbers, terminal.text)
        time.sleep(0.1)


@contextmanager
def calling(persons: list[Person], name: str, settings: str = "") -> Iterator[PictureTerminal]:
    """Alice in a terminal of that name, who has called bob; both show the test picture."""
    alice, bob = persons[:2]
    folder = Path(alice.environment["HOME"], ".config", "mesh")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.toml").write_text(SETTINGS + settings)
    with ExitStack() as stack:
        answering = stack.enter_context(bob.call("--answer", "--audio-in", "tone", "--video-in", "test"))
        stack.callback(answering.kill)
        terminal = PictureTerminal(alice.command, alice.environment, name, CELL)
        stack.enter_context(running(terminal))
        terminal.wait_for(lambda text: ROOM in text and "connected" in text)
        terminal.press("enter")
        terminal.wait_for(f"Message {ROOM}")
        say(terminal, "/call @bob --video")
        until(answering, user="alice", state="connected")
        terminal.wait_for("● bob")
        yield terminal
        terminal.type("q")
        terminal.wait_for("The call is over")
        terminal.press("ctrl+q")
        assert terminal.wait() == 0
        assert end(answering)[0] == 0


def looks_elsewhere_and_back(terminal: PictureTerminal, shown: Shown) -> None:
    """The help lies above the call, which goes on."""
    before = max(number(sent) or 0 for sent in newest(terminal, shown).values())
    terminal.press("f1")
    terminal.wait_for("Keys and commands")
    terminal.press("escape")
    terminal.wait_for("Keys and commands", gone=True)
    newest(terminal, shown, after=before + 1)


def test_kitty_is_told_pixels_and_forgets_them_when_the_call_is_left(persons: list[Person]) -> None:
    with calling(persons, "kitty(0.41.1)") as terminal:
        newest(terminal, by_kitty)
        looks_elsewhere_and_back(terminal, by_kitty)
        terminal.wait_for("░░░░")
        assert "▀▀" not in terminal.text
        told = [keys for keys, _ in terminal.commands()]
        placed = {keys["i"] for keys in told if keys.get("a") == "p"}
        edited = {keys["i"] for keys in told if keys.get("a") == "f" and "i" in keys}
        assert edited
        assert edited <= placed, "what comes next takes the place of what is there"
    removed = [keys["i"] for keys, _ in terminal.commands() if keys.get("a") == "d"]
    assert sorted(removed) == sorted(placed), "nothing is left in the terminal"


def test_a_terminal_with_sixels_is_painted_pixels_in_the_tiles(persons: list[Person]) -> None:
    with calling(persons, "foot(1.16.2)") as terminal:
        looks_elsewhere_and_back(terminal, by_sixels)
        ((place, sent),) = newest(terminal, by_sixels).items()
        row, column = place
        assert (sent.across % CELL[0], sent.down % CELL[1]) == (0, 0)
        lines = terminal.text.splitlines()
        below = lines[row - 1 + sent.down // CELL[1]]
        assert below[column - 1] in "●○◌✕", "the row with the name is below it"
        assert "▀▀" not in terminal.text


def test_who_wants_halves_of_cells_gets_those(persons: list[Person]) -> None:
    with calling(persons, "kitty(0.41.1)", '[look]\npictures_by = "halves"\n') as terminal:
        terminal.wait_for("▀▀▀▀▀▀▀▀")
        assert not terminal.commands()
        assert terminal.last_sixels() is None
