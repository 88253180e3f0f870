"""Calls: what the peers of a call tell each other is relayed to the devices that it is for, and forgotten."""

from typing import Final

from mesh_server.bus.base import Bus, ToUser
from mesh_server.services.permissions import Deed, allow
from mesh_server.services.principal import Principal
from mesh_server.store.base import Allow, PeeringStore, Standing
from protocol.signals import (
    RtcAnswer,
    RtcHangup,
    RtcIce,
    RtcOffer,
    Sender,
    SendRtcAnswer,
    SendRtcHangup,
    SendRtcIce,
    SendRtcOffer,
)

Signal = SendRtcOffer | SendRtcAnswer | SendRtcIce | SendRtcHangup


def _any_member(_who: Standing) -> None:
    """Hanging up is allowed also where a room was archived meanwhile."""


_RELAYED: Final[dict[type[Signal], tuple[type[RtcOffer | RtcAnswer | RtcIce | RtcHangup], Allow]]] = {
    SendRtcOffer: (RtcOffer, allow(Deed.CALL)),
    SendRtcAnswer: (RtcAnswer, allow(Deed.CALL)),
    SendRtcIce: (RtcIce, allow(Deed.CALL)),
    SendRtcHangup: (RtcHangup, _any_member),
}
"""What each becomes for whom it is for, and who may send it."""

_ADDRESS: Final = frozenset({"id", "to"})


class CallService:
    def __init__(self, store: PeeringStore, bus: Bus) -> None:
        self._store, self._bus = store, bus

    async def relay(self, who: Principal, signal: Signal, *, peer_id: str) -> None:
        """To every target or to none. Raises: RoomNotFound, NotMember, RoomArchived, TargetUnknown."""
        becomes, permit = _RELAYED[type(signal)]
        to = [signal.to] if isinstance(signal.to, str) else signal.to
        targets = await self._store.find_targets(signal.room_id, who.user_id, to, permit)
        sender = Sender(user_id=who.user_id, username=who.username, device_id=who.device_id, peer_id=peer_id)
        said = {name: getattr(signal, name) for name in signal.__struct_fields__ if name not in _ADDRESS}
        event = becomes(sender=sender, **said)
        for target in targets:
            self._bus.publish(
                ToUser(
                    user_id=target.user_id,
                    device_id=target.device_id,
                    event=event,
                    asked_by=peer_id,
                    room_id=signal.room_id,
                )
            )
