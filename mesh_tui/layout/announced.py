"""A message that tells of a shared terminal or a call, as a card: what it is, and whether one can come in."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from mesh_agent.calls.announcing import Announced as AnnouncedCall
from mesh_agent.terminal.announcing import Announced
from mesh_tui.layout.cells import Fragment, Line, clip, paintable, wrap

RUNS, OVER = "▣", "▢"
MARGIN = 2


def card(announced: Announced, cells: int, *, mine: bool, away: bool = False) -> Iterable[Line]:
    """Its rows, each at most `cells` wide. `away`: who shares it is seen nowhere now."""
    away = away and announced.running and not mine
    sign = Fragment(f"{RUNS if announced.running else OVER} ", _sign_role(announced, away=away))
    command = clip(paintable(announced.command), max(1, cells - MARGIN))
    yield Line((sign, Fragment(command, "title" if announced.running else "muted")), decoration=MARGIN)
    for line in wrap(_about(announced, mine=mine, away=away), max(1, cells - MARGIN)):
        yield Line((Fragment(" " * MARGIN), *line.fragments), line.decoration + MARGIN, line.joiner)


def _sign_role(announced: Announced, *, away: bool) -> str:
    if not announced.running:
        return "muted"
    return "pending" if away else "state-up"


def _about(announced: Announced, *, mine: bool, away: bool) -> list[Fragment]:
    if not announced.running:
        how = paintable(announced.how.removesuffix("."))
        return [Fragment(f"a terminal that was shared; it {how}", "muted")]
    if away:
        return [
            Fragment(f"a shared terminal · {paintable(announced.username)} is seen nowhere now · ", "muted"),
            Fragment("Enter", "key"),
            Fragment(" tries to watch it", "muted"),
        ]
    does = "goes back to it" if mine else "watches it"
    return [
        Fragment("a shared terminal · ", "muted"),
        Fragment("Enter", "key"),
        Fragment(f" {does}", "muted"),
    ]


CALL = "☏"


class MyCalls(NamedTuple):
    """Where we stand: the id of the call that we are in (empty: none), and of those that ring."""

    current: str = ""
    ringing: frozenset[str] = frozenset()


NO_CALLS: Final = MyCalls()

Place = Literal["outside", "inside", "rung", "elsewhere"]
"""Of us, to a call that is on. `elsewhere`: in another one."""


def place_in(announced: AnnouncedCall | None, mine: MyCalls) -> Place:
    if announced is None or not announced.running:
        return "outside"
    if announced.call_id == mine.current:
        return "inside"
    if announced.call_id in mine.ringing:
        return "rung"
    return "elsewhere" if mine.current else "outside"


_ENTER: Final = Fragment("Enter", "key")
_PLACES: Final[dict[Place, tuple[Fragment, ...]]] = {
    "outside": (_ENTER, Fragment(" joins it, or ", "muted"), Fragment("/call", "key")),
    "inside": (Fragment("you are in it · ", "muted"), _ENTER, Fragment(" goes to it", "muted")),
    "rung": (Fragment("it rings · ", "muted"), _ENTER, Fragment(" answers", "muted")),
    "elsewhere": (Fragment("it is on · you are in another call", "muted"),),
}


def call_card(announced: AnnouncedCall, cells: int, place: Place, *, mine: bool) -> Iterable[Line]:
    """The rows of a call, each at most `cells` wide. `mine`: we have begun it, so we have not missed it."""
    room = max(1, cells - MARGIN)
    sign = Fragment(f"{CALL} ", "state-up" if announced.running else "muted")
    title = (
        "Missed call" if announced.missed and not mine else "Call with video" if announced.video else "Call"
    )
    role = "title" if announced.running else "muted"
    yield Line((sign, Fragment(clip(title, room), role)), decoration=MARGIN)
    about = _PLACES[place] if announced.running else (Fragment(_how(announced), "muted"),)
    for line in wrap(about, room):
        yield Line((Fragment(" " * MARGIN), *line.fragments), line.decoration + MARGIN, line.joiner)


def _how(announced: AnnouncedCall) -> str:
    if announced.missed:
        return "nobody answered"
    return paintable(announced.how.removesuffix(".")) or "another call went on in its place"
