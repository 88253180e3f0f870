"""`mesh-server config`: what is in force and where it comes from, or an example of every setting."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mesh_server import settings
from mesh_server.config import Config
from mesh_server.configuring import layers
from mesh_server.doubts import doubts
from mesh_server.settings import SECRET, Setting, toml

_HEADER: Final = """\
# The settings of a Mesh server. Each is commented out and shows its default: remove the # of what you
# change. The variable wins over this file, and an argument of mesh-server over both.
# "mesh-server config check --config FILE" tells whether it is right.

"""


def example() -> int:
    print(_HEADER + settings.example(Config), end="")
    return 0


def check(config: Config, file: Path | None, flags: Mapping[str, Any]) -> int:
    """For a configuration that could be loaded; the exit code is 0, whatever is dubious."""
    places = layers(file, flags=flags)
    for setting in settings.settings(Config):
        print(f"{setting.key} = {_shown(setting, config)}{_origin(setting, places)}")
    print()
    found = doubts(config, file, os.environ)
    for doubt in found:
        print(f"dubious: {doubt}")
    print(f"The settings are valid{f'; {len(found)} to think about' if found else ''}.")
    return 0


def _shown(setting: Setting, config: Config) -> str:
    value = setting.of(config)
    if value and setting.is_marked(SECRET):
        return "(set, not shown)"
    return "(not set)" if value is None else toml(value)


def _origin(setting: Setting, places: dict[str, dict[str, Any]]) -> str:
    """Which place had the last word; nothing is said of a default."""
    for place, values in reversed(places.items()):
        found: Any = values
        for name in setting.path:
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is not None:
            return f"   # {setting.variable if place == 'environment' else place}"
    return ""
