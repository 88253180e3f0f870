"""The server's own Ed25519 key, and the capabilities that it signs.

The file holds one key a line, in hexadecimal. The first one signs; all of them are published, so that a
capability signed before a change of key can be verified as long as it lives. To change the key, put a new
line on top and restart; the old line may go once `limits.CAPABILITY_S` have passed.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh_server.ids import Clock, NewId
from mesh_server.services.tokens import RandomBytes, secret_file
from protocol.capability import Grant, SigningKey, mint
from protocol.rest import PublicKey

SIGNING_FILE: Final = "signing.key"
KEYS_MAX: Final = 8
_KEY_BYTES: Final = 32


class SigningKeyUnusable(Exception):
    """The file of the key is not what this program wrote; the text is for the operator."""


class Signer:
    """Signs with the first of its keys."""

    def __init__(self, keys: Sequence[SigningKey], *, clock: Clock, new_id: NewId) -> None:
        self._keys = keys
        self._clock, self._new_id = clock, new_id

    @property
    def public(self) -> list[PublicKey]:
        return [key.public for key in self._keys]

    def sign(self, grant: Grant) -> str:
        """A capability that begins to live now, with a name of its own."""
        return mint(grant, self._keys[0], jti=self._new_id(), now=self._clock())


def load_signing_keys(folder: Path, *, random_bytes: RandomBytes = secrets.token_bytes) -> list[SigningKey]:
    """The keys in `folder`, one made there the first time; readable for its owner alone.

    Raises:
        SigningKeyUnusable: the file does not hold keys.
        OSError: it cannot be read or written.
    """
    return read_signing_keys(secret_file(folder / SIGNING_FILE, _KEY_BYTES, random_bytes))


def read_signing_keys(path: Path) -> list[SigningKey]:
    """Raises: SigningKeyUnusable, OSError."""
    return parse_signing_keys(path.read_text("ascii", "replace"), f"The file {path}")


def parse_signing_keys(text: str, where: str) -> list[SigningKey]:
    """Raises: SigningKeyUnusable, which says where they are."""
    try:
        seeds = [bytes.fromhex(line) for line in text.split()]
        keys = [SigningKey(Ed25519PrivateKey.from_private_bytes(seed)) for seed in seeds]
    except ValueError:
        keys = []
    if not 1 <= len({key.id for key in keys}) == len(keys) <= KEYS_MAX:
        raise SigningKeyUnusable(
            f"{where} does not hold 1 to {KEYS_MAX} keys, one a line. Restore it from a backup, or "
            "delete it: transfers and terminals that are just being set up then have to be asked for again."
        )
    return keys
