"""How good the lines to the others in a call are: a table for screens, sentences for who reads lines."""

from collections.abc import Sequence
from typing import Final

from mesh_agent.calls.shown import SHOWS
from mesh_tui.layout.call import Face, full_name, words_of
from mesh_tui.layout.cells import Fragment, Line, fit, pad
from mesh_tui.transfers import name_of

_COLUMNS: Final = (
    ("way", 8),
    ("lost", 7),
    ("jitter", 8),
    ("delay", 8),
    ("there&back", 11),
    ("in", 11),
    ("out", 11),
)


def statistics(faces: Sequence[Face], cells: int) -> list[Line]:
    """A table: of what comes from each of the others, in the last seconds."""
    names = 14
    heads = "".join(f"{head:>{wide}}" for head, wide in _COLUMNS)
    lines = [Line(tuple(fit([Fragment(" " * (names + 2)), Fragment(heads, "muted")], cells)))]
    for face in faces:
        if face.mine or face.state == "ringing":
            continue
        seen = face.statistics
        trip = "?" if seen.round_trip_ms is None else f"{seen.round_trip_ms:.0f} ms"
        values = (
            face.way or "none",
            f"{100 * seen.loss:.1f} %",
            f"{seen.jitter_ms:.0f} ms",
            f"{seen.delay_ms:.0f} ms",
            trip,
            f"{seen.received_kbps:.0f} kb/s",
            f"{seen.sent_kbps:.0f} kb/s",
        )
        cellsful = "".join(f"{value:>{wide}}" for value, (_, wide) in zip(values, _COLUMNS, strict=True))
        row = [Fragment("  "), Fragment(pad(face.name, names), "title"), Fragment(cellsful)]
        lines.append(Line(tuple(fit(row, cells))))
    return lines


def sentences(faces: Sequence[Face]) -> list[str]:
    """Everybody, and the same figures, each with its name: one line a person."""
    return [_sentence(face) for face in faces]


def _sentence(face: Face) -> str:
    words = [word.text.strip() for word in words_of(face)]
    who = f"{full_name(face)}: {', '.join(SHOWS.get(word, word) for word in words) or 'here'}"
    if face.mine:
        return who
    if face.state != "connected":
        return f"{who}; {name_of(face.reason, 120)}" if face.reason else who
    seen = face.statistics
    figures = [
        face.way or "no way",
        f"lost {100 * seen.loss:.1f} %",
        f"jitter {seen.jitter_ms:.0f} ms",
        f"delay {seen.delay_ms:.0f} ms",
        "" if seen.round_trip_ms is None else f"there and back {seen.round_trip_ms:.0f} ms",
        f"in {seen.received_kbps:.0f} kbit/s",
        f"out {seen.sent_kbps:.0f} kbit/s",
        "" if face.compared else "not compared",
    ]
    return f"{who}; {', '.join(figure for figure in figures if figure)}"
