"""Which files may be pictures, by their names."""

from pathlib import PurePath
from typing import Final

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"})


def is_named_as_picture(name: str) -> bool:
    """Whether a file of this name may be one; what is in it is seen when it is opened."""
    return PurePath(name).suffix.lower() in SUFFIXES
