"""Who this device is: an Ed25519 key of its own, made once a profile and kept as long as the profile.

Strategy: the file holds the 32 bytes of the seed in hexadecimal, and below them those of the public key, mode
0600, and nothing else. It is made under the profile's lock, so that two programs that start at once get the
same one. A file that is there and cannot be read as a key is never replaced: another identity would look to
everybody like another device. Every program tells the server who it is, and few meet another device: the
public key is in the file so that those need no cryptography, which takes longer to load than all they do.
"""

import asyncio
import base64
import binascii
import hashlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesh_agent.client.errors import FilesUnusable
from mesh_agent.client.folders import Profile, locked, read_small, replace_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED_BYTES: Final = 32
PUBLIC_BYTES: Final = 32


def fingerprint(data: bytes) -> str:
    """Of a key (its 32 raw bytes) or of a certificate (its DER), as peers and servers know it."""
    return "SHA256:" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


class Identity:
    """A device's key. `public`: 32 bytes; `fingerprint`: what `system.hello` says as `device_key`."""

    def __init__(self, seed: bytes, public: bytes | None = None) -> None:
        """`seed`: the private key's (RFC 8032); `public`: of the same key, where it is known.

        Raises: ValueError, for other lengths.
        """
        if len(seed) != SEED_BYTES or (public is not None and len(public) != PUBLIC_BYTES):
            raise ValueError("a key has 32 bytes")
        self.seed: Final = seed
        self.public: Final = public or self._private().public_key().public_bytes_raw()
        self.fingerprint: Final = fingerprint(self.public)

    def _private(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def sign(self, data: bytes) -> bytes:
        """64 bytes."""
        return self._private().sign(data)


def signed_by(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the holder of `public` (32 bytes) has signed `data`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


async def device_identity(profile: Profile) -> Identity:
    """The profile's identity, made where there is none yet.

    Raises:
        FilesUnusable: the file cannot be read or written, or is no key.
    """
    async with locked(profile.lock_path):
        return await asyncio.to_thread(_read_or_make, profile)


def _read_or_make(profile: Profile) -> Identity:
    path = profile.identity_path
    text = read_small(path)
    if text is None:
        return _keep(path, Identity(secrets.token_bytes(SEED_BYTES)))
    try:
        identity = Identity(*map(binascii.unhexlify, text.split()))
    except (ValueError, TypeError):
        raise FilesUnusable(
            f"{path} is damaged: it is not the key of this device. Put back a copy of it; if there is none,"
            " move it away, and everybody will see this device as another one."
        ) from None
    if len(text.split()) == 1:  # as it was kept before the public key was
        return _keep(path, identity)
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise FilesUnusable(f"{path} cannot be used: {error.strerror}.") from None
    return identity


def _keep(path: Path, identity: Identity) -> Identity:
    replace_file(path, f"{identity.seed.hex()}\n{identity.public.hex()}\n".encode())
    return identity
