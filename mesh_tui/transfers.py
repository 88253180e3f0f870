"""What is said of files on their way: sizes, speeds, phases, and what may be done with each. Knows no screen.

Strategy: tables from the phase and the direction to words and to keys, so that the card in a room, the list
of transfers and plain lines say and allow the same. Sizes are in binary units, as file managers of a
terminal have them; nothing here claims more digits than a person reads.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from mesh_agent.sharing.state import Direction, OfferedPath, Phase, Transfer
from mesh_tui.layout.cells import clip, paintable
from mesh_tui.pictures.names import is_named_as_picture
from protocol.text import clean_line

UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
NAME_CHARS: Final = 200
"""Of a name or a path that is told in a sentence."""

_DAY_S: Final = 86_400
_PAUSES: Final[frozenset[Phase]] = frozenset({"waiting", "connecting", "running", "interrupted"})
BEGUN: Final[frozenset[Phase]] = frozenset({"running", "paused", "interrupted", "finishing"})
_AGAIN: Final[frozenset[Phase]] = frozenset({"failed", "cancelled", "declined"})


# ── words ────────────────────────────────────────────────────────────────────────────────────────


def size_words(count: float) -> str:
    """Bytes: `812 B`, `3.4 MiB`, `120 GiB`."""
    unit = 0
    while count >= 1024 and unit < len(UNITS) - 1:
        count /= 1024
        unit += 1
    if unit and round(count, 1) < 10:
        return f"{count:.1f} {UNITS[unit]}"
    if round(count) >= 1024 and unit < len(UNITS) - 1:
        return f"1.0 {UNITS[unit + 1]}"
    return f"{count:.0f} {UNITS[unit]}"


def rate_words(rate: float) -> str:
    """Bytes a second."""
    return f"{size_words(rate)}/s"


def time_words(seconds: float) -> str:
    """`8 s`, `3 min`, `2 h 5 min`; what is a guess anyway is told no closer."""
    seconds = max(1, round(seconds))
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if seconds < _DAY_S:
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return "more than a day"


def count_words(count: int, one: str, more: str = "") -> str:
    """`1 file`, `48 files`."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


def name_of(text: str, chars: int = NAME_CHARS) -> str:
    """A name of somebody else's as it may be painted, on one line."""
    return clip(paintable(clean_line(text)), chars)


def is_begun(transfer: Transfer) -> bool:
    """Whether it is worth saying how far it is."""
    return transfer.phase in BEGUN and not (transfer.undecided or transfer.awaited)


def part_done(transfer: Transfer) -> float:
    """From 0 to 1; what has no bytes is there as soon as it is done."""
    if transfer.phase == "done":
        return 1.0
    return min(1.0, max(0.0, transfer.done / transfer.size)) if transfer.size > 0 else 0.0


def way_words(transfer: Transfer) -> str:
    """`direct ×4`, `punched`, `relay`; empty where there is none."""
    if transfer.way is None:
        return ""
    return f"{transfer.way} ×{transfer.lanes}" if transfer.lanes > 1 else transfer.way


def what_words(transfer: Transfer) -> str:
    """How big it is: `1.2 GiB in 48 files`."""
    size = size_words(transfer.size)
    if transfer.kind == "file":
        return size
    unread = not (transfer.size or transfer.over) and transfer.files <= 1 and transfer.phase != "offered"
    return "a folder" if unread else f"{size} in {count_words(transfer.files, 'file')}"


_PHASES: Final[dict[tuple[Direction, Phase], str]] = {
    ("send", "waiting"): "waits for {}",
    ("send", "connecting"): "looking for a way to {}",
    ("send", "offered"): "{} is asked",
    ("send", "running"): "sending",
    ("send", "paused"): "paused",
    ("send", "interrupted"): "interrupted, goes on by itself",
    ("send", "finishing"): "{} checks that all of it is right",
    ("send", "done"): "sent",
    ("send", "declined"): "{} declined",
    ("send", "cancelled"): "cancelled",
    ("send", "failed"): "failed",
    ("receive", "waiting"): "waits for its turn",
    ("receive", "connecting"): "looking for a way to {}",
    ("receive", "offered"): "waits for your answer",
    ("receive", "running"): "receiving",
    ("receive", "paused"): "paused",
    ("receive", "interrupted"): "interrupted, goes on by itself",
    ("receive", "finishing"): "checking that all of it is right",
    ("receive", "done"): "received",
    ("receive", "declined"): "declined",
    ("receive", "cancelled"): "cancelled",
    ("receive", "failed"): "failed",
}

_SIGNS: Final[dict[Phase, str]] = {
    "done": "✓",
    "failed": "✗",
    "declined": "✗",
    "cancelled": "✗",
    "paused": "‖",
}
ARROWS: Final[dict[Direction, str]] = {"send": "↑", "receive": "↓"}


def phase_words(transfer: Transfer) -> str:
    """How it stands, in a few words."""
    if transfer.undecided:
        return f"waits for your answer, {absent_words(transfer)}"
    if transfer.left:
        return "stopped"
    if transfer.awaited:
        return f"waits for {name_of(transfer.peer_name, 40)}"
    if transfer.paused_by_peer:
        return f"paused by {name_of(transfer.peer_name, 40)}"
    return _PHASES[transfer.direction, transfer.phase].format(name_of(transfer.peer_name, 40))


def absent_words(transfer: Transfer) -> str:
    """That who offers it cannot be reached."""
    return f"{name_of(transfer.peer_name, 40)} is not there now"


def sign_of(transfer: Transfer) -> str:
    """One character: the direction, or how it ended."""
    return _SIGNS.get(transfer.phase, ARROWS[transfer.direction])


def peer_words(transfer: Transfer) -> str:
    """`to bob`, `from bob`."""
    return f"{'to' if transfer.direction == 'send' else 'from'} {name_of(transfer.peer_name, 40)}"


def reason_words(transfer: Transfer) -> str:
    """Why it ended as it did, or nothing."""
    return name_of(transfer.reason, 500)


def is_open_offer(transfer: Transfer) -> bool:
    """Whether it waits for the person's answer; who offers it may be away."""
    return transfer.undecided or (transfer.direction == "receive" and transfer.phase == "offered")


def is_door(transfer: Transfer) -> bool:
    """Whether a device only asks to connect: what it offers comes after that."""
    return transfer.door and is_open_offer(transfer)


def is_picture(transfer: Transfer) -> bool:
    """Whether it is here, and may be a picture by its name."""
    return (
        transfer.place is not None and transfer.phase == "done" and is_named_as_picture(transfer.place.name)
    )


def open_offers(transfers: Iterable[Transfer]) -> dict[str, int]:
    """How many wait for an answer, by the id of their room."""
    found: dict[str, int] = {}
    for transfer in filter(is_open_offer, transfers):
        found[transfer.room_id] = found.get(transfer.room_id, 0) + 1
    return found


def fits(transfer: Transfer) -> bool:
    """Whether there is space for it, as far as that is known."""
    return transfer.space is None or transfer.space >= transfer.size - transfer.done


def space_words(transfer: Transfer) -> str:
    """`210 GiB free here`."""
    if transfer.space is None:
        return ""
    free = f"{size_words(transfer.space)} free here"
    return free if fits(transfer) else f"it does not fit: {free}"


def path_words(path: OfferedPath) -> str:
    """What is worth saying of one entry besides its name."""
    words = [size_words(path.size)] if path.kind == "file" else [path.kind]
    words += [f"they call it {name_of(path.renamed)}"] if path.renamed else []
    words += ["the same is here"] if path.same else ["is there already"] if path.exists else []
    return ", ".join(words)


def paths_words(transfer: Transfer, shown: int = 2) -> str:
    """`a.jpg, b.jpg and 46 more`."""
    files = [path for path in transfer.paths if path.kind != "folder"] or list(transfer.paths)
    names = [name_of(path.path.removeprefix(f"{transfer.title}/"), 40) for path in files[:shown]]
    rest = max(0, transfer.files - len(names)) if transfer.kind == "folder" else 0
    return ", ".join(names) + (f" and {rest:,} more" if rest else "") if names else ""


# ── plain lines, toasts and notifications ────────────────────────────────────────────────────────


def offer_lines(transfer: Transfer, number: int) -> list[str]:
    """An offer as lines to be read, with every path that is known."""
    name, peer = name_of(transfer.title), name_of(transfer.peer_name)
    if is_door(transfer):
        return [
            f"A device of {peer}, which you have not compared, wants to connect to this one.",
            f"/accept {number} lets it, /decline {number} does not.",
        ]
    known = "verified" if transfer.verified else "not verified: compare the words of /verify"
    lines = [f"{peer} offers you {name}: {what_words(transfer)}. {peer} is {known}."]
    lines += [f"  {name_of(path.path)} ({path_words(path)})" for path in transfer.paths]
    lines += [f"  and {transfer.more_paths:,} more"] if transfer.more_paths else []
    lines += [f"  {space_words(transfer)}"] if transfer.space is not None else []
    return [*lines, f"/accept {number} takes it, /decline {number} does not."]


def line_of(transfer: Transfer) -> str:
    """A transfer as one line."""
    words = [phase_words(transfer)]
    if is_begun(transfer) and transfer.phase != "finishing":
        words.append(f"{part_done(transfer):.0%} of {size_words(transfer.size)}")
    else:
        words.append(what_words(transfer))
    if transfer.phase == "running" and transfer.rate > 0:
        words.append(rate_words(transfer.rate))
        words += [f"{time_words(transfer.eta_s)} left"] if transfer.eta_s is not None else []
    words += [way_words(transfer)] if not transfer.over and transfer.way else []
    words += [reason_words(transfer)] if transfer.reason else []
    return f"{name_of(transfer.title)} {peer_words(transfer)}: {', '.join(words)}"


def end_words(transfer: Transfer) -> str:
    """What is told when it ends."""
    name, peer = name_of(transfer.title, 60), name_of(transfer.peer_name, 40)
    why = f" {reason_words(transfer)}" if transfer.reason else ""
    match transfer.phase, transfer.direction:
        case "done", "receive":
            return f"{name} from {peer} is here: {name_of(str(transfer.place or ''))}"
        case "done", _:
            return f"{peer} has {name}."
        case "declined", "send":
            return f"{peer} declined {name}.{why}"
        case _:
            return f"{name} {peer_words(transfer)} {phase_words(transfer)}.{why}"


def offer_words(transfer: Transfer) -> str:
    """What a notification says of an offer."""
    if is_door(transfer):
        return "wants to connect to this device"
    return f"offers you {name_of(transfer.title, 60)}, {what_words(transfer)}"


# ── what may be done ─────────────────────────────────────────────────────────────────────────────


def _may_go_on(transfer: Transfer) -> bool:
    return transfer.left or (transfer.phase == "paused" and not transfer.paused_by_peer)


class Deed(NamedTuple):
    """Something that a key does with a transfer. `may`: whether it makes sense for this one."""

    key: str
    name: str
    word: str
    may: Callable[[Transfer], bool]


DEEDS: Final = (
    Deed("a", "accept", "accept", is_open_offer),
    Deed("d", "decline", "decline", is_open_offer),
    Deed("i", "into", "into…", lambda it: is_open_offer(it) and not it.door),
    Deed("v", "always", "always", lambda it: is_open_offer(it) and it.verified),
    Deed("p", "pause", "pause", lambda it: it.phase in _PAUSES and not (it.undecided or it.left)),
    Deed("p", "resume", "go on", _may_go_on),
    Deed("x", "cancel", "cancel", lambda it: not it.over and not is_open_offer(it)),
    Deed("r", "retry", "try again", lambda it: it.phase in _AGAIN),
    Deed("f", "forget", "forget", lambda it: it.over),
    Deed("l", "look", "look", is_picture),
    Deed("o", "open", "open folder", lambda it: it.place is not None),
    Deed("c", "copy", "copy path", lambda it: it.place is not None and it.phase == "done"),
    Deed("enter", "details", "all", lambda _: True),
)
"""In the order in which they are offered."""


def deed_of(transfer: Transfer, key: str) -> Deed | None:
    """What this key does with it, if anything."""
    return next((deed for deed in DEEDS if deed.key == key and deed.may(transfer)), None)


def deeds_words(transfer: Transfer, *, looking: bool = True) -> list[tuple[str, str]]:
    """The keys that do something with it, and a word for each; with `looking`, also that for all about it."""
    return [
        ("Enter" if deed.key == "enter" else deed.key, deed.word)
        for deed in DEEDS
        if deed.may(transfer) and (looking or deed.key != "enter")
    ]


class Numbers:
    """What transfers are called in commands: 1 for the first that was told, and so on, for good."""

    def __init__(self) -> None:
        self._ids: list[str] = []

    def of(self, transfer_id: str) -> int:
        """The number of a transfer; a new one where it has none."""
        if transfer_id not in self._ids:
            self._ids.append(transfer_id)
        return self._ids.index(transfer_id) + 1

    def id_of(self, number: int) -> str | None:
        """The transfer that has it."""
        return self._ids[number - 1] if 0 < number <= len(self._ids) else None


# ── in which order ───────────────────────────────────────────────────────────────────────────────


class Group(NamedTuple):
    """Transfers that stand under one heading."""

    heading: str
    transfers: Sequence[Transfer]


def grouped(transfers: Iterable[Transfer]) -> list[Group]:
    """What waits for the person, what runs, what waits, and what is over, the newest of those first."""
    known = list(transfers)
    over = sorted((it for it in known if it.over), key=lambda it: it.ended_at or it.created_at, reverse=True)
    running = [it for it in known if is_begun(it)]
    waits = [it for it in known if not it.over and not is_open_offer(it) and it not in running]
    groups = (
        Group("Waiting for your answer", [it for it in known if is_open_offer(it)]),
        Group("On the way", running),
        Group("Waiting", waits),
        Group("Over", over),
    )
    return [group for group in groups if group.transfers]
