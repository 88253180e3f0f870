"""Order in rooms: what they are called and how they are set, who is what in them, and who is kept out.

Who may do each of these stands in `services.permissions`; a store asks it in the transaction of the deed.
"""

from typing import Final

from msgspec import structs

from mesh_server.bus.base import Bus, RoomChanged, RoomGone
from mesh_server.ids import Clock
from mesh_server.services.names import ban_reason, login_key, name_key, room_name, room_topic
from mesh_server.services.permissions import Deed, allow
from mesh_server.services.presence import PresenceService
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import FindUser, RoomService
from mesh_server.services.views import ban_view, member_view, room_view, shared_room_view
from mesh_server.store.base import Joined, Left, MyRoom, OrderStore, Promoted, Settings, UserRecord
from protocol.errors import UserNotFound
from protocol.events import MemberChanged, RoomDeleted, RoomUpdated
from protocol.rest import AddMemberRequest, Ban, BanRequest, Member, RoleRequest, Room, UpdateRoomRequest

SETTING: Final[dict[str, Deed]] = {
    "name": Deed.RENAME_ROOM,
    "topic": Deed.SET_TOPIC,
    "visibility": Deed.SET_VISIBILITY,
    "archived": Deed.ARCHIVE_ROOM,
    "slow_mode_s": Deed.SET_SLOW_MODE,
    "retention_s": Deed.SET_RETENTION,
    "receipts": Deed.SET_RECEIPTS,
}
"""What it takes to change each field of a room."""


class OrderService:
    """Every call raises RoomNotFound, NotMember or RoomForbidden, and what is named with it."""

    def __init__(
        self,
        order: OrderStore,
        rooms: RoomService,
        presence: PresenceService,
        bus: Bus,
        *,
        find_user: FindUser,
        clock: Clock,
    ) -> None:
        self._order, self._rooms, self._presence, self._bus = order, rooms, presence, bus
        self._find_user, self._clock = find_user, clock

    async def update(self, who: Principal, room_id: str, body: UpdateRoomRequest) -> Room:
        """All of it or nothing. Raises: RoomNameInvalid, TopicInvalid, RoomNameTaken."""
        asked = {name: value for name, value in structs.asdict(body).items() if value is not None}
        settings = structs.replace(Settings(), **asked)
        if body.name is not None:
            name = room_name(body.name)
            settings = structs.replace(settings, name=name, name_key=name_key(name))
        if body.topic is not None:
            settings = structs.replace(settings, topic=room_topic(body.topic))

        def then(outcome: tuple[MyRoom, bool]) -> None:
            mine, changed = outcome
            if changed:
                room = shared_room_view(mine)
                event = RoomUpdated(room_id=room.id, rev=room.rev, room=room)
                self._bus.publish(RoomChanged(room_id=room.id, rev=room.rev, event=event, asked_by=""))

        permit = allow(*(SETTING[name] for name in asked))
        now = self._clock()
        mine = await self._order.update_room(
            room_id, who.user_id, settings, now, permit, then, by=who.actor(now)
        )
        return room_view(mine)

    async def delete(self, who: Principal, room_id: str) -> None:
        def then(_: None) -> None:
            self._bus.publish(RoomGone(room_id=room_id, event=RoomDeleted(room_id=room_id)))

        now, permit = self._clock(), allow(Deed.DELETE_ROOM)
        await self._order.delete_room(room_id, who.user_id, now, permit, then, by=who.actor(now))

    async def add_member(self, who: Principal, room_id: str, body: AddMemberRequest) -> Member:
        """Raises: UserNotFound, UserSuspended, Banned, RoomFull."""
        other = await self._user(body.username)

        def then(joined: Joined) -> None:
            self._rooms.came_in(joined)

        now, permit = self._clock(), allow(Deed.ADD_MEMBER)
        joined = await self._order.bring_in(
            room_id, who.user_id, other.id, now, permit, then, by=who.actor(now)
        )
        return member_view(joined.member, self._presence.of(other.id))

    async def set_role(self, who: Principal, room_id: str, user_id: str, body: RoleRequest) -> Member:
        """Raises: UserNotFound, UserSuspended."""

        def then(promoted: list[Promoted]) -> None:
            for each in promoted:
                member = each.member
                event = MemberChanged(room_id=room_id, rev=each.rev, user_id=member.user_id, role=member.role)
                self._bus.publish(RoomChanged(room_id=room_id, rev=each.rev, event=event, asked_by=""))

        by, permit = who.actor(self._clock()), allow(Deed.SET_ROLE)
        member = await self._order.set_role(room_id, who.user_id, user_id, body.role, permit, then, by=by)
        return member_view(member, self._presence.of(user_id))

    async def kick(self, who: Principal, room_id: str, user_id: str) -> None:
        """Raises: UserNotFound."""

        def then(left: Left) -> None:
            self._rooms.went_out(left, reason="kicked")

        by = who.actor(self._clock())
        await self._order.kick(room_id, who.user_id, user_id, allow(Deed.KICK), then, by=by)

    async def ban(self, who: Principal, room_id: str, body: BanRequest) -> Ban:
        """Also someone who is no member. Raises: UserNotFound, TooManyBans."""
        other = await self._user(body.username)

        def then(left: Left | None) -> None:
            if left is not None:
                self._rooms.went_out(left, reason="banned")

        reason = ban_reason(body.reason)
        now, permit = self._clock(), allow(Deed.BAN)
        ban = await self._order.ban(
            room_id, who.user_id, other.id, reason, now, permit, then, by=who.actor(now)
        )
        return ban_view(ban)

    async def lift_ban(self, who: Principal, room_id: str, user_id: str) -> None:
        """Raises: UserNotFound."""
        by = who.actor(self._clock())
        await self._order.lift_ban(room_id, who.user_id, user_id, allow(Deed.LIFT_BAN), by=by)

    async def bans(self, who: Principal, room_id: str) -> list[Ban]:
        found = await self._order.list_bans(room_id, who.user_id, allow(Deed.LIST_BANS))
        return [ban_view(ban) for ban in found]

    async def _user(self, username: str) -> UserRecord:
        user = await self._find_user(login_key(username))
        if user is None:
            raise UserNotFound
        return user
