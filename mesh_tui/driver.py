"""The terminal: Textual's Linux driver with a line that may be slow and an end that may come.

Strategy: the loop never waits for the terminal. What is written goes to a thread (`writing`); while more than
`WAITING_BYTES` have not left it, screens are not painted but remembered, and what has changed since is
painted once when the line is free again. So the queue holds at most that much and one frame, and of a frame
only the cells that differ from what the terminal shows (`painted`). A hang-up, a
request to end and the end of the terminal's input all become one call of the app, which saves its state and
leaves.
"""

import os
import selectors
import signal
import time
from asyncio import run_coroutine_threadsafe
from codecs import getincrementaldecoder
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any, Final, Protocol, cast

from rich.color import ColorSystem
from rich.control import Control
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import CompositorUpdate
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.geometry import Offset, Size
from textual.message import Message

from mesh_tui import ways
from mesh_tui.keys import AnswerListener, KeyRewriter, NameListener
from mesh_tui.painted import Abilities, Painted
from mesh_tui.pictures.sixel import Sixels
from mesh_tui.pins import pin
from mesh_tui.writing import Writer

READ_BYTES: Final = 4_096
SAVE_CURSOR: Final = "\x1b7"
RESTORE_CURSOR: Final = "\x1b8"
SETTLE_S: Final = 10.0
"""How long a key waits at most for the one before it to take effect: on a machine that is held up, a password
that did not wait would be read in the field of the name."""

LOOK_S: Final = 0.1
"""How often who waits for a key looks whether the program ends."""

NAME_S: Final = 3.0
"""How long after it was asked for its name the terminal is likely to answer."""

HANG_UP: Final = 128 + signal.SIGHUP
"""The exit code where the terminal went away; shells use the same for the signal."""


def wait_for(settling: Future[None], ended: Event) -> None:
    """Returns once what a key has set off is done, the program has `ended`, or `SETTLE_S` later."""
    latest = time.monotonic() + SETTLE_S
    while not ended.is_set() and time.monotonic() < latest:
        with suppress(TimeoutError):
            with suppress(CancelledError):
                settling.result(LOOK_S)
            return


class Terminal(Protocol):
    """What the driver tells the app."""

    def leave(self, code: int) -> None: ...
    @property
    def writes(self) -> bool: ...
    def typed(self) -> None: ...
    async def settled(self) -> None: ...
    def paint_again(self) -> None: ...
    def terminal_is(self, name: str) -> None: ...


class MeshDriver(LinuxDriver):
    """See the module. `app` is a `Terminal`."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        self._terminal = cast("Terminal", app)
        self._writer: Writer | None = None
        self._settling: Future[None] | None = None
        self._painted = Painted(Abilities.of(os.environ.get("TERM", "")))
        self._title = ""
        self.bare = False
        """Bare lines are shown, and frames are held back."""

        super().__init__(app, **options)

    @property
    def waiting(self) -> bool:
        """Painting now would only make the queue longer."""
        return self._writer is not None and self._writer.waiting

    @property
    def _writer_thread(self) -> Writer | None:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, thread: WriterThread | None) -> None:
        # Textual names its own class where it makes the thread and offers no other place to say which.
        if thread is None:
            self._writer = None
            return
        again, lost = self._terminal.paint_again, partial(self._terminal.leave, HANG_UP)
        assert self._file is not None
        drained, gone, read = (partial(self._tell, told) for told in (again, lost, self.paint_renewed))
        self._writer = Writer(self._file.fileno(), drained, gone, read)

    def write(self, data: str) -> None:
        if self._writer is not None:  # else the terminal is somebody else's now, such as an editor's
            super().write(pin(data))

    def paint(
        self, update: CompositorUpdate, size: Size, cursor: Offset, colours: ColorSystem, *, sync: bool
    ) -> None:
        """Sends what of a frame the terminal does not show yet; `sync`: it waits for whole frames."""
        if self.bare:
            return
        if frame := self._painted.frame(update, size.width, size.height, colours):
            frame += Control.move_to(*cursor).segment.text
            super().write(f"{SYNC_START}{frame}{SYNC_END}" if sync else frame)

    def hold(self, number: int, picture: Sixels | None) -> None:
        """What is painted over the cells of the picture of that number from now on; None: nothing."""
        self._painted.held.hold(number, picture)

    def renew(self, number: int, picture: Sixels) -> None:
        """As `hold`, of a picture that moves: painted as soon as the terminal has read the one before."""
        self._painted.held.renew(number, picture)
        self.paint_renewed()

    def paint_renewed(self) -> None:
        """The next picture that moves, where the terminal is ready for it: it tells the app once it is."""
        writer = self._writer
        if writer is None or self.bare or not self._painted.held.renewed or not writer.has_read:
            return
        if said := self._painted.next_renewed():
            writer.write_asking(f"{SAVE_CURSOR}{said}{RESTORE_CURSOR}")

    def say(self, sequence: str) -> None:
        """Sends what paints nothing, between two frames; while the terminal is somebody else's, nothing."""
        if self._writer is not None:
            super().write(sequence)

    def say_aside(self, commands: Sequence[str], end: str = "", key: int = 0) -> None:
        """As `say`, when nothing else waits for the terminal. See `aside.Aside.put`."""
        if self._writer is not None:
            self._writer.say_aside(commands, end, key)

    def set_title(self, title: str) -> None:
        """The title of the terminal's window; empty: the one that it had before."""
        if title == self._title or not ways.has_title(os.environ):
            return
        if not self._title:
            self.say(ways.PUSH_TITLE)
        self.say(ways.title_sequence(title) if title else ways.POP_TITLE)
        self._title = title

    def forget(self) -> None:
        """What the terminal shows is not known any more; the next frame is sent in full."""
        self._painted.forget()

    def show_bare(self, lines: Sequence[str]) -> None:
        """Lines without anything around them, broken by the terminal, whose own the mouse is meanwhile.

        Whatever in them could move the cursor must have been taken out.
        """
        self.bare = True
        self._disable_mouse_support()
        self._enable_line_wrap()
        super().write("\x1b[0m\x1b[H\x1b[2J" + "\r\n".join(lines))

    def end_bare(self) -> None:
        """The next frame is painted again, in full."""
        self.bare = False
        self._disable_line_wrap()
        self._enable_mouse_support()
        self.forget()

    def start_application_mode(self) -> None:
        self.forget()
        title, self._title = self._title, ""
        super().start_application_mode()  # type: ignore[no-untyped-call] # Textual has no annotations there
        self.set_title(title)
        self._say_of_alt(ways.ALT_IS_ESC)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._terminal.leave, 128 + number)

    def stop_application_mode(self) -> None:
        title = self._title
        self.set_title("")
        self._title = title  # for when it goes on
        self._say_of_alt(ways.ALT_AS_BEFORE)
        super().stop_application_mode()

    def _say_of_alt(self, sequence: str) -> None:
        if ways.takes_sequences(os.environ):
            self.say(sequence)

    def run_input_thread(self) -> None:
        """Reads keys until the program ends or the terminal does."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        rewrite = KeyRewriter().feed
        listener, asked_at = self._ask_name(), time.monotonic()
        answers = AnswerListener(lambda: self._writer)
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    data = self._read()
                    if data == b"":
                        self._tell(partial(self._terminal.leave, HANG_UP))
                        return
                    typed = answers.feed(decode(data or b""))
                    typed = listener.feed(typed, soon=time.monotonic() < asked_at + NAME_S)
                else:
                    typed = answers.idle() + listener.idle()
                for message in parser.feed(rewrite(typed)) if typed else ():
                    self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)
        with suppress(EOFError, ParseError):
            list(parser.feed(""))

    def _ask_name(self) -> NameListener:
        asks = ways.asks_for_name(os.environ)
        if asks:
            self.say(ways.ASK_NAME)
        named = self._terminal.terminal_is
        return NameListener(lambda name: self._tell(partial(named, name)), expects=asks)

    def process_message(self, message: Message) -> None:
        """Hands on what was typed. After a key that may move the focus, the next waits until it has moved.

        Textual sends each key to whatever has the focus when it arrives, so that of a name, Enter and a
        password sent in one go the password would land in the name. A letter moves nothing where one writes.
        """
        if self._settling is not None:
            wait_for(self._settling, self.exit_event)
            self._settling = None
        is_letter = isinstance(message, Key) and message.is_printable and self._terminal.writes
        if is_letter:
            self._terminal.typed()
        super().process_message(message)
        if isinstance(message, Key) and not is_letter and not self.exit_event.is_set():
            self._settling = run_coroutine_threadsafe(self._terminal.settled(), self._loop)

    def _read(self) -> bytes | None:
        """What was typed; None for nothing yet, nothing at all where the terminal is gone."""
        try:
            return os.read(self.fileno, READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _tell(self, callback: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has ended, and the program with it
            self._loop.call_soon_threadsafe(self._app.call_later, callback)
