"""The one configuration: a TOML file, `MESH_*` variables and flags, each overriding the one before.

Strategy: `listen` is `listen = "…"` in the file, `MESH_LISTEN` in the environment and, for the few that have
one, `--listen` on the command line. `tls.certificate` stands under `[tls]` in the file and is
`MESH_TLS_CERTIFICATE`; a list is separated by commas there. A key that does not exist is refused, so that a
typo cannot pass for a setting.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mesh_server import settings
from mesh_server.config import Config, ConfigError


def load(
    file: Path | None = None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """Raises: ConfigError, naming the file, variable or flag and what is wrong with it."""
    values: dict[str, Any] = {}
    for layer in layers(file, env, flags).values():
        _merge(values, layer)
    config = _convert(values, "The configuration is not valid")
    config.check()
    return config


def layers(
    file: Path | None = None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """What each place says, by its name, the weakest first. Raises: ConfigError."""
    return {
        "file": {} if file is None else _from_file(file),
        "environment": _from_environment(os.environ if env is None else env),
        "flag": {name: value for name, value in (flags or {}).items() if value is not None},
    }


def _merge(values: dict[str, Any], stronger: dict[str, Any]) -> None:
    """Puts `stronger` over `values`, section by section."""
    for name, value in stronger.items():
        if isinstance(value, dict) and isinstance(values.get(name), dict):
            _merge(values[name], value)
        else:
            values[name] = value


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for setting in settings.settings(Config):
        if (text := env.get(setting.variable)) is not None:
            section = found
            for name in setting.path[:-1]:
                section = section.setdefault(name, {})
            section[setting.path[-1]] = _items(text) if setting.is_list else text
    return found


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _from_file(file: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = msgspec.toml.decode(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"The file {file} cannot be read: {error.strerror}.") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"The file {file} is not TOML: {error}.") from None
    _convert(values, f"The file {file} is not valid")
    return values


def _convert(values: dict[str, Any], complaint: str) -> Config:
    try:
        return msgspec.convert(values, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{complaint}: {error}.") from None
