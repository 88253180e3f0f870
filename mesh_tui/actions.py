"""The registry of keys, each with what it does and its sentence in the help; commands: slash_commands.py.

Strategy: screens and widgets take their bindings from here by place, and the help page is this table, so a
key that works is a key that is written down. Keys are those that terminals really send, also through tmux
and ssh: no Ctrl+I, Ctrl+M, Ctrl+H, no Ctrl with punctuation.
"""

from dataclasses import dataclass
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
    Action("call", "c", "screen.camera", "Turn the camera on, or off.", "Camera"),
    Action("call", "q", "screen.hang_up", "Leave the call.", "Hang up"),
    Action("call", "s", "screen.share_screen", "Show your screen, or no longer.", "Screen"),
    Action("call", "d", "screen.deafen", "Hear nothing and be heard by nobody, or again.", "Deafen"),
    Action("call", "p", "screen.push_to_talk", "Be heard only while you talk by Space, or all the time."),
    Action(
        "call",
        "space",
        "screen.talk",
        "Then: talk, by holding it; or by a tap, until the next one.",
    ),
    Action("call", "l", "screen.list", "A list instead of pictures, or pictures again.", "List"),
    Action("call", "i", "screen.figures", "How good the lines to the others are, or no longer.", "Lines"),
    Action("call", "r", "screen.record", "Write the call into a file, or no longer; all are told.", "Record"),
    Action("call", "t", "screen.tone", "Play a tone for a second, to hear the loudspeaker."),
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
