"""What each verb of `mesh-agent` takes: one row a verb. Nothing heavy is imported, nothing is done here.

Strategy: a row says what `argparse` is to be told, one phrase for the lists of verbs, and one whole command
as an example. What a verb does is in `verbs`, under the same name.
"""

from typing import Final

from mesh_agent.argument_kinds import Argument, Verb, arg, number_from, size, span
from mesh_agent.arguments_call import CALLS
from mesh_agent.arguments_terminal import GUEST_TERMINALS, HOST_TERMINALS
from protocol import limits

_count: Final = number_from(int, 1, 1_000_000)
_seconds: Final = number_from(float, 0, 86_400)

_ROOM: Final = arg("room", metavar="ROOM", help="its name or id")
_MESSAGE: Final = arg("message", metavar="MESSAGE", help="its number, its id, last, or mine (my last one)")
_MEMBER: Final = arg("user", metavar="NAME", help="a member's name or id")
_PERSON: Final = arg("user", metavar="NAME", help="a person's name")
_LIMIT: Final = arg("--limit", metavar="N", type=_count, default=50, help="how many at most (%(default)d)")
_PASSWORD: Final = arg(
    "--password-file",
    metavar="FILE",
    help="the file whose first line is the password; - is stdin; without it you are asked",
)
_TIMEOUT: Final = arg(
    "--timeout",
    metavar="S",
    type=_seconds,
    default=30.0,
    help="how long to wait for the server (%(default)g s)",
)
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
    return Verb(f"room {name}", summary, f"mesh-agent room {name} {example}", (_ROOM, *arguments))


GROUPS: Final = {
    "room": "make a room, change it, and say who may be in it",
    "invite": "links that let people into a room",
    "device": "end the session of one of them",
    "push": "where pushes go while I am away",
    "account": "how I am shown, and the password",
    "terminal": "share a terminal, watch one, and play a recording",
}
"""First words that have several verbs below them."""

ACCOUNT: Final = (
    Verb(
        "register",
        "make an account and sign in",
        "mesh-agent --server https://chat.example.org register alice",
        (
            arg("username", metavar="NAME"),
            _PASSWORD,
            arg(
                "--invite",
                metavar="LINK",
                default="",
                help="an invite's link, or the code in it; I am in its room then",
            ),
        ),
    ),
    Verb(
        "login",
        "sign in",
        "mesh-agent --server https://chat.example.org login alice --password-file secret.txt",
        (arg("username", metavar="NAME"), _PASSWORD),
    ),
    Verb("logout", "sign out, and forget what was cached", "mesh-agent logout"),
    Verb("devices", "list the devices on which I am signed in", "mesh-agent devices --json"),
    Verb(
        "device sign-out",
        "end the session of a device",
        "mesh-agent device sign-out 01jd5f0q1d9b3e6j0pnd",
        (arg("device", metavar="DEVICE", help="its id, or its name where no other has it"),),
    ),
    Verb(
        "presence",
        "be seen as online, away, busy or offline, until Ctrl+C",
        "mesh-agent presence away Back at two --for 1h",
        (
            arg("presence", metavar="STATE", choices=("online", "away", "busy", "offline")),
            arg("text", metavar="TEXT", nargs="*", help="a few words, which stay; '' takes them away"),
            arg("--for", metavar="TIME", dest="span", type=span(limits.INVITE_MAX_S), help="end by itself"),
            _TIMEOUT,
        ),
    ),
)

OWN: Final = (
    Verb("account show", "show me as the server knows me", "mesh-agent account show --json"),
    Verb(
        "account name",
        "be shown by another name than the one that I sign in with",
        "mesh-agent account name Alice A.",
        (arg("text", metavar="NAME", nargs="+"),),
    ),
    Verb(
        "account receipts",
        "let others see how far I have read, where a room shows that, or not",
        "mesh-agent account receipts off",
        (arg("switch", metavar="HOW", choices=("on", "off")),),
    ),
    Verb(
        "account password",
        "change the password, and sign out every other device",
        "mesh-agent account password --password-file old.txt --new-password-file new.txt",
        (
            _PASSWORD,
            arg(
                "--new-password-file",
                metavar="FILE",
                help="as --password-file, for the new one; both -: the first two lines of stdin",
            ),
        ),
    ),
)

_TARGET: Final = arg("target", metavar="ID", help="its id, as push list prints it")

PUSHES: Final = (
    Verb("push list", "list where pushes of mine go", "mesh-agent push list"),
    Verb(
        "push add",
        "have what is said while I am away pushed to a Gotify or ntfy server",
        "mesh-agent push add ntfy https://ntfy.example.org --topic mesh-alice-8f2k",
        (
            arg("kind", metavar="KIND", choices=("gotify", "ntfy"), help="gotify or ntfy"),
            arg("url", metavar="URL", help="of the push server"),
            arg("--topic", default="", help="for ntfy: one that nobody guesses"),
            arg(
                "--token-file",
                metavar="FILE",
                help="the file whose first line is the token of the application, or for access; - is stdin",
            ),
            arg("--name", default="", help="what to call it"),
            arg("--rooms", action="store_true", help="also what mentions nobody, in all my rooms"),
            arg("--no-mentions", action="store_true", help="not what mentions me"),
            arg("--no-dms", action="store_true", help="not what is said to me alone"),
            arg(
                "--with-text",
                action="store_true",
                help="with what was said, for the push server to read",
            ),
        ),
    ),
    Verb("push test", "send a push there now", "mesh-agent push test 01jd5fpush0m8s4y2c7g", (_TARGET,)),
    Verb("push remove", "no more pushes there", "mesh-agent push remove 01jd5fpush0m8s4y2c7g", (_TARGET,)),
)

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
    Verb("leave", "leave a room", 'mesh-agent leave "Test Chat"', (_ROOM,)),
    Verb("members", "list who is in a room", 'mesh-agent members "Test Chat"', (_ROOM,)),
    Verb(
        "dm",
        "open my room with one other person, and say something there",
        "mesh-agent dm bob Have you got a minute?",
        (
            _PERSON,
            arg("text", metavar="TEXT", nargs="*", help="without one the room is only shown"),
            _TIMEOUT,
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
    _setting("add", "add a person", "ops bob", _PERSON),
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
        _PERSON,
        arg("reason", metavar="REASON", nargs="*"),
    ),
    _setting("unban", "let somebody in again", "ops bob", _PERSON),
    _setting("bans", "list who is banned, and why", "ops"),
    Verb(
        "invite create",
        "make a link that lets people in, and print it",
        "mesh-agent invite create ops --expires 1d --uses 5",
        (
            _ROOM,
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
    Verb("invite list", "list the invites that can still be used", "mesh-agent invite list ops", (_ROOM,)),
    Verb(
        "invite revoke",
        "end an invite",
        "mesh-agent invite revoke ops 01jd5f8c3pw6t0m9r2nv",
        (_ROOM, arg("invite", metavar="INVITE", help="its id, as invite list prints it")),
    ),
)

MESSAGES: Final = (
    Verb(
        "say",
        "send a message, or each line of stdin as one",
        "journalctl -f | mesh-agent say logs -",
        (_ROOM, _SAID, _REPLY_TO, _THREAD, _TIMEOUT),
    ),
    Verb(
        "edit",
        "change what a message of mine says",
        "mesh-agent edit ops mine It was the disk.",
        (_ROOM, _MESSAGE, _TEXT, _TIMEOUT),
    ),
    Verb("delete", "delete a message", "mesh-agent delete ops 17", (_ROOM, _MESSAGE, _TIMEOUT)),
    Verb(
        "react",
        "put a reaction below a message",
        "mesh-agent react ops last 👍",
        (_ROOM, _MESSAGE, arg("reaction", metavar="REACTION", help="one emoji or one word"), _TIMEOUT),
    ),
    Verb(
        "unreact",
        "take a reaction of mine away",
        "mesh-agent unreact ops last 👍",
        (_ROOM, _MESSAGE, arg("reaction", metavar="REACTION"), _TIMEOUT),
    ),
    Verb("pin", "pin a message", "mesh-agent pin ops 17", (_ROOM, _MESSAGE, _TIMEOUT)),
    Verb("unpin", "take a pin off", "mesh-agent unpin ops 17", (_ROOM, _MESSAGE, _TIMEOUT)),
    Verb("pins", "list what is pinned, the last one first", "mesh-agent pins ops", (_ROOM,)),
    Verb(
        "history",
        "print messages of a room, the oldest first",
        'mesh-agent history "Test Chat" --limit 10 --json',
        (
            _ROOM,
            _LIMIT,
            arg("--before", metavar="SEQ", type=_count, help="only those before this one"),
            arg("--after", metavar="SEQ", type=number_from(int, 0, 10**15), help="only those after this one"),
            arg("--around", metavar="SEQ", type=_count, help="those next to this one"),
            _TIMEOUT,
        ),
    ),
    Verb(
        "thread",
        "print a thread: the message that began it, and those in it",
        "mesh-agent thread ops 17",
        (_ROOM, _MESSAGE, _LIMIT, _TIMEOUT),
    ),
    Verb(
        "versions",
        "print what a message said before it was edited",
        "mesh-agent versions ops 17",
        (_ROOM, _MESSAGE, _TIMEOUT),
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
        (_ROOM, arg("message", metavar="MESSAGE", nargs="?", default="last", help="up to it"), _TIMEOUT),
    ),
    Verb(
        "tail",
        "print the last messages of a room and then each new one, until Ctrl+C",
        'mesh-agent tail "Test Chat" --lines 0',
        (
            _ROOM,
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

_INTO: Final = arg(
    "--into", metavar="DIR", required=True, help="the folder for it, made where it is missing; - is stdout"
)
_LANES: Final = arg(
    "--lanes",
    metavar="N",
    type=number_from(int, 0, limits.LANES),
    default=3,
    help="connections beside the main one (%(default)d)",
)
_QUIC_ONLY: Final = arg("--quic-only", action="store_true", help="no connections of TLS over TCP")
_RELAY_ONLY: Final = arg(
    "--relay-only", action="store_true", help="through the server alone: my addresses are told to nobody"
)
_TRANSPORT: Final = (_LANES, _QUIC_ONLY, _RELAY_ONLY)
_CONFLICT: Final = arg(
    "--conflict",
    metavar="HOW",
    choices=("rename", "skip", "overwrite", "newer"),
    default="rename",
    help="what becomes of files whose names are taken: rename, skip, overwrite, newer (%(default)s)",
)
_OTHER: Final = arg("user", metavar="USER", help="whose; a member's name or id")

FILES: Final = (
    Verb(
        "send",
        "send files and folders straight to members of a room",
        "mesh-agent send report.pdf photos --room ops --to bob",
        (
            arg("paths", metavar="PATH", nargs="+", help="a file or folder; - alone is stdin"),
            arg("--room", metavar="ROOM", required=True, help="the room that you share with them"),
            arg("--to", metavar="USER", nargs="+", required=True, help="names or ids of members"),
            arg("--name", metavar="NAME", default="stdin", help="what stdin is called there (%(default)s)"),
            arg("--limit", metavar="RATE", type=size(), help="bytes a second, such as 500k or 20M"),
            arg(
                "--wait",
                metavar="TIME",
                type=span(30 * 86_400),
                help="how long to wait for who is away; by default until Ctrl+C",
            ),
            *_TRANSPORT,
            _TIMEOUT,
        ),
    ),
    Verb(
        "receive",
        "take what is sent to me, until Ctrl+C",
        "mesh-agent receive --into ~/Downloads --from alice",
        (
            _INTO,
            arg("--yes", action="store_true", help="take everything; else each offer is asked about"),
            arg("--from", metavar="USER", dest="people", nargs="+", help="take what these people send"),
            arg("--largest", metavar="SIZE", type=size(), help="nothing larger without asking; 500M, 2G"),
            arg("--once", action="store_true", help="end after the first transfer"),
            _CONFLICT,
            *_TRANSPORT,
            _TIMEOUT,
        ),
    ),
    Verb(
        "share",
        "let members of a room look through folders and fetch from them, until Ctrl+C",
        "mesh-agent share ops ~/public",
        (_ROOM, arg("paths", metavar="DIR", nargs="+"), *_TRANSPORT, _TIMEOUT),
    ),
    Verb(
        "ls",
        "list what somebody shares with a room, or a folder of it",
        "mesh-agent ls ops alice public/photos",
        (_ROOM, _OTHER, arg("path", metavar="SHARE/PATH", nargs="?", default=""), *_TRANSPORT, _TIMEOUT),
    ),
    Verb(
        "get",
        "fetch a file or folder of what somebody shares",
        "mesh-agent get ops alice public/photos --into ~/Pictures",
        (_ROOM, _OTHER, arg("path", metavar="SHARE/PATH"), _INTO, _CONFLICT, *_TRANSPORT, _TIMEOUT),
    ),
    Verb(
        "verify",
        "show the safety words with somebody's devices, and remember that they were compared",
        "mesh-agent verify bob --confirm",
        (
            _PERSON,
            arg("--confirm", action="store_true", help="we have compared the words, and they are the same"),
            arg("--always", action="store_true", help="take what a compared device offers without asking"),
            arg("--ask", action="store_true", help="ask about what it offers again"),
            arg("--trust", action="store_true", help="take the new identity of a device, uncompared"),
            arg("--device", metavar="DEVICE", default="", help="its id, where there are several"),
            _TIMEOUT,
        ),
    ),
)

VERBS: Final = (
    *ACCOUNT,
    *OWN,
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
