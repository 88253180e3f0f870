"""What the verbs for files and folders take; see `arguments`."""

from typing import Final

from mesh_agent.argument_kinds import Verb, arg, number_from, size, span
from mesh_agent.arguments_common import PERSON, ROOM, TIMEOUT
from protocol import limits

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
_CONFLICTS: Final = ("rename", "skip", "overwrite", "newer")
_CONFLICT: Final = arg(
    "--conflict",
    metavar="HOW",
    choices=_CONFLICTS,
    default="rename",
    help="what becomes of files whose names are taken: rename, skip, overwrite, newer (%(default)s)",
)
_CONFLICT_OR_ASK: Final = arg(
    "--conflict",
    metavar="HOW",
    choices=(*_CONFLICTS, "ask"),
    default="rename",
    help="what becomes of files whose names are taken: rename, skip, overwrite, newer, ask (%(default)s)",
)
_LINKS: Final = arg(
    "--links", action="store_true", help="symbolic links of folders are made, where they stay inside"
)
_OTHER: Final = arg("user", metavar="USER", help="whose; a member's name or id")

FILES: Final = (
    Verb(
        "send",
        "send files and folders straight to members of a room",
        "mesh-agent send report.pdf photos --room ops --to alice,bob",
        (
            arg(
                "paths",
                metavar="PATH",
                nargs="*",
                help="a file or folder, before the options or after them; - alone is stdin",
            ),
            arg("--room", metavar="ROOM", required=True, help="the room that you share with them"),
            arg(
                "--to",
                metavar="USER",
                nargs="+",
                action="append",
                required=True,
                help="names or ids of members, with commas or blanks between, or --to once more",
            ),
            arg("--name", metavar="NAME", default="stdin", help="what stdin is called there (%(default)s)"),
            arg("--limit", metavar="RATE", type=size(), help="bytes a second to each of them; 500k, 20M"),
            arg(
                "--follow-links",
                action="store_true",
                help="of folders, send what symbolic links lead to, not the links",
            ),
            arg(
                "--wait",
                metavar="TIME",
                type=span(30 * 86_400),
                help="how long to wait for who is away; by default until Ctrl+C",
            ),
            *_TRANSPORT,
            TIMEOUT,
        ),
        rest="paths",
    ),
    Verb(
        "receive",
        "take what is sent to me, until Ctrl+C",
        "mesh-agent receive --into ~/Downloads --from alice",
        (
            _INTO,
            arg("--yes", action="store_true", help="take everything; else each offer is asked about"),
            arg(
                "--from",
                metavar="USER",
                dest="people",
                nargs="+",
                action="extend",
                help="take what these people send; commas or blanks between, or --from once more",
            ),
            arg("--largest", metavar="SIZE", type=size(), help="nothing larger without asking; 500M, 2G"),
            arg("--once", action="store_true", help="end after the first transfer"),
            _CONFLICT_OR_ASK,
            _LINKS,
            *_TRANSPORT,
            TIMEOUT,
        ),
    ),
    Verb(
        "share",
        "let members of a room look through folders and fetch from them, until Ctrl+C",
        "mesh-agent share ops ~/public",
        (ROOM, arg("paths", metavar="DIR", nargs="+"), *_TRANSPORT, TIMEOUT),
    ),
    Verb(
        "ls",
        "list what somebody shares with a room, or a folder of it",
        "mesh-agent ls ops alice public/photos",
        (
            ROOM,
            _OTHER,
            arg("path", metavar="SHARE/PATH", nargs="?", default=""),
            *_TRANSPORT,
            arg(
                "--timeout",
                metavar="S",
                type=number_from(float, 0, 86_400),
                default=30.0,
                help="how long to wait for the server, and then for their device (%(default)g s)",
            ),
        ),
    ),
    Verb(
        "get",
        "fetch a file or folder of what somebody shares",
        "mesh-agent get ops alice public/photos --into ~/Pictures",
        (ROOM, _OTHER, arg("path", metavar="SHARE/PATH"), _INTO, _CONFLICT, _LINKS, *_TRANSPORT, TIMEOUT),
    ),
    Verb(
        "verify",
        "show the safety words with somebody's devices, and remember that they were compared",
        "mesh-agent verify bob --confirm",
        (
            PERSON,
            arg("--confirm", action="store_true", help="we have compared the words, and they are the same"),
            arg("--always", action="store_true", help="take what a compared device offers without asking"),
            arg("--ask", action="store_true", help="ask about what it offers again"),
            arg("--trust", action="store_true", help="take the new identity of a device, uncompared"),
            arg("--device", metavar="DEVICE", default="", help="its id, where there are several"),
            TIMEOUT,
        ),
    ),
)
