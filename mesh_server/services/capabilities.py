"""Capabilities that a member of a room asks for: signed proof of being one, for other members' eyes."""

from typing import Final, get_args

from mesh_server.services.permissions import Deed, allow
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import RoomService
from mesh_server.services.signing import Signer
from mesh_server.store.base import Standing
from protocol import limits
from protocol.capability import Grant
from protocol.errors import KindInvalid
from protocol.rest import Capability, CapabilityRequest, P2pKind

KINDS: Final[dict[str, P2pKind]] = {kind: kind for kind in get_args(P2pKind)}


def kind_of(text: str) -> P2pKind:
    """Raises: KindInvalid."""
    if text not in KINDS:
        raise KindInvalid
    return KINDS[text]


class CapabilityService:
    def __init__(self, rooms: RoomService, signer: Signer) -> None:
        self._rooms, self._signer = rooms, signer

    async def issue(self, who: Principal, body: CapabilityRequest) -> Capability:
        """Raises: KindInvalid, RoomNotFound, NotMember, RoomArchived."""
        kind = kind_of(body.kind)
        mine = await self._rooms.require_member(who, body.room_id)
        assert mine.role is not None
        allow(Deed.OPEN_SESSION)(Standing(role=mine.role, archived=mine.room.archived_at is not None))
        grant = Grant(kind=kind, room_id=body.room_id, user_id=who.user_id, device_id=who.device_id)
        return Capability(capability=self._signer.sign(grant), expires_in=limits.CAPABILITY_S)
