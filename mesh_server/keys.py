"""What a server keeps secret: in files of its data folder, or in the database that its nodes share."""

import base64
import hmac
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mesh_server.config import Config
from mesh_server.errors import CannotStart
from mesh_server.services.signing import (
    SIGNING_FILE,
    SigningKeyUnusable,
    load_signing_keys,
    parse_signing_keys,
    read_signing_keys,
)
from mesh_server.services.ssh_keys import fingerprint as key_fingerprint
from mesh_server.services.tokens import (
    KEY_FILE,
    SecretUnusable,
    load_secret,
    parse_secret,
    read_secret,
    secret_file,
)
from protocol.capability import SigningKey

T = TypeVar("T")

GetSecret = Callable[[str, Callable[[], str]], Awaitable[str]]
"""What nodes share under a name, made by the first that asks (`PostgresStore.get_secret`)."""

ACCESS: Final = "secret:access"
SIGNING: Final = "secret:signing"
HOST: Final = "secret:host"
"""Names in the database: the values are what the files hold."""

ROW: Final = "The row {} of the table meta in the database"
HOST_FILE: Final = "host.key"
_KEY_BYTES: Final = 32


class Keys(NamedTuple):
    """`access` signs access tokens; the first of `signing` signs capabilities; `host` is what the ssh door
    is known by, empty where there is none.
    """

    access: bytes
    signing: list[SigningKey]
    host: bytes = b""


def fingerprint(keys: Keys) -> str:
    """The same for the same keys; it tells nothing of them."""
    return hmac.digest(keys.access, b"mesh nodes" + keys.signing[0].id.encode(), "sha256").hex()[:16]


def load_keys(config: Config) -> Keys:
    """Each is made the first time. Raises: CannotStart."""
    folder = config.folder
    return Keys(
        access=_load(load_secret, folder, KEY_FILE),
        signing=_load(load_signing_keys, folder, SIGNING_FILE),
        host=_load(_load_host_key, folder, HOST_FILE) if config.ssh else b"",
    )


def _load_host_key(folder: Path) -> bytes:
    return read_host_key(secret_file(folder / HOST_FILE, _KEY_BYTES, secrets.token_bytes))


def read_host_key(path: Path) -> bytes:
    """What the ssh door is known by. Raises: SecretUnusable, OSError."""
    return parse_host_key(path.read_text("ascii", "replace"), f"The file {path}")


def parse_host_key(text: str, where: str) -> bytes:
    """Raises: SecretUnusable, which says where it is."""
    return parse_secret(text, where, lost="everyone's ssh then warns that the server is another one")


def host_fingerprint(host: bytes) -> str:
    """Of the key's public half, as ssh shows it."""
    public = Ed25519PrivateKey.from_private_bytes(host).public_key()
    line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return key_fingerprint(base64.b64decode(line.split()[1]))


def shared_secrets(folder: Path) -> dict[str, str]:
    """What the files of a data folder have to say to nodes that share a database, by its name there.

    Raises: CannotStart, where one of them cannot be used.
    """
    readers: list[tuple[str, str, Callable[[Path], object]]] = [
        (ACCESS, KEY_FILE, read_secret),
        (SIGNING, SIGNING_FILE, read_signing_keys),
        (HOST, HOST_FILE, read_host_key),
    ]
    found = {}
    for name, file, read in readers:
        if (folder / file).exists():
            _load(read, folder / file)
            found[name] = (folder / file).read_text("ascii")
    return found


async def load_shared_keys(get_secret: GetSecret, folder: Path, *, ssh: bool = False) -> Keys:
    """Those in the database; made the first time, from the files of this node where it has them.

    `ssh`: whether there is a door that is known by one.

    Raises: CannotStart; what `get_secret` raises.
    """
    own = shared_secrets(folder)

    async def get(name: str) -> str:
        return await get_secret(name, lambda: own.get(name) or secrets.token_hex(_KEY_BYTES))

    try:
        return Keys(
            access=parse_secret(await get(ACCESS), ROW.format(ACCESS)),
            signing=parse_signing_keys(await get(SIGNING), ROW.format(SIGNING)),
            host=parse_host_key(await get(HOST), ROW.format(HOST)) if ssh else b"",
        )
    except (SecretUnusable, SigningKeyUnusable) as error:
        raise CannotStart(str(error)) from None


def _load(load: Callable[[Path], T], place: Path, name: str = "") -> T:
    """`place`: what `load` takes; `name`: of the file in it, where it is a folder."""
    try:
        return load(place)
    except (SecretUnusable, SigningKeyUnusable) as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"The file {place / name} cannot be used: {error.strerror}.") from None
