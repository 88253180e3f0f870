"""The one registry of what a person can do: keys and slash commands, each with its sentence in the help.

Strategy: screens and widgets take their bindings from here by place, and the help page is this table, so a
key that works is a key that is written down. Keys are those that terminals really send, also through tmux
and ssh: no Ctrl+I, Ctrl+M, Ctrl+H, no Ctrl with punctuation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from textual.binding import Binding

Place = Literal[
    "everywhere",
    "sign-in",
    "home",
    "tour",
    "rooms",
    "room",
    "composer",
    "reading",
    "selected",
    "unsent",
    "transfer",
    "people",
    "shares",
    "call",
    "terminal",
    "terminal-menu",
    "replay",
    "words",
    "settings",
    "devices",
    "ssh-keys",
    "switcher",
    "inbox",
    "list",
    "question",
    "reaction",
    "form",
    "page",
]

PLACES: Final[dict[Place, str]] = {
    "everywhere": "Everywhere",
    "sign-in": "Signing in",
    "home": "Home",
    "tour": "On the first tour",
    "rooms": "From room to room",
    "room": "In a room",
    "composer": "Writing",
    "reading": "Reading",
    "selected": "With a message chosen",
    "unsent": "With a message chosen that was not sent",
    "transfer": "With a file on its way chosen",
    "people": "Choosing people",
    "shares": "In what somebody shares",
    "call": "In a call",
    "terminal": "In a shared terminal",
    "terminal-menu": "At the side of a shared terminal",
    "replay": "In a recording of a terminal",
    "words": "With the words of a device",
    "settings": "In the settings",
    "devices": "Choosing a microphone, a loudspeaker or a camera",
    "ssh-keys": "With your keys for ssh",
    "switcher": "Going elsewhere",
    "inbox": "In the inbox",
    "list": "In a list of messages",
    "question": "At a question",
    "reaction": "Choosing a reaction",
    "form": "In a few fields",
    "page": "On any page above the screen",
}
"""The places in the order of the help page, with their headings."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do.

    Attributes:
        name: the Textual action; empty where a widget handles the key itself.
        help: a sentence for the help page.
        label: a word for the footer; empty keeps it out of there.
        priority: the key works wherever the cursor is.
        setting: where a screen handles the keys itself, and each means another thing by its place among them:
            what the settings call the action.
    """

    place: Place
    keys: str
    name: str
    help: str
    label: str = ""
    priority: bool = False
    setting: str = ""

    @property
    def id(self) -> str:
        """What the settings call it: `room.people`; empty where its keys are fixed."""
        name = self.name.partition(".")[2] or self.setting
        return f"{self.place}.{name}" if name else ""


ACTIONS: Final = (
    Action("everywhere", "ctrl+q", "app.quit", "Quit; what you typed and what waits is kept.", "Quit", True),
    Action(
        "everywhere",
        "f1,question_mark",
        "app.help",
        "All keys and commands, those of where you are first; ? where it is no text.",
        "Help",
    ),
    Action("everywhere", "f4", "app.settings", "Settings: who you are, looks, keys, devices."),
    Action("everywhere", "tab,shift+tab", "", "Go to the next, the previous part of the screen."),
    Action("everywhere", "ctrl+c", "", "Copy what is selected with the mouse."),
    Action("everywhere", "ctrl+z", "app.suspend", "Back to the shell for a while; fg comes back.", "", True),
    Action("everywhere", "ctrl+l", "app.redraw", "Paint the screen anew."),
    Action("sign-in", "enter", "", "Go on; in the last field, sign in."),
    Action("sign-in", "ctrl+t", "screen.switch", "Sign in, or create an account instead.", "Switch"),
    Action("home", "up,down", "", "Choose a room."),
    Action("home", "enter", "", "Open the room, or join it."),
    Action("home", "ctrl+k", "screen.switcher", "Go to a room, a person or a command.", "Go to"),
    Action("home", "alt+i", "screen.inbox", "See what is new in all rooms, and what of it is for you."),
    Action("home", "f7", "screen.transfers", "See all files on their way, and those that were."),
    Action("home", "ctrl+n,n", "screen.create", "Create a room.", "New room"),
    Action("home", "f5", "screen.again", "Load the lists again; connect now.", "Refresh"),
    Action("home", "slash", "screen.command", "Type a command.", "Command"),
    Action("home", "ctrl+o", "screen.sign_out", "Sign out on this device.", "Sign out"),
    Action("tour", "right", "screen.tour_on", "Go on with it."),
    Action("tour", "left", "screen.tour_back", "Go back in it."),
    Action("tour", "escape", "screen.tour_end", "Put it away; /tour brings it back."),
    Action(
        "rooms",
        "alt+a",
        "screen.next_active",
        "Go to the next room with something new: mentions first; in the end back to where you were.",
        "Next unread",
    ),
    Action(
        "rooms",
        ",".join(f"alt+{digit}" for digit in range(1, 10)),
        "",
        "Go to the room with this number.",
        setting="number",
    ),
    Action("rooms", "alt+left", "screen.go_back", "Go to the room that was open before."),
    Action("rooms", "alt+right", "screen.go_forward", "Go to the room that you have gone back from."),
    Action(
        "rooms",
        "alt+t",
        "screen.terminals",
        "Go to the shared terminal that is open; of several, you choose.",
    ),
    Action("rooms", "alt+c", "screen.call", "Answer who calls; or go to the call that you are in."),
    Action("rooms", "alt+x", "screen.decline_call", "Decline the call that rings."),
    Action("rooms", "alt+m", "screen.mute_mic", "In a call: be heard no longer, or again."),
    Action("room", "escape", "screen.back", "Back to Home; what you typed stays.", "Back"),
    Action("room", "ctrl+k", "screen.switcher", "Go to a room, a person or a command.", "Go to"),
    Action("room", "alt+i", "screen.inbox", "See what is new in all rooms, and what of it is for you."),
    Action("room", "f2", "screen.people", "Show or hide who is here.", "People"),
    Action(
        "room",
        "f3",
        "screen.rooms",
        "Show or hide your rooms; on a narrow screen instead of the messages.",
        "Rooms",
    ),
    Action(
        "room",
        "alt+plus,alt+equals_sign",
        "screen.wider",
        "Make the list of rooms, or else that of people, wider.",
    ),
    Action("room", "alt+minus", "screen.narrower", "Make it narrower."),
    Action("room", "f5", "screen.again", "Send, load or connect again, now.", "Try again"),
    Action(
        "room",
        "f6",
        "screen.cards",
        "To the files that are offered or on their way here, and back.",
        "Files",
        True,
    ),
    Action("room", "f7", "screen.transfers", "See all files on their way, and those that were.", "", True),
    Action("room", "f8", "screen.drop", "Drop a message that was not sent.", "Drop"),
    Action("room", "f9", "screen.leave", "Leave the room.", "Leave"),
    Action("room", "alt+u", "screen.first_unread", "Go to the first message that is new."),
    Action("room", "alt+l", "screen.bare", "Show the messages alone, to copy with the terminal's own mouse."),
    Action("room", "pageup,pagedown", "", "Scroll the messages; also while you are writing."),
    Action("room", "ctrl+end", "screen.newest", "Go to the newest message.", "Newest"),
    Action("composer", "enter", "", "Send; a line that begins with / is a command, with // a message."),
    Action(
        "composer", "tab,shift+tab", "", "Put in what is offered above; again for the next, the one before."
    ),
    Action("composer", "down,up", "", "Where something is offered: choose it; Enter takes it, Esc does not."),
    Action("composer", "up", "", "With nothing written: choose the last message."),
    Action("composer", "ctrl+p,ctrl+n,alt+p,alt+n", "", "What was entered here before, and what after it."),
    Action("composer", "alt+enter,ctrl+j,shift+enter", "", "Break the line."),
    Action("composer", "ctrl+a,ctrl+e", "", "To the beginning, to the end of the line."),
    Action("composer", "ctrl+b,ctrl+f", "", "A character left, right."),
    Action("composer", "alt+b,alt+f", "", "A word left, right."),
    Action("composer", "backspace,ctrl+d", "", "Delete the character before, after the cursor."),
    Action("composer", "ctrl+w,alt+backspace", "", "Cut the word before the cursor."),
    Action("composer", "alt+d", "", "Cut the word after the cursor."),
    Action("composer", "ctrl+u", "", "Cut the line before the cursor."),
    Action(
        "composer",
        "ctrl+k",
        "",
        "Cut the line after the cursor; with nothing after it, go to a room or person.",
    ),
    Action(
        "composer", "ctrl+y,alt+y", "", "Put back what was cut last; right after that, what was before it."
    ),
    Action("composer", "ctrl+t", "", "Swap the two characters at the cursor."),
    Action("composer", "ctrl+underscore", "", "Undo."),
    Action("composer", "ctrl+x ctrl+e", "", "Write in your editor."),
    Action("reading", "up,down", "", "Scroll by a line, when the messages have the focus."),
    Action("reading", "home,end", "", "To the oldest message that is loaded, to the newest."),
    Action("selected", "up,down", "", "Choose the message before, after it; past the last one, write again."),
    Action("selected", "r", "screen.reply", "Answer it.", "Reply"),
    Action(
        "selected",
        "enter",
        "screen.take_up",
        "Answer it; or watch the terminal, or join the call, that it tells of.",
    ),
    Action("selected", "e", "screen.edit", "Change what it says, if it is yours.", "Edit"),
    Action("selected", "E", "screen.edit_outside", "Change it in your editor, if it is yours."),
    Action("selected", "d,delete", "screen.delete", "Delete it.", "Delete"),
    Action("selected", "plus,a", "screen.react", "Put a reaction below it, or take yours away.", "React"),
    Action("selected", "p", "screen.pin", "Pin it, or take the pin off.", "Pin"),
    Action("selected", "t", "screen.thread", "See its thread, and write in it.", "Thread"),
    Action("selected", "g", "screen.show_in_room", "From a thread: go to its place in the room.", "Go to it"),
    Action(
        "selected",
        "o",
        "screen.open_link",
        "Open a link in it, of several the one you choose; or watch the terminal that it tells of.",
        "Open",
    ),
    Action("selected", "c,y", "screen.copy", "Copy what it says.", "Copy"),
    Action("unsent", "r,enter", "screen.resend", "Send it again.", "Try again"),
    Action("unsent", "e", "screen.rewrite", "Take it back into the place to write.", "Write anew"),
    Action("unsent", "d,delete", "screen.discard", "Drop it, after a question.", "Drop it"),
    Action("unsent", "c,y", "screen.copy", "Copy what it says.", "Copy"),
    Action("transfer", "up,down", "", "Choose another; where all of one is shown, scroll."),
    Action("transfer", "a", "", "Accept what is offered; where names are taken, you choose what then."),
    Action("transfer", "d", "", "Decline it."),
    Action("transfer", "i", "", "Accept it into another folder."),
    Action(
        "transfer",
        "v",
        "",
        "Accept it, and from now on all of this verified device, until /verify ends that.",
    ),
    Action("transfer", "p", "", "Pause it, or let it go on."),
    Action("transfer", "x", "", "Cancel it."),
    Action("transfer", "r", "", "Try again what failed or was refused."),
    Action("transfer", "f", "", "Forget one that is over; the file stays."),
    Action("transfer", "l", "", "Look at it, where it is a picture and here."),
    Action("transfer", "o", "", "Open its folder; through ssh its path is copied."),
    Action("transfer", "c", "", "Copy its path."),
    Action("transfer", "enter", "", "See all of it, with every path."),
    Action("people", "up,down", "", "Choose somebody."),
    Action("people", "space", "", "Mark or unmark them; several can be marked."),
    Action("people", "a", "", "Mark all, or nobody."),
    Action("people", "enter", "", "Send to who is marked; with no mark, to the one that is chosen."),
    Action("shares", "up,down", "", "Choose a file or folder."),
    Action("shares", "right,enter", "", "Open the folder; Enter on a file gets it."),
    Action("shares", "left", "", "Close the folder, or go to the one that it is in."),
    Action("shares", "g", "", "Get the file or the whole folder."),
    Action("call", "escape", "screen.back", "To the room; the call goes on.", "Room"),
    Action("call", "m", "screen.mute_mic", "Be heard no longer, or again.", "Mute"),
    Action("call", "d", "screen.deafen", "Hear nothing and be heard by nobody, or again.", "Deafen"),
    Action("call", "c", "screen.camera", "Turn the camera on, or off.", "Camera"),
    Action("call", "s", "screen.share_screen", "Show your screen, or no longer.", "Screen"),
    Action("call", "p", "screen.push_to_talk", "Be heard only while you talk by Space, or all the time."),
    Action(
        "call",
        "space",
        "screen.talk",
        "Then: talk, by holding it; or by a tap, until the next one.",
    ),
    Action("call", "l", "screen.list", "A list instead of pictures, or pictures again.", "List"),
    Action("call", "i", "screen.figures", "How good the lines to the others are, or no longer.", "Lines"),
    Action("call", "t", "screen.tone", "Play a tone for a second, to hear the loudspeaker."),
    Action("call", "q", "screen.hang_up", "Leave the call.", "Hang up"),
    Action(
        "terminal",
        "escape",
        "",
        "Twice: to the room; it goes on. All other keys are the program's.",
    ),
    Action("terminal", "ctrl+right_square_bracket", "", "See who is here, and what can be done."),
    Action("terminal", "shift+pageup,shift+pagedown", "", "Go back to what has scrolled away, and forth."),
    Action("terminal-menu", "up,down", "", "Choose a guest."),
    Action("terminal-menu", "l", "", "Let in who asks to watch."),
    Action("terminal-menu", "d", "", "Decline it."),
    Action("terminal-menu", "w", "", "Let a guest write, or take that back; as a guest, ask for it."),
    Action("terminal-menu", "k", "", "Put a guest out."),
    Action("terminal-menu", "r", "", "Record it from now on, or no longer; all guests are told."),
    Action("terminal-menu", "slash", "", "Find words in what has scrolled away."),
    Action("terminal-menu", "c", "", "Copy what is selected with the mouse, or else what is seen."),
    Action("terminal-menu", "b", "", "To the room; the terminal goes on."),
    Action("terminal-menu", "q", "", "End your terminal for all, after a question; or leave."),
    Action("terminal-menu", "escape", "", "Back to the terminal."),
    Action("replay", "space", "", "Pause, or go on; at its end, begin again."),
    Action("replay", "left,right", "", "Five seconds back, or on."),
    Action("replay", "up,down", "", "Faster, or slower."),
    Action("replay", "home,end", "", "To its beginning, or its end."),
    Action("replay", "comma,full_stop", "", "To the mark before, or the next one."),
    Action("replay", "escape,q", "", "Close it."),
    Action("words", "up,down", "", "Choose a device."),
    Action("words", "enter", "", "Say that the words are the same, after a question."),
    Action("words", "v", "", "Take what this verified device offers without asking, or be asked again."),
    Action("settings", "left,right", "", "Take another of the choices; it is kept at once."),
    Action("settings", "enter", "", "Edit it; with a device, sign it out."),
    Action("devices", "up,down", "", "Choose one."),
    Action("devices", "enter", "", "Take it; it is kept at once, also for the call that goes on."),
    Action("devices", "t", "", "Play a tone for a second, to hear the loudspeaker."),
    Action("devices", "e", "", "Type another: a part of a name, or a file."),
    Action("ssh-keys", "up,down", "", "Choose one."),
    Action("ssh-keys", "a", "screen.add", "Come in by one more: paste the line of its .pub file."),
    Action("ssh-keys", "f", "screen.from_folder", "Come in by one of the .pub files in ~/.ssh."),
    Action("ssh-keys", "d,delete", "screen.remove", "Remove it, after a question."),
    Action("switcher", "up,down,ctrl+p,ctrl+n", "", "Choose, while you type; PgUp and PgDn go further."),
    Action("switcher", "enter", "", "Open the room, or join it; run the command, or write the rest of it."),
    Action("inbox", "up,down,ctrl+p,ctrl+n", "", "Choose a message; PgUp and PgDn go further."),
    Action("inbox", "enter", "", "Go to it in its room."),
    Action("inbox", "tab", "", "Show only what is for you: mentions and DMs; or all that is new."),
    Action("inbox", "r", "", "Mark its room as read."),
    Action("list", "up,down", "", "Choose a message; PgUp and PgDn go further."),
    Action("list", "enter", "", "Go to it in its room; where other words are typed, look for them."),
    Action("list", "c,y", "", "Copy what it says, where nothing is typed."),
    Action("question", "left,right,up,down", "", "Go to another answer."),
    Action("question", "enter", "", "Give the answer that is marked."),
    Action("question", "y,n", "", "Yes, no; where there are more answers, the letter beside one."),
    Action("reaction", "1,2,3,4,5,6,7,8", "", "Take the one with that number."),
    Action("reaction", "enter", "", "Take the emoji or the word that is typed."),
    Action("form", "enter", "", "Go on; in the last field, keep all of it."),
    Action("page", "escape", "", "Close it, and do nothing."),
    Action("page", "up,down,pageup,pagedown", "", "Scroll, where there is more to read."),
    Action("page", "c,y", "", "Copy what it says, where it is a page to read."),
)


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


def bindings(place: Place) -> "list[Binding]":
    """The bindings of a place; the footer shows those that have a word for it."""
    from textual.binding import Binding

    return [
        Binding(
            action.keys,
            action.name,
            action.label or action.help,
            show=bool(action.label),
            priority=action.priority,
            id=action.id,
        )
        for action in ACTIONS
        if action.place == place and action.name
    ]


def key_label(keys: str) -> str:
    """Keys as the footer and the help write them: `ctrl+q` -> `^Q`, `alt+enter,f1` -> `Alt+Enter F1`.

    Keys of more than two digits in a row are the first and the last: `Alt+1…9`.
    """
    names = keys.replace(" ", ",").split(",")
    if len(names) > 2 and _are_in_a_row(names):
        return f"{_one_key(names[0])}…{names[-1][-1]}"
    return " ".join(map(_one_key, names))


def _are_in_a_row(names: Sequence[str]) -> bool:
    """They differ only in a digit that counts up."""
    return all(
        before[:-1] == after[:-1] and f"{before[-1]}{after[-1]}" in "0123456789"
        for before, after in pairwise(names)
    )


_NAMES: Final = {
    "underscore": "_",
    "question_mark": "?",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def _one_key(key: str) -> str:
    *modifiers, name = key.split("+")
    name = _NAMES.get(name, name.title() if len(name) > 1 else name.upper() if modifiers else name)
    if modifiers == ["ctrl"] and len(name) == 1:
        return f"^{name}"
    return "+".join([*(modifier.title() for modifier in modifiers), name])
