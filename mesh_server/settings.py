"""What settings there are, told from the types of `mesh_server.config`: for the environment, for people.

A setting is a field of `Config`, or of a section, which is a field that is a struct. Its description stands
beside it, in `Meta(description=…)`; `extra` marks the few that need care (`SECRET`, `SECRET_FILE`).
"""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Meta, Struct, structs

PREFIX: Final = "MESH_"
SECRET: Final[dict[str, Any]] = {"secret": True}
"""Of a setting whose value nobody is to read."""

SECRET_FILE: Final[dict[str, Any]] = {"secret_file": True}
"""Of a setting that names a file which nobody else is to read."""

_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Setting:
    """`path`: the names of its sections, and its own."""

    path: tuple[str, ...]
    kind: Any
    metas: tuple[Meta, ...]
    default: Any

    @property
    def key(self) -> str:
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        return PREFIX + "_".join(self.path).upper()

    @property
    def description(self) -> str:
        return " ".join(meta.description for meta in self.metas if meta.description)

    @property
    def is_list(self) -> bool:
        return get_origin(self.kind) in (list, tuple)

    def is_marked(self, mark: dict[str, Any]) -> bool:
        return any(mark.items() <= (meta.extra or {}).items() for meta in self.metas)

    def of(self, config: Struct) -> Any:
        """Its value in a configuration."""
        value: Any = config
        for name in self.path:
            value = getattr(value, name)
        return value

    def bounds(self) -> str:
        """What it may be, where its type says more than its default does."""
        if get_origin(self.kind) is Literal:
            return f"One of: {', '.join(map(str, get_args(self.kind)))}."
        lowest = next((meta.ge for meta in self.metas if meta.ge is not None), None)
        highest = next((meta.le for meta in self.metas if meta.le is not None), None)
        if lowest is not None and highest is not None:
            return f"From {lowest:g} to {highest:g}."
        if lowest is not None:
            return f"At least {lowest:g}."
        return f"At most {highest:g}." if highest is not None else ""


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that stand together; the first of all has no name."""

    path: tuple[str, ...]
    description: str
    settings: tuple[Setting, ...]


def sections(kind: type[Struct], path: tuple[str, ...] = ()) -> Iterator[Section]:
    """The section that `kind` is, then those within it."""
    hints = get_type_hints(kind, include_extras=True)
    plain, nested = [], []
    for field in structs.fields(kind):
        hint = hints[field.name]
        metas: tuple[Meta, ...] = ()
        if get_origin(hint) is Annotated:
            hint, *extras = get_args(hint)
            metas = tuple(extra for extra in extras if isinstance(extra, Meta))
        here = (*path, field.name)
        if isinstance(hint, type) and issubclass(hint, Struct):
            nested.append((hint, here))
        else:
            default = field.default if field.default is not NODEFAULT else field.default_factory()
            plain.append(Setting(here, hint, metas, default))
    yield Section(path, kind.__doc__ or "", tuple(plain))
    for section, where in nested:
        yield from sections(section, where)


def settings(kind: type[Struct]) -> list[Setting]:
    return [setting for section in sections(kind) for setting in section.settings]


# ── as TOML ──────────────────────────────────────────────────────────────────────────────────────


def example(kind: type[Struct]) -> str:
    """A file of every setting with its meaning; all of them are commented out and show their defaults."""
    lines: list[str] = []
    for section in sections(kind):
        if section.path:
            lines += ["", *_comment(section.description), f"[{'.'.join(section.path)}]"]
        for setting in section.settings:
            meaning = f"{setting.description} {setting.bounds()}".strip()
            lines += ["", *_comment(meaning), f"# Environment: {setting.variable}"]
            value = "" if setting.default is None else toml(setting.default)
            lines.append(f"#{setting.path[-1]} = {value}".rstrip())
    return "\n".join(lines).strip() + "\n"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(" ".join(text.split()), _WIDTH)]


def toml(value: Any) -> str:
    """A value as TOML; a basic string of TOML is one of JSON (https://toml.io/en/v1.0.0#string)."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(str(key))} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
