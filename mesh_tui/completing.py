"""What the end of a text may become: commands, their arguments, people, rooms, emoji. Knows no screen.

Strategy: what stands before the cursor says which kind of thing is being named; whoever asks gives the
names of each kind, in the order in which they are worth offering. A name that begins so comes before one that
only has it further on, and nothing is offered where a text means something else: in the middle of a word,
after `12:`, in a line that begins with two slashes.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from mesh_tui.layout.cells import clip
from mesh_tui.paths import escaped, fitting, folder_of, last_name, last_word
from mesh_tui.slash import find
from mesh_tui.slash_commands import COMMANDS, Command, Kind

PATH_CELLS: Final = 60

SHOWN: Final = 50
"""What is offered at most: who sees more types another letter."""

EMOJI_LETTERS: Final = 2
"""Letters after `:` from which on emoji are offered."""

_WORD: Final = re.compile(r"(?:^|(?<=[\s(]))([@#:])([^\s@#:]*)$")


CHOICES: Final[dict[Kind, tuple[str, ...]]] = {
    "command": tuple(command.name for command in COMMANDS),
    "role": ("moderator", "member"),
    "off": ("off",),
    "switch": ("on", "off"),
    "state": ("online", "away", "busy", "offline"),
    "visibility": ("public", "private"),
    "level": ("all", "mentions", "none", "default", "test"),
    "transfer": ("pause", "resume", "cancel", "retry", "forget"),
}
"""What an argument of few words may be."""


class Offer(NamedTuple):
    """Something to put in. `label` and `hint` are what is shown; by default the text itself, and nothing."""

    text: str
    label: str = ""
    hint: str = ""


class Name(NamedTuple):
    """One name of a kind, what is worth knowing of it, and another name that it is found by."""

    name: str
    hint: str = ""
    other: str = ""


class Completion(NamedTuple):
    """`offers` for what stands from `start` on; `help` says what is asked for there."""

    start: int
    offers: tuple[Offer, ...]
    help: str = ""


Names = Callable[[Kind], Iterable[Name]]

Listing = Callable[[str], Sequence[str]]
"""A folder as it is typed -> what is in it, as far as that is known already."""


def _nothing_listed(_: str) -> Sequence[str]:
    return ()


def complete(text: str, names: Names, listing: Listing = _nothing_listed) -> Completion | None:
    """What the end of `text`, all before the cursor, may become; None where nothing is being named."""
    if text.startswith("/") and not text.startswith("//"):
        typed, space, argument = text[1:].partition(" ")
        if not space:
            return Completion(0, _commands(typed)) if "\n" not in typed and "/" not in typed else None
        command = find(typed)
        if command is not None:
            found = _argument(command, len(text) - len(argument), argument, names, listing)
            return found if found.offers else _word(text, names) or found
    return _word(text, names)


def _commands(typed: str) -> tuple[Offer, ...]:
    begin = typed.casefold()
    named = [command for command in COMMANDS if command.name.startswith(begin)]
    aliased = [
        command
        for command in COMMANDS
        if command not in named and begin and any(alias.startswith(begin) for alias in command.aliases)
    ]
    return tuple(
        Offer(f"/{command.name}", command.line, command.told)
        for command in [*sorted(named, key=lambda command: command.name), *aliased]
    )


def _argument(command: Command, start: int, argument: str, names: Names, listing: Listing) -> Completion:
    place = 0 if command.completes[:1] == ("room",) else argument.count(" ")
    usage = f"{command.line} · {command.help}"
    if command.completes == ("path",):
        word = last_word(argument)
        typed = "" if word.text.startswith("@") else word.text
        is_wanted = bool(typed) or not argument.strip()  # after a path that is whole, only what is begun
        found = fitting(typed, listing(folder_of(typed))) if is_wanted else ()
        offers = tuple(Offer(escaped(path), clip(last_name(path), PATH_CELLS)) for path in found[:SHOWN])
        return Completion(start + word.start, offers, usage)
    if place >= len(command.completes):
        return Completion(start, (), usage)
    kind = command.completes[place]
    if place:
        start += argument.rindex(" ") + 1
        argument = argument.rpartition(" ")[2]
    if kind == "person":
        argument = argument.removeprefix("@")
    return Completion(start, _matching(argument, names(kind)), usage)


def _word(text: str, names: Names) -> Completion | None:
    match = _WORD.search(text)
    if match is None:
        return None
    sign, begin = match[1], match[2]
    start = match.start()
    if sign == "@":
        return Completion(start, _matching(begin, names("person"), "@"))
    if sign == "#":
        return Completion(start, _matching(begin, names("room"), "#")) if begin else None
    if len(begin) < EMOJI_LETTERS:
        return None
    from mesh_tui import emoji

    return Completion(start, tuple(Offer(sign, f"{sign} :{name}:") for name, sign in emoji.find(begin)))


def _matching(begin: str, names: Iterable[Name], sign: str = "") -> tuple[Offer, ...]:
    """The names that begin so, in the order given, then those whose other name, or a later word, does."""
    begin = begin.casefold()
    first: list[Name] = []
    later: list[Name] = []
    for name in names:
        known = name.name.casefold()
        if known.startswith(begin):
            first.append(name)
            if len(first) >= SHOWN:
                break
        elif len(later) < SHOWN and begin and (_has_word(known, begin) or _has_word(name.other, begin)):
            later.append(name)
    found = dict.fromkeys([*first, *later])
    return tuple(Offer(f"{sign}{name}", hint=hint) for name, hint, _ in found)[:SHOWN]


def _has_word(text: str, begin: str) -> bool:
    """Whether a word of `text` begins so. Asked of thousands of names for each letter that is typed."""
    return bool(text) and f" {begin}" in f" {text.casefold()}"
