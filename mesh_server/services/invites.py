"""Invites by link: 160 random bits that let their bearer into one room, and onto a server that asks for one.

The code is told once; what is stored is its hash. It expires, it may be limited in its uses, and it is
revoked by hand, or by itself once its maker may no longer invite (`store.rooms.revoke_invites`).
"""

import hashlib
import secrets
from typing import Final

from mesh_server.ids import Clock, NewId
from mesh_server.services.permissions import Deed, allow
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import RoomService
from mesh_server.services.tokens import RandomBytes
from mesh_server.services.views import invite_view, room_view
from mesh_server.store.base import InviteRecord, InviteStore, Joined
from protocol.errors import InviteInvalid
from protocol.rest import Invite, InviteRequest, Room

PATH: Final = "/invite/"
_CODE_BYTES: Final = 20


def code_hash(code: str) -> bytes:
    """What the store knows of a code; no salt, because it cannot be guessed."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()


class InviteService:
    def __init__(
        self,
        invites: InviteStore,
        rooms: RoomService,
        *,
        clock: Clock,
        new_id: NewId,
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._invites, self._rooms = invites, rooms
        self._clock, self._new_id, self._random_bytes = clock, new_id, random_bytes

    async def create(self, who: Principal, room_id: str, body: InviteRequest) -> Invite:
        """Raises: RoomNotFound, NotMember, RoomForbidden, TooManyInvites."""
        code, now = self._random_bytes(_CODE_BYTES).hex(), self._clock()
        record = InviteRecord(
            id=self._new_id(),
            room_id=room_id,
            created_by=who.user_id,
            created_by_name=who.username,
            created_at=now,
            expires_at=now + body.expires_in_s * 1000,
            max_uses=body.max_uses,
        )
        permit = allow(Deed.INVITE)
        await self._invites.create_invite(record, code_hash(code), permit, by=who.actor(now))
        return invite_view(record, code=code, url=PATH + code)

    async def list_usable(self, who: Principal, room_id: str) -> list[Invite]:
        """Raises: RoomNotFound, NotMember, RoomForbidden."""
        permit = allow(Deed.INVITE)
        found = await self._invites.list_invites(room_id, who.user_id, self._clock(), permit)
        return [invite_view(record) for record in found]

    async def revoke(self, who: Principal, room_id: str, invite_id: str) -> None:
        """Raises: RoomNotFound, NotMember, RoomForbidden, InviteInvalid."""
        by = who.actor(self._clock())
        await self._invites.remove_invite(room_id, who.user_id, invite_id, allow(Deed.INVITE), by=by)

    async def room_name(self, code: str) -> str | None:
        """Of the room that it leads to, None where that is the server: all that its bearer may know.

        Raises: InviteInvalid.
        """
        opened = await self._invites.get_invite(code_hash(code), self._clock())
        if opened is None:
            raise InviteInvalid
        return opened.room_name

    async def join(self, who: Principal, code: str, *, room_id: str | None = None) -> Room:
        """The room that it leads to, which has to be `room_id` where that is named.

        Raises: InviteInvalid, Banned, RoomFull.
        """

        def then(joined: Joined) -> None:
            self._rooms.came_in(joined)

        joined = await self._invites.use_invite(
            code_hash(code), who.user_id, self._clock(), then, room_id=room_id
        )
        return room_view(joined.my_room)
