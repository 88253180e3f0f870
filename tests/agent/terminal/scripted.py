"""Alice shares a terminal with bob at a real server; what her side says is up to the test."""

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from mesh_agent.agent import Agent
from mesh_agent.sharing.attempt import Attempt, Running
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.orders import Frame, Order, Report, next_report
from mesh_agent.sharing.process import Helper, Program
from mesh_agent.sharing.taking import Taking
from mesh_agent.terminal.sessions import Owner
from mesh_agent.terminal.watching import Watching
from protocol.peer import FrameReader, PeerFrame, encode_frame
from protocol.peer_terminal import (
    Changed,
    Cursor,
    Run,
    TermOpen,
    TermOpened,
    TermState,
)
from protocol.signals import SessionCreated
from tests.support.conditions import until

if TYPE_CHECKING:
    from mesh_agent.net.certificates import Certificate

F = TypeVar("F")
PASSER: Program[Order, Report] = Program("tests.agent.terminal.passer", next_report)
TERMINAL = "Qm3k9TzA"


class Host(Taking):
    """A host's side of one session; `heard_frames`: what the guest has said, in all its connections."""

    def __init__(self, desk: Desk, created: SessionCreated) -> None:
        self.desk, self.peer_name = desk, created.peers[0].username
        self.attempt: Attempt | None = None
        self.heard_frames: list[PeerFrame] = []
        self._places = asyncio.Semaphore(4)
        self._reader = FrameReader()
        self.take(created)

    def make_attempt(self, certificate: "Certificate") -> Attempt:
        async def start() -> Running:
            return await Helper.start(PASSER)

        return Attempt(self.desk, "asked", certificate, self._report, start=start, places=self._places)

    def lost(self, message: str) -> None:
        """The guest asks again."""

    def line_lost(self) -> None:
        """What runs needs no line."""

    def _report(self, report: Report) -> None:
        if isinstance(report, Frame):
            self._reader.feed(report.data)
            self.heard_frames += self._reader.frames()

    def say(self, *frames: PeerFrame) -> None:
        assert self.attempt is not None
        for frame in frames:
            self.attempt.tell(Frame(data=encode_frame(frame)))

    def of(self, kind: type[F]) -> list[F]:
        return [frame for frame in self.heard_frames if isinstance(frame, kind)]


class Stage:
    """Alice shares a terminal, and bob watches it."""

    def __init__(self, alice: Agent, bob: Agent, room_id: str) -> None:
        self.alice, self.bob, self.room_id = alice, bob, room_id
        self.hosts: list[Host] = []
        self._desk: Desk | None = None

    async def begin(self) -> None:
        self._desk = await self.alice.sharing.desk()
        self.alice.terminals.sessions.serve(self._serve)

    def _serve(self, created: SessionCreated, terminal: str) -> Owner | None:
        assert self._desk is not None
        if terminal not in ("", TERMINAL):
            return None
        self.hosts.append(Host(self._desk, created))
        return self.hosts[-1]

    async def watch(self, terminal: str = TERMINAL) -> Watching:
        return await self.bob.terminals.watch(
            self.room_id, self.alice.profile, terminal, columns=100, rows=30
        )

    async def asked(self, times: int = 1) -> Host:
        """The host, once the guest has asked so often."""
        await until(lambda: self.hosts and len(self.hosts[-1].of(TermOpen)) >= times, "the guest")
        return self.hosts[-1]


def opened() -> TermOpened:
    return TermOpened(terminal=TERMINAL, command="bash", columns=80, rows=24)


def state(number: int, base: int, *texts: str, **more: Any) -> TermState:
    changed = [Changed(row, [Run(text)] if text else []) for row, text in enumerate(texts)]
    told: dict[str, Any] = {"columns": 80, "rows": 24, "cursor": Cursor(0, 0)} | more
    return TermState(number=number, base=base, changed=changed, **told)
