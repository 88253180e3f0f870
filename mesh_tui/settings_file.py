"""The files that hold the settings: read, looked at again when they change, and written by the program.

Strategy: `settings.toml` beside the profiles is for all of them, and one in a profile's own folder says
what is otherwise there. A file that is wrong changes nothing: the last good settings stay, and `load` says
which line to mend. What the program saves goes through tomlkit, which keeps a person's comments and their
order, and only then is it imported. A link to a file elsewhere stays a link.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesh_agent.client.folders import PROFILE_NAME, locked, read_small, replace_file
from mesh_tui.settings import Settings, SettingsWrong
from mesh_tui.settings_raw import Raw, check, check_value, line_of, settings_from
from protocol.errors import MeshError
from protocol.text import clean_line

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

FILE: Final = "settings.toml"

CheckKeys = Callable[[Mapping[str, str]], None]

Stamp = tuple[int, int, int] | None
"""What changes when a file does; None where there is none."""


def config_folder() -> Path:
    """Where settings and themes are."""
    from platformdirs import PlatformDirs

    return Path(PlatformDirs("mesh", appauthor=False).user_config_dir)


@dataclass(slots=True)
class SettingsFile:
    """The file `common` for every profile, and `own` for one of them; neither need exist.

    `check_keys` raises `SettingsWrong` for keys that cannot be: only a screen knows.
    """

    common: Path
    own: Path | None
    check_keys: CheckKeys
    settings: Settings
    """The last good ones."""

    _stamps: tuple[Stamp, ...] = ()

    @classmethod
    def of_profile(cls, profile: str, check_keys: CheckKeys = lambda _: None) -> "SettingsFile":
        folder = config_folder()
        own = folder / "profiles" / profile / FILE if PROFILE_NAME.fullmatch(profile) else None
        return cls(folder / FILE, own, check_keys, Settings())

    @property
    def _paths(self) -> tuple[Path, ...]:
        return (self.common, self.own) if self.own else (self.common,)

    def is_stale(self) -> bool:
        """Whether a file has changed since it was last read; costs a look at each."""
        return self._stamps != tuple(map(_stamp, self._paths))

    def load(self) -> str:
        """Reads the files anew; what is wrong with them, or nothing. Then `settings` is what it was."""
        self._stamps = tuple(map(_stamp, self._paths))
        try:
            settings = settings_from(*(self._read(path)[0] for path in self._paths))
            self.check_keys(settings.keys)  # also those of one file with those of the other
            self.settings = settings
        except MeshError as error:
            return clean_line(error.message)
        return ""

    async def save(self, changes: Mapping[str, Any]) -> None:
        """Writes these settings, by key, where they already stand or belong, and takes them at once.

        Raises:
            SettingsWrong: a value cannot be, or a file is broken.
            FilesUnusable: it cannot be written.
        """
        for key, value in changes.items():
            check_value(key, value)
        await asyncio.to_thread(self.common.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
        async with locked(self.common.with_suffix(".lock")):
            await asyncio.to_thread(self._write, changes)
        self.load()

    def _write(self, changes: Mapping[str, Any]) -> None:
        layers = {path: self._read(path) for path in self._paths}
        by_path: dict[Path, dict[str, Any]] = {}
        for key, value in changes.items():
            path = self.common
            if self.own and _holds(layers[self.own][0], key):
                path = self.own
            by_path.setdefault(path, {})[key] = value
        for path, values in by_path.items():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(path.resolve(), _edited(layers[path][1], values).encode())

    def _read(self, path: Path) -> tuple[Raw, str]:
        """What a file says, checked, and its text."""
        data = read_small(path)
        if data is None:
            return {}, ""
        import tomllib

        try:
            text = data.decode()
            raw = tomllib.loads(text)
        except UnicodeDecodeError:
            raise SettingsWrong(f"{path.name} is not UTF-8 text.") from None
        except tomllib.TOMLDecodeError as error:
            raise SettingsWrong(f"{path} cannot be read: {error}.") from None
        try:
            check(raw)
            self.check_keys(raw.get("keys", {}))
        except SettingsWrong as error:
            line = line_of(text, error.key)
            where = f"{path}, line {line}" if line else str(path)
            raise SettingsWrong(f"{where}: {error.message}", error.key) from None
        return raw, text


def _stamp(path: Path) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 - a third of the time, and asked for every other second
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _holds(raw: Raw, key: str) -> bool:
    section, _, name = key.partition(".")
    return section in raw and (not name or name in raw[section])


def _edited(text: str, values: Mapping[str, Any]) -> str:
    """`text` with these settings changed and everything else as it was."""
    import tomlkit
    from tomlkit.items import Table

    document: TOMLDocument = tomlkit.parse(text)
    for key, value in values.items():
        section, _, name = key.partition(".")
        if section not in document:
            document.add(section, tomlkit.table())
        table: Any = document[section]
        if not name:
            _refill(table, value)
        elif isinstance(table.get(name), Table):
            _refill(table[name], value)
        else:
            table[name] = _item(value)
    return tomlkit.dumps(document)


def _refill(table: Any, values: Mapping[str, Any]) -> None:
    """Makes a table of the document say `values`; lines that say the same stay as they are."""
    for old in [old for old in table if old not in values]:
        del table[old]
    for new, item in values.items():
        if table.get(new) != item:
            table[new] = item


def _item(value: Any) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update(dict(value))
        return table
    return list(value) if isinstance(value, tuple) else value
