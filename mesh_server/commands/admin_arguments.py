"""The arguments of `mesh-server admin`: what there is, what can be done with it, and what that takes.

One table, from which the parser, its help and the questions asked before something is lost are made.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from protocol.rest import AuditAction

Add = Callable[[argparse.ArgumentParser], object]

_SPANS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Verb:
    """`loses`: what is asked before it is done, where it cannot be undone."""

    summary: str
    arguments: tuple[Add, ...] = ()
    loses: str = ""


@dataclass(frozen=True, slots=True)
class Noun:
    summary: str
    verbs: dict[str, Verb] = field(default_factory=dict)
    arguments: tuple[Add, ...] = ()


def _argument(*names: str, **how: Any) -> Add:
    return lambda parser: parser.add_argument(*names, **how)


def span(text: str) -> int:
    """`30d` in seconds. Raises: argparse.ArgumentTypeError."""
    number, unit = text[:-1], text[-1:]
    if (
        unit not in _SPANS
        or not (number.isascii() and number.isdecimal())
        or len(number) > 9
        or not int(number)
    ):
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 90s, 15m, 12h, 30d or 2w")
    return int(number) * _SPANS[unit]


def _count(most: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:10]) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {most:,}")
        return int(text)

    return count


_USER: Final = _argument("user", metavar="USER", help="a name or an id")
_ROOM: Final = _argument("room", metavar="ROOM", help="a name or an id")
_PAGE: Final = (
    _argument("--limit", type=_count(200), metavar="N", help="how many, at most 200 (50 where it is absent)"),
    _argument("--cursor", metavar="CURSOR", help="go on after the page before, which told this"),
)
_NUMBERED_PAGE: Final = (
    _PAGE[0],
    _argument("--cursor", type=_count(2**53 - 1), metavar="ID", help="only entries before this one"),
)

NOUNS: Final[dict[str, Noun]] = {
    "users": Noun(
        "accounts",
        {
            "list": Verb(
                "all accounts, the oldest first",
                (
                    _argument("q", nargs="?", metavar="WORDS", help="part of a name"),
                    _argument("--state", choices=["active", "suspended", "deleted"]),
                    _argument("--role", choices=["admin", "user"]),
                    *_PAGE,
                ),
            ),
            "show": Verb("one account", (_USER,)),
            "suspend": Verb(
                "keep someone out, at once, until they are restored",
                (_USER, _argument("--reason", metavar="TEXT", help="for the audit log")),
            ),
            "restore": Verb("lift a suspension", (_USER,)),
            "delete": Verb(
                "delete an account: what it said stays, without its name",
                (_USER,),
                loses="Delete the account of {user} for good?",
            ),
            "role": Verb(
                "make someone an administrator, or no longer one",
                (_USER, _argument("role", choices=["admin", "user"])),
            ),
            "password": Verb("a password for signing in once, instead of a forgotten one", (_USER,)),
            "logout": Verb("sign someone out everywhere, and revoke their tokens", (_USER,)),
        },
    ),
    "rooms": Noun(
        "rooms; DMs are nobody else's",
        {
            "list": Verb(
                "all rooms, the oldest first",
                (_argument("q", nargs="?", metavar="WORDS", help="part of a name"), *_PAGE),
            ),
            "show": Verb("one room", (_ROOM,)),
            "archive": Verb("keep a room as it is, to be read", (_ROOM,)),
            "reopen": Verb("open an archived room again", (_ROOM,)),
            "delete": Verb(
                "delete a room and everything in it",
                (_ROOM,),
                loses="Delete the room {room} and everything in it?",
            ),
            "owner": Verb("make someone the owner, a member or not", (_ROOM, _USER)),
        },
    ),
    "invites": Noun(
        "invites onto the server, and into no room",
        {
            "list": Verb("those that can still be used, the last one first"),
            "create": Verb(
                "make one, and print its link, which is told this once",
                (
                    _argument(
                        "--expires",
                        type=span,
                        dest="expires_in_s",
                        metavar="TIME",
                        help="after 90s, 15m, 12h, 30d, 2w (7d where it is absent)",
                    ),
                    _argument(
                        "--uses",
                        type=_count(10_000),
                        dest="max_uses",
                        metavar="N",
                        help="how many may come by it (as many as like where it is absent)",
                    ),
                ),
            ),
            "revoke": Verb("revoke one", (_argument("invite", metavar="ID"),)),
        },
    ),
    "tokens": Noun(
        "personal tokens, by which programs come in",
        {
            "list": Verb("someone's, the last made first", (_USER,)),
            "create": Verb(
                "make one that acts as USER, and print it, which is told this once",
                (
                    _USER,
                    _argument("name", metavar="NAME", help="what it is for"),
                    _argument(
                        "--expires",
                        type=span,
                        dest="expires_in_s",
                        metavar="TIME",
                        help="after 12h, 30d, 2w (never where it is absent)",
                    ),
                ),
            ),
            "revoke": Verb("revoke one, at once", (_USER, _argument("token", metavar="ID"))),
        },
    ),
    "audit": Noun(
        "what administrators and moderators did, the last first",
        arguments=(
            _argument("--by", metavar="USER", help="who did it: a name or an id"),
            _argument("--to", metavar="USER", help="to whom: a name or an id"),
            _argument("--room", metavar="ROOM", help="in which room: a name or an id"),
            _argument(
                "--action",
                choices=get_args(AuditAction),
                metavar="ACTION",
                help=f"one of {', '.join(get_args(AuditAction))}",
            ),
            _argument("--before", metavar="TIME", help="a day such as 2026-01-31, or a time of RFC 3339"),
            _argument("--after", metavar="TIME"),
            *_NUMBERED_PAGE,
        ),
    ),
    "stats": Noun("how much there is of everything"),
}

_EPILOG: Final = """\
It speaks to the server that runs on the data folder, where one does, so that what is done acts at once;
else it opens the folder itself. It is for the owner of the folder.

examples:
  mesh-server admin invites create --uses 5       a link for the first people
  mesh-server admin users suspend bob
  mesh-server admin audit --after 2026-01-31 --json

exit codes: 0 done, 1 refused or not to be reached, 2 told something impossible
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    nouns = parser.add_subparsers(dest="noun", metavar="WHAT", required=True)
    for name, noun in NOUNS.items():
        described = nouns.add_parser(name, help=noun.summary, description=_sentence(noun.summary))
        if not noun.verbs:
            _finish(described, noun.arguments, asks=False)
        else:
            verbs = described.add_subparsers(dest="verb", metavar="DO", required=True)
            for each, verb in noun.verbs.items():
                leaf = verbs.add_parser(each, help=verb.summary, description=_sentence(verb.summary))
                _finish(leaf, verb.arguments, asks=bool(verb.loses))


def _sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def _finish(parser: argparse.ArgumentParser, arguments: tuple[Add, ...], *, asks: bool) -> None:
    """The leaf of a command: what it takes, and what all of them take, in whichever place it is typed."""
    for add_argument in arguments:
        add_argument(parser)
    if asks:
        parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="the answer as JSON, for a program")
    parser.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS, help="the server's data folder")
    parser.add_argument(
        "--config", metavar="FILE", type=Path, default=argparse.SUPPRESS, help="the server's settings"
    )
