"""Files on their way, as lines: offers with every path, how far they are now and then, and how they ended.

Strategy: the same words and numbers as on the screen. Of progress a line is written when a tenth more is
there and some seconds have gone by, so that a log stays readable and a screen reader is not kept talking.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from mesh_agent.client.state import AgentEvent
from mesh_agent.sharing.errors import AlreadyReceiving
from mesh_agent.sharing.state import IdentityChanged, Phase, Transfer, TransferChanged
from mesh_tui.folders import made
from mesh_tui.rules import rules
from mesh_tui.transfers import (
    Numbers,
    end_words,
    grouped,
    is_open_offer,
    line_of,
    name_of,
    offer_lines,
    part_done,
    size_words,
)
from protocol.errors import MeshError
from protocol.rest import Member
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.sharing.sharing import Sharing
    from mesh_tui.plain.desk import Desk

PROGRAM: Final = "mesh-tui --plain"
STEP: Final = 0.1
PAUSE_S: Final = 10.0
"""How much more is there, and how much later it is, before a line says so."""

LISTED: Final = 200
"""Entries of a folder of a share that are listed."""


class PlainTransferring:
    """Of one desk; `put` writes one line."""

    def __init__(self, desk: "Desk", put: Callable[[str], None]) -> None:
        self._desk = desk
        self._put = put
        self._numbers = Numbers()
        self._phases: dict[str, Phase] = {}
        self._told: dict[str, tuple[float, float]] = {}
        """How much of each was told, and when."""

        self._by_me: set[str] = set()
        self._turn: asyncio.Task[None] | None = None
        """Waits until no other program of the profile takes what is offered; ends with the agent."""

    @property
    def _sharing(self) -> "Sharing":
        return self._desk.agent.sharing

    async def begin(self) -> None:
        """What is offered comes to this program from now on, as the settings say."""
        self._sharing.set_rules(rules(self._desk.settings))
        try:
            await self._sharing.receive(PROGRAM)
        except AlreadyReceiving as error:
            self._put(clean_line(error.message))
            self._turn = asyncio.create_task(self._wait_for_turn())
        except MeshError as error:
            self._put(clean_line(error.message))

    async def _wait_for_turn(self) -> None:
        try:
            await self._sharing.receive_once_free(PROGRAM, lambda _: None)
        except MeshError as error:
            self._put(clean_line(error.message))

    # ── what commands ask ────────────────────────────────────────────────────────────────────────

    def all(self) -> Sequence[Transfer]:
        return self._sharing.transfers()

    def number(self, transfer: Transfer) -> int:
        return self._numbers.of(transfer.id)

    def numbered(self, number: int) -> Transfer | None:
        transfer_id = self._numbers.id_of(number)
        return next((known for known in self.all() if known.id == transfer_id), None)

    def ended_by_me(self, transfer: Transfer) -> None:
        self._by_me.add(transfer.id)

    async def forget(self, transfer: Transfer) -> None:
        await self._sharing.forget(transfer.id)

    async def take(self, offer: Transfer, into: Path | None) -> bool:
        """Takes an offer; where names are taken, what comes gets others. Raises: MeshError."""
        if into is not None:
            await asyncio.to_thread(made, into)
        await self._sharing.accept(offer.id, into=into)
        return True

    def downloads(self) -> Path:
        return rules(self._desk.settings).folder

    def show(self) -> None:
        """All of them, with their numbers."""
        groups = grouped(self.all())
        if not groups:
            self._put("Nothing is on its way.")
        for heading, transfers in groups:
            self._put(f"{heading}:")
            for transfer in transfers:
                self._put(f"  {self.number(transfer)} {line_of(transfer)}")

    async def browse(self, room_id: str, member: Member, path: str) -> None:
        """What a member shares, or what is in a folder of that, which is written as `/get` takes it."""
        share_name, _, inside = path.strip("/").partition("/")
        entries = await self._sharing.browse(room_id, member.user_id)
        if share_name:
            share = next((entry for entry in entries if entry.path.strip("/") == share_name), None)
            if share is None:
                self._put(f"Nothing called {clean_line(share_name)} is shared.")
                return
            entries = await self._sharing.browse(room_id, member.user_id, share.target, inside)
        if not entries:
            self._put(
                "There is nothing." if share_name else f"{name_of(member.username)} shares nothing here."
            )
        for entry in entries[:LISTED]:
            size = f"  {size_words(entry.size)}" if entry.kind == "file" else "/"
            self._put(f"  {name_of(entry.path)}{size}")
        if len(entries) > LISTED:
            self._put(f"  and {len(entries) - LISTED:,} more")

    async def show_words(self, member: Member) -> None:
        """The words of each device; one that is not verified is once the next line says they are the same."""
        name = name_of(member.username)
        devices = await self._sharing.words(member.user_id)
        if not devices:
            self._put(f"No device of {name} has been met yet. Send them something first.")
        for device in devices:
            state = (
                "changed, refused" if device.changed else "verified" if device.verified else "not verified"
            )
            self._put(f"{name_of(device.device_id, 40)} ({state}): {' '.join(device.words)}")
            if not device.verified and await self._desk.ask(
                f"Does {name} see the same words?", "Compare them by voice.", yes="Confirm"
            ):
                await self._sharing.confirm(member.user_id, device.device_id)
                self._put("It is verified.")
            elif device.always and await self._desk.ask(
                f"What {name} sends from this device is taken without asking. Be asked again?",
                "It stays verified.",
                yes="Ask me",
            ):
                await self._sharing.take_always(member.user_id, device.device_id, always=False)
                self._put("You are asked again.")

    # ── what the agent tells ─────────────────────────────────────────────────────────────────────

    def heard(self, event: AgentEvent) -> None:
        if isinstance(event, TransferChanged):
            self._changed(event.transfer)
        elif isinstance(event, IdentityChanged):
            name = name_of(event.username)
            self._put(f"WARNING: {name}'s device is not the one that it was. It is refused.")
            self._put(f"Its words now: {' '.join(event.words)}. /verify {name} in a room compares them.")

    def _changed(self, transfer: Transfer) -> None:
        before = self._phases.get(transfer.id)
        self._phases[transfer.id] = transfer.phase
        if transfer.over:
            self._told.pop(transfer.id, None)
            if before is not None and before != transfer.phase and transfer.id not in self._by_me:
                self._put(end_words(transfer))
            self._by_me.discard(transfer.id)
        elif is_open_offer(transfer) and transfer.phase == "offered":
            if before != "offered":
                self._put_offer(transfer)
        elif transfer.phase == "running":
            self._put_progress(transfer)
        elif before != transfer.phase and transfer.phase in ("paused", "interrupted"):
            self._put(line_of(transfer))

    def _put_offer(self, transfer: Transfer) -> None:
        room = ""
        with suppress(MeshError):
            room = f"In {clean_line(self._desk.agent.room(transfer.room_id).name)}: "
        first, *rest = offer_lines(transfer, self.number(transfer))
        self._put(f"{room}{first}")
        for line in rest:
            self._put(line)

    def _put_progress(self, transfer: Transfer) -> None:
        part, now = part_done(transfer), monotonic()
        told = self._told.get(transfer.id)
        if told is None or (part >= told[0] + STEP and now >= told[1] + PAUSE_S):
            self._told[transfer.id] = part, now
            self._put(line_of(transfer))
