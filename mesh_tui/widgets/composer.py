"""Where a message is written: several lines, the keys of a shell, nothing that a terminal would obey.

Strategy: Textual's TextArea does the editing, `ShellKeys` what a shell has besides. Here: Enter sends and
three other keys break the line; pasted text is cleaned where it enters and refused, not cut, where it is too
long. What may be put in is offered while one types; a key that chooses puts it in at once, and Enter sends
unless something was chosen by one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.strip import Strip

from mesh_tui.completing import Completion, Offer
from mesh_tui.letting_go import unwatch
from mesh_tui.pasted import line_count, paths
from mesh_tui.recall import Browse
from mesh_tui.widgets.shell_keys import ShellKeys
from protocol.limits import CONTENT_CHARS
from protocol.text import clean_text

JOINER: Final = "\u200d"
"""Joins emoji into one (ZERO WIDTH JOINER). Typed, a family comes as its people with these between; Textual
takes them for no text."""

_JOINS_NOTHING: Final = re.compile(f"{JOINER}(?=[ -~]|$)")

LINE_BREAKS: Final = frozenset({"alt+enter", "ctrl+j", "shift+enter", "ctrl+enter"})

TABS: Final = {"tab": 1, "shift+tab": -1}
ARROWS: Final = {"down": 1, "up": -1}

Complete = Callable[[str], Completion | None]

NEARLY_FULL: Final = 500
"""With fewer characters than this left, their number is shown."""


class Composer(ShellKeys):
    """Posts `Sent` with the text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p,alt+p", "recall(-1)", "Entered before", show=False),
        Binding("ctrl+n,alt+n", "recall(1)", "Entered after", show=False),
        Binding("ctrl+x", "begin_chord", "Ctrl+E: editor", show=False),
        Binding("pageup", "screen.page(-1)", "Scroll up", show=False),
        Binding("pagedown", "screen.page(1)", "Scroll down", show=False),
    ]

    @dataclass
    class Sent(Message):
        """Enter was pressed with something to say; `about` is what was being written about then."""

        text: str
        about: str = ""

    class Typed(Message):
        """A character was added."""

    @dataclass
    class Refused(Message):
        """Something could not be put in; `reason` is a sentence."""

        reason: str

    class Lifted(Message):
        """Up was pressed with nothing written."""

    @dataclass
    class Offered(Message):
        """These may be put in, `chosen` stands there already; none: no longer anything."""

        offers: tuple[Offer, ...] = ()
        chosen: int | None = None
        help: str = ""

    @dataclass
    class ManyPasted(Message):
        """Many lines were pasted; they are not put in yet."""

        text: str

    @dataclass
    class Dropped(Message):
        """What was put in are the paths of files, as of one that was dropped on the terminal."""

        paths: list[str]

    class EditorWanted(Message):
        """What is written is to be opened in an editor."""

    class ChordBegun(Message):
        """Ctrl+X was pressed; Ctrl+E after it opens an editor."""

    class NothingFits(Message):
        """Tab was pressed, and nothing is known that begins so."""

    class AboveClicked(Message):
        """What is said above was clicked."""

    def __init__(self, placeholder: str, complete: Complete, entered: Callable[[], list[str]]) -> None:
        """`complete`: what the text before the cursor may become; `entered`: what was entered here before."""
        super().__init__(
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            placeholder=placeholder,
            compact=True,
        )
        self.cursor_blink = False
        self.about = ""
        """The id of the room that this goes to."""

        self.ask_from = 0
        """From how many pasted lines on `ManyPasted` is posted; 0: never."""

        self._complete = complete
        self._entered = entered
        self._browse: Browse | None = None
        """Set while what was entered before stands here."""

        self._offer: Completion | None = None
        """What is offered now."""

        self._chosen: int | None = None
        self._typed = ""
        """What stood there before the first was chosen."""

        self._settled = ""
        """A text for which nothing more is to be offered."""

    def get_line(self, line_index: int) -> Text:
        """As Textual paints it; one that joins nothing is painted as what joins nothing.

        Rich takes no cell for what follows a joiner. At the end of a line that is the cursor, and the
        row would be one cell too long.
        """
        line = super().get_line(line_index)
        if JOINER in line.plain:
            line.plain = _JOINS_NOTHING.sub("\u200b", line.plain)
        return line

    def render_line(self, y: int) -> Strip:
        """Where the screen leaves it no cell to write in, nothing: Textual divides by its width."""
        return super().render_line(y) if self.content_size.width else Strip([])

    def say_above(self, words: str) -> None:
        """Writes into the upper border, or nothing if `words` is empty."""
        if words != (self.border_title or ""):  # to set it is to have it painted
            self.border_title = Content(words) if words else None

    def on_unmount(self) -> None:
        unwatch(self, self.app)

    def on_click(self, event: events.Click) -> None:
        if self.border_title and event.y == 0:
            self.post_message(self.AboveClicked())

    def on_key(self, event: events.Key) -> None:
        self.next_key()
        if self._did == "chord" and event.key == "ctrl+e":
            event.prevent_default().stop()
            self.post_message(self.EditorWanted())
        elif self._offer_key(event.key):
            event.prevent_default().stop()
        elif event.key == "enter":
            event.prevent_default().stop()
            self._send()
        elif event.key in LINE_BREAKS:
            event.prevent_default().stop()
            self.put("\n")
        elif event.key in ARROWS and self._browse is not None and self.text == self._browse.text:
            event.prevent_default().stop()
            self.action_recall(ARROWS[event.key])
        elif event.key == "up" and not self.text:
            event.prevent_default().stop()
            self.post_message(self.Lifted())
        elif event.character == JOINER:
            event.prevent_default().stop()
            self.insert(JOINER)
        elif event.is_printable:
            self.post_message(self.Typed())

    def load_text(self, text: str) -> None:
        """Puts `text` in the place of what is there; nothing is offered for it."""
        self._browse = None
        self._show_text(text)

    def _show_text(self, text: str) -> None:
        self._settled = text
        self._close_offer()
        super().load_text(text)
        self.move_cursor(self.document.end)

    def begin_beside(self, text: str) -> None:
        """Puts `text` in the place of what is being written, which is there again when that is sent."""
        browse = Browse([*self._entered(), text], self.draft)
        browse.step(-1, self.draft)
        self._browse = browse
        self._show_text(text)
        self._settled = ""

    # ── what was entered before ──────────────────────────────────────────────────────────────────

    @property
    def draft(self) -> str:
        """What is being written; while something from before stands here, what was begun before that."""
        return (self._browse.begun if self._browse else "") or self.text

    @property
    def is_for_others(self) -> bool:
        """Whether what stands here will be said to them. It may have been entered, and be gone, since the
        last key of it was told."""
        return bool(self.text) and not self.text.startswith("/")

    def action_recall(self, direction: int) -> None:
        browse = self._browse or Browse(self._entered(), self.text)
        text = browse.step(direction, self.text)
        if text is not None:
            self._browse = None if browse.at_end else browse
            self._show_text(text)

    # ── what is offered ──────────────────────────────────────────────────────────────────────────

    def _offer_key(self, key: str) -> bool:
        """Whether the key was one for what is offered."""
        if key in TABS:
            return self._tab(TABS[key])
        if self._offer is None:
            return False
        if key in ARROWS and self._offer.offers:
            self._step(ARROWS[key])
            return True
        if key == "enter" and self._chosen is not None:
            self._take()
            return True
        if key == "escape":
            if self._chosen is not None:
                self._replace_offered(self._typed)
            self._settled = self.text
            self._close_offer()
            return True
        if len(key) > 1 and key not in ("backspace", "space"):
            self._close_offer()  # the cursor goes elsewhere; what changes the text is looked at again
        return False

    def _tab(self, step: int) -> bool:
        """Puts in what is offered, or the next of it; False where Tab is not for that."""
        if self._offer is None:
            self._offer = self._complete(self._before)
            self._chosen = None
        if self._offer is None:
            return False
        if not self._offer.offers:
            self.post_message(self.NothingFits())
        elif len(self._offer.offers) == 1:
            self.take_offer(0)
        else:
            self._step(step)
        return True

    @property
    def _before(self) -> str:
        return self.get_text_range((0, 0), self.cursor_location)

    def _step(self, step: int) -> None:
        assert self._offer is not None
        offers = self._offer.offers
        if self._chosen is None:
            self._typed = self._before[self._offer.start :]
            self._chosen = 0 if step > 0 else len(offers) - 1
        else:
            self._chosen = (self._chosen + step) % len(offers)
        self._replace_offered(offers[self._chosen].text)
        self.post_message(self.Offered(offers, self._chosen, self._offer.help))

    def take_offer(self, index: int) -> None:
        """Puts in the offer of that number, and no longer offers the others."""
        if self._offer is not None and index < len(self._offer.offers):
            self._chosen = index
            self._replace_offered(self._offer.offers[index].text)
            self._take()

    def _take(self) -> None:
        """What is chosen stays, with room for what comes next."""
        self._close_offer()
        if self._before.endswith("/"):
            self._settled = ""  # a folder: what is in it comes next
        elif not self.document[self.cursor_location[0]][self.cursor_location[1] :].startswith(" "):
            self.insert(" ")
        self._look()

    def _replace_offered(self, text: str) -> None:
        assert self._offer is not None
        rows = self._before[: self._offer.start].split("\n")
        start = len(rows) - 1, len(rows[-1])
        result = self.replace(text, start, self.cursor_location, maintain_selection_offset=False)
        self.move_cursor(result.end_location)
        self._settled = self.text

    def _close_offer(self) -> None:
        if self._offer is not None:
            self._offer = self._chosen = None
            self.post_message(self.Offered())

    def _look(self) -> None:
        """Offers what the word before the cursor may become, unless that was looked at already."""
        if self.text == self._settled:
            return
        self._settled = self.text
        line, column = self.cursor_location
        after = self.document[line][column : column + 1]
        found = self._complete(self._before) if not after.strip() else None
        if found and len(found.offers) == 1 and found.offers[0].text == self._before[found.start :]:
            found = None
        if found is None:
            self._close_offer()
            return
        self._offer, self._chosen = found, None
        self.post_message(self.Offered(found.offers, None, found.help))

    def look_again(self) -> None:
        """What may be offered is known by now."""
        self._settled = ""
        self._look()

    def _send(self) -> None:
        """Takes the text out at once, before the next key, or leaves it where it cannot be sent."""
        text = self.text.strip("\n")
        if len(text) > CONTENT_CHARS:
            limit = f"a message holds {CONTENT_CHARS}"
            self.post_message(self.Refused(f"That is {len(text)} characters; {limit}. Shorten or split it."))
        elif text.strip():
            self.load_text(self._browse.begun if self._browse else "")
            self.post_message(self.Sent(text, self.about))

    def on_paste(self, event: events.Paste) -> None:
        event.prevent_default().stop()
        text = clean_text(event.text)
        if 0 < self.ask_from <= line_count(text):
            self.post_message(self.ManyPasted(text))
            return
        self.put(text)
        if dropped := paths(text):
            self.post_message(self.Dropped(dropped))

    def on_text_area_changed(self) -> None:
        self._look()
        left = CONTENT_CHARS - len(self.text)
        words = f"{-left} characters too many" if left < 0 else f"{left} left" if left < NEARLY_FULL else ""
        if words != (self.border_subtitle or ""):
            self.border_subtitle = words
        self.set_class(left < 0, "-too-long")

    def put(self, text: str) -> None:
        """Puts `text` in where the cursor is, or refuses it whole."""
        room = CONTENT_CHARS - len(self.text) + len(self.selected_text)
        if len(text) > room:
            limit = f"a message holds {CONTENT_CHARS}, and {max(0, room)} are left"
            self.post_message(self.Refused(f"That is {len(text)} characters; {limit}. Nothing was put in."))
            return
        super().put(text)

    def action_begin_chord(self) -> None:
        """Ctrl+X cuts what is selected; else it is the first half of Ctrl+X Ctrl+E."""
        if self.selected_text:
            self.action_cut()
        else:
            self._doing = "chord"
            self.post_message(self.ChordBegun())

    def replace_all(self, text: str) -> None:
        """As `load_text`, and Ctrl+_ takes it back."""
        self._browse = None
        self._close_offer()
        self.replace(text, (0, 0), self.document.end, maintain_selection_offset=False)
        self._settled = self.text
        self.move_cursor(self.document.end)
