"""The transfers of one session: what its process tells of each, and what a person says to it.

Strategy: both ends of a session have the same; they differ in who offers. The process names a transfer as its
sender does, so each session has a table from that name to the item. An offer that was accepted before and is
the same goes on without asking again; whatever else the rules do not take waits for the person.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from mesh_agent.sharing.attempt import Attempt
from mesh_agent.sharing.board import Item
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.errors import at_peer
from mesh_agent.sharing.orders import (
    Accept,
    CalledOff,
    CallOff,
    Cancel,
    Decline,
    Drop,
    Ended,
    Heard,
    Met,
    Moved,
    Offered,
    Pause,
    Report,
    Serving,
)
from mesh_agent.sharing.state import OFFERED_PATHS, Conflict, OfferedPath
from mesh_agent.sharing.store import Record, is_refused, receive_id
from protocol import limits
from protocol.errors import MeshError
from protocol.text import clean_line
from protocol.times import format_time

log = logging.getLogger(__name__)

ITEMS_MAX: Final = 200
"""Transfers of one session that are not over."""

TITLE_CHARS: Final = 255

CANCELLED_S: Final = 5.0
"""So long may the process take to end what is cancelled."""

CANCELLED: Final = "cancelled"
"""The code of what a person has ended; any other one is that of a failure."""

ELSEWHERE: Final = "Another device has taken it."
TOO_LATE: Final = "All of it was there before it could be cancelled."


class Carrying:
    """One session's.

    Attributes:
        items: by the sender's name for them; those that are over are not in it.
        attempt: the one that runs now.
    """

    def __init__(self, desk: Desk, room_id: str, peer_id: str, peer_name: str, *, takes_offers: bool) -> None:
        self.desk, self.room_id, self.peer_id, self.peer_name = desk, room_id, peer_id, peer_name
        self.session_id = ""
        self.peer_device = ""
        self.items: dict[str, Item] = {}
        self.attempt: Attempt | None = None
        self._takes_offers = takes_offers
        self._handlers: dict[type, Callable[[Any], None]] = {
            Met: self._met,
            Offered: self._offered,
            Serving: self._serving,
            Moved: self._moved,
            Ended: self._ended,
            Heard: self._was_told,
            CalledOff: self._was_called_off,
        }

    # ── what the process tells ───────────────────────────────────────────────────────────────────

    def report(self, report: Report) -> None:
        handler = self._handlers.get(type(report))
        if handler is not None:
            handler(report)

    def lost(self, message: str) -> None:
        """The attempt is over; what was under way goes on with the next one."""
        for item in list(self.items.values()):
            item.way, item.lanes, item.paused_by_peer = None, 0, False
            if item.wish is not None:
                self.end(item, "cancelled", item.wish, untold=item.record.peer_device)
                continue
            began = item.record.done > 0 or item.phase in {"running", "finishing", "interrupted"}
            received = item.record.direction == "receive" and not item.record.share
            if item.phase != "paused":
                phase = "interrupted" if began or received else "waiting"
                self.desk.board.change(item, phase=phase, reason=message)

    def fail(self, message: str, phase: str = "failed") -> None:
        """None of them can go on."""
        for item in list(self.items.values()):
            self.end(item, phase, message)

    def end(self, item: Item, phase: str, reason: str = "", **fields: Any) -> None:
        self.items.pop(item.record.wire_id, None)
        self.desk.board.change(item, phase=phase, reason=reason, **fields)

    def _met(self, met: Met) -> None:
        assert self.attempt is not None
        for item in self.items.values():
            item.way, item.verified = met.way, self.attempt.compared
            self.desk.board.tell(item)
        for item in self.untold():
            reason = ELSEWHERE if item.phase == "done" else item.record.reason
            self._tell(CallOff(id=item.record.wire_id, reason=reason))

    def untold(self) -> list[Item]:
        """What is over, and the device that is there does not know it."""
        with_it = (self.peer_id, self.peer_device)
        return [
            item
            for item in self.desk.board.all()
            if item.over and item.record.untold and (item.record.peer_id, item.record.untold) == with_it
        ]

    def _was_told(self, told: Heard) -> None:
        item = self.items.get(told.id)
        if item is not None and item.wish is not None:
            item.wish_told = True
        for over in self.untold():
            if over.record.wire_id == told.id:
                self.desk.board.told(over)

    def _was_called_off(self, off: CalledOff) -> None:
        """It was ended there while one of the two was away."""
        item = next(filter(partial(self._is_called, off.id), self.desk.board.all()), None)
        if item is not None:
            owner = self.desk.owner(item) or self
            phase = "cancelled" if off.code == CANCELLED else "failed"
            owner.call_off(item, phase, clean_line(off.reason)[: limits.PEER_SENTENCE_CHARS])

    def _is_called(self, wire_id: str, item: Item) -> bool:
        """Whether that is its name between us and the device that is there; and no other program has it."""
        record = item.record
        ours = item.claim is not None or record.direction == "receive" or item.phase == "interrupted"
        with_it = record.peer_id == self.peer_id and record.peer_device in ("", self.peer_device)
        return record.wire_id == wire_id and with_it and ours and not item.over

    def call_off(self, item: Item, phase: str, reason: str) -> None:
        """The other device has ended it: nothing more of it goes there."""
        self._tell(Drop(id=item.record.wire_id))
        self.end(item, phase, reason or self._they_ended_it)

    @property
    def _they_ended_it(self) -> str:
        return f"{self.peer_name} ended it."

    def _offered(self, offered: Offered) -> None:
        assert self.attempt is not None
        title = clean_line(offered.name)[:TITLE_CHARS] or "?"
        told: dict[str, Any] = {
            "title": title,
            "kind": offered.kind,
            "size": offered.size,
            "files": offered.files,
            "mtime": offered.mtime,
        }
        if offered.refused:
            self._cannot_be(offered, title, told)
            return
        if self._has_arrived(offered, title):
            self.attempt.tell(Accept(id=offered.id, into="", already=True))
            return
        if not offered.request and (refused := self._refused(offered)) is not None:
            self.attempt.tell(Cancel(id=offered.id, reason=refused.record.reason))
            return
        item = self._fetched(offered) if offered.request else self._found(offered, title)
        if item is None:
            if not self._takes_offers or offered.request or len(self.items) >= ITEMS_MAX:
                self.attempt.tell(Decline(id=offered.id, reason="Nothing is taken here."))
                return
            item = Item(self._record(offered.id, "receive", told))
            _show_offer(item, offered, self.attempt)
            self.desk.board.add(item)
        self.items[offered.id] = item
        _show_offer(item, offered, self.attempt)
        self._decide(item, told)

    def _cannot_be(self, offered: Offered, title: str, told: dict[str, Any]) -> None:
        """The process has declined it, as it cannot be received safely; the person learns of it."""
        item = self._fetched(offered) if offered.request else self._found(offered, title)
        if item is not None:
            self.end(item, "failed", offered.refused)
        elif self._takes_offers and not offered.request:
            now = format_time(self.desk.clock())
            record = self._record(offered.id, "receive", told)
            ended = replace(record, phase="failed", reason=offered.refused, ended_at=now)
            self.desk.board.add(Item(ended))

    def _refused(self, offered: Offered) -> Item | None:
        """It was called off before: its sender has not heard that, or has lost it with its program."""
        item = self.desk.board.find(receive_id(self.peer_id, self.peer_device, offered.id))
        return item if item is not None and is_refused(item.record) else None

    def _decide(self, item: Item, told: dict[str, Any]) -> None:
        """What was accepted before goes on; what the rules take is taken; else a person is asked."""
        rules, board = self.desk.rules, self.desk.board
        told |= {"session_id": self.session_id, "peer_device": self.peer_device, "reason": ""}
        if item.record.into:
            paused = item.phase == "paused"
            board.change(item, phase="paused" if paused else "running", **told)
            self._accept(item)
            if paused:
                self._tell(Pause(id=item.record.wire_id, paused=True))
            return
        board.change(item, phase="offered", **told)
        always = self.attempt is not None and self.attempt.always
        decision = rules.decide(self.peer_id, item.record.size, verified=item.verified, always=always)
        if decision == "take":
            self.accept(item, rules.folder, rules.conflict)
        elif decision == "refuse":
            self.decline(item, "Nothing is taken here now.")

    def _found(self, offered: Offered, title: str) -> Item | None:
        """The same offer, made again: its item. Another one of that name takes its place."""
        item = self.desk.board.find(receive_id(self.peer_id, self.peer_device, offered.id))
        if item is None or item.over:
            return None
        record = item.record
        new = record.phase == "offered" or not record.into
        same = (record.size, record.mtime, record.title) == (offered.size, offered.mtime, title)
        return item if new or same else None

    def _has_arrived(self, offered: Offered, title: str) -> bool:
        """It came whole in this very session, and the line was lost before its sender knew."""
        item = self.desk.board.find(receive_id(self.peer_id, self.peer_device, offered.id))
        if item is None or item.phase != "done" or item.record.session_id != self.session_id:
            return False
        record = item.record
        same = (record.size, record.mtime, record.title) == (offered.size, offered.mtime, title)
        return same and bool(record.place) and Path(record.place).exists()

    def _fetched(self, offered: Offered) -> Item | None:
        """What we have asked for, and no more than that."""
        assert offered.request is not None
        item = self.items.pop(offered.request, None)
        if item is not None:
            self.desk.board.change(item, wire_id=offered.id)
        return item

    def _serving(self, serving: Serving) -> None:
        told = {
            "title": clean_line(serving.name)[:TITLE_CHARS] or "?",
            "kind": serving.kind,
            "size": serving.size,
            "files": serving.files,
            "share_path": serving.name,
        }
        if len(self.items) < ITEMS_MAX:
            self.items[serving.id] = self.desk.board.add(Item(self._record(serving.id, "send", told)))

    def _moved(self, moved: Moved) -> None:
        item = self.items.get(moved.id)
        if item is None:
            return
        item.way, item.lanes = moved.way, moved.lanes
        known: dict[str, Any] = {"size": moved.size} if moved.size else {}
        known |= {"files": moved.files} if moved.files else {}
        item.paused_by_peer = moved.by_peer
        if moved.phase != "offered":
            known |= {"phase": "running" if moved.by_peer else moved.phase, "done": moved.done}
        elif item.record.direction == "send" and not item.record.done:
            known |= {"phase": moved.phase}
        # Before both ends have agreed on what is there already, what was there before is still true.
        known |= {"peer_device": self.peer_device, "strikes": moved.strikes, "untold": self._left(item)}
        self.desk.board.change(item, rate=moved.rate, reason="", **known)

    def _left(self, item: Item) -> str:
        """The device that this was offered to before, and that still believes it to be."""
        before, untold = item.record.peer_device, item.record.untold
        if item.record.direction == "send" and before not in ("", self.peer_device):
            return before
        return "" if untold == self.peer_device else untold

    def _ended(self, ended: Ended) -> None:
        item = self.items.get(ended.id)
        if item is None:
            return
        fields: dict[str, Any] = {"place": ended.place} if ended.place else {}
        if ended.phase == "done":
            fields["done"] = item.record.size
        reason = clean_line(ended.reason)[: limits.PEER_SENTENCE_CHARS]
        reason = at_peer(self.peer_name, ended.code, reason, sent=item.record.direction == "send")
        if item.wish is None and ended.phase == "cancelled":
            reason = reason or self._they_ended_it
        if item.wish is not None and ended.phase == "cancelled":
            reason = item.wish
            fields["untold"] = "" if item.wish_told else item.record.peer_device
        elif item.wish is not None and ended.phase == "done":
            reason = reason or TOO_LATE
        log.info("transfer %s ended: %s %s", item.id, ended.phase, ended.code)
        self.end(item, ended.phase, reason, **fields)

    def _record(self, wire_id: str, direction: Any, told: dict[str, Any]) -> Record:
        return Record(
            id=receive_id(self.peer_id, self.peer_device, wire_id),
            wire_id=wire_id,
            direction=direction,
            room_id=self.room_id,
            peer_id=self.peer_id,
            peer_name=self.peer_name,
            peer_device=self.peer_device,
            session_id=self.session_id,
            phase="offered",
            created_at=format_time(self.desk.clock()),
            **told,
        )

    # ── what a person says ───────────────────────────────────────────────────────────────────────

    def accept(self, item: Item, into: Path, conflict: Conflict) -> None:
        phase = "running" if self._met_now else "interrupted"
        links = self.desk.rules.links
        self.desk.board.change(item, phase=phase, into=str(into), conflict=conflict, links=links)
        self._accept(item)

    def decline(self, item: Item, reason: str) -> None:
        self._tell(Decline(id=item.record.wire_id, reason=reason))
        self.end(item, "declined", reason, untold="" if self._met_now else item.record.peer_device)

    def pause(self, item: Item, *, paused: bool) -> None:
        self._tell(Pause(id=item.record.wire_id, paused=paused))
        going = "running" if self._met_now else "waiting"
        self.desk.board.change(item, phase="paused" if paused else going)

    def cancel(self, item: Item, reason: str) -> None:
        """At once where nobody is there; else as soon as the process says that it was in time."""
        if not self._met_now:
            self.end(item, "cancelled", reason, untold=item.record.peer_device)
        elif item.wish is None:
            item.wish = reason
            self._tell(Cancel(id=item.record.wire_id, reason=reason))
            asyncio.get_running_loop().call_later(CANCELLED_S, self._cancelled_anyway, item)

    def _cancelled_anyway(self, item: Item) -> None:
        """A disk that does not answer keeps nobody waiting. What gets its name now is waited for."""
        if item.wish is not None and item.phase != "finishing":
            self.end(item, "cancelled", item.wish, untold=item.record.peer_device)

    @property
    def _met_now(self) -> bool:
        return self.attempt is not None and self.attempt.met is not None

    def _accept(self, item: Item) -> None:
        record = item.record
        self._tell(
            Accept(
                id=record.wire_id,
                into=record.into,
                conflict=record.conflict,
                strikes=record.strikes,
                links=record.links,
            )
        )

    def _tell(self, order: Accept | Decline | Pause | Cancel | CallOff | Drop) -> None:
        if self.attempt is not None:
            self.attempt.tell(order)


def _show_offer(item: Item, offered: Offered, attempt: Attempt) -> None:
    item.paths = tuple(
        OfferedPath(entry.path, entry.kind, entry.size, entry.renamed, entry.exists, entry.same)
        for entry in offered.paths[:OFFERED_PATHS]
    )
    item.more_paths = offered.more_paths + max(len(offered.paths) - OFFERED_PATHS, 0)
    item.space = offered.space
    item.verified = attempt.compared
    item.way = attempt.met.way if attempt.met is not None else None


def as_sentence(error: MeshError) -> str:
    return error.message or type(error).text
