"""The transfers of an account as they are now: what is shown of each, who is told, and what goes to disk.

Strategy: an `Item` is a record (kept on disk) and what is known of it only while it runs. Every change goes
through `Board.change`. A new phase is told at once and written; progress is told a few times a second and
never written. Writing is one task in a thread, which takes all that has changed since it last did.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from mesh_agent.net.base import Way
from mesh_agent.sharing.errors import TransferUnknown
from mesh_agent.sharing.state import OVER, OfferedPath, Phase, Transfer, TransferChanged
from mesh_agent.sharing.store import KEPT_MAX, Claim, Record, Store, is_refused, wire_name
from protocol.errors import MeshError
from protocol.times import format_time

log = logging.getLogger(__name__)

TOLD_EVERY_S: Final = 0.2
"""How often progress of one transfer is told."""


NOBODY_RUNS: Final = "The program that ran this has ended. Resume it here, or give its command again."


class Item:
    """One transfer.

    Attributes:
        record: what is kept; change it by `Board.change` alone.
        claim: set while this program runs it.
        paths, more_paths, space: what is offered, and the room there is for it.
        rate, way, lanes, verified: how it goes.
        paused_by_peer: only the other side has paused it, which no disk remembers: they tell it again.
        wish: why the person wants it cancelled, until that is done; `wish_told`: the other device knows.
    """

    def __init__(self, record: Record, claim: Claim | None = None) -> None:
        self.record = record
        self.claim = claim
        self.paths: tuple[OfferedPath, ...] = ()
        self.more_paths = 0
        self.space: int | None = None
        self.rate = 0.0
        self.way: Way | None = None
        self.lanes = 0
        self.verified = False
        self.paused_by_peer = False
        self.wish: str | None = None
        self.wish_told = False

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def phase(self) -> Phase:
        return self.record.phase

    @property
    def over(self) -> bool:
        return self.record.over

    def view(self) -> Transfer:
        record = self.record
        place = record.place or record.into
        return Transfer(
            id=record.id,
            direction=record.direction,
            room_id=record.room_id,
            peer_id=record.peer_id,
            peer_name=record.peer_name,
            title=record.title,
            kind=record.kind,
            phase="paused" if self.paused_by_peer and record.phase == "running" else record.phase,
            size=record.size,
            files=record.files,
            done=record.done,
            rate=self.rate,
            paths=self.paths,
            more_paths=self.more_paths,
            space=self.space,
            way=self.way,
            lanes=self.lanes,
            verified=self.verified,
            place=Path(place) if place else None,
            reason=record.reason,
            created_at=record.created_at,
            ended_at=record.ended_at,
            door=record.door,
            paused_by_peer=self.paused_by_peer and record.phase == "running",
            left=record.phase == "interrupted" and record.reason == NOBODY_RUNS,
        )


class Board:
    """All of them, by id, in the order made."""

    def __init__(
        self, store: Store, publish: Callable[[TransferChanged], None], clock: Callable[[], int]
    ) -> None:
        """`clock`: milliseconds since 1970."""
        self._store, self._publish, self._clock = store, publish, clock
        self._items: dict[str, Item] = {}
        self._unsaved: dict[str, Record] = {}
        self._forgotten: set[str] = set()
        self._saver: asyncio.Task[None] | None = None
        self._tellers: dict[str, asyncio.TimerHandle] = {}

    async def load(self) -> None:
        """Takes in what is on disk. Raises: FilesUnusable, FileTooNew."""
        for record in await asyncio.to_thread(self._store.load):
            self._items.setdefault(record.id, Item(record))

    async def kept(self) -> dict[str, Record]:
        """What is on disk now, of other programs too, by id; nothing where that cannot be read."""
        try:
            return {record.id: record for record in await asyncio.to_thread(self._store.load)}
        except MeshError as error:
            log.warning("the list of transfers was not read: %s", error.message)
            return {}

    def all(self) -> list[Item]:
        """Those also that were forgotten, and that another device has to be told of."""
        return list(self._items.values())

    def seen(self) -> list[Item]:
        """What a person is shown."""
        return [item for item in self._items.values() if not item.record.forgotten]

    def get(self, transfer_id: str) -> Item:
        """Raises: TransferUnknown."""
        item = self._items.get(transfer_id)
        if item is None or item.record.forgotten:
            raise TransferUnknown
        return item

    def find(self, transfer_id: str) -> Item | None:
        return self._items.get(transfer_id)

    def add(self, item: Item) -> Item:
        """A new one, or one that takes the place of another of its id."""
        self._items.pop(item.id, None)
        self._items[item.id] = item
        excess = len(self._items) - KEPT_MAX
        for old in [known for known in self._items.values() if known.over][: max(excess, 0)]:
            del self._items[old.id]
        self._changed(item, at_once=True)
        return item

    def set_aside(self, record: Record) -> None:
        """The same is wished for anew, and a device has yet to be told how it ended before."""
        if record.over and record.untold:
            aside = Item(replace(record, id=secrets.token_hex(16), forgotten=True))
            self._items[aside.id] = aside
            self._changed(aside, at_once=False)

    def change(self, item: Item, *, rate: float | None = None, **fields: Any) -> None:
        """`fields`: of the record. A transfer that is over stays as it is."""
        if item.over and fields.get("phase") != "waiting":
            return
        before = item.record
        if fields.get("phase") in OVER:
            fields.setdefault("ended_at", format_time(self._clock()))
        item.record = replace(before, **fields)
        item.rate = rate if rate is not None else item.rate if item.phase == "running" else 0.0
        if item.over:
            item.way, item.lanes, item.wish = None, 0, None
            self.release(item)
        kept = {name for name in fields if name != "done"}
        if any(getattr(before, name) != getattr(item.record, name) for name in kept):
            self._changed(item, at_once=True)
        else:
            self.tell(item)

    def told(self, item: Item) -> None:
        """The other device knows by now that it is over."""
        if item.record.untold:
            # What failed may be tried again, but not by a name that this device now refuses.
            anew = item.record.direction == "send" and item.phase == "failed"
            name = wire_name(item.record) if anew else item.record.wire_id
            item.record = replace(item.record, untold="", wire_id=name)
            if item.record.forgotten:
                self.forget(item.id)
            else:
                self._changed(item, at_once=False)

    def release(self, item: Item) -> None:
        """Another program may run it from now on."""
        claim, item.claim = item.claim, None
        if claim is not None:
            claim.release()

    def tell(self, item: Item) -> None:
        """Something that is not kept has changed."""
        if item.id not in self._tellers:
            loop = asyncio.get_running_loop()
            self._tellers[item.id] = loop.call_later(TOLD_EVERY_S, self._tell, item.id)

    def forget(self, transfer_id: str) -> None:
        """It is shown no more. It is gone as soon as the other device knows how it ended; what was offered to
        us and called off stays among those of old, so that it is not taken after all."""
        teller = self._tellers.pop(transfer_id, None)
        if teller is not None:
            teller.cancel()
        item = self._items.get(transfer_id)
        if item is not None and (item.record.untold or is_refused(item.record)):
            item.record = replace(item.record, forgotten=True)
            self._changed(item, at_once=False)
            return
        self._items.pop(transfer_id, None)
        self._unsaved.pop(transfer_id, None)
        self._forgotten.add(transfer_id)
        self._save()

    async def saved(self) -> None:
        """Returns when all that has changed is on disk, or could not be written."""
        while self._saver is not None:
            await asyncio.gather(self._saver, return_exceptions=True)

    async def close(self) -> None:
        for teller in self._tellers.values():
            teller.cancel()
        self._tellers.clear()
        await self.saved()
        for item in self._items.values():
            self.release(item)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _changed(self, item: Item, *, at_once: bool) -> None:
        self._unsaved[item.id] = item.record
        self._save()
        if at_once:
            teller = self._tellers.pop(item.id, None)
            if teller is not None:
                teller.cancel()
            self._publish(TransferChanged(item.view()))

    def _tell(self, transfer_id: str) -> None:
        self._tellers.pop(transfer_id, None)
        item = self._items.get(transfer_id)
        if item is not None:
            self._publish(TransferChanged(item.view()))

    def _save(self) -> None:
        if self._saver is None:
            self._saver = asyncio.create_task(self._save_all())

    async def _save_all(self) -> None:
        try:
            while self._unsaved or self._forgotten:
                changed, self._unsaved = list(self._unsaved.values()), {}
                forgotten, self._forgotten = self._forgotten, set()
                try:
                    await asyncio.to_thread(self._store.save, changed, forgotten)
                except MeshError as error:
                    log.warning("the list of transfers was not written: %s", error.message)
        finally:
            self._saver = None


def mine(items: Iterable[Item]) -> list[Item]:
    """Those that this program runs."""
    return [item for item in items if item.claim is not None and not item.over]
