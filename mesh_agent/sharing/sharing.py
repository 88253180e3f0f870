"""`agent.sharing`: files and folders to and from other people, as a screen or a script has it.

Strategy: a wish becomes an item of the board and goes to the session that carries it (`sessions`). Here is
only what may be done when, and which of several programs of a profile does it. Everything heavy is in the
processes of the sessions.
"""

import asyncio
import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesh_agent.client.folders import Profile
from mesh_agent.client.introductions import Introductions
from mesh_agent.sharing.board import Board, Item
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.errors import QueueFull, SharingError, SourceMissing, UnderWay, WrongMoment
from mesh_agent.sharing.orders import Browse
from mesh_agent.sharing.people import DeviceWords, People
from mesh_agent.sharing.route import Route
from mesh_agent.sharing.rules import Rules
from mesh_agent.sharing.sessions import Sessions
from mesh_agent.sharing.state import Conflict, IdentityChanged, Share, Transfer, TransferChanged
from mesh_agent.sharing.store import Claim, ReceivingLock, Record, Store, fetch_id, send_id
from protocol.errors import MeshError, PeerNotMember
from protocol.peer import Entry
from protocol.rest import Member
from protocol.text import clean_line
from protocol.times import format_time

if TYPE_CHECKING:
    from mesh_agent.net.identity import Identity

QUEUE_MAX: Final = 300
"""Transfers that are not over."""

SHARES_MAX: Final = 100
TITLE_CHARS: Final = 255


class Sharing:
    """One account's. Every method raises `MeshError` with a sentence for the person.

    Attributes:
        warning: why the list of transfers could not be read; else empty.
    """

    def __init__(
        self,
        profile: Profile,
        account: str,
        introductions: Introductions,
        identity: "Callable[[], Coroutine[Any, Any, Identity]]",
        publish: Callable[[TransferChanged | IdentityChanged], None],
        clock: Callable[[], int],
    ) -> None:
        """`account`: a name for it that can be part of a file's name. `clock`: milliseconds since 1970."""
        self._profile, self._introductions, self._identity = profile, introductions, identity
        self._store = Store(profile, account)
        self._board = Board(self._store, publish, clock)
        self._publish, self._clock = publish, clock
        self._rules = Rules()
        self._desk: Desk | None = None
        self._people: People | None = None
        self._making = asyncio.Lock()
        self._sessions = Sessions(introductions, self._board, self._ready, lambda: self._rules, clock)
        self._shares: dict[str, Share] = {}
        self._receiving: ReceivingLock | None = None
        self.warning = ""

    async def load(self) -> None:
        """Reads what is kept on disk."""
        try:
            await self._board.load()
        except MeshError as error:
            self.warning = error.message

    async def close(self) -> None:
        """Ends all sessions; what was under way can be resumed."""
        await self._sessions.close()
        await self._board.close()
        if self._receiving is not None:
            self._receiving.release()

    # ── looking ──────────────────────────────────────────────────────────────────────────────────

    def transfers(self) -> list[Transfer]:
        """All that are known, in the order made."""
        return [item.view() for item in self._board.all()]

    def transfer(self, transfer_id: str) -> Transfer:
        """Raises: TransferUnknown."""
        return self._board.get(transfer_id).view()

    @property
    def rules(self) -> Rules:
        """What happens without asking; they are given by who holds the agent, and kept nowhere."""
        return self._rules

    def set_rules(self, rules: Rules) -> None:
        """For what comes from now on."""
        self._rules = rules
        if self._desk is not None:
            self._desk.rules = rules

    # ── taking part ──────────────────────────────────────────────────────────────────────────────

    @property
    def receiving(self) -> bool:
        """Whether this program takes what is offered to this profile."""
        return self._receiving is not None

    async def receive(self, program: str) -> None:
        """From now on this program takes offers, and goes on with what was under way when the last one ended.

        `program`: its name, for other programs of this profile to tell.

        Raises:
            AlreadyReceiving: another program of this profile does.
            FilesUnusable
        """
        if self._receiving is not None:
            return
        await self._ready()
        self._receiving = await asyncio.to_thread(ReceivingLock.take, self._profile, program)
        for item in self._board.all():
            self._adopt(item)
        self._sessions.begin()

    def _adopt(self, item: Item) -> None:
        record = item.record
        if item.over or item.claim is not None:
            return
        if record.direction == "receive" and not record.share:
            self._board.change(item, phase="interrupted")
        elif record.background:
            with contextlib.suppress(UnderWay):
                item.claim = Claim.take(self._store.claims_folder, item.id)
                if record.phase != "paused":
                    self._board.change(item, phase="waiting")
                self._carry(item)

    # ── sending ──────────────────────────────────────────────────────────────────────────────────

    async def send(
        self, room_id: str, peers: Sequence[str], paths: Sequence[Path], *, limit: int | None = None
    ) -> list[Transfer]:
        """Offers each of `paths` to each of `peers` (ids or names of members): one transfer for each pair.

        Returns when it is on disk that they are to be sent. The same again resumes what was interrupted.
        `limit`: bytes a second, for all that goes to these people.

        Raises:
            NotMember, PeerNotMember, SourceMissing, QueueFull
            UnderWay: another program of this profile is at it.
        """
        return [item.view() for item in await self._send(room_id, peers, paths, limit=limit)]

    async def send_copy(self, room_id: str, peers: Sequence[str], copy: Path, name: str) -> list[Transfer]:
        """As `send`, of a file of ours, which is deleted once its transfers are over. It is called `name`."""
        return [
            item.view()
            for item in await self._send(room_id, peers, [copy], limit=None, spooled=True, name=name)
        ]

    async def _send(
        self,
        room_id: str,
        peers: Sequence[str],
        paths: Sequence[Path],
        *,
        limit: int | None,
        spooled: bool = False,
        name: str = "",
    ) -> list[Item]:
        await self._ready()
        members = await self._members(room_id, peers)
        sources = [await asyncio.to_thread(_look, path) for path in paths]
        unfinished = sum(1 for item in self._board.all() if not item.over)
        if unfinished + len(members) * len(sources) > QUEUE_MAX:
            raise QueueFull(f"No more than {QUEUE_MAX} transfers may wait at a time.")
        items = []
        for member in members:
            route = self._route(room_id, member.user_id, member.username)
            if limit is not None:
                route.set_limit(limit)
            for path, found in sources:
                item = self._send_item(room_id, member, path, found, spooled=spooled, name=name)
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
        *,
        spooled: bool,
        name: str,
    ) -> Item:
        folder = stat.S_ISDIR(found.st_mode)
        size, mtime = (0, 0) if folder else (found.st_size, found.st_mtime_ns)
        transfer_id = send_id(room_id, member.user_id, path, size, mtime)
        before = self._board.find(transfer_id)
        if before is not None and before.claim is not None and not before.over:
            return before
        claim = Claim.take(self._store.claims_folder, transfer_id)
        record = Record(
            id=transfer_id,
            wire_id=transfer_id,
            direction="send",
            room_id=room_id,
            peer_id=member.user_id,
            peer_name=member.username,
            peer_device="" if before is None else before.record.peer_device,
            title=clean_line(name or path.name)[:TITLE_CHARS] or "?",
            kind="folder" if folder else "file",
            phase="waiting",
            created_at=format_time(self._clock()),
            size=size,
            done=0 if before is None or before.over else before.record.done,
            mtime=mtime,
            source=os.fspath(path),
            spooled=spooled,
            background=self.receiving,
        )
        return self._board.add(Item(record, claim))

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

        `always`: from now on everything of this device is taken, while this program runs; it must have been
        compared.

        Raises: TransferUnknown, WrongMoment
        """
        item = self._board.get(transfer_id)
        if await self._sessions.answer_door(item, let_in=True):
            return
        undecided = item.phase == "interrupted" and not item.record.into
        if item.record.direction != "receive" or not (item.phase == "offered" or undecided):
            raise WrongMoment("There is nothing to accept in this transfer now.")
        if always:
            if not item.verified:
                raise WrongMoment(f"Compare the safety words with {item.record.peer_name} first.")
            self.set_rules(replace(self._rules, people=self._rules.people | {item.record.peer_id}))
        folder = into if into is not None else await asyncio.to_thread(lambda: self._rules.folder)
        owner = self._sessions.owner(item)
        if owner is not None:
            owner.accept(item, folder, conflict)
        else:
            self._board.change(item, into=str(folder), conflict=conflict)

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
            self._board.change(item, phase="declined", reason=reason)

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
            raise WrongMoment("This transfer is not paused.")
        owner = self._sessions.owner(item)
        if owner is not None:
            owner.pause(item, paused=False)
        elif item.record.direction == "receive" and not item.record.share:
            self._board.change(item, phase="interrupted")
            self._sessions.tell_back()
        else:
            await self._again(item)

    async def cancel(self, transfer_id: str, reason: str = "") -> None:
        """Raises: TransferUnknown, WrongMoment."""
        item = self._board.get(transfer_id)
        if item.over:
            raise WrongMoment("This transfer is over.")
        owner = self._sessions.owner(item)
        if owner is not None:
            owner.cancel(item, clean_line(reason))
        else:
            self._board.change(item, phase="cancelled", reason=clean_line(reason))

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
            await asyncio.to_thread(_look, Path(record.source))
        if item.claim is None:
            item.claim = Claim.take(self._store.claims_folder, item.id)
        self._board.change(item, phase="waiting", reason="", ended_at="")
        self._carry(item)

    async def forget(self, transfer_id: str) -> None:
        """It leaves the list. Raises: TransferUnknown; WrongMoment, where it is not over."""
        if not self._board.get(transfer_id).over:
            raise WrongMoment("Cancel this transfer before you forget it.")
        self._board.forget(transfer_id)

    # ── shares ───────────────────────────────────────────────────────────────────────────────────

    def shares(self) -> list[Share]:
        return list(self._shares.values())

    async def share(self, room_id: str, path: Path) -> Share:
        """Members of the room can look through this folder and fetch from it, until `unshare` or the end.

        Raises: NotMember, SourceMissing, QueueFull
            WrongMoment: this program does not take part (`receive`).
        """
        self._introductions.require_room(room_id)
        place, found = await asyncio.to_thread(_look, path)
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
        self, room_id: str, peer: str, share: str, path: str, into: Path | None = None
    ) -> Transfer:
        """Fetches a file or folder of a share.

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
            background=self.receiving,
        )
        item = self._board.add(Item(record, Claim.take(self._store.claims_folder, transfer_id)))
        self._carry(item)
        return item.view()

    # ── who is on the other side ─────────────────────────────────────────────────────────────────

    async def words(self, user_id: str) -> list[DeviceWords]:
        """The safety words with each device of a person that was met."""
        return await (await self._known()).words(user_id)

    async def confirm(self, user_id: str, device_id: str) -> None:
        """The two persons have compared the words, and they are the same. Raises: UnknownDevice."""
        await (await self._known()).confirm(user_id, device_id)
        for item in self._board.all():
            if (item.record.peer_id, item.record.peer_device) == (user_id, device_id) and not item.over:
                item.verified = True
                self._board.tell(item)

    async def trust(self, user_id: str, device_id: str) -> None:
        """The identity that a device shows now is taken for it, uncompared. Raises: UnknownDevice."""
        await (await self._known()).trust(user_id, device_id)

    async def _known(self) -> People:
        await self._ready()
        assert self._people is not None
        return self._people

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    async def _ready(self) -> Desk:
        """Who we are, once it is needed. Raises: FilesUnusable."""
        async with self._making:
            if self._desk is None:
                from mesh_agent.net.known import KnownDevices

                identity = await self._identity()
                known = KnownDevices(self._profile, clock=self._clock)
                self._people = People(identity, known)
                self._desk = Desk(
                    self._introductions,
                    identity,
                    known,
                    self._board,
                    self._publish,
                    self._clock,
                    self._rules,
                    self._shares,
                )
        return self._desk

    def _route(self, room_id: str, peer_id: str, peer_name: str) -> Route:
        assert self._desk is not None
        return self._sessions.route(self._desk, room_id, peer_id, peer_name)

    def _carry(self, item: Item) -> None:
        self._route(item.record.room_id, item.record.peer_id, item.record.peer_name).add(item)

    async def _members(self, room_id: str, names: Sequence[str]) -> list[Member]:
        self._introductions.require_room(room_id)
        members = await self._introductions.members(room_id)
        found = []
        for name in names:
            wanted = [
                member
                for member in members
                if name in (member.user_id, member.username) or member.username.casefold() == name.casefold()
            ]
            if not wanted:
                raise PeerNotMember(f"{clean_line(name)} is not in this room.")
            found += [member for member in wanted[:1] if member not in found]
        return found


def _look(path: Path) -> tuple[Path, os.stat_result]:
    """The absolute path, and what is there. Raises: SourceMissing."""
    place = path.expanduser().absolute()
    shown = clean_line(str(path))
    try:
        found = place.stat()
    except OSError as error:
        raise SourceMissing(f"{shown} cannot be sent: {error.strerror}.") from None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise SourceMissing(f"{shown} is neither a file nor a folder.")
    if not os.access(place, os.R_OK):
        raise SourceMissing(f"{shown} may not be read.")
    return place, found
