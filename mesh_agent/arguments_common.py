"""Arguments that verbs of several kinds take; see `arguments`."""

from typing import Final

from mesh_agent.argument_kinds import arg, number_from

ROOM: Final = arg("room", metavar="ROOM", help="its name or id")
PERSON: Final = arg("user", metavar="NAME", help="a person's name")
TIMEOUT: Final = arg(
    "--timeout",
    metavar="S",
    type=number_from(float, 0, 86_400),
    default=30.0,
    help="how long to wait for the server (%(default)g s)",
)
