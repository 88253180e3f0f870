"""What settings files say, before it is settings: checked key by key, put one on the other, found by line.

Strategy: each value is checked by the type of its setting alone, so that the error names the one that is
wrong and what it may be. A key that does not exist is refused, so that a slip of the finger cannot pass for a
setting.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from mesh_tui.settings import Settings, SettingsWrong, all_settings, toml, unknown

Raw = Mapping[str, Any]


def check(raw: Raw) -> None:
    """Looks at every key and value.

    Raises:
        SettingsWrong: one of them cannot be.
    """
    for section, values in raw.items():
        if section == "keys":
            check_value("keys", values)
        elif section not in Settings.__struct_fields__:
            raise unknown(section, Settings.__struct_fields__, section)
        elif not isinstance(values, Mapping):
            raise SettingsWrong(f"{section} is a section: write [{section}].", section)
        else:
            fields: tuple[str, ...] = getattr(Settings(), section).__struct_fields__
            for name, value in values.items():
                if name not in fields:
                    raise unknown(f"{section}.{name}", fields, name)
                check_value(f"{section}.{name}", value)


def check_value(key: str, value: Any) -> Any:
    """`value` as the setting `key` holds it; raises `SettingsWrong` where it cannot be."""
    setting = all_settings()[key]
    try:
        return msgspec.convert(value, setting.kind)
    except msgspec.ValidationError as error:
        why = setting.bounds() or re.sub(r" - at `\$.*", "", str(error)) + "."
        raise SettingsWrong(f"{key} cannot be {_shown(value)}. {why}", key) from None


def settings_from(*layers: Raw) -> Settings:
    """The settings that `layers`, all of them checked, say; later ones win, key by key."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for section, values in layer.items():
            merged[section] = {**merged.get(section, {}), **values}
    return msgspec.convert(merged, Settings)


def _shown(value: Any) -> str:
    text = toml(value) if isinstance(value, str | int | float | bool | list | dict) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def line_of(text: str, key: str) -> int | None:
    """Where `key` stands in a file, counted from 1; None where that is not plain to see."""
    section, _, _ = key.partition(".")
    here, begins = "", None
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[\s*[\"']?([\w-]+)[\"']?\s*\]", line):
            here = match[1]
            begins = number if here == section else begins
        elif match := re.match(r"\s*[\"']?([\w.-]+?)[\"']?\s*=", line):
            said = f"{here}.{match[1]}" if here else match[1]
            if said == key:
                return number
            if not here and match[1] == section:
                begins = number
    return begins
