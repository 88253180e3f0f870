"""A thread that is open in a room: it stands beside the messages, and what is written goes into it.

Strategy: while one is open, the aim of what is written *rests* on it instead of on nothing, and the arrows
choose among its messages first. The room's own messages, and how far they are read, go on as they were; where
there is no room for both, the thread covers them, and nothing of them counts as seen.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from textual import on

from mesh_agent.client.state import (
    AgentEvent,
    ConnectionChanged,
    EventsDropped,
    HistoryReset,
    MessageReceived,
    Outgoing,
    OutgoingChanged,
    OutgoingDiscarded,
    Page,
)
from mesh_tui.aim import Aim
from mesh_tui.bridge import FromAgent
from mesh_tui.screens.reading import Reading
from mesh_tui.widgets.thread import ThreadPane
from mesh_tui.widgets.transcript import Transcript
from mesh_tui.workers import SENDING, begin
from protocol.rest import Message

OPEN: Final = "-threaded"
"""The class of the screen while a thread is open; the styles say what gives way to it."""


class Threads(Reading):
    """What a room's screen does with a thread. It must compose `make_thread_pane()` behind its transcript."""

    def make_thread_pane(self) -> ThreadPane:
        return ThreadPane(self._load_thread, self._on_their_way)

    async def _load_thread(
        self, first: str, *, before: int | None = None, after: int | None = None, limit: int
    ) -> Page:
        talk = self.mesh.agent.conversation
        return await talk.thread(self.room.id, first, before=before, after=after, limit=limit)

    def _on_their_way(self) -> list[Outgoing]:
        return self.mesh.agent.outgoing(self.room.id)

    @property
    def pane(self) -> ThreadPane:
        return self.query_one(ThreadPane)

    @property
    def facing(self) -> Transcript:
        pane = self.pane.transcript if self.pane.first else None
        return pane if pane is not None and not self.transcript.has_focus else self.transcript

    @property
    def uncovered(self) -> bool:
        """The room's own messages are on the screen."""
        return bool(self.transcript.display)

    @property
    def in_front(self) -> bool:
        return super().in_front and self.uncovered

    def start_writing(self) -> None:
        self.close_thread()
        super().start_writing()

    def jump(self, message: Message) -> None:
        self.uncover()
        super().jump(message)

    # ── opening and closing ──────────────────────────────────────────────────────────────────────

    def show_thread(self, message: Message) -> None:
        first = message.thread or message.id
        if self.pane.first != first:
            self.add_class(OPEN)
            known = [entry for entry in self.timeline.entries if isinstance(entry, Message)]
            self.pane.open(first, known or [message], self.me)
        self._rest = Aim("thread", self.pane.root or message)
        self.take_aim(None)

    def close_thread(self) -> None:
        """Gives what gave way its place back."""
        if not self.pane.first:
            return
        self.pane.close()
        self.remove_class(OPEN)
        self._rest = None
        self.take_aim(None)
        self.call_after_refresh(self.transcript.look)

    def uncover(self) -> None:
        """The room's own messages are wanted: a thread that covers them is closed."""
        if not self.uncovered:
            self.close_thread()

    def take_back(self) -> bool:
        resting = self._aim is not None and self._aim == self._rest
        if resting and not self.facing.has_chosen:
            self.close_thread()
            return True
        return super().take_back()

    def action_show_in_room(self) -> None:
        self._do(self.jump)

    # ── writing into it ──────────────────────────────────────────────────────────────────────────

    def take_aim(self, aim: Aim | None) -> None:
        """An answer to what began the thread is said in the thread."""
        answers_first = aim is not None and aim.kind == "reply" and aim.message.id == self.pane.first
        super().take_aim(self._rest if aim is None or answers_first else aim)

    def told(self, aim: Aim) -> str:
        return (
            "↳ What you write goes into the thread · Esc closes it"
            if aim == self._rest
            else super().told(aim)
        )

    def say(self, text: str, aim: Aim | None = None, *, room_id: str = "") -> None:
        here = room_id in ("", self.room.id)
        aim = aim or (self._rest if here else None)
        if here and self.pane.first and aim is not None and aim.thread == self.pane.first:
            self.pane.transcript.follow()
            begin(self.mesh, self._send, self.room.id, text, aim, group=SENDING)
        else:
            super().say(text, aim, room_id=room_id)

    # ── what the agent tells ─────────────────────────────────────────────────────────────────────

    @on(FromAgent)
    def hand_on(self, message: FromAgent) -> None:
        event = message.event
        if self.pane.first and (handler := self._HANDED.get(type(event))):
            handler(self, event)

    def _thread_received(self, event: MessageReceived) -> None:
        if event.message.room_id == self.room.id:
            self.pane.receive(event.message, event.nonce)

    def _thread_outgoing(self, event: OutgoingChanged) -> None:
        self.pane.put_outgoing(event.outgoing)

    def _thread_discarded(self, event: OutgoingDiscarded) -> None:
        self.pane.discard(event.nonce)

    def _thread_connected(self, _: ConnectionChanged) -> None:
        self.pane.load_again()

    def _thread_lost(self, _: HistoryReset | EventsDropped) -> None:
        self.pane.load()

    _HANDED: ClassVar[Mapping[type[AgentEvent], Callable[["Threads", Any], None]]] = {
        MessageReceived: _thread_received,
        OutgoingChanged: _thread_outgoing,
        OutgoingDiscarded: _thread_discarded,
        ConnectionChanged: _thread_connected,
        HistoryReset: _thread_lost,
        EventsDropped: _thread_lost,
    }
