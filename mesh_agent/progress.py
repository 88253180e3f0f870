"""A transfer in one line for a terminal, and as a dict for `--json`. No IO."""

from collections.abc import Sequence
from typing import Any, Final

from mesh_agent.sharing.state import OVER, Phase, Transfer

BAR_CELLS: Final = 20
_UNITS: Final = ("B", "KB", "MB", "GB", "TB", "PB")

SAID: Final[dict[Phase, str]] = {
    "waiting": "waits",
    "connecting": "connecting",
    "offered": "offered",
    "running": "",
    "paused": "paused",
    "interrupted": "interrupted, goes on by itself",
    "finishing": "verifying",
    "done": "done",
    "declined": "declined",
    "cancelled": "cancelled",
    "failed": "failed",
}


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


def line(transfer: Transfer) -> str:
    """All that is worth knowing of it, for who waits for it."""
    to = "to" if transfer.direction == "send" else "from"
    parts = [f"{transfer.title} {to} {transfer.peer_name}"]
    if transfer.phase in {"running", "paused", "interrupted", "finishing"} and not transfer.undecided:
        parts.append(bar(transfer.done, transfer.size))
        parts.append(f"{size_text(transfer.done)} of {size_text(transfer.size)}")
    if transfer.phase == "running":
        if transfer.rate > 0:
            parts.append(f"{size_text(transfer.rate)}/s")
        if transfer.eta_s is not None:
            parts.append(f"{span_text(transfer.eta_s)} left")
    if transfer.way is not None:
        lanes = f", {transfer.lanes} lanes" if transfer.lanes > 1 else ""
        parts.append(f"{transfer.way}{lanes}")
    if transfer.undecided:
        parts.append(f"offered, {transfer.peer_name} is not there now")
    elif transfer.paused_by_peer:
        parts.append(f"paused by {transfer.peer_name}")
    elif SAID[transfer.phase]:
        parts.append(SAID[transfer.phase])
    return "  ".join(parts)


def last_line(transfer: Transfer) -> str:
    """What became of one that is over, or why it has not begun."""
    to = "to" if transfer.direction == "send" else "from"
    head = f"{transfer.title} {to} {transfer.peer_name}: {SAID[transfer.phase] or 'running'}"
    if transfer.phase == "done" and not transfer.door:
        head += f", {size_text(transfer.size)}"
        if transfer.place is not None and transfer.direction == "receive":
            head += f", {transfer.place}"
    return f"{head}. {transfer.reason}".rstrip() if transfer.reason else head


def summary(transfers: Sequence[Transfer]) -> str:
    """Several of them in one line."""
    size = sum(transfer.size for transfer in transfers)
    done = sum(transfer.size if transfer.phase == "done" else transfer.done for transfer in transfers)
    rate = sum(transfer.rate for transfer in transfers)
    over = sum(transfer.phase in OVER for transfer in transfers)
    parts = [f"{over} of {len(transfers)} done", bar(done, size), f"{size_text(done)} of {size_text(size)}"]
    if rate > 0:
        parts += [f"{size_text(rate)}/s", f"{span_text((size - done) / rate)} left"]
    return "  ".join(parts)


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
