"""What a server keeps secret, from the files in its data folder."""

import hmac
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from mesh_server.config import Config
from mesh_server.errors import CannotStart
from mesh_server.services.signing import SIGNING_FILE, SigningKeyUnusable, load_signing_keys
from mesh_server.services.tokens import KEY_FILE, SecretUnusable, load_secret
from protocol.capability import SigningKey

T = TypeVar("T")


class Keys(NamedTuple):
    """`access` signs access tokens; the first of `signing` signs capabilities."""

    access: bytes
    signing: list[SigningKey]


def fingerprint(keys: Keys) -> str:
    """The same for the same keys; it tells nothing of them."""
    return hmac.digest(keys.access, b"mesh nodes" + keys.signing[0].id.encode(), "sha256").hex()[:16]


def load_keys(config: Config) -> Keys:
    """Each is made the first time. Raises: CannotStart."""
    folder = config.folder
    return Keys(
        access=_load(load_secret, folder, KEY_FILE),
        signing=_load(load_signing_keys, folder, SIGNING_FILE),
    )


def _load(load: Callable[[Path], T], folder: Path, name: str) -> T:
    try:
        return load(folder)
    except (SecretUnusable, SigningKeyUnusable) as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"The file {folder / name} cannot be used: {error.strerror}.") from None
