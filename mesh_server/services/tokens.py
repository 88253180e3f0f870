"""The two tokens of a device: one that is shown with every request, and one that buys the next.

A personal token, which a program shows instead of both, is like a refresh token that is not spent.
An access token is a JWT (RFC 7519, HS256) that lives for minutes: user, device and the moment that the device
signed in. A refresh token is 256 random bits, of which the store knows only the SHA-256; where the client
names its attempt, they are derived from that and from the token spent, so that an answer lost on the line
can be given once more without being kept.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jwt
from msgspec import Struct

from mesh_server.ids import Clock
from protocol import limits
from protocol.errors import TokenExpired, TokenInvalid

RandomBytes = Callable[[int], bytes]

ACCESS_S: Final = 15 * 60
REFRESH_MS: Final = 30 * 24 * 3600 * 1000
"""How long a device may be away before it has to sign in again."""

KEY_FILE: Final = "secret.key"
_SECRET_BYTES: Final = 32
_REFRESH_BYTES: Final = 32
_PERSONAL_BYTES: Final = 32
_PERSONAL: Final = "mesh_"
"""What personal tokens begin with, so that programs that look for secrets in what is published know one."""

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "mesh"
_AUDIENCE: Final = "mesh.access"
_CLAIMS: Final = ("iss", "aud", "exp", "iat", "sub", "dev", "ses")


class SecretUnusable(Exception):
    """The file of the secret is not what this program wrote; the text is for the operator."""


class Claims(Struct, frozen=True, kw_only=True):
    """What an access token says. `signed_in_at`: milliseconds, tells one signing in from the next."""

    user_id: str
    device_id: str
    signed_in_at: int


class AccessTokens:
    """Mints and verifies access tokens with one secret."""

    def __init__(self, secret: bytes, *, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def mint(self, claims: Claims) -> str:
        now = self._clock() // 1000
        payload = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "iat": now,
            "exp": now + ACCESS_S,
            "sub": claims.user_id,
            "dev": claims.device_id,
            "ses": claims.signed_in_at,
        }
        return jwt.encode(payload, self._secret, _ALGORITHM)

    def verify(self, token: str) -> Claims:
        """Raises: TokenInvalid, TokenExpired."""
        payload = self._payload(token)
        user_id, device_id, signed_in_at = payload["sub"], payload["dev"], payload["ses"]
        if not (isinstance(user_id, str) and isinstance(device_id, str) and isinstance(signed_in_at, int)):
            raise TokenInvalid
        if payload["exp"] * 1000 <= self._clock():
            raise TokenExpired
        return Claims(user_id=user_id, device_id=device_id, signed_in_at=signed_in_at)

    def successor(self, refresh_token: str, attempt: str) -> str:
        """The refresh token that this attempt to spend `refresh_token` gets, however often it is made."""
        spent = f"{refresh_token}\0{attempt}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, b"mesh.refresh\0" + spent, "sha256").hex()

    def _payload(self, token: str) -> dict[str, Any]:
        if len(token) > limits.TOKEN_CHARS:
            raise TokenInvalid
        # Its own clock is not ours, so the times are left to `verify`.
        options: Any = {"require": _CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            payload = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                options=options,
            )
        except (jwt.InvalidTokenError, ValueError):
            raise TokenInvalid from None
        if not isinstance(payload["exp"], int):
            raise TokenInvalid
        return payload


def bearer_token(authorization: str) -> str:
    """The token in an `Authorization` header (RFC 6750 section 2.1); empty where there is none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def new_refresh_token(random_bytes: RandomBytes = secrets.token_bytes) -> str:
    return random_bytes(_REFRESH_BYTES).hex()


def refresh_hash(token: str) -> bytes:
    """What the store knows of a refresh token; no salt, because it cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_personal_token(random_bytes: RandomBytes = secrets.token_bytes) -> str:
    return _PERSONAL + random_bytes(_PERSONAL_BYTES).hex()


def is_personal(token: str) -> bool:
    """Whether this is of the kind that a program shows."""
    return token.startswith(_PERSONAL) and len(token) <= limits.TOKEN_CHARS


def token_hash(token: str) -> bytes:
    """What the store knows of a personal token; no salt, because it cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def load_secret(folder: Path, *, random_bytes: RandomBytes = secrets.token_bytes) -> bytes:
    """The secret in `folder`, made there the first time; readable for its owner alone.

    Raises:
        SecretUnusable: the file is not a secret.
        OSError: it cannot be read or written.
    """
    return read_secret(secret_file(folder / KEY_FILE, _SECRET_BYTES, random_bytes))


def read_secret(path: Path) -> bytes:
    """Raises: SecretUnusable, OSError."""
    return parse_secret(path.read_text("ascii", "replace"), f"The file {path}")


def parse_secret(
    text: str, where: str, *, lost: str = "everyone then has to refresh their session once"
) -> bytes:
    """Raises: SecretUnusable, which says where it is, and what it costs to make another one (`lost`)."""
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES:
        raise SecretUnusable(
            f"{where} does not hold a secret. Restore it from a backup, or delete it: {lost}."
        )
    return secret


def secret_file(path: Path, size: int, random_bytes: RandomBytes) -> Path:
    """`path`, where one line of so many random bytes is written the first time; for its owner alone."""
    if not path.exists():
        _write_whole(path, random_bytes(size).hex().encode() + b"\n")
    path.chmod(0o600)
    return path


def _write_whole(path: Path, content: bytes) -> None:
    """All of it or nothing, even where the power fails: a half-written secret would lock everyone out."""
    scratch = path.with_name(path.name + ".new")
    scratch.unlink(missing_ok=True)
    file = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)
    scratch.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
