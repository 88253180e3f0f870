"""The registry of slash commands, each with its arguments and its sentence in the help; keys: actions.py.

Strategy: reading a line, completing it and the help page go by this table, so a command that works is one
that is written down. What each does is in `commands`.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "command",
    "room",
    "person",
    "role",
    "off",
    "switch",
    "state",
    "visibility",
    "theme",
    "level",
    "path",
    "transfer",
]
"""What an argument can be completed to."""


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command.

    Attributes:
        usage: its arguments; those in brackets may be left out.
        help: a sentence for the help page.
        completes: what Tab makes of each argument.
        anywhere: it needs no room, so Home takes it too.
        aliases: what it is called elsewhere.
    """

    name: str
    usage: str
    help: str
    completes: tuple[Kind, ...] = ()
    anywhere: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """As it is typed."""
        return f"/{self.name} {self.usage}".rstrip()

    @property
    def told(self) -> str:
        """Its sentence, and its other names."""
        others = ", ".join(f"/{alias}" for alias in self.aliases)
        return f"{self.help} Also {others}." if others else self.help


COMMANDS: Final = (
    Command(
        "join",
        "ROOM",
        "Join a room by its name, or by an invite's link, and open it.",
        ("room",),
        True,
        aliases=("j", "buffer", "b"),
    ),
    Command("list", "", "Show the rooms that anyone may join.", (), True),
    Command("create", "[-private] NAME", "Create a room, and open it.", (), True, ("new",)),
    Command("close", "", "Go back to Home; what you typed stays."),
    Command("leave", "", "Leave this room.", aliases=("part",)),
    Command(
        "msg",
        "NAME [TEXT]",
        "Open your room with one other person; say something there.",
        ("person",),
        True,
        aliases=("query", "q", "w"),
    ),
    Command("me", "TEXT", "Say what you do."),
    Command("shrug", "[TEXT]", "Say it with a shrug: ¯\\_(ツ)_/¯"),
    Command("editor", "[TEXT]", "Write in your editor, as Ctrl+X Ctrl+E does."),
    Command("reply", "[#N] [TEXT]", "Answer the last message, or the one with that number."),
    Command("thread", "[#N]", "See the thread of a message, and write in it."),
    Command("edit", "[#N] [TEXT]", "Change what your last message says."),
    Command("delete", "[#N]", "Delete your last message, or the one with that number."),
    Command("react", "[#N] REACTION", "Put an emoji or a word below the last message, or take it away."),
    Command("open", "[#N]", "Open the last link, or one of the message with that number."),
    Command("pin", "[#N]", "Pin the last message, or take the pin off."),
    Command("unpin", "[#N]", "Take the pin off a message; without a number, the last one."),
    Command("versions", "[#N]", "Show what a message said before it was edited, to moderators."),
    Command("retry", "", "Send everything here that was not sent."),
    Command("drop", "", "Drop everything here that was not sent, after a question."),
    Command("pins", "", "Show what is pinned here."),
    Command("search", "WORDS", "Find messages; with from:, in:, before:, after:.", (), True),
    Command("read", "", "Mark this room as read."),
    Command("who", "", "Show who is here.", aliases=("names", "n")),
    Command("whois", "NAME", "Show what is known of a person here.", ("person",), aliases=("wii",)),
    Command("away", "[TEXT]", "Be seen as away, with a few words; /status online ends it.", (), True),
    Command("back", "", "Be seen as online again, with no words.", (), True),
    Command(
        "status",
        "STATE [TEXT]",
        "Be seen as online, away, busy or offline.",
        ("state",),
        True,
        aliases=("presence",),
    ),
    Command("topic", "[TEXT]", "Set the topic; without one, show it.", aliases=("t",)),
    Command("rename", "NAME", "Give the room another name.", aliases=("name",)),
    Command("visibility", "HOW", "List the room among the public ones, or hide it.", ("visibility",)),
    Command(
        "invite", "[NAME]", "Add a person; without a name, make a link that lets people in.", ("person",)
    ),
    Command("invites", "", "Show the links into this room that still work."),
    Command("revoke", "INVITE", "End one of them, by its id in /invites."),
    Command("op", "NAME", "Make somebody a moderator.", ("person",)),
    Command("deop", "NAME", "Make a moderator a plain member again.", ("person",)),
    Command("role", "NAME ROLE", "Make somebody a moderator, or a plain member again.", ("person", "role")),
    Command("transfer", "NAME", "Make somebody the owner of the room.", ("person",)),
    Command("kick", "NAME", "Put somebody out, who may come back.", ("person",), aliases=("k",)),
    Command("ban", "NAME [REASON]", "Put somebody out, and keep them out.", ("person",)),
    Command("unban", "NAME", "Let somebody in again."),
    Command("bans", "", "Show who is banned, and why."),
    Command("slow", "TIME", "Set how long a member waits between two messages: 30s, or off.", ("off",)),
    Command("retention", "TIME", "Set after which time messages are deleted: 30d, or off.", ("off",)),
    Command("receipts", "HOW", "on: members see how far the others have read; or off.", ("switch",)),
    Command("archive", "[off]", "Close the room for writing, or open it again.", ("off",)),
    Command("delete-room", "", "Delete the room and everything in it, for everyone."),
    Command(
        "notify",
        "[LEVEL]",
        "Let all of this room count as new and be told, or mentions, or none; test: try it on your desktop.",
        ("level",),
        True,
    ),
    Command("mute", "[off]", "Let nothing here count as new or be told; off: as it was before.", ("off",)),
    Command(
        "send",
        "PATH… [@NAME…]",
        "Send files or folders, straight to those that are named; without a name, you choose.",
        ("path",),
    ),
    Command("accept", "[N] [FOLDER]", "Take what is offered, or the one with that number.", (), True),
    Command("decline", "[N] [REASON]", "Decline what is offered.", (), True),
    Command(
        "transfers",
        "[WHAT N]",
        "Show all files on their way; or pause, resume, cancel, retry or forget one.",
        ("transfer",),
        True,
    ),
    Command("share", "PATH", "Let everyone in this room look through a folder and fetch from it.", ("path",)),
    Command("unshare", "[FOLDER]", "Share it no longer."),
    Command("shares", "[NAME] [PATH]", "Look through what a member shares here.", ("person",)),
    Command("get", "[NAME] [PATH] [FOLDER]", "Fetch from what a member shares here.", ("person",)),
    Command(
        "share-terminal", "[COMMAND]", "Let members of this room watch a shell of yours, or that command."
    ),
    Command("watch", "[NAME]", "Watch the terminal that a member shares here.", ("person",)),
    Command("terminals", "[N]", "Go to a terminal that is open.", (), True),
    Command(
        "call",
        "[@NAME…] [--video]",
        "Call everybody in this room, or those that are named; or join the call that is on here.",
        ("person",),
    ),
    Command("answer", "[--video]", "Take the call that rings.", (), True),
    Command("decline-call", "", "Decline the call that rings.", (), True),
    Command("hangup", "", "Leave the call that you are in.", (), True),
    Command("mute-mic", "", "In a call: be heard no longer, or again.", (), True),
    Command("deafen", "", "In a call: hear nothing and be heard by nobody, or again.", (), True),
    Command("camera", "", "In a call: turn the camera on, or off.", (), True),
    Command(
        "share-screen",
        "[FILE]",
        "In a call: show your screen, or a video file; or no longer.",
        ("path",),
        True,
    ),
    Command("push-to-talk", "", "In a call: be heard only while you talk, or all the time.", (), True),
    Command("talk", "", "In a call: talk, or no longer.", (), True),
    Command(
        "record-call",
        "[FILE]",
        "In a call: write it into a new file, which everybody in it is told; or no longer.",
        ("path",),
        True,
    ),
    Command("test-tone", "", "In a call: play a tone for a second.", (), True),
    Command("call-stats", "", "In a call: who is there, and how good the lines to them are.", (), True),
    Command("replay", "FILE", "Play a recording of a terminal.", ("path",), True),
    Command("verify", "[NAME]", "Show the words that you and a member compare.", ("person",)),
    Command("inbox", "", "Show what is new in all your rooms.", (), True),
    Command("rooms", "", "List your rooms, and what is new in them.", (), True),
    Command("settings", "", "See and change all that can be set.", (), True),
    Command(
        "theme",
        "[NAME]",
        "Look otherwise, from now on; without a name, try the themes first.",
        ("theme",),
        True,
    ),
    Command("nick", "NAME", "Be shown by this name; you still sign in with the other.", (), True),
    Command("whoami", "", "Show how the server has you.", (), True),
    Command("hide-reads", "HOW", "on: nobody sees how far you have read; or off.", ("switch",), True),
    Command("devices", "", "Show where you are signed in.", (), True, ("sessions",)),
    Command("sign-out", "DEVICE", "End the session of another device, by its name or id.", (), True),
    Command("sign-out-others", "", "End the sessions of all your other devices, after a question.", (), True),
    Command("push", "", "Show where pushes go while you are away.", (), True),
    Command("push-add", "ntfy URL TOPIC", "Send pushes to a topic of an ntfy server.", (), True),
    Command("push-test", "ID", "Send one there now.", (), True),
    Command("push-remove", "ID", "Send no more there.", (), True),
    Command("ssh-keys", "", "See, add and remove the keys that let you in by ssh.", (), True),
    Command("ssh-key-add", "KEY", "Come in by ssh with a key: paste the line of its .pub file.", (), True),
    Command("ssh-key-remove", "ID", "Let nobody in by that key any more.", (), True),
    Command("tour", "", "Show the first tour again, on Home.", (), True),
    Command("help", "[COMMAND]", "Show this page, or what a command takes.", ("command",), True),
    Command("quit", "", "Quit; what you typed and what waits is kept.", (), True, aliases=("exit", "bye")),
)
