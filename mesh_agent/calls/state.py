"""What a screen or a script sees of calls: plain values, made anew whenever something of them changes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mesh_agent.net.base import Way

if TYPE_CHECKING:
    from mesh_agent.media.orders import Form


@dataclass(frozen=True, slots=True)
class Media:
    """What this device brings into a call: as `media.orders.Begin` has it, which says what each can be."""

    audio_in: str = "mic"
    audio_out: str = "speaker"
    video_in: str = "none"
    record: str | None = None
    process: bool = True
    muted: bool = False
    kbps: int = 600


CallPhase = Literal["ringing", "connecting", "open", "over"]
"""`ringing`: we ring, and nobody has come yet. `connecting`: somebody has, and nothing is heard yet."""

PartyState = Literal["ringing", "connecting", "connected", "lost"]
"""`lost`: nothing comes from there now, and the connection is made anew."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of what comes from one party, over the last seconds.

    Attributes:
        loss: the part of packets that did not come, 0 to 1.
        jitter_ms, delay_ms: how unevenly they come; how long sound waits here until it is heard.
        round_trip_ms: to the party and back; None where it is not known.
        received_kbps, sent_kbps: with headers.
    """

    loss: float = 0.0
    jitter_ms: float = 0.0
    delay_ms: float = 0.0
    round_trip_ms: float | None = None
    received_kbps: float = 0.0
    sent_kbps: float = 0.0


@dataclass(frozen=True, slots=True)
class Party:
    """Another device in the call, or somebody who is rung (`device_id` is empty then).

    Attributes:
        level: how loud they are, 0 to 1. speaking: it is a voice, or as loud as one.
        camera, screen: what they send a picture of. file: what is shown as from a camera is a file.
        records: the call is written into a file there.
        compared: the safety words of this device were compared.
        way: how it is reached.
    """

    user_id: str
    name: str
    device_id: str = ""
    state: PartyState = "ringing"
    reason: str = ""
    muted: bool = False
    deafened: bool = False
    camera: bool = False
    screen: bool = False
    file: bool = False
    records: bool = False
    speaking: bool = False
    level: float = 0.0
    compared: bool = False
    way: Way | None = None
    statistics: Statistics = field(default_factory=Statistics)


@dataclass(frozen=True, slots=True)
class Own:
    """This device in the call. `muted`: nothing is sent, since that is wanted, or nothing is heard here
    (`deafened`), or nobody talks (`push_to_talk`). `file`: what is shown as from a camera is a file.
    `problems`: sentences about devices that cannot be used now. `records`: the call is written into a file
    here."""

    muted: bool = False
    deafened: bool = False
    push_to_talk: bool = False
    talking: bool = False
    camera: bool = False
    screen: bool = False
    file: bool = False
    records: bool = False
    speaking: bool = False
    level: float = 0.0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """What a party (or we, with an empty `device_id`) shows now, as large as was asked for.

    `pixels`, by `form`:
      halves: 3 bytes (red, green, blue) each, `columns` in a row, `2 * rows` rows: the upper and the lower
        halves of cells in turn.
      rgb: the same for `across` times `down` pixels, compressed (zlib).
      sixels: those of a terminal, `across` times `down` of its pixels, without what begins and ends them.
    """

    device_id: str
    columns: int
    rows: int
    pixels: bytes
    form: "Form" = "halves"
    across: int = 0
    down: int = 0


@dataclass(frozen=True, slots=True)
class Ringing:
    """Somebody calls."""

    call_id: str
    room_id: str
    user_id: str
    name: str
    video: bool
    people: int


RingEnd = Literal["", "answered", "elsewhere", "missed", "merged", "declined", "refused", "busy"]
"""Why nobody rings any more; empty while somebody does. `elsewhere`, `refused`: this person has answered, or
declined, at another program or device. `merged`: two called each other, and the other one's call goes on."""


@dataclass(frozen=True, slots=True)
class CallRinging:
    """Event: somebody calls, or no longer does (`ringing` None): `how` says why.

    `busy`: they were told that we are in another call. `name`: who it was, where nobody rings any more.
    `beside`: it was another program of this device.
    """

    call_id: str
    ringing: Ringing | None
    how: RingEnd = ""
    name: str = ""
    beside: bool = False


@dataclass(frozen=True, slots=True)
class CallChanged:
    """Event: `agent.calls.current` is another one, or in another phase."""

    call_id: str
    phase: CallPhase
    reason: str = ""
