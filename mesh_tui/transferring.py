"""What the app does with files on their way: hears of them, tells of their end, does what a key asks for.

Strategy: `agent.sharing` has the transfers, and whoever shows them asks it anew; nothing is held twice. What
a key does is one table from the deed's name, used by the card in a room, the list and the page of one. All of
it runs in workers of the app, so it goes on when the screen that asked is closed.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesh_agent.client.errors import SignInNeeded
from mesh_agent.client.state import AgentEvent, ConnectionChanged
from mesh_agent.sharing.state import Conflict, IdentityChanged, OfferedPath, Phase, Transfer, TransferChanged
from mesh_tui.folders import made
from mesh_tui.opener import NotOpened, open_address, opener
from mesh_tui.paths import expanded
from mesh_tui.rules import rules
from mesh_tui.screens.base import Patient
from mesh_tui.settings import Settings
from mesh_tui.transfers import (
    Deed,
    Numbers,
    count_words,
    deed_of,
    end_words,
    name_of,
    open_offers,
    peer_words,
    size_words,
)
from mesh_tui.workers import SENDING, begin
from protocol.errors import MeshError
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.sharing.sharing import Sharing
    from mesh_tui.app import MeshApp

PROGRAM: Final = "mesh-tui"
PATH_CHARS: Final = 4_000
NAMES_ASKED: Final = 3
"""Names that are taken here, of which the question says so."""

CONFLICTS: Final[dict[str, tuple[Conflict, str]]] = {
    "r": ("rename", "Keep both: the new ones get another name"),
    "s": ("skip", "Keep what is here, and leave those out"),
    "n": ("newer", "Overwrite where theirs is newer"),
    "o": ("overwrite", "Overwrite what is here"),
}
"""What may become of names that are taken, by the letter that chooses it."""


class Transferring:
    """Of one app."""

    def __init__(self, app: "MeshApp") -> None:
        self._app = app
        self._part_of: Sharing | None = None
        self._phases: dict[str, Phase] = {}
        self._numbers = Numbers()
        self._by_me: set[str] = set()
        """Those that the person has ended, who need not be told."""

    @property
    def sharing(self) -> "Sharing":
        return self._app.agent.sharing

    @property
    def _mine(self) -> "Sharing | None":
        """None where nobody is signed in, the agent ends, or the machine is not theirs."""
        if self._app.signed_in and self._app.powers.has("files"):
            with suppress(SignInNeeded):
                return self.sharing
        return None

    def all(self) -> Sequence[Transfer]:
        """Those of who is signed in; none at the end, after which what was told before it may be heard."""
        sharing = self._mine
        return () if sharing is None else sharing.transfers()

    def find(self, transfer_id: str) -> Transfer | None:
        return next((known for known in self.all() if known.id == transfer_id), None)

    def offers(self) -> Mapping[str, int]:
        """How many offers wait for an answer, by room."""
        return open_offers(self.all())

    def number(self, transfer: Transfer) -> int:
        """What it is called in commands; stays its own."""
        return self._numbers.of(transfer.id)

    def numbered(self, number: int) -> Transfer | None:
        """The transfer that was told with this number."""
        transfer_id = self._numbers.id_of(number)
        return self.find(transfer_id) if transfer_id else None

    def ended_by_me(self, transfer: Transfer) -> None:
        """The person is about to end it, and need not be told."""
        self._by_me.add(transfer.id)

    def room_name(self, room_id: str) -> str:
        """Empty where it is none of mine."""
        return next((room.name for room in self._app.agent.rooms() if room.id == room_id), "")

    # ── what the agent tells ─────────────────────────────────────────────────────────────────────

    def heard(self, event: AgentEvent) -> None:
        if isinstance(event, ConnectionChanged):
            self._take_part()
        elif isinstance(event, TransferChanged):
            self._changed(event.transfer)
        elif isinstance(event, IdentityChanged):
            from mesh_tui.screens.words import Changed

            self._app.push_screen(Changed(event))

    def _take_part(self) -> None:
        """From the first connection of a session on, what is offered comes to this program."""
        sharing = self._mine
        if sharing is not None and self._part_of is not sharing:
            self._part_of = sharing
            self.take_rules(self._app.settings)
            self.entrust(sharing.receive_once_free, PROGRAM, self._complain)

    def take_rules(self, settings: Settings) -> None:
        """What is set becomes what the agent does."""
        sharing = self._mine
        if sharing is not None:
            sharing.set_rules(rules(settings))

    def _changed(self, transfer: Transfer) -> None:
        """An end that was seen to come is told; one that was there at the start is no news."""
        before = self._phases.get(transfer.id)
        if not transfer.over:
            self._phases[transfer.id] = transfer.phase
            return
        self._phases.pop(transfer.id, None)
        if before is not None and transfer.id not in self._by_me:
            done = transfer.phase == "done"
            self._app.notify(end_words(transfer), severity="information" if done else "warning", markup=False)
        self._by_me.discard(transfer.id)

    # ── what keys do ─────────────────────────────────────────────────────────────────────────────

    def press(self, key: str, transfer: Transfer) -> Deed | None:
        """Does what a key asks for, if that makes sense as the transfer is now; what goes wrong is told."""
        now = self.find(transfer.id)  # what is painted may be a moment behind
        deed = deed_of(now, key) if now is not None else None
        if now is not None and deed is not None:
            self._DEEDS[deed.name](self, now)
        return deed

    def entrust(self, call: Callable[..., Awaitable[object]], *arguments: object) -> None:
        begin(self._app, self._attempt, call, *arguments, group=SENDING)

    async def _attempt(self, call: Callable[..., Awaitable[object]], *arguments: object) -> None:
        try:
            await call(*arguments)
        except MeshError as error:
            self._complain(error)

    def _complain(self, error: MeshError) -> None:
        self._app.notify(clean_line(error.message), severity="error", markup=False)

    async def take(self, offer: Transfer, into: Path | None) -> bool:
        """Takes an offer; False where that is asked about first. Raises: MeshError."""
        if into is None and _taken(offer):
            self.accept(offer)
            return False
        if into is not None:
            await asyncio.to_thread(made, into)
        await self.sharing.accept(offer.id, into=into)
        return True

    def accept(self, transfer: Transfer, *, always: bool = False) -> None:
        """Takes an offer; asks first what is to become of names that are taken."""
        take = partial(self.sharing.accept, transfer.id, always=always)
        if not _taken(transfer):
            self.entrust(take)
            return

        def answered(key: str | None) -> None:
            if key in CONFLICTS:
                self.entrust(partial(take, conflict=CONFLICTS[key][0]))

        from mesh_tui.screens.choose import Answer, Choose

        answers = [Answer(key, words) for key, (_, words) in CONFLICTS.items()]
        self._app.push_screen(Choose(*_question(transfer), answers), answered)

    def _always(self, transfer: Transfer) -> None:
        self.accept(transfer, always=True)

    def _accept_into(self, transfer: Transfer) -> None:
        async def keep(values: Sequence[str]) -> None:
            await self.take(transfer, expanded(values[0].strip()))

        from mesh_tui.screens.edit import Blank, Edit

        folder = f"{self.downloads()}{os.sep}"
        blank = Blank("Folder that it goes into", folder, PATH_CHARS)
        title = f"Accept {name_of(transfer.title, 40)} into…"
        self._app.push_screen(Edit(title, [blank], keep, enter="accepts it"))

    def downloads(self) -> Path:
        """Where what arrives goes."""
        return rules(self._app.settings).folder

    def _decline(self, transfer: Transfer) -> None:
        self.ended_by_me(transfer)
        self.entrust(self.sharing.decline, transfer.id)

    def _cancel(self, transfer: Transfer) -> None:
        self.ended_by_me(transfer)
        self.entrust(self.sharing.cancel, transfer.id)

    def _pause(self, transfer: Transfer) -> None:
        self.entrust(self.sharing.pause, transfer.id)

    def _resume(self, transfer: Transfer) -> None:
        self.entrust(self.sharing.resume, transfer.id)

    def _retry(self, transfer: Transfer) -> None:
        self.entrust(self.sharing.retry, transfer.id)

    def _forget(self, transfer: Transfer) -> None:
        self.entrust(self.forget, transfer)

    async def forget(self, transfer: Transfer) -> None:
        """It leaves the list, of which the agent tells nothing: those that show it are told here."""
        await self.sharing.forget(transfer.id)
        for screen in self._app.screen_stack:
            if isinstance(screen, Patient):
                screen.forgotten()

    def _look(self, transfer: Transfer) -> None:
        from mesh_tui.screens.picture import PicturePage

        if transfer.place is not None:
            self._app.push_screen(PicturePage(transfer.place))

    def _open(self, transfer: Transfer) -> None:
        begin(self._app, self._open_folder, transfer, group="opening")

    async def _open_folder(self, transfer: Transfer) -> None:
        """In the file manager of a desktop; where there is none, the path is told and copied."""
        assert transfer.place is not None
        named = transfer.kind == "file" and transfer.phase == "done"  # before, the place is the folder for it
        folder = transfer.place.parent if named else transfer.place
        if (command := opener(os.environ)) is not None:
            with suppress(NotOpened):
                await open_address(command, str(folder), os.environ)
                return
        self._copy(transfer)

    def _copy(self, transfer: Transfer) -> None:
        path = str(transfer.place)
        words = "Copied: " if self._app.copy(path) else "It is here: "
        self._app.notify(words + name_of(path), markup=False)

    def _details(self, transfer: Transfer) -> None:
        from mesh_tui.screens.transfer import TransferPage

        self._app.push_screen(TransferPage(transfer))

    _DEEDS: Final[Mapping[str, Callable[["Transferring", Transfer], None]]] = {
        "accept": accept,
        "decline": _decline,
        "into": _accept_into,
        "always": _always,
        "pause": _pause,
        "resume": _resume,
        "cancel": _cancel,
        "retry": _retry,
        "forget": _forget,
        "look": _look,
        "open": _open,
        "copy": _copy,
        "details": _details,
    }


def _taken(transfer: Transfer) -> Sequence[OfferedPath]:
    """What is offered under names that are taken here by something else."""
    return [path for path in transfer.paths if path.taken]


def _question(transfer: Transfer) -> tuple[str, str]:
    """What is asked where names are taken, and what that is about."""
    taken = [name_of(path.path, 60) for path in _taken(transfer)]
    if transfer.kind == "file":
        return (
            f"There is a {taken[0]} here already. What then?",
            f"{peer_words(transfer)}, {size_words(transfer.size)}",
        )
    more = f" and {len(taken) - NAMES_ASKED:,} more" if len(taken) > NAMES_ASKED else ""
    many = count_words(len(taken), "name")
    question = f"{name_of(transfer.title, 40)}: {many} taken here already. What then?"
    return question, ", ".join(taken[:NAMES_ASKED]) + more
