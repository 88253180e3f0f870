"""What each verb of `mesh-agent` takes: one row a verb. Nothing heavy is imported, nothing is done here.

Strategy: a row says what `argparse` is to be told, one phrase for the lists of verbs, and one whole command
as an example. What a verb does is in `verbs`, under the same name.
"""

from typing import Final

from mesh_agent.argument_kinds import Argument, Verb, arg, number_from, span
from mesh_agent.arguments_account import ACCOUNT, OWN, PUSHES, SSH_KEYS
from mesh_agent.arguments_call import CALLS
from mesh_agent.arguments_common import PERSON, ROOM, TIMEOUT
from mesh_agent.arguments_files import FILES
from mesh_agent.arguments_terminal import GUEST_TERMINALS, HOST_TERMINALS
from protocol import limits

_count: Final = number_from(int, 1, 1_000_000)

_MESSAGE: Final = arg("message", metavar="MESSAGE", help="its number, its id, last, or mine (my last one)")
_MEMBER: Final = arg("user", metavar="NAME", help="a member's name or id")
_LIMIT: Final = arg("--limit", metavar="N", type=_count, default=50, help="how many at most (%(default)d)")
_REPLY_TO: Final = arg("--reply-to", metavar="MESSAGE", help="the message that it answers")
_THREAD: Final = arg("--thread", metavar="MESSAGE", help="the message whose thread it belongs to")
_TEXT: Final = arg("text", metavar="TEXT", nargs="+", help="the text; after -- it may begin with a dash")
_SAID: Final = arg(
    "text",
    metavar="TEXT",
    nargs="+",
    help="the message; - alone reads lines from stdin; after -- it may begin with a dash",
)


def _setting(name: str, summary: str, example: str, *arguments: Argument) -> Verb:
    return Verb(f"room {name}", summary, f"mesh-agent room {name} {example}", (ROOM, *arguments))


GROUPS: Final = {
    "room": "make a room, change it, and say who may be in it",
    "invite": "links that let people into a room",
    "device": "end the session of one of them, or of all others",
    "push": "where pushes go while I am away",
    "account": "how I am shown, the password, and keys for ssh",
    "account ssh-key": "keys that let me in at the server's ssh door",
    "terminal": "share a terminal, watch one, and play a recording",
}
"""Words that have several verbs below them; one of two words stands below its first."""

ROOMS: Final = (
    Verb(
        "rooms",
        "list my rooms",
        "mesh-agent rooms --public",
        (arg("--public", action="store_true", help="list the rooms that anyone may join instead"),),
    ),
    Verb(
        "unread",
        "list my rooms with something new, those that mention me first",
        "mesh-agent unread --mentions",
        (arg("--mentions", action="store_true", help="only those that mention me"),),
    ),
    Verb(
        "join",
        "join a public room, or by the link of an invite",
        "mesh-agent join https://chat.example.org/invite/5d0a8be2c71f4396",
        (arg("room", metavar="ROOM", help="its name or id, or the link of an invite"),),
    ),
    Verb("leave", "leave a room", 'mesh-agent leave "Test Chat"', (ROOM,)),
    Verb("members", "list who is in a room", 'mesh-agent members "Test Chat"', (ROOM,)),
    Verb(
        "dm",
        "open my room with one other person, and say something there",
        "mesh-agent dm bob Have you got a minute?",
        (
            PERSON,
            arg("text", metavar="TEXT", nargs="*", help="without one the room is only shown"),
            TIMEOUT,
        ),
    ),
    Verb(
        "room create",
        "create a room",
        'mesh-agent room create "Test Chat" --topic "Anything goes"',
        (
            arg("name", metavar="NAME"),
            arg("--topic", default="", help="one line about what it is for"),
            arg("--private", action="store_true", help="keep it out of the list of public rooms"),
        ),
    ),
    _setting("show", "show a room of mine, or a public one", "ops --json"),
    _setting("topic", "set the topic", "ops What is on fire", _TEXT),
    _setting("rename", "give a room another name", 'ops "Operations"', arg("name", metavar="NAME")),
    _setting(
        "visibility",
        "list a room among the public ones, or hide it",
        "ops private",
        arg("visibility", metavar="HOW", choices=("public", "private")),
    ),
    _setting("archive", "close a room for writing", "ops"),
    _setting("unarchive", "open it again", "ops"),
    _setting(
        "slow-mode",
        "set how long a member waits between two messages",
        "ops 30s",
        arg("span", metavar="TIME", type=span(limits.SLOW_MODE_MAX_S, off=True), help="30s, or off"),
    ),
    _setting(
        "retention",
        "set after which time messages are deleted for good",
        "ops 30d",
        arg("span", metavar="TIME", type=span(limits.RETENTION_MAX_S, off=True), help="30d, or off"),
    ),
    _setting(
        "receipts",
        "let members see how far the others have read, or not",
        "ops on",
        arg("switch", metavar="HOW", choices=("on", "off")),
    ),
    _setting(
        "delete",
        "delete a room and everything in it, for everyone and for good",
        "ops --yes",
        arg("--yes", action="store_true", help="I mean it"),
    ),
)

PEOPLE: Final = (
    _setting("add", "add a person", "ops bob", PERSON),
    _setting("kick", "put somebody out; they may come back", "ops bob", _MEMBER),
    _setting(
        "role",
        "make somebody a moderator, or a plain member again",
        "ops bob moderator",
        _MEMBER,
        arg("role", metavar="ROLE", choices=("moderator", "member")),
    ),
    _setting(
        "transfer",
        "hand a room over to another owner",
        "ops bob --yes",
        _MEMBER,
        arg("--yes", action="store_true", help="I mean it"),
    ),
    _setting(
        "ban",
        "put somebody out and keep them out",
        "ops bob spam",
        PERSON,
        arg("reason", metavar="REASON", nargs="*"),
    ),
    _setting("unban", "let somebody in again", "ops bob", PERSON),
    _setting("bans", "list who is banned, and why", "ops"),
    Verb(
        "invite create",
        "make a link that lets people in, and print it",
        "mesh-agent invite create ops --expires 1d --uses 5",
        (
            ROOM,
            arg(
                "--expires",
                metavar="TIME",
                type=span(limits.INVITE_MAX_S),
                help="12h; by default 7d",
            ),
            arg(
                "--uses", metavar="N", type=number_from(int, 1, limits.INVITE_USES), help="how often, at most"
            ),
        ),
    ),
    Verb("invite list", "list the invites that can still be used", "mesh-agent invite list ops", (ROOM,)),
    Verb(
        "invite revoke",
        "end an invite",
        "mesh-agent invite revoke ops 01jd5f8c3pw6t0m9r2nv",
        (ROOM, arg("invite", metavar="INVITE", help="its id, as invite list prints it")),
    ),
)

MESSAGES: Final = (
    Verb(
        "say",
        "send a message, or each line of stdin as one",
        "journalctl -f | mesh-agent say logs -",
        (ROOM, _SAID, _REPLY_TO, _THREAD, TIMEOUT),
    ),
    Verb(
        "edit",
        "change what a message of mine says",
        "mesh-agent edit ops mine It was the disk.",
        (ROOM, _MESSAGE, _TEXT, TIMEOUT),
    ),
    Verb("delete", "delete a message", "mesh-agent delete ops 17", (ROOM, _MESSAGE, TIMEOUT)),
    Verb(
        "react",
        "put a reaction below a message",
        "mesh-agent react ops last 👍",
        (ROOM, _MESSAGE, arg("reaction", metavar="REACTION", help="one emoji or one word"), TIMEOUT),
    ),
    Verb(
        "unreact",
        "take a reaction of mine away",
        "mesh-agent unreact ops last 👍",
        (ROOM, _MESSAGE, arg("reaction", metavar="REACTION"), TIMEOUT),
    ),
    Verb("pin", "pin a message", "mesh-agent pin ops 17", (ROOM, _MESSAGE, TIMEOUT)),
    Verb("unpin", "take a pin off", "mesh-agent unpin ops 17", (ROOM, _MESSAGE, TIMEOUT)),
    Verb("pins", "list what is pinned, the last one first", "mesh-agent pins ops", (ROOM,)),
    Verb(
        "history",
        "print messages of a room, the oldest first",
        'mesh-agent history "Test Chat" --limit 10 --json',
        (
            ROOM,
            _LIMIT,
            arg("--before", metavar="SEQ", type=_count, help="only those before this one"),
            arg("--after", metavar="SEQ", type=number_from(int, 0, 10**15), help="only those after this one"),
            arg("--around", metavar="SEQ", type=_count, help="those next to this one"),
            TIMEOUT,
        ),
    ),
    Verb(
        "thread",
        "print a thread: the message that began it, and those in it",
        "mesh-agent thread ops 17",
        (ROOM, _MESSAGE, _LIMIT, TIMEOUT),
    ),
    Verb(
        "versions",
        "print what a message said before it was edited",
        "mesh-agent versions ops 17",
        (ROOM, _MESSAGE, TIMEOUT),
    ),
    Verb(
        "search",
        "find messages in my rooms, the newest first",
        'mesh-agent search "disk full" --from alice --after 2026-01-31',
        (
            arg(
                "words",
                metavar="WORD",
                nargs="+",
                help="all have to occur; in double quotes, together; filters such as from:alice too",
            ),
            arg("--room", metavar="ROOM", help="in this room only"),
            arg("--from", metavar="NAME", dest="author", help="by this person only"),
            arg("--before", metavar="DAY", help="a day such as 2026-01-31, or an RFC 3339 time"),
            arg("--after", metavar="DAY", help="this day or time, or later"),
            _LIMIT,
        ),
    ),
    Verb(
        "read",
        "mark a room as read, on all my devices",
        "mesh-agent read ops",
        (ROOM, arg("message", metavar="MESSAGE", nargs="?", default="last", help="up to it"), TIMEOUT),
    ),
    Verb(
        "tail",
        "print the last messages of a room and then each new one, until Ctrl+C",
        'mesh-agent tail "Test Chat" --lines 0',
        (
            ROOM,
            arg(
                "--lines",
                metavar="N",
                type=number_from(int, 0, 1_000_000),
                default=10,
                help="how many of the last (%(default)d)",
            ),
        ),
    ),
)

VERBS: Final = (
    *ACCOUNT,
    *OWN,
    *SSH_KEYS,
    *PUSHES,
    *ROOMS,
    *PEOPLE,
    *MESSAGES,
    *FILES,
    *HOST_TERMINALS,
    *GUEST_TERMINALS,
    *CALLS,
)
"""In the order of the help."""
