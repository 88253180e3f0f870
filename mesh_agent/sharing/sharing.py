"""`agent.sharing`: files and folders to and from other people, as a screen or a script has it.

Strategy: a wish becomes an item of the board and goes to the session that carries it (`sessions`). Here is
only what may be done when, and which of several programs of a profile does it. Everything heavy is in the
processes of the sessions.
"""

import asyncio
from pathlib import Path
from typing import Any

from mesh_agent.sharing.board import Item
from mesh_agent.sharing.errors import WrongMoment
from mesh_agent.sharing.offering import Offering, look
from mesh_agent.sharing.people import DeviceWords
from mesh_agent.sharing.shelves import Shelves
from mesh_agent.sharing.state import Conflict
from mesh_agent.sharing.store import Claim, is_brought, wire_name
from protocol.text import clean_line


class Sharing(Offering, Shelves):
    """One account's. Every method raises `MeshError` with a sentence for the person."""

    # ── one transfer ─────────────────────────────────────────────────────────────────────────────

    async def accept(
        self,
        transfer_id: str,
        *,
        into: Path | None = None,
        conflict: Conflict = "rename",
        always: bool = False,
    ) -> None:
        """Takes an offer. `into`: the folder, by default that of the rules; it is made where it is missing.

        `always`: from now on everything that this device offers is taken, until that is taken back
        (`take_always`); it must have been compared.

        Raises: TransferUnknown, WrongMoment, NotCompared
        """
        item = self._board.get(transfer_id)
        if await self._sessions.answer_door(item, let_in=True):
            return
        undecided = item.phase == "interrupted" and not item.record.into
        if item.record.direction != "receive" or not (item.phase == "offered" or undecided):
            raise WrongMoment("There is nothing to accept in this transfer now.")
        if always:
            await self.take_always(item.record.peer_id, item.record.peer_device, always=True)
        folder = into if into is not None else await asyncio.to_thread(lambda: self._rules.folder)
        owner = self._sessions.owner(item)
        if owner is not None:
            owner.accept(item, folder, conflict)
        else:
            self._board.change(item, into=str(folder), conflict=conflict, links=self._rules.links)

    async def decline(self, transfer_id: str, reason: str = "") -> None:
        """Raises: TransferUnknown, WrongMoment."""
        item = self._board.get(transfer_id)
        reason = clean_line(reason)
        if await self._sessions.answer_door(item, let_in=False, reason=reason):
            return
        if item.record.direction != "receive" or item.phase not in {"offered", "interrupted"}:
            raise WrongMoment("There is nothing to decline in this transfer now.")
        owner = self._sessions.owner(item)
        if owner is not None:
            owner.decline(item, reason)
        else:
            self._board.change(item, phase="declined", reason=reason, untold=item.record.peer_device)

    async def pause(self, transfer_id: str) -> None:
        """Raises: TransferUnknown, WrongMoment."""
        item = self._board.get(transfer_id)
        if item.over or item.phase in {"paused", "offered", "finishing"}:
            raise WrongMoment("This transfer cannot be paused now.")
        owner = self._sessions.owner(item)
        if owner is not None:
            owner.pause(item, paused=True)
        else:
            self._board.change(item, phase="paused")

    async def resume(self, transfer_id: str) -> None:
        """Raises: TransferUnknown, WrongMoment, UnderWay."""
        item = self._board.get(transfer_id)
        if item.phase not in {"paused", "interrupted"}:
            by = f"{item.record.peer_name} has paused it." if item.paused_by_peer else ""
            raise WrongMoment(by or "This transfer is not paused.")
        owner = self._sessions.owner(item)
        if owner is not None:
            owner.pause(item, paused=False)
        elif item.record.direction == "receive" and not item.record.share:
            self._board.change(item, phase="interrupted")
            self._sessions.tell_back()
        else:
            await self._again(item)

    async def cancel(self, transfer_id: str, reason: str = "") -> None:
        """Ends it on both sides; who is away is told when the two devices meet again.

        What is getting its name just now is done in a moment, and stays.

        Raises: TransferUnknown, WrongMoment.
        """
        item = self._board.get(transfer_id)
        if item.over:
            raise WrongMoment("This transfer is over.")
        owner, record = self._sessions.owner(item), item.record
        if owner is not None:
            owner.cancel(item, clean_line(reason))
            return
        self._board.change(item, phase="cancelled", reason=clean_line(reason), untold=record.peer_device)
        if self.receiving and is_brought(item.record):
            await self._ready()
            self._route(record.room_id, record.peer_id, record.peer_name).go()

    async def retry(self, transfer_id: str) -> None:
        """Begins anew with what failed, was declined or cancelled; what has arrived is not sent again.

        Raises: TransferUnknown, UnderWay, SourceMissing
            WrongMoment: it is not over; or it was offered to us, so that its sender has to send it again.
        """
        item = self._board.get(transfer_id)
        if not item.over or item.phase == "done":
            raise WrongMoment("There is nothing to be tried again.")
        if item.record.direction == "receive" and not item.record.share:
            raise WrongMoment(f"Ask {item.record.peer_name} to send it again: what has arrived is kept.")
        await self._again(item)

    async def _again(self, item: Item) -> None:
        await self._ready()
        record = item.record
        if record.direction == "send":
            await asyncio.to_thread(look, Path(record.source))
        if item.claim is None:
            item.claim = Claim.take(self._store.claims_folder, item.id)
        self._board.set_aside(record)
        anew: dict[str, Any] = {"wire_id": wire_name(record)} if record.direction == "send" else {}
        self._board.change(item, phase="waiting", reason="", ended_at="", untold="", strikes=0, **anew)
        self._carry(item)

    async def forget(self, transfer_id: str) -> None:
        """It leaves the list. Raises: TransferUnknown; WrongMoment, where it is not over."""
        if not self._board.get(transfer_id).over:
            raise WrongMoment("Cancel this transfer before you forget it.")
        self._board.forget(transfer_id)

    # ── who is on the other side ─────────────────────────────────────────────────────────────────

    async def words(self, user_id: str) -> list[DeviceWords]:
        """The safety words with each device of a person that was met."""
        return await (await self._known()).words(user_id)

    async def confirm(self, user_id: str, device_id: str) -> None:
        """The two persons have compared the words, and they are the same. Raises: UnknownDevice."""
        self._sessions.know(await (await self._known()).confirm(user_id, device_id))
        for item in self._board.all():
            if (item.record.peer_id, item.record.peer_device) == (user_id, device_id) and not item.over:
                item.verified = True
                self._board.tell(item)

    async def trust(self, user_id: str, device_id: str) -> None:
        """The identity that a device shows now is taken for it, uncompared. Raises: UnknownDevice."""
        self._sessions.know(await (await self._known()).trust(user_id, device_id))

    async def take_always(self, user_id: str, device_id: str, *, always: bool) -> None:
        """What this device offers is taken without asking from now on, or not any more; it is kept.

        Rules that name people, or take nothing, go before it, and so does the largest size.

        Raises: UnknownDevice; NotCompared: its words were not compared.
        """
        self._sessions.know(await (await self._known()).take_always(user_id, device_id, always=always))
