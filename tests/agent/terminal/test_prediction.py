"""What is shown before the answer is here: only where the program writes what is typed, not for long."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.machines.prediction import GRACE_S, GUESSES_MAX, Guess, Prediction
from protocol.peer_terminal import ALTERNATE_SCREEN, Cursor, Run

COLUMNS, ROWS = 20, 5
LINE_S = 0.1
"""From guest to host, and back."""


@dataclass
class Screen:
    """What a guest has of a screen."""

    texts: list[str]
    cursor: Cursor
    echo: int = 0
    modes: int = 0
    columns: int = COLUMNS
    rows: int = ROWS

    @property
    def rows_(self) -> list[list[Run]]:
        return [[Run(text)] if text else [] for text in self.texts]


@dataclass
class Program:
    """An editor of lines; without `echoes` it writes nothing of what is typed."""

    echoes: bool = True
    quiet_after_enter: bool = False
    lines: list[str] = field(default_factory=lambda: ["$ "])
    column: int = 2
    modes: int = 0

    def read(self, data: str) -> None:
        if data == "\r":
            self.lines.append("? " if self.quiet_after_enter else "$ ")
            self.echoes, self.column = self.echoes and not self.quiet_after_enter, 2
        elif not self.echoes:
            return
        elif data == "\x1b[D":
            self.column = max(2, self.column - 1)
        elif data == "\x1b[C":
            self.column = min(len(self.lines[-1]), self.column + 1)
        elif data == "\x7f":
            if self.column > 2:
                line, self.column = self.lines[-1], self.column - 1
                self.lines[-1] = line[: self.column] + line[self.column + 1 :]
        elif data == "\t":
            self.lines[-1], self.column = self.lines[-1] + "tab", len(self.lines[-1]) + 3
        elif len(self.lines[-1]) < COLUMNS - 1:
            line = self.lines[-1]
            self.lines[-1], self.column = line[: self.column] + data + line[self.column :], self.column + 1

    def screen(self, echo: int) -> Screen:
        seen = self.lines[-ROWS:]
        return Screen(seen, Cursor(min(self.column, COLUMNS - 1), len(seen) - 1), echo, self.modes)


class Desk:
    """A person, a guess, a line, and a program at its end; time passes only here."""

    def __init__(self, program: Program, answer_s: float = 0.01) -> None:
        self.program, self.answer_s = program, answer_s
        self.now, self.stamp = 0.0, 0
        self.screen = program.screen(0)
        self.prediction = Prediction()
        self._given: list[tuple[float, int]] = []
        self._read: list[tuple[float, str]] = []
        self._states: list[tuple[float, Screen]] = []
        self._echo = 0

    def type(self, data: str) -> None:
        self.stamp += 1
        self.prediction.typed(data.encode(), self.stamp, self.screen, self.now)
        self._given.append((self.now + LINE_S, self.stamp))
        self._read.append((self.now + LINE_S + self.answer_s, data))

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            times = [queue[0][0] for queue in (self._given, self._read, self._states) if queue]
            due = self.prediction.due
            at = min([*times, *([due] if due is not None and due > self.now else [])], default=end)
            if at > end:
                break
            self.now = max(self.now, at)
            self._step()
            if not times and due is None:
                break
        self.now = end
        self.prediction.look(self.screen, self.now)

    def _step(self) -> None:
        changed = False
        while self._given and self._given[0][0] <= self.now:
            self._echo, changed = self._given.pop(0)[1], True
        while self._read and self._read[0][0] <= self.now:
            self.program.read(self._read.pop(0)[1])
            changed = True
        if changed:
            self._states.append((self.now + LINE_S, self.program.screen(self._echo)))
        while self._states and self._states[0][0] <= self.now:
            self.screen = self._states.pop(0)[1]
        self.prediction.look(self.screen, self.now)

    @property
    def shown(self) -> str:
        """The row of the cursor, as it is painted."""
        cursor = self.prediction.cursor(self.screen)
        line = list(self.screen.texts[cursor.row].ljust(COLUMNS))
        for guess in self.prediction.guesses:
            if guess.row == cursor.row:
                line[guess.column] = guess.text
        line.insert(cursor.column, "|")
        return "".join(line).rstrip()


def test_nothing_is_shown_before_the_row_has_proven_to_echo() -> None:
    desk = Desk(Program())
    desk.type("l")
    assert desk.shown == "$ |"
    desk.wait(1)
    assert desk.shown == "$ l|"
    desk.type("s")
    desk.type(" ")
    assert desk.shown == "$ ls |"
    assert desk.prediction.guesses == [Guess(0, 3, "s"), Guess(0, 4, " ")]
    assert desk.prediction.underlined
    desk.wait(1)
    assert desk.prediction.guesses == []
    assert desk.shown == "$ ls |"


def test_what_is_typed_at_once_shows_with_the_first_echo() -> None:
    desk = Desk(Program())
    for key in "make":
        desk.type(key)
        desk.wait(0.06)
    assert desk.shown == "$ make|"
    assert desk.prediction.guesses


def test_backspace_left_and_right() -> None:
    desk = Desk(Program())
    desk.type("a")
    desk.wait(1)
    for key in ("b", "c", "\x7f", "\x1b[D", "\x1b[D"):
        desk.type(key)
    assert desk.shown == "$ |ab"
    desk.type("\x1b[C")
    assert desk.shown == "$ a|b"
    desk.wait(1)
    assert desk.shown == "$ a|b"
    assert desk.prediction.guesses == []


def test_enter_leaves_what_is_guessed_until_it_is_confirmed() -> None:
    desk = Desk(Program())
    desk.type("l")
    desk.wait(1)
    desk.type("s")
    desk.type("\r")
    assert desk.shown == "$ ls|"
    desk.type("x")
    assert desk.shown == "$ ls|"
    desk.wait(1)
    assert desk.shown == "$ x|"


def test_backspace_does_not_eat_the_prompt() -> None:
    desk = Desk(Program())
    desk.type("a")
    desk.wait(1)
    for _ in range(3):
        desk.type("\x7f")
    assert desk.shown == "$ |"
    desk.wait(1)
    assert desk.shown == "$ |"


def test_where_nothing_is_echoed_nothing_shows_though_it_was_before() -> None:
    desk = Desk(Program(quiet_after_enter=True))
    desk.type("x")
    desk.wait(1)
    desk.type("\r")
    for key in "secret":
        desk.type(key)
        desk.wait(0.07)
        assert desk.prediction.guesses == []
    desk.wait(1)
    desk.type("s")
    assert desk.prediction.guesses == []


def test_a_prompt_on_the_same_row_is_another_place() -> None:
    desk = Desk(Program())
    desk.type("x")
    desk.wait(1)
    desk.program.lines[-1] = "Password:"
    desk.program.column, desk.program.echoes = 9, False
    desk.screen = desk.program.screen(desk.stamp)
    desk.prediction.look(desk.screen, desk.now)
    desk.type("s")
    assert desk.prediction.guesses == []
    assert desk.prediction.cursor(desk.screen) == desk.screen.cursor


def test_a_wrong_guess_goes_and_takes_all_with_it() -> None:
    desk = Desk(Program())
    desk.type("a")
    desk.wait(1)
    desk.program.echoes = False
    desk.type("b")
    desk.type("c")
    assert desk.shown == "$ abc|"
    desk.wait(2 * LINE_S + GRACE_S + 0.05)
    assert desk.prediction.guesses == []
    assert desk.shown == "$ a|"


def test_a_quick_line_shows_no_guesses() -> None:
    prediction, screen = Prediction(), Program().screen(0)
    program = Program()
    for stamp, key in enumerate("abc", 1):
        prediction.typed(key.encode(), stamp, screen, stamp)
        program.read(key)
        screen = program.screen(stamp)
        prediction.look(screen, stamp + 0.005)
    prediction.typed(b"d", 4, screen, 4)
    assert prediction.guesses == []
    assert prediction.cursor(screen) == screen.cursor


def test_another_screen_forgets_everything() -> None:
    desk = Desk(Program())
    desk.type("a")
    desk.wait(1)
    desk.type("b")
    assert desk.prediction.guesses
    desk.program.modes = ALTERNATE_SCREEN
    desk.screen = desk.program.screen(desk.screen.echo)
    desk.prediction.look(desk.screen, desk.now)
    assert desk.prediction.guesses == []


def test_wide_characters_the_edge_and_pastes_are_not_guessed() -> None:
    desk = Desk(Program())
    desk.type("a")
    desk.wait(1)
    desk.type("世")
    assert desk.prediction.guesses == []
    desk = Desk(Program())
    desk.type("a")
    desk.wait(1)
    for key in "b" * COLUMNS:
        desk.type(key)
    assert max(guess.column for guess in desk.prediction.guesses) == COLUMNS - 2
    desk = Desk(Program())
    desk.type("x" * (GUESSES_MAX + 1))
    assert desk.prediction.due is None


keys = st.sampled_from([*"abc ", "\x7f", "\x1b[C", "\x1b[D", "\r", "\t"])
typing = st.lists(st.tuples(keys, st.floats(0, 0.4)), max_size=40)


@settings(max_examples=150, deadline=None)
@given(typing, st.booleans(), st.booleans(), st.sampled_from([0.0, 0.02, 0.1, 0.5]))
def test_after_all_is_confirmed_the_screen_is_the_hosts(
    typed: list[tuple[str, float]], echoes: bool, quiet_after_enter: bool, answer_s: float
) -> None:
    program = Program(echoes=echoes, quiet_after_enter=quiet_after_enter)
    desk = Desk(program, answer_s)
    for key, pause in typed:
        desk.type(key)
        desk.wait(pause)
        if not echoes:
            assert desk.prediction.guesses == []
    desk.wait(10)
    assert desk.prediction.guesses == []
    assert desk.prediction.cursor(desk.screen) == desk.screen.cursor
    assert desk.screen.texts == program.lines[-ROWS:]
