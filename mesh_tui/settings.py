"""What a person can set: one frozen struct, made from a TOML file that they may edit themselves.

Strategy: each setting is a field of a section and has its description beside it; the documentation is made
from these types, and so is what is said of a wrong value. `look.theme` is `theme` under `[look]` in the
file. Knows no screen and no disk: `settings_raw` makes them of what files say, `settings_file` reads and
writes those, `MeshApp.settings` is what widgets look at.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Meta, Struct, structs

from mesh_agent.sharing.rules import LANES_DEFAULT
from protocol.errors import MeshError
from protocol.limits import LANES


class SettingsWrong(MeshError):
    """A setting that cannot be. `key`: which one, as far as that is known."""

    code = "client.settings"

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


def unknown(key: str, known: Sequence[str], name: str, where: str = "") -> SettingsWrong:
    """The error that says that there is no `name`, and what there is."""
    near = difflib.get_close_matches(name, known, 1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
    begin = f"{where}: " if where else ""
    return SettingsWrong(f"{begin}{key} is no setting. {hint}", key)


PANE_MIN: Final = 12
PANE_MAX: Final = 60
"""Cells of a list beside the messages."""


class Look(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it looks like."""

    theme: Annotated[
        str,
        Meta(description="A theme's name; `/theme` lists them. auto: monokai, or sixteen where that is all."),
    ] = "auto"
    rooms: Annotated[
        bool, Meta(description="A screen of 110 columns or more has your rooms on the left.")
    ] = True
    rooms_width: Annotated[
        int, Meta(description="How wide they are there, in cells.", ge=PANE_MIN, le=PANE_MAX)
    ] = 24
    people: Annotated[bool, Meta(description="Who is in a room stands on the right.")] = True
    people_width: Annotated[
        int, Meta(description="How wide that is, in cells; 0: as fits the screen.", ge=0, le=PANE_MAX)
    ] = 0
    pictures: Annotated[
        Literal["auto", "always", "off"],
        Meta(description="Pictures that came while you look are shown in the room; auto: not through ssh."),
    ] = "auto"
    pictures_by: Annotated[
        Literal["auto", "kitty", "sixel", "halves"],
        Meta(
            description="How: kitty's protocol, sixels where one is large, or halves of cells; "
            "auto: by what the terminal says it is."
        ),
    ] = "auto"


class Reading(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rooms and what is read."""

    mark_read: Annotated[
        Literal["seen", "leave", "manual"],
        Meta(
            description="When messages count as read: once seen, once the room is left, or by `/read` alone."
        ),
    ] = "seen"


class WritingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The place to write."""

    paste_lines: Annotated[
        int, Meta(description="From how many pasted lines on one is asked first; 0: never.", ge=0, le=10_000)
    ] = 5
    editor: Annotated[
        str, Meta(description="The command for long texts; empty: what VISUAL or EDITOR says.")
    ] = ""


Level = Literal["all", "mentions", "none"]
"""What of a room is told, and counts as new elsewhere."""

LEVELS: Final[tuple[Level, ...]] = get_args(Level)


class Notify(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told of messages, and how."""

    how: Annotated[
        Literal["auto", "osc9", "osc777", "osc99", "bell", "off"],
        Meta(
            title="On the desktop",
            description="How the desktop is told while you are away; auto: by what the terminal says it is.",
        ),
    ] = "auto"
    bell: Annotated[
        bool, Meta(title="With the bell", description="The bell rings with what is told on the desktop.")
    ] = True
    toasts: Annotated[
        bool,
        Meta(
            title="On the screen",
            description="While you are here, what is said to you in another room is shown for a moment.",
        ),
    ] = True
    preview: Annotated[
        Literal["text", "name"],
        Meta(title="Tells", description="Whether you are told what was said, or only by whom."),
    ] = "text"
    title: Annotated[
        bool,
        Meta(
            title="Number in the title",
            description="The window's title has the number of messages to you that are not read.",
        ),
    ] = True
    rooms: Annotated[
        Mapping[str, Level],
        Meta(description='By room, or "@alice" for a DM: all, mentions, none. `/notify` and `/mute` set it.'),
    ] = {}


class Transfers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files from and to other people."""

    folder: Annotated[
        str,
        Meta(
            title="Downloads",
            description="Where what is sent to you goes; empty: the folder Mesh among your downloads.",
        ),
    ] = ""
    accept: Annotated[
        Literal["ask", "verified", "none"],
        Meta(
            description="What becomes of an offer: you are asked; verified: taken where the devices were "
            "compared (`/verify`), else you are asked; none: declined."
        ),
    ] = "ask"
    largest: Annotated[
        int,
        Meta(description="MiB; of more than that you are asked in any case. 0: no bound.", ge=0, le=1 << 40),
    ] = 0
    links: Annotated[
        bool,
        Meta(
            title="Links in folders",
            description="Symbolic links are made, where they stay inside the folder; else they are left out.",
        ),
    ] = False
    limit: Annotated[
        int,
        Meta(
            title="Bandwidth",
            description="KiB a second that go to each person; 0: as fast as it goes.",
            ge=0,
            le=1 << 40,
        ),
    ] = 0
    lanes: Annotated[
        int, Meta(description="Connections beside the main one that a transfer may use.", ge=0, le=LANES)
    ] = LANES_DEFAULT
    quic_only: Annotated[
        bool, Meta(title="QUIC only", description="No connections of TLS over TCP beside those of QUIC.")
    ] = False
    direct: Annotated[
        bool,
        Meta(
            title="Straight to others",
            description="Others are told this device's addresses; else everything goes over the server.",
        ),
    ] = True
    connect: Annotated[
        Literal["everyone", "ask"],
        Meta(
            title="Connects to",
            description="Whose devices reach this one: everyone's in a room of yours; ask: compared ones.",
        ),
    ] = "everyone"


class Terminals(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Terminals that are shared."""

    let_in: Annotated[
        Literal["ask", "members", "compared"],
        Meta(
            title="Watch without asking",
            description="Who watches yours without a question: nobody, the members, or compared people.",
        ),
    ] = "ask"


class Calls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calls."""

    ring: Annotated[
        bool, Meta(description="The bell rings when somebody calls, but in rooms of which nothing is told.")
    ] = True
    audio_in: Annotated[
        str,
        Meta(
            title="Microphone",
            description="mic: the usual one; mic:NAME; none: you only listen; tone, or a sound file.",
        ),
    ] = "mic"
    audio_out: Annotated[
        str,
        Meta(
            title="Loudspeaker",
            description="speaker: the usual one; speaker:NAME; none; or a WAV file that is written.",
        ),
    ] = "speaker"
    camera: Annotated[
        str,
        Meta(description="camera: the first one; camera:NAME; test: a test picture; or a video file."),
    ] = "camera"
    suppress_noise: Annotated[
        bool, Meta(description="Echo and noise are taken out of what you say, and it is made evenly loud.")
    ] = True
    push_to_talk: Annotated[
        bool, Meta(description="You are heard only while you talk by Space (or `/talk`).")
    ] = False
    beside: Annotated[
        bool, Meta(description="Small pictures of the others stand above the place to write during a call.")
    ] = True
    pictures: Annotated[
        Literal["auto", "full", "small", "off"],
        Meta(
            description="full: as large as fits, 15 a second; small: 40 cells across, 5 a second; "
            "auto: full, and small through ssh."
        ),
    ] = "auto"


class Privacy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What others may see; what the server decides of it is set in `/settings`."""

    typing: Annotated[bool, Meta(description="Others see that you are typing.")] = True
    presence: Annotated[bool, Meta(description="Others see whether you are here.")] = True


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it; `keys` is a section whose names are those of actions."""

    look: Look = Look()
    reading: Reading = Reading()
    writing: WritingSettings = WritingSettings()
    notify: Notify = Notify()
    transfers: Transfers = Transfers()
    terminals: Terminals = Terminals()
    calls: Calls = Calls()
    privacy: Privacy = Privacy()
    keys: Annotated[
        Mapping[str, str],
        Meta(description='Other keys for an action, by its name: `"room.people" = "f12,alt+g"`.'),
    ] = {}


# ── what there is ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Setting:
    """One field; `section` is empty for `keys`, which is a section itself."""

    section: str
    name: str
    kind: Any
    """Its type, with its `Meta`."""

    meta: Meta
    default: Any

    @property
    def key(self) -> str:
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def choices(self) -> tuple[str, ...]:
        """What it is one of; empty where it may be more."""
        plain = get_args(self.kind)[0]
        if plain is bool:
            return ("true", "false")
        return tuple(get_args(plain)) if get_origin(plain) is Literal else ()

    def of(self, settings: Settings) -> Any:
        owner = getattr(settings, self.section) if self.section else settings
        return getattr(owner, self.name)

    def bounds(self) -> str:
        """What it may be, where its default does not say it."""
        if self.choices:
            return f"One of: {', '.join(self.choices)}."
        return f"From {self.meta.ge} to {self.meta.le}." if self.meta.ge is not None else ""

    def row(self) -> str:
        """Its row in the documentation."""
        bounds = "" if get_args(self.kind)[0] is bool else self.bounds()
        return f"| `{self.key}` | `{toml(self.default)}` | {f'{self.meta.description} {bounds}'.strip()} |"


@cache
def all_settings() -> Mapping[str, Setting]:
    """Every setting by its key, in the order of the documentation."""
    return {setting.key: setting for setting in _all()}


def _all() -> Iterator[Setting]:
    for field in structs.fields(Settings):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            hints = get_type_hints(field.type, include_extras=True)
            for inner in structs.fields(field.type):
                yield _setting(field.name, inner, hints[inner.name])
        else:
            yield _setting("", field, get_type_hints(Settings, include_extras=True)[field.name])


def _setting(section: str, field: structs.FieldInfo, kind: Any) -> Setting:
    meta = next(extra for extra in get_args(kind)[1:] if isinstance(extra, Meta))
    default = field.default if field.default is not NODEFAULT else field.default_factory()
    return Setting(section, field.name, kind, meta, default)


def toml(value: Any) -> str:
    """A value as TOML; a basic string of TOML is one of JSON (https://toml.io/en/v1.0.0#string)."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f" {toml(str(key))} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
