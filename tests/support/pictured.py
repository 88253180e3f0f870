"""A terminal that says its name, how far it has read, and which pictures it was sent."""

import re
import zlib
from base64 import b64decode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.sixels import painted
from tests.support.terminal import Terminal

_UNFINISHED: Final = re.compile(rb"\x1b(?:[P_][^\x1b]*\x1b?|\[[0-9;<>=?]*)?\Z")
_PICTURES: Final = re.compile(rb"\x1b(?:_G|P7;1q)[^\x1b]*\x1b\\")
_ASKED: Final = re.compile(rb"\x1b\[(>q|5n)")
_COMMAND: Final = re.compile(rb"\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\")
_SIXELS: Final = re.compile(rb"\x1b\[(\d+);(\d+)H\x1bP7;1q([^\x1b]*)\x1b\\")
_CELL: Final = re.compile("\U0010eeee..")


class Sent(NamedTuple):
    """A picture; `place`: the number of it (kitty), or the row and column where it was painted (sixels)."""

    place: tuple[int, ...]
    across: int
    down: int
    pixels: bytes


class PictureTerminal(Terminal):
    """Attributes:
    said: all that the program has written.
    """

    def __init__(
        self, arguments: Sequence[str | Path], environment: dict[str, str], name: str, cell: tuple[int, int]
    ) -> None:
        self.said = b""
        self._part = b""
        self._answers = {b">q": f"\x1bP>|{name}\x1b\\", b"5n": "\x1b[0n"}
        super().__init__(arguments, environment, cell=cell)

    def _take(self, data: bytes) -> None:
        data = self._part + data
        unfinished = _UNFINISHED.search(data)
        end = unfinished.start() if unfinished else len(data)
        whole, self._part = data[:end], data[end:]
        for asked in _ASKED.finditer(whole):
            self.type(self._answers[asked[1]])
        super()._take(_PICTURES.sub(b"", whole))
        self.said += whole

    @property
    def text(self) -> str:
        """The screen, with one sign for each cell of a picture."""
        return _CELL.sub("░", super().text)

    def commands(self) -> list[tuple[dict[str, str], bytes]]:
        """Those of kitty's protocol: their keys, and what follows."""
        found = _COMMAND.findall(self.said)
        return [(dict(pair.split("=") for pair in keys.decode().split(",")), data) for keys, data in found]

    def by_kitty(self) -> Iterator[Sent]:
        """The pictures that came whole, in order; what is not as the protocol wants it raises."""
        open_keys: dict[str, str] = {}
        pieces: list[bytes] = []
        for keys, data in self.commands():
            if keys.get("a") in ("p", "d"):
                assert not pieces, "among the pieces of a picture"
                continue
            if "i" in keys:
                assert not pieces, "another picture among the pieces of one"
                open_keys = keys
            assert keys["q"] == "2", "it answers, and that is taken for keys"
            pieces.append(data)
            if keys["m"] == "0":
                across, down = int(open_keys["s"]), int(open_keys["v"])
                pixels = zlib.decompress(b64decode(b"".join(pieces)))
                assert len(pixels) == 3 * across * down
                yield Sent((int(open_keys["i"]),), across, down, pixels)
                pieces = []

    def last_sixels(self) -> Sent | None:
        """The picture that was painted last."""
        found = _SIXELS.findall(self.said)
        if not found:
            return None
        row, column, body = found[-1]
        (across, down), seen = painted(body.decode())
        parts = (part for y in range(down) for x in range(across) for part in seen[x, y])
        return Sent((int(row), int(column)), across, down, bytes(round(2.55 * part) for part in parts))
