"""What all sessions of an account have in common: who we are, whom we know, the rules, what is shown."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mesh_agent.client.introductions import Introductions
from mesh_agent.sharing.board import Board, Item
from mesh_agent.sharing.orders import Shown
from mesh_agent.sharing.rules import Rules
from mesh_agent.sharing.state import IdentityChanged, Share

if TYPE_CHECKING:  # they import cryptography, or this
    from mesh_agent.net.identity import Identity
    from mesh_agent.net.known import KnownDevices
    from mesh_agent.sharing.carrying import Carrying

SPENT_MAX: Final = 1_000
"""Tokens of other devices that are remembered as used, for as long as each lives."""

TAKEN_MAX: Final = 4_096
"""Requests of other devices that are remembered as taken; past it those longest ago are forgotten."""

HELPERS_MAX: Final = 8
"""Sessions whose bytes flow at a time, each in a process of its own; others wait for their turn."""


@dataclass(slots=True)
class Desk:
    """Attributes:
    identity: of this device.
    known: the devices that were met.
    helpers: has a place for each process that may run.
    shares: what is shown to which room, by id.
    owner: the session that carries a transfer, where one does.
    spent: tokens that were used, and when each expires (seconds since 1970).
    taken: what was accepted, by session and the asker's certificate, the oldest first.
    """

    introductions: Introductions
    identity: "Identity"
    known: "KnownDevices"
    board: Board
    publish: Callable[[IdentityChanged], None]
    clock: Callable[[], int]
    rules: Rules = field(default_factory=Rules)
    shares: dict[str, Share] = field(default_factory=dict)
    helpers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HELPERS_MAX))

    spent: dict[str, int] = field(default_factory=dict)
    taken: dict[tuple[str, str | None], None] = field(default_factory=dict)
    owner: "Callable[[Item], Carrying | None]" = lambda _: None

    def spend(self, jti: str, expires_at: int) -> None:
        """No process takes this token again."""
        now = self.clock() // 1000
        self.spent = {name: until for name, until in self.spent.items() if until > now}
        if len(self.spent) < SPENT_MAX:
            self.spent[jti] = expires_at

    def take(self, session_id: str, certificate: str | None) -> None:
        """This request was accepted: whoever has the session, now or later, does not accept it again."""
        self.taken[session_id, certificate] = None
        while len(self.taken) > TAKEN_MAX:
            del self.taken[next(iter(self.taken))]

    def has_taken(self, session_id: str, certificate: str | None) -> bool:
        """Requests that name no certificate can be told apart by nothing, and are taken each time."""
        return certificate is not None and (session_id, certificate) in self.taken

    def shown_to(self, room_id: str) -> list[Shown]:
        """What is shared with the members of a room."""
        return [
            Shown(share.id, share.name, str(share.place))
            for share in self.shares.values()
            if share.room_id == room_id
        ]
