"""Who is there: `P2P_HELLO` and `P2P_HELLO_OK`, before anything else is said. No IO; clocks are arguments.

    asker   READY ──start: P2P_HELLO──> SAID ──P2P_HELLO_OK: P2P_PING──> OPEN
    asked   READY ──P2P_HELLO: P2P_HELLO_OK──> SAID ──P2P_PING──> OPEN
            whatever else, or nothing within `HELLO_S`: P2P_ERROR ──> CLOSED

Strategy: both ends hold the same `Terms`, put together from what the server has relayed and from the
certificate that the lane really has. Each signs them with the other's nonce and its own role, so that no
signature is good for another session, another certificate, another attempt, or for the other end. Somebody in
between needs a certificate of their own, and a signature over that one is refused by who was asked.

The ping says that the answer was good, so that neither end takes for a meeting what the other has refused.
What is told to an end that is refused is a code and nothing else; which sentence belongs to it, that end
knows itself (`HelloRefused`).
"""

import enum
import hmac
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from msgspec import Struct

from mesh_agent.net.base import Role
from mesh_agent.net.identity import Identity, fingerprint, signed_by
from protocol.capability import Grant, PublicKeys, SpentTokens, verify
from protocol.errors import (
    HelloLate,
    HelloMissing,
    MeshError,
    NonceUsed,
    PeerChanged,
    PeerFault,
    UnsupportedVersion,
    WrongDevice,
    WrongIdentity,
    WrongSession,
    WrongSignature,
)
from protocol.peer import P2pError, P2pHello, P2pHelloOk, P2pPing, PeerFrame
from protocol.rest import P2pKind
from protocol.version import PEER_VERSION

HELLO_S: Final = 10.0
"""How long the other end has, from when the lane is there."""

NONCE_BYTES: Final = 32
LANE_KEY_BYTES: Final = 32
LABEL: Final = b"mesh-p2p/1 hello"


class Terms(Struct, frozen=True, kw_only=True):
    """What both ends hold of their meeting; certificates by their fingerprints."""

    session_id: str
    kind: P2pKind
    asker_certificate: str
    asked_certificate: str
    asker_nonce: bytes
    asked_nonce: bytes

    def signed(self, role: Role) -> bytes:
        """What the end in that role signs: the label, a NUL, and each part after its length in 4 bytes."""
        parts = (
            role.encode(),
            self.session_id.encode(),
            self.kind.encode(),
            self.asker_certificate.encode(),
            self.asked_certificate.encode(),
            self.asked_nonce if role == "asker" else self.asker_nonce,
        )
        return LABEL + b"\0" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class Own(Struct, frozen=True, kw_only=True):
    """This end. `session_token`: of who asks; who is asked shows none."""

    identity: Identity
    device_id: str
    session_token: str = ""


class Expected(Struct, frozen=True, kw_only=True):
    """The other end, as far as it is known.

    Attributes:
        grant: what its token has to say.
        key_fingerprint: what the server says of its identity; None where it says nothing.
        identity: the one remembered of it; None where it was never met.
    """

    device_id: str
    grant: Grant
    key_fingerprint: str | None = None
    identity: bytes | None = None


class State(enum.Enum):
    READY = enum.auto()
    SAID = enum.auto()
    OPEN = enum.auto()
    CLOSED = enum.auto()


class HelloRefused(MeshError):
    """The other device does not want to meet this one. `reason`: the code that it gave."""

    code = "peer.refused"
    text = "The other device refused to meet this one."

    def __init__(self, reason: str) -> None:
        super().__init__(REFUSED.get(reason))
        self.reason: Final = reason


REFUSED: Final = {
    "p2p.expired_token": "The other device says that this session's token has expired. Try again.",
    "p2p.early_token": "The clocks of the two devices are too far apart. Set them right and try again.",
    "p2p.used_token": "The other device has met somebody with this session's token already. Try again.",
    "peer.hello_late": "The other device did not hear who this one is in time. Try again.",
    "peer.identity_changed": (
        "The other device remembers another identity of this one. Its person has to compare the safety words"
        " and agree first."
    ),
    "peer.wrong_identity": "The server has told the other device of another identity than this one has.",
    "peer.wrong_signature": (
        "The other device saw another connection than this one did. Somebody may sit between the two of you."
    ),
    "version.unsupported": "The two devices speak different versions of Mesh. Update the older one.",
}


class Hello:
    """One end of one handshake.

    Attributes:
        state: OPEN once the other end is who it has to be.
        fault: why it is CLOSED.
        identity: the other end's, once its signature was good; also where it was refused as another one.
        lane_key: what further lanes prove to know, once OPEN.
    """

    def __init__(
        self,
        role: Role,
        terms: Terms,
        own: Own,
        peer: Expected,
        *,
        now: float,
        keys: PublicKeys,
        spent: SpentTokens,
        lane_key: bytes = b"",
    ) -> None:
        """`now`: seconds of a clock that never runs back. `keys`, `spent`, `lane_key`: of who is asked."""
        self.role: Final = role
        self.state = State.READY
        self.fault: MeshError | None = None
        self.identity: bytes | None = None
        self.lane_key = lane_key
        self.deadline: Final = now + HELLO_S
        self._terms, self._own, self._peer = terms, own, peer
        self._keys, self._spent = keys, spent

    def start(self) -> list[PeerFrame]:
        """What to send before anything came; who is asked says nothing."""
        assert self.state is State.READY
        if hmac.compare_digest(self._terms.asker_nonce, self._terms.asked_nonce):
            return self._close(NonceUsed())
        if self.role == "asked":
            return []
        self.state = State.SAID
        return [
            P2pHello(
                version=PEER_VERSION,
                session_id=self._terms.session_id,
                session_token=self._own.session_token,
                device_id=self._own.device_id,
                identity=self._own.identity.public,
                signature=self._own.identity.sign(self._terms.signed("asker")),
            )
        ]

    def receive(self, frame: PeerFrame, *, now: float, wall: int) -> list[PeerFrame]:
        """What to send after a frame came; `wall`: milliseconds since 1970, for the times of the token.

        Never raises for what the other end does: `state` and `fault` tell it.
        """
        if self.state in (State.OPEN, State.CLOSED):
            return []
        if now >= self.deadline:
            return self._close(HelloLate())
        if isinstance(frame, P2pError):
            self.state, self.fault = State.CLOSED, HelloRefused(frame.code)
            return []
        step = self._STEPS.get((self.role, self.state, type(frame)))
        if step is None:
            return self._close(HelloMissing())
        try:
            return step(self, frame, wall)
        except MeshError as error:
            return self._close(error)

    def broken(self, fault: PeerFault) -> list[PeerFrame]:
        """The bytes that came are no frames."""
        return [] if self.state is State.CLOSED else self._close(fault)

    def tick(self, now: float) -> list[PeerFrame]:
        """To be called at `deadline`."""
        if self.state in (State.OPEN, State.CLOSED) or now < self.deadline:
            return []
        return self._close(HelloLate())

    # ── the steps ────────────────────────────────────────────────────────────────────────────────

    def _hello(self, frame: P2pHello, wall: int) -> list[PeerFrame]:
        self._require_session(frame)
        verify(frame.session_token, self._keys, self._peer.grant, now=wall, spent=self._spent)
        self._require_identity(frame, "asker")
        self.state = State.SAID
        return [
            P2pHelloOk(
                version=PEER_VERSION,
                session_id=self._terms.session_id,
                device_id=self._own.device_id,
                identity=self._own.identity.public,
                signature=self._own.identity.sign(self._terms.signed("asked")),
                lane_key=self.lane_key,
            )
        ]

    def _hello_ok(self, frame: P2pHelloOk, _wall: int) -> list[PeerFrame]:
        self._require_session(frame)
        self._require_identity(frame, "asked")
        self.lane_key = frame.lane_key
        self.state = State.OPEN
        return [P2pPing(stamp=0)]

    def _good(self, _frame: P2pPing, _wall: int) -> list[PeerFrame]:
        self.state = State.OPEN
        return []

    def _require_session(self, frame: P2pHello | P2pHelloOk) -> None:
        if frame.version != PEER_VERSION:
            raise UnsupportedVersion(REFUSED[UnsupportedVersion.code])
        if frame.session_id != self._terms.session_id:
            raise WrongSession
        if frame.device_id != self._peer.device_id:
            raise WrongDevice

    def _require_identity(self, frame: P2pHello | P2pHelloOk, role: Role) -> None:
        """Its own device's identity is refused too: what comes back would be this end's own words."""
        told = self._peer.key_fingerprint
        if told is not None and fingerprint(frame.identity) != told:
            raise WrongIdentity
        if frame.identity == self._own.identity.public:
            raise WrongIdentity
        if not signed_by(frame.identity, frame.signature, self._terms.signed(role)):
            raise WrongSignature
        self.identity = frame.identity
        if self._peer.identity is not None and frame.identity != self._peer.identity:
            raise PeerChanged

    def _close(self, fault: MeshError) -> list[PeerFrame]:
        self.state, self.fault = State.CLOSED, fault
        return [P2pError(code=fault.code)]

    _STEPS: ClassVar[Mapping[tuple[Role, State, type[PeerFrame]], Callable[..., list[PeerFrame]]]] = {
        ("asked", State.READY, P2pHello): _hello,
        ("asker", State.SAID, P2pHelloOk): _hello_ok,
        ("asked", State.SAID, P2pPing): _good,
    }
    """Which frame is taken when, and what it does."""
