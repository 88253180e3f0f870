"""What the verbs for shared terminals take; see `arguments`."""

import argparse
from typing import Final

from mesh_agent.argument_kinds import Verb, arg, number_from

_ROOM: Final = arg("--room", metavar="ROOM", required=True, help="the room, by its name or id")
_TERMINAL: Final = arg("--terminal", metavar="ID", default="", help="its id, as terminal list prints it")
_TIMEOUT: Final = arg(
    "--timeout",
    metavar="S",
    type=number_from(float, 0, 86_400),
    default=30.0,
    help="how long to wait for the server, and with --once for the screen (%(default)g s)",
)

HOST_TERMINALS: Final = (
    Verb(
        "terminal share",
        "share a shell, or one program, on this terminal",
        "mesh-agent terminal share --room ops -- htop",
        (
            _ROOM,
            arg(
                "--let-in",
                metavar="WHOM",
                choices=("ask", "members", "compared"),
                default="ask",
                help="who may watch without a question: nobody, members, or compared devices (%(default)s)",
            ),
            arg("--record", metavar="FILE", help="record it into this file, which is not there yet"),
            arg(
                "command",
                metavar="COMMAND",
                nargs=argparse.REMAINDER,
                help="after --, what to run; by default the shell",
            ),
            _TIMEOUT,
        ),
    ),
)

GUEST_TERMINALS: Final = (
    Verb(
        "terminal watch",
        "watch a terminal that somebody shares, and type into it where that is granted",
        "mesh-agent terminal watch @alice --room ops",
        (
            arg(
                "user",
                metavar="USER",
                nargs="?",
                default="",
                help="whose; may be left out where one person shares",
            ),
            _ROOM,
            _TERMINAL,
            arg("--read-only", action="store_true", help="never type into it, whatever is granted"),
            arg("--once", action="store_true", help="print the screen as text, and end"),
            _TIMEOUT,
        ),
    ),
    Verb(
        "terminal list",
        "list the terminals that are shared in a room",
        "mesh-agent terminal list --room ops",
        (_ROOM, arg("--all", action="store_true", help="also those that are over"), _TIMEOUT),
    ),
    Verb(
        "terminal play",
        "play a recording of a terminal",
        "mesh-agent terminal play shell.cast --speed 2",
        (
            arg("file", metavar="FILE", help="an asciicast, version 2 or 3"),
            arg(
                "--speed",
                metavar="N",
                type=number_from(float, 0.05, 100),
                default=1.0,
                help="how fast (%(default)g)",
            ),
            arg(
                "--idle",
                metavar="S",
                type=number_from(float, 0, 86_400),
                help="cut pauses that are longer than so many seconds",
            ),
        ),
    ),
)
