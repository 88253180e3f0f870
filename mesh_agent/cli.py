"""`mesh-agent`: arguments to a verb, and a verb to an exit code. Nothing heavy is imported first.

Strategy: the verbs are a table of their arguments; what they do is in `verbs`, which is imported only when
one is to run. The common options are known to the program and to each verb, so they may stand before or
after it.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol.version import __version__

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2

_EPILOG: Final = """\
A room is named by its name or by its id. A password comes from --password-file or from a prompt, never
from the command line, where everybody on this machine could read it.

exit codes:
  0         done
  1         refused or failed; the reason is on stderr
  2         told something impossible
  130, 143  interrupted by SIGINT, SIGTERM

examples:
  mesh-agent --server http://127.0.0.1:8000 --profile alice register alice
  mesh-agent --profile alice room create "Test Chat"
  mesh-agent --profile alice say "Test Chat" Hello, everyone
  make 2>&1 | mesh-agent --profile bot say builds -
  mesh-agent --profile alice tail "Test Chat" --json | jq -r .content
"""


@dataclass(frozen=True, slots=True)
class _Argument:
    """What `add_argument` is told."""

    names: tuple[str, ...]
    options: dict[str, Any]


def _arg(*names: str, **options: Any) -> _Argument:
    return _Argument(names, options)


def _number(kind: Callable[[str], float], least: int, most: int) -> Callable[[str], float]:
    """A type for `add_argument`: a number from `least` to `most`."""

    def parse(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least} to {most}")
        return number

    return parse


_count: Final = _number(int, 1, 1_000_000)
_seconds: Final = _number(float, 0, 86_400)

_ROOM: Final = _arg("room", metavar="ROOM", help="its name or id")
_PASSWORD: Final = _arg(
    "--password-file",
    metavar="FILE",
    help="the file whose first line is the password; - is stdin; without it you are asked",
)
_TIMEOUT: Final = _arg(
    "--timeout",
    metavar="S",
    type=_seconds,
    default=30.0,
    help="how long to wait for the server (%(default)g s)",
)


@dataclass(frozen=True, slots=True)
class _Verb:
    """`name` may be two words. `summary` is one phrase, `example` a whole command."""

    name: str
    summary: str
    example: str
    arguments: tuple[_Argument, ...] = ()


_VERBS: Final = (
    _Verb(
        "register",
        "make an account and sign in",
        "mesh-agent --server https://chat.example.org register alice",
        (
            _arg("username", metavar="NAME"),
            _PASSWORD,
            _arg("--invite", metavar="CODE", default="", help="where the server asks for one"),
        ),
    ),
    _Verb(
        "login",
        "sign in",
        "mesh-agent --server https://chat.example.org login alice --password-file secret.txt",
        (_arg("username", metavar="NAME"), _PASSWORD),
    ),
    _Verb("logout", "sign out, and forget what was cached", "mesh-agent logout"),
    _Verb(
        "rooms",
        "list my rooms",
        "mesh-agent rooms --public",
        (_arg("--public", action="store_true", help="list the rooms that anyone may join instead"),),
    ),
    _Verb(
        "room create",
        "create a room",
        'mesh-agent room create "Test Chat" --topic "Anything goes"',
        (
            _arg("name", metavar="NAME"),
            _arg("--topic", default="", help="one line about what it is for"),
            _arg("--private", action="store_true", help="keep it out of the list of public rooms"),
        ),
    ),
    _Verb("join", "join a public room", 'mesh-agent join "Test Chat"', (_ROOM,)),
    _Verb("leave", "leave a room", 'mesh-agent leave "Test Chat"', (_ROOM,)),
    _Verb("members", "list who is in a room", 'mesh-agent members "Test Chat"', (_ROOM,)),
    _Verb(
        "say",
        "send a message, or each line of stdin as one",
        "journalctl -f | mesh-agent say logs -",
        (
            _ROOM,
            _arg(
                "text",
                metavar="TEXT",
                nargs="+",
                help="the message; - alone reads lines from stdin; after -- it may begin with a dash",
            ),
            _TIMEOUT,
        ),
    ),
    _Verb(
        "history",
        "print messages of a room, the oldest first",
        'mesh-agent history "Test Chat" --limit 10 --json',
        (
            _ROOM,
            _arg("--limit", metavar="N", type=_count, default=50, help="how many at most (%(default)d)"),
            _arg("--before", metavar="SEQ", type=_count, help="only those before this one"),
            _TIMEOUT,
        ),
    ),
    _Verb(
        "tail",
        "print the last messages of a room and then each new one, until Ctrl+C",
        'mesh-agent tail "Test Chat" --lines 0',
        (
            _ROOM,
            _arg(
                "--lines",
                metavar="N",
                type=_number(int, 0, 1_000_000),
                default=10,
                help="how many of the last (%(default)d)",
            ),
        ),
    ),
)


def _common() -> argparse.ArgumentParser:
    # Absent means absent: else a verb's default would undo what stood before the verb.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    group = common.add_argument_group("for every verb")
    group.add_argument("--server", metavar="URL", help="the server; by default the profile's last one")
    group.add_argument("--profile", metavar="NAME", help='whose session and files to use ("default")')
    group.add_argument("--json", action="store_true", help="print one JSON object a line")
    group.add_argument("--debug", action="store_true", help="tell on stderr what happens")
    return common


def _parser() -> argparse.ArgumentParser:
    common = _common()
    parser = argparse.ArgumentParser(
        prog="mesh-agent",
        description="Mesh without a screen: what a person does, for scripts.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
    )
    parser.add_argument("--version", action="version", version=f"mesh-agent {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    groups = {"": verbs}
    for verb in _VERBS:
        group, _, name = verb.name.rpartition(" ")
        if group not in groups:
            words = verbs.add_parser(group, help=verb.summary, parents=[common])
            groups[group] = words.add_subparsers(metavar="VERB", required=True)
        _add_verb(groups[group], name, verb, common)
    return parser


def _add_verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    verb: _Verb,
    common: argparse.ArgumentParser,
) -> None:
    parser = verbs.add_parser(
        name,
        help=verb.summary,
        description=f"{verb.summary[0].upper()}{verb.summary[1:]}.",
        epilog=f"example:\n  {verb.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
    )
    for argument in verb.arguments:
        parser.add_argument(*argument.names, **argument.options)
    parser.set_defaults(verb=verb.name)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    arguments = _parser().parse_args(argv)
    common = {"server": None, "profile": "default", "json": False, "debug": False}
    options = argparse.Namespace(**(common | vars(arguments)))
    try:
        from mesh_agent.verbs import run

        code = run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has enough. What Python would still flush at exit goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return 130
    return code
