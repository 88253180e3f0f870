"""A shared screen as text, for scripts."""

from collections.abc import Iterable, Sequence

from protocol.peer_terminal import INVISIBLE, Run


def text_of(rows: Iterable[Sequence[Run]]) -> list[str]:
    """Its rows without white space at their ends; what is invisible is blank."""
    return ["".join(_text(run) for run in row).rstrip() for row in rows]


def _text(run: Run) -> str:
    if run.attributes & INVISIBLE:
        return " " * (run.width if run.cluster else run.width * len(run.text))
    return run.text
