"""What a program may do to the machine that it runs on, and what is off where that is not the person's own.

Strategy: through a door of the server (ssh, the browser) the program runs on the server's machine. There a
command is off unless it stands in `HARMLESS`, so that one that is added tomorrow is off until somebody has
thought about it; `OFF_COMMANDS` and `OFF_ACTIONS` only say why, in a sentence. They are asked at the two
places through which every command and every bound key goes. Below them the agent has neither files nor
terminals nor calls (`mesh_agent.client.hosted`), and the process itself can start no program and open no
file of others (`mesh_tui.confined`): three walls, each of which holds alone.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from mesh_agent.client.errors import SwitchedOff
from mesh_agent.client.hosted import Hosted

if TYPE_CHECKING:
    from protocol.handover import Handover

Power = Literal["files", "terminals", "calls", "editor", "browser", "suspend", "disk", "servers"]

_HERE: Final = "Mesh runs on the server's machine, not on yours"
SENTENCES: Final[dict[Power, str]] = {
    "files": f"Files are neither sent nor fetched here: {_HERE}. mesh-tui or mesh-agent on your own does.",
    "terminals": f"Terminals are neither shared nor watched here: {_HERE}. mesh-tui on your own does that.",
    "calls": f"There are no calls here: {_HERE}, without your microphone. mesh-tui on your own has them.",
    "editor": f"There is no editor here: {_HERE}.",
    "browser": f"No browser is opened here: {_HERE}.",
    "suspend": f"There is no shell to go back to: {_HERE}.",
    "disk": f"No file is read or kept here: {_HERE}.",
    "servers": f"No other server is reached from here: {_HERE}.",
}
"""What is off -> what the person reads who asks for it."""

WELCOME: Final = f"{_HERE}: files, terminals and calls are off here."

OFF_COMMANDS: Final[dict[str, Power]] = {
    **dict.fromkeys(
        ("send", "accept", "decline", "transfers", "share", "unshare", "shares", "get", "verify"), "files"
    ),
    **dict.fromkeys(("share-terminal", "watch", "terminals"), "terminals"),
    **dict.fromkeys(
        ("call", "answer", "decline-call", "hangup", "mute-mic", "deafen", "camera", "share-screen"), "calls"
    ),
    **dict.fromkeys(("push-to-talk", "talk", "test-tone", "record-call", "call-stats"), "calls"),
    "editor": "editor",
    "replay": "disk",
}
"""Slash command -> what it would need."""

OFF_ACTIONS: Final[dict[str, Power]] = {
    "app.suspend": "suspend",
    "screen.transfers": "files",
    "screen.cards": "files",
    "screen.terminals": "terminals",
    "screen.call": "calls",
    "screen.decline_call": "calls",
    "screen.mute_mic": "calls",
    "screen.edit_outside": "editor",
    "screen.from_folder": "disk",
}
"""The action of a key -> what it would need."""

OFF_PLACES: Final[dict[str, Power]] = {
    **dict.fromkeys(("transfer", "people", "shares", "words"), "files"),
    **dict.fromkeys(("terminal", "terminal-menu"), "terminals"),
    **dict.fromkeys(("call", "devices"), "calls"),
    "replay": "disk",
}
"""Places of the registry that nobody gets to -> why."""

OFF_SETTINGS: Final[dict[str, Power]] = {"transfers": "files", "terminals": "terminals", "calls": "calls"}
"""Sections of the settings that change nothing here -> why."""

HARMLESS: Final = frozenset(
    {
        "join",
        "list",
        "create",
        "close",
        "leave",
        "msg",
        "me",
        "shrug",
        "reply",
        "thread",
        "edit",
        "delete",
        "react",
        "open",
        "pin",
        "unpin",
        "versions",
        "retry",
        "drop",
        "pins",
        "search",
        "read",
        "who",
        "whois",
        "away",
        "back",
        "status",
        "topic",
        "rename",
        "visibility",
        "invite",
        "invites",
        "revoke",
        "op",
        "deop",
        "role",
        "transfer",
        "kick",
        "ban",
        "unban",
        "bans",
        "slow",
        "retention",
        "receipts",
        "archive",
        "delete-room",
        "notify",
        "mute",
        "inbox",
        "rooms",
        "settings",
        "theme",
        "nick",
        "whoami",
        "hide-reads",
        "devices",
        "sign-out",
        "sign-out-others",
        "push",
        "push-add",
        "push-test",
        "push-remove",
        "ssh-keys",
        "ssh-key-add",
        "ssh-key-remove",
        "tour",
        "help",
        "quit",
    }
)
"""Commands that concern the server alone, or this terminal: nothing of the machine is touched."""


@dataclass(frozen=True, slots=True)
class Powers:
    """`hosted`: how the person came to somebody else's machine; None: it is their own."""

    hosted: Hosted | None = None

    @classmethod
    def of(cls, handover: "Handover | None") -> "Powers":
        """Those of somebody who came in by a door; None: of somebody on their own machine."""
        return cls(Hosted(handover.socket, handover.address)) if handover else OWN

    def has(self, power: Power) -> bool:  # noqa: ARG002 - all of them, or none
        return self.hosted is None

    def need(self, power: Power) -> None:
        """Raises `SwitchedOff`, with the sentence."""
        if not self.has(power):
            raise SwitchedOff(SENTENCES[power])

    def check_command(self, name: str) -> None:
        """Raises `SwitchedOff`: this command is off."""
        if self.hosted is not None and name not in HARMLESS:
            power = OFF_COMMANDS.get(name)
            raise SwitchedOff(SENTENCES[power] if power else None)

    def check_action(self, name: str) -> None:
        """Raises `SwitchedOff`: what a key would do is off."""
        if name in OFF_ACTIONS:
            self.need(OFF_ACTIONS[name])


OWN: Final = Powers()
"""On a machine of one's own."""
