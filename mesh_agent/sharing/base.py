"""What all of `agent.sharing` stands on: the transfers, the sessions, who we are, and what the rules say."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesh_agent.client.folders import Profile
from mesh_agent.client.introductions import Introductions
from mesh_agent.sharing.board import NOBODY_RUNS, Board, Item
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.errors import AlreadyReceiving, UnderWay
from mesh_agent.sharing.people import People, find_member
from mesh_agent.sharing.route import Route
from mesh_agent.sharing.rules import Rules
from mesh_agent.sharing.sessions import DOOR_CLOSED, Sessions
from mesh_agent.sharing.state import IdentityChanged, Share, Transfer, TransferChanged
from mesh_agent.sharing.store import Claim, ReceivingLock, Store, is_brought
from protocol.errors import MeshError
from protocol.rest import Member

if TYPE_CHECKING:
    from mesh_agent.net.identity import Identity

log = logging.getLogger(__name__)

FREE_S: Final = 1.0
"""How often it is looked whether the program that takes what is offered has ended."""

_LOST_COPY: Final = "The program that sent this has ended, and what it had read is gone."


class SharingBase:
    """One account's.

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
        self._waiting: asyncio.Task[Any] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self.warning = ""

    async def load(self) -> None:
        """Reads what is kept on disk."""
        try:
            await self._board.load()
        except MeshError as error:
            self.warning = error.message

    async def close(self) -> None:
        """Ends all sessions; what was under way can be resumed."""
        for task in (self._waiting, self._sweeping):
            if task is not None:
                task.cancel()
        await self._sessions.close()
        await self._board.close()
        if self._receiving is not None:
            self._receiving.release()

    # ── looking ──────────────────────────────────────────────────────────────────────────────────

    def transfers(self) -> list[Transfer]:
        """All that are known, in the order made."""
        return [item.view() for item in self._board.seen()]

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
        self._sweeping = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        """What was left half received long ago, wherever something was received to, makes room."""
        into = {Path(item.record.into) for item in self._board.all() if item.record.into}
        for folder in into | {await asyncio.to_thread(lambda: self._rules.folder)}:
            try:
                swept = await asyncio.to_thread(_sweep, folder)
            except OSError:
                continue
            if swept:
                log.info("%d parts of long ago were removed", swept)

    async def receive_once_free(self, program: str, busy: Callable[[MeshError], None]) -> None:
        """As `receive`; where another program does, says so to `busy`, once, and takes over when it ends.

        The end of this agent cancels it.

        Raises: FilesUnusable
        """
        self._waiting, told = asyncio.current_task(), False
        while True:
            try:
                await self.receive(program)
            except AlreadyReceiving as error:
                if not told:
                    busy(error)
                told = True
                await asyncio.sleep(FREE_S)
            else:
                self._waiting = None
                return

    def _adopt(self, item: Item) -> None:
        record = item.record
        if item.over and record.phase == "cancelled" and is_brought(record):
            self._route(record.room_id, record.peer_id, record.peer_name).go()
        if item.over or item.claim is not None:
            return
        if record.door:
            self._board.change(item, phase="cancelled", reason=DOOR_CLOSED)
            return
        if record.direction == "receive" and not record.share:
            self._board.change(item, phase="interrupted")
            return
        with contextlib.suppress(UnderWay):
            item.claim = Claim.take(self._store.claims_folder, item.id)
            if not record.background:
                # Whoever ran it is gone: it goes on when it is asked for again.
                self._board.release(item)
                phase, reason = ("failed", _LOST_COPY) if record.spooled else ("interrupted", NOBODY_RUNS)
                self._board.change(item, phase=phase, reason=reason)
                return
            if record.phase != "paused":
                self._board.change(item, phase="waiting")
            self._carry(item)

    async def desk(self) -> Desk:
        """What sessions of every kind go by. Raises: FilesUnusable."""
        return await self._ready()

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
                    owner=self._sessions.owner,
                )
        return self._desk

    def _route(self, room_id: str, peer_id: str, peer_name: str) -> Route:
        assert self._desk is not None
        return self._sessions.route(self._desk, room_id, peer_id, peer_name)

    def _carry(self, item: Item) -> None:
        self._route(item.record.room_id, item.record.peer_id, item.record.peer_name).add(item)

    async def _known(self) -> People:
        await self._ready()
        assert self._people is not None
        return self._people

    async def _members(self, room_id: str, names: Sequence[str]) -> list[Member]:
        self._introductions.require_room(room_id)
        members = await self._introductions.members(room_id)
        found: list[Member] = []
        for name in names:
            member = find_member(members, name)
            if member not in found:
                found.append(member)
        return found


def _sweep(folder: Path) -> int:
    from mesh_agent.files.staging import sweep  # with all that reads and writes files

    return sweep(folder)
