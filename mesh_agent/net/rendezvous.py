"""What two devices tell each other, through the server, about where they can be found.

Strategy: one JSON text, opaque to the server, bounded and checked as a whole before any of it is used. It is
sent once as soon as the device listens, and once more when ICE has gathered (`more` says that this comes),
with the same nonce. Nothing in it is believed: a wrong address leads nowhere, and a wrong nonce makes the
signatures of the handshake wrong.
"""

import base64
import re
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from mesh_agent.machines.hello import NONCE_BYTES
from mesh_agent.net.addresses import ADDRESSES_MAX, read_address
from protocol import limits
from protocol.errors import PeerMalformed

RENDEZVOUS_CHARS: Final = limits.SIGNAL_CHARS - 200
"""The whole text; what is left of a signal is for whoever carries it."""

CANDIDATES_MAX: Final = 48
CANDIDATE_CHARS: Final = 200
CANDIDATE_KINDS: Final = frozenset({"host", "srflx", "relay"})

_Address = Annotated[str, Meta(max_length=64)]
_Addresses = Annotated[list[_Address], Meta(max_length=ADDRESSES_MAX)]
_CANDIDATE: Final = re.compile(
    r"[A-Za-z0-9+/]{1,32} 1 (?i:udp) [0-9]{1,10} (?P<host>[0-9A-Fa-f.:]{2,45}) (?P<port>[0-9]{1,5})"
    r" typ (?P<kind>[a-z]{1,8})( raddr [0-9A-Fa-f.:]{2,45} rport [0-9]{1,5})?( generation [0-9]{1,3})?",
    re.ASCII,
)
"""As RFC 8839 section 5.1 has it, of UDP, the first component, and a number for a host."""


class IceSide(Struct, frozen=True, kw_only=True):
    """One end of ICE (RFC 8839): who it is, and where it may be reached."""

    ufrag: Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{4,64}$")]
    pwd: Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{22,128}$")]
    candidates: Annotated[
        list[Annotated[str, Meta(max_length=CANDIDATE_CHARS)]], Meta(max_length=CANDIDATES_MAX)
    ]


class Rendezvous(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Attributes:
    v: the version of this text.
    nonce: 32 random bytes in base64; the other end signs them.
    udp: where QUIC is listened for; of who was asked.
    tcp: where TLS is listened for; of either.
    machine: a hash that programs on the same machine can compute (see `addresses.machine_tag`).
    ice: the end of ICE, once it has gathered.
    more: another text with `ice` follows.
    relay: the server's relay is tried by this end.
    """

    v: Literal[1] = 1
    nonce: Annotated[str, Meta(min_length=44, max_length=44)]
    udp: _Addresses = []
    tcp: _Addresses = []
    machine: Annotated[str, Meta(max_length=64)] = ""
    ice: IceSide | None = None
    more: bool = False
    relay: bool = False

    @property
    def nonce_bytes(self) -> bytes:
        return base64.b64decode(self.nonce)


def new_nonce_text(nonce: bytes) -> str:
    assert len(nonce) == NONCE_BYTES
    return base64.b64encode(nonce).decode()


def write_rendezvous(rendezvous: Rendezvous) -> str:
    """The text; candidates that make it too long are left out, from the end."""
    text = msgspec.json.encode(rendezvous).decode()
    while len(text) > RENDEZVOUS_CHARS and rendezvous.ice is not None and rendezvous.ice.candidates:
        ice = msgspec.structs.replace(rendezvous.ice, candidates=rendezvous.ice.candidates[:-1])
        rendezvous = msgspec.structs.replace(rendezvous, ice=ice)
        text = msgspec.json.encode(rendezvous).decode()
    return text


def read_rendezvous(text: str) -> Rendezvous:
    """What the other device has said. Raises: PeerMalformed, and nothing else."""
    if len(text) > RENDEZVOUS_CHARS:
        raise PeerMalformed
    try:
        read = msgspec.json.decode(text.encode(), type=Rendezvous)
        if len(base64.b64decode(read.nonce, validate=True)) != NONCE_BYTES:
            raise PeerMalformed
        for address in (*read.udp, *read.tcp):
            read_address(address)
        for candidate in () if read.ice is None else read.ice.candidates:
            read_candidate(candidate)
    except (ValueError, RecursionError):  # msgspec's and base64's are ValueErrors
        raise PeerMalformed from None
    return read


def read_candidate(text: str) -> tuple[str, str, int]:
    """Kind, numeric host and port of an ICE candidate. Raises: ValueError."""
    found = _CANDIDATE.fullmatch(text)
    if found is None or found["kind"] not in CANDIDATE_KINDS:
        raise ValueError("this is no candidate")
    host = found["host"]
    host, port = read_address(f"[{host}]:{found['port']}" if ":" in host else f"{host}:{found['port']}")
    return found["kind"], host, port
