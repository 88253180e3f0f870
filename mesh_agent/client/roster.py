"""Who is in a room: one list of members, and what events make of it.

Strategy: no IO. A list that comes by REST may be older than events that arrived while it was asked for,
and says no `rev`; so those events are noted meanwhile and applied again on top. Applying one twice does
no harm. Only rooms that somebody looks at are kept, the last ones looked at.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from protocol.events import MemberChanged, MemberJoined, MemberLeft, PresenceChanged, ReadMarked
from protocol.rest import Member, Role

WATCHED_ROOMS: Final = 32
NOTED_EVENTS: Final = 1_000
"""Events noted while a list is asked for; past it the oldest are forgotten."""

Members = dict[str, Member]
"""By user id."""

MemberEvent = MemberJoined | MemberLeft | MemberChanged | PresenceChanged | ReadMarked


def member_of(event: MemberJoined) -> Member:
    return Member(
        user_id=event.user_id,
        username=event.username,
        display_name=event.display_name,
        role=event.role,
        presence=event.presence,
        joined_at=event.joined_at,
        status_text=event.status_text,
    )


def put(members: Members, member: Member) -> None:
    members[member.user_id] = member


def remove(members: Members, user_id: str, new_owner: str | None) -> None:
    members.pop(user_id, None)
    heir = members.get(new_owner) if new_owner is not None else None
    if heir is not None:
        members[heir.user_id] = replace(heir, role="owner")


def set_role(members: Members, user_id: str, role: Role) -> None:
    known = members.get(user_id)
    if known is not None:
        members[user_id] = replace(known, role=role)


def apply(members: Members, event: MemberEvent) -> bool:
    """Whether `event` concerned one of `members`, or added one."""
    if isinstance(event, MemberJoined):
        put(members, member_of(event))
        return True
    known = members.get(event.user_id)
    if known is None:
        return False
    if isinstance(event, MemberLeft):
        remove(members, event.user_id, event.new_owner)
    elif isinstance(event, MemberChanged):
        set_role(members, event.user_id, event.role)
    elif isinstance(event, ReadMarked):
        if event.seq <= (known.read_seq or 0):
            return False
        members[event.user_id] = replace(known, read_seq=event.seq)
    elif (known.presence, known.status_text) == (event.presence, event.status_text):
        return False
    else:
        members[event.user_id] = replace(known, presence=event.presence, status_text=event.status_text)
    return True


class Roster:
    """The members of the rooms that somebody looks at."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[str, Members] = OrderedDict()
        self._noted: dict[str, list[MemberEvent]] = {}

    def members(self, room_id: str) -> list[Member] | None:
        """The members by name; None for a room that is not watched."""
        members = self._rooms.get(room_id)
        if members is None:
            return None
        self._rooms.move_to_end(room_id)
        return by_name(members.values())

    def watched(self) -> list[str]:
        return list(self._rooms)

    def asked(self, room_id: str) -> None:
        """A list was asked for: from now on events are noted."""
        self._noted.setdefault(room_id, [])

    def unanswered(self, room_id: str) -> None:
        self._noted.pop(room_id, None)

    def answered(self, room_id: str, members: list[Member]) -> list[Member]:
        """The list that was asked for has come; returns it brought up to date."""
        self.show(room_id, members)
        for event in self._noted.pop(room_id, ()):
            apply(self._rooms[room_id], event)
        return by_name(self._rooms[room_id].values())

    def show(self, room_id: str, members: Iterable[Member]) -> None:
        """From now on `room_id` is watched, and these are its members."""
        self._rooms[room_id] = {member.user_id: member for member in members}
        self._rooms.move_to_end(room_id)
        while len(self._rooms) > WATCHED_ROOMS:
            self._rooms.popitem(last=False)

    def renew(self, room_id: str, members: Iterable[Member]) -> bool:
        """The present members; returns whether the room is watched."""
        watched = room_id in self._rooms
        if watched:
            self._rooms[room_id] = {member.user_id: member for member in members}
        return watched

    def forget(self, room_id: str) -> None:
        self._rooms.pop(room_id, None)

    def changed(self, room_id: str, event: MemberJoined | MemberLeft | MemberChanged | ReadMarked) -> bool:
        """Whether what a watcher of `room_id` sees has changed."""
        self._note([room_id], event)
        members = self._rooms.get(room_id)
        return members is not None and apply(members, event)

    def presence(self, event: PresenceChanged) -> list[str]:
        """The watched rooms in which this is to be seen."""
        self._note(self._noted, event)
        return [room_id for room_id, members in self._rooms.items() if apply(members, event)]

    def _note(self, room_ids: Iterable[str], event: MemberEvent) -> None:
        for room_id in room_ids:
            noted = self._noted.get(room_id)
            if noted is not None:
                noted.append(event)
                del noted[:-NOTED_EVENTS]


def by_name(members: Iterable[Member]) -> list[Member]:
    return sorted(members, key=lambda member: (member.username.casefold(), member.user_id))
