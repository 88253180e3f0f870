"""What goes wrong with shared terminals, each in a sentence for who reads it.

MeshError
└── TerminalError            terminal            a kind of this one:
    ├── CannotStart          terminal.start      the program cannot be started here
    ├── NotComparedGuest     terminal.compare    who is to write was never compared
    ├── GuestGone            terminal.guest      that guest is not there any more
    ├── TerminalOver         terminal.over       it has ended
    └── TooManyTerminals     terminal.too_many
"""

from protocol.errors import MeshError


class TerminalError(MeshError):
    code = "terminal"


class CannotStart(TerminalError):
    code = "terminal.start"


class NotComparedGuest(TerminalError):
    code = "terminal.compare"

    def __init__(self, name: str) -> None:
        super().__init__(f"Compare the safety words with {name} first: mesh-agent verify {name}")


class GuestGone(TerminalError):
    code = "terminal.guest"
    text = "This guest is not there any more."


class TerminalOver(TerminalError):
    code = "terminal.over"
    text = "This terminal is not shared any more."


class TooManyTerminals(TerminalError):
    code = "terminal.too_many"
