"""What was cut, to be put back: a shell's kill ring.

Strategy: what is cut in one go, without another key in between, is one text, joined in the order in which it
stood. Putting back takes the last one; asking again goes round to those before.
"""

from typing import Final

HELD: Final = 30
"""Texts held; none outlives the screen on which it was cut."""


class Ring:
    """The last one first."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def cut(self, text: str, *, before: bool, on: bool) -> None:
        """`before`: it stood before the cursor. `on`: the key before this one cut too."""
        if on and self._texts:
            last = self._texts.pop(0)
            text = text + last if before else last + text
        self._texts = [text, *self._texts][:HELD]

    @property
    def last(self) -> str:
        """Empty where nothing was cut."""
        return self._texts[0] if self._texts else ""

    def turn(self) -> str:
        """The one before the last, which is the last from now on."""
        self._texts = [*self._texts[1:], *self._texts[:1]]
        return self.last
