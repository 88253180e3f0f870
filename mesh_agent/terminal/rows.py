"""Rows that came from another person: whether they fit, and what of them may be painted."""

import re
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from protocol import limits
from protocol.errors import PeerMalformed
from protocol.peer_terminal import Run

_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u206f\ufeff\ud800-\udfff]"
)
"""Controls, what turns the order of text around, and halves of characters."""

REPLACED: Final = "\ufffd"


def safe_text(text: str) -> str:
    """`text` with as many characters, of which none acts on a terminal."""
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(REPLACED, text)


def width_of(runs: Sequence[Run]) -> int:
    """The cells that they take."""
    return sum(run.width if run.cluster else run.width * len(run.text) for run in runs)


def checked_row(runs: Sequence[Run], columns: int) -> list[Run]:
    """The row as it may be painted. Raises: PeerMalformed: it is wider than that."""
    if width_of(runs) > columns:
        raise PeerMalformed
    return [_safe(run) for run in runs]


def _safe(run: Run) -> Run:
    text = safe_text(run.text)
    if run.cluster and len(text) > limits.CLUSTER_CHARS:
        text = REPLACED
    return run if text == run.text else replace(run, text=text)
