"""`mesh-agent`: arguments to a verb, and a verb to an exit code. Nothing heavy is imported first.

Strategy: the verbs are a table (`arguments`); what they do is in `verbs`, which is imported only when one is
to run. The common options are known to the program and to each verb, so they may stand before or
after it.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from mesh_agent.argument_kinds import Verb
from mesh_agent.arguments import GROUPS, VERBS
from protocol.version import __version__

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2

_EPILOG: Final = """\
A room is named by its name or by its id; a message by its number, its id, "last" or "mine". A password
comes from --password-file or from a prompt, never from the command line, where everybody on this machine
could read it.

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
    for verb in VERBS:
        group, _, name = verb.name.rpartition(" ")
        if group not in groups:
            above, _, word = group.rpartition(" ")
            words = groups[above].add_parser(word, help=GROUPS[group], parents=[common])
            groups[group] = words.add_subparsers(metavar="VERB", required=True)
        _add_verb(groups[group], name, verb, common)
    return parser


def _add_verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    verb: Verb,
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


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """As `parse_args`; words that stand behind options are left over by it, and some verbs take them."""
    parser = _parser()
    arguments, left = parser.parse_known_args(argv)
    taking = next((verb.rest for verb in VERBS if verb.name == arguments.verb), "")
    end = left.index("--") if "--" in left else len(left)
    if left and (not taking or any(word.startswith("-") and word != "-" for word in left[:end])):
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    if taking:
        getattr(arguments, taking).extend([*left[:end], *left[end + 1 :]])
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    arguments = _parsed(argv)
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
