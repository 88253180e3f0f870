"""Folders that things are put into, made where they are missing. Reads and writes the disk."""

import os
from pathlib import Path

from mesh_agent.client.errors import FilesUnusable


def made(folder: Path) -> Path:
    """To be called in a thread. Raises: FilesUnusable: nothing can be put there, and why."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FilesUnusable(f"{folder} is no folder.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "that is no path"
        raise FilesUnusable(f"The folder {folder} cannot be used: {why}.") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FilesUnusable(f"You may not write into {folder}.")
    return folder
