"""A call as rows of cells: who is in it, how loud they are, where their pictures go, and a line about it.

Strategy: everybody is a `Face`, ourselves too and always last. Where somebody shows a picture and there is
room for it, faces are tiles in the grid that gives pictures the most room; else they are a list, one row
each. What a colour says, a sign or a word says too.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from mesh_agent.calls.announcing import duration
from mesh_agent.calls.shown import shown
from mesh_agent.calls.state import CallPhase, CallRinging, Own, Party, PartyState, Ringing, Statistics
from mesh_agent.net.base import Way
from mesh_tui.layout.cells import Fragment, Line, clip, fit, pad, width
from mesh_tui.transfers import name_of

NAME_CHARS: Final = 24
BAR: Final = 10
SHORT_BAR: Final = 5
"""Cells of a level."""

TILE_COLUMNS: Final = 18
TILE_ROWS: Final = 6
"""Of the smallest tile in which a picture is worth looking at, with the row below it."""

SHAPE: Final = 16 / 9 * 2
"""Cells across for one down, of a picture of the usual shape."""

GAP: Final = 1
SIGN: Final = "☏"
SPEAKS, SILENT, RINGS, GONE = "●", "○", "◌", "✕"
RECORDS: Final = "records"


class Face(NamedTuple):
    """Somebody in a call. `mine`: it is us. `level`: 0 to 1."""

    name: str
    device_id: str = ""
    state: PartyState = "connected"
    reason: str = ""
    muted: bool = False
    deafened: bool = False
    camera: bool = False
    screen: bool = False
    file: bool = False
    records: bool = False
    speaking: bool = False
    level: float = 0.0
    mine: bool = False
    compared: bool = True
    way: Way | None = None
    statistics: Statistics = Statistics()

    @property
    def shows(self) -> bool:
        """Whether a picture is sent from there."""
        return bool(shown(self)) and self.state in ("connected", "lost")


def faces(parties: Iterable[Party], own: Own, my_name: str) -> list[Face]:
    """The others in their order, and then us."""
    others = [
        Face(
            name_of(party.name, NAME_CHARS),
            party.device_id,
            party.state,
            party.reason,
            party.muted,
            party.deafened,
            party.camera,
            party.screen,
            party.file,
            party.records,
            party.speaking and party.state == "connected",
            party.level if party.state == "connected" and not party.muted else 0.0,
            compared=party.compared,
            way=party.way,
            statistics=party.statistics,
        )
        for party in parties
    ]
    silent = own.muted or (own.push_to_talk and not own.talking)
    me = Face(
        name_of(my_name, NAME_CHARS),
        muted=own.muted,
        deafened=own.deafened,
        camera=own.camera,
        screen=own.screen,
        file=own.file,
        records=own.records,
        speaking=own.speaking and not silent,
        level=0.0 if silent else own.level,
        mine=True,
    )
    return [*others, me]


# ── tiles ────────────────────────────────────────────────────────────────────────────────────────


class Box(NamedTuple):
    """Of a tile, in cells; its last row is for the name."""

    x: int
    y: int
    columns: int
    rows: int


BESIDE_ROWS: Final = 7
"""Of a small tile beside a chat, with the row for the name."""

BESIDE_COLUMNS: Final = round((BESIDE_ROWS - 1) * SHAPE)


def beside(count: int, columns: int) -> list[Box]:
    """Where small tiles go, in a row from the left; fewer than `count`, where there is no room for all."""
    fit = max(0, (columns + GAP) // (BESIDE_COLUMNS + GAP))
    return [
        Box(number * (BESIDE_COLUMNS + GAP), 0, BESIDE_COLUMNS, BESIDE_ROWS)
        for number in range(min(count, fit))
    ]


def grid(count: int, columns: int, rows: int) -> list[Box]:
    """Where `count` tiles go; none where they would be too small. The last row of them is in the middle."""
    best: tuple[float, int] = (0.0, 0)
    for across in range(1, count + 1):
        wide, high = _tile(count, across, columns, rows)
        if wide >= TILE_COLUMNS and high >= TILE_ROWS:
            shown = min(float(wide), (high - 1) * SHAPE)
            best = max(best, (shown, -across))
    across = -best[1]
    if not across:
        return []
    wide, high = _tile(count, across, columns, rows)
    boxes = []
    for number in range(count):
        row, place = divmod(number, across)
        here = min(across, count - row * across)
        left = (columns - here * (wide + GAP) + GAP) // 2
        boxes.append(Box(left + place * (wide + GAP), row * high, wide, high))
    return boxes


def _tile(count: int, across: int, columns: int, rows: int) -> tuple[int, int]:
    """How large each is: all the rows, but no wider than a picture of that height."""
    down = -(-count // across)
    high = rows // down
    wide = (columns - GAP * (across - 1)) // across
    return min(wide, max(TILE_COLUMNS, round((high - 1) * SHAPE))), high


def caption(face: Face, cells: int, *, plain: bool = False) -> Line:
    """The row of a tile with the name, how loud it is there, and what is otherwise."""
    marks = mark_words(face)
    right = (
        [Fragment(" "), *fit(marks, cells // 2)] if marks else [Fragment(" "), *bar(face.level, SHORT_BAR)]
    )
    taken = sum(width(fragment.text) for fragment in right)
    sign, role = sign_of(face)
    left = [Fragment(f"{sign} ", role), Fragment(full_name(face), "count" if face.speaking else "title")]
    left = fit(left, cells - taken)
    between = cells - taken - sum(width(fragment.text) for fragment in left)
    fill = "" if plain else "call-caption"
    fragments = [*left, Fragment(" " * between), *right]
    return Line(tuple(Fragment(text, f"{fill} {own}".strip()) for text, own in fragments), fill=fill)


def empty_tile(face: Face) -> str:
    """What stands where a picture would."""
    if face.state == "ringing":
        return "rings…"
    if face.state == "connecting":
        return "connecting…"
    if face.state == "lost":
        return "connecting again…"
    return "a picture comes…" if face.shows else "no picture"


def sign_of(face: Face) -> tuple[str, str]:
    """A sign, and its role."""
    if face.state == "ringing":
        return RINGS, "pending"
    if face.state != "connected":
        return GONE if face.state == "lost" else RINGS, "state-trying"
    return (SPEAKS, "state-up") if face.speaking else (SILENT, "muted")


def full_name(face: Face) -> str:
    return f"{face.name} (you)" if face.mine else face.name


def mark_words(face: Face) -> list[Fragment]:
    """What is not as usual with somebody."""
    if face.state == "lost":
        return [Fragment("lost", "failed")]
    if face.state != "connected":
        return [Fragment(face.state, "pending")]
    words = []
    if face.deafened:
        words.append(Fragment("deafened", "failed"))
    elif face.muted:
        words.append(Fragment("muted", "failed"))
    if (shows := shown(face)) in ("screen", "file"):
        words.append(Fragment(f" {shows}" if words else shows, "mention"))
    if face.records:
        words.append(Fragment(f" {RECORDS}" if words else RECORDS, "failed"))
    return words


def bar(level: float, cells: int) -> list[Fragment]:
    """How loud it is."""
    full = min(cells, max(0, round(level * cells)))
    return [Fragment("▮" * full, "own-bar"), Fragment("▯" * (cells - full), "rule")]


# ── a list ───────────────────────────────────────────────────────────────────────────────────────


def listed(faces: Sequence[Face], cells: int) -> list[Line]:
    """One row for each: who, how loud, what is otherwise, and how they are reached."""
    names = min(max((width(full_name(face)) for face in faces), default=0), max(8, cells // 3))
    words = [words_of(face) for face in faces]
    marks = max((sum(width(word.text) for word in row) for row in words), default=0)
    return [_listed(face, names, row, marks, cells) for face, row in zip(faces, words, strict=True)]


def words_of(face: Face) -> list[Fragment]:
    """What is not as usual with somebody, or that they speak."""
    words = mark_words(face) or ([Fragment("speaks", "state-up")] if face.speaking else [])
    if shown(face) == "camera":
        words.append(Fragment(" camera" if words else "camera", "mention"))
    return words


def _listed(face: Face, names: int, words: Sequence[Fragment], marks: int, cells: int) -> Line:
    """`marks`: how wide the words of all rows are."""
    sign, role = sign_of(face)
    name = pad(full_name(face), names)
    row = [
        Fragment("  "),
        Fragment(f"{sign} ", role),
        Fragment(name, "count" if face.speaking else "title"),
        Fragment("  "),
        *bar(face.level, BAR),
        Fragment("  "),
        *words,
    ]
    about = way_words(face) if not face.mine and face.state == "connected" else name_of(face.reason, 120)
    if about:
        blank = marks - sum(width(word.text) for word in words) + (2 if marks else 0)
        row += [Fragment(" " * blank), Fragment(about, "muted")]
    return Line(tuple(fit(row, cells)))


def way_words(face: Face) -> str:
    """`direct, 24 ms, not compared`: how somebody is reached."""
    trip = face.statistics.round_trip_ms
    words = [face.way or "", f"{trip:.0f} ms" if trip is not None else ""]
    words.append("" if face.compared else "not compared")
    return ", ".join(word for word in words if word)


# ── lines about it ───────────────────────────────────────────────────────────────────────────────


def clock(seconds: float) -> str:
    """`3:07`, `1:02:03`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def phase_words(phase: CallPhase, seconds: float, reason: str = "") -> str:
    """How the call is."""
    if phase == "over":
        return f"it is over: {name_of(reason, 120)}" if reason else "it is over"
    return {"ringing": "rings…", "connecting": "connecting…"}.get(phase, clock(seconds))


def own_words(own: Own) -> list[Fragment]:
    """What the others hear and see of us."""
    words = []
    if own.deafened:
        words.append(Fragment("✕ deafened ", "failed"))
    elif own.push_to_talk:
        talks = Fragment("● you talk ", "state-up") if own.talking else Fragment("○ Space to talk ", "muted")
        words.append(talks)
    elif own.muted:
        words.append(Fragment("✕ muted ", "failed"))
    if shows := shown(own):
        words.append(Fragment(f"■ {shows} ", "mention"))
    if own.records:
        words.append(Fragment("● recording ", "failed"))
    return words


def status_words(
    phase: CallPhase | None, faces: Sequence[Face], seconds: float, ringing: Sequence[Ringing], key: str
) -> list[Fragment]:
    """For the status line: who calls, or that a call is on, how long, and who speaks."""
    if ringing:
        name = name_of(ringing[0].name, NAME_CHARS)
        how = " with video" if ringing[0].video else ""
        return [Fragment(f"{SIGN} {name} calls{how} ", "mention-me"), Fragment(f"{key} ", "key")]
    if phase is None or phase == "over":
        return []
    words = [Fragment(f"{SIGN} {phase_words(phase, seconds)} ", "state-up")]
    speaks = next((face for face in faces if face.speaking and not face.mine), None)
    if speaks is not None:
        words.append(Fragment(f"{SPEAKS} {clip(speaks.name, 12)} ", "count"))
    if faces and faces[-1].muted:
        words.append(Fragment("deafened " if faces[-1].deafened else "muted ", "failed"))
    if faces and faces[-1].shows:
        words.append(Fragment(f"your {shown(faces[-1])} ", "mention"))
    if any(face.records for face in faces):
        words.append(Fragment("recorded ", "failed"))
    return words


def record_words(before: Collection[str], faces: Iterable[Face]) -> tuple[set[str], list[str]]:
    """Who of the others records now (by device), and a sentence for each who has begun, or ended."""
    others = [face for face in faces if not face.mine and face.device_id]
    now = {face.device_id for face in others if face.records}
    begun = [f"{face.name} records this call." for face in others if face.device_id in now - set(before)]
    ended = [
        f"{face.name} records this call no longer."
        for face in others
        if face.device_id in before and not face.records
    ]
    return now, begun + ended


def still_true(departed: Iterable[str], faces: Iterable[Face]) -> list[str]:
    """Of the sentences about who has gone, or did not come, those about people who are not here."""
    here = tuple(f"{face.name} " for face in faces if face.device_id and not face.mine)
    return [sentence for sentence in departed if not sentence.startswith(here)]


def settled_words(event: CallRinging) -> str:
    """What is told where somebody rings no more: that the call was missed, or what this person did about it
    at another program or device; empty, where there is nothing to tell."""
    who = name_of(event.name, NAME_CHARS) or "Somebody"
    if event.how in ("missed", "busy"):
        return f"{who} has called{' while you are in another call' if event.how == 'busy' else ''}."
    did = {"elsewhere": "answered", "refused": "declined"}.get(event.how)
    if did is None:
        return ""
    where = "in another program of this device" if event.beside else "on another device"
    return f"{who} has called; you have {did} {where}."


def over_words(reason: str, seconds: float | None) -> str:
    """What is told at the end. `seconds`: how long it was open; None: it never was."""
    why = f" {name_of(reason, 200)}" if reason else ""
    return (
        f"The call is over.{why}" if seconds is None else f"The call is over, after {duration(seconds)}.{why}"
    )
