"""What one end has to know before it meets the other, and by what line the two hear of each other first."""

from typing import Final, Protocol

from msgspec import Struct

from mesh_agent.net.base import Role, Way
from protocol.errors import MeshError
from protocol.rest import IceServer, P2pKind, PublicKey

TCP_S: Final = 2.5
"""A firewall that answers nothing is common."""


class NoWay(MeshError):
    """The two devices do not reach each other; the sentence says what was tried."""

    code = "peer.no_way"
    text = "No way to the other device was found."


class Options(Struct, frozen=True, kw_only=True):
    """How they may meet.

    Attributes:
        direct: addresses of this machine may be told to the other one, and connected from; without it there
            is the relay alone.
        relay: the server's relay may be used.
        quic_only: further lanes are QUIC, never TLS over TCP.
        hoped: a better way than the last one that is known to come, which is waited for a little longer.
        lane_s: how long a further lane of TLS is tried.
        turn_s: how long who asked has to open lanes before this end opens some towards it.
    """

    direct: bool = True
    relay: bool = True
    quic_only: bool = False
    hoped: Way | None = None
    lane_s: float = TCP_S
    turn_s: float = TCP_S


class Setup(Struct, frozen=True, kw_only=True):
    """All that one end knows of a session before it meets the other.

    Attributes:
        identity_seed: of this device's identity.
        certificate_der, certificate_key: of this session's certificate.
        peer_certificate_fingerprint: of the other end's, as the server told it.
        peer_key_fingerprint: of the other device's identity, as the server says; None where it says nothing.
        known_identity: the one that is remembered of the other device; None where it was never met.
        relay_url: of this session's relay, http or https; `relay_token`: the access token of this device.
        ice_servers: what our own server has named; no other is ever asked.
    """

    role: Role
    session_id: str
    kind: P2pKind
    room_id: str
    user_id: str
    device_id: str
    peer_user_id: str
    peer_device_id: str
    session_token: str
    server_keys: list[PublicKey]
    identity_seed: bytes
    certificate_der: bytes
    certificate_key: bytes
    peer_certificate_fingerprint: str
    peer_key_fingerprint: str | None = None
    known_identity: bytes | None = None
    relay_url: str = ""
    relay_token: str = ""
    ice_servers: list[IceServer] = []
    options: Options = Options()


class Signals(Protocol):
    """The line to the other device through the server, for this session alone."""

    async def send(self, payload: str) -> None: ...

    async def receive(self) -> str:
        """The next that the other device has sent; waits for it."""
