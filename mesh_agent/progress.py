"""A transfer in one line for a terminal, and as a dict for `--json`. No IO."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from mesh_agent.sharing.state import Phase, Transfer

BAR_CELLS: Final = 20
MOST_CELLS: Final = 10_000
"""More than any line has that no terminal is the bound of."""

_UNITS: Final = ("B", "KB", "MB", "GB", "TB", "PB")

SAID: Final[dict[Phase, str]] = {
    "waiting": "waits for {}",
    "connecting": "looking for a way to {}",
    "offered": "{} is asked",
    "running": "",
    "paused": "paused",
    "interrupted": "interrupted, goes on by itself",
    "finishing": "verifying",
    "done": "done",
    "declined": "declined",
    "cancelled": "cancelled",
    "failed": "failed",
}


_COUNTED: Final[dict[Phase, str]] = {
    "waiting": "waiting",
    "connecting": "waiting",
    "offered": "asked about",
    "paused": "paused",
    "interrupted": "interrupted",
    "declined": "declined",
    "cancelled": "cancelled",
    "failed": "failed",
}
"""What is said of several that are neither done nor on their way."""


def size_text(size: float) -> str:
    """`1.2 MB`; a kilobyte has 1,000 bytes, as disks are sold."""
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"


def span_text(seconds: float) -> str:
    """`0:07`, `1:02:03`."""
    whole = min(int(seconds + 0.5), 999 * 3600)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def bar(done: int, size: int) -> str:
    share = 1.0 if not size else min(done / size, 1.0)
    full = int(share * BAR_CELLS)
    return f"[{'#' * full}{'-' * (BAR_CELLS - full)}] {share * 100:3.0f}%"


def said(transfer: Transfer) -> str:
    """How it stands; empty where bytes flow."""
    if transfer.undecided:
        return f"offered, {transfer.peer_name} is not there now"
    if transfer.paused_by_peer:
        return f"paused by {transfer.peer_name}"
    if transfer.left:
        return "stopped"
    if transfer.awaited:
        return SAID["waiting"].format(transfer.peer_name)
    if transfer.direction == "receive" and transfer.phase == "offered":
        return "offered"
    return SAID[transfer.phase].format(transfer.peer_name)


def line(transfer: Transfer, cells: int = MOST_CELLS) -> str:
    """All that is worth knowing of it, for who waits for it; less of it where that is too long."""
    to = "to" if transfer.direction == "send" else "from"
    parts = [(0, f"{transfer.title} {to} {transfer.peer_name}")]
    begun = transfer.phase in {"running", "paused", "interrupted", "finishing"}
    begun = begun and not (transfer.undecided or transfer.awaited)
    if begun:
        parts.append((1, bar(transfer.done, transfer.size)))
    parts.append((0, said(transfer)))
    if begun:
        parts.append((4, f"{size_text(transfer.done)} of {size_text(transfer.size)}"))
    if transfer.phase == "running":
        parts.append((2, f"{size_text(transfer.rate)}/s" if transfer.rate > 0 else ""))
        parts.append((3, "" if transfer.eta_s is None else f"{span_text(transfer.eta_s)} left"))
    if transfer.way is not None:
        lanes = f", {transfer.lanes} lanes" if transfer.lanes > 1 else ""
        parts.append((5, f"{transfer.way}{lanes}"))
    return fitted(parts, cells)


def fitted(parts: Sequence[tuple[int, str]], cells: int) -> str:
    """As many of the parts as fit, each with a rank: the highest goes first, and 0 stays."""
    kept = [part for part in parts if part[1]]
    while len(text := "  ".join(words for _, words in kept)) > cells:
        last = max(kept, key=lambda part: part[0])
        if last[0] == 0:
            return text[:cells]
        kept.remove(last)
    return text


def last_line(transfer: Transfer, *, placed: bool = True) -> str:
    """What became of one that is over, or why it has not begun. `placed`: where it is, is worth saying."""
    to = "to" if transfer.direction == "send" else "from"
    head = f"{transfer.title} {to} {transfer.peer_name}: {said(transfer) or 'running'}"
    if transfer.phase == "done" and not transfer.door:
        head += f", {size_text(transfer.size)}"
        if placed and transfer.place is not None and transfer.direction == "receive":
            head += f", {transfer.place}"
    return f"{head}. {transfer.reason}".rstrip() if transfer.reason else head


def summary(transfers: Sequence[Transfer], cells: int = MOST_CELLS) -> str:
    """Several of them in one line; less of it where that is too long."""
    size = sum(transfer.size for transfer in transfers)
    done = sum(transfer.size if transfer.phase == "done" else transfer.done for transfer in transfers)
    rate = sum(transfer.rate for transfer in transfers)
    whole = sum(transfer.phase == "done" for transfer in transfers)
    parts = [(0, f"{whole} of {len(transfers)} done"), (1, bar(done, size))]
    parts += [(2, f"{count} {words}") for words, count in _counted(transfers)]
    parts.append((5, f"{size_text(done)} of {size_text(size)}"))
    if rate > 0:
        parts += [(3, f"{size_text(rate)}/s"), (4, f"{span_text((size - done) / rate)} left")]
    return fitted(parts, cells)


def _counted(transfers: Sequence[Transfer]) -> list[tuple[str, int]]:
    """How many are neither done nor on their way, by why."""
    counts = Counter(_COUNTED.get(transfer.phase, "") for transfer in transfers)
    return [(words, counts[words]) for words in dict.fromkeys(_COUNTED.values()) if counts[words]]


def as_object(transfer: Transfer) -> dict[str, Any]:
    """What `--json` prints of it; what says nothing is absent."""
    told: dict[str, Any] = {
        "transfer": transfer.id,
        "phase": transfer.phase,
        "direction": transfer.direction,
        "room_id": transfer.room_id,
        "peer": transfer.peer_name,
        "peer_id": transfer.peer_id,
        "title": transfer.title,
        "kind": transfer.kind,
        "door": transfer.door,
        "size": transfer.size,
        "files": transfer.files,
        "done": transfer.done,
        "rate": round(transfer.rate),
        "way": transfer.way,
        "lanes": transfer.lanes,
        "verified": transfer.verified,
        "place": None if transfer.place is None else str(transfer.place),
        "reason": transfer.reason,
        "created_at": transfer.created_at,
        "ended_at": transfer.ended_at,
    }
    return {name: value for name, value in told.items() if value not in (None, "", False)}
