"""What a call consists of, and what its machine (`machines.call`) wants done: words without behaviour."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from protocol.calls import CALL_PARTIES, Device, HangUp, Payload, Sends

OFFERS_BURST: Final = 5
OFFERS_S: Final = 2.0
"""Offers of one device that are taken: so many at once, and one more every so many seconds."""

SENTENCES: Final[dict[HangUp, str]] = {
    "left": "{} has left.",
    "declined": "{} declined.",
    "busy": "{} is in another call.",
    "often": "{} was called too often, and is not told for a minute.",
    "missed": "{} did not answer.",
    "identity": "{} does not accept the identity of this device.",
    "failed": "{} could not be reached.",
    "merged": "{} calls you at the same time.",
}
REASONS: Final[dict[str, HangUp]] = {reason: reason for reason in get_args(HangUp)}

Phase = Literal["ringing", "connecting", "open", "over"]
LegState = Literal["connecting", "connected", "lost", "failed"]

FULL: Final = f"There are {CALL_PARTIES} devices in this call, and no room for another."
NOBODY: Final = "Nobody is in this call any more."


# ── effects ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Say:
    """This goes to that device, or to all devices of that user: a payload, or the reason of a hangup."""

    kind: Literal["offer", "answer", "ice", "hangup"]
    to: str
    payload: Payload | None = None
    reason: HangUp | None = None


@dataclass(frozen=True, slots=True)
class MakeOffer:
    party: str
    number: int


@dataclass(frozen=True, slots=True)
class TakeOffer:
    party: str
    number: int
    sdp: str


@dataclass(frozen=True, slots=True)
class TakeAnswer:
    party: str
    number: int
    sdp: str


@dataclass(frozen=True, slots=True)
class Drop:
    party: str


Effect = Say | MakeOffer | TakeOffer | TakeAnswer | Drop


@dataclass(slots=True)
class Peer:
    """Another device in the call. `number` of its leg; `due`: when something has to have happened."""

    device: Device
    name: str
    offers: bool
    state: Literal["connecting", "connected", "lost"] = "connecting"
    sends: Sends = field(default_factory=Sends)
    number: int = 0
    tries: int = 0
    due: float = 0.0
    retry_at: float | None = None
    offers_left: float = float(OFFERS_BURST)
    offered_at: float = 0.0


@dataclass(slots=True)
class Rung:
    """Somebody who is rung. `how`: what came of it; empty while it rings."""

    user_id: str
    name: str
    how: HangUp | Literal["", "came"] = ""


# ── who did not come ─────────────────────────────────────────────────────────────────────────────

NOT_CAME: Final[dict[HangUp, str]] = {
    "declined": "declined",
    "busy": "in another call",
    "often": "called too often",
    "failed": "not reached",
    "left": "left",
    "missed": "did not answer",
}
"""What is said of who was rung and did not come, after their names; in this order."""

_VERBS: Final = {"busy": "was ", "often": "was ", "failed": "was ", "left": "has "}
_PLURAL: Final = {"was ": "were ", "has ": "have "}

_GROUP_CHARS: Final = 300
"""Where names would make it longer, numbers stand for them."""


def not_came(rung: Iterable[Rung]) -> str:
    """`bob declined, carol and dan did not answer`; empty where nobody was rung, or all have just not
    answered."""
    groups: dict[HangUp, list[str]] = {how: [] for how in NOT_CAME}
    for each in rung:
        if each.how and each.how != "came":
            groups[each.how if each.how in groups else "failed"].append(each.name)
    found = [(how, names) for how, names in groups.items() if names]
    if [how for how, _ in found] in ([], ["missed"]):
        return ""
    told = ", ".join(_group(how, _joined(names), len(names)) for how, names in found)
    if len(told) <= _GROUP_CHARS:
        return told
    return ", ".join(_group(how, str(len(names)), len(names)) for how, names in found)


def nobody_came(rung: Collection[Rung], last: str) -> str:
    """Why a call did not begin, as a sentence. `last`: about whoever was the last one."""
    return last if len(rung) < 2 else f"{not_came(rung) or 'Nobody answered'}."


def _group(how: HangUp, who: str, count: int) -> str:
    verb = _VERBS.get(how, "")
    return f"{who} {_PLURAL.get(verb, verb) if count > 1 else verb}{NOT_CAME[how]}"


def _joined(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
