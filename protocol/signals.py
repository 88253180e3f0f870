"""WebSocket messages from peer to peer: sessions, candidates, calls. The server stamps and relays them.

What two peers tell each other is opaque to the server. It is text, or a flat object of scalars, so that it
means the same in each format; it is bounded, it goes to devices of members of the room alone, and it is kept
nowhere. Who sent it is the server's word (`from`), never the sender's.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from protocol import limits
from protocol.envelope import Answer, Event, Id, Request
from protocol.rest import Fingerprint, P2pEnd, P2pKind, P2pPeer, P2pState, Whole

Kind = Annotated[str, Meta(max_length=limits.ID_CHARS)]
"""A `P2pKind`; another one is refused by an error of its own."""

Signal = Annotated[str, Meta(max_length=limits.SIGNAL_CHARS)]
"""Opaque: what the other peer makes of it is between the two."""

_Scalar = (
    Annotated[str, Meta(max_length=limits.SIGNAL_CHARS)]
    | Annotated[int, Meta(ge=-limits.INTEGER_MAX, le=limits.INTEGER_MAX)]
    | bool
    | None
)
Fields = Annotated[dict[Id, _Scalar], Meta(max_length=limits.SIGNAL_FIELDS)]
IceCandidate = Signal | Fields
"""As ICE writes it (RFC 8839 section 5.1), or the object that browsers make of it."""

Reason = Annotated[str, Meta(max_length=limits.REASON_CHARS)]


class Sender(Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Who sent it: the server's word. Without a `peer_id` it was sent by REST."""

    user_id: str
    username: str
    device_id: str
    peer_id: str | None = None


# ── client to server ─────────────────────────────────────────────────────────────────────────────


class RequestSession(Request, frozen=True, kw_only=True, tag="p2p.session.request"):
    """`peer`: id or name of a user; `device_id`: one of their devices and no other.

    With `session_id` it is asked for anew, for a new token: to resume.
    """

    room_id: Id
    kind: Kind
    peer: Id
    device_id: Id | None = None
    session_id: Id | None = None
    certificate_fingerprint: Fingerprint | None = None


class AcceptSession(Request, frozen=True, kw_only=True, tag="p2p.session.accept"):
    """The session belongs to this device from now on."""

    session_id: Id
    certificate_fingerprint: Fingerprint | None = None


class DeclineSession(Request, frozen=True, kw_only=True, tag="p2p.session.decline"):
    session_id: Id
    reason: Reason | None = None


class CloseSession(Request, frozen=True, kw_only=True, tag="p2p.session.close"):
    session_id: Id
    reason: Reason | None = None


class SendCandidate(Request, frozen=True, kw_only=True, tag="p2p.candidate"):
    session_id: Id
    candidate: IceCandidate | None = None
    payload: Signal | None = None


Targets = Id | Annotated[list[Id], Meta(min_length=1, max_length=limits.SIGNAL_TARGETS)]
"""Ids of users, each of whom is meant with every device, or of devices."""


class SendRtcOffer(Request, frozen=True, kw_only=True, tag="rtc.offer"):
    call_id: Id
    room_id: Id
    to: Targets
    sdp: Signal | None = None
    payload: Signal | None = None


class SendRtcAnswer(Request, frozen=True, kw_only=True, tag="rtc.answer"):
    call_id: Id
    room_id: Id
    to: Targets
    sdp: Signal | None = None
    payload: Signal | None = None


class SendRtcIce(Request, frozen=True, kw_only=True, tag="rtc.ice"):
    call_id: Id
    room_id: Id
    to: Targets
    candidate: IceCandidate | None = None
    payload: Signal | None = None


class SendRtcHangup(Request, frozen=True, kw_only=True, tag="rtc.hangup"):
    call_id: Id
    room_id: Id
    to: Targets
    reason: Reason | None = None
    payload: Signal | None = None


# ── server to client ─────────────────────────────────────────────────────────────────────────────


class SessionCreated(Answer, frozen=True, kw_only=True, tag="p2p.session.created"):
    """Someone asks for a session, or asks for one anew. `session_token` is the reader's own."""

    session_id: str
    kind: P2pKind
    room_id: str
    state: P2pState
    created_at: str
    peers: list[P2pPeer]
    session_token: str
    expires_in: Whole


class SessionAccepted(Answer, frozen=True, kw_only=True, tag="p2p.session.accept"):
    """It was accepted: each of the `peers` has one device now, and the tokens name both."""

    session_id: str
    kind: P2pKind
    room_id: str
    state: P2pState
    created_at: str
    peers: list[P2pPeer]
    session_token: str
    expires_in: Whole


class SessionDeclined(Event, frozen=True, kw_only=True, tag="p2p.session.decline"):
    session_id: str
    sender: Sender = field(name="from")
    reason: str | None = None


class SessionClose(Event, frozen=True, kw_only=True, tag="p2p.session.close"):
    session_id: str
    sender: Sender = field(name="from")
    reason: str | None = None


class SessionClosed(Answer, frozen=True, kw_only=True, tag="p2p.session.closed"):
    """It is over, for this device. Its tokens are good for nothing any more."""

    session_id: str
    reason: P2pEnd


class Candidate(Event, frozen=True, kw_only=True, tag="p2p.candidate"):
    session_id: str
    sender: Sender = field(name="from")
    candidate: str | dict[str, str | int | bool | None] | None = None
    payload: str | None = None


class _Rtc(Event, frozen=True, kw_only=True):
    call_id: str
    room_id: str
    sender: Sender = field(name="from")
    payload: str | None = None


class RtcOffer(_Rtc, frozen=True, kw_only=True, tag="rtc.offer"):
    sdp: str | None = None


class RtcAnswer(_Rtc, frozen=True, kw_only=True, tag="rtc.answer"):
    sdp: str | None = None


class RtcIce(_Rtc, frozen=True, kw_only=True, tag="rtc.ice"):
    candidate: str | dict[str, str | int | bool | None] | None = None


class RtcHangup(_Rtc, frozen=True, kw_only=True, tag="rtc.hangup"):
    reason: str | None = None
