"""Where recordings of shared terminals go that were begun without a place of their own."""

import re
from pathlib import Path
from typing import Final

from mesh_agent.client.errors import FilesUnusable
from mesh_agent.client.folders import Profile
from protocol.times import format_time

NAME_CHARS: Final = 40

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_.-]+")


def new_recording(profile: Profile, command: str, now: int) -> Path:
    """A path at which nothing is. `now`: milliseconds since 1970. Raises: FilesUnusable."""
    folder = profile.recordings_path
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise FilesUnusable(f"The folder {folder} cannot be used: {error.strerror}.") from None
    when = format_time(now)[:19].replace(":", "")
    what = _NOT_IN_NAMES.sub("-", command).strip("-.")[:NAME_CHARS] or "terminal"
    path = folder / f"{when} {what}.cast"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{when} {what} {number}.cast"
    return path
