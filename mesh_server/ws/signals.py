"""Handlers of what goes from peer to peer: sessions, candidates, calls."""

from msgspec import structs

from mesh_server.services.calls import Signal
from mesh_server.ws.gateway import Gateway
from mesh_server.ws.peer import Peer
from protocol.events import Answer
from protocol.rest import P2pSessionRequest
from protocol.signals import (
    AcceptSession,
    CloseSession,
    DeclineSession,
    RequestSession,
    SendCandidate,
    SessionCreated,
)


async def request_session(gateway: Gateway, peer: Peer, request: RequestSession) -> Answer:
    ask = P2pSessionRequest(**{name: getattr(request, name) for name in P2pSessionRequest.__struct_fields__})
    grant = await gateway.peering.request(peer.principal, ask, asked_by=peer.id)
    return SessionCreated(re=request.id, **structs.asdict(grant))


async def accept_session(gateway: Gateway, peer: Peer, request: AcceptSession) -> Answer:
    accepted = await gateway.peering.accept(peer.principal, request, asked_by=peer.id)
    return structs.replace(accepted, re=request.id)


async def decline_session(gateway: Gateway, peer: Peer, request: DeclineSession) -> Answer:
    closed = await gateway.peering.decline(
        peer.principal, request.session_id, request.reason, asked_by=peer.id
    )
    return structs.replace(closed, re=request.id)


async def close_session(gateway: Gateway, peer: Peer, request: CloseSession) -> Answer:
    closed = await gateway.peering.close(peer.principal, request.session_id, request.reason, asked_by=peer.id)
    return structs.replace(closed, re=request.id)


async def candidate(gateway: Gateway, peer: Peer, request: SendCandidate) -> None:
    await gateway.peering.candidate(peer.principal, request, asked_by=peer.id)


async def call_signal(gateway: Gateway, peer: Peer, request: Signal) -> None:
    await gateway.calls.relay(peer.principal, request, peer_id=peer.id)
