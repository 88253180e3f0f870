"""What somebody sees of a shared terminal and does in it, whatever line brings its frames.

Strategy: what the frames mean is the machine's (`machines.terminal_guest`); here are what is guessed ahead of
the host, the answers that somebody waits for, and when what was read is acknowledged. Whoever paints waits
for `changed` and looks at what there is then: nothing is queued, so that the latest state wins here, too.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from mesh_agent.machines.prediction import Guess, Prediction
from mesh_agent.machines.terminal_guest import ACK_BYTES, ACK_S, GuestFrame, Phase, TerminalGuest
from mesh_agent.terminal.errors import TerminalOver
from mesh_agent.terminal.guest_screen import GuestScreen
from protocol import limits
from protocol.peer import FrameReader, encode_frame
from protocol.peer_terminal import Cursor, Run, Watcher


class Viewing:
    """Attributes:
    changed: set when anything of the others is another one; whoever waits for it clears it.
    screen: what is shown; `guesses` and `cursor` are to be painted over it.
    received_bytes: of frames of the host, since the beginning.
    """

    def __init__(
        self,
        columns: int,
        rows: int,
        terminal: str,
        clock: Callable[[], float],
        say: Callable[[bytes], None],
    ) -> None:
        """`say` sends a frame to the host, where there is a line."""
        self.changed: Final = asyncio.Event()
        self.received_bytes = 0
        self.prediction = Prediction()
        self._clock, self._say = clock, say
        self._guest = TerminalGuest(columns, rows, terminal)
        self._pages: dict[str, asyncio.Future[tuple[int, list[list[Run]]]]] = {}
        self._frames = FrameReader()
        self._timer: asyncio.TimerHandle | None = None
        self._ack_timer: asyncio.TimerHandle | None = None
        self._ack_bytes = 0

    # ── what there is ────────────────────────────────────────────────────────────────────────────

    @property
    def screen(self) -> GuestScreen:
        return self._guest.screen

    @property
    def phase(self) -> Phase:
        return self._guest.phase

    @property
    def reason(self) -> str:
        """Why, as a sentence; empty where there is nothing to say."""
        return self._guest.reason

    @property
    def over(self) -> bool:
        """It ended, or we were refused: nothing more comes."""
        return self._guest.over

    @property
    def terminal(self) -> str:
        return self._guest.terminal

    @property
    def command(self) -> str:
        return self._guest.command

    @property
    def writes(self) -> bool:
        """What is typed goes to the program."""
        return self._guest.writes

    @property
    def wants_to_write(self) -> bool:
        """The host's person was asked for it, and has not answered."""
        return self._guest.wants_to_write

    @property
    def watchers(self) -> list[Watcher]:
        return self._guest.watchers

    @property
    def recorded(self) -> bool:
        return self._guest.recorded

    @property
    def exit_status(self) -> int | None:
        return self._guest.exit_status

    @property
    def guesses(self) -> list[Guess]:
        """What was typed and is not confirmed, where it is safe to show."""
        return self.prediction.guesses

    @property
    def cursor(self) -> Cursor:
        """Where it is after `guesses`."""
        return self.prediction.cursor(self.screen)

    # ── what a person does ───────────────────────────────────────────────────────────────────────

    def type(self, data: bytes) -> bool:
        """Whether it was taken: not without a grant, nor where the program reads nothing for too long."""
        frames = self._guest.type(data)
        if not frames:
            return False
        self._send(frames)
        self.prediction.typed(data, self._guest.stamp, self.screen, self._clock())
        self._tell()
        return True

    def resize(self, columns: int, rows: int) -> None:
        """The view has this size now, which the host is shown; the terminal keeps its own."""
        self._send(self._guest.resize(columns, rows))

    def ask_to_write(self, wanted: bool = True) -> None:
        """Asks the host's person; or gives back what they granted."""
        self._send(self._guest.ask_to_write(wanted))
        self._tell()

    async def lines(self, first: int, count: int) -> tuple[int, list[list[Run]]]:
        """Up to `count` lines that have scrolled away, from the one of number `first` on (of `screen.above`).

        Returns the number of the first one that there is, and the lines. Raises: TerminalOver: not now.
        """
        request, frames = self._guest.ask_for_lines(first, count)
        if not request:
            raise TerminalOver("These lines cannot be had now.")
        future: asyncio.Future[tuple[int, list[list[Run]]]] = asyncio.get_running_loop().create_future()
        self._pages[request] = future
        self._send(frames)
        try:
            return await future
        finally:
            self._pages.pop(request, None)

    # ── what the line brings ─────────────────────────────────────────────────────────────────────

    def _met(self) -> None:
        """There is a line to the host."""
        self._frames = FrameReader()
        self.prediction = Prediction()
        self._send(self._guest.connected())
        self._tell()

    def _take(self, data: bytes) -> None:
        """What came from the host, cut anywhere. Raises: PeerFault."""
        self.received_bytes += len(data)
        self._frames.feed(data)
        for frame in self._frames.frames():
            self._send(self._guest.heard(frame))
        for request, answer in self._guest.answers.items():
            future = self._pages.get(request)
            if future is not None and not future.done():
                future.set_result(answer)
        self._guest.answers.clear()
        self._owe()
        self._look()
        self._tell()

    def _owe(self) -> None:
        """What the machine has not acknowledged by itself is, after so many bytes or so long."""
        if not self._guest.owes:
            self._ack_bytes = self.received_bytes
        elif self.received_bytes - self._ack_bytes >= ACK_BYTES:
            self._acknowledge()
        elif self._ack_timer is None:
            self._ack_timer = asyncio.get_running_loop().call_later(ACK_S, self._ack_due)

    def _ack_due(self) -> None:
        self._ack_timer = None
        self._acknowledge()

    def _acknowledge(self) -> None:
        self._ack_bytes = self.received_bytes
        self._send(self._guest.acknowledge())

    def _look(self) -> None:
        """Guesses are confirmed, or dropped, also where no state comes."""
        now = self._clock()
        self.prediction.look(self.screen, now)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.prediction.due
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(due - now, 0), self._looked_again)

    def _looked_again(self) -> None:
        self._timer = None
        self._look()
        self._tell()

    def _send(self, frames: Iterable[GuestFrame]) -> None:
        for frame in frames:
            self._say(encode_frame(frame))

    def _lost(self, reason: str, phase: Phase = "lost") -> None:
        self._guest.lost(reason[: limits.PEER_SENTENCE_CHARS], phase)
        for future in self._pages.values():
            if not future.done():
                future.set_exception(TerminalOver("The line was lost."))
        self.prediction = Prediction()
        self._tell()

    def _stop(self) -> None:
        """Nothing is looked at again."""
        for timer in (self._timer, self._ack_timer):
            if timer is not None:
                timer.cancel()

    def _tell(self) -> None:
        self.changed.set()
