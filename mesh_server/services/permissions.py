"""Who may do what in a room: the one table, asked by every service.

A role may do what the roles below it may; who is no member of a room may do nothing in it. The question is
asked in the transaction of the deed (`store.base.Standing`), so that no role changes between the two.
"""

from enum import Enum, auto
from typing import Final, NamedTuple, get_args

from mesh_server.store.base import Allow, Standing
from protocol.errors import MeshError, NotAuthor, RoomArchived, RoomForbidden
from protocol.rest import Role


class Deed(Enum):
    """What can be done in a room, beyond reading it, speaking in it and leaving it."""

    EDIT_MESSAGE = auto()
    DELETE_MESSAGE = auto()
    PIN_MESSAGE = auto()
    REACT = auto()
    READ_VERSIONS = auto()
    MENTION_ROOM = auto()
    SKIP_SLOW_MODE = auto()
    SET_TOPIC = auto()
    SET_SLOW_MODE = auto()
    RENAME_ROOM = auto()
    SET_VISIBILITY = auto()
    ARCHIVE_ROOM = auto()
    SET_RETENTION = auto()
    SET_RECEIPTS = auto()
    DELETE_ROOM = auto()
    ADD_MEMBER = auto()
    SET_ROLE = auto()
    KICK = auto()
    BAN = auto()
    LIST_BANS = auto()
    LIFT_BAN = auto()
    INVITE = auto()
    OPEN_SESSION = auto()
    CALL = auto()
    READ_AUDIT = auto()


class Rule(NamedTuple):
    """Who may, and where.

    Attributes:
        least: the lowest role that may; None where no role alone is enough.
        in_public: the lowest role that may where the room is public, if that is another one.
        own: the author of the message may, whatever their role.
        outranks: only over those whose role is lower than one's own.
        writes: it changes what is in the room, or sends something from member to member, which nobody may
            where the room is archived.
    """

    least: Role | None
    in_public: Role | None = None
    own: bool = False
    outranks: bool = False
    writes: bool = False
    refusal: type[MeshError] = RoomForbidden


RULES: Final[dict[Deed, Rule]] = {
    Deed.EDIT_MESSAGE: Rule(None, own=True, writes=True, refusal=NotAuthor),
    Deed.DELETE_MESSAGE: Rule("moderator", own=True, writes=True),
    Deed.PIN_MESSAGE: Rule("moderator", writes=True),
    Deed.REACT: Rule("member", writes=True),
    Deed.READ_VERSIONS: Rule("moderator"),
    Deed.MENTION_ROOM: Rule("moderator"),
    Deed.SKIP_SLOW_MODE: Rule("moderator"),
    Deed.SET_TOPIC: Rule("moderator"),
    Deed.SET_SLOW_MODE: Rule("moderator"),
    Deed.RENAME_ROOM: Rule("owner"),
    Deed.SET_VISIBILITY: Rule("owner"),
    Deed.ARCHIVE_ROOM: Rule("owner"),
    Deed.SET_RETENTION: Rule("owner"),
    Deed.SET_RECEIPTS: Rule("owner"),
    Deed.DELETE_ROOM: Rule("owner"),
    Deed.ADD_MEMBER: Rule("moderator", in_public="member"),
    Deed.SET_ROLE: Rule("owner", outranks=True),
    Deed.KICK: Rule("moderator", outranks=True),
    Deed.BAN: Rule("moderator", outranks=True),
    Deed.LIST_BANS: Rule("moderator"),
    Deed.LIFT_BAN: Rule("moderator"),
    Deed.INVITE: Rule("moderator"),
    Deed.OPEN_SESSION: Rule("member", writes=True),
    Deed.CALL: Rule("member", writes=True),
    Deed.READ_AUDIT: Rule("moderator"),
}

_RANK: Final[dict[Role | None, int]] = {None: 0, "member": 1, "moderator": 2, "owner": 3}


def _may(rule: Rule, who: Standing) -> bool:
    least = (rule.in_public or rule.least) if who.public else rule.least
    has_role = least is not None and _RANK[who.role] >= _RANK[least]
    return (has_role or (rule.own and who.own)) and (not rule.outranks or _RANK[who.role] > _RANK[who.over])


def may(deed: Deed, who: Standing) -> bool:
    """Whether the role is enough; an archived room is another matter."""
    return _may(RULES[deed], who)


def require(deed: Deed, who: Standing) -> None:
    """Raises: the rule's refusal, or RoomArchived."""
    rule = RULES[deed]
    if not _may(rule, who):
        raise rule.refusal
    if rule.writes and who.archived:
        raise RoomArchived


def allow(*deeds: Deed) -> Allow:
    """What a store asks in its transaction, for all of these deeds."""

    def ask(who: Standing) -> None:
        for deed in deeds:
            require(deed, who)

    return ask


def roles_that_may(deed: Deed) -> frozenset[Role]:
    roles: tuple[Role, ...] = get_args(Role)
    return frozenset(role for role in roles if may(deed, Standing(role=role)))
