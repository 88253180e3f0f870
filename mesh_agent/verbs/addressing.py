"""Who gets what, and who is called where: what `send` and `call` were given, in whatever order it stands.

Strategy: the first word after each `--to` names people. Any further one may be meant as a path, since options
may stand before the paths: it is one if there is such a file, and a name if somebody in the room has it.
Where both are so nothing is guessed: the wrong person could get the wrong thing. A call has one room, which
stands last where it does not stand first.
"""

import os
from collections.abc import Callable, Sequence
from typing import Final

from mesh_agent.verbs.common import UsageError
from protocol.errors import PeerNotMember
from protocol.text import clean_line

STDIN: Final = "-"


def split_names(words: Sequence[str]) -> list[str]:
    """Names stand in words of their own, or in one with commas between; with @ before them, or without."""
    names = (name.strip().removeprefix("@") for word in words for name in word.split(","))
    return [name for name in names if name]


def room_and_names(room: str | None, to: Sequence[Sequence[str]]) -> tuple[str, list[str]]:
    """Who is called, and where. `to`: what stood after each `--to`; its last word is the room where none
    stood elsewhere.

    Raises:
        UsageError: no room is named.
    """
    words = [word for each in to for word in each]
    if room is None:
        if not to or len(to[-1]) < 2:
            raise UsageError("No room is named: say which, as in mesh-agent call ops --to bob.")
        room = words.pop()
    return room, split_names(words)


def are_names(to: Sequence[Sequence[str]]) -> bool:
    """Whether nothing of it could be a path, so that nobody has to be known to tell."""
    return all(len(words) == 1 for words in to)


def sort_out(
    to: Sequence[Sequence[str]], paths: Sequence[str], *, is_member: Callable[[str], bool]
) -> tuple[list[str], list[str]]:
    """The names, and the paths. `to`: what stood after each `--to`; `paths`: what stood elsewhere.

    Raises:
        UsageError: nothing is to be sent, or a word is a name and a path.
        PeerNotMember: it is neither.
    """
    names, found = split_names([words[0] for words in to]), list(paths)
    for word in (word for words in to for word in words[1:]):
        if _is_path(word, is_member):
            found.append(word)
        else:
            names += split_names([word])
    if not names:
        raise UsageError("Nobody is named who should get it: say --to USER.")
    if not found:
        raise UsageError("There is nothing to send: name a file or folder, or - for stdin.")
    return names, found


def _is_path(word: str, is_member: Callable[[str], bool]) -> bool:
    people = all(is_member(name) for name in split_names([word]))
    there = word == STDIN or os.path.exists(word)  # noqa: PTH110 - a name too long for a path is none
    shown = clean_line(word)
    if people and there:
        raise UsageError(
            f"{shown} is somebody in this room and a file here: say --to {shown} for the one, "
            f"./{shown} for the other."
        )
    if not people and not there and "/" not in word:
        raise PeerNotMember(f"{shown} is neither somebody in this room nor a file here.")
    return not people
