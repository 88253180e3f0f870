"""What `o` does: an address of a message goes to the browser, or to the clipboard where there is none.

Strategy: nothing is opened unseen. The address is told as it is opened; one whose host is written in other
letters than the message may have shown is asked about first, as is one of several.
"""

import os
from collections.abc import Sequence
from functools import partial
from string import ascii_lowercase, digits
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mesh_tui.layout.links import clip_middle, links
from mesh_tui.opener import NotOpened, open_address, opener
from mesh_tui.screens.choose import Answer, Choose
from mesh_tui.workers import begin

if TYPE_CHECKING:
    from mesh_tui.screens.writing import Writing

KEYS: Final = digits[1:] + ascii_lowercase
SHOWN_CELLS: Final = 60
"""Cells of an address that are shown; both its ends are."""


async def open_one(screen: "Writing", source: str) -> None:
    """Opens or copies the only address in `source`, or the one that is chosen; there is one at least."""
    addresses = links(source)
    if len(addresses) == 1 and urlsplit(addresses[0]).netloc in source.casefold():
        await _use(screen, addresses[0])
        return
    known = dict(zip(KEYS, addresses, strict=False))

    def answered(key: str | None) -> None:
        if key in known:
            begin(screen, partial(_use, screen, known[key]), group="opening")

    answers = [Answer(key, clip_middle(address, SHOWN_CELLS)) for key, address in known.items()]
    can_open = _opener(screen) is not None
    question = "Open which link?" if can_open else "Copy which link?"
    detail = "" if can_open else "There is no browser here that could open it."
    screen.mesh.push_screen(Choose(question, detail, answers, wide=True), answered)


def _opener(screen: "Writing") -> Sequence[str] | None:
    return opener(os.environ) if screen.mesh.powers.has("browser") else None


async def _use(screen: "Writing", address: str) -> None:
    command, shown = _opener(screen), clip_middle(address, SHOWN_CELLS)
    why = "no browser is here"
    if command is not None:
        try:
            await open_address(command, address, os.environ)
        except NotOpened:
            why = "the browser did not open it"
        else:
            screen.tell(f"Opened {shown}")
            return
    if screen.copied(address):
        screen.tell(f"Copied, for {why}: {shown}")
