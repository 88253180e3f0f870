"""Capabilities: what a server says of two peers, signed, so that they can check it without asking it.

Strategy: a capability is a JWT (RFC 7519), signed with Ed25519 (RFC 8037), `aud` `p2p`, that lives for at
most `limits.CAPABILITY_S`. It names a kind and a room, and who holds it; as the token of a session it also
names the session and the other peer. Who verifies one needs nothing but the server's public keys, which it
finds by their `kid`, so that a server can change its key while tokens of the old one are still out. The
times are the verifier's own (`now`, milliseconds), and so is the memory that makes a token good only once.

    claim                       of every capability, and what it must be
    iss, aud                    `mesh`, `p2p`
    iat, exp                    seconds; `exp` is at most `limits.CAPABILITY_S` after `iat`
    jti                         its own name: whoever has seen it before refuses it
    kind, room_id               what it is for, and where both peers are members
    sub, device_id              who holds it; without `device_id`, on any device of theirs
    session_id                  of a session's token only: which session
    peer_id, peer_device_id     of a session's token only: who is on the other side, and on which device
"""

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from protocol import limits
from protocol.errors import (
    CapabilityEarly,
    CapabilityError,
    CapabilityExpired,
    CapabilityInvalid,
    CapabilityUsed,
    WrongDevice,
    WrongKind,
    WrongPeer,
    WrongRoom,
    WrongSession,
)
from protocol.rest import P2pKind, PublicKey

ALGORITHM: Final = "EdDSA"
ISSUER: Final = "mesh"
AUDIENCE: Final = "p2p"

SPENT_MAX: Final = 100_000
"""Tokens that a verifier remembers as used; past it none is taken until some have expired."""


class Grant(Struct, frozen=True, kw_only=True):
    """What a capability says. Without a session it says that its holder is a member of the room.

    A device that is None is any device of that user: before a session is accepted, nobody knows which.
    """

    kind: P2pKind
    room_id: str
    user_id: str
    device_id: str | None = None
    session_id: str | None = None
    peer_id: str | None = None
    peer_device_id: str | None = None


class _Claims(Struct, kw_only=True, omit_defaults=True):
    iss: str
    aud: str
    iat: int
    exp: int
    jti: str
    kind: P2pKind
    room_id: str
    sub: str
    device_id: str | None = None
    session_id: str | None = None
    peer_id: str | None = None
    peer_device_id: str | None = None


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────


class SigningKey:
    """A server's key; `id` is what its tokens name it by (`kid`), the key's thumbprint (RFC 7638)."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self.private: Final = private
        self.public: Final = to_jwk(private.public_key())
        self.id: Final = self.public.kid


PublicKeys = Mapping[str, Ed25519PublicKey]
"""The keys of a server by their `kid`."""


def to_jwk(key: Ed25519PublicKey) -> PublicKey:
    """A public key as it is published (RFC 8037 section 2)."""
    x = _base64url(key.public_bytes_raw())
    thumbprint = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()
    return PublicKey(kid=_base64url(thumbprint), kty="OKP", crv="Ed25519", alg=ALGORITHM, use="sig", x=x)


def from_jwks(published: Iterable[PublicKey]) -> dict[str, Ed25519PublicKey]:
    """What `GET /api/keys` answered. Raises: CapabilityInvalid, where a key is none."""
    try:
        return {
            key.kid: Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key.x + "="))
            for key in published
        }
    except ValueError:
        raise CapabilityInvalid("This server publishes a key that is none.") from None


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# ── minting and verifying ────────────────────────────────────────────────────────────────────────


def mint(grant: Grant, key: SigningKey, *, jti: str, now: int) -> str:
    """A token that says `grant`, from now on and for `limits.CAPABILITY_S`."""
    issued = now // 1000
    claims = _Claims(
        iss=ISSUER,
        aud=AUDIENCE,
        iat=issued,
        exp=issued + limits.CAPABILITY_S,
        jti=jti,
        sub=grant.user_id,
        kind=grant.kind,
        room_id=grant.room_id,
        device_id=grant.device_id,
        session_id=grant.session_id,
        peer_id=grant.peer_id,
        peer_device_id=grant.peer_device_id,
    )
    return jwt.encode(msgspec.to_builtins(claims), key.private, ALGORITHM, headers={"kid": key.id})


class SpentTokens:
    """Which tokens were used: the memory of one verifier, no longer than each of them lives."""

    def __init__(self, *, entries_max: int = SPENT_MAX) -> None:
        self._entries_max = entries_max
        self._expire: OrderedDict[str, int] = OrderedDict()

    def spend(self, jti: str, expires_at: int, now: int) -> None:
        """Times are seconds. Raises: CapabilityUsed; also where there is no room to remember one more."""
        if jti in self._expire:
            raise CapabilityUsed
        if len(self._expire) >= self._entries_max:
            self._forget(now)
        if len(self._expire) >= self._entries_max:
            raise CapabilityUsed("Too many tokens in a short time. Ask for a new one a little later.")
        self._expire[jti] = expires_at

    def _forget(self, now: int) -> None:
        for jti in [jti for jti, expires_at in self._expire.items() if expires_at <= now]:
            del self._expire[jti]

    def __len__(self) -> int:
        return len(self._expire)


def verify(
    token: str, keys: PublicKeys, expected: Grant, *, now: int, spent: SpentTokens | None = None
) -> Grant:
    """What the token says, once it fits what the verifier knows of its holder, its session and itself.

    `spent` remembers it as used; without one it is only looked at.

    Raises:
        CapabilityInvalid, CapabilityExpired, CapabilityEarly, CapabilityUsed, WrongSession, WrongKind,
        WrongRoom, WrongPeer, WrongDevice
    """
    claims = _claims(token, keys)
    seconds = now // 1000
    if claims.exp - claims.iat > limits.CAPABILITY_S:
        raise CapabilityInvalid("This token lives for longer than any may.")
    if claims.exp <= seconds:
        raise CapabilityExpired
    if claims.iat > seconds + limits.CLOCK_SKEW_S:
        raise CapabilityEarly
    grant = Grant(
        kind=claims.kind,
        room_id=claims.room_id,
        user_id=claims.sub,
        device_id=claims.device_id,
        session_id=claims.session_id,
        peer_id=claims.peer_id,
        peer_device_id=claims.peer_device_id,
    )
    for name, any_fits, error in _FITS:
        told, wanted = getattr(grant, name), getattr(expected, name)
        if told != wanted and not (any_fits and told is None):
            raise error
    if spent is not None:
        spent.spend(claims.jti, claims.exp, seconds)
    return grant


_FITS: Final[tuple[tuple[str, bool, type[CapabilityError]], ...]] = (
    ("session_id", False, WrongSession),
    ("kind", False, WrongKind),
    ("room_id", False, WrongRoom),
    ("user_id", False, WrongPeer),
    ("peer_id", False, WrongPeer),
    ("device_id", True, WrongDevice),
    ("peer_device_id", True, WrongDevice),
)
"""What has to be as expected, whether a token that says nothing of it fits, and the error where it is not."""


def _claims(token: str, keys: PublicKeys) -> _Claims:
    """What a known key has signed; its times are not looked at, because another clock decides them here."""
    if len(token) > limits.TOKEN_CHARS:
        raise CapabilityInvalid
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        payload = jwt.decode(
            token, key, algorithms=[ALGORITHM], issuer=ISSUER, audience=AUDIENCE, options=options
        )
        return msgspec.convert(payload, _Claims)
    except (jwt.InvalidTokenError, msgspec.ValidationError, KeyError, ValueError, RecursionError):
        raise CapabilityInvalid from None
