"""Files on their way as rows of cells: the list of transfers, the card of an offer, everything about one.

Strategy: a row is a sequence of pieces in their order on the screen, each with a rank; where the row is too
short, the pieces of the highest rank are left out first, so that a narrow screen says less, and nothing is
cut in the middle but a name. The bar moves in eighths of a cell, where colours can show its other end.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from mesh_agent.sharing.state import Direction, Transfer
from mesh_tui.layout.cells import Fragment, Line, fit, width, wrap
from mesh_tui.layout.message import moment
from mesh_tui.transfers import (
    ARROWS,
    absent_words,
    count_words,
    deeds_words,
    fits,
    is_begun,
    is_door,
    is_open_offer,
    name_of,
    part_done,
    path_words,
    paths_words,
    peer_words,
    phase_words,
    rate_words,
    reason_words,
    sign_of,
    size_words,
    space_words,
    time_words,
    way_words,
    what_words,
)

BAR_MOST: Final = 30
BAR_LEAST: Final = 8
"""Cells of a bar."""

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_ROLES: Final = {
    "done": "state-up",
    "failed": "failed",
    "declined": "failed",
    "cancelled": "muted",
    "paused": "muted",
}
INDENT: Final = Fragment("  ")
"""What a row that can be chosen begins with: the mark takes its place."""


class Piece(NamedTuple):
    """Part of a row. `rank`: 0 stays, the highest goes first where there is too little room."""

    rank: int
    fragments: Sequence[Fragment]


def bar(part: float, cells: int, *, plain: bool) -> list[Fragment]:
    """A bar of exactly `cells` cells, `part` (0 to 1) of it full; `plain`: whole cells, without colours."""
    cells = max(1, cells)
    part = min(1.0, max(0.0, part))
    if plain:
        full = int(part * cells)
        return [Fragment("█" * full + "░" * (cells - full), "bar-plain")]
    eighths = int(part * cells * 8)
    full, rest = divmod(eighths, 8)
    text = "█" * full + (_EIGHTHS[rest] if rest else "")
    return [Fragment(text.ljust(cells), "bar")]


def _cells(fragments: Iterable[Fragment]) -> int:
    return sum(width(fragment.text) for fragment in fragments)


def row(pieces: Sequence[Piece], cells: int) -> Line:
    """As many of the pieces, two cells apart, as fit; what stays all the same is cut."""
    kept = [piece for piece in pieces if piece.fragments]
    while len(kept) > 1 and sum(_cells(piece.fragments) + 2 for piece in kept) - 2 > cells:
        last = max(kept, key=lambda piece: piece.rank)
        if last.rank == 0:
            break
        kept.remove(last)
    fragments: list[Fragment] = []
    for piece in kept:
        fragments += [Fragment("  ")] if fragments else []
        fragments += piece.fragments
    return Line(tuple(fit(fragments, cells)))


def _piece(rank: int, text: str, role: str = "") -> Piece:
    return Piece(rank, [Fragment(text, role)] if text else [])


def state_role(transfer: Transfer) -> str:
    """The role of its sign and its phase."""
    return "pending" if is_open_offer(transfer) else _ROLES.get(transfer.phase, "brand")


def title_line(transfer: Transfer, cells: int, room: str = "", *, indent: Fragment = INDENT) -> Line:
    """What it is, whose, how big, and where it was sent."""
    pieces = [
        Piece(
            0,
            [
                Fragment(f"{sign_of(transfer)} ", state_role(transfer)),
                Fragment(name_of(transfer.title, 60), "title"),
            ],
        ),
        _piece(1, peer_words(transfer)),
        _piece(3, f"in {name_of(room, 30)}" if room else "", "muted"),
        _piece(2, what_words(transfer), "muted"),
    ]
    return Line((indent, *row(pieces, cells - width(indent.text)).fragments))


def progress_line(transfer: Transfer, cells: int, *, plain: bool, indent: str = "    ") -> Line:
    """How far it is: a bar with numbers, or how it stands or ended where nothing flows."""
    free = cells - len(indent)
    begun = is_begun(transfer)
    words = "" if transfer.phase == "running" else phase_words(transfer)
    if not begun:
        at = moment(transfer.ended_at) if transfer.over else None
        way = "" if transfer.over else way_words(transfer)
        pieces = [
            _piece(0, words, state_role(transfer)),
            _piece(2, way, "muted"),
            _piece(1, f"{at:%d %b %H:%M}" if at else "", "muted"),
        ]
        return Line((Fragment(indent), *row(pieces, free).fragments))
    bar_cells = min(BAR_MOST, max(BAR_LEAST, free // 3))
    flows = transfer.phase == "running" and transfer.rate > 0
    eta = transfer.eta_s if flows else None
    pieces = [
        Piece(0, bar(part_done(transfer), bar_cells, plain=plain)),
        _piece(0, f"{int(part_done(transfer) * 100):>3}%"),
        _piece(1, words, state_role(transfer)),
        _piece(5, f"{size_words(transfer.done)} of {size_words(transfer.size)}", "muted"),
        _piece(2, rate_words(transfer.rate) if flows else ""),
        _piece(3, f"{time_words(eta)} left" if eta is not None else "", "muted"),
        _piece(4, way_words(transfer), "muted"),
    ]
    return Line((Fragment(indent), *row(pieces, free).fragments))


def reason_lines(transfer: Transfer, cells: int) -> list[Line]:
    """Why it ended as it did."""
    if not transfer.reason:
        return []
    role = "failed" if transfer.phase == "failed" else "muted"
    rows = wrap([Fragment(reason_words(transfer), role)], max(10, cells - 5))
    return [Line((Fragment("    "), *line.fragments)) for line in rows]


def list_lines(transfer: Transfer, cells: int, room: str = "", *, plain: bool) -> list[Line]:
    """A transfer in the list of all: what it is, how far it is, and why it ended."""
    return [
        title_line(transfer, cells, room),
        progress_line(transfer, cells, plain=plain),
        *reason_lines(transfer, cells),
    ]


def status_words(transfers: Iterable[Transfer]) -> list[Fragment]:
    """For the status line: how many wait for an answer, and how far the others are, each way."""
    known = list(transfers)
    offers = sum(map(is_open_offer, known))
    words = [Fragment(f"{count_words(offers, 'offer')} ", "mention-me")] if offers else []
    directions: tuple[Direction, ...] = ("send", "receive")
    for direction in directions:
        flowing = [it for it in known if it.direction == direction and it.phase in ("running", "finishing")]
        if flowing:
            part = sum(it.done for it in flowing) / max(1, sum(it.size for it in flowing))
            words.append(Fragment(f"{ARROWS[direction]}{min(part, 1.0):.0%} ", "brand"))
    return words


# ── in a room ────────────────────────────────────────────────────────────────────────────────────


def card_lines(transfer: Transfer, cells: int, hint: Sequence[Fragment], *, plain: bool) -> list[Line]:
    """A transfer in its room: an offer in three rows, one on its way in one; why it ended, and a `hint`."""
    if is_open_offer(transfer):
        return offer_card(transfer, cells, hint)
    small = small_line(transfer, cells, plain=plain)
    lines = [small]
    if transfer.over and reason_words(transfer) not in small.text:
        lines += reason_lines(transfer, cells)
    return [*lines, _hint_row(hint, cells)] if hint else lines


def _hint_row(hint: Sequence[Fragment], cells: int) -> Line:
    return Line((Fragment("    "), *fit(hint, cells - 4)))


def offer_card(transfer: Transfer, cells: int, hint: Sequence[Fragment]) -> list[Line]:
    """Who offers what, how big, of which files; whether it fits, and how to answer."""
    answer = _hint_row(hint, cells)
    if is_door(transfer):
        words = [*_who(transfer), Fragment(" wants to connect, with a device that is not verified")]
        return [Line((INDENT, *fit(words, cells - 2))), answer]
    known = _piece(1, "verified", "state-up") if transfer.verified else _piece(1, "not verified", "pinned")
    changed = sum(bool(path.renamed) for path in transfer.paths)
    taken, same = (sum(map(attrgetter(name), transfer.paths)) for name in ("taken", "same"))
    first = [
        Piece(
            0,
            [*_who(transfer), Fragment(" offers you "), Fragment(name_of(transfer.title, 60), "title")],
        ),
        _piece(2, what_words(transfer)),
        known,
    ]
    gone = f"{absent_words(transfer)}: it comes once they are" if transfer.undecided else ""
    second = [
        _piece(0, gone, "pinned"),
        _piece(0, space_words(transfer), "muted" if fits(transfer) else "failed"),
        _piece(1, paths_words(transfer) if transfer.kind == "folder" else "", "muted"),
        _piece(3, f"{count_words(changed, 'name')} changed" if changed else "", "pinned"),
        _piece(2, f"{count_words(taken, 'name')} taken here" if taken else "", "pinned"),
        _piece(4, f"{same:,} here already" if same else "", "muted"),
    ]
    lines = [row(first, cells - 2)]
    lines += [row(second, cells - 4)] if any(piece.fragments for piece in second) else []
    return [
        Line((INDENT, *lines[0].fragments)),
        *(Line((Fragment("    "), *line.fragments)) for line in lines[1:]),
        answer,
    ]


def _who(transfer: Transfer) -> list[Fragment]:
    return [Fragment("↓ ", "mention-me"), Fragment(name_of(transfer.peer_name, 30), "title")]


def small_line(transfer: Transfer, cells: int, *, plain: bool) -> Line:
    """One on its way, or just over, in one row."""
    free = cells - 2
    begun = is_begun(transfer)
    flows = transfer.phase == "running" and transfer.rate > 0
    eta = transfer.eta_s if flows else None
    part = part_done(transfer)
    pieces = [
        Piece(
            0,
            [
                Fragment(f"{sign_of(transfer)} ", state_role(transfer)),
                Fragment(name_of(transfer.title, max(8, free // 3)), "title"),
            ],
        ),
        _piece(2, peer_words(transfer)),
        Piece(1, bar(part, min(16, max(BAR_LEAST, free // 5)), plain=plain) if begun else []),
        _piece(0, f"{int(part * 100):>3}%" if begun else ""),
        _piece(1, "" if transfer.phase == "running" else phase_words(transfer), state_role(transfer)),
        _piece(3, rate_words(transfer.rate) if flows else ""),
        _piece(4, f"{time_words(eta)} left" if eta is not None else "", "muted"),
        _piece(5, "" if transfer.over else way_words(transfer), "muted"),
        _piece(6, reason_words(transfer), "failed" if transfer.phase == "failed" else "muted"),
    ]
    return Line((INDENT, *row(pieces, free).fragments))


def hint_line(transfer: Transfer, *, looking: bool = True) -> list[Fragment]:
    """The keys that do something with it."""
    fragments: list[Fragment] = []
    for key, word in deeds_words(transfer, looking=looking):
        fragments += [Fragment(" · ", "muted")] if fragments else []
        fragments += [Fragment(key, "key"), Fragment(f" {word}", "muted")]
    return fragments


# ── everything about one ─────────────────────────────────────────────────────────────────────────


def fact_rows(transfer: Transfer, room: str) -> list[tuple[str, str]]:
    """What is known of it, each with a word for what it is."""
    known = "verified" if transfer.verified else "not verified: /verify shows words to compare"
    space = f", {space_words(transfer)}" if transfer.space is not None and not transfer.over else ""
    begun, ended = moment(transfer.created_at), moment(transfer.ended_at)
    facts = [
        ("From" if transfer.direction == "receive" else "To", f"{name_of(transfer.peer_name)}, {known}"),
        ("Room", name_of(room)),
        ("Size", f"{what_words(transfer)}{space}"),
        ("State", phase_words(transfer)),
        ("Why", reason_words(transfer)),
        ("Way", way_words(transfer)),
        ("There", f"{size_words(transfer.done)} of {size_words(transfer.size)}" if transfer.done else ""),
        ("Place", name_of(str(transfer.place)) if transfer.place else ""),
        ("Begun", f"{begun:%d %b %Y %H:%M}" if begun and transfer.over else ""),
        ("Ended", f"{ended:%d %b %Y %H:%M}" if ended else ""),
    ]
    return [(name, value) for name, value in facts if value]


FACT_CELLS: Final = 9


def detail_lines(transfer: Transfer, cells: int, room: str, *, plain: bool) -> list[Line]:
    """All of it: the facts, how far it is, and every path that is known."""
    lines: list[Line] = []
    for name, value in fact_rows(transfer, room):
        rows = wrap([Fragment(value)], max(10, cells - FACT_CELLS))
        for number, line in enumerate(rows):
            label = "" if number else name
            lines.append(Line((Fragment(label.ljust(FACT_CELLS), "muted"), *line.fragments)))
    if is_begun(transfer):
        lines += [Line(()), progress_line(transfer, cells, plain=plain, indent="")]
    if transfer.paths:
        heading = [Fragment("What is offered, by the name that it gets here", "heading")]
        lines += [Line(()), *wrap(heading, max(10, cells))]
    for path in transfer.paths:
        role = "pinned" if path.renamed or path.taken else ""
        fragments = [Fragment(name_of(path.path, 1_000), role), Fragment(f"  {path_words(path)}", "muted")]
        lines += [Line((INDENT, *line.fragments)) for line in wrap(fragments, max(10, cells - 2))]
    if transfer.more_paths:
        lines.append(Line((INDENT, Fragment(f"and {transfer.more_paths:,} more", "muted"))))
    return lines
