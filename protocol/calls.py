"""What the devices of a call tell each other inside `rtc.*`: the text in `payload`, as JSON.

Strategy: the server relays a payload and does not read it. Each is one struct of a tagged union, with its
name in `do`. What cannot be read, also what a later version says, is nothing: it changes nothing in a call.
Connections of a call (legs) are described in `sdp`, beside a `Leg`, in which the sender's device vouches with
its identity (protocol.md, section 3) for the certificate that the description names.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from protocol import limits

CALL_PARTIES: Final = 6
"""Devices in one call: each is connected with each other one."""

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_LABEL: Final = "mesh-call/1 leg"

Id = Annotated[str, Meta(min_length=1, max_length=limits.ID_CHARS)]
Number = Annotated[int, Meta(ge=1, le=limits.INTEGER_MAX)]
"""Names a leg between two devices; a later one has a larger number."""


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do"):
    pass


class Device(Struct, frozen=True, array_like=True):
    """A device in the call, and whose it is."""

    user_id: Id
    device_id: Id


Devices = Annotated[list[Device], Meta(max_length=CALL_PARTIES)]


class Sends(Struct, frozen=True, omit_defaults=True):
    """What a device sends and hears now. `camera`, `screen`: pictures of that. `file`: what is sent as from a
    camera comes out of a file. `records`: the call is written into a file there."""

    muted: bool = False
    deafened: bool = False
    camera: bool = False
    screen: bool = False
    records: bool = False
    file: bool = False


class Ring(Told, frozen=True, tag="ring"):
    """In `rtc.offer`: a call is on, come. `message`: the room's, which says so."""

    video: bool = False
    devices: Devices = []
    message: Id | None = None


class Join(Told, frozen=True, tag="join"):
    """In `rtc.answer`: this device is in the call, from now on (`fresh`) or as before."""

    fresh: bool = False
    sends: Sends = Sends()


class Here(Told, frozen=True, tag="here"):
    """In `rtc.answer`, to who joins: so am I, and so are these."""

    devices: Devices = []
    sends: Sends = Sends()


class Leg(Told, frozen=True, tag="leg"):
    """In `rtc.offer` and `rtc.answer`, beside `sdp`. `key`: the identity of the sender's device, and
    `signature`: by it, of `signed`."""

    number: Number
    key: Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class State(Told, frozen=True, tag="state"):
    """In `rtc.ice`: what the device sends has changed."""

    sends: Sends


class Again(Told, frozen=True, tag="again"):
    """In `rtc.ice`, to who makes the offers: the leg of this number is no good; 0: none was offered."""

    number: Annotated[int, Meta(ge=0, le=limits.INTEGER_MAX)] = 0


class Ask(Told, frozen=True, tag="ask"):
    """In `rtc.answer`: is anybody in this call? Who is says `here`, who is not `absent`."""


class Absent(Told, frozen=True, tag="absent"):
    """In `rtc.answer`, to who asked: this device is not in that call."""


Payload = Ring | Join | Here | Leg | State | Again | Ask | Absent

HangUp = Literal[
    "left", "declined", "busy", "full", "often", "elsewhere", "missed", "identity", "failed", "merged"
]
"""`reason` of `rtc.hangup`. `often`: so many calls of this person are not told of. `elsewhere`: to the
person's other connections, of which one has answered; these hear `declined`, `busy` and `often`, too.
`merged`: both had called each other, and one call goes on."""

Role = Literal["offer", "answer"]

_payloads: Final = msgspec.json.Decoder(Payload)


def write(payload: Payload) -> str:
    """As `payload` of an `rtc.*` message."""
    return msgspec.json.encode(payload).decode()


def read(text: str | None) -> Payload | None:
    """None where it is nothing that is known here."""
    try:
        return None if text is None else _payloads.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


def signed(
    role: Role, call_id: str, number: int, sender: str, receiver: str, fingerprint: str, offered: str = ""
) -> bytes:
    """What the signature of a `Leg` is over.

    Args:
        sender, receiver: devices.
        fingerprint: of the certificate in the sender's description (SHA-256, pairs of upper-case digits with
            colons between them); `offered`: in an answer also of the one in the offer.
    """
    return "\0".join((_LABEL, role, call_id, str(number), sender, receiver, fingerprint, offered)).encode()
