"""Where a message is written: several lines, the keys of a shell, nothing that a terminal would obey.

Strategy: Textual's TextArea does the editing. Here: Enter sends and three other keys break the line, what is
cut by word or line can be put back, pasted text is cleaned where it enters and refused, not cut, where it is
too long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Location

from mesh_tui.slash import Completion
from protocol.limits import CONTENT_CHARS
from protocol.text import clean_text

LINE_BREAKS: Final = frozenset({"alt+enter", "ctrl+j", "shift+enter", "ctrl+enter"})

TABS: Final = {"tab": 1, "shift+tab": -1}

Complete = Callable[[str], Completion | None]

NEARLY_FULL: Final = 500
"""With fewer characters than this left, their number is shown."""


class Composer(TextArea):
    """Posts `Sent` with the text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+b", "cursor_left", "Left", show=False),
        Binding("ctrl+f", "cursor_right", "Right", show=False),
        Binding("alt+b", "cursor_word_left", "Word left", show=False),
        Binding("alt+f", "cursor_word_right", "Word right", show=False),
        Binding("ctrl+p", "cursor_up", "Up", show=False),
        Binding("ctrl+n", "cursor_down", "Down", show=False),
        Binding("ctrl+w,alt+backspace,ctrl+backspace", "cut_to('word_left')", "Cut word before", show=False),
        Binding("alt+d,alt+delete", "cut_to('word_right')", "Cut word after", show=False),
        Binding("ctrl+u", "cut_to('line_start')", "Cut line before", show=False),
        Binding("ctrl+k", "cut_to('line_end')", "Cut line after", show=False),
        Binding("ctrl+y", "put_back", "Put back", show=False),
        Binding("pageup", "screen.page(-1)", "Scroll up", show=False),
        Binding("pagedown", "screen.page(1)", "Scroll down", show=False),
    ]

    @dataclass
    class Sent(Message):
        """Enter was pressed with something to say."""

        text: str

    class Typed(Message):
        """A character was added."""

    @dataclass
    class Refused(Message):
        """Something could not be put in; `reason` is a sentence."""

        reason: str

    class Lifted(Message):
        """Up was pressed with nothing written."""

    @dataclass
    class Completed(Message):
        """Tab has put in `candidates[chosen]`; none where there is nothing to put in."""

        candidates: tuple[str, ...]
        chosen: int = 0

    class AboveClicked(Message):
        """What is said above was clicked."""

    def __init__(self, placeholder: str, complete: Complete) -> None:
        """`complete`: what the text before the cursor may become."""
        super().__init__(
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            placeholder=placeholder,
            compact=True,
        )
        self.cursor_blink = False
        self._cut = ""
        self._complete = complete
        self._offer: tuple[Completion, int, str] | None = None
        """What Tab goes through, which of it stands there, and the text as it is then."""

    def say_above(self, words: str) -> None:
        """Writes into the upper border, or nothing if `words` is empty."""
        self.border_title = Content(words) if words else None

    def on_click(self, event: events.Click) -> None:
        if self.border_title and event.y == 0:
            self.post_message(self.AboveClicked())

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.prevent_default().stop()
            self._send()
        elif event.key in LINE_BREAKS:
            event.prevent_default().stop()
            self._put("\n")
        elif event.key in TABS:
            if self._tab(TABS[event.key]):
                event.prevent_default().stop()
        elif event.key == "up" and not self.text:
            event.prevent_default().stop()
            self.post_message(self.Lifted())
        elif event.is_printable:
            self.post_message(self.Typed())

    # ── completing ───────────────────────────────────────────────────────────────────────────────

    def _tab(self, step: int) -> bool:
        """Completes what stands before the cursor, or goes on; False where Tab is not for that."""
        if self._offer is None or self._offer[2] != self.text:
            completion = self._complete(self.get_text_range((0, 0), self.cursor_location))
            if completion is None:
                return False
            self._offer = completion, 0 if step > 0 else len(completion.candidates) - 1, ""
        else:
            completion, chosen, _ = self._offer
            self._offer = completion, (chosen + step) % max(1, len(completion.candidates)), ""
        self._put_candidate()
        return True

    def _put_candidate(self) -> None:
        assert self._offer is not None
        (start, candidates), chosen, _ = self._offer
        if candidates:
            end = " " if len(candidates) == 1 else ""
            before = self.get_text_range((0, 0), self.cursor_location)[:start]
            rows = before.split("\n")
            result = self.replace(
                candidates[chosen] + end,
                (len(rows) - 1, len(rows[-1])),
                self.cursor_location,
                maintain_selection_offset=False,
            )
            self.move_cursor(result.end_location)
        self._offer = (Completion(start, candidates), chosen, self.text) if len(candidates) > 1 else None
        self.post_message(self.Completed(candidates, chosen))

    def _send(self) -> None:
        """Takes the text out at once, before the next key, or leaves it where it cannot be sent."""
        text = self.text.strip("\n")
        if len(text) > CONTENT_CHARS:
            limit = f"a message holds {CONTENT_CHARS}"
            self.post_message(self.Refused(f"That is {len(text)} characters; {limit}. Shorten or split it."))
        elif text.strip():
            self.load_text("")
            self.post_message(self.Sent(text))

    def on_paste(self, event: events.Paste) -> None:
        event.prevent_default().stop()
        self._put(clean_text(event.text))

    def on_text_area_changed(self) -> None:
        left = CONTENT_CHARS - len(self.text)
        if left < 0:
            self.border_subtitle = f"{-left} characters too many"
        else:
            self.border_subtitle = f"{left} left" if left < NEARLY_FULL else ""
        self.set_class(left < 0, "-too-long")

    def _put(self, text: str) -> None:
        room = CONTENT_CHARS - len(self.text) + len(self.selected_text)
        if len(text) > room:
            limit = f"a message holds {CONTENT_CHARS}, and {max(0, room)} are left"
            self.post_message(self.Refused(f"That is {len(text)} characters; {limit}. Nothing was put in."))
            return
        start, end = self.selection
        if result := self.replace(text, start, end, maintain_selection_offset=False):
            self.move_cursor(result.end_location)

    # ── the keys of a shell ──────────────────────────────────────────────────────────────────────

    def action_cut_to(self, target: str) -> None:
        targets: dict[str, Location] = {
            "word_left": self.get_cursor_word_left_location(),
            "word_right": self.get_cursor_word_right_location(),
            "line_start": self.get_cursor_line_start_location(),
            "line_end": self.get_cursor_line_end_location(),
        }
        if cut := self.get_text_range(*sorted((self.cursor_location, targets[target]))):
            self._cut = cut
            self.delete(self.cursor_location, targets[target], maintain_selection_offset=False)

    def action_put_back(self) -> None:
        if self._cut:
            self._put(self._cut)
