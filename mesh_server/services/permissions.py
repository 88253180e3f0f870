"""Who may do what in a room: the one table, asked by every service.

A role may do what the roles below it may. `own` is what the author of a message may do with it, whatever
their role; who is no member of a room may do nothing in it.
"""

from enum import Enum, auto
from typing import Final, NamedTuple

from protocol.errors import MeshError, NotAuthor, RoomForbidden
from protocol.rest import Role


class Deed(Enum):
    """What can be done in a room, beyond reading it."""

    EDIT_MESSAGE = auto()
    DELETE_MESSAGE = auto()
    PIN_MESSAGE = auto()
    REACT = auto()
    READ_VERSIONS = auto()
    MENTION_ROOM = auto()


class Rule(NamedTuple):
    """`least`: the lowest role that may; None where no role alone is enough. `own`: the author may."""

    least: Role | None
    own: bool = False
    refusal: type[MeshError] = RoomForbidden


RULES: Final[dict[Deed, Rule]] = {
    Deed.EDIT_MESSAGE: Rule(None, own=True, refusal=NotAuthor),
    Deed.DELETE_MESSAGE: Rule("moderator", own=True),
    Deed.PIN_MESSAGE: Rule("moderator"),
    Deed.REACT: Rule("member"),
    Deed.READ_VERSIONS: Rule("moderator"),
    Deed.MENTION_ROOM: Rule("moderator"),
}

_RANK: Final[dict[Role, int]] = {"member": 0, "moderator": 1, "owner": 2}


def may(deed: Deed, role: Role, *, own: bool = False) -> bool:
    rule = RULES[deed]
    return (own and rule.own) or (rule.least is not None and _RANK[role] >= _RANK[rule.least])


def require(deed: Deed, role: Role, *, own: bool = False) -> None:
    """Raises: the rule's refusal."""
    if not may(deed, role, own=own):
        raise RULES[deed].refusal
