"""Tells the person what is said to them: hears the agent, judges by `notify`, shows or sends it.

Strategy: each message is judged once, when it comes. What is to be told waits in `Bursts` until it is due,
and only then it is looked at whether the person sits there: who comes back is not told of what they see.
The app and plain mode are both a `Host`.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, Final, Protocol

from mesh_agent.agent import Agent
from mesh_agent.calls.state import CallRinging
from mesh_agent.client.state import (
    AgentEvent,
    Connected,
    ConnectionChanged,
    HistoryReset,
    MessageReceived,
    RoomsChanged,
    SignedOut,
)
from mesh_agent.sharing.state import TransferChanged
from mesh_tui.desktop import Desktop
from mesh_tui.notify import Attention, Bursts, News, Notice, Situation, decide, is_to, to_me
from mesh_tui.rooms import told_of
from mesh_tui.settings import Settings
from mesh_tui.transfers import is_open_offer
from protocol.errors import MeshError
from protocol.rest import Room


class Host(Protocol):
    """What the notifier needs of the program that it is in."""

    @property
    def agent(self) -> Agent: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def room_in_front(self) -> str:
        """The id of the room whose messages are what one sees; empty where there is none."""
        ...

    def toast(self, words: str) -> None: ...
    def waits_for_me(self, count: int) -> None:
        """So many messages that are not read are said to the person."""
        ...


class Notifier:
    """One session's; `run` tells what is due, until it is cancelled."""

    def __init__(self, host: Host, desktop: Desktop) -> None:
        self.desktop = desktop
        self._host = host
        self._attention = Attention(monotonic())
        self._news = News()
        self._begun = False
        self._offers: set[str] = set()
        """Those that wait for an answer, and were told."""

        self._bursts = Bursts()
        self._changed = asyncio.Event()

    # ── whether somebody is there ────────────────────────────────────────────────────────────────

    def active(self) -> None:
        """A key was pressed, or a line entered."""
        self._look(lambda now: self._attention.active(now))

    def focused(self, focus: bool) -> None:
        """The terminal has told that it has the focus, or not."""
        self._look(lambda now: self._attention.focused(focus, now))

    def _look(self, take: Callable[[float], None]) -> None:
        now = monotonic()
        was_there = self._attention.is_there(now)
        take(now)
        if self._attention.is_there(now) and not was_there:
            self._bursts.calm()
            self._changed.set()

    def begin(self) -> None:
        """The agent is another one from now on, or begins."""
        self._begun = False
        self._bursts.calm()

    # ── what the agent tells ─────────────────────────────────────────────────────────────────────

    def heard(self, event: AgentEvent) -> None:
        if handler := self._HANDLERS.get(type(event)):
            handler(self, event)

    def _connection_changed(self, event: ConnectionChanged) -> None:
        if isinstance(event.state, SignedOut):
            self.begin()
        elif isinstance(event.state, Connected) and not self._begun:
            self._begun, self._news = True, News()
            self._news.begin(self._host.agent.rooms())

    def _rooms_changed(self, event: RoomsChanged) -> None:
        self._news.know(event.rooms)
        settings = self._host.settings
        self._host.waits_for_me(sum(to_me(room, told_of(settings, room)) for room in event.rooms))

    def _history_reset(self, event: HistoryReset) -> None:
        with suppress(MeshError):
            self._news.reset(self._host.agent.room(event.room_id))

    def _received(self, event: MessageReceived) -> None:
        message, agent = event.message, self._host.agent
        try:
            room = agent.room(message.room_id)
        except MeshError:
            return  # left meanwhile
        me = agent.user
        if (
            not self._news.is_new(message, room)
            or me is None
            or message.author.id == me.id
            or not self._begun
        ):
            return
        said_to_me = is_to(me.id, message, room)
        self._consider(room, partial(Notice.of, message, room, to_me=said_to_me), said_to_me=said_to_me)

    def _transfer_changed(self, event: TransferChanged) -> None:
        """An offer is told once, as what is said to the person."""
        transfer, agent = event.transfer, self._host.agent
        if not is_open_offer(transfer):
            self._offers.discard(transfer.id)
            return
        if transfer.id in self._offers:
            return
        self._offers.add(transfer.id)
        try:
            room = agent.room(transfer.room_id)
        except MeshError:
            return
        self._consider(room, partial(Notice.of_offer, transfer, room))

    def _ringing(self, event: CallRinging) -> None:
        """On the desktop alone: on the screen, the status line and a word say it already."""
        ringing, agent = event.ringing, self._host.agent
        if ringing is None or self._attention.is_there(monotonic()):
            return
        try:
            room = agent.room(ringing.room_id)
        except MeshError:
            return
        if self._host.settings.calls.ring:
            self._consider(room, partial(Notice.of_call, ringing, room))

    def _consider(self, room: Room, notice: Callable[[], Notice], *, said_to_me: bool = True) -> None:
        """Has it told soon, with what else is new; or not at all, as it finds the person."""
        now = Situation(
            level=told_of(self._host.settings, room),
            to_me=said_to_me,
            busy=self._host.agent.presence == "busy",
            there=self._attention.is_there(monotonic()),
            open=room.id == self._host.room_in_front,
        )
        if decide(now) != "nothing":
            self._bursts.add(notice())
            self._changed.set()

    _HANDLERS: Final[Mapping[type[AgentEvent], Callable[[Any, Any], None]]] = {
        ConnectionChanged: _connection_changed,
        RoomsChanged: _rooms_changed,
        HistoryReset: _history_reset,
        MessageReceived: _received,
        TransferChanged: _transfer_changed,
        CallRinging: _ringing,
    }

    # ── telling ──────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        while True:
            due = self._bursts.due()
            pause = None if due is None else due - monotonic()
            if pause is not None and pause <= 0:
                await self._tell()
                continue
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()

    async def _tell(self) -> None:
        now, settings = monotonic(), self._host.settings
        there = self._attention.is_there(now)
        seen = self._host.room_in_front if there else ""
        said = self._bursts.take(
            now,
            lambda notice: notice.room_id == seen or self._is_read(notice),
            text=settings.notify.preview == "text",
        )
        if said is None:
            return
        title, body = said
        if not there:
            await self.desktop.tell(settings, title, body)
        elif settings.notify.toasts:
            self._host.toast(f"{title}\n{body}" if body else title)

    def _is_read(self, notice: Notice) -> bool:
        try:
            return (self._host.agent.room(notice.room_id).read_seq or 0) >= notice.seq
        except MeshError:
            return True  # no longer a room of mine
