"""What an agent and the process of a call's sound and pictures tell each other.

Strategy: as with files (`sharing.orders`): MessagePack structs through two pipes. A `leg` is one connection
to one device (`party`); `number` tells a leg from those that were there before it, and what is said of an
older one means nothing any more. Descriptions (SDP, RFC 8866) go out whole, since aiortc gathers all
candidates before it describes itself. Who the other end is has been made sure of by whoever gives one in.
"""

import asyncio
from typing import Final, Literal

import msgspec

from mesh_agent.net.base import Way
from mesh_agent.sharing.orders import Said, Stop, Told, next_message

Side = Literal["audio_in", "audio_out"]
Form = Literal["halves", "rgb", "sixels"]
"""What a picture is made of: halves of cells, pixels that the terminal fits into its cells, or sixels."""

GONE: Final[dict[Side, str]] = {
    "audio_in": "The microphone is gone. Nothing is sent until it is back.",
    "audio_out": "The loudspeaker is gone. Nothing is heard until it is back.",
}
"""What is told of a device that is pulled out."""

BACK: Final = {
    GONE["audio_in"]: "There is a microphone again.",
    GONE["audio_out"]: "There is a loudspeaker again.",
}
"""What is told once that holds no more."""

# ── agent to process ────────────────────────────────────────────────────────────────────────────


class Ice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A STUN or TURN server, as `rest.IceServer`."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class Begin(Told, frozen=True, kw_only=True, tag="begin"):
    """The first order.

    audio_in: `mic`, `mic:NAME`, `tone`, `none` or the path of a file. audio_out: `speaker`, `speaker:NAME`,
    `none` or the path of a WAV file that is written. video_in: `none`, `camera`, `camera:NAME`, `screen`,
    `test` or the path of a file. record: the path of a file into which the whole call goes. process: echo
    cancellation, noise suppression and gain control, where they are there. kbps: of pictures to each party,
    at most.
    """

    ice: list[Ice]
    audio_in: str = "mic"
    audio_out: str = "speaker"
    video_in: str = "none"
    record: str | None = None
    process: bool = True
    muted: bool = False
    kbps: int = 600


class MakeOffer(Told, frozen=True, kw_only=True, tag="make_offer"):
    """Begin a leg, and describe our end of it. An older one to the same party is over."""

    party: str
    number: int


class TakeOffer(Told, frozen=True, kw_only=True, tag="take_offer"):
    """The other end begins a leg: describe ours."""

    party: str
    number: int
    sdp: str


class TakeAnswer(Told, frozen=True, kw_only=True, tag="take_answer"):
    party: str
    number: int
    sdp: str


class TakeCandidate(Told, frozen=True, kw_only=True, tag="take_candidate"):
    """Of a client that tells candidates one by one; `candidate` as in RFC 8839 section 5.1."""

    party: str
    number: int
    candidate: str


class Drop(Told, frozen=True, kw_only=True, tag="drop"):
    """The party is in the call no more."""

    party: str


class Speak(Told, frozen=True, kw_only=True, tag="speak"):
    """Whether what the microphone hears is sent, and whether anything is played."""

    muted: bool
    deafened: bool


class Show(Told, frozen=True, kw_only=True, tag="show"):
    """What is sent as a picture from now on: as `Begin.video_in`."""

    video_in: str


class Use(Told, frozen=True, kw_only=True, tag="use"):
    """Other devices for sound, as in `Begin`."""

    audio_in: str
    audio_out: str


class Record(Told, frozen=True, kw_only=True, tag="record"):
    """The whole call from now on, into this file, as `Begin.record`; None: no longer."""

    path: str | None


class Tile(msgspec.Struct, frozen=True, array_like=True):
    """Where a party's picture goes: so many cells. An empty `party`: our own. `whole`: nothing is cut off.

    `across`, `down`: the terminal's pixels in all of them, where `form` is not halves.
    """

    party: str
    columns: int
    rows: int
    whole: bool = False
    form: Form = "halves"
    across: int = 0
    down: int = 0


class View(Told, frozen=True, kw_only=True, tag="view"):
    """What is looked at, with how many pictures a second of each; what is not in it is not decoded."""

    tiles: list[Tile]
    rate: float = 15.0


class Servers(Told, frozen=True, kw_only=True, tag="servers"):
    """Those that connections which begin from now on use, in the place of `Begin.ice`."""

    ice: list[Ice]


class Test(Told, frozen=True, kw_only=True, tag="test"):
    """Play a tone for a second."""


Order = (
    Begin
    | MakeOffer
    | TakeOffer
    | TakeAnswer
    | TakeCandidate
    | Drop
    | Speak
    | Show
    | Use
    | Record
    | View
    | Servers
    | Test
    | Stop
)

# ── process to agent ────────────────────────────────────────────────────────────────────────────


class Ready(Told, frozen=True, kw_only=True, tag="ready"):
    """The answer to `Begin`, `Use` and `Show`: what is in use. `problems`: all sentences about what cannot be
    now; what an earlier one said beside them holds no more.

    It comes by itself, too, where what was shown has ended, or cannot be shown any more, and where a device
    was pulled out, or is back.

    microphones, speakers, cameras: the names of all that there are, for `mic:NAME`, `speaker:NAME` and
    `camera:NAME`. record: the file that the call is written into; empty: none.
    """

    audio_in: str
    audio_out: str
    video_in: str
    record: str = ""
    problems: list[str] = msgspec.field(default_factory=list)
    microphones: list[str] = msgspec.field(default_factory=list)
    speakers: list[str] = msgspec.field(default_factory=list)
    cameras: list[str] = msgspec.field(default_factory=list)


class Described(Told, frozen=True, kw_only=True, tag="described"):
    """Our end of a leg: an offer or an answer."""

    party: str
    number: int
    kind: Literal["offer", "answer"]
    sdp: str


class LegNow(Told, frozen=True, kw_only=True, tag="leg"):
    """`lost`: it may come back by itself; `failed`: it will not. `reason`: a sentence."""

    party: str
    number: int
    state: Literal["connecting", "connected", "lost", "failed"]
    way: Way | None = None
    reason: str = ""


class Level(msgspec.Struct, frozen=True, array_like=True):
    """Of a party, or of us (empty): 0 to 1."""

    party: str
    level: float
    speaking: bool


class Levels(Told, frozen=True, kw_only=True, tag="levels"):
    """Ten times a second at most, and only where they have changed."""

    levels: list[Level]


class LegStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """As `calls.state.Statistics`.

    `concealed_ms`: sound that was made up since the leg began, with the beginnings of pauses, of which nobody
    knows what they are. `recovered_ms`: of that, heard from copies.
    """

    party: str
    loss: float
    jitter_ms: float
    delay_ms: float
    round_trip_ms: float | None
    received_kbps: float
    sent_kbps: float
    concealed_ms: float
    recovered_ms: float
    pictures: int
    pictures_lost: int


class Statistics(Told, frozen=True, kw_only=True, tag="statistics"):
    """Once a second."""

    legs: list[LegStatistics]


class Painted(Told, frozen=True, kw_only=True, tag="painted"):
    """A picture for a tile: as `calls.state.Picture`. Not sent while the agent has not read the last ones."""

    party: str
    columns: int
    rows: int
    pixels: bytes
    form: Form = "halves"
    across: int = 0
    down: int = 0


class Problem(Told, frozen=True, kw_only=True, tag="problem"):
    """A file has ended badly, a disk is full: a sentence. The call goes on."""

    text: str


class Ended(Told, frozen=True, kw_only=True, tag="ended"):
    """A file that was to be heard or seen is over."""

    what: Literal["audio_in", "video_in"]


Report = Ready | Described | LegNow | Levels | Statistics | Painted | Problem | Ended | Said

_orders: Final[msgspec.msgpack.Decoder[Order]] = msgspec.msgpack.Decoder(Order)
_reports: Final[msgspec.msgpack.Decoder[Report]] = msgspec.msgpack.Decoder(Report)


async def next_order(reader: asyncio.StreamReader) -> Order | None:
    """None at the end, or where what comes is no order."""
    return await next_message(reader, _orders)


async def next_report(reader: asyncio.StreamReader) -> Report | None:
    """None at the end, or where what comes is no report."""
    return await next_message(reader, _reports)
