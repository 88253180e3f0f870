"""Messages on their way out: what is sent next, and what an answer means. No IO; the time is an argument.

Strategy: a message has a nonce, by which the server takes it once however often it is sent, so the only
question is when to send. One message of a room is under way at a time, or a refusal could change their
order; rooms do not wait for each other. A refusal is either for good (the message is `failed` until its
author decides) or for now (it is sent again later, and those behind it wait). A broken line puts
everything that was under way back.

    queued ──take──> under way ──ack, or seen in the room──> gone
      ^ ^                │
      │ └──for now───────┤
      │                  └──for good──> failed
      └────────────retry───────────────────┘
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Literal

from mesh_agent.client.state import Outgoing
from protocol.errors import MeshError

OUTBOX_MAX: Final = 5_000
"""Messages that wait in one account's outbox, the failed ones among them."""

IN_FLIGHT_MAX: Final = 16
"""Messages sent and not yet answered, each of another room."""

RETRY_FIRST_S: Final = 1.0
RETRY_MAX_S: Final = 60.0

_FOR_NOW: Final = frozenset({"rate", "storage", "server", "auth"})
"""The families of codes that say nothing about the message: it may go a moment later. Any other refusal,
one that this version does not know among them, is for good: it must not hold up what waits behind it.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the outbox keeps of a message: all that is needed to send it."""

    outgoing: Outgoing
    reply_to: str | None = None
    thread: str | None = None

    @property
    def nonce(self) -> str:
        return self.outgoing.nonce


@dataclass(slots=True)
class _Place:
    entry: Entry
    phase: Literal["queued", "under way", "acknowledged", "failed"]
    refusals: int = 0
    not_before: float = 0.0


class Outbox:
    """The outbox of one account, in the order typed."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._places: dict[str, _Place] = {}
        self._rooms: dict[str, dict[str, _Place]] = {}
        self._under_way: dict[str, _Place] = {}
        self.load(entries)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, nonce: str) -> bool:
        return nonce in self._places

    def load(self, entries: Iterable[Entry]) -> list[Outgoing]:
        """Takes in what is on disk, where another process may have left something; returns what is new."""
        new = [entry for entry in entries if entry.nonce not in self._places]
        for entry in new:
            self.add(entry)
        return [entry.outgoing for entry in new]

    def add(self, entry: Entry) -> None:
        phase: Literal["queued", "failed"] = "queued" if entry.outgoing.state == "pending" else "failed"
        place = _Place(entry, phase)
        self._places[entry.nonce] = place
        self._rooms.setdefault(entry.outgoing.room_id, {})[entry.nonce] = place

    def of_room(self, room_id: str) -> list[Outgoing]:
        """Everything of `room_id` that has not been seen in it yet, in the order typed."""
        return [place.entry.outgoing for place in self._rooms.get(room_id, {}).values()]

    def get(self, nonce: str) -> Entry | None:
        place = self._places.get(nonce)
        return None if place is None else place.entry

    def take(self, now: float, may_go: Callable[[str], bool] = lambda _: True) -> list[Entry]:
        """What is to be sent now, of the rooms that `may_go`; it counts as under way from here on."""
        ready = (
            head for head in self._heads() if head.not_before <= now and may_go(head.entry.outgoing.room_id)
        )
        due = list(islice(ready, IN_FLIGHT_MAX - len(self._under_way)))
        for place in due:
            place.phase = "under way"
            self._under_way[place.entry.outgoing.room_id] = place
        return [place.entry for place in due]

    def next_time(self) -> float | None:
        """When something that waits after a refusal is to be sent; None where nothing does."""
        return min((head.not_before for head in self._heads() if head.refusals), default=None)

    def acknowledged(self, nonce: str) -> Entry | None:
        """The server has it. It stays to be shown until it is seen in the room."""
        place = self._places.get(nonce)
        if place is None or place.phase == "acknowledged":
            return None
        self._back(place)
        place.phase = "acknowledged"
        return place.entry

    def seen(self, nonce: str) -> Entry | None:
        """It is in the room: out of the box. None where it was not in it."""
        place = self._places.pop(nonce, None)
        if place is None:
            return None
        self._back(place)
        room_id = place.entry.outgoing.room_id
        del self._rooms[room_id][nonce]
        if not self._rooms[room_id]:
            del self._rooms[room_id]
        return place.entry

    def refused(self, nonce: str, error: MeshError, now: float) -> Outgoing | None:
        """The server did not take it; returns it with the reason, and `failed` where that is for good.

        None where it was not under way.
        """
        place = self._places.get(nonce)
        if place is None or place.phase != "under way":
            return None
        self._back(place)
        if error.code.partition(".")[0] not in _FOR_NOW:
            place.phase = "failed"
            return self._set(place, state="failed", error=error.message)
        place.phase = "queued"
        wait = min(RETRY_MAX_S, RETRY_FIRST_S * 2 ** min(place.refusals, 16))
        place.refusals += 1
        place.not_before = now + max(wait, min(error.retry_after or 0.0, RETRY_MAX_S))
        return self._set(place, state="pending", error=error.message)

    def retry(self, nonce: str) -> Outgoing | None:
        """A failed message is to be sent after all; None where it has not failed."""
        place = self._places.get(nonce)
        if place is None or place.phase != "failed":
            return None
        place.phase, place.refusals, place.not_before = "queued", 0, 0.0
        return self._set(place, state="pending", error="")

    def line_lost(self) -> None:
        """Nothing is under way any more."""
        for place in self._under_way.values():
            place.phase, place.not_before = "queued", 0.0
        self._under_way.clear()

    def forget_acknowledged(self, room_id: str) -> list[Outgoing]:
        """The room's history is loaded anew and has them."""
        places = list(self._rooms.get(room_id, {}).values())
        gone = [place.entry for place in places if place.phase == "acknowledged"]
        for entry in gone:
            self.seen(entry.nonce)
        return [entry.outgoing for entry in gone]

    def _set(self, place: _Place, *, state: Literal["pending", "failed"], error: str) -> Outgoing:
        outgoing = replace(place.entry.outgoing, state=state, error=error)
        place.entry = replace(place.entry, outgoing=outgoing)
        return outgoing

    def _back(self, place: _Place) -> None:
        """No longer under way, if it was."""
        room_id = place.entry.outgoing.room_id
        if self._under_way.get(room_id) is place:
            del self._under_way[room_id]

    def _heads(self) -> Iterator[_Place]:
        """What comes next in each room that has nothing under way."""
        for room_id, places in self._rooms.items():
            if room_id not in self._under_way:
                queued = (place for place in places.values() if place.phase == "queued")
                yield from islice(queued, 1)
