"""Rooms: making them, finding them, coming in and going out.

What a change made known to others is published as the commit returns, in the order of the commits
(`then` of the store), so no listener ever sees a room's `rev` run backwards.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from mesh_server.bus.base import Bus, CameIn, ToRooms, ToUser, WentOut
from mesh_server.ids import Clock, NewId
from mesh_server.services.names import login_key, name_key, room_name, room_topic
from mesh_server.services.presence import PresenceService
from mesh_server.services.principal import Principal
from mesh_server.services.views import member_view, room_view
from mesh_server.store.base import Joined, Left, MyRoom, RoomRecord, RoomStore, UserRecord
from protocol.errors import NotMember, QueryInvalid, RoomNotFound, UserNotFound
from protocol.events import MemberJoined, MemberLeft, ReadMarked, RoomJoined, RoomLeft
from protocol.queries import MembersQuery, RoomsQuery
from protocol.rest import CreateRoomRequest, DmRequest, MemberList, Removal, Room, RoomList
from protocol.times import format_time

Answer = Callable[[RoomJoined], None]

FindUser = Callable[[str], Awaitable[UserRecord | None]]
"""A user by the key of their name."""


_TIME_DIGITS: Final = 15


def _dm_key(*user_ids: str) -> str:
    """No name has this key, because no name has a control character."""
    return "\x01dm:" + ":".join(sorted(user_ids))


def _read_cursor(cursor: str) -> tuple[int, str]:
    """When someone joined, and their id. Raises: QueryInvalid."""
    joined_at, _, user_id = cursor.partition("-")
    if not (joined_at.isascii() and joined_at.isdecimal() and len(joined_at) <= _TIME_DIGITS and user_id):
        raise QueryInvalid("cursor is what the page before this one says as its next.")
    return int(joined_at), user_id


class RoomService:
    def __init__(
        self,
        rooms: RoomStore,
        bus: Bus,
        presence: PresenceService,
        *,
        find_user: FindUser,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._find_user = find_user
        self._rooms, self._bus, self._presence = rooms, bus, presence
        self._clock, self._new_id = clock, new_id

    async def create(self, who: Principal, body: CreateRoomRequest) -> Room:
        """Raises: RoomNameInvalid, TopicInvalid, RoomNameTaken."""
        name = room_name(body.name)
        record = RoomRecord(
            id=self._new_id(),
            name=name,
            name_key=name_key(name),
            topic=room_topic(body.topic),
            visibility=body.visibility,
            kind="room",
            created_by=who.user_id,
            created_at=self._clock(),
            last_seq=0,
            rev=0,
        )

        def then(joined: Joined) -> None:
            self.came_in(joined, first=True)

        joined = await self._rooms.create_room(record, then)
        return room_view(joined.my_room)

    async def dm(self, who: Principal, body: DmRequest) -> Room:
        """The one room of me and someone else, made where there is none.

        Raises: UserNotFound, and UserSuspended where there is none.
        """
        other = await self._find_user(login_key(body.username))
        if other is None or other.id == who.user_id:
            raise UserNotFound
        record = RoomRecord(
            id=self._new_id(),
            name="",
            name_key=_dm_key(who.user_id, other.id),
            topic="",
            visibility="private",
            kind="dm",
            created_by=who.user_id,
            created_at=self._clock(),
            last_seq=0,
            rev=0,
            receipts=True,
        )

        def then(both: tuple[Joined, Joined]) -> None:
            for joined in both:
                self.came_in(joined, first=True)

        mine, _ = await self._rooms.get_or_create_dm(record, other.id, then)
        return room_view(mine.my_room)

    async def list_mine(self, who: Principal) -> list[Room]:
        return [room_view(mine) for mine in await self._rooms.list_rooms(who.user_id)]

    async def directory(self, who: Principal, query: RoomsQuery) -> RoomList:
        """A page of the public rooms, by name."""
        found = await self._rooms.list_public_rooms(
            who.user_id, after=query.cursor or "", limit=query.limit + 1
        )
        page = found[: query.limit]
        following = page[-1].room.name_key if len(found) > query.limit else None
        return RoomList(rooms=[room_view(mine) for mine in page], next=following)

    async def get(self, who: Principal, room_id: str) -> Room:
        """A room of mine, or a public one. Raises: RoomNotFound."""
        return room_view(await self._visible(who, room_id))

    async def members(self, who: Principal, room_id: str, query: MembersQuery) -> MemberList:
        """A page of them, or all, in the order of joining. Raises: RoomNotFound, NotMember, QueryInvalid."""
        await self.require_member(who, room_id)
        after = None if query.cursor is None else _read_cursor(query.cursor)
        most = None if query.limit is None else query.limit + 1
        found = await self._rooms.list_members(room_id, after=after, limit=most)
        page = found[: query.limit]
        last = page[-1] if len(page) < len(found) else None
        return MemberList(
            members=[member_view(member, self._presence.of(member.user_id)) for member in page],
            next=None if last is None else f"{last.joined_at}-{last.user_id}",
        )

    async def require_member(self, who: Principal, room_id: str) -> MyRoom:
        """Raises: RoomNotFound where the room may not even be known, else NotMember."""
        mine = await self._visible(who, room_id)
        if mine.role is None:
            raise NotMember
        return mine

    async def _visible(self, who: Principal, room_id: str) -> MyRoom:
        mine = await self._rooms.get_room(room_id, who.user_id)
        if mine is None or (mine.role is None and mine.room.visibility != "public"):
            raise RoomNotFound
        return mine

    async def join(
        self, who: Principal, room_id: str, *, asked_by: str = "", answer: Answer | None = None
    ) -> Room:
        """Comes in, or is in already. Raises: RoomNotFound, Banned, RoomFull.

        `answer` gets the room as it was at that moment, before any later event of it is delivered.
        """

        def then(joined: Joined) -> None:
            view = self.came_in(joined, asked_by=asked_by)
            if answer is not None:
                answer(view)

        joined = await self._rooms.add_member(room_id, who.user_id, self._clock(), then)
        return room_view(joined.my_room)

    def came_in(self, joined: Joined, *, asked_by: str = "", first: bool = False) -> RoomJoined:
        """Tells whom it concerns; to be called as the commit returns. `first`: there is nobody else."""
        room, member = room_view(joined.my_room), joined.member
        view = RoomJoined(
            room_id=room.id,
            room=room,
            members=[member_view(other, self._presence.of(other.user_id)) for other in joined.members],
            last_seq=room.last_seq,
            rev=room.rev,
        )
        if joined.new:
            self._presence.entered(member.user_id, room.id)
            event = MemberJoined(
                room_id=room.id,
                rev=room.rev,
                user_id=member.user_id,
                username=member.username,
                display_name=member.display_name,
                role=member.role,
                presence=self._presence.of(member.user_id),
                joined_at=format_time(member.joined_at),
                status_text=member.status_text,
            )
            told = None if first else event
            self._bus.publish(CameIn(event=told, joined=view, user_id=member.user_id, asked_by=asked_by))
        return view

    async def leave(self, who: Principal, room_id: str, *, asked_by: str = "") -> None:
        """Raises: RoomNotFound, NotMember."""

        def then(left: Left) -> None:
            self.went_out(left, asked_by=asked_by)

        await self._rooms.remove_member(room_id, who.user_id, then)

    def went_out(self, left: Left, *, asked_by: str = "", reason: Removal | None = None) -> None:
        """Tells whom it concerns; to be called as the commit returns."""
        member = left.member
        self._presence.left(member.user_id, member.room_id)
        event = MemberLeft(
            room_id=member.room_id,
            rev=left.rev,
            user_id=member.user_id,
            username=member.username,
            new_owner=left.heir,
            reason=reason,
        )
        gone = RoomLeft(room_id=member.room_id, reason=reason)
        self._bus.publish(WentOut(event=event, left=gone, user_id=member.user_id, asked_by=asked_by))

    async def mark_read(self, who: Principal, room_id: str, seq: int, *, asked_by: str = "") -> ReadMarked:
        """Moves my read marker forward; tells my other connections, and the room where it shows receipts.

        Raises: NotMember.
        """
        mark = await self._rooms.set_read(room_id, who.user_id, seq)
        marked = ReadMarked(room_id=room_id, user_id=who.user_id, seq=mark.seq)
        self._bus.publish(ToUser(user_id=who.user_id, event=marked, asked_by=asked_by))
        if mark.moved and mark.shown:
            self._bus.publish(ToRooms(room_ids=[room_id], event=marked, except_user=who.user_id))
        return marked
