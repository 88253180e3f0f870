"""What somebody shows in a call, in one word and in a sentence."""

from collections.abc import Mapping
from typing import Final, Literal, Protocol

Shown = Literal["", "camera", "file", "screen"]

SHOWS: Final[Mapping[str, str]] = {
    "": "shows nothing any more",
    "camera": "shows pictures",
    "file": "shows a file",
    "screen": "shows a screen",
}
"""What is said of `Shown`, behind a name."""


class Shows(Protocol):
    """Who shows something, with fields as those of `protocol.calls.Sends`."""

    @property
    def camera(self) -> bool: ...

    @property
    def screen(self) -> bool: ...

    @property
    def file(self) -> bool: ...


def shown(who: Shows) -> Shown:
    """Empty: nothing. That of a `file` means nothing by itself: others may say what they like."""
    if who.screen:
        return "screen"
    if who.camera:
        return "file" if who.file else "camera"
    return ""
