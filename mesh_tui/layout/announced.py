"""A message that tells of a shared terminal, as a card: what runs in it, and whether it can be watched."""

from collections.abc import Iterable

from mesh_agent.terminal.announcing import Announced
from mesh_tui.layout.cells import Fragment, Line, clip, paintable, wrap

RUNS, OVER = "▣", "▢"
MARGIN = 2


def card(announced: Announced, cells: int, *, mine: bool) -> Iterable[Line]:
    """Its rows, each at most `cells` wide."""
    sign = Fragment(f"{RUNS} ", "state-up") if announced.running else Fragment(f"{OVER} ", "muted")
    command = clip(paintable(announced.command), max(1, cells - MARGIN))
    yield Line((sign, Fragment(command, "title" if announced.running else "muted")), decoration=MARGIN)
    for line in wrap(_about(announced, mine=mine), max(1, cells - MARGIN)):
        yield Line((Fragment(" " * MARGIN), *line.fragments), line.decoration + MARGIN, line.joiner)


def _about(announced: Announced, *, mine: bool) -> list[Fragment]:
    if not announced.running:
        how = paintable(announced.how.removesuffix("."))
        return [Fragment(f"a terminal that was shared; it {how}", "muted")]
    does = "goes back to it" if mine else "watches it"
    return [
        Fragment("a shared terminal · ", "muted"),
        Fragment("Enter", "key"),
        Fragment(f" {does}", "muted"),
    ]
