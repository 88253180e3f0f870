"""How it is told whether somebody is there: by a word and a shape as well as by colour."""

from typing import Final, NamedTuple

from protocol.rest import Presence


class Look(NamedTuple):
    order: int
    heading: str
    sign: str
    role: str


LOOKS: Final[dict[Presence, Look]] = {
    "online": Look(0, "online", "●", "state-up"),
    "away": Look(1, "away", "◐", "state-trying"),
    "busy": Look(2, "busy", "◼", "state-down"),
    "offline": Look(3, "offline", "○", "muted"),
}
