"""What a member of a room who means ill says to the devices of a call that goes on in it.

Strategy: batches of `rtc.*` messages, one kind of evil each, so that a batch that does harm names it. What
the server refuses for its shape is among them; the rest is well-formed there and arrives, and is wrong only
for the programs of the call. The last ones come in, which every member may, and are wrong from inside.
"""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocol import calls
from protocol.calls import Again, Ask, Device, Here, Join, Leg, Payload, Ring, Role, Sends, State

Message = dict[str, Any]

CANDIDATES: Final = 3_000
SHAPES: Final = 1_500
KINDS: Final = ("rtc.offer", "rtc.answer", "rtc.ice", "rtc.hangup")
REASONS: Final = (
    "left",
    "declined",
    "busy",
    "full",
    "often",
    "elsewhere",
    "missed",
    "identity",
    "failed",
    "merged",
)
ODD: Final[tuple[Any, ...]] = (
    *(None, 0, -1, 1e300, True, "", "\0", "\u202e", "x" * 5_000, [], [[]], {}, {"do": "leg"}),
    *("{", "[]", "null", "[" * 4_000, '{"do": "again", "number": 1e400}'),
)
PAYLOADS: Final[tuple[Message, ...]] = (
    {"do": 1},
    {"do": "leg"},
    {"do": "leg", "number": -1, "key": "", "signature": ""},
    {"do": "ring", "devices": 7},
    {"do": "here", "devices": [["a"]]},
    {"do": "join", "sends": []},
    {"do": "state", "sends": {"muted": "yes"}},
)
"""Fields and payloads that are not what they should be."""

FINGERPRINT: Final = ":".join(["AB"] * 32)

SDP: Final = "\r\n".join(
    (
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "m=audio 9 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtpmap:96 opus/48000/2",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=setup:actpass",
        "m=video 9 UDP/TLS/RTP/SAVPF 97",
        "c=IN IP4 0.0.0.0",
        "a=mid:1",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtpmap:97 VP8/90000",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=setup:actpass",
        "",
    )
)
"""Of an end that is nowhere."""


class Garbage:
    """For a call: its id and room, and its devices and users.

    `device_id`: of who says it; whom the server names as the sender.
    """

    def __init__(
        self,
        seed: int,
        call_id: str,
        room_id: str,
        device_id: str,
        devices: Sequence[str],
        users: Sequence[str],
    ) -> None:
        self._random = random.Random(seed)
        self._call_id, self._room_id, self._device_id = call_id, room_id, device_id
        self._devices, self._users = devices, users
        self._key = Ed25519PrivateKey.from_private_bytes(self._random.randbytes(32))

    def batches(self) -> Iterator[tuple[str, list[Message]]]:
        """What is wrong with them, and the messages."""
        yield "shapes", [self._shape() for _ in range(SHAPES)]
        yield (
            "hang-ups of a stranger",
            [self._to_all("rtc.hangup", reason=reason) for reason in (*REASONS, "", "x" * 64)],
        )
        yield "candidates of a stranger", self._candidates()
        yield "descriptions of a stranger", [self._described(number) for number in range(1, 200)]
        yield "answers that nobody asked", [self._described(number, "answer") for number in range(1, 100)]
        yield (
            "calls of the same name",
            [
                self._said(
                    "rtc.offer",
                    Ring(devices=[Device(*pair) for pair in zip(self._users, self._devices, strict=True)]),
                )
            ]
            * 20,
        )
        yield "questions", [self._said("rtc.answer", Ask()) for _ in range(300)]
        yield (
            "lies from outside",
            [
                self._said("rtc.ice", State(sends=Sends(muted=True, deafened=True, camera=True))),
                self._said("rtc.answer", Here(devices=[Device(f"u{n}", f"d{n}") for n in range(6)])),
            ],
        )
        yield (
            "comes in, and lies",
            [
                self._said("rtc.answer", Join(fresh=True)),
                *(
                    self._said("rtc.answer", Here(devices=[Device(f"u{n}{m}", f"d{n}{m}") for m in range(6)]))
                    for n in range(50)
                ),
                *self._candidates(),
                *(self._described(self._random.randrange(1, 2**52)) for _ in range(100)),
                *(self._described(self._random.randrange(1, 2**52), "answer") for _ in range(100)),
                *(self._described(self._random.randrange(1, 2**52), sdp=self._broken()) for _ in range(100)),
                *(self._said("rtc.ice", Again(number=number)) for number in range(200)),
                *(self._said("rtc.answer", Join(fresh=True)) for _ in range(200)),
            ],
        )
        yield "goes, and hangs up again and again", [self._to_all("rtc.hangup", reason="left")] * 100

    # ── the messages ─────────────────────────────────────────────────────────────────────────────

    def _to_all(self, kind: str, **fields: Any) -> Message:
        return {
            "type": kind,
            "call_id": self._call_id,
            "room_id": self._room_id,
            "to": list(self._devices),
            **fields,
        }

    def _said(self, kind: str, payload: Payload) -> Message:
        return self._to_all(kind, payload=calls.write(payload))

    def _described(self, number: int, role: Role = "offer", sdp: str = SDP) -> Message:
        """Signed well by an identity of our own, in three of four."""
        to = self._random.choice(self._devices)
        data = calls.signed(role, self._call_id, number, self._device_id, to, FINGERPRINT)
        signature = self._key.sign(data) if self._random.random() < 0.75 else self._random.randbytes(64)
        leg = Leg(number=number, key=self._key.public_key().public_bytes_raw(), signature=signature)
        return self._to_all(f"rtc.{role}", to=to, sdp=sdp, payload=calls.write(leg))

    def _broken(self) -> str:
        """A description with one thing wrong."""
        lines = SDP.split("\r\n")
        at = self._random.randrange(len(lines))
        line = lines[at]
        worse = (
            "",
            line * 40,
            line[: len(line) // 2],
            line[::-1],
            line + "\0",
            "a=" + "9" * 400,
            "m=x 9 x 1",
        )
        lines[at] = self._random.choice(worse)
        return "\r\n".join(lines)

    def _candidates(self) -> list[Message]:
        draw = self._random
        found: list[Message] = []
        for _ in range(CANDIDATES):
            address = ".".join(str(draw.randrange(256)) for _ in range(4))
            place = f"{address} {draw.randrange(70_000)}"
            text = f"candidate:{draw.randrange(9)} 1 udp {draw.randrange(2**31)} {place} typ host"
            wrong = (
                text,
                "candidate:" + "x" * 300,
                "",
                "candidate:1 1 udp 1 localhost 22 typ host",
                text[:20],
            )
            one: Any = draw.choice(wrong)
            if draw.random() < 0.2:
                one = {"candidate": one, "sdpMLineIndex": draw.choice((0, -1, None)), "sdpMid": "0"}
            found.append(self._to_all("rtc.ice", candidate=one))
        return found

    def _shape(self) -> Message:
        """Some field is what it must not be."""
        draw = self._random
        odd = [*ODD, *(json.dumps(each) for each in PAYLOADS)]
        message = self._to_all(draw.choice(KINDS), to=draw.choice((*self._devices, *self._users)))
        for name in draw.sample(
            ("payload", "sdp", "candidate", "reason", "call_id", "to"), draw.randrange(1, 4)
        ):
            message[name] = draw.choice(odd)
        if draw.random() < 0.7:
            message["call_id"] = self._call_id
        return message
