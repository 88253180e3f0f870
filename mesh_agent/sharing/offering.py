"""Sending: from paths and people to transfers, each of which is on disk before anybody is asked."""

import asyncio
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from mesh_agent.sharing.base import SharingBase
from mesh_agent.sharing.board import Item
from mesh_agent.sharing.errors import QueueFull, SourceMissing
from mesh_agent.sharing.state import Transfer
from mesh_agent.sharing.store import Claim, Record, send_id, wire_name
from protocol.rest import Member
from protocol.text import clean_line
from protocol.times import format_time

QUEUE_MAX: Final = 300
"""Transfers that are not over."""

TITLE_CHARS: Final = 255


class Offering(SharingBase):
    """What is sent to others."""

    async def send(
        self,
        room_id: str,
        peers: Sequence[str],
        paths: Sequence[Path],
        *,
        limit: int | None = None,
        follow_links: bool = False,
    ) -> list[Transfer]:
        """Offers each of `paths` to each of `peers` (ids or names of members): one transfer for each pair.

        Returns when it is on disk that they are to be sent. The same again resumes what was interrupted.
        `limit`: bytes a second, for all that goes to each of these people. `follow_links`: of folders, what
        symbolic links lead to is sent; else they are sent as links.

        Raises:
            NotMember, PeerNotMember, SourceMissing, QueueFull
            UnderWay: another program of this profile is at it.
        """
        items = await self._send(room_id, peers, paths, limit=limit, follow=follow_links)
        return [item.view() for item in items]

    async def send_copy(
        self, room_id: str, peers: Sequence[str], copy: Path, name: str, *, limit: int | None = None
    ) -> list[Transfer]:
        """As `send`, of a file of ours, which is deleted once its transfers are over. It is called `name`."""
        return [
            item.view()
            for item in await self._send(room_id, peers, [copy], limit=limit, spooled=True, name=name)
        ]

    async def _send(
        self,
        room_id: str,
        peers: Sequence[str],
        paths: Sequence[Path],
        *,
        limit: int | None,
        follow: bool = False,
        spooled: bool = False,
        name: str = "",
    ) -> list[Item]:
        await self._ready()
        members = await self._members(room_id, peers)
        sources = [await asyncio.to_thread(look, path) for path in paths]
        kept = await self._board.kept()
        unfinished = sum(1 for item in self._board.all() if not item.over)
        if unfinished + len(members) * len(sources) > QUEUE_MAX:
            raise QueueFull(f"No more than {QUEUE_MAX} transfers may wait at a time.")
        items = []
        for member in members:
            route = self._route(room_id, member.user_id, member.username)
            if limit is not None:
                route.set_limit(limit)
            for path, found in sources:
                item = self._send_item(
                    room_id, member, path, found, kept, spooled=spooled, follow=follow, name=name
                )
                if item.record.wire_id not in route.items:
                    route.add(item)
                items.append(item)
        await self._board.saved()
        return items

    def _send_item(
        self,
        room_id: str,
        member: Member,
        path: Path,
        found: os.stat_result,
        kept: Mapping[str, Record],
        *,
        spooled: bool,
        follow: bool,
        name: str,
    ) -> Item:
        folder = stat.S_ISDIR(found.st_mode)
        size, mtime = (0, 0) if folder else (found.st_size, found.st_mtime_ns)
        transfer_id = send_id(room_id, member.user_id, path, size, mtime)
        known = self._board.find(transfer_id)
        if known is not None and known.claim is not None and not known.over:
            return known
        before = kept.get(transfer_id) if known is None else known.record
        claim = Claim.take(self._store.claims_folder, transfer_id)
        if before is not None:
            self._board.set_aside(before)
        record = Record(
            id=transfer_id,
            wire_id=wire_name(before),
            direction="send",
            room_id=room_id,
            peer_id=member.user_id,
            peer_name=member.username,
            peer_device="" if before is None else before.peer_device,
            title=clean_line(name or path.name)[:TITLE_CHARS] or "?",
            kind="folder" if folder else "file",
            phase="waiting",
            created_at=format_time(self._clock()),
            size=size,
            done=0 if before is None or before.over else before.done,
            mtime=mtime,
            source=os.fspath(path),
            spooled=spooled,
            follow=follow,
            background=self.receiving,
        )
        return self._board.add(Item(record, claim))


def look(path: Path) -> tuple[Path, os.stat_result]:
    """The absolute path, and what is there. Raises: SourceMissing."""
    place = path.expanduser().absolute()
    shown = clean_line(str(path))
    try:
        found = place.stat()
    except OSError as error:
        raise SourceMissing(f"{shown} cannot be read: {error.strerror}.") from None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise SourceMissing(f"{shown} is neither a file nor a folder.")
    if not os.access(place, os.R_OK):
        raise SourceMissing(f"{shown} may not be read.")
    return place, found
