"""What a program writes, cut into text and whole sequences (ECMA-48), however it was cut on its way.

Strategy: a sequence is handed on once it is whole, and never in part. One that goes on for too long is not
kept: of a string (OSC, DCS, APC, PM, SOS) the rest is swallowed up to its end, anything else is dropped.
Nothing here knows what a sequence means.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Final

STRING_CHARS: Final = 4_096
SEQUENCE_CHARS: Final = 256
"""The longest ones that are handed on."""

_TOKEN: Final = re.compile(
    r"(?P<text>[^\x1b]+)"
    r"|(?P<string>\x1b[\]PX^_][^\x07\x1b\x18\x1a]*(?:\x07|\x1b\\|[\x18\x1a]))"
    r"|(?P<csi>\x1b\[[0-?]*[ -/]*[@-~])"
    r"|(?P<escape>\x1b(?![\[\]PX^_])[ -/]*[0-~])"
    r"|(?P<broken>\x1b\[[0-?]*[ -/]*[^ -~]|\x1b[ -/]*[^ -~]|\x1b[\]PX^_][^\x07\x1b\x18\x1a]*\x1b(?=[^\\]))",
    re.DOTALL,
)
_STRING_END: Final = re.compile(r"[\x07\x18\x1a]|\x1b\\|\x1b(?=[^\\])")


class Tokens:
    """For one stream of bytes."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._swallowing = False

    def feed(self, data: bytes) -> Iterator[tuple[str, str]]:
        """What is whole now, as kind (`text`, `string`, `csi`, `escape`) and characters."""
        rest = self._held + self._decoder.decode(data)
        self._held = ""
        at = 0
        while at < len(rest):
            if self._swallowing:
                end = _STRING_END.search(rest, at)
                if end is None:
                    self._held = "\x1b" if rest.endswith("\x1b") else ""
                    return
                self._swallowing, at = False, end.end()
                # An escape that is none of a terminator begins something of its own.
                at -= end[0] == "\x1b"
                continue
            found = _TOKEN.match(rest, at)
            if found is None:
                self._hold(rest[at:])
                return
            kind, at = str(found.lastgroup), found.end()
            if kind == "broken":
                at -= 1 if found[0][-1] not in "\x18\x1a" else 0
                continue
            yield kind, found[0]

    def _hold(self, tail: str) -> None:
        string = len(tail) > 1 and tail[1] in "]PX^_"
        if len(tail) <= (STRING_CHARS if string else SEQUENCE_CHARS):
            self._held = tail
        elif string:
            self._swallowing = True
            self._held = "\x1b" if tail.endswith("\x1b") else ""
