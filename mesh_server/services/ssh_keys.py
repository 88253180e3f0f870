"""The public keys that people come in by at the ssh door.

Only a key's fingerprint is kept: the door is shown the key itself, and who has its other half signs with it.
"""

import base64
import binascii
import hashlib
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from mesh_server.ids import Clock, NewId
from mesh_server.services import names
from mesh_server.services.principal import Principal
from mesh_server.store.base import SshKeyRecord, SshKeyStore
from protocol.errors import PasswordRequired, SshKeyInvalid, SshKeyNotFound
from protocol.rest import SshKey, SshKeyRequest
from protocol.times import format_time

KINDS: Final = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
)  # fmt: skip
RSA_BITS: Final = (2048, 8192)


class SshKeyService:
    def __init__(self, store: SshKeyStore, *, clock: Clock, new_id: NewId) -> None:
        self._store, self._clock, self._new_id = store, clock, new_id

    async def list_mine(self, who: Principal) -> list[SshKey]:
        """The oldest first."""
        return [_view(record) for record in await self._store.list_keys(who.user_id)]

    async def add(self, who: Principal, body: SshKeyRequest) -> SshKey:
        """Raises: PasswordRequired, SshKeyInvalid, TooManySshKeys."""
        if who.by_token:  # it would let in after the token is gone
            raise PasswordRequired
        kind, blob, comment = parse(body.key)
        record = SshKeyRecord(
            id=self._new_id(),
            user_id=who.user_id,
            fingerprint=fingerprint(blob),
            kind=kind,
            name=names.device_name(body.name or comment or kind),
            created_at=self._clock(),
        )
        await self._store.create_key(record)
        return _view(record)

    async def remove(self, who: Principal, key_id: str) -> None:
        """Raises: PasswordRequired, SshKeyNotFound."""
        if who.by_token:
            raise PasswordRequired
        if not await self._store.remove_key(who.user_id, key_id):
            raise SshKeyNotFound

    async def knows(self, username: str, blob: bytes) -> bool:
        """Whether whoever has this key is let in by that name."""
        return await self._store.has_key(names.login_key(username), fingerprint(blob))


def parse(line: str) -> tuple[str, bytes, str]:
    """Kind, key and comment of a line as it stands in a `.pub` file. Raises: SshKeyInvalid."""
    kind, _, rest = line.strip().partition(" ")
    encoded, _, comment = rest.strip().partition(" ")
    if kind not in KINDS:
        raise SshKeyInvalid
    try:
        blob = base64.b64decode(encoded, validate=True)
        key = load_ssh_public_key(f"{kind} {encoded}".encode())
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise SshKeyInvalid from None
    if isinstance(key, RSAPublicKey) and not RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
        raise SshKeyInvalid(f"A key of RSA has {RSA_BITS[0]} to {RSA_BITS[1]} bits.")
    return kind, blob, comment.strip()


def fingerprint(blob: bytes) -> str:
    """As ssh shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _view(record: SshKeyRecord) -> SshKey:
    return SshKey(
        id=record.id,
        name=record.name,
        kind=record.kind,
        fingerprint=record.fingerprint,
        created_at=format_time(record.created_at),
    )
