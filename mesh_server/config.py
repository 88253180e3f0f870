"""The one configuration: a TOML file, `MESH_*` variables and flags, each overriding the one before.

Every setting is a field of `Config`: `listen` is `listen = "…"` in the file, `MESH_LISTEN` in the
environment and `--listen` on the command line. A key that does not exist is refused, so that a typo cannot
pass for a setting.
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import platformdirs
from msgspec import Meta, Struct

from protocol import limits
from protocol.rest import Registration

PREFIX: Final = "MESH_"


class ConfigError(Exception):
    """A setting that cannot be; the text is for the operator."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a server is told. Times are seconds."""

    listen: str = "127.0.0.1:8000"
    data: str = msgspec.field(default_factory=lambda: str(platformdirs.user_data_path("mesh") / "server"))
    name: Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS)] = "Mesh"
    registration: Literal["open", "invite", "closed", "default"] = "default"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    heartbeat_s: Annotated[float, Meta(ge=0.1, le=600)] = limits.HEARTBEAT_S
    hello_timeout_s: Annotated[float, Meta(ge=0.1, le=600)] = limits.HELLO_TIMEOUT_S
    bcrypt_cost: Annotated[int, Meta(ge=4, le=16)] = 12

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`. Raises: ConfigError."""
        host, colon, port = self.listen.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not host or not port.isdecimal() or int(port) > 0xFFFF:
            raise ConfigError(f"listen is HOST:PORT, for instance 127.0.0.1:8000, not {self.listen!r}.")
        return host, int(port)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        host, _ = self.address
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def registration_mode(self) -> Registration:
        """`open` by default on loopback only; elsewhere `invite`, but for the very first account."""
        if self.registration == "default":
            return "open" if self.is_loopback else "invite"
        return self.registration

    @property
    def folder(self) -> Path:
        return Path(self.data).expanduser()


def load(
    file: Path | None = None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """Raises: ConfigError, naming the file, variable or flag and what is wrong with it."""
    settings: dict[str, Any] = {}
    if file is not None:
        settings |= _from_file(file)
    environment = os.environ if env is None else env
    for name in Config.__struct_fields__:
        if PREFIX + name.upper() in environment:
            settings[name] = environment[PREFIX + name.upper()]
    settings |= {name: value for name, value in (flags or {}).items() if value is not None}
    config = _convert(settings, "The configuration is not valid")
    _ = config.address
    return config


def _from_file(file: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = msgspec.toml.decode(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"The file {file} cannot be read: {error.strerror}.") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"The file {file} is not TOML: {error}.") from None
    _convert(settings, f"The file {file} is not valid")
    return settings


def _convert(settings: dict[str, Any], complaint: str) -> Config:
    try:
        return msgspec.convert(settings, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{complaint}: {error}.") from None
