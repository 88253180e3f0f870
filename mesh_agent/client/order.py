"""Which rooms there are, what a room is and who may be in it: settings, members, roles, bans, invites.

Strategy: REST calls, which need no line. What they change comes back as events where there is one; a room
that is entered or gone is taken in at once, so that the next call knows it.
"""

from mesh_agent.client.network import Network
from mesh_agent.client.workspace import Workspace
from protocol.rest import (
    Ban,
    CreateRoomRequest,
    Invite,
    InviteRequest,
    Member,
    Role,
    Room,
    UpdateRoomRequest,
    Visibility,
)
from protocol.text import clean_line


class Order:
    """Every call raises `Unreachable` or a kind of it where there is no answer, else the server's refusal."""

    def __init__(self, workspace: Workspace, network: Network) -> None:
        self._workspace = workspace
        self._network = network

    # ── rooms ────────────────────────────────────────────────────────────────────────────────────

    async def mine(self) -> list[Room]:
        """My rooms by name, as the server lists them now."""
        rooms = await (await self._network.rest()).my_rooms()
        if not self._workspace.line_up:
            self._workspace.carry_out(self._workspace.sync.listed(rooms))
        return self._workspace.sync.rooms()

    async def public(self) -> list[Room]:
        """The directory: every public room, mine among them."""
        return await (await self._network.rest()).public_rooms()

    async def create(self, name: str, *, topic: str = "", visibility: Visibility = "public") -> Room:
        request = CreateRoomRequest(name=clean_line(name), topic=clean_line(topic), visibility=visibility)
        return self._entered(await (await self._network.rest()).create_room(request))

    async def join(self, room_id: str) -> Room:
        return self._entered(await (await self._network.rest()).join(room_id))

    async def leave(self, room_id: str) -> None:
        await (await self._network.rest()).leave(room_id)
        self._gone(room_id)

    def _entered(self, room: Room) -> Room:
        self._workspace.carry_out(self._workspace.sync.entered(room))
        return room

    def _gone(self, room_id: str) -> None:
        self._workspace.carry_out(self._workspace.sync.left(room_id))

    # ── the room ─────────────────────────────────────────────────────────────────────────────────

    async def update(self, room_id: str, settings: UpdateRoomRequest) -> Room:
        """What `settings` does not name stays as it is."""
        return await (await self._network.rest()).update_room(room_id, settings)

    async def delete(self, room_id: str) -> None:
        """The room and everything in it, for everyone."""
        await (await self._network.rest()).delete_room(room_id)
        self._gone(room_id)

    async def dm(self, username: str) -> Room:
        """My room with one other person."""
        return self._entered(await (await self._network.rest()).dm(clean_line(username)))

    async def use_invite(self, code: str) -> Room:
        return self._entered(await (await self._network.rest()).use_invite(code))

    # ── who is in it ─────────────────────────────────────────────────────────────────────────────

    async def add(self, room_id: str, username: str) -> Member:
        return await (await self._network.rest()).add_member(room_id, clean_line(username))

    async def set_role(self, room_id: str, user_id: str, role: Role) -> Member:
        """`owner` hands the room over."""
        return await (await self._network.rest()).set_role(room_id, user_id, role)

    async def kick(self, room_id: str, user_id: str) -> None:
        await (await self._network.rest()).kick(room_id, user_id)

    async def bans(self, room_id: str) -> list[Ban]:
        return await (await self._network.rest()).bans(room_id)

    async def ban(self, room_id: str, username: str, reason: str = "") -> Ban:
        return await (await self._network.rest()).ban(room_id, clean_line(username), clean_line(reason))

    async def lift_ban(self, room_id: str, user_id: str) -> None:
        await (await self._network.rest()).lift_ban(room_id, user_id)

    # ── invites ──────────────────────────────────────────────────────────────────────────────────

    async def invites(self, room_id: str) -> list[Invite]:
        return await (await self._network.rest()).invites(room_id)

    async def invite(
        self, room_id: str, *, expires_in_s: int | None = None, max_uses: int | None = None
    ) -> Invite:
        """A new one; its `code` and `url` are told now and never again."""
        request = InviteRequest(max_uses=max_uses)
        if expires_in_s is not None:
            request = InviteRequest(expires_in_s=expires_in_s, max_uses=max_uses)
        return await (await self._network.rest()).create_invite(room_id, request)

    async def revoke(self, room_id: str, invite_id: str) -> None:
        await (await self._network.rest()).revoke_invite(room_id, invite_id)
