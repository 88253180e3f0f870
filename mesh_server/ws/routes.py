"""What each type of message does: one table, one small handler each.

A handler returns the answer for the connection that asked, or None where the answer comes by itself.
`kind` is what a message counts as (`mesh_server.limits`). `after_sends`: the handler runs only once this
connection's earlier messages are on disk, so that leaving a room does not overtake what was said in it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from msgspec import structs

from mesh_server.bus.base import ToRooms
from mesh_server.limits import Kind
from mesh_server.services.edits import Asker
from mesh_server.ws import signals
from mesh_server.ws.gateway import Gateway
from mesh_server.ws.peer import IN_FLIGHT_MAX, Peer
from protocol.errors import InvalidMessage, MeshError, NotMember
from protocol.events import (
    AddReaction,
    Answer,
    ChatEvent,
    ClientToServer,
    DeleteMessage,
    EditMessage,
    Error,
    Hello,
    JoinRoom,
    LeaveRoom,
    MarkRead,
    MessageAck,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    Ping,
    PinMessage,
    Pong,
    PresenceChanged,
    ReactionUpdated,
    RemoveReaction,
    Request,
    RequestId,
    RoomJoined,
    RoomLeft,
    SendMessage,
    SendTyping,
    SetPresence,
    Typing,
)
from protocol.signals import (
    AcceptSession,
    CloseSession,
    DeclineSession,
    RequestSession,
    SendCandidate,
    SendRtcAnswer,
    SendRtcHangup,
    SendRtcIce,
    SendRtcOffer,
)

Handler = Callable[[Gateway, Peer, Any], Awaitable[Answer | None]]


@dataclass(frozen=True, slots=True)
class Route:
    handler: Handler
    kind: Kind
    after_sends: bool = False


def error_answer(error: MeshError, re: RequestId | None) -> Error:
    return Error(re=re, code=error.code, message=error.message, retry_after=error.retry_after)


async def _hello(_gateway: Gateway, _peer: Peer, _request: Hello) -> None:
    raise InvalidMessage("This connection has said hello already.")


async def _ping(_gateway: Gateway, _peer: Peer, request: Ping) -> Pong:
    return Pong(re=request.id)


async def _join(gateway: Gateway, peer: Peer, request: JoinRoom) -> None:
    def answer(joined: RoomJoined) -> None:
        gateway.hub.send(peer.outbound, structs.replace(joined, re=request.id))

    await gateway.rooms.join(peer.principal, request.room_id, asked_by=peer.id, answer=answer)


async def _leave(gateway: Gateway, peer: Peer, request: LeaveRoom) -> RoomLeft:
    await gateway.rooms.leave(peer.principal, request.room_id, asked_by=peer.id)
    return RoomLeft(re=request.id, room_id=request.room_id)


async def _send(gateway: Gateway, peer: Peer, request: SendMessage) -> None:
    send_now(gateway, peer, request)
    await peer.settled(at_most=IN_FLIGHT_MAX)


def send_now(gateway: Gateway, peer: Peer, request: SendMessage) -> None:
    """Does not wait for the disk, so that one connection can have many messages on their way."""

    def settled(outcome: MessageAck | MeshError) -> None:
        peer.landed()
        if isinstance(outcome, MeshError):
            gateway.hub.send(peer.outbound, error_answer(outcome, request.id))
        else:
            answer = outcome if request.id is None else structs.replace(outcome, re=request.id)
            gateway.hub.send(peer.outbound, answer)

    gateway.require_open()  # else who keeps writing could keep a server from ever stopping
    gateway.messages.send(peer.principal, request, settled)
    peer.took_off()


def _asker(gateway: Gateway, peer: Peer, request: Request) -> Asker:
    def answer(event: ChatEvent) -> None:
        assert isinstance(event, MessageEdited | MessageDeleted | MessagePinned | ReactionUpdated)
        told = structs.replace(event, re=request.id)
        message = event.message
        gateway.in_turn(message.room_id, message.rev, lambda: gateway.hub.send(peer.outbound, told))

    return Asker(peer.id, answer)


async def _edit(gateway: Gateway, peer: Peer, request: EditMessage) -> None:
    await gateway.edits.edit(peer.principal, request, _asker(gateway, peer, request))


async def _delete(gateway: Gateway, peer: Peer, request: DeleteMessage) -> None:
    await gateway.edits.delete(peer.principal, request, _asker(gateway, peer, request))


async def _pin(gateway: Gateway, peer: Peer, request: PinMessage) -> None:
    await gateway.edits.pin(peer.principal, request, _asker(gateway, peer, request))


async def _react(gateway: Gateway, peer: Peer, request: AddReaction | RemoveReaction) -> None:
    await gateway.edits.react(peer.principal, request, _asker(gateway, peer, request))


async def _typing(gateway: Gateway, peer: Peer, request: SendTyping) -> None:
    who = peer.principal
    if request.room_id not in peer.outbound.rooms:
        raise NotMember
    event = Typing(room_id=request.room_id, user_id=who.user_id, username=who.username)
    gateway.bus.publish(ToRooms(room_ids=[request.room_id], event=event, except_user=who.user_id))


async def _read(gateway: Gateway, peer: Peer, request: MarkRead) -> Answer:
    marked = await gateway.rooms.mark_read(peer.principal, request.room_id, request.seq, asked_by=peer.id)
    return structs.replace(marked, re=request.id)


async def _presence(gateway: Gateway, peer: Peer, request: SetPresence) -> PresenceChanged:
    who, presence, text = peer.principal, gateway.presence, request.status_text
    if text is not None:
        text = await gateway.accounts.set_status_text(who, text)
    presence.set(who.user_id, peer.id, request.presence, peer.outbound.rooms, status_text=text)
    return structs.replace(presence.own(who.user_id), re=request.id)


ROUTES: Final[dict[type[ClientToServer], Route]] = {
    Hello: Route(_hello, Kind.PING),
    Ping: Route(_ping, Kind.PING),
    JoinRoom: Route(_join, Kind.MEMBERSHIP, after_sends=True),
    LeaveRoom: Route(_leave, Kind.MEMBERSHIP, after_sends=True),
    SendMessage: Route(_send, Kind.SEND),
    EditMessage: Route(_edit, Kind.CHANGE, after_sends=True),
    DeleteMessage: Route(_delete, Kind.CHANGE, after_sends=True),
    PinMessage: Route(_pin, Kind.CHANGE, after_sends=True),
    AddReaction: Route(_react, Kind.CHANGE, after_sends=True),
    RemoveReaction: Route(_react, Kind.CHANGE, after_sends=True),
    SendTyping: Route(_typing, Kind.TYPING),
    MarkRead: Route(_read, Kind.MARK),
    SetPresence: Route(_presence, Kind.PRESENCE),
    RequestSession: Route(signals.request_session, Kind.CREATE),
    AcceptSession: Route(signals.accept_session, Kind.SIGNAL),
    DeclineSession: Route(signals.decline_session, Kind.SIGNAL),
    CloseSession: Route(signals.close_session, Kind.SIGNAL),
    SendCandidate: Route(signals.candidate, Kind.SIGNAL),
    SendRtcOffer: Route(signals.call_signal, Kind.SIGNAL),
    SendRtcAnswer: Route(signals.call_signal, Kind.SIGNAL),
    SendRtcIce: Route(signals.call_signal, Kind.SIGNAL),
    SendRtcHangup: Route(signals.call_signal, Kind.SIGNAL),
}
