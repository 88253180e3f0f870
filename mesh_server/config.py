"""The one configuration: a TOML file, `MESH_*` variables and flags, each overriding the one before.

Every setting is a field of `Config`: `listen` is `listen = "…"` in the file, `MESH_LISTEN` in the
environment and, for the few that have one, `--listen` on the command line. A field that is a struct is a
section: `tls.certificate` stands under `[tls]` in the file and is `MESH_TLS_CERTIFICATE`; a list is
separated by commas there. A key that does not exist is refused, so that a typo cannot pass for a setting.
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_origin, get_type_hints

import msgspec
import platformdirs
from msgspec import Meta, Struct

from protocol import limits
from protocol.rest import Registration

PREFIX: Final = "MESH_"


class ConfigError(Exception):
    """A setting that cannot be; the text is for the operator."""


class Tls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PEM files of a certificate with its chain, and of its key; both or neither."""

    certificate: str = ""
    key: str = ""


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
    tls: Tls = Tls()

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
    _merge(settings, _from_environment(Config, PREFIX, os.environ if env is None else env))
    _merge(settings, {name: value for name, value in (flags or {}).items() if value is not None})
    config = _convert(settings, "The configuration is not valid")
    _ = config.address
    if bool(config.tls.certificate) != bool(config.tls.key):
        raise ConfigError("tls.certificate and tls.key go together: name both files, or neither.")
    return config


def _merge(settings: dict[str, Any], stronger: dict[str, Any]) -> None:
    """Puts `stronger` over `settings`, section by section."""
    for name, value in stronger.items():
        if isinstance(value, dict) and isinstance(settings.get(name), dict):
            _merge(settings[name], value)
        else:
            settings[name] = value


def _from_environment(kind: type[Struct], prefix: str, env: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, hint in get_type_hints(kind).items():
        variable = prefix + name.upper()
        if isinstance(hint, type) and issubclass(hint, Struct):
            if section := _from_environment(hint, variable + "_", env):
                found[name] = section
        elif variable in env:
            is_list = get_origin(hint) in (list, tuple)
            found[name] = _items(env[variable]) if is_list else env[variable]
    return found


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


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
