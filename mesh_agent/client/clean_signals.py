"""How what comes from another peer is cleaned: sessions, candidates, calls.

What two peers tell each other is for machines, but it is logged and shown when it does not fit, so it loses
what a terminal would act on too. Printable ASCII, which is all that a peer needs, comes through as it was;
an SDP keeps its lines, ended by a newline alone (RFC 8866 section 5 lets a parser take that).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from mesh_agent.client.clean_rest import (
    tidy_id,
    tidy_id_or_none,
    tidy_name,
    tidy_sentence,
    tidy_time,
    tidy_token,
)
from protocol import limits
from protocol.rest import P2pDevice, P2pPeer
from protocol.signals import (
    Candidate,
    RtcAnswer,
    RtcHangup,
    RtcIce,
    RtcOffer,
    Sender,
    SessionAccepted,
    SessionClose,
    SessionClosed,
    SessionCreated,
    SessionDeclined,
)
from protocol.text import clean_text

NO_CALL: Final = ""
"""For a `call_id`, which the other client chose, that is no id: no call is named so."""

_Signal = TypeVar("_Signal", str, str | None)


def _signal(text: _Signal) -> _Signal:
    return text and clean_text(text[: limits.SIGNAL_CHARS])


_Scalars = dict[str, str | int | bool | None]


def _candidate(candidate: str | _Scalars | None) -> str | _Scalars | None:
    if not isinstance(candidate, dict):
        return _signal(candidate)
    return {
        name: _signal(value) if isinstance(value, str) else value
        for name, value in list(candidate.items())[: limits.SIGNAL_FIELDS]
        if tidy_id_or_none(name)
    }


def _sender(sender: Sender) -> Sender:
    return Sender(
        user_id=tidy_id(sender.user_id),
        username=tidy_name(sender.username),
        device_id=tidy_id(sender.device_id),
        peer_id=tidy_id_or_none(sender.peer_id),
    )


def _device(device: P2pDevice) -> P2pDevice:
    return P2pDevice(
        device_id=tidy_id(device.device_id),
        key_fingerprint=tidy_id_or_none(device.key_fingerprint),
        certificate_fingerprint=tidy_id_or_none(device.certificate_fingerprint),
    )


def _peer(peer: P2pPeer) -> P2pPeer:
    return P2pPeer(
        user_id=tidy_id(peer.user_id),
        username=tidy_name(peer.username),
        devices=[_device(device) for device in peer.devices[: limits.P2P_DEVICES]],
    )


_Granted = TypeVar("_Granted", SessionCreated, SessionAccepted)


def _granted(event: _Granted) -> _Granted:
    return replace(
        event,
        session_id=tidy_id(event.session_id),
        room_id=tidy_id(event.room_id),
        created_at=tidy_time(event.created_at),
        peers=[_peer(peer) for peer in event.peers],
        session_token=tidy_token(event.session_token),
    )


_Ending = TypeVar("_Ending", SessionDeclined, SessionClose)


def _ending(event: _Ending) -> _Ending:
    return replace(
        event,
        session_id=tidy_id(event.session_id),
        sender=_sender(event.sender),
        reason=event.reason and tidy_sentence(event.reason),
    )


def _closed(event: SessionClosed) -> SessionClosed:
    return replace(event, session_id=tidy_id(event.session_id))


def _candidate_sent(event: Candidate) -> Candidate:
    return replace(
        event,
        session_id=tidy_id(event.session_id),
        sender=_sender(event.sender),
        candidate=_candidate(event.candidate),
        payload=_signal(event.payload),
    )


_Call = TypeVar("_Call", RtcOffer, RtcAnswer, RtcIce, RtcHangup)


def _call(event: _Call) -> _Call:
    return replace(
        event,
        call_id=tidy_id_or_none(event.call_id) or NO_CALL,
        room_id=tidy_id(event.room_id),
        sender=_sender(event.sender),
        payload=_signal(event.payload),
    )


_Described = TypeVar("_Described", RtcOffer, RtcAnswer)


def _described(event: _Described) -> _Described:
    return replace(_call(event), sdp=_signal(event.sdp))


def _ice(event: RtcIce) -> RtcIce:
    return replace(_call(event), candidate=_candidate(event.candidate))


def _hangup(event: RtcHangup) -> RtcHangup:
    return replace(_call(event), reason=event.reason and tidy_sentence(event.reason))


CLEANERS: Final[dict[type, Callable[[Any], Any]]] = {
    SessionCreated: _granted,
    SessionAccepted: _granted,
    SessionDeclined: _ending,
    SessionClose: _ending,
    SessionClosed: _closed,
    Candidate: _candidate_sent,
    RtcOffer: _described,
    RtcAnswer: _described,
    RtcIce: _ice,
    RtcHangup: _hangup,
}
"""Kind of event -> its cleaner."""
