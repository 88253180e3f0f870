"""A small app of Textual on a real terminal: `python -m tests.support.small_tui`.

It stands in for the client where a door is tested: it shows its size, says what is entered, and does what it
is told. Orders: `fill N` writes N lines at once, `quit N` ends it with that code.
"""

import json
import os
from typing import ClassVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.widgets import Input, RichLog, Static


class SmallApp(App[None]):
    CSS = "Screen { background: #272822; } #size { background: #75715e; color: #f8f8f2; }"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False

    def __init__(self, told: str) -> None:
        super().__init__()
        self._told = told

    def compose(self) -> ComposeResult:
        yield Static(id="size")
        yield RichLog(id="log")
        yield Input(placeholder="type here")

    def on_mount(self) -> None:
        self.query_one(RichLog).write(f"Hello {self._told}")
        self.query_one(Input).focus()

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#size", Static).update(f"size {event.size.width}x{event.size.height}.")
        self.refresh(repaint=True, layout=True)

    @on(Input.Submitted)
    def say(self, event: Input.Submitted) -> None:
        event.input.clear()
        match event.value.split():
            case ["fill", count]:
                for number in range(int(count)):
                    self.query_one(RichLog).write(f"line {number}")
            case ["quit", code]:
                self.exit(return_code=int(code))
            case _:
                self.query_one(RichLog).write(f"said {event.value}")


def main() -> int:
    with os.fdopen(3) as pipe:
        told = json.load(pipe)
    app = SmallApp(told["name"])
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    raise SystemExit(main())
