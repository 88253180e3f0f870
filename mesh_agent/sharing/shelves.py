"""Shares: what I show to a room, and what others show to me."""

import asyncio
import secrets
import stat
from pathlib import Path
from typing import Final

from mesh_agent.sharing.base import SharingBase
from mesh_agent.sharing.board import Item
from mesh_agent.sharing.errors import QueueFull, SharingError, SourceMissing, WrongMoment
from mesh_agent.sharing.offering import TITLE_CHARS, look
from mesh_agent.sharing.orders import Browse
from mesh_agent.sharing.state import Conflict, Share, Transfer
from mesh_agent.sharing.store import Claim, Record, fetch_id
from protocol.peer import Entry
from protocol.text import clean_line
from protocol.times import format_time

SHARES_MAX: Final = 100


class Shelves(SharingBase):
    """What is shared, here and there."""

    def shares(self) -> list[Share]:
        return list(self._shares.values())

    async def share(self, room_id: str, path: Path) -> Share:
        """Members of the room can look through this folder and fetch from it, until `unshare` or the end.

        Raises: NotMember, SourceMissing, QueueFull
            WrongMoment: this program does not take part (`receive`).
        """
        self._introductions.require_room(room_id)
        place, found = await asyncio.to_thread(look, path)
        if not stat.S_ISDIR(found.st_mode):
            raise SourceMissing(f"{clean_line(str(path))} is no folder.")
        if not self.receiving:
            raise WrongMoment("Another program of this profile takes part; share the folder there.")
        if len(self._shares) >= SHARES_MAX:
            raise QueueFull(f"No more than {SHARES_MAX} folders may be shared at a time.")
        share = Share(secrets.token_hex(8), room_id, place.name or "root", place)
        self._shares[share.id] = share
        self._sessions.show()
        return share

    async def unshare(self, share_id: str) -> None:
        """What is being fetched is ended. Raises: TransferUnknown."""
        if self._shares.pop(share_id, None) is None:
            raise SharingError("There is no such share.")
        self._sessions.show()

    async def browse(self, room_id: str, peer: str, share: str = "", path: str = "") -> list[Entry]:
        """What is in a folder of somebody's share; without `share`, which shares there are.

        The names are the other side's: make them safe before they are painted.

        Raises: NotMember, PeerNotMember, SharingError
        """
        await self._ready()
        (member,) = await self._members(room_id, [peer])
        route = self._route(room_id, member.user_id, member.username)
        return await route.browse(Browse(request=secrets.token_hex(8), share=share, path=path))

    async def fetch(
        self,
        room_id: str,
        peer: str,
        share: str,
        path: str,
        into: Path | None = None,
        conflict: Conflict = "rename",
    ) -> Transfer:
        """Fetches a file or folder of a share, found by its name or id.

        Raises: NotMember, PeerNotMember, QueueFull, UnderWay
        """
        await self._ready()
        (member,) = await self._members(room_id, [peer])
        folder = into if into is not None else await asyncio.to_thread(lambda: self._rules.folder)
        transfer_id = fetch_id(room_id, member.user_id, share, path, folder)
        before = self._board.find(transfer_id)
        if before is not None and before.claim is not None and not before.over:
            return before.view()
        record = Record(
            id=transfer_id,
            wire_id=transfer_id,
            direction="receive",
            room_id=room_id,
            peer_id=member.user_id,
            peer_name=member.username,
            title=clean_line(path.rpartition("/")[2] or share)[:TITLE_CHARS] or "?",
            kind="file",
            phase="waiting",
            created_at=format_time(self._clock()),
            into=str(folder),
            share=share,
            share_path=path,
            conflict=conflict,
            links=self._rules.links,
            background=self.receiving,
        )
        item = self._board.add(Item(record, Claim.take(self._store.claims_folder, transfer_id)))
        self._carry(item)
        return item.view()
