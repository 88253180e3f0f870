"""Playing shows what was there at that moment, whichever way one gets to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.terminal.cast import Cast, Event
from mesh_agent.terminal.player import SPEED_MAX, STEP_BYTES, Player


class Sheet:
    """All that was fed to it; a sheet of paper is no emulator, but what is fed is what is asked here."""

    def __init__(self, columns: int, rows: int) -> None:
        self.text = ""
        self.size = (columns, rows)

    def feed(self, data: bytes) -> bytes:
        self.text += data.decode()
        return b""

    def resize(self, columns: int, rows: int) -> None:
        self.size = (columns, rows)

    def close(self) -> None:
        self.size = (0, 0)


CAST = Cast(
    80,
    24,
    events=[
        Event(1.0, "o", "a"),
        Event(2.0, "m", "mark"),
        Event(2.0, "o", "b"),
        Event(3.0, "r", "100x30"),
        Event(3.0, "o", "c"),
        Event(9.0, "o", "d"),
        Event(9.5, "x", "7"),
    ],
)


def player(cast: Cast = CAST, *, speed: float = 1.0, longest_pause: float | None = None) -> Player:
    return Player(cast, Sheet, now=100.0, speed=speed, longest_pause=longest_pause)


def text(playing: Player) -> str:
    assert isinstance(playing.emulator, Sheet)
    return playing.emulator.text


def test_time_passes() -> None:
    playing = player()
    assert not playing.advance(100.9)
    assert playing.due(100.9) == pytest.approx(0.1)
    assert playing.advance(101.0)
    assert text(playing) == "a"
    playing.advance(103.5)
    assert text(playing) == "abc"
    assert (playing.columns, playing.rows) == (100, 30)
    playing.advance(200)
    assert text(playing) == "abcd"
    assert playing.exit_status == 7
    assert playing.at_end
    assert playing.due(200) is None
    assert playing.position == playing.duration == 9.5


def test_faster_and_slower() -> None:
    playing = player(speed=4.0)
    playing.advance(100.5)
    assert text(playing) == "ab"
    assert playing.due(100.5) == pytest.approx(0.25)
    playing.faster(-1, 100.5)
    assert playing.speed == 2.0
    playing.faster(1, 100.5)
    playing.faster(1, 100.5)
    assert playing.speed == 8.0
    playing.set_speed(1e9, 100.5)
    assert playing.speed == SPEED_MAX


def test_a_pause_stops_it() -> None:
    playing = player()
    playing.pause(True, 101.5)
    assert playing.advance(300)
    assert text(playing) == "a"
    assert playing.due(300) is None
    playing.pause(False, 300)
    playing.advance(300.5)
    assert text(playing) == "ab"


def test_seeking_both_ways() -> None:
    playing = player()
    playing.seek(9.2, 100)
    assert playing.behind
    playing.advance(100)
    assert text(playing) == "abcd"
    playing.seek(2.5, 100)
    playing.advance(100)
    assert text(playing) == "ab"
    assert playing.restarts == 1
    assert (playing.columns, playing.rows) == (80, 24)
    playing.skip(-99, 100)
    playing.advance(100)
    assert text(playing) == ""
    playing.next_mark(100)
    playing.advance(100)
    assert playing.position == 2.0
    playing.next_mark(100, back=True)
    assert playing.position == 2.0


def test_long_pauses_are_cut() -> None:
    playing = player(longest_pause=1.5)
    assert playing.duration == 5.0
    playing.advance(104.5)
    assert text(playing) == "abcd"


def test_much_output_is_shown_in_steps() -> None:
    lines = [Event(1.0, "o", "x" * 100_000) for _ in range(20)]
    playing = player(Cast(80, 24, events=lines))
    playing.advance(102)
    assert len(text(playing)) <= STEP_BYTES + 100_000
    assert playing.due(102) == 0.0
    steps = 1
    while playing.behind:
        playing.advance(102)
        steps += 1
    assert steps > 3
    assert len(text(playing)) == 2_000_000


moves = st.lists(
    st.tuples(st.sampled_from(["advance", "seek", "skip", "pause", "go", "fast"]), st.floats(-12, 12)),
    max_size=12,
)


@given(moves)
def test_however_one_gets_there_the_moment_is_the_same(done: list[tuple[str, float]]) -> None:
    playing, now = player(), 100.0
    for what, much in done:
        now += abs(much) / 4
        if what == "seek":
            playing.seek(much, now)
        elif what == "skip":
            playing.skip(much, now)
        elif what in ("pause", "go"):
            playing.pause(what == "pause", now)
        elif what == "fast":
            playing.set_speed(abs(much), now)
        playing.advance(now)
        wanted = "".join(
            event.data for event in CAST.events if event.kind == "o" and event.at <= playing.position
        )
        assert text(playing) == wanted
        assert 0 <= playing.position <= playing.duration


def test_nothing_was_recorded() -> None:
    playing = player(Cast(80, 24))
    assert playing.at_end
    assert not playing.advance(101)
